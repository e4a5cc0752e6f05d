// axe-core over a page as it stands, with all that is folded away unfolded. axe is put into the page by hand, which the page's
// policy would forbid: only these contexts are let past it, and `watch.mjs` looks at pages that are not.
import { load } from '../lib/packages.mjs';
import { visit, without } from './kit.mjs';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** That axe finds nothing on `path`, in one theme and at one width. */
export async function axe(reader, base, { path, theme, width }) {
  await visit(reader, base + path, { theme, width, bypassCSP: true }, async (page) => {
    await page.evaluate(load('axe-core').source);
    const { violations } = await page.evaluate(examine, TAGS);
    without('axe', violations.flatMap(({ id, impact, nodes }) => nodes.map((node) => told(id, impact, node))));
  });
}

/** Runs in the page. */
function examine(values) {
  for (const folded of document.querySelectorAll('details')) folded.open = true;
  return window.axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations'] });
}

function told(id, impact, { target, failureSummary }) {
  return `${id} (${impact}) at ${target.flat().join(' ')}: ${failureSummary.replace(/\s+/g, ' ')}`;
}
