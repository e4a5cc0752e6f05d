// The shop's pages, with the SDK that is named: bundled as a shop would, since the SDK is no file that a browser takes.
import { fileURLToPath } from 'node:url';

import { load, modules } from './packages.mjs';

const HTML = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Ropes</title>
<body><h1>Ropes</h1><script type="module" src="/app.js"></script></body></html>
`;
const AWAY = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Elsewhere</title></html>\n';

/** Pages by path. */
export async function bundle(sdk) {
  const built = await load('esbuild').build({
    entryPoints: [fileURLToPath(new URL('../page/app.js', import.meta.url))],
    alias: { 'the-sdk': sdk },
    nodePaths: [modules],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
  });
  return {
    '/': { type: 'text/html; charset=utf-8', body: HTML },
    '/away': { type: 'text/html; charset=utf-8', body: AWAY },
    '/app.js': { type: 'text/javascript; charset=utf-8', body: built.outputFiles[0].contents },
  };
}

/** The policy of a page that may connect to `place` and nowhere else. */
export function policy(place) {
  return `default-src 'none'; script-src 'self'; connect-src ${place}; worker-src 'self' blob:; base-uri 'none'`;
}
