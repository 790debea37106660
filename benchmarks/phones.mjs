// What somebody feels who sits before the page with two phones, measured in a browser: until something is to be seen, and
// how long a click or a key waits, alone and with a crowd around.
import { open, painted, tab } from '../tests/clients/browser.mjs';
import { given, tell } from '../tests/clients/given.mjs';
import { Phone } from '../tests/clients/phone.mjs';

const { link, executable, devices, measured_s: measuredS, visits } = given;
const say = (word) => process.stdout.write(`${JSON.stringify(word)}\n`);

// A browser that has never been there, and the same a second time.
async function seen() {
  const { browser, context } = await open(executable);
  const found = [];
  for (const at of [link, new URL(link).searchParams.get('to') ?? '/']) {
    const { page } = await tab(context);
    await page.goto(new URL(at, link).href);
    await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
    await page.waitForFunction(() => !location.pathname.startsWith('/pages/'));
    await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
    found.push(await painted(page));
    await page.close();
  }
  await browser.close();
  return found;
}

// So many devices let loose; then for a while a title is typed and things are clicked, as fast as they are answered.
async function touched() {
  const { browser, context } = await open(executable);
  const { page } = await tab(context);
  page.setDefaultTimeout(120_000);
  await page.goto(link);
  const ana = new Phone(page, 'Ana');
  await ana.titles.first().waitFor();
  await ana.add('A task of mine');
  if (devices) {
    await page.getByRole('button', { name: `Let ${devices} loose` }).click();
    await page.waitForFunction((all) => Number(document.querySelector('#crowd dd')?.textContent) > all * 0.7, devices);
  }
  await page.evaluate(() => {
    window.longTasksMs.length = 0;
    window.waitedMs = [];
    new PerformanceObserver((list) => {
      for (const each of list.getEntries()) if (each.interactionId) window.waitedMs.push(Math.round(each.duration));
    }).observe({ type: 'event', durationThreshold: 16 });
  });
  say('begin');
  const answered = [];
  const end = Date.now() + measuredS * 1000;
  while (Date.now() < end) {
    const began = Date.now();
    const answer = page.waitForResponse((each) => each.url().endsWith('/count'));
    await ana.row('A task of mine').getByRole('button', { name: 'Add one to cheers' }).click();
    await answer;
    answered.push(Date.now() - began);
    const box = ana.all.getByRole('textbox', { name: 'Title of a new task' });
    await box.press('Control+a');
    await box.pressSequentially('Typed on', { delay: 40 });
  }
  say('end');
  const found = await page.evaluate(() => ({ longTasksMs: window.longTasksMs, waitedMs: window.waitedMs }));
  if (devices) await page.getByRole('button', { name: 'Call them home' }).click();
  await browser.close();
  return { ...found, answeredMs: answered };
}

if (visits) {
  const all = [];
  for (let visit = 0; visit < visits; visit += 1) all.push(await seen());
  tell(all);
} else tell(await touched());
