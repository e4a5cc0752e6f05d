// The Nu HTML checker over pages as they were served: no errors, and no warnings but those that are named here.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { modules, program } from '../lib/packages.mjs';
import { counted, without } from './kit.mjs';

const JAR = join(modules, 'vnu-jar/build/dist/vnu.jar');
const OPTIONS = ['--stdout', '--exit-zero-always', '--format', 'json'];
const LONGEST_OUTPUT = 64 * 1024 * 1024;

/** What is let pass, each with its reason; the shorter the better. */
export const ALLOWED = [];

/** `texts`: by name, whole documents. */
export async function validate(texts, { allowed = ALLOWED } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-vnu-'));
  try {
    const files = Object.entries(texts).map(([name, text], index) => ({ name, text, file: `${index}.html` }));
    await Promise.all(files.map(({ file, text }) => writeFile(join(folder, file), text)));
    const given = files.map(({ file }) => join(folder, file));
    const ran = await promisify(execFile)(program('java'), ['-jar', JAR, ...OPTIONS, ...given], { maxBuffer: LONGEST_OUTPUT });
    const nameOf = (url) => files.find(({ file }) => url?.endsWith(`/${file}`))?.name ?? 'the checker';
    const isAllowed = ({ message }) => allowed.some((pattern) => pattern.test(message));
    const { messages } = JSON.parse(ran.stdout);
    const faults = messages.filter((one) => !isAllowed(one)).map((one) => told(nameOf(one.url), one));
    without('the Nu HTML checker', counted(faults));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function told(name, { type, subType, lastLine, message, extract = '' }) {
  return `${name}: ${subType ?? type} in line ${lastLine}: ${message} ${extract.replace(/\s+/g, ' ').trim()}`;
}
