// Debian's Chromium, which reaches loopback and nothing else: its proxy is a port where nobody listens.
import { FLAGS as QUIET } from '../lib/browser.mjs';
import { load, program } from '../lib/packages.mjs';

export const PATH = program('chromium');
export const FLAGS = [...QUIET, '--proxy-server=127.0.0.1:9'];

/** Starts one for Playwright. */
export function launch() {
  return load('playwright-core').chromium.launch({ executablePath: PATH, headless: true, args: FLAGS });
}
