/** A full disk: nothing acknowledged that is not stored, nothing lost, and everything goes on when there is room again. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect, nodePlatform, RequestRefused } from '@seekyou/client';
import { removeDirectory, seekyou, serve, temporaryDirectory } from './process.ts';

const rootOnLinux = process.platform === 'linux' && process.getuid?.() === 0;

test('on a full disk a message is refused, and is taken when there is room again', {
  skip: rootOnLinux ? false : 'a small file system is needed: sudo npm test',
}, async () => {
  const base = temporaryDirectory();
  const small = join(base, 'small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', small]);
  try {
    const data = join(small, 'data');
    const filler = join(small, 'filler');
    const { talker, port, admin } = await serve(data);
    try {
      const account = async (): Promise<number> =>
        (JSON.parse((await seekyou('user', 'add', '--password', 'secret12', '--data', data, '--json')).stdout) as { uin: number }).uin;
      const [anna, boris] = [await account(), await account()];
      const client = await connect(nodePlatform(), { server: { host: '127.0.0.1', port }, uin: anna, password: 'secret12', tls: 'off' });
      const acknowledged: string[] = [];
      const refusals: unknown[] = [];
      const say = (text: string): Promise<unknown> =>
        client.send(boris, text).then(
          () => acknowledged.push(text),
          (error: unknown) => refusals.push(error),
        );
      await say('before');
      fill(filler);
      // What is in the log already has its room; sooner or later a message needs a new page.
      for (let i = 0; i < 500 && refusals.length < 5; i++) await say(`while full ${i} ${'x'.repeat(500)}`);
      for (const refusal of refusals) assert.ok(refusal instanceof RequestRefused, `a refusal came: ${String(refusal)}`);
      assert.equal(refusals.length, 5);
      assert.equal((await fetch(`${admin}/healthz`)).status, 200, 'it still serves');
      rmSync(filler);
      await say('after');
      client.close();
      const reader = await connect(nodePlatform(), { server: { host: '127.0.0.1', port }, uin: boris, password: 'secret12', tls: 'off' });
      const texts: string[] = [];
      await new Promise<void>((resolve) =>
        reader.listen((event) => {
          if (event.type !== 'message') return;
          texts.push(event.text);
          if (event.text === 'after') resolve();
        }),
      );
      assert.equal(acknowledged.at(-1), 'after');
      assert.deepEqual(texts, acknowledged, 'what was acknowledged, in its order, once; and nothing that was refused');
      reader.close();
      talker.signal('SIGTERM');
      assert.equal((await talker.end()).code, 0);
    } finally {
      await talker.kill();
    }
    fill(filler);
    const onFull = await seekyou('serve', '--data', join(small, 'new'), '--listen', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--admin', '127.0.0.1:0');
    assert.equal(onFull.code, 1);
    assert.match(onFull.stderr, /no space|full/i);
    assert.doesNotMatch(onFull.stderr, /fault of seekyou/);
  } finally {
    execFileSync('umount', ['-l', small]);
    removeDirectory(base);
  }
});

/** Until nothing fits, down to single bytes. */
function fill(file: string): void {
  for (const size of [65_536, 4_096, 512, 1]) {
    try {
      for (;;) appendFileSync(file, Buffer.alloc(size, 1));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}
