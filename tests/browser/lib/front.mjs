// The shop's own web server, as far as a browser can tell: it serves the page, and passes on to Plimsoll what is Plimsoll's.
// It remembers what it was sent byte by byte, before anything of ours has touched it.
import { createServer, request as ask } from 'node:http';

const HOP = ['connection', 'keep-alive', 'proxy-connection'];

export class Front {
  /** Requests that came whole, in order: `{ method, path, headers, body, status, answered }`. */
  sent = [];
  /** Requests that the browser gave up before they had come whole. */
  cut = [];
  /** What a preflight waits for before it is passed on. */
  permission = Promise.resolve();
  #open = 0;
  #idle = [];

  /** `pages` are answers by path; `passed` says which paths are Plimsoll's, which is at `plimsoll` (`host:port`). */
  constructor({ port, plimsoll, pages = {}, policy, cookie, passed = [] }) {
    Object.assign(this, { port, plimsoll, pages, policy, cookie, passed });
    this.origin = `http://127.0.0.1:${port}`;
    this.server = createServer((request, response) => this.#receive(request, response));
  }

  async start() {
    await new Promise((done, fail) => this.server.once('error', fail).listen(this.port, '127.0.0.1', done));
  }

  /** Waits until all that came has been answered. */
  async settled() {
    if (this.#open) await new Promise((done) => this.#idle.push(done));
  }

  /** What came to Plimsoll by this method. */
  of(method) {
    return this.sent.filter((one) => one.method === method);
  }

  #receive(request, response) {
    this.#follow(response);
    const path = new URL(request.url, this.origin).pathname;
    if (this.passed.some((begin) => path.startsWith(begin))) {
      const isPreflight = request.method === 'OPTIONS';
      (isPreflight ? this.permission : Promise.resolve()).then(() => this.#pass(request, response));
    } else {
      this.#serve(path, response);
    }
  }

  #follow(way) {
    this.#open += 1;
    way.once('close', () => {
      this.#open -= 1;
      if (!this.#open) this.#idle.splice(0).forEach((done) => done());
    });
  }

  #serve(path, response) {
    const page = this.pages[path];
    if (!page) return response.writeHead(404).end();
    const headers = { 'content-type': page.type, 'content-security-policy': this.policy };
    if (this.cookie) headers['set-cookie'] = `${this.cookie}; HttpOnly; Path=/`;
    return response.writeHead(200, headers).end(page.body);
  }

  /** Streams both ways, as it comes: what the browser cuts off is cut off for Plimsoll. */
  #pass(request, response) {
    const headers = { ...endToEnd(request.headers), 'x-forwarded-for': request.socket.remoteAddress };
    const [host, port] = this.plimsoll.split(':');
    const upstream = ask({ host, port, method: request.method, path: request.url, headers, agent: false });
    this.#follow(upstream);
    const one = { method: request.method, path: request.url, headers: request.headers };
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => this.sent.push(Object.assign(one, { body: Buffer.concat(chunks) })));
    request.on('error', () => {
      this.cut.push(one);
      upstream.destroy();
    });
    upstream.on('response', (answer) => {
      Object.assign(one, { status: answer.statusCode, answered: answer.headers });
      response.writeHead(answer.statusCode, endToEnd(answer.headers));
      // A page that is gone hears no answer, and what it sent is passed on all the same.
      response.once('close', () => answer.resume());
      answer.pipe(response);
    });
    upstream.on('error', (error) => {
      one.failed = error.message;
      response.destroy();
    });
    request.pipe(upstream);
  }
}

/** Without what concerns one connection only. */
function endToEnd(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.includes(name)));
}
