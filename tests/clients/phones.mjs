// Plays the whole story of two phones, as somebody does who has just opened the page, and tells what the page showed.
// It waits for what is to be seen, never for time.
import { audit, looks, open, painted, tab } from './browser.mjs';
import { given, tell } from './given.mjs';
import { explained, Phone } from './phone.mjs';

const { link, executable, pictures } = given;
const { browser, context } = await open(executable);
const { page, requests, complaints } = await tab(context);
page.setDefaultTimeout(15_000);
await page.goto(link);
const [ana, ben] = [new Phone(page, 'Ana'), new Phone(page, 'Ben')];
const both = [ana, ben];
const [BREAD, BICYCLE, CALL, WALK] = ['Buy bread and cheese', 'Mend the bicycle', 'Call grandmother', 'Plan the walk to the lake'];
const server = page.getByRole('region', { name: 'Server', exact: true });
const process = () => server.locator('[data-part=pid]').innerText();
const told = { found: [], named: '' };

// What is to be seen now, as a screen reader tells it: what docs/ten-minutes.md names has to be among it.
const note = async () => { told.named += await page.getByRole('main').ariaSnapshot(); };


// How the page stands for its picture: a change of Ben's on its way, held where it is to be seen; where one of the three
// is shown at a time, Ben's phone, scrolled to the merge, once the others were audited.
async function pose(size, theme) {
  const tab = (name) => page.getByRole('button', { name, exact: true }).click();
  if (size === 'narrow') {
    for (const name of ['Server', 'Ben']) {
      await tab(name);
      told.found.push(...(await audit(page)).map((each) => `${name}, ${size} ${theme}: ${each}`));
    }
    await ben.all.locator('#b-told').evaluate((each) => scrollTo(0, each.getBoundingClientRect().top + scrollY - 116));
  }
  await page.mouse.move(0, 0);
  await ben.button('Add one to cheers').first().evaluate((each) => each.click());
  await page.locator('.dot').first().waitFor({ state: 'attached' });
  await page.evaluate(() => {
    for (const each of document.querySelectorAll('.dot')) for (const going of each.getAnimations()) { going.pause(); going.currentTime = 450; }
  });
}

await ben.titles.first().waitFor();
await note();
// Both offline: the same title on both, and different fields of one task.
for (const each of both) await each.shows([BREAD, BICYCLE, CALL, WALK]);
for (const each of both) await each.air.click();
for (const each of both) await each.is('offline');
await ben.write(BREAD, 'Buy white bread');
await ana.write(BREAD, 'Buy rye bread');
await ana.button('Add one to cheers').nth(1).click();
await ben.fill(BICYCLE, 'Due', '2026-12-24');
await note();
await ana.waits(2);
await ben.waits(2);
told.writes = requests.filter((each) => each.endsWith('/set')).length;
told.apart = [await ana.list(), await ben.list()];

// One comes back; the server is killed, and the other comes back to nobody until it is started.
await ana.air.click();
await ana.waits(0);
const first = await process();
await server.getByRole('button', { name: 'Kill the server' }).click();
await server.getByRole('button', { name: 'Start the server' }).waitFor();
told.dead = await process();
await note();
await ben.air.click();
await ben.is('backing off');
told.kept = await ben.outbox.innerText();
await server.getByRole('button', { name: 'Start the server' }).click();
await ben.waits(0);
told.restarted = ![first, told.dead].includes(await process());
const TITLES = ['Buy rye bread', BICYCLE, CALL, WALK];
for (const each of both) await each.shows(TITLES);
for (const each of both) await each.row(BICYCLE).getByText('24 Dec 2026').waitFor();
told.cheers = await page.getByRole('group', { name: `Cheers of ${BICYCLE}` }).allInnerTexts();
told.title = await explained(ben.told.filter({ hasText: 'Buy white bread' }).first());
told.fields = await explained(ben.told.filter({ hasText: 'Due' }).first());

// An app is killed with a change in its outbox: started again it has kept it, and the change arrives.
await ana.air.click();
await ana.add('Written in a tunnel');
await ana.waits(1);
await ben.button(`More of ${BICYCLE}`).click();
told.found.push(...(await looks(page, (size, theme) => `${pictures}/phones-${size}-${theme}.png`, { pose })));

await ana.button('Kill the app').click();
await ana.all.getByText('The app was killed.').waitFor();
await note();
told.killed = await ana.outbox.innerText();
await ana.button('Start it again').first().click();
await ana.row('Written in a tunnel').waitFor();
await ana.waits(1);
await ana.air.click();
for (const each of both) await each.shows([...TITLES, 'Written in a tunnel']);

// A phone sleeps. It is told that a task is given to it, and woken: it shows what has changed meanwhile.
await ben.button('Put to sleep').click();
await ben.button('Open the app').waitFor();
await ana.write(CALL, 'Call grandfather');
await ana.fill(WALK, 'Assignee', 'ben');
await ben.notice.getByText(`${WALK} is yours now`).waitFor();
told.notice = await ben.notice.getByRole('button').first().innerText();
await note();
told.asleep = await ben.button('Open the app').isVisible();
await ben.notice.getByRole('button', { name: WALK }).click();
TITLES[2] = 'Call grandfather';
await ben.shows([...TITLES, 'Written in a tunnel']);
await ben.row(WALK).getByText('ben', { exact: true }).waitFor();
await ben.notice.waitFor({ state: 'detached' });
told.focused = await page.evaluate(() => document.activeElement.id);

// A clock that is a day behind loses nothing that was written later.
await ben.all.getByRole('combobox', { name: 'Clock' }).selectOption('A day behind');
await ben.all.getByText('1 day behind').waitFor();
await ben.write('Call grandfather', 'Call both grandparents');
TITLES[2] = 'Call both grandparents';
await ana.shows([...TITLES, 'Written in a tunnel']);
told.behind = await explained(ben.told.filter({ hasText: 'Call both grandparents' }).first());
await ben.all.getByRole('combobox', { name: 'Clock' }).selectOption('Right');

// Rows are moved by keyboard, and keep the focus; one is deleted and brought back.
const handle = ana.button(`Move ${WALK}: Alt with arrow up or down`);
await handle.press('Alt+ArrowUp');
TITLES.splice(2, 2, WALK, TITLES[2]);
for (const each of both) await each.shows([...TITLES, 'Written in a tunnel']);
told.moved = await page.getByRole('status').filter({ hasText: 'is now' }).innerText();
told.holds = await handle.evaluate((each) => each === document.activeElement);
await (await ana.details('Written in a tunnel')).getByRole('button', { name: 'Delete' }).click();
for (const each of both) await each.shows(TITLES);
await note();
await ana.button('Undo').click();
for (const each of both) await each.shows([...TITLES, 'Written in a tunnel']);

// What does not fit is answered in words.
await ana.fill(BICYCLE, 'Budget', 'a lot');
await ana.said.waitFor();
told.said = await ana.said.innerText();
await page.keyboard.press('Escape');

// Two spend the same money offline: the second is rejected, and made again with what is there now.
for (const each of both) await each.air.click();
await ana.fill(BICYCLE, 'Budget', '500');
await ben.fill(BICYCLE, 'Budget', '900');
await ana.air.click();
await ana.waits(0);
await ben.air.click();
const rejected = ben.told.filter({ hasText: 'Edit and send again' });
await rejected.waitFor();
told.rejected = await rejected.innerText();
await note();
await rejected.getByText('Edit and send again').click();
await ben.type(rejected.getByLabel('Budget'), '700');
for (const each of both) await each.row(BICYCLE).getByText('Budget 700').waitFor();
told.quarantined = await ben.all.locator('[data-part=quarantined]').count();

// The same from the other side, in a tab of its own.
const beside = context.waitForEvent('page');
await server.getByRole('link', { name: 'Console' }).click();
const pulse = (await beside).getByRole('heading', { level: 1, name: 'Pulse' });
await pulse.waitFor({ state: 'attached' });
told.pulse = await pulse.textContent();
await (await beside).close();

// Fifty more are let loose, write, and go home.
const crowd = page.getByRole('heading', { name: 'The crowd' });
const around = page.locator('#crowd', { has: crowd });
await page.getByRole('button', { name: 'Let 50 loose' }).click();
await around.getByText(/they have written [1-9]/).waitFor();
await page.getByRole('button', { name: 'Call them home' }).click();
await around.getByText('No other devices are here.').waitFor();

await browser.close();
tell({ ...told, origin: new URL(link).origin, requests, complaints });
