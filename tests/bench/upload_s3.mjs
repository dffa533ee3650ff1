// upload_s3.mjs - files to S3, to a server that limits nobody
import { once } from 'node:events';
import { BUILD } from '../faults/instance.mjs';
import { Processes, launch } from './processes.mjs';

const KEY = 'AKIAIOSFODNN7EXAMPLE';
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const REGION = 'us-east-1';
const BUCKET = 'bench';

const environment = { AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: SECRET,
	AWS_CONFIG_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true' };

class S3 {
	async open() {
		this.child = launch(process.execPath, [new URL(
		    'upload_s3_server.mjs', import.meta.url).pathname],
		{ stdio: ['ignore', 'pipe', 'inherit'] });
		const [text] = await once(this.child.stdout, 'data');
		this.url = `http://127.0.0.1:${Number(text)}`;
	}

	cpu() {
		return new Processes([this.child.pid]).cpu();
	}

	// Each under its own name, whole.
	async check(sources) {
		const answer = await fetch(`${this.url}/-/objects`);
		const there = Object.entries(await answer.json()).sort();
		const wanted = sources.names().map((name) =>
			[name, sources.bytes]);
		if (JSON.stringify(there) !== JSON.stringify(wanted))
			throw new Error('objects did not come whole');
	}

	destination() {
		return { type: 'storage', config: { storage: { provider: 's3',
			config: { endpoint: this.url, region: REGION,
				bucket: BUCKET, accessKeyId: KEY,
				secretAccessKey: SECRET } } } };
	}

	async close() {
		const gone = once(this.child, 'exit');
		this.child.kill();
		await gone;
	}
}

export const s3 = {
	name: 's3',
	files: true,
	needs: ['rclone', '/usr/bin/aws'],
	loads: ['small', 'large'],
	Receiver: S3,
	peers: {
		rclone: ({ url }, { path }) => ({ command: 'rclone', words: [
			'copy', '--config', '', '--transfers', '8',
			'--s3-provider', 'Other', '--s3-endpoint', url,
			'--s3-region', REGION, '--s3-access-key-id', KEY,
			'--s3-secret-access-key', SECRET, path,
			`:s3:${BUCKET}`] }),
		aws: ({ url }, { path }) => ({ command: '/usr/bin/aws', words: [
			'--endpoint-url', url, '--region', REGION, 's3', 'cp',
			'--recursive', '--only-show-errors', path,
			`s3://${BUCKET}/`], environment }),
		library: ({ url }, { path }) => ({
			command: `${BUILD}/bench/s3_writer`,
			words: [`${url}/${BUCKET}/`, path] }),
	},
};
