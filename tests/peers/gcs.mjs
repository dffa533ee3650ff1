// gcs.mjs ENDPOINT TOKEN COMMAND BUCKET ARGUMENT...: what Google's own library
// sees
//
// put KEY TEXT | upload KEY FILE (in chunks of 1 MiB) | get KEY (bytes, their
// CRC32C compared) | head KEY (JSON) | keys (one a line)
import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { Storage } from '@google-cloud/storage';

const [, , apiEndpoint, access_token, command, name, first, second] =
    process.argv;
const authClient = new OAuth2Client();

authClient.setCredentials({ access_token });

const bucket = new Storage({ apiEndpoint, projectId: 'spool',
	useAuthWithCustomEndpoint: true, authClient: new GoogleAuth({
		authClient }), retryOptions: { autoRetry: false } })
    .bucket(name);

const commands = {
	async put() {
		await bucket.file(first).save(second, { resumable: false });
	},
	async upload() {
		await bucket.upload(second, { destination: first,
			resumable: true, chunkSize: 1 << 20,
			validation: 'crc32c' });
	},
	async get() {
		await bucket.file(first).createReadStream({
			validation: 'crc32c' })
		    .on('error', (e) => { throw e; })
		    .pipe(process.stdout);
	},
	async head() {
		const [head] = await bucket.file(first).getMetadata();

		console.log(JSON.stringify({ type: head.contentType,
			length: Number(head.size), metadata: head.metadata,
			generation: head.generation,
			md5: Buffer.from(head.md5Hash, 'base64')
			    .toString('hex') }));
	},
	async keys() {
		const [files] = await bucket.getFiles();

		for (const file of files)
			console.log(file.name);
	},
};

await commands[command]();
