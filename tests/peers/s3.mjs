// s3.mjs ENDPOINT KEY SECRET COMMAND ARGUMENT...: the AWS SDK's view of a bucket
//
// make BUCKET | put BUCKET KEY TEXT | get BUCKET KEY (bytes) | head BUCKET KEY
// (JSON) | keys BUCKET (one a line) | uploads BUCKET (one a line) | versioning
// BUCKET (from now on) | versions BUCKET (each "KEY ID", or "KEY deleted")
import { S3Client, PutBucketVersioningCommand, ListObjectVersionsCommand,
	CreateBucketCommand, PutObjectCommand, GetObjectCommand,
	HeadObjectCommand, ListObjectsV2Command, ListMultipartUploadsCommand,
} from '@aws-sdk/client-s3';

const [, , endpoint, accessKeyId, secretAccessKey, command, Bucket, Key, Body] =
    process.argv;
const client = new S3Client({ endpoint, region: 'us-east-1',
	credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true,
	maxAttempts: 1, requestChecksumCalculation: 'WHEN_REQUIRED',
	responseChecksumValidation: 'WHEN_REQUIRED' });

const commands = {
	async make() {
		await client.send(new CreateBucketCommand({ Bucket }));
	},
	async put() {
		await client.send(new PutObjectCommand({ Bucket, Key, Body }));
	},
	async get() {
		const got = await client.send(new GetObjectCommand({ Bucket,
			Key }));

		for await (const chunk of got.Body)
			process.stdout.write(chunk);
	},
	async head() {
		const head = await client.send(new HeadObjectCommand({ Bucket,
			Key }));

		console.log(JSON.stringify({ type: head.ContentType,
			length: head.ContentLength, metadata: head.Metadata }));
	},
	async keys() {
		const list = await client.send(new ListObjectsV2Command({
			Bucket }));

		for (const object of list.Contents ?? [])
			console.log(object.Key);
	},
	async versioning() {
		await client.send(new PutBucketVersioningCommand({ Bucket,
			VersioningConfiguration: { Status: 'Enabled' } }));
	},
	async versions() {
		const list = await client.send(new ListObjectVersionsCommand({
			Bucket }));

		for (const version of list.Versions ?? [])
			console.log(version.Key, version.VersionId);
		for (const marker of list.DeleteMarkers ?? [])
			console.log(marker.Key, 'deleted');
	},
	async uploads() {
		const list = await client.send(
			new ListMultipartUploadsCommand({ Bucket }));

		for (const upload of list.Uploads ?? [])
			console.log(upload.Key);
	},
};

await commands[command]();
