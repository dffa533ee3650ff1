// azure.mjs ENDPOINT ACCOUNT KEY COMMAND CONTAINER ARGUMENT...: what Azure's
// own library sees
//
// make | put KEY TEXT | get KEY (bytes) | head KEY (JSON) | keys (one a line)
// | blocks KEY (uncommitted, one a line) | sas PERMISSIONS SECONDS
import { BlobServiceClient, ContainerSASPermissions,
	StorageSharedKeyCredential, generateBlobSASQueryParameters,
} from '@azure/storage-blob';

const [, , endpoint, account, accountKey, command, containerName, first,
	second] = process.argv;
const credential = new StorageSharedKeyCredential(account, accountKey);
const container = new BlobServiceClient(endpoint, credential)
    .getContainerClient(containerName);

const commands = {
	async make() {
		await container.create();
	},
	async put() {
		await container.getBlockBlobClient(first).upload(second,
			Buffer.byteLength(second));
	},
	async get() {
		const got = await container.getBlobClient(first).download();

		for await (const chunk of got.readableStreamBody)
			process.stdout.write(chunk);
	},
	async head() {
		const head = await container.getBlobClient(first)
		    .getProperties();

		console.log(JSON.stringify({ type: head.contentType,
			length: head.contentLength, metadata: head.metadata,
			md5: head.contentMD5 === undefined ? null :
			    Buffer.from(head.contentMD5).toString('hex') }));
	},
	async keys() {
		for await (const blob of container.listBlobsFlat())
			console.log(blob.name);
	},
	async blocks() {
		const list = await container.getBlockBlobClient(first)
		    .getBlockList('uncommitted');

		for (const block of list.uncommittedBlocks ?? [])
			console.log(block.size);
	},
	async sas() {
		const now = Date.now();

		console.log(generateBlobSASQueryParameters({ containerName,
			permissions: ContainerSASPermissions.parse(first),
			startsOn: new Date(now - 86400e3),
			expiresOn: new Date(now + 1000 * Number(second)),
		}, credential).toString());
	},
};

await commands[command]();
