// Debian's Chromium, which reaches nothing but loopback: all else goes to a proxy that refuses it. What the page asks for
// elsewhere is a fault; what the browser asks for by itself is only refused.
import { createServer } from 'node:http';

import { load, program } from './packages.mjs';

/** How Chromium is started to be quiet; a proxy for all but loopback comes with it. */
export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--proxy-bypass-list=127.0.0.1',
];

export class Browser {
  /** What the page asked for elsewhere, and what its policy forbade, in words. */
  faults = [];
  /** What it wrote to the console. */
  said = [];

  async start() {
    const wall = createServer((_, response) => response.writeHead(403).end());
    // A browser that hangs up is no fault of ours, and would otherwise end the whole script.
    wall.on('connect', (_, socket) => socket.on('error', () => {}).end('HTTP/1.1 403 Forbidden\r\n\r\n'));
    await new Promise((done) => wall.listen(0, '127.0.0.1', done));
    const args = [...FLAGS, `--proxy-server=127.0.0.1:${wall.address().port}`];
    const options = { executablePath: program('chromium'), headless: true, args };
    this.browser = await load('playwright-core').chromium.launch(options);
    this.version = this.browser.version();
    this.context = await this.browser.newContext();
    await this.context.exposeFunction('violated', (what) => this.faults.push(`against the policy: ${what}`));
    this.context.on('request', (request) => this.#look(request.url()));
    this.context.on('console', (message) => this.said.push(`${message.type()}: ${message.text()}`));
  }

  /** Opens a page and waits until it says that it is ready. */
  async open(url) {
    const page = this.page ?? (this.page = await this.context.newPage());
    await page.goto(url);
    const failure = await page.evaluate(() => window.ready.then(() => null, (error) => String(error)));
    return failure ? Promise.reject(new Error(`${url}: ${failure}`)) : page;
  }

  /** What of it sounds like trouble. */
  troubles() {
    return this.said.filter((line) => /^(warning|error)/.test(line));
  }

  async stop() {
    await this.browser.close();
  }

  #look(url) {
    const { protocol, hostname } = new URL(url);
    const isOurs = hostname === '127.0.0.1' || ['blob:', 'data:', 'about:'].includes(protocol);
    if (!isOurs) this.faults.push(`the page asked for ${url}`);
  }
}
