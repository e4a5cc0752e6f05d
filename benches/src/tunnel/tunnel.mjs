// The tunnel that Sentry's documentation shows, without a framework: with fetch, as it stands there, or with an agent that
// keeps connections. Arguments: port, host of the DSN, project, fetch or agent.
import http from 'node:http';

const [port, host, project, how] = process.argv.slice(2);
const projects = new Set([project]);
const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });

function answer(response, status, body) {
    const text = JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
}

async function relay(envelope, response) {
    const header = JSON.parse(envelope.subarray(0, envelope.indexOf('\n')).toString('utf8'));
    const dsn = new URL(header.dsn);
    const wanted = dsn.pathname.replace('/', '');
    if (dsn.host !== host) throw new Error(`Invalid sentry hostname: ${dsn.host}`);
    if (!projects.has(wanted)) throw new Error(`Invalid sentry project id: ${wanted}`);
    const url = `http://${host}/api/${wanted}/envelope/`;
    if (how === 'fetch') {
        const answered = await fetch(url, { method: 'POST', body: envelope });
        await answered.arrayBuffer();
        answer(response, answered.status, {});
        return;
    }
    const headers = { 'content-type': 'application/x-sentry-envelope', 'content-length': envelope.length };
    const upstream = http.request(url, { method: 'POST', agent, headers }, (answered) => {
        answered.resume();
        answered.on('end', () => answer(response, answered.statusCode, {}));
    });
    upstream.on('error', () => answer(response, 502, { error: 'error tunneling to sentry' }));
    upstream.end(envelope);
}

const server = http.createServer((request, response) => {
    if (request.method === 'GET') {
        answer(response, 200, {});
        return;
    }
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
        const failed = () => answer(response, 500, { error: 'error tunneling to sentry' });
        relay(Buffer.concat(parts), response).catch(failed);
    });
});
server.listen(Number(port), '127.0.0.1');
