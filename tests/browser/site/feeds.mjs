// Feeds and calendars as programs read them that are not ours. feedsmith reads each format by its own rules, but forgives XML
// that is none; rss-parser stands on a strict reader of XML. What they say of titles must agree.
import assert from 'node:assert/strict';

import { load } from '../lib/packages.mjs';
import { bring } from './kit.mjs';

const LONGEST_LINE = 75;

/** An Atom feed: `{ id, title, updated, links, entries: [{ id, title, published, updated, link, text }] }`. */
export async function atom(text) {
  const { parseAtomFeed } = await bring('feedsmith');
  const { id, title, updated, links, entries = [] } = parseAtomFeed(text);
  const told = entries.map((entry) => ({
    id: entry.id,
    title: plain(entry.title),
    published: entry.published,
    updated: entry.updated,
    link: entry.links?.[0]?.href,
    text: plain(entry.content ?? entry.summary),
  }));
  await agrees(text, told);
  return { id, title: plain(title), updated, links: links?.map(({ rel, href }) => ({ rel, href })), entries: told };
}

/** An RSS feed: `{ title, link, description, items: [{ id, title, date, link, text }] }`. */
export async function rss(text) {
  const { parseRssFeed } = await bring('feedsmith');
  const { title, link, description, items = [] } = parseRssFeed(text);
  const told = items.map((item) => ({
    id: item.guid?.value,
    title: item.title,
    date: item.pubDate,
    link: item.link,
    text: item.description,
  }));
  await agrees(text, told);
  return { title, link, description, items: told };
}

/** A JSON Feed: `{ version, title, home, feed, items: [{ id, title, date, modified, link, text }] }`. */
export async function jsonFeed(text) {
  const { parseJsonFeed } = await bring('feedsmith');
  const { title, home_page_url: home, feed_url: feed, items = [] } = parseJsonFeed(JSON.parse(text));
  const told = items.map((item) => ({
    id: item.id,
    title: item.title,
    date: item.date_published,
    modified: item.date_modified,
    link: item.url,
    text: item.content_text ?? item.content_html,
  }));
  return { version: JSON.parse(text).version, title, home, feed, items: told };
}

/** A calendar: `{ name, events: [{ uid, summary, start, end, stamp, status, sequence, url, text }] }`, times in ISO 8601. */
export async function ics(text) {
  const { default: ICAL } = await bring('ical.js');
  inLines(text);
  const calendar = new ICAL.Component(ICAL.parse(text));
  assert.equal(calendar.getFirstPropertyValue('version'), '2.0', 'the version of a calendar');
  assert(calendar.getFirstPropertyValue('prodid'), 'a calendar says what made it');
  const events = calendar.getAllSubcomponents('vevent').map((component) => {
    const event = new ICAL.Event(component);
    const of = (name) => component.getFirstPropertyValue(name)?.toString();
    return {
      uid: event.uid,
      summary: event.summary,
      start: event.startDate?.toJSDate().toISOString(),
      end: event.endDate?.toJSDate().toISOString(),
      stamp: component.getFirstPropertyValue('dtstamp')?.toJSDate().toISOString(),
      status: of('status'),
      sequence: Number(of('sequence') ?? 0),
      url: of('url'),
      text: event.description,
    };
  });
  for (const { uid, stamp } of events) assert(uid && stamp, 'an event has UID and DTSTAMP');
  return { name: calendar.getFirstPropertyValue('x-wr-calname'), events };
}

/** RFC 5545 ends lines with CRLF and folds those of more than 75 bytes, which readers of today forgive and others do not. */
function inLines(text) {
  const lines = text.split('\r\n');
  assert.equal(lines.pop(), '', 'the last line ends with CRLF');
  assert(!lines.some((line) => /[\r\n]/.test(line)), 'every line ends with CRLF');
  const long = lines.find((line) => Buffer.byteLength(line) > LONGEST_LINE);
  assert.equal(long, undefined, `no line is longer than ${LONGEST_LINE} bytes`);
}

/** That the strict reader finds the same entries. */
async function agrees(text, told) {
  const { items } = await new (load('rss-parser'))().parseString(text);
  const seen = (all) => all.map(({ title, link }) => ({ title, link }));
  assert.deepEqual(seen(items), seen(told), 'both readers find the same entries');
}

function plain(value) {
  return value && typeof value === 'object' ? value.value : value;
}
