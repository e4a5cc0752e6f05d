// The page's own refresh: about every 30 s it asks for itself again and takes over what changed, without taking anything from
// the reader. When no good answer comes it stays as it is, and says how old that is.
import assert from 'node:assert/strict';

import { until, visit } from './kit.mjs';
import { Renewal } from './renewal.mjs';

/** Says how old the page is while it cannot renew itself; hidden or empty otherwise. */
export const NOTE = '#live-note';
/** Says what the banner has come to say. */
export const SAY = '#live-say';
/** Says how things are. */
export const BANNER = '[data-say]';

const [SOONEST, LATEST] = [20_000, 45_000];
const PATIENCE = 5_000;
const AGE = /\b\d+\s*(s|sec|seconds?|min|minutes?|h|hours?)\b/i;
const NEWS = 'Everything is adrift';

/** `path` must be a page that renews itself, with a link in its `main`. */
export async function refresh(reader, base, { path, theme }) {
  let renewal;
  const before = (page) => (renewal = new Renewal(page)).prepare();
  // So low a window that there is something to scroll.
  await visit(reader, base + path, { theme, width: 800, height: 300, before }, async (page, context) => {
    await renewal.stop();
    await regions(page);
    await unchanged(page, renewal);
    await news(page, renewal);
    for (const answer of ['failing', 'broken']) await trouble(page, renewal, answer);
    await slow(page, renewal);
    await offline(page, context, renewal);
  });
}

/** A region that is added together with its text is not read out: both are there from the start, and silent. */
async function regions(page) {
  for (const [selector, attribute, value] of [[NOTE, 'role', 'status'], [SAY, 'aria-live', 'polite']]) {
    const found = page.locator(selector);
    assert.equal(await found.count(), 1, `the page has one ${selector}`);
    assert.equal(await found.getAttribute(attribute), value, `${attribute} of ${selector}`);
    assert.equal(await says(page, selector), '', `${selector} is silent at first`);
  }
}

async function unchanged(page, renewal) {
  for (const time of ['first', 'second']) {
    const passed = await renewal.round('real');
    assert(passed >= SOONEST && passed <= LATEST, `the ${time} time it asks after ${passed} ms, and not about 30 s`);
  }
  assert.equal(await says(page, SAY), '', 'nothing is announced when the banner is the same');
  assert.equal(await says(page, NOTE), '', 'nothing is said of the age when it is renewed');
}

/** The banner changes: it is shown and announced, and the reader stays where they are. */
async function news(page, renewal) {
  const text = await (await page.request.get(page.url())).text();
  renewal.changed = await page.evaluate(edited, [text, BANNER, NEWS]);
  const before = await page.evaluate(settle);
  await renewal.round('changed');
  await until('the new banner is shown', async () => (await says(page, BANNER)) === NEWS);
  const after = await page.evaluate(place);
  assert.equal(after.focus, before.focus, 'the focus stays where it was');
  const moved = Math.min(Math.abs(after.scroll - before.scroll), Math.abs(after.top - before.top));
  assert(moved <= 2, `the reader stays where they are: ${JSON.stringify({ before, after })}`);
  assert.equal(after.unfolded, before.unfolded, 'what was unfolded stays so');
  await until('the new banner is announced', async () => (await says(page, SAY)).includes(NEWS));
  assert.equal(await says(page, NOTE), '', 'a page that was renewed is not old');
}

/** An answer that is none: the page stays, and says how old it is, and then how much older. */
async function trouble(page, renewal, answer) {
  const banner = await says(page, BANNER);
  await renewal.round(answer);
  const first = await aged(page, answer);
  await renewal.pass(2 * 60_000);
  await renewal.read();
  await until(`the note grows older (${answer})`, async () => (await says(page, NOTE)) !== first);
  await aged(page, answer);
  assert.equal(await says(page, BANNER), banner, `the page stays (${answer})`);
  await recovers(page, renewal, answer);
}

/** An answer that takes over 5 s. */
async function slow(page, renewal) {
  const banner = await says(page, BANNER);
  await renewal.round('held');
  await renewal.pass(PATIENCE - 1_000);
  assert.equal(await says(page, NOTE), '', 'an answer may take 4 s');
  await renewal.pass(2_000);
  await aged(page, 'slow');
  assert.equal(await says(page, BANNER), banner, 'the page stays (slow)');
  await renewal.release();
  await recovers(page, renewal, 'slow');
}

/** The browser knows that it is offline, and need not ask. */
async function offline(page, context, renewal) {
  const banner = await says(page, BANNER);
  renewal.answer = 'broken';
  await context.setOffline(true);
  await renewal.pass(LATEST);
  await renewal.read();
  await aged(page, 'offline');
  assert.equal(await says(page, BANNER), banner, 'the page stays (offline)');
  renewal.answer = 'real';
  await context.setOffline(false);
  await renewal.read();
  await recovers(page, renewal, 'offline');
}

async function aged(page, why) {
  return until(`the note says how old the page is (${why})`, async () => {
    const text = await says(page, NOTE);
    return AGE.test(text) && text;
  });
}

async function recovers(page, renewal, why) {
  await renewal.round('real');
  await until(`a good answer ends the note (${why})`, async () => (await says(page, NOTE)) === '');
}

/** What an element says to somebody who looks; nothing when it is hidden. */
async function says(page, selector) {
  return page.evaluate((wanted) => {
    const found = document.querySelector(wanted);
    return found?.checkVisibility({ visibilityProperty: true }) ? found.textContent.trim().replace(/\s+/g, ' ') : '';
  }, selector);
}

/** Runs in the page: the document with another banner. */
function edited([text, selector, banner]) {
  const next = new DOMParser().parseFromString(text, 'text/html');
  next.querySelector(selector).textContent = banner;
  return `<!doctype html>${next.documentElement.outerHTML}`;
}

/** Runs in the page: a reader who has unfolded something, stands on a link and has scrolled. */
function settle() {
  for (const folded of document.querySelectorAll('details')) folded.open = true;
  const links = [...document.querySelectorAll('main a[href]')].filter((link) => link.checkVisibility());
  links.at(-1).focus();
  window.place = () => {
    const { activeElement: active } = document;
    const unfolded = document.querySelectorAll('details[open]').length;
    const focus = `${active.localName} ${active.getAttribute('href')} ${active.textContent.trim().slice(0, 40)}`;
    return { focus, scroll: Math.round(scrollY), top: Math.round(active.getBoundingClientRect().top), unfolded };
  };
  return window.place();
}

/** Runs in the page. */
function place() {
  return window.place();
}
