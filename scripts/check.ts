/** `npm run check`: format, lint, types; the tests that look at the repository run with `npm test`. */
import { spawnSync } from 'node:child_process';

const steps: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ['format', 'biome', ['format', '.']],
  ['lint', 'oxlint', ['--type-aware', '--deny-warnings', 'packages', 'bench', 'test', 'scripts', 'lab']],
  ['types', 'tsc', ['-p', 'tsconfig.json']],
  ['repository', 'node', ['--conditions=source', '--test', '--test-reporter=dot', 'test/architecture.test.ts', 'test/tidiness.test.ts']],
];

let failed = 0;
for (const [name, command, args] of steps) {
  const started = Date.now();
  const run = spawnSync(`node_modules/.bin/${command}`, args, { stdio: ['ignore', 'inherit', 'inherit'], shell: false });
  const verdict = run.status === 0 ? 'ok' : 'FAILED';
  process.stdout.write(`check ${name}: ${verdict} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
  if (run.status !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
