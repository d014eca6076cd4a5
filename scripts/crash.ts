/**
 * `npm run crash -- --rounds N`: kill -9 under load, then account for every acknowledged message.
 *
 * Exit codes: 0 nothing was lost; 1 something was, and the data directory is kept; 2 wrong usage.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Chance } from '../bench/src/chance.ts';
import { CrashTest, type RoundReport } from '../bench/src/crash/crash.ts';
import { Progress } from '../bench/src/run/progress.ts';
import { given } from './given.ts';

const USAGE = `npm run crash -- [options]

  --rounds N   how often the server is killed (default 5)
  --seed N     repeat a run: when it is killed and who writes to whom (default: a new one, printed)
  --dir DIR    make the database there (default: the system's directory for temporary files)
`;

const FAULTS_SHOWN = 10;

function options() {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '5' }, seed: { type: 'string' }, dir: { type: 'string', default: tmpdir() } },
  });
  const numbers = [values.rounds, values.seed ?? '0'];
  if (!numbers.every((text) => /^\d+$/.test(text)) || values.rounds === '0') throw new Error('--rounds and --seed are numbers');
  return { rounds: Number(values.rounds), seed: values.seed === undefined ? Chance.seed() : Number(values.seed), dir: values.dir };
}

function show({ round, killedAfterMs, sent, acknowledged, stored, again, faults }: RoundReport): void {
  const counts = `${sent} sent, ${acknowledged} acknowledged, ${stored} stored, ${again} delivered again`;
  process.stdout.write(`round ${round}: killed after ${killedAfterMs} ms; ${counts}: ${faults.length === 0 ? 'ok' : 'FAILED'}\n`);
  for (const fault of faults.slice(0, FAULTS_SHOWN)) process.stdout.write(`  ${fault}\n`);
  if (faults.length > FAULTS_SHOWN) process.stdout.write(`  and ${faults.length - FAULTS_SHOWN} more\n`);
}

const { rounds, seed, dir } = given(USAGE, options);
const data = mkdtempSync(join(dir, 'seekyou-crash-'));
const progress = new Progress(process.stderr);
const test = new CrashTest(data, new Chance(seed), (what) => progress.tell(what));
process.stdout.write(`crash: ${rounds} rounds, --seed ${seed}\n`);
let failed = 0;
try {
  await test.prepare();
  for (let round = 1; round <= rounds; round++) {
    const report = await test.round(round);
    progress.clear();
    show(report);
    if (report.faults.length > 0) failed++;
  }
} catch (error) {
  progress.clear();
  process.stdout.write(`FAILED: ${(error as Error).message}\n`);
  failed++;
}
process.stdout.write(
  failed === 0 ? 'every acknowledged message was accounted for\n' : `${failed} rounds failed; --seed ${seed}; the data is kept in ${data}\n`,
);
if (failed === 0) rmSync(data, { recursive: true, force: true });
process.exit(failed === 0 ? 0 : 1);
