/** What the scripts of the repository make of their options. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { cleanEnvironment, root } from './process.ts';

function script(name: string, ...args: readonly string[]) {
  return spawnSync(process.execPath, ['--conditions=source', `scripts/${name}.ts`, ...args], { cwd: root, encoding: 'utf8', env: cleanEnvironment() });
}

for (const name of ['bench', 'crash', 'fuzz']) {
  test(`${name} tells its options when it is asked, which is not wrong`, () => {
    const { status, stdout } = script(name, '--help');
    assert.equal(status, 0);
    assert.ok(stdout.startsWith(`npm run ${name} -- `));
  });
}

test('bench takes no option that the run has not', () => {
  for (const [args, expected] of [
    [['rooms', '--short', '--against', '127.0.0.1:1'], /^--against is for smoke$/m],
    [['udp', '--only', 'foo'], /^--only is for smoke and abuse$/m],
    [['smoke', '--only', 'foo'], /^--only: foo is none of /m],
  ] as const) {
    const { status, stderr } = script('bench', ...args);
    assert.equal(status, 2, args.join(' '));
    assert.match(stderr, expected);
  }
});

test('check takes the names of its steps', () => {
  const { status, stderr } = script('check', 'formt');
  assert.equal(status, 2);
  assert.match(stderr, /^there is no step formt; the steps are format, lint, types, tests$/m);
});
