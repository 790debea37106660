// Walks through the console as an operator does, by clicks from the pulse, and tells what each page showed.
import { looks, open, painted, tab } from './browser.mjs';
import { given, tell } from './given.mjs';

const { link, otherLink, executable, pictures, milk, samples } = given;
const { browser, context } = await open(executable);
const { page, requests, complaints } = await tab(context);
page.setDefaultTimeout(15_000);
const told = { found: [], heads: {}, addresses: {} };
const pages = page.getByRole('navigation', { name: 'Pages' });
const heading = page.getByRole('heading', { level: 1 });
const keeps = ['pulse', 'record'];

// What a page is called and where it is, audited in each size and theme; some pictures are kept.
async function look(name) {
  told.heads[name] = (await heading.innerText()).replace(/\s+/g, ' ');
  told.addresses[name] = new URL(page.url()).pathname;
  const picture = (size, theme) => keeps.includes(name) && `${pictures}/console-${name}-${size}-${theme}.png`;
  told.found.push(...(await looks(page, picture)).map((each) => `${name}, ${each}`));
}
const drawn = () => [...document.querySelectorAll('.plot canvas')].map((each) =>
  each.getContext('2d').getImageData(0, 0, each.width, each.height).data.some((channel) => channel > 0));

// The pulse: its charts are drawn, and have figures.
await page.goto(link);
await heading.waitFor();
told.painted = await painted(page);
await page.waitForFunction(() => [...document.querySelectorAll('[data-series]')].every((each) => /\d/.test(each.textContent)));
const sampled = () => page.evaluate(async () =>
  (await (await fetch(`${document.getElementById('charts').dataset.samples}?after=0`)).json()).at_ms.length);
while ((await sampled()) < samples) await page.waitForResponse(/samples/);
told.charts = await page.evaluate(drawn);
await look('pulse');

// The log, and from an entry of it one record with its whole history.
await pages.getByRole('link', { name: 'Log' }).click();
await page.getByRole('heading', { name: 'Log' }).waitFor();
await look('log');
await page.keyboard.press('/');
await page.keyboard.insertText(milk);
await page.keyboard.press('Enter');
await page.getByRole('heading', { name: 'How it came to be' }).waitFor();
told.history = await page.getByRole('region', { name: 'How it came to be' }).innerText();
await look('record');

// The devices, and what is known of one.
await pages.getByRole('link', { name: 'Devices' }).click();
await page.getByRole('rowheader', { name: 'cleo' }).waitFor();
await look('devices');
await page.getByRole('row', { name: 'cleo' }).getByRole('link', { name: 'device' }).press('Enter');
await page.getByRole('heading', { name: 'What is known of it' }).waitFor();
await look('device');

// What was rejected waits; it is edited and replayed.
await pages.getByRole('link', { name: 'Quarantine' }).click();
await page.getByRole('heading', { name: 'Quarantine' }).waitFor();
await look('quarantine');
await page.getByRole('rowheader').getByRole('link').first().click();
await page.getByRole('heading', { name: 'Why it was rejected' }).waitFor();
await look('case');
await page.getByLabel('budget', { exact: true }).fill('120');
await page.getByRole('button', { name: 'Replay as cleo' }).click();
await page.getByText('It was replayed').waitFor();
told.heads.replayed = (await heading.innerText()).replace(/\s+/g, ' ');

// Who was told what.
await pages.getByRole('link', { name: 'Notifications' }).click();
await page.getByRole('heading', { name: 'Notifications' }).waitFor();
await look('notifications');
await page.getByRole('rowheader').getByRole('link').first().click();
await page.getByRole('heading', { name: 'Where it stands' }).waitFor();
await look('notification');

// A colleague is sent the address of the record: without a key it asks for one, and with one of their own it leads there.
const address = new URL(told.addresses.record, link).href;
const colleague = await tab(await browser.newContext());
await colleague.page.goto(address);
told.asked = await colleague.page.getByRole('heading', { level: 1 }).innerText();
await colleague.page.getByLabel('Key').fill(new URLSearchParams(new URL(otherLink).hash.slice(1)).get('key'));
await colleague.page.getByRole('button', { name: 'Open' }).click();
await colleague.page.getByRole('heading', { name: 'How it came to be' }).waitFor();
told.led = { same: colleague.page.url() === address, head: await colleague.page.getByRole('heading', { level: 1 }).innerText() };
// A browser calls the answer of a page that is locked an error.
complaints.push(...colleague.complaints.filter((each) => !each.includes('401')));

await browser.close();
tell({ ...told, requests: [...requests, ...colleague.requests], complaints });
