/*
 * download_page - a link's page in a real browser
 *
 * node download_page.mjs URL DIRECTORY WIDTH SCHEME [SCREENSHOT]
 * Opens it in Chromium at that width, in the scheme `light` or `dark`, and says
 * what it found, a line each; then downloads by keyboard alone.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

import puppeteer from 'puppeteer-core';

const [url, directory, width, scheme, screenshot] = process.argv.slice(2);
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const browser = await puppeteer.launch({
	executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
	userDataDir: path.join(directory, 'profile'),
	acceptInsecureCerts: true,
	args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const page = (await browser.pages())[0];
const said = [];

page.on('console', (message) => said.push(message.text()));
page.on('pageerror', (error) => said.push(String(error)));

const view = { width: Number(width), height: 900, deviceScaleFactor: 1,
	isMobile: Number(width) < 600, hasTouch: Number(width) < 600 };
await page.setViewport(view);
await page.emulateMediaFeatures([
	{ name: 'prefers-color-scheme', value: scheme }]);
const answer = await page.goto(url, { waitUntil: 'load' });
console.log(`status ${answer.status()}`);
console.log(`title ${await page.title()}`);
const look = await page.evaluate(() => ({
	overflow: document.documentElement.scrollWidth > window.innerWidth,
	background: getComputedStyle(document.body).backgroundColor,
	landmarks: document.querySelectorAll('main').length,
	headings: document.querySelectorAll('h1').length,
	lang: document.documentElement.lang,
	scripts: document.scripts.length,
}));
console.log(`main ${look.landmarks} h1 ${look.headings} lang ${look.lang} ` +
    `scripts ${look.scripts}`);
console.log(`sideways ${look.overflow ? 'yes' : 'no'}`);
const light = look.background.match(/\d+/g).slice(0, 3)
	.reduce((sum, n) => sum + Number(n), 0) > 384;
console.log(`scheme ${light ? 'light' : 'dark'}`);
console.log(`console ${said.length === 0 ? 'silent' : said.join(' | ')}`);

if (screenshot)
	await page.screenshot({ path: screenshot, fullPage: true });

/* An axe beside the page: its policy lets no script in. */
const session = await page.createCDPSession();
await session.send('Page.setBypassCSP', { enabled: true });
await page.reload({ waitUntil: 'load' });
await page.addScriptTag({ path: axe });
const found = await page.evaluate(() => globalThis.axe.run(document, {
	runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
	    'best-practice'] }));
console.log(`axe ${found.violations.length} violations of ` +
    `${found.passes.length > 10 ? 'many' : found.passes.length} rules`);
for (const violation of found.violations)
	console.log(`  ${violation.id}: ${violation.help}`);
await session.send('Page.setBypassCSP', { enabled: false });
await page.reload({ waitUntil: 'load' });

const button = await page.$('button');
if (button) {
	await browserDownload();
}
await browser.close();

async function browserDownload() {
	const target = path.join(directory, 'got');

	fs.mkdirSync(target, { recursive: true });
	const whole = await browser.target().createCDPSession();
	await whole.send('Browser.setDownloadBehavior', { behavior: 'allow',
		downloadPath: target, eventsEnabled: true });
	const done = new Promise((resolve, reject) => {
		whole.on('Browser.downloadProgress', (event) => {
			if (event.state === 'completed')
				resolve();
			else if (event.state === 'canceled')
				reject(new Error('canceled'));
		});
	});
	await page.keyboard.press('Tab');
	const focus = await page.evaluate(() => {
		const at = document.activeElement;
		const style = getComputedStyle(at);
		return { name: at.tagName, visible: at.matches(':focus-visible') &&
			style.outlineStyle !== 'none' &&
			parseFloat(style.outlineWidth) >= 2,
		height: at.getBoundingClientRect().height };
	});
	console.log(`focus ${focus.name} ${focus.visible ? 'visible' :
	    'not to be seen'} ${focus.height >= 44 ? 'large' : 'small'}`);
	await page.keyboard.press('Enter');
	await done;
	for (const name of fs.readdirSync(target)) {
		const bytes = fs.readFileSync(path.join(target, name));

		console.log(`got ${name} ` + createHash('sha256').update(bytes)
			.digest('hex'));
	}
	/* The page stays, to be read. */
	console.log(`stays ${page.url() === url ? 'yes' : page.url()}`);
}
