/** `old_clients = "own"`: what goes over the wire in the clear opens nothing else, on accounts from before, too. Real processes and sockets. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect, nodePlatform } from '@seekyou/client';
import { connectUdp, nodeUdpPlatform } from '@seekyou/client/udp';
import { removeDirectory, seekyou, serve, type Talker, temporaryDirectory } from './process.ts';
import { answerTo } from './wire/raw-client.ts';

const PASSWORD = 'secret12';
const NEXT = 'secret13';
const WAYS = ['hashed', 'hashed-old', 'roasted', 'UDP 2', 'UDP 5'] as const;

test('a password that old clients sent before is refused, until the command in the audit log makes two of it', async () => {
  const base = temporaryDirectory();
  const data = join(base, 'data');
  const started: Talker[] = [];
  const open = async (policy: string) => {
    const served = await serve(data, '--old-clients', policy);
    started.push(served.talker);
    return served;
  };
  try {
    const same = await open('same');
    const { uin } = JSON.parse((await seekyou('user', 'add', '--password', PASSWORD, '--data', data, '--json')).stdout) as { uin: number };
    const refusals = async ({ port, udpPort }: { readonly port: number; readonly udpPort: number }, password: string) => {
      const answers: Record<string, boolean> = {};
      for (const way of WAYS) {
        answers[way] = way.startsWith('UDP')
          ? await connectUdp(nodeUdpPlatform(), { server: { host: '127.0.0.1', port: udpPort }, version: Number(way.slice(4)) as 2 | 5, uin, password }).then(
              (client) => (client.close(), false),
              () => true,
            )
          : (await answerTo({ host: '127.0.0.1', port }, { uin, password }, way as 'hashed')).error !== undefined;
      }
      return answers;
    };
    const all = (refused: boolean): object => Object.fromEntries(WAYS.map((way) => [way, refused]));
    assert.deepEqual(await refusals(same, PASSWORD), all(false));
    same.talker.signal('SIGTERM');
    await same.talker.end();

    const own = await open('own');
    assert.deepEqual(await refusals(own, PASSWORD), all(true));
    const client = await connect(nodePlatform(), {
      server: { host: '127.0.0.1', port: own.port },
      uin,
      password: PASSWORD,
      tls: 'require',
      unknownKey: () => true,
    });
    client.close();
    own.talker.signal('SIGTERM');
    await own.talker.end();
    const lines = readFileSync(join(data, 'audit.log'), 'utf8').trim().split('\n');
    const repairs = lines.map((line) => JSON.parse(line) as { event: string; uin?: number; repair?: string }).filter(({ repair }) => repair !== undefined);
    assert.deepEqual(new Set(repairs.map(({ event, repair }) => `${event}: ${repair}`)), new Set([`sign-on-refused: seekyou user passwd ${uin}`]));
    assert.ok(own.talker.errors.includes(`seekyou user passwd ${uin}`), own.talker.errors);

    const repair = ['user', 'passwd', String(uin), '--password', NEXT, '--old-clients', 'own', '--data', data, '--json'];
    const { oldPassword } = JSON.parse((await seekyou(...repair)).stdout) as { oldPassword: string };
    const mended = await open('own');
    assert.deepEqual(await refusals(mended, oldPassword), all(false));
  } finally {
    for (const talker of started) await talker.kill();
    removeDirectory(base);
  }
});
