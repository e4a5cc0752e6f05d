// The SDK for Node, which compresses what is long: it goes through compressed as it is, and is counted all the same.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { Front } from './lib/front.mjs';
import { Ingest } from './lib/ingest.mjs';
import { versionOf } from './lib/packages.mjs';
import { run, sameBytes, without } from './lib/run.mjs';

await run(async ({ plimsoll, port, dsn, app }) => {
  const ingest = new Ingest({ dsn, forwardedFor: '127.0.0.1, 127.0.0.1', secrets: [] });
  const front = new Front({ port, plimsoll, passed: ['/observability/'] });
  await Promise.all([ingest.start(), front.start()]);
  const configuration = `${front.origin}/observability/sentry/config?app=${app}`;
  const said = await server(configuration);
  await front.settled();
  without(said);
  check(front, ingest);
  return { sdk: versionOf('@sentry/node'), node: process.version, counts: ingest.counts() };
});

/** The shop's server, in a process of its own: the SDK looks at all that a process does, and would trace this one. */
async function server(configuration) {
  const child = fork(fileURLToPath(new URL('./lib/shop.mjs', import.meta.url)), [configuration], { stdio: 'pipe' });
  const said = [child.stdout, child.stderr].map((stream) => text(stream));
  const code = await new Promise((done) => child.once('close', done));
  const lines = (await Promise.all(said)).join('').split('\n');
  assert.equal(code, 0, lines.join('\n'));
  return lines.filter((line) => /\[(warn|error)\]/.test(line));
}

function check(front, ingest) {
  without(ingest.faults);
  sameBytes(front.of('POST'), ingest.taken);
  assert.equal(front.cut.length, 0);
  for (const one of front.sent) assert.equal(one.status, 200, `${one.method} ${one.path}: ${one.failed ?? one.status}`);
  const packed = ingest.taken.filter(({ headers }) => headers['content-encoding'] === 'gzip');
  assert(packed.length > 0, 'what is longer than 32 KiB is compressed');
  assert(packed.some(({ items }) => items.some(({ value }) => value?.message === 'large')), 'the large event is');
  for (const { items, body } of packed) {
    assert(items.some(({ payload }) => payload.length > 32_768 && payload.length > body.length), 'it was worth it');
  }
}
