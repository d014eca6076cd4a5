/**
 * `npm test`: every test this machine can run. What it cannot run is named with the reason and the command that would
 * enable it, and counts as skipped. With SEEKYOU_REQUIRE=all a skip is a failure.
 *
 * `npm test -- WORD…` runs the files whose path contains one of the words.
 */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const words = process.argv.slice(2);
const chosen = (file: string): boolean => words.length === 0 || words.some((word) => file.includes(word));
const files = globSync(['packages/*/src/**/*.test.ts', 'bench/src/**/*.test.ts', 'test/**/*.test.ts']).filter(chosen).toSorted();

/** Portable packages share no state between files, so they share one process; the rest gets a process a file. */
const portable = (file: string): boolean => /^packages\/(wire|core)\//.test(file);

/** Most files wait for sockets and processes of their own: more than processors keep each other company. */
const AT_ONCE = availableParallelism() + 2;
const OWN_PROCESS = { concurrency: AT_ONCE, execArgv: ['--import', new URL('ends.ts', import.meta.url).href] };

interface Tally {
  passed: number;
  failed: number;
  readonly skipped: string[];
}

async function runFiles(list: readonly string[], isolation: 'none' | 'process', tally: Tally): Promise<void> {
  if (list.length === 0) return;
  const stream = run({ files: [...list], isolation, ...(isolation === 'process' ? OWN_PROCESS : {}), timeout: 180_000 });
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite' && event.skip === undefined) return;
    if (event.skip !== undefined) tally.skipped.push(`${event.name}: ${String(event.skip)}`);
    else tally.passed++;
  });
  stream.on('test:fail', () => tally.failed++);
  const printed = stream.compose(spec());
  for await (const chunk of printed) process.stdout.write(chunk as string);
}

const started = Date.now();
const tally: Tally = { passed: 0, failed: 0, skipped: [] };
await runFiles(files.filter(portable), 'none', tally);
await runFiles(
  files.filter((file) => !portable(file)),
  'process',
  tally,
);

const requireAll = process.env['SEEKYOU_REQUIRE'] === 'all';
if (tally.skipped.length > 0) {
  process.stdout.write(
    `\nNot run here${requireAll ? ', though SEEKYOU_REQUIRE=all wants everything' : ''}:\n${tally.skipped.map((line) => `  ${line}`).join('\n')}\n`,
  );
}
process.stdout.write(`\n${((Date.now() - started) / 1000).toFixed(1)} s, ${files.length} files\n`);
process.stdout.write(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped.length} skipped\n`);
if (tally.failed > 0 || tally.passed === 0 || (requireAll && tally.skipped.length > 0)) process.exitCode = 1;
