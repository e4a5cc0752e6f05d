// Where npm has put the packages: into the cache of the tools and not beside these files, so that a checkout stays clean and
// `make clean-tools` forgets them. ES modules know no search path, hence `require`.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../.tools/browser/', import.meta.url));

export const modules = join(folder, 'node_modules');
export const load = createRequire(join(folder, 'package.json'));

/** The version of a package that is there. */
export function versionOf(name) {
  return load(join(modules, name, 'package.json')).version;
}

/** The path of a program on PATH. */
export function program(name) {
  const places = (process.env.PATH ?? '').split(delimiter).map((place) => join(place, name));
  const found = places.find((place) => existsSync(place));
  if (!found) throw new Error(`${name} is not on PATH; scripts/browser.sh installs it`);
  return found;
}
