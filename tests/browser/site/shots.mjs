// Pictures of pages for people to look at: light and dark, of a phone, a tablet and a desk.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { visit } from './kit.mjs';

export const THEMES = ['light', 'dark'];
export const WIDTHS = [320, 768, 1440];

/** Takes one picture for each page, theme and width into `folder`: the files' paths. */
export async function shots(readerOf, base, { pages, folder, themes = THEMES, widths = WIDTHS }) {
  await mkdir(folder, { recursive: true });
  const files = [];
  for (const one of pages) {
    for (const theme of themes) {
      for (const width of widths) {
        const file = join(folder, `${one.name}-${theme}-${width}.png`);
        const take = (page) => page.screenshot({ path: file, fullPage: true, animations: 'disabled' });
        await visit(readerOf(one), base + one.path, { theme, width }, take);
        files.push(file);
      }
    }
  }
  return files;
}
