// Opens the IDE in a browser, as somebody in an aeroplane would, and tells what it showed and what it asked for.
import { chromium } from 'playwright-core';
import { given, tell } from './given.mjs';

const { link, otherLink, executable, picture, operations } = given;
const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
const requests = [];
const frames = [];
const complaints = [];
page.on('request', (each) => requests.push(each.url()));
page.on('websocket', (socket) => {
  requests.push(socket.url());
  socket.on('framesent', ({ payload }) => frames.push(JSON.parse(payload).type));
});
page.on('console', (each) => each.type() === 'error' && complaints.push(each.text()));
page.on('pageerror', (error) => complaints.push(error.message));

const editor = (place) => page.locator(`${place} .CodeMirror`);
const text = (place) => page.evaluate((at) => document.querySelector(`${at} .CodeMirror`).CodeMirror.getValue(), place);

// Writes an operation over what is there, and runs it: what is shown then, once it holds what is awaited, or an error.
async function run(name, awaited) {
  await editor('.graphiql-query-editor').click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(operations[name]);
  await page.locator('.graphiql-tab-button', { hasText: name }).waitFor();
  await page.keyboard.press('Control+Enter');
  await page.waitForFunction((words) => {
    const shown = document.querySelector('.result-window .CodeMirror').CodeMirror.getValue();
    return words.some((word) => shown.includes(word));
  }, [awaited, 'extensions']);
  return JSON.parse(await text('.result-window'));
}

await page.goto(link);
await editor('.graphiql-query-editor').waitFor();
const address = page.url();
const headers = JSON.parse(await text('.graphiql-editor-tool .graphiql-editor:not(.hidden)'));
const added = await run('AddList', 'createTaskList');
const listening = await run('Listen', 'REFETCH');
await page.getByRole('button', { name: 'Stop query' }).click();
await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
await page.getByRole('link', { name: 'Task', exact: true }).click();
const read = await run('Lists', 'Groceries');
await page.screenshot({ path: picture });
await page.reload();
await editor('.graphiql-query-editor').waitFor();
const kept = JSON.parse(await text('.graphiql-editor-tool .graphiql-editor:not(.hidden)'));
const stored = await page.evaluate(() => JSON.stringify(localStorage));
const complained = [...complaints];
// Another link, opened where the first one was: a browser goes to another fragment without loading the page again.
await page.evaluate((at) => location.assign(at), otherLink);
await page.waitForFunction(() => !location.hash);
await editor('.graphiql-query-editor').waitFor();
const other = JSON.parse(await text('.graphiql-editor-tool .graphiql-editor:not(.hidden)'));
await browser.close();
tell({ address, headers, kept, stored, other, added, listening, read, requests, frames, complaints: complained });
