// A page that is left open, with the real clock: it comes to show what happens by its own refresh. `url` is the page, `moments`
// are waited for one after the other, each `{ shows, within, tell }`: a selector, or with a `!` before it one that is gone; at
// most how many milliseconds it may take; and an address that is asked for then, so that whoever makes it happen knows.
import assert from 'node:assert/strict';

import { run } from '../lib/run.mjs';
import { launch } from './chromium.mjs';

await run(async ({ url, moments }) => {
  const browser = await launch();
  const page = await browser.newPage();
  let loads = 0;
  page.on('load', () => (loads += 1));
  await page.goto(url);
  const seen = [];
  for (const { shows, within, tell } of moments) {
    const isGone = shows.startsWith('!');
    const found = page.locator(isGone ? shows.slice(1) : shows).first();
    await found.waitFor({ state: isGone ? 'detached' : 'visible', timeout: within });
    seen.push(Date.now());
    await fetch(tell);
  }
  const says = await page.locator('[data-say]').innerText();
  assert.equal(loads, 1, 'the page was loaded once');
  await browser.close();
  return { seen, says };
});
