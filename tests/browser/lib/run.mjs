// How a script runs under the test in Rust: told by one argument of JSON, it prints one line of JSON, or says on standard
// error what does not hold and fails. It ends with the test, whose end closes its standard input.
import { createHash } from 'node:crypto';
import assert from 'node:assert/strict';

const LONGEST = 150_000;

export async function run(script) {
  process.stdin.on('end', () => process.exit(1)).resume();
  setTimeout(() => fail(new Error(`not done within ${LONGEST / 1_000} s`)), LONGEST).unref();
  try {
    const result = await script(JSON.parse(process.argv[2]));
    process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  process.stderr.write(`${error.stack ?? error}\n`, () => process.exit(1));
}

/** Holds what was sent against what arrived: the same bytes, each once. */
export function sameBytes(sent, taken) {
  const digests = (all) => all.map(({ body }) => `${body.length}:${createHash('sha256').update(body).digest('hex')}`).sort();
  const [left, arrived] = [digests(sent), digests(taken)];
  assert.equal(new Set(left).size, left.length, 'no two envelopes of an SDK are the same');
  assert.deepEqual(arrived, left, 'each envelope arrives once, byte for byte');
}

export function without(faults) {
  assert.deepEqual(faults, [], 'nothing is as it must not be');
}
