// A real browser as our pages meet it: what it asks for, what it complains of, what an audit finds, how it looks.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const AXE = readFileSync(fileURLToPath(new URL('node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8');
const QUIET = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
export const SIZES = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };
export const THEMES = ['light', 'dark'];

export async function open(executable, options = {}) {
  const browser = await chromium.launch({ executablePath: executable, args: QUIET });
  const context = await browser.newContext({ viewport: SIZES.wide, colorScheme: 'light', reducedMotion: 'no-preference', ...options });
  return { browser, context };
}

// A tab, and what it has asked for, complained of and been kept waiting by since.
export async function tab(context) {
  const page = await context.newPage();
  const requests = [];
  const complaints = [];
  page.on('request', (each) => requests.push(each.url()));
  page.on('websocket', (each) => requests.push(each.url()));
  page.on('console', (each) => ['error', 'warning'].includes(each.type()) && complaints.push(each.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.addInitScript(() => {
    window.longTasksMs = [];
    new PerformanceObserver((list) => {
      for (const each of list.getEntries()) window.longTasksMs.push(Math.round(each.duration));
    }).observe({ type: 'longtask', buffered: true });
  });
  return { page, requests, complaints };
}

// How long it took until something was to be seen, in milliseconds since the page was asked for.
export const painted = (page) =>
  page.evaluate(() => Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1));

// What moves has arrived, and what is held stays: half faded in, a page would be audited and pictured as nobody sees it.
export const settled = (page) =>
  page.evaluate(() => {
    const ends = (each) => each.playState === 'running' && each.effect.getComputedTiming().endTime !== Infinity;
    for (const each of document.getAnimations().filter(ends)) each.finish();
  });

// What axe-core finds that is serious or critical: which rule, how bad, and where.
export async function audit(page) {
  await page.evaluate(AXE);
  await settled(page);
  return page.evaluate(async () => {
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations
      .filter((each) => ['serious', 'critical'].includes(each.impact))
      .map((each) => `${each.id} (${each.impact}): ${each.nodes.map((node) => node.target.join(' ')).join(', ')}`);
  });
}

// The page in each size and theme, audited and pictured; `picture(size, theme)` says where the picture goes, if one is
// wanted. What `pose` does is to be seen on it.
export async function looks(page, picture, { pose = () => {}, ...options } = {}) {
  const found = [];
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme });
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wider > 0) found.push(`${size} ${theme}: the page is ${wider} px wider than the screen`);
      found.push(...(await audit(page)).map((each) => `${size} ${theme}: ${each}`));
      await pose(size, theme);
      await settled(page);
      const path = picture(size, theme);
      if (path) await page.screenshot({ path, ...options });
      await page.evaluate(() => { for (const each of document.getAnimations()) if (each.playState === 'paused') each.finish(); });
    }
  }
  await page.setViewportSize(SIZES.wide);
  await page.emulateMedia({ colorScheme: 'light' });
  return found;
}
