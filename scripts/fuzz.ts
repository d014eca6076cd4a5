/**
 * `npm run fuzz -- --seconds N --seed S`: mutated sessions against a live server, which two well-behaved people must not notice.
 *
 * Exit codes: 0 nothing was found; 1 something was, and the data directory is kept; 2 wrong usage.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Chance } from '../bench/src/chance.ts';
import { FuzzTest } from '../bench/src/fuzz/fuzz.ts';
import { Progress } from '../bench/src/run/progress.ts';
import { given } from './given.ts';

const USAGE = `npm run fuzz -- [options]

  --seconds N   how long (default 60)
  --batches N   how many batches instead: with the seed of one, it alone is repeated
  --seed N      of the first batch; each next one has the next number (default: a new one, printed)
  --dir DIR     make the database there (default: the system's directory for temporary files)
`;

function options() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      batches: { type: 'string' },
      seed: { type: 'string' },
      dir: { type: 'string', default: tmpdir() },
    },
  });
  const { seconds, batches, seed, dir } = values;
  if (![seconds, batches ?? '0', seed ?? '0'].every((text) => /^\d+$/.test(text))) throw new Error('--seconds, --batches and --seed are numbers');
  return {
    seconds: Number(seconds),
    batches: batches === undefined ? Number.POSITIVE_INFINITY : Number(batches),
    seed: seed === undefined ? Chance.seed() : Number(seed),
    dir,
  };
}

const { seconds, batches, seed, dir } = given(USAGE, options);
const data = mkdtempSync(join(dir, 'seekyou-fuzz-'));
const progress = new Progress(process.stderr);
const test = new FuzzTest(data, (what) => progress.tell(what));
process.stdout.write(`fuzz: --seed ${seed}\n`);

async function run(): Promise<boolean> {
  const { specimens } = await test.prepare();
  process.stdout.write(`${specimens} frames to change\n`);
  const until = performance.now() + seconds * 1000;
  let sessions = 0;
  let bytes = 0;
  let slowestMs = 0;
  let memory = 0;
  let batch = 0;
  while (batch < batches && (batches !== Number.POSITIVE_INFINITY || performance.now() < until)) {
    const report = await test.batch(batch + 1, (seed + batch) >>> 0);
    batch++;
    sessions += report.sessions;
    bytes += report.bytes;
    slowestMs = Math.max(slowestMs, report.exchangeMs);
    memory = report.memoryBytes;
    progress.tell(`batch ${batch}: ${sessions} sessions, ${bytes} bytes, exchange ${report.exchangeMs.toFixed(1)} ms, server ${Math.round(memory / 1e6)} MB`);
    if (report.faults.length === 0) continue;
    progress.clear();
    process.stdout.write(`batch ${batch} FAILED; repeat it with --seed ${report.seed} --batches 1\n`);
    for (const fault of report.faults) process.stdout.write(`  ${fault}\n`);
    return false;
  }
  await test.stop();
  progress.clear();
  const exchanges = `slowest exchange of the witnesses ${slowestMs.toFixed(1)} ms, server ${Math.round(memory / 1e6)} MB`;
  process.stdout.write(`${batch} batches, ${sessions} sessions, ${bytes} bytes: nothing found; ${exchanges}\n`);
  return true;
}

let found = true;
try {
  found = !(await run());
} catch (error) {
  progress.clear();
  process.stdout.write(`FAILED: ${(error as Error).message}\n`);
}
if (found) {
  process.stdout.write(`the data and what was sent are kept in ${data}\n`);
  await test.kill();
} else rmSync(data, { recursive: true, force: true });
process.exit(found ? 1 : 0);
