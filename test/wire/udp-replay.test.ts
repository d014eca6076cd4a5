/** UDP clients of other people, recorded once and played against the server as it is now. docs/clients/micq.md tells how it was made. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { asUin, Refused } from '@seekyou/core';
import { decodeReply } from '@seekyou/wire/udp';
import { openStage, Person, type Stage } from '../dialogue/stage.ts';
import { type Compare, formatUdpRecording, parseUdpRecording, replayUdp, type UdpRecording } from './udp-recording.ts';

const directory = join(import.meta.dirname, '../recordings');
const files = globSync('*.udp', { cwd: directory }).toSorted();
const PATIENCE_MS = 10_000;

/** `account: 100002 secret12 nickname=bob codepage=1251` */
async function accounts(stage: Stage, { headers }: UdpRecording): Promise<readonly Person[]> {
  const people: Person[] = [];
  for (const [, value] of headers.filter(([name]) => name === 'account')) {
    const [digits = '', password = '', ...more] = value.split(' ');
    const uin = asUin(Number(digits));
    assert.ok(uin, `${digits} is a UIN`);
    const word = (key: string): string | undefined => more.find((one) => one.startsWith(`${key}=`))?.slice(key.length + 1);
    const created = await stage.server.core.admin.create({ uin, password, nickname: word('nickname') ?? '', authorisationRequired: false });
    assert.ok(!(created instanceof Refused), `an account ${digits}`);
    await stage.server.core.admin.set(uin, { codepage: Number(word('codepage') ?? 1252) });
    people.push(new Person(word('nickname') ?? digits, uin, stage));
  }
  return people;
}

/** What bob does. */
async function act(bob: Person, other: Person, words: string): Promise<void> {
  const verb = words.split(' ', 1)[0];
  const text = words.slice(words.indexOf(' ') + 1);
  if (verb === 'signs') {
    await bob.signsOn();
    await bob.client.add(other.uin, other.name);
  } else if (verb === 'says') await bob.says(other, text);
  else if (verb === 'hears') await bob.hears(other, text);
  else if (verb === 'sees') await bob.sees(other, text);
  else if (verb === 'leaves') await bob.signsOff();
  else assert.fail(`bob cannot: ${words}`);
}

/** Said in the same words again; what time it is and where everybody is may differ. */
const WORD_FOR_WORD: ReadonlySet<string> = new Set(['sysDeliveredMess', 'statusUpdate', 'userOffline', 'userFound', 'endOfSearch', 'metaUser', 'randUser']);

const compare: Compare = (name, once, now) => {
  if (WORD_FOR_WORD.has(name)) assert.deepEqual(now.parameters, once.parameters, name);
  if (name !== 'recvMessage') return;
  const [before, after] = [once, now].map(
    (packet) => decodeReply(5, packet)?.value as { readonly from: number; readonly type: number; readonly text: Uint8Array },
  );
  assert.deepEqual({ ...after, time: 0 }, { ...before, time: 0 });
};

test('there is a recording of mICQ 0.4.11', () => {
  assert.ok(files.some((file) => readFileSync(join(directory, file), 'utf8').startsWith('origin: mICQ 0.4.11')));
});

for (const file of files) {
  test(`${file}, played again`, async () => {
    const text = readFileSync(join(directory, file), 'utf8');
    const recording = parseUdpRecording(text);
    assert.equal(formatUdpRecording(recording), text, 'it is written as it is read');
    const stage = await openStage();
    try {
      const [client, bob] = await accounts(stage, recording);
      assert.ok(client && bob);
      const port = Number(/:(\d+)$/.exec(stage.server.udpAddresses[0] as string)?.[1]);
      await replayUdp(recording, { server: { host: '127.0.0.1', port }, act: (words) => act(bob, client, words), compare, patienceMs: PATIENCE_MS });
      await bob.leave();
    } finally {
      await stage.close();
    }
  });
}
