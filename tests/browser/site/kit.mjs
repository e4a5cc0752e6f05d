// What the checks of the status page share.
import { pathToFileURL } from 'node:url';

import { load } from '../lib/packages.mjs';

const BETWEEN_LOOKS = 40;
const MOST_TOLD = 20;

/** A package, also one that is an ES module. */
export const bring = (name) => import(pathToFileURL(load.resolve(name)));

/** Has a reader open a page in a context of its own, has it used, and closes both. `before` sees the page while it is blank. */
export async function visit(reader, url, options, use) {
  const { theme = 'light', width = 1280, height = 800, before, ...more } = options;
  const context = await reader.newContext({
    colorScheme: theme,
    viewport: { width, height },
    reducedMotion: 'reduce',
    ...more,
  });
  try {
    const page = await context.newPage();
    await before?.(page);
    const answer = await reader.open(page, url);
    return await use(page, context, answer);
  } finally {
    await context.close();
  }
}

/** What `look` finds, as soon as it finds something. */
export async function until(what, look, within = 10_000) {
  const end = Date.now() + within;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${within / 1_000} s: ${what}`);
    await new Promise((done) => setTimeout(done, BETWEEN_LOOKS));
  }
}

/** Fails with these lines when there are any; of very many, the first tell enough. */
export function without(what, faults) {
  if (faults.length === 0) return;
  const told = faults.slice(0, MOST_TOLD);
  if (faults.length > told.length) told.push(`and ${faults.length - told.length} more`);
  throw new Error([`${what}: ${faults.length}`, ...told].join('\n  '));
}

/** The same line many times is told once, with how often. */
export function counted(lines) {
  const many = Map.groupBy(lines, (line) => line);
  return [...many].map(([line, { length }]) => (length > 1 ? `${line} (${length} times)` : line));
}
