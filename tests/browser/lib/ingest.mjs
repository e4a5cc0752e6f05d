// A Sentry that takes nothing on trust: what it is sent must be what an SDK would have sent it directly, and nothing of the
// visitor's that is none of its business. What is not so is remembered, refused, and fails the test.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

import { countItems, readEnvelope } from './envelope.mjs';

const CONTENT_TYPES = ['application/x-sentry-envelope', 'text/plain;charset=UTF-8'];
const PRIVATE = ['cookie', 'authorization', 'x-real-ip', 'forwarded', 'x-sentry-forwarded-for'];

export class Ingest {
  /** Envelopes as they arrived, in order. */
  taken = [];
  /** What was not as it must be, in words. */
  faults = [];
  #arrivals = new EventEmitter();

  /** `expected`: `{ dsn, forwardedFor, secrets }`; `answer` may say something else than 200 to an envelope. */
  constructor(expected, answer = () => undefined) {
    this.dsn = new URL(expected.dsn);
    this.expected = expected;
    this.answer = answer;
    this.server = createServer((request, response) => this.#receive(request, response));
    this.#arrivals.setMaxListeners(0);
  }

  async start() {
    await new Promise((done, fail) => this.server.once('error', fail).listen(Number(this.dsn.port), '127.0.0.1', done));
  }

  /** Waits until `found` finds something in what has arrived: that. */
  async until(what, found) {
    for (;;) {
      assert.deepEqual(this.faults, [], `while waiting for this: ${what}`);
      const result = found(this.taken);
      if (result) return result;
      await this.#arrival(what);
    }
  }

  /** Waits for an item of this kind that `matches`. */
  item(kind, what, matches = () => true) {
    const items = (taken) => taken.flatMap((envelope) => envelope.items);
    return this.until(what, (taken) => items(taken).find((item) => item.kind === kind && matches(item)));
  }

  /** All of its items of a kind. */
  items(kind) {
    return this.taken.flatMap((envelope) => envelope.items).filter((item) => item.kind === kind);
  }

  /** What has arrived, by the names of Plimsoll's statistics. */
  counts() {
    const totals = {};
    const add = (name, many) => (totals[name] = (totals[name] ?? 0) + many);
    for (const { items, body, status } of this.taken) {
      for (const [name, many] of Object.entries(countItems(items))) add(name, many);
      add(status < 300 ? 'envelopes_relayed' : 'envelopes_refused', 1);
      add('bytes_received', body.length);
    }
    return totals;
  }

  #arrival(what) {
    return new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error(`not within 30 s: ${what}; ${this.#describe()}`)), 30_000);
      this.#arrivals.once('taken', () => {
        clearTimeout(late);
        done();
      });
    });
  }

  #describe() {
    const kinds = this.taken.map(({ items }) => items.map(({ kind }) => kind).join('+'));
    return `arrived: ${kinds.join(', ') || 'nothing'}`;
  }

  #receive(request, response) {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    // What was cut off on the way is no envelope, and nobody waits for an answer.
    request.on('error', () => {});
    request.on('end', () => this.#take(request, Buffer.concat(chunks), response));
  }

  #take(request, body, response) {
    let envelope;
    try {
      envelope = this.#check(request, body);
    } catch (error) {
      this.faults.push(`${request.method} ${request.url}: ${error.message}`);
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"detail":"not as it must be"}');
      this.#arrivals.emit('taken');
      return;
    }
    const { status, headers } = this.answer(envelope, this.taken.length) ?? { status: 200, headers: {} };
    this.taken.push({ ...envelope, body, headers: request.headers, status });
    const id = envelope.header.event_id?.replaceAll('-', '');
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ id }));
    this.#arrivals.emit('taken');
  }

  #check(request, body) {
    const { headers } = request;
    assert.equal(request.method, 'POST');
    assert.equal(request.url, `/api${this.dsn.pathname}/envelope/`);
    assert.equal(headers.host, this.dsn.host);
    const auth = readAuth(headers['x-sentry-auth']);
    assert.deepEqual([auth.sentry_version, auth.sentry_key], ['7', this.dsn.username], 'x-sentry-auth');
    assert.match(auth.sentry_client, /^[\w.-]+\/[\w.-]+$/, 'x-sentry-auth names its client');
    assert(CONTENT_TYPES.includes(headers['content-type']), `content-type: ${headers['content-type']}`);
    assert.equal(headers['x-forwarded-for'], this.expected.forwardedFor);
    for (const name of PRIVATE) assert.equal(headers[name], undefined, `${name} is none of Sentry's business`);
    const all = JSON.stringify(request.rawHeaders);
    for (const secret of this.expected.secrets) assert(!all.includes(secret), `a header holds ${secret}`);
    const encoding = headers['content-encoding'];
    assert([undefined, 'gzip'].includes(encoding), `content-encoding: ${encoding}`);
    const envelope = readEnvelope(encoding ? gunzipSync(body) : body);
    assert.equal(envelope.header.dsn, this.expected.dsn, 'the dsn of the envelope');
    return envelope;
  }
}

/** `Sentry name=value, name=value`, in any order, each once. */
function readAuth(text) {
  assert.match(text, /^Sentry( ?sentry_[a-z]+=[^\s,=]+(,|$))+$/, 'x-sentry-auth');
  const pairs = [...text.matchAll(/(sentry_[a-z]+)=([^\s,=]+)/g)];
  const auth = Object.fromEntries(pairs.map(([, name, value]) => [name, value]));
  assert.equal(Object.keys(auth).length, pairs.length, 'x-sentry-auth names nothing twice');
  return auth;
}
