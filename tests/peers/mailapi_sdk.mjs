// mailapi_sdk.mjs ENDPOINT SERVICE - a mail by the provider's own SDK
//
// Standard input is what is to be sent, in the SDK's own terms; attachments
// of a `file` have that one's bytes.  The judge of what spoold writes.
import fs from 'node:fs';
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import sendgrid from '@sendgrid/mail';
import { Resend } from 'resend';

const [, , endpoint, service] = process.argv;
const mail = JSON.parse(fs.readFileSync(0));

const services = {
	async sendgrid() {
		sendgrid.setApiKey('SG.test');
		sendgrid.client.setDefaultRequest('baseUrl', `${endpoint}/`);
		await sendgrid.send(mail);
	},
	async resend() {
		const client = new Resend('re_test');
		const { error } = await client.emails.send(mail,
		    { idempotencyKey: 'sdk' });

		if (error)
			throw new Error(JSON.stringify(error));
	},
	async ses() {
		const client = new SESv2Client({ endpoint, region: 'eu-west-1',
			credentials: { accessKeyId: 'AKIDEXAMPLE',
			secretAccessKey:
			    'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
			maxAttempts: 1 });

		await client.send(new SendEmailCommand(mail));
	},
};

await services[service]();
