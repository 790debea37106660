// Fills in the forms that the page makes of an app of one's own, and tells what came of it.
import { open, tab } from './browser.mjs';
import { given, tell } from './given.mjs';
import { Phone } from './phone.mjs';

const { browser, context } = await open(given.executable);
const { page, complaints } = await tab(context);
page.setDefaultTimeout(15_000);
await page.goto(given.link);
const [ana, ben] = [new Phone(page, 'Ana'), new Phone(page, 'Ben')];
const waterings = ana.all.getByRole('region', { name: 'Waterings of Ana' });
const litres = waterings.getByLabel('Litres');
const told = {};

// Every field stays as it was filled in, while the other phone writes and the list is drawn anew.
await waterings.getByLabel('Bed').selectOption('Bed 2');
await litres.fill('three');
await ben.all.getByRole('textbox', { name: 'Label of a new bed' }).fill('Roses');
await page.keyboard.press('Enter');
await ana.all.getByRole('button', { name: 'More of Roses' }).waitFor();
await waterings.getByRole('button').click();
await ana.said.waitFor();
told.said = await ana.said.innerText();
told.kept = [await waterings.getByLabel('Bed').locator('option:checked').innerText(), await litres.inputValue()];
await litres.fill('3.5');
await waterings.getByRole('button', { name: 'Add the watering' }).click();
await waterings.getByText('Litres 3.5').waitFor();
told.row = await waterings.getByRole('listitem').innerText();

// Enter that is pressed twice makes one, and is no mistake.
await ana.all.getByRole('textbox', { name: 'Label of a new bed' }).fill('Tulips');
for (let times = 0; times < 2; times++) await page.keyboard.press('Enter');
await ben.all.getByRole('button', { name: 'More of Tulips' }).waitFor();
told.twice = await ana.said.count();

// What a double click has killed stays so.
await ana.button('Kill the app').dblclick();
await ana.all.getByText('The app was killed.').waitFor();
await ana.button('Start it again').first().click();

// A list whose kind has no text, but a day.
await ana.all.getByLabel('Make a list').click();
await ana.all.getByLabel('Opened').fill('2026-11-29');
await ana.button('Make the shop').click();
await ana.all.locator('#a-list').filter({ has: page.locator('option:checked', { hasText: 'Shop' }) }).waitFor();

await browser.close();
tell({ ...told, complaints });
