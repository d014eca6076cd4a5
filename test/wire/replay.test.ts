/**
 * Sessions of other people's programs, recorded once and played against the server as it is now: what they needed then they get
 * today, without installing them. docs/clients/ tells how the recordings were made.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { asUin, Refused } from '@seekyou/core';
import { decode, encode } from '@seekyou/wire';
import { buddy, decodeSnac, decodeSnacAs, encodeSnac, feedbag, FlapChannel, icbm, icqMeta, login, type SnacDeclaration } from '@seekyou/wire/oscar';
import { openStage, type Stage } from '../dialogue/stage.ts';
import { type Heard, kindOf, replay, type ReplayOptions, type Tamper } from './player.ts';
import { parseRecording, type Recording } from './recording.ts';

const directory = join(import.meta.dirname, '../recordings');
const files = globSync('*.txt', { cwd: directory }).toSorted();
/** What a recording notes where the server was stopped and started again. */
const RESTART = 'the server is restarted';
/** Here it is waited for what does not come. */
const CONTROL_PATIENCE_MS = 3_000;

const recordingIn = (file: string): Recording => parseRecording(readFileSync(join(directory, file), 'utf8'), file);

/** `account: 100001 secret12 nickname=bob authorisation codepage=1251`: it exists. `registers: 100001 secret12`: it comes to be. */
async function accounts(stage: Stage, { headers }: Recording): Promise<ReadonlyMap<number, string>> {
  const passwords = new Map<number, string>();
  for (const [name, value] of headers) {
    if (name !== 'account' && name !== 'registers') continue;
    const [digits = '', password = '', ...more] = value.split(' ');
    const uin = asUin(Number(digits));
    assert.ok(uin, `${digits} is a UIN`);
    passwords.set(uin, password);
    if (name === 'registers') continue;
    const word = (key: string): string | undefined => more.find((one) => one.startsWith(`${key}=`))?.slice(key.length + 1);
    const account = { uin, password, nickname: word('nickname') ?? '', authorisationRequired: more.includes('authorisation') };
    assert.ok(!((await stage.server.core.admin.create(account)) instanceof Refused), `an account ${digits}`);
    const codepage = word('codepage');
    if (codepage !== undefined) await stage.server.core.admin.set(uin, { codepage: Number(codepage) });
  }
  return passwords;
}

async function play(recording: Recording, options: Pick<ReplayOptions, 'tamper' | 'patienceMs'> = {}): Promise<Heard> {
  // Whatever a client was given counts as received with its next frame: a replay is faster than any person.
  const stage = await openStage({ 'limits.confirm_after_ms': 0 });
  try {
    const passwords = await accounts(stage, recording);
    return await replay(recording, stage, { ...options, passwords, onNote: async (text) => (text === RESTART ? stage.restart() : undefined) });
  } finally {
    await stage.close();
  }
}

test('there are recordings of climm, libpurple, bitlbee and libicq2000', () => {
  const origins = files.map((file) => recordingIn(file).headers.find(([name]) => name === 'origin')?.[1] ?? '');
  for (const program of ['climm 0.7.1', 'libpurple 2.14.12', 'bitlbee 3.5.1', 'libicq2000 0.3.2']) {
    assert.ok(
      origins.some((origin) => origin.includes(program)),
      program,
    );
  }
});

test('they search, show pictures, meet in rooms and ask why somebody is away', () => {
  const told = new Set(
    files.flatMap((file) => recordingIn(file).events.flatMap((event) => (event.type === 'frame' && event.from === 'server' ? [kindOf(event.frame)] : []))),
  );
  for (const kind of ['15/03', '0A/03', '10/03', '10/05', '10/07', '0D/09', '0E/02', '0E/03', '0E/04', '0E/06', '04/0B']) assert.ok(told.has(kind), kind);
});

for (const file of files) {
  test(`${basename(file, '.txt')} is answered today as it was when it was recorded`, async (t) => {
    const heard = await play(recordingIn(file));
    const times = (kind: string): number => heard.get(kind) ?? 0;
    t.diagnostic([...heard].map(([kind, count]) => `${kind} ×${count}`).join(', '));
    assert.ok(times('01/03') > 0, 'somebody signed on');
    if (file.includes('registers')) {
      assert.equal(times('17/05'), 1, 'a new UIN');
      return;
    }
    assert.ok(times('13/06') > 0, 'the roster came');
    if (file.includes('tells')) {
      assert.ok(times('15/03') > 30, 'somebody told of himself, was found and read');
      return;
    }
    assert.ok(times('03/0B') > 5 && times('03/0C') > 0, 'people came, changed and went');
    assert.ok(times('04/07') >= 5, 'messages came');
    assert.ok(times('04/0C') > 0, 'messages were acknowledged');
    assert.ok(times('13/19') + times('04/07') > 5, 'somebody was asked for authorisation');
  });
}

/** Changes the first SNAC of a kind: into several, or none. `undefined`: not this one. */
function once<T>(declaration: SnacDeclaration<T>, change: (value: T) => readonly T[] | undefined): Tamper {
  let done = false;
  return (frame) => {
    if (done || frame.channel !== FlapChannel.snac) return [frame];
    const snac = decodeSnac(frame.payload);
    if (snac.family !== declaration.family || snac.subtype !== declaration.subtype) return [frame];
    const values = change(decodeSnacAs(declaration, frame.payload).value);
    if (values === undefined) return [frame];
    done = true;
    return values.map((value) => ({ ...frame, payload: encodeSnac(declaration, value, snac.requestId, snac.flags) }));
  };
}

/** Changes the data of the first answer of the directory of a subtype. */
function onceMeta(subtype: number, change: (data: Uint8Array) => Uint8Array): Tamper {
  return once(icqMeta.reply, ({ block }) => {
    if (block?.type !== icqMeta.IcqType.metaReply || decode(icqMeta.metaReplyData, block.data).subtype !== subtype) return undefined;
    return [{ block: { ...block, data: change(block.data) } }];
  });
}

/** A found person with another first name. */
function renamed(data: Uint8Array): Uint8Array {
  const { subtype, data: rest } = decode(icqMeta.metaReplyData, data);
  const found = decode(icqMeta.searchFoundLast.body, rest);
  assert.equal(subtype, icqMeta.searchFoundLast.subtype);
  return icqMeta.encodeMetaReply(icqMeta.searchFoundLast, { ...found, person: { ...found.person, first: Uint8Array.of(0x58) } });
}

/** Changes all frames of a channel. */
function always(channel: number, payload: Uint8Array): Tamper {
  return (frame) => [frame.channel === channel ? { ...frame, payload } : frame];
}

interface Broken {
  readonly what: string;
  readonly tamper: Tamper;
  /** What is then missed. */
  readonly missed: RegExp;
}

const REFUSED = encode(login.loginAnswer, { error: login.AuthError.mismatch });
const STRANGE_ITEM = feedbag.makeItem(feedbag.ItemType.group, 1, 0, 'nobody made it');

/** Answers that no client could live with, or that lose something. */
const BROKEN: readonly Broken[] = [
  { what: 'a hello that is too long', tamper: always(FlapChannel.hello, Uint8Array.of(0, 0, 0, 1, 0)), missed: /for\n {2}channel 1 00000001\n/ },
  { what: 'a sign-on that is refused', tamper: always(FlapChannel.close, REFUSED), missed: /\n {2}channel 4 cookie of 256 bytes/ },
  { what: 'a roster that is not the user’s', tamper: once(feedbag.reply, (value) => [{ ...value, items: [STRANGE_ITEM] }]), missed: /for\n {2}13\/06/ },
  { what: 'an edit that is refused', tamper: once(feedbag.status, () => [{ results: [feedbag.ItemResult.invalid] }]), missed: /for\n {2}13\/0E to \d+ 0\n/ },
  { what: 'a message that is lost', tamper: once(icbm.channelMsgToClient, () => []), missed: /for\n {2}04\/07/ },
  { what: 'a message that comes twice', tamper: once(icbm.channelMsgToClient, (value) => [value, value]), missed: /told more[\s\S]*04\/07/ },
  {
    what: 'a message with another text',
    tamper: once(icbm.channelMsgToClient, (value) => [{ ...value, tlvs: { ...value.tlvs, imData: Uint8Array.of(1) } }]),
    missed: /for\n {2}04\/07/,
  },
  { what: 'an acknowledgement that is lost', tamper: once(icbm.hostAck, () => []), missed: /for\n {2}04\/0C/ },
  {
    what: 'a directory that failed',
    tamper: onceMeta(icqMeta.moreInfoReply.subtype, () => icqMeta.encodeMetaResult(icqMeta.moreInfoReply.subtype, icqMeta.MetaResult.failed)),
    missed: /for\n {2}15\/03 to \d+ meta 220 result 10 \{gender/,
  },
  {
    what: 'somebody who is found with another first name',
    tamper: onceMeta(icqMeta.searchFoundLast.subtype, renamed),
    missed: /for\n {2}15\/03 to \d+ meta 430 result 10 \{person \{uin 100002, nick 626f62, first c1/,
  },
  { what: 'a contact who is never seen', tamper: once(buddy.arrived, (value) => [{ ...value, screenName: '99999' }]), missed: /for\n {2}03\/0B/ },
];

test('a replay notices', { concurrency: true }, async (t) => {
  const recording = recordingIn('climm.txt');
  await Promise.all(
    BROKEN.map(({ what, tamper, missed }) => t.test(what, () => assert.rejects(play(recording, { tamper, patienceMs: CONTROL_PATIENCE_MS }), missed))),
  );
});
