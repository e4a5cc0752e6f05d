// A shop whose own server passes the tunnel on: everything that a browser's SDK sends goes through it under a policy that
// forbids any other connection, and arrives as it was sent.
import assert from 'node:assert/strict';

import { Browser } from './lib/browser.mjs';
import { Front } from './lib/front.mjs';
import { Ingest } from './lib/ingest.mjs';
import { versionOf } from './lib/packages.mjs';
import { bundle, policy } from './lib/page.mjs';
import { run, sameBytes, without } from './lib/run.mjs';

const SECRET = 'basket-of-anne';
const EVENTS = [
  ['uncaught', 'nobody catches this'],
  ['rejected', 'nobody awaits this'],
  ['caught', 'undefined'],
  ['levels', 'of level debug'],
  ['large', 'more than keepalive takes: ⚓'],
  ['attached', 'with every byte there is'],
];

await run(async ({ sdk, plimsoll, port, path, dsn, app }) => {
  const ingest = new Ingest({ dsn, forwardedFor: '127.0.0.1, 127.0.0.1', secrets: [SECRET] });
  const passed = ['/observability/', path];
  const pages = await bundle(sdk);
  const front = new Front({ port, plimsoll, pages, policy: policy("'self'"), cookie: `basket=${SECRET}`, passed });
  const browser = new Browser();
  await Promise.all([ingest.start(), front.start(), browser.start()]);

  const url = `${front.origin}/?app=${app}`;
  const page = await browser.open(url);
  assert.equal(await page.evaluate(() => window.config.tunnel), path, 'the tunnel of the configuration');
  const isOld = versionOf(sdk).startsWith('10.');
  const trace = isOld ? 'transaction' : 'span';
  await ingest.item('session', 'the session begins', ({ value }) => value.init);
  await ingest.item(trace, 'the page load');
  await everything(page, ingest);
  // Version 11 has a status of its own for what version 10 calls a crash: the page went on.
  const status = isOld ? 'crashed' : 'unhandled';
  await ingest.item('session', `the session is ${status}`, ({ value }) => value.status === status);
  await ingest.item(trace, 'the checkout', ({ payload }) => payload.includes('checkout'));

  // The other way to send what was traced, which is that of version 10 by default.
  await browser.open(`${url}&lifecycle=static`);
  await ingest.item('transaction', 'the page load as a transaction', ({ value }) => value.transaction === '/');
  await leave(page, front, ingest);

  await browser.stop();
  await front.settled();
  check(front, ingest, browser, path);
  return {
    sdk: versionOf(sdk),
    chromium: browser.version,
    counts: ingest.counts(),
    cut: front.cut.length,
  };
});

async function everything(page, ingest) {
  for (const [act, says] of EVENTS) {
    await page.evaluate((name) => window.acts[name](), act);
    await ingest.item('event', says, ({ payload }) => payload.includes(says));
  }
  for (const act of ['suppressed', 'span', 'telemetry', 'feedback', 'replayed', 'flush']) {
    await page.evaluate((name) => window.acts[name](), act);
  }
  for (const kind of ['feedback', 'replay_event', 'log', 'trace_metric', 'attachment']) await ingest.item(kind, kind);
}

/** What is sent while the page goes away outlives it, and so does the report of what was dropped. */
async function leave(page, front, ingest) {
  await page.evaluate(() => window.acts.suppressed());
  await page.evaluate(() => window.acts.leaving());
  await page.goto(`${front.origin}/away`);
  await ingest.item('event', 'the last word', ({ value }) => value.message === 'on the way out');
  const told = () => ingest.items('client_report').filter(({ payload }) => payload.includes('before_send'));
  await ingest.until('what each page has dropped', () => told().length >= 2);
}

function check(front, ingest, browser, path) {
  without([...ingest.faults, ...browser.faults, ...browser.troubles()]);
  sameBytes(front.of('POST'), ingest.taken);
  for (const one of front.sent) {
    assert.equal(one.status, 200, `${one.method} ${one.path}: ${one.failed ?? one.status}`);
    assert(one.headers.cookie?.includes(SECRET), 'the browser sends its cookie to its own server');
  }
  for (const one of front.of('POST')) assert.equal(one.path, path);
  const kept = ingest.items('attachment').some(({ payload }) => payload.every((byte, index) => byte === index % 256));
  assert(kept, 'the attachment holds every byte there is');
  assert.equal(ingest.items('event').filter(({ value }) => value.message === 'not to be sent').length, 0);
  for (const { value } of ingest.items('event')) {
    assert.deepEqual([value.environment, value.release], ['test', 'shop@1.2.3'], 'what the configuration says');
  }
}
