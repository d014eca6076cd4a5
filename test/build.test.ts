/** What is published runs without the sources: built into a copy, served, asked. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeDirectory, root, Talker, temporaryDirectory, untilReady } from './process.ts';

test('the built packages serve', async () => {
  const copy = temporaryDirectory();
  let talker: Talker | undefined;
  try {
    for (const name of ['packages', 'package.json', 'tsconfig.base.json', 'tsconfig.build.json']) {
      cpSync(join(root, name), join(copy, name), { recursive: true, filter: (source) => !/[/\\](dist|node_modules|testdata)$/.test(source) });
    }
    // Other packages are found where npm put them; ours are those of the copy.
    cpSync(join(root, 'node_modules'), join(copy, 'node_modules'), {
      recursive: true,
      filter: (source) => !/node_modules[/\\](@seekyou|seekyou|node-[\w-]+|\.bin)$/.test(source),
    });
    for (const name of ['wire', 'core', 'net', 'server', 'client']) {
      execFileSync('mkdir', ['-p', join(copy, 'node_modules/@seekyou')]);
      symlinkSync(join(copy, 'packages', name), join(copy, 'node_modules/@seekyou', name));
    }
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-b', 'tsconfig.build.json'], { cwd: copy, stdio: 'pipe' });
    const data = join(copy, 'data');
    talker = new Talker(
      process.execPath,
      ['packages/cli/dist/main.js', 'serve', '--data', data, '--listen', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
      undefined,
      copy,
    );
    const { admin } = await untilReady(talker);
    assert.equal((await fetch(`${admin}/healthz`)).status, 200);
    talker.signal('SIGTERM');
    assert.equal((await talker.end()).code, 0, talker.errors);
  } finally {
    await talker?.kill();
    removeDirectory(copy);
  }
});
