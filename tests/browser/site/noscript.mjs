// A reader without scripts: everything is said all the same, and only the overview renews itself.
import { visit, without } from './kit.mjs';

/** `says`: the texts that `path` must show; `renews`: whether it is the page that reloads itself. */
export async function noscript(reader, base, { path, says = [], renews = false, theme, width }) {
  await visit(reader, base + path, { theme, width, javaScriptEnabled: false }, async (page) => {
    const shown = (await page.innerText('body')).replace(/\s+/g, ' ').toLowerCase();
    const faults = says.filter((text) => !shown.includes(text.toLowerCase())).map((text) => `it does not say "${text}"`);
    const refreshes = await page.locator('meta[http-equiv="refresh" i]').count();
    if (refreshes !== (renews ? 1 : 0)) faults.push(`it has ${refreshes} meta refresh, and ${renews ? 1 : 0} is wanted`);
    without('without scripts', faults);
  });
}
