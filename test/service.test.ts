/** What an administrator installs: units that systemd understands, and a container whose steps name things that exist. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeDirectory, root, temporaryDirectory } from './process.ts';

const SYSTEMD = join(root, 'deploy/systemd');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
const needsSystemd = hasSystemd ? {} : { skip: 'systemd-analyze is not here; apt-get install systemd enables it' };

/** The units as they would be installed, with a program that exists on this machine. */
function installed(withPort443: boolean): { readonly directory: string; readonly unit: string } {
  const directory = temporaryDirectory();
  const unit = join(directory, 'seekyou.service');
  const adapted = (text: string): string => text.replaceAll('/usr/local/bin/seekyou', process.execPath);
  writeFileSync(unit, adapted(readFileSync(join(SYSTEMD, 'seekyou.service'), 'utf8')));
  if (withPort443) {
    cpSync(join(SYSTEMD, 'seekyou.service.d'), `${unit}.d`, { recursive: true });
    for (const name of readdirSync(`${unit}.d`)) writeFileSync(join(`${unit}.d`, name), adapted(readFileSync(join(`${unit}.d`, name), 'utf8')));
  }
  return { directory, unit };
}

for (const [name, withPort443] of [
  ['the unit', false],
  ['the unit with port 443', true],
] as const) {
  test(`${name} is understood by systemd, and leaves the service next to nothing`, needsSystemd, () => {
    const { directory, unit } = installed(withPort443);
    try {
      const verified = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
      assert.deepEqual([verified.status, verified.stderr], [0, '']);
      // 0 is a service that can do nothing, 10 one that can do everything; this fails above 2.
      const judged = spawnSync('systemd-analyze', ['security', '--offline=yes', '--threshold=20', unit], { encoding: 'utf8' });
      assert.equal(judged.status, 0, judged.stdout);
    } finally {
      removeDirectory(directory);
    }
  });
}

test('the test of the units can fail', needsSystemd, () => {
  const { directory, unit } = installed(false);
  try {
    writeFileSync(unit, readFileSync(unit, 'utf8').replace('NoNewPrivileges=yes', 'NoNewPrivilege=yes'));
    assert.match(spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' }).stderr, /NoNewPrivilege/);
  } finally {
    removeDirectory(directory);
  }
});

test('the container copies what is there, and starts what is there', () => {
  const file = readFileSync(join(root, 'deploy/container/Containerfile'), 'utf8');
  const copied = [...file.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => (match[1] as string).split(' '));
  assert.ok(copied.length >= 4);
  for (const path of copied) assert.ok(existsSync(join(root, path)), path);
  const program = /^ENTRYPOINT \["node", "([^"]+)"\]$/m.exec(file)?.[1];
  assert.ok(program !== undefined && existsSync(join(root, program)), program);
  // Every workspace has to be there, or npm ci refuses the lock file.
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { workspaces: string[] };
  for (const workspace of workspaces.map((one) => one.replace('/*', ''))) {
    assert.ok(
      copied.some((path) => path === workspace || path === `${workspace}/package.json`),
      workspace,
    );
  }
  assert.match(file, /^USER node$/m);
});
