// A shop of another origin than Plimsoll: browsers ask before they send, and the SDK must be able to read what it is told of
// limits, so that it stops sending what nobody takes.
import assert from 'node:assert/strict';

import { Browser } from './lib/browser.mjs';
import { Front } from './lib/front.mjs';
import { Ingest } from './lib/ingest.mjs';
import { versionOf } from './lib/packages.mjs';
import { bundle, policy } from './lib/page.mjs';
import { run, sameBytes, without } from './lib/run.mjs';

const SECRET = 'basket-of-anne';
const LIMITS = '60:error:organization:quota_exceeded';

await run(async ({ sdk, plimsoll, port, outside, stranger, path, dsn, app }) => {
  const limited = { status: 429, headers: { 'x-sentry-rate-limits': LIMITS, 'retry-after': '60' } };
  const hasError = ({ items }) => items.some(({ kind }) => kind === 'event');
  const answer = (envelope) => (hasError(envelope) ? limited : undefined);
  const ingest = new Ingest({ dsn, forwardedFor: '127.0.0.1, 127.0.0.1', secrets: [SECRET] }, answer);
  const pages = await bundle(sdk);
  const tunnel = new Front({ port: outside, plimsoll, passed: ['/'] });
  const cookie = `basket=${SECRET}`;
  const shop = new Front({ port, pages, policy: policy(tunnel.origin), cookie });
  const other = new Front({ port: stranger, pages, policy: policy(tunnel.origin), cookie });
  const browser = new Browser();
  await Promise.all([ingest, tunnel, shop, other, browser].map((one) => one.start()));

  const query = `/?app=${app}&plimsoll=${encodeURIComponent(tunnel.origin)}&ask=1`;
  await strangers(browser, other.origin + query, tunnel, path, dsn);
  assert.equal(ingest.taken.length, 0, 'nothing of a page that is not allowed arrives');
  const before = tunnel.sent.length;
  await allowed(browser, shop.origin + query, ingest, tunnel.origin + path);
  await browser.page.goto(`${shop.origin}/away`);
  const report = await ingest.item('client_report', 'what was not sent', ({ payload }) => payload.includes('backoff'));
  const dropped = report.value.discarded_events.find(({ reason }) => reason === 'ratelimit_backoff');
  assert.deepEqual([dropped.category, dropped.quantity], ['error', 3], 'what the SDK kept to itself');
  await browser.stop();
  await tunnel.settled();
  check(tunnel.sent.slice(before), ingest, browser, shop.origin);
  return { sdk: versionOf(sdk), chromium: browser.version, counts: ingest.counts() };
});

/** A page whose origin the app does not name reads nothing, and what it sends without asking is refused. */
async function strangers(browser, url, tunnel, path, dsn) {
  await assert.rejects(browser.open(url), /Failed to fetch/, 'a page that is not allowed reads no configuration');
  const send = ([to, body]) => fetch(to, { method: 'POST', mode: 'no-cors', body }).then(({ type }) => type);
  const envelope = `${JSON.stringify({ dsn })}\n{"type":"event"}\n{}`;
  assert.equal(await browser.page.evaluate(send, [tunnel.origin + path, envelope]), 'opaque');
  const [read, sent] = tunnel.sent;
  assert.equal(read.answered['access-control-allow-origin'], undefined);
  assert.equal(sent.status, 403, 'what it sends is refused');
}

async function allowed(browser, url, ingest, tunnel) {
  const page = await browser.open(url);
  assert.equal(await page.evaluate(() => window.config.tunnel), tunnel, 'the tunnel of the configuration is a whole URL');
  await page.evaluate(() => window.acts.caught());
  await ingest.item('event', 'the first error');
  // Once its answers are read, the SDK knows better.
  assert(await page.evaluate(() => window.acts.flush()), 'everything is answered');
  for (const act of ['uncaught', 'rejected', 'large', 'feedback']) {
    await page.evaluate((name) => window.acts[name](), act);
  }
  await ingest.item('feedback', 'what is not limited still arrives');
}

function check(sent, ingest, browser, origin) {
  const troubles = browser.troubles().filter((line) => line.includes('Sentry'));
  without([...ingest.faults, ...browser.faults, ...troubles.filter((line) => !line.includes('status code 429'))]);
  assert.equal(troubles.length, 1, 'the SDK complains of the limit once');
  const posts = sent.filter(({ method }) => method === 'POST');
  sameBytes(posts, ingest.taken);
  assert.equal(ingest.items('event').length, 1, 'no error after the limit');
  for (const { answered, headers, status } of posts) {
    assert.equal(headers.cookie, undefined, 'a browser sends no cookie to another origin');
    assert.equal(answered['access-control-allow-origin'], origin);
    assert.match(answered['access-control-expose-headers'], /x-sentry-rate-limits/);
    assert.equal(answered['x-sentry-rate-limits'], status === 429 ? LIMITS : undefined);
  }
  const asked = sent.filter(({ method }) => method === 'OPTIONS');
  assert(asked.length > 0, 'the browser has asked before it sent');
  for (const { status, answered } of asked) {
    assert.deepEqual([status, answered['access-control-allow-origin']], [204, origin]);
  }
  assert.equal(posts.filter(({ status }) => status === 429).length, 1);
}
