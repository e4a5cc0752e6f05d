// With a keyboard alone: subscribing by the form, and reading what each day of a component was like. `base` and `slug` say
// where, `address` who is to be told.
import assert from 'node:assert/strict';

import { run } from '../lib/run.mjs';
import { launch } from './chromium.mjs';
import { until, visit } from './kit.mjs';
import { Reader } from './reader.mjs';

const MOST_STOPS = 80;

await run(async ({ base, slug, address }) => {
  const browser = await launch();
  const reader = new Reader(browser, {});
  const says = await visit(reader, `${base}/s/${slug}/subscribe`, {}, (page) => subscribe(page, address));
  const days = await visit(reader, `${base}/s/${slug}`, {}, readDays);
  await browser.close();
  return { says, days };
});

/** Presses Tab until `selector` has the focus. */
async function tabTo(page, selector) {
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
  }
  throw new Error(`Tab does not come to ${selector}`);
}

/** What is said when it was sent. */
async function subscribe(page, address) {
  const isChosen = (value) => page.locator(`[name=kind][value=${value}]`).isChecked();
  await tabTo(page, '[name=kind]');
  await page.keyboard.press('ArrowDown');
  assert(await isChosen('webhook'), 'an arrow chooses the next kind');
  await page.keyboard.press('ArrowUp');
  assert(await isChosen('email'), 'and another the one before');
  await tabTo(page, '#field-address');
  await page.keyboard.type(address);
  await tabTo(page, '[name=events][value=maintenance]');
  await page.keyboard.press('Space');
  assert(!(await page.locator('[name=events][value=maintenance]').isChecked()), 'the space bar takes a choice back');
  await tabTo(page, '[name=components]');
  await page.keyboard.press('Space');
  await tabTo(page, 'form button');
  await page.keyboard.press('Enter');
  await page.locator('.message').waitFor();
  return page.locator('h1').innerText();
}

/** What is shown of the last day of the first component, and of the day before, as the arrows come to them. */
async function readDays(page) {
  await tabTo(page, '.days input');
  const first = await page.evaluate(shown);
  await page.keyboard.press('ArrowLeft');
  const second = await until('the day before is told of', async () => {
    const text = await page.evaluate(shown);
    return text !== first && text;
  });
  await page.keyboard.press('Tab');
  const isOut = await page.evaluate(() => !document.querySelector('.days').contains(document.activeElement));
  assert(isOut, 'one press of Tab leads out of the days');
  return [first, second];
}

/** Runs in the page: the words that stand under the days, which name the one that has the focus. */
function shown() {
  const { content } = getComputedStyle(document.activeElement, '::after');
  const label = document.activeElement.getAttribute('aria-label');
  if (content !== `"${label}"` && !content.includes('attr(')) throw new Error(`${content} is shown of ${label}`);
  return label;
}
