/** Every byte of a sign-on and a conversation, as somebody on the way sees it: encrypted, and the same in the clear. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectOptions } from '@seekyou/client';
import { openStage, PASSWORD } from './dialogue/stage.ts';
import { formsOfPassword, formsOfText, found } from './secrets-in-bytes.ts';
import { startRecorder } from './wire/recorder.ts';

const TEXTS = ['are you there?', 'да, я здесь, и никто другой', 'then the wine is behind the piano'] as const;

interface Capture {
  readonly all: Buffer;
  /** The first bytes of each connection, from the client. */
  readonly beginnings: readonly Buffer[];
}

/** Alice writes to Bob, who is off line first; then both talk. */
async function capture(how: Partial<ConnectOptions>): Promise<Capture> {
  const recorder = await startRecorder();
  const stage = await openStage({ advertise: [recorder.address] }).catch(async (error: unknown) => {
    await recorder.close();
    throw error;
  });
  try {
    recorder.towards(stage);
    const here = { server: recorder, ...how };
    const alice = await stage.person('alice');
    const bob = await stage.person('bob');
    await alice.signsOn(here);
    await alice.client.add(bob.uin, 'Robert the Bruce');
    await alice.says(bob, TEXTS[0]);
    await bob.signsOn(here);
    await bob.hears(alice, TEXTS[0], { stored: true });
    await bob.says(alice, TEXTS[1]);
    await alice.hears(bob, TEXTS[1]);
    await alice.says(bob, TEXTS[2]);
    await bob.hears(alice, TEXTS[2]);
    await Promise.all([alice.signsOff(), bob.signsOff()]);
  } finally {
    await stage.close();
    await recorder.close();
  }
  const beginnings = new Map<number, Buffer>();
  const all: Buffer[] = [];
  // One direction of one connection after the other, so that nothing is torn apart by what came between.
  for (const side of ['client', 'server'] as const) {
    const connections = new Set(recorder.events.flatMap((event) => (event.type === 'bytes' ? [event.connection] : [])));
    for (const connection of connections) {
      const parts = recorder.events.flatMap((event) =>
        event.type === 'bytes' && event.connection === connection && event.from === side ? [Buffer.from(event.bytes)] : [],
      );
      all.push(...parts, Buffer.from('\n'));
      if (side === 'client' && parts[0] !== undefined) beginnings.set(connection, parts[0]);
    }
  }
  return { all: Buffer.concat(all), beginnings: [...beginnings.values()] };
}

const TRUST: Partial<ConnectOptions> = { tls: 'require', unknownKey: () => true };

test('of an encrypted sign-on and conversation nothing can be read: no password, nothing that helps guess it, no text', async () => {
  const { all, beginnings } = await capture(TRUST);
  assert.ok(all.length > 10_000, `${all.length} bytes were recorded`);
  // Two connections each for Alice and Bob, and those on which the key was looked at.
  assert.ok(beginnings.length >= 4, `${beginnings.length} connections`);
  for (const beginning of beginnings) assert.equal(beginning.subarray(0, 2).toString('hex'), '1603', 'it begins with a ClientHello');
  assert.deepEqual(found(formsOfPassword(PASSWORD, all), all), []);
  for (const text of [...TEXTS, 'Robert the Bruce']) assert.deepEqual(found(formsOfText(text), all), [], text);
  // Salt, iterations and proof: who had those could try passwords at home.
  for (const piece of ['p=tls-exporter', 'n=100001', ',i=16384', 'eSws']) assert.ok(!all.includes(piece), piece);
  for (const piece of ['100001', '100002', 'seekyou']) assert.ok(!all.includes(piece), piece);
});

test('the same search finds all of it in the clear', async () => {
  const roasted = await capture({ tls: 'off', method: 'roasted' });
  assert.deepEqual(found(formsOfPassword(PASSWORD, roasted.all), roasted.all), ['roasted']);
  const hashed = await capture({ tls: 'off', method: 'hashed' });
  assert.deepEqual(found(formsOfPassword(PASSWORD, hashed.all), hashed.all), ['MD5 answer, new form']);
  const old = await capture({ tls: 'off', method: 'hashed-old' });
  assert.deepEqual(found(formsOfPassword(PASSWORD, old.all), old.all), ['MD5 answer, old form']);
  for (const { all, beginnings } of [roasted, hashed, old]) {
    for (const text of [...TEXTS, 'Robert the Bruce']) assert.ok(found(formsOfText(text), all).length > 0, text);
    for (const piece of ['100001', '100002', 'seekyou']) assert.ok(all.includes(piece), piece);
    assert.equal(beginnings.length, 4);
  }
});
