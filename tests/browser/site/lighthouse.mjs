// Lighthouse, as a phone and as a desk, in a Chromium of its own. By hand:
//   node lighthouse.mjs '{"url":"http://127.0.0.1:8080/s/shop","least":100}'
import { run } from '../lib/run.mjs';
import { FLAGS, PATH } from './chromium.mjs';
import { bring, without } from './kit.mjs';

const SPEED = 'performance';
const CATEGORIES = [SPEED, 'accessibility', 'best-practices', 'seo'];
const MOST_RUNS = 3;

/** The four scores of 0 to 100 by preset; with `least`, fails when one is below, and says which audits cost it. */
export async function lighthouse(url, { presets = ['mobile', 'desktop'], least } = {}) {
  const launcher = await bring('chrome-launcher');
  const chrome = await launcher.launch({ chromePath: PATH, chromeFlags: ['--headless=new', ...FLAGS] });
  const kill = () => chrome.kill();
  process.once('exit', kill);
  try {
    const scores = {};
    const faults = [];
    for (const preset of presets) {
      const report = await typical(url, preset, chrome.port, least);
      scores[preset] = Object.fromEntries(CATEGORIES.map((name) => [name, scoreOf(report, name)]));
      process.stderr.write(`lighthouse ${preset} ${url}: ${told(scores[preset])}\n`);
      if (least !== undefined) faults.push(...CATEGORIES.flatMap((name) => shortOf(report, preset, name, least)));
    }
    without(`Lighthouse on ${url}`, faults);
    return scores;
  } finally {
    process.off('exit', kill);
    kill();
  }
}

/** The first that is good enough; when all that is wanting is speed, which the machine has a part in, the middle one of three. */
async function typical(url, preset, port, least = 0) {
  const reports = [];
  for (;;) {
    const report = await examine(url, preset, port);
    reports.push(report);
    const isSlow = scoreOf(report, SPEED) < least;
    const isWrong = CATEGORIES.some((name) => name !== SPEED && scoreOf(report, name) < least);
    if (isWrong || !isSlow) return report;
    if (reports.length === MOST_RUNS) break;
  }
  reports.sort((one, other) => scoreOf(one, SPEED) - scoreOf(other, SPEED));
  return reports[Math.floor(MOST_RUNS / 2)];
}

async function examine(url, preset, port) {
  const { default: measure, desktopConfig } = await bring('lighthouse');
  const flags = { port, onlyCategories: CATEGORIES, logLevel: 'error', output: 'json' };
  const { lhr } = await measure(url, flags, preset === 'desktop' ? desktopConfig : undefined);
  if (lhr.runtimeError) throw new Error(`Lighthouse on ${url}: ${lhr.runtimeError.message}`);
  return lhr;
}

/** A score that could not be had is none. */
function scoreOf({ categories }, name) {
  return Math.round((categories[name].score ?? 0) * 100);
}

function told(scores) {
  return CATEGORIES.map((name) => `${name} ${scores[name]}`).join(', ');
}

function shortOf(report, preset, name, least) {
  const score = scoreOf(report, name);
  if (score >= least) return [];
  const costs = ({ id, weight }) => weight > 0 && (report.audits[id].score ?? 1) < 1;
  const audits = report.categories[name].auditRefs.filter(costs).map(({ id }) => `${id}: ${report.audits[id].title}`);
  return [`${name} as a ${preset} is ${score}, not ${least}: ${audits.join('; ')}`];
}

if (process.argv[1] === import.meta.filename) {
  await run(({ url, ...options }) => lighthouse(url, options));
}
