// That a page fits: nothing makes it scroll sideways, nothing is cut off, nothing sticks out.
import { counted, visit, without } from './kit.mjs';

/** Looks at `path` at one width, by default the narrowest that WCAG asks for (1.4.10). */
export async function overflow(reader, base, { path, width = 320, theme }) {
  const faults = await visit(reader, base + path, { theme, width }, (page) => page.evaluate(measure));
  without(`it does not fit into ${width} px`, counted(faults));
}

/** Runs in the page. */
function measure() {
  const { scrollWidth } = document.scrollingElement;
  const faults = scrollWidth > innerWidth ? [`it scrolls sideways: ${scrollWidth} px`] : [];
  const isScroller = (element) => ['auto', 'scroll'].includes(getComputedStyle(element).overflowX);
  const isInScroller = ({ parentElement: above }) => Boolean(above) && (isScroller(above) || isInScroller(above));
  const cuts = (overflow, inside, outside) => ['hidden', 'clip'].includes(overflow) && inside > outside + 1;
  const isCut = (element, { overflowX, overflowY }) =>
    cuts(overflowX, element.scrollWidth, element.clientWidth) || cuts(overflowY, element.scrollHeight, element.clientHeight);
  for (const element of document.body.querySelectorAll('*')) {
    const style = getComputedStyle(element);
    const { width, left, right } = element.getBoundingClientRect();
    // What is for screen readers alone is clipped on purpose.
    const isShown = width > 1 && style.clipPath !== 'inset(50%)';
    if (!isShown || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const says = element.textContent.trim().replace(/\s+/g, ' ').slice(0, 40);
    const name = [element.localName, ...element.classList].join('.');
    const isOutside = right > innerWidth + 1 || left < -1;
    if (isOutside && !isInScroller(element)) faults.push(`${name} sticks out: "${says}"`);
    if (says && isCut(element, style)) faults.push(`${name} is cut off: "${says}"`);
  }
  return faults;
}
