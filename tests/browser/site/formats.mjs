// What is served for programs, as their programs read it: `urls` by format, and `statuspage` the address its client is given.
import { run } from '../lib/run.mjs';
import * as feeds from './feeds.mjs';
import { statuspage } from './statuspage.mjs';

await run(async ({ urls = {}, statuspage: base }) => {
  const told = {};
  for (const [format, url] of Object.entries(urls)) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
    const text = await answer.text();
    told[format] = await feeds[format](text).catch((error) => {
      throw new Error(`${url} as ${format}: ${error.message}`);
    });
  }
  if (base) told.statuspage = await statuspage(base);
  return told;
});
