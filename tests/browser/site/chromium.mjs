// Debian's Chromium, which reaches loopback and nothing else: its proxy is a port where nobody listens.
import { load, program } from '../lib/packages.mjs';

export const PATH = program('chromium');
export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--proxy-server=127.0.0.1:9',
  '--proxy-bypass-list=127.0.0.1',
];

/** Starts one for Playwright. */
export function launch() {
  return load('playwright-core').chromium.launch({ executablePath: PATH, headless: true, args: FLAGS });
}
