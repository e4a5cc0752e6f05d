// A page that asks for itself again, with its clock and its answers in our hand. Nothing here waits for time to pass: the clock
// is moved until the page asks, and stands still until the answer has been read.
import { until } from './kit.mjs';

const STEP = 1_000;
const NEVER = 180_000;

export class Renewal {
  /** What it is answered: `real`, `changed`, `failing`, `broken` or `held`. */
  answer = 'real';
  /** The page that `changed` answers with. */
  changed = '';
  #held = [];

  constructor(page) {
    this.page = page;
  }

  /** Before the page is opened. */
  async prepare() {
    await this.page.clock.install({ time: Date.now() });
    await this.page.addInitScript(listen);
    const isOurs = (route) => ['fetch', 'xhr'].includes(route.request().resourceType());
    await this.page.route('**/*', (route) => (isOurs(route) ? this.#respond(route) : route.continue()));
  }

  /** From now on only we move the clock. */
  async stop() {
    await this.page.clock.pauseAt(Date.now() + STEP);
  }

  pass(milliseconds) {
    return this.page.clock.runFor(milliseconds);
  }

  asked() {
    return this.page.evaluate(() => window.renewal.asked);
  }

  /** Moves the clock until the page asks, and lets it read the answer: the milliseconds that passed on its clock. */
  async round(answer) {
    this.answer = answer;
    const before = await this.asked();
    let passed = 0;
    while ((await this.asked()) === before) {
      if (passed >= NEVER) throw new Error(`the page does not ask for itself again within ${NEVER / STEP} s`);
      await this.pass(STEP);
      passed += STEP;
    }
    if (answer !== 'held') await this.read();
    return passed;
  }

  /** Until the page has read all its answers. */
  async read() {
    const isRead = () => this.page.evaluate(() => window.renewal.read >= window.renewal.asked);
    await until('the page has read the answer', isRead);
  }

  /** Lets go of the answers that were held back. */
  async release() {
    await Promise.all(this.#held.splice(0).map((route) => route.abort().catch(() => {})));
    await this.read();
  }

  #respond(route) {
    const html = (status, body) => route.fulfill({ status, contentType: 'text/html; charset=utf-8', body });
    switch (this.answer) {
      case 'changed':
        return html(200, this.changed);
      case 'failing':
        return html(503, '<!doctype html><title>Away</title><main><h1>Away</h1></main>');
      case 'broken':
        return route.abort('connectionfailed');
      case 'held':
        return this.#held.push(route);
      default:
        return route.continue();
    }
  }
}

/** Runs in the page, before anything of it: counts what is asked and what was read. */
function listen() {
  const ask = window.fetch;
  const renewal = (window.renewal = { asked: 0, read: 0 });
  const done = () => (renewal.read += 1);
  window.fetch = async (...given) => {
    renewal.asked += 1;
    const response = await ask(...given).catch((error) => Promise.reject((done(), error)));
    if (!response.ok) done();
    else {
      const text = response.text.bind(response);
      response.text = () => text().finally(done);
    }
    return response;
  };
}
