/**
 * `npm run check`: format, lint, types, and every test, those that look at the repository among them.
 *
 * `npm run check -- STEP…` runs these steps alone.
 */
import { spawnSync } from 'node:child_process';

const steps: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ['format', 'biome', ['format', '.']],
  ['lint', 'oxlint', ['--type-aware', '--deny-warnings', 'packages', 'bench', 'test', 'scripts', 'lab']],
  ['types', 'tsc', ['-p', 'tsconfig.json']],
  ['tests', 'node', ['--conditions=source', 'scripts/test.ts']],
];

const names = steps.map(([name]) => name);
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !names.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`there is no step ${unknown}; the steps are ${names.join(', ')}\n`);
  process.exit(2);
}

let failed = 0;
for (const [name, command, args] of steps) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const started = Date.now();
  const run = spawnSync(`node_modules/.bin/${command}`, args, { stdio: ['ignore', 'inherit', 'inherit'], shell: false });
  const verdict = run.status === 0 ? 'ok' : 'FAILED';
  process.stdout.write(`check ${name}: ${verdict} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
  if (run.status !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
