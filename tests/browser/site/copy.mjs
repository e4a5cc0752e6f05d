// A copy in files, on a server that knows nothing but files and `_headers`: everything on it is there, it asks nobody else, its
// own policy lets all of it be, and its overview serves every reader. `folder` is the copy, made for `http://127.0.0.1:{port}`.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

import { run } from '../lib/run.mjs';
import { axe } from './axe.mjs';
import { launch } from './chromium.mjs';
import { without } from './kit.mjs';
import { overflow } from './overflow.mjs';
import { Reader } from './reader.mjs';
import { watch } from './watch.mjs';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
};

await run(async ({ folder, port }) => {
  const base = `http://127.0.0.1:${port}`;
  const server = await serve(folder, port);
  const browser = await launch();
  const reader = new Reader(browser, {});
  const pages = await crawl(reader, base);
  for (const theme of ['light', 'dark']) await axe(reader, base, { path: '/', theme, width: 1280 });
  await overflow(reader, base, { path: '/' });
  await browser.close();
  server.close();
  return { pages };
});

/** Reads `_headers` as Netlify and Cloudflare do: paths, of which `*` stands for anything, and below each its headers. */
async function readHeaders(folder) {
  const rules = [];
  for (const line of (await readFile(join(folder, '_headers'), 'utf8')).split('\n').filter(Boolean)) {
    if (/^\s/.test(line)) rules.at(-1).headers.push(line.trim().split(/:\s*(.*)/s, 2));
    else rules.push({ path: line, headers: [] });
  }
  assert(rules.length > 0, 'there are headers');
  return rules;
}

/** Whether a rule is one of `path`. */
function isOf(path) {
  return (rule) => (rule.path.endsWith('*') ? path.startsWith(rule.path.slice(0, -1)) : path === rule.path);
}

async function serve(folder, port) {
  const rules = await readHeaders(folder);
  const find = async (path) => {
    for (const name of [path, join(path, 'index.html')]) {
      const bytes = await readFile(join(folder, name)).catch(() => undefined);
      if (bytes) return { name, bytes, status: 200 };
    }
    return { name: '404.html', bytes: await readFile(join(folder, '404.html')), status: 404 };
  };
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://copy.invalid').pathname));
    const { name, bytes, status } = await find(path);
    response.setHeader('content-type', TYPES[extname(name)] ?? 'application/octet-stream');
    for (const [header, value] of rules.filter(isOf(path)).flatMap(({ headers }) => headers)) {
      const isAdded = header.toLowerCase() === 'content-security-policy' && response.hasHeader(header);
      response.setHeader(header, isAdded ? [].concat(response.getHeader(header), value) : value);
    }
    response.writeHead(status).end(bytes);
  });
  await new Promise((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done));
  return server;
}

/** Opens every page that another leads to, and asks for everything else that they name: the paths of the pages. */
async function crawl(reader, base) {
  const [left, known, marks, faults] = [['/'], new Set(['/']), new Set(), []];
  const watched = await watch(reader, base);
  const pages = [];
  for (let path = left.shift(); path; path = left.shift()) {
    const answer = await fetch(base + path);
    if (!answer.ok) faults.push(`${path} answers ${answer.status}`);
    if (!answer.headers.get('content-type').startsWith('text/html')) continue;
    pages.push(path);
    await watched.page.goto(base + path);
    const { links, ids, forms } = await watched.page.evaluate(named);
    for (const id of ids) marks.add(`${path}#${id}`);
    for (const one of links.filter(({ origin }) => origin === base)) {
      if (one.hash) known.add(one.path + one.hash);
      if (!known.has(one.path)) left.push(one.path);
      known.add(one.path);
    }
    faults.push(...forms.map((action) => `${path} has a form to ${action}`));
  }
  faults.push(...[...known].filter((one) => one.includes('#') && !marks.has(one)).map((one) => `there is no ${one}`));
  without('the copy', faults);
  await watched.assertClean();
  await watched.close();
  return pages;
}

/** Runs in the page: what it names. */
function named() {
  const urls = [...document.querySelectorAll('a[href], link[href], img[src], script[src]')].map((one) => one.href || one.src);
  return {
    links: urls.map((url) => new URL(url)).map(({ origin, pathname, search, hash }) => ({ origin, path: pathname + search, hash })),
    ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
    forms: [...document.forms].filter(({ method }) => method !== 'dialog').map(({ action }) => action),
  };
}
