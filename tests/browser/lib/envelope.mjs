// Reads an envelope as the format says, and nothing else: what is slightly wrong fails. Written anew rather than taken from
// an SDK, since an SDK's reader would forgive what its own writer does.
import assert from 'node:assert/strict';
import { inflateSync } from 'node:zlib';

const NEWLINE = 0x0a;
const LEVELS = { fatal: 'fatal', error: 'error', warning: 'warning', info: 'info', log: 'info', debug: 'debug' };
const KINDS = {
  transaction: 'transactions',
  replay_event: 'replays',
  replay_recording: 'replay_recordings',
  feedback: 'feedback',
  attachment: 'attachments',
  client_report: 'client_reports',
  check_in: 'check_ins',
  log: 'logs',
  span: 'spans',
  trace_metric: 'metrics',
};
const CONTAINERS = { log: 'log', span: 'span.v2', trace_metric: 'trace-metric' };
const BYTES = ['attachment', 'replay_recording'];

/** Its header and its items: `{ header, kind, payload, value }`, the value being that of a payload of JSON. */
export function readEnvelope(bytes) {
  const reader = { bytes, at: 0 };
  const header = jsonObject(line(reader));
  const items = [];
  while (reader.at < bytes.length) items.push(readItem(reader));
  const events = items.filter(({ kind }) => ['event', 'transaction'].includes(kind));
  assert(events.length <= 1, 'an envelope holds one event or transaction');
  for (const { value } of events) assert.equal(value.event_id, header.event_id, 'the ids of event and envelope');
  assert.equal(items.some(isA('replay_event')), items.some(isA('replay_recording')), 'a replay comes with its recording');
  return { header, items };
}

/** What was in an envelope, by the names of Plimsoll's statistics. */
export function countItems(items) {
  const counts = {};
  const add = (name, many) => many && (counts[name] = (counts[name] ?? 0) + many);
  for (const { header, kind, value } of items) {
    if (kind === 'event') {
      add(`events_${LEVELS[value.level ?? 'error']}`, 1);
    } else if (kind === 'session') {
      add('sessions_started', value.init ? 1 : 0);
      add('sessions_crashed', value.status === 'crashed' ? 1 : 0);
      add('sessions_unhandled', value.status === 'unhandled' ? 1 : 0);
    } else {
      assert(KINDS[kind], `items ${kind} are not looked for here`);
      add(KINDS[kind], header.item_count ?? 1);
    }
  }
  return counts;
}

function isA(kind) {
  return (item) => item.kind === kind;
}

function readItem(reader) {
  const header = jsonObject(line(reader));
  const kind = header.type;
  assert.equal(typeof kind, 'string', 'an item has a type');
  const payload = header.length === undefined ? line(reader) : counted(reader, header.length);
  if (BYTES.includes(kind)) {
    if (kind === 'replay_recording') readRecording(payload);
    return { header, kind, payload };
  }
  const value = jsonObject(payload);
  if (CONTAINERS[kind]) {
    assert.equal(value.items.length, header.item_count, `the item_count of ${kind}`);
    assert.equal(header.content_type, `application/vnd.sentry.items.${CONTAINERS[kind]}+json`);
  }
  return { header, kind, payload, value };
}

/** A line of JSON, and the events of the page, compressed: a byte that changed on the way does not decompress. */
function readRecording(payload) {
  const end = payload.indexOf(NEWLINE);
  assert(end > 0, 'a recording has a header');
  assert.equal(typeof jsonObject(payload.subarray(0, end)).segment_id, 'number');
  assert(Array.isArray(JSON.parse(inflateSync(payload.subarray(end + 1)))), 'a recording is a list of events');
}

function line(reader) {
  const found = reader.bytes.indexOf(NEWLINE, reader.at);
  const end = found < 0 ? reader.bytes.length : found;
  const text = reader.bytes.subarray(reader.at, end);
  reader.at = end + 1;
  return text;
}

function counted(reader, length) {
  assert(Number.isSafeInteger(length) && length >= 0, `a length: ${length}`);
  const end = reader.at + length;
  assert(end <= reader.bytes.length, 'an item is as long as it says');
  assert(end === reader.bytes.length || reader.bytes[end] === NEWLINE, 'an item ends where it says');
  const payload = reader.bytes.subarray(reader.at, end);
  reader.at = end + 1;
  return payload;
}

function jsonObject(bytes) {
  const value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  assert(value && typeof value === 'object' && !Array.isArray(value), 'an object');
  return value;
}
