// A reader with a keyboard alone: Tab goes through everything that can be acted on, in the order of the document, shows where
// it is, and comes out at the end. The first stop leads past what stands above the content.
import { counted, until, visit, without } from './kit.mjs';

const SMALLEST = 4;
const SHOWN_WITHIN = 1_000;

/** Goes through `path`; returns how many stops there are. */
export async function keyboard(reader, base, { path, theme, width, focus, bare }) {
  return visit(reader, base + path, { theme, width }, async (page) => {
    const faults = await focused(page, focus);
    faults.push(...(await page.evaluate(prepare)));
    const expected = await page.evaluate(() => window.stops.size);
    const seen = await through(page, expected, faults);
    const missed = await page.evaluate((names) => window.missed(names), seen);
    faults.push(...missed.map((name) => `Tab never comes to ${name}`));
    if (!bare) faults.push(...(await skips(page, () => reader.open(page, base + path))));
    without('with a keyboard', counted(faults));
    return seen.length;
  });
}

/** What does not have the focus at once, and should. */
async function focused(page, wanted) {
  if (!wanted) return [];
  const has = await page.locator(wanted).evaluate((element) => element === document.activeElement);
  return has ? [] : [`${wanted} does not have the focus at first`];
}

/** Presses Tab until it comes out at the end: the numbers of the stops. */
async function through(page, expected, faults) {
  const seen = [];
  for (let last = -1; ; ) {
    await page.keyboard.press('Tab');
    const stop = await shown(page);
    if (stop.number < 0 || stop.number === seen[0]) return seen;
    if (seen.includes(stop.number) || seen.length > 2 * expected + 9) {
      faults.push(`Tab is caught at ${stop.name}`);
      return seen;
    }
    if (stop.number < last) faults.push(`${stop.name} comes after what follows it in the document`);
    if (!stop.indicated) faults.push(`${stop.name} shows no focus`);
    if (Math.min(stop.width, stop.height) < SMALLEST) faults.push(`${stop.name} has the focus and is not to be seen`);
    if (!stop.inView) faults.push(`${stop.name} has the focus outside of what is shown`);
    last = stop.number;
    seen.push(stop.number);
  }
}

/** Where the focus is, once its indicator is there: a transition may take its time. */
async function shown(page) {
  let stop;
  const look = async () => {
    stop = await page.evaluate(() => window.focused());
    return stop.number < 0 || (stop.indicated && stop.inView);
  };
  await until('the focus is shown', look, SHOWN_WITHIN).catch(() => {});
  return stop;
}

/** That the first stop of the page leads to the content, and Tab goes on from there. */
async function skips(page, again) {
  await again();
  await page.evaluate(prepare);
  await page.keyboard.press('Tab');
  const target = await page.evaluate(() => document.activeElement.getAttribute('href'));
  if (!/^#./.test(target ?? '')) return [`the first stop leads to ${target}, and not past the head of the page`];
  await page.keyboard.press('Enter');
  await until('the address names the content', () => new URL(page.url()).hash === target);
  await page.keyboard.press('Tab');
  return page.evaluate(landed, target.slice(1));
}

/** Runs in the page. */
function landed(id) {
  const target = document.getElementById(id);
  if (!target) return [`the skip link leads to #${id}, which is not there`];
  const active = document.activeElement;
  const hasLink = [...window.stops.keys()].some((one) => target.contains(one));
  const where = target.compareDocumentPosition(active);
  const isIn = target.contains(active) || (!hasLink && where & Node.DOCUMENT_POSITION_FOLLOWING);
  return isIn ? [] : [`after the skip link Tab goes to ${window.nameOf(active)}, which is not in #${id}`];
}

/** Runs in the page: puts the focus before everything, notes what Tab should come to, and how it looks at rest. */
function prepare() {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute('tabindex');
  const reachable = 'a[href], button, input, select, textarea, summary, iframe, [tabindex], [contenteditable]';
  const look = (element) => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element);
    const hasOutline = outlineStyle !== 'none' && parseFloat(outlineWidth) > 0 && !/, 0\)$|^transparent$/.test(outlineColor);
    return { outline: hasOutline ? `${outlineStyle} ${outlineWidth} ${outlineColor}` : 'none', shadow: boxShadow };
  };
  const isStop = (element) =>
    element.tabIndex >= 0 && !element.matches(':disabled, [type="hidden"]') && !element.closest('[inert]') &&
    element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }) &&
    // Of the buttons of one choice, Tab comes to one.
    !(element.type === 'radio' && element.form?.elements[element.name]?.value && !element.checked);
  const stops = [...document.querySelectorAll(reachable)].filter(isStop);
  window.stops = new Map(stops.map((element) => [element, look(element)]));
  window.order = [...document.querySelectorAll('*')];
  window.nameOf = (element) => {
    const says = (element.getAttribute('aria-label') ?? element.textContent).trim().replace(/\s+/g, ' ').slice(0, 50);
    return `${element.localName} "${says}"`;
  };
  window.missed = (seen) => stops.filter((one) => !seen.includes(window.order.indexOf(one))).map(window.nameOf);
  window.focused = () => {
    const active = document.activeElement;
    if (!active || active === document.body) return { number: -1 };
    const [rest, now] = [window.stops.get(active) ?? { outline: 'none', shadow: 'none' }, look(active)];
    const { width, height, top, left, bottom, right } = active.getBoundingClientRect();
    const isNew = (one, before) => one !== 'none' && one !== before;
    const indicated = isNew(now.outline, rest.outline) || isNew(now.shadow, rest.shadow);
    const inView = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
    const [number, name] = [window.order.indexOf(active), window.nameOf(active)];
    return { number, name, indicated, width, height, inView };
  };
  return stops.filter((one) => one.tabIndex > 0).map((one) => `${window.nameOf(one)} has a tabindex above 0`);
}
