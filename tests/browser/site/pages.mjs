// Every page of a tenant's site under every check. All that is wrong is told at once and not the first alone. By hand, with a
// server at hand:
//   node pages.mjs '{"base":"http://127.0.0.1:8080","slug":"shop","incident":"inc-1","component":"web"}'
// `checks` names those to be made (all of CHECKS unless given), `only` the pages, `shots` a folder for pictures.
import { run } from '../lib/run.mjs';
import { axe } from './axe.mjs';
import { launch } from './chromium.mjs';
import { visit, without } from './kit.mjs';
import { keyboard } from './keyboard.mjs';
import { noscript } from './noscript.mjs';
import { overflow } from './overflow.mjs';
import { pagesOf } from './places.mjs';
import { Reader } from './reader.mjs';
import { refresh } from './refresh.mjs';
import { WIDTHS, shots } from './shots.mjs';
import { validate } from './validate.mjs';
import { watch } from './watch.mjs';

/** In some themes, at some widths; what is wrong in several is told once. */
const everywhere = (use, places) => async (reader, base, page) => {
  const faults = [];
  for (const [theme, width] of places) {
    const note = ({ message }) => faults.push({ message, place: `${theme} ${width} px` });
    await use(reader, base, { ...page, theme, width }).catch(note);
  }
  const told = [...Map.groupBy(faults, ({ message }) => message)];
  const line = ([message, all]) => `${all.map(({ place }) => place).join(', ')}: ${message}`;
  without('in some theme or at some width', told.map(line));
};

// What is in the page depends on neither, colours on the theme and what is folded away on the width: both of each will do.
const CORNERS = [['light', WIDTHS[0]], ['dark', WIDTHS.at(-1)]];

const CHECKS = {
  axe: everywhere(axe, CORNERS),
  overflow: everywhere(overflow, WIDTHS.map((width) => ['light', width])),
  keyboard,
  noscript,
  clean: async (reader, base, { path, status }) => {
    const watched = await watch(reader, base, { status });
    await reader.open(watched.page, base + path);
    await watched.page.waitForLoadState('networkidle');
    await watched.assertClean().finally(() => watched.close());
  },
  refresh: async (reader, base, page) => (page.live ? refresh(reader, base, page) : undefined),
};

/** Those that look at all pages at once. */
const TOGETHER = {
  // As they were served, and in one run: the checker takes longer to start than to check.
  html: async (readerOf, base, pages) => {
    const texts = {};
    const read = (_, __, answer) => answer.text();
    for (const page of pages) {
      texts[page.name] = await visit(readerOf(page), base + page.path, { javaScriptEnabled: false }, read);
    }
    await validate(texts);
  },
};

await run(async (told) => {
  const { base, checks = Object.keys({ ...CHECKS, ...TOGETHER }), only, shots: folder } = told;
  const pages = pagesOf(told).filter(({ name }) => !only || only.includes(name));
  const browser = await launch();
  const findings = [];
  const readerOf = (page) => new Reader(browser, page);
  for (const check of checks) {
    const noteOf = (page) => ({ message }) => findings.push({ check, page, message });
    if (TOGETHER[check]) await TOGETHER[check](readerOf, base, pages).catch(noteOf('every page'));
    else for (const page of pages) await CHECKS[check](readerOf(page), base, page).catch(noteOf(page.name));
  }
  const pictures = folder ? await shots(readerOf, base, { pages, folder }) : [];
  await browser.close();
  return { chromium: browser.version(), checks, pages: pages.map(({ name }) => name), findings, pictures };
});
