// A reader who notes all that a page does besides showing itself: what it asks of other hosts, what its policy forbids, and
// what goes wrong in it. Nothing of that may happen.
import { counted, without } from './kit.mjs';

class Watch {
  #faults = [];
  #origin;
  #status;

  constructor(base, status) {
    this.#origin = new URL(base).origin;
    this.#status = status;
  }

  async open(reader, { theme = 'light', width = 1280, ...more }) {
    this.context = await reader.newContext({ colorScheme: theme, viewport: { width, height: 800 }, ...more });
    const note = (what) => this.#faults.push(what);
    await this.context.exposeFunction('violated', (what) => note(`against the policy: ${what}`));
    await this.context.addInitScript(listen);
    this.context.on('request', (request) => this.#look(request.url()));
    this.context.on('console', (message) => {
      // The browser complains of a page that says that it is none.
      const isMeant = message.text().includes(`responded with a status of ${this.#status} `);
      if (['error', 'warning'].includes(message.type()) && !isMeant) note(`the console says: ${message.text()}`);
    });
    this.context.on('weberror', (error) => note(`not caught: ${error.error()}`));
    this.page = await this.context.newPage();
    this.page.on('websocket', (socket) => this.#look(socket.url().replace(/^ws/, 'http')));
  }

  /** What was noted so far, in words. */
  async faults() {
    // Whatever the page has told before arrives before this answer.
    await this.page.evaluate(() => document.readyState);
    return counted(this.#faults);
  }

  async assertClean() {
    without('the page does what it must not', await this.faults());
  }

  async close() {
    await this.context.close();
  }

  #look(url) {
    const { origin, protocol } = new URL(url);
    const isOurs = origin === this.#origin || ['data:', 'blob:', 'about:'].includes(protocol);
    if (!isOurs) this.#faults.push(`it asked for ${url}`);
  }
}

/** Runs in the page, before anything of it. */
function listen() {
  window.addEventListener('securitypolicyviolation', (event) => {
    const place = `${event.sourceFile || 'the page'}:${event.lineNumber}`;
    window.violated(`${event.effectiveDirective} forbids ${event.blockedURI || 'something'} at ${place}`);
  });
}

/** Opens a context that is watched, with a `page` to steer, `assertClean()` and `close()`. `status`: what is answered, when it
 * is no success. */
export async function watch(reader, base, { status = 'none', ...options } = {}) {
  const one = new Watch(base, status);
  await one.open(reader, options);
  return one;
}
