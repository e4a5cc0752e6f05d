// How one page is come to: by its address, or by a form on the way; and what the browser says of whoever comes.

export class Reader {
  #browser;
  #ours;
  #page;

  /** `headers`: what is sent with everything; `status`: what the page answers; `come`: from its address to the page itself. */
  constructor(browser, { headers, locale, status = 200, come = (page, url) => page.goto(url) }) {
    this.#browser = browser;
    this.#ours = { headers, locale };
    this.#page = { status, come };
  }

  /** Each from an address of its own: forms count who sends them. */
  newContext(options) {
    const part = () => Math.floor(Math.random() * 254) + 1;
    const from = { 'x-forwarded-for': `10.${part()}.${part()}.${part()}` };
    const extraHTTPHeaders = { ...from, ...this.#ours.headers };
    return this.#browser.newContext({ locale: this.#ours.locale, ...options, extraHTTPHeaders });
  }

  /** What the page was answered with. */
  async open(page, url) {
    const answer = await this.#page.come(page, url);
    if (answer.status() !== this.#page.status) throw new Error(`it answers ${answer.status()}`);
    return answer;
  }
}

/** Fills in a form, sends it, and waits until `shown` is there. */
export function sending(fields, shown) {
  return async (page, url) => {
    await page.goto(url);
    for (const [selector, value] of Object.entries(fields)) {
      const field = page.locator(selector);
      await (typeof value === 'boolean' ? field.setChecked(value) : field.fill(value));
    }
    const isSent = (answer) => answer.request().method() === 'POST';
    const [answer] = await Promise.all([page.waitForResponse(isSent), page.locator('main form button').click()]);
    await page.locator(shown).first().waitFor();
    return answer;
  };
}
