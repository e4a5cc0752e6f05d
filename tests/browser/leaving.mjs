// What is said at the last moment outlives its page. The browser has to ask before it sends, and is answered only once the
// page is gone: a request that went with its page would never be made.
import assert from 'node:assert/strict';

import { Browser } from './lib/browser.mjs';
import { Front } from './lib/front.mjs';
import { Ingest } from './lib/ingest.mjs';
import { versionOf } from './lib/packages.mjs';
import { bundle, policy } from './lib/page.mjs';
import { run, sameBytes, without } from './lib/run.mjs';

await run(async ({ sdk, plimsoll, port, outside, dsn, app }) => {
  const ingest = new Ingest({ dsn, forwardedFor: '127.0.0.1, 127.0.0.1', secrets: [] });
  const tunnel = new Front({ port: outside, plimsoll, passed: ['/'] });
  const shop = new Front({ port, pages: await bundle(sdk), policy: policy(tunnel.origin) });
  const browser = new Browser();
  await Promise.all([ingest, tunnel, shop, browser].map((one) => one.start()));

  let permit;
  tunnel.permission = new Promise((done) => (permit = done));
  const page = await browser.open(`${shop.origin}/?app=${app}&plimsoll=${encodeURIComponent(tunnel.origin)}&ask=1`);
  await page.evaluate(() => window.acts.leaving());
  await page.goto(`${shop.origin}/away`);
  assert.equal(await page.title(), 'Elsewhere');
  assert.equal(tunnel.of('POST').length, 0, 'nothing is sent before it is permitted');
  permit();
  await ingest.item('event', 'the last word', ({ value }) => value.message === 'on the way out');

  await browser.stop();
  await tunnel.settled();
  without([...ingest.faults, ...browser.faults, ...browser.troubles()]);
  sameBytes(tunnel.of('POST'), ingest.taken);
  return { sdk: versionOf(sdk), chromium: browser.version, counts: ingest.counts(), cut: tunnel.cut.length };
});
