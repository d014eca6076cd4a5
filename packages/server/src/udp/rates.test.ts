import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Uin } from '@seekyou/core';
import { commands } from '@seekyou/wire/udp';
import { RateMeter } from './rates.ts';
import { RateMemory } from '../runtime/rate-memory.ts';
import { ascii, PADDING, VERSIONS, world } from './test-world.ts';

const MESSAGE = commands.sendMessage.code;
const UIN = 100_001 as Uin;

describe('a meter', () => {
  test('lets people write: one a second for hours, and many in one go', () => {
    const meter = new RateMeter();
    let now = 0;
    for (let i = 0; i < 20_000; i++) assert.equal(meter.count(MESSAGE, (now += 1_000)), 'pass');
    const another = new RateMeter();
    for (let i = 0; i < 180; i++) assert.equal(another.count(MESSAGE, now), 'pass', `message ${i}`);
  });

  test('lets a client say everything it has, and add a thousand contacts one by one', () => {
    const meter = new RateMeter();
    for (let i = 0; i < 1_000; i++) {
      assert.equal(meter.count(commands.addToList.code, 0), 'pass');
      assert.equal(meter.count(commands.infoReq.code, 0), 'pass');
    }
  });

  test('drops what is too fast, ends what goes on, and lets go when it slows down', () => {
    const meter = new RateMeter();
    const verdicts = Array.from({ length: 260 }, () => meter.count(MESSAGE, 0));
    assert.ok(verdicts.indexOf('drop') >= 180);
    assert.ok(verdicts.indexOf('disconnect') > verdicts.indexOf('drop'));
    const slower = new RateMeter();
    let now = 0;
    while (slower.count(MESSAGE, now) === 'pass');
    // As clients repeat what is not acknowledged.
    let tries = 0;
    while (slower.count(MESSAGE, (now += 10_000)) === 'drop') tries++;
    assert.ok(tries <= 6, `${tries} tries, and clients give up after six to nine`);
  });

  test('takes pieces for the messages that may be in them', () => {
    const [whole, pieces] = [new RateMeter(), new RateMeter()];
    const passed = (meter: RateMeter, command: number): number => {
      let count = 0;
      while (meter.count(command, 0) === 'pass') count++;
      return count;
    };
    assert.equal(passed(pieces, commands.fragment.code), passed(whole, MESSAGE));
    assert.notEqual(pieces.count(MESSAGE, 0), 'pass', 'together they are no more');
  });

  test('is remembered while it is worn, and of no more accounts than the limit', () => {
    const memory = new RateMemory<RateMeter>(1);
    const worn = new RateMeter();
    for (let i = 0; i < 100; i++) worn.count(MESSAGE, 0);
    memory.keep(UIN, worn, 0);
    assert.equal(memory.worn(UIN, 1_000), worn);
    memory.keep(UIN, worn, 1_000);
    assert.equal(memory.worn(UIN, 3_600_000), undefined, 'it has recovered');
    memory.keep(UIN, worn, 0);
    const other = new RateMeter();
    for (let i = 0; i < 100; i++) other.count(MESSAGE, 0);
    memory.keep(100_002 as Uin, other, 0);
    assert.equal(memory.worn(UIN, 0), undefined, 'the oldest is forgotten');
  });
});

for (const version of VERSIONS) {
  test(`version ${version}: a flood is thrown out and has to wait; what it wrote before that arrived, and others notice nothing`, async () => {
    const { account, online, client, passes, counters } = await world();
    const [mallory, bob, carol] = [await online(await account(), { version }), await online(await account()), await online(await account())];
    await passes(6_000);
    for (let i = 0; i < 400 && !mallory.names().includes('goAway'); i++) {
      mallory.writes(bob.uin, `${i}`);
      if (i % 20 === 0) await passes(50);
    }
    await passes(500);
    assert.ok(mallory.names().includes('goAway'));
    assert.equal(counters['udp_rate_disconnects'], 1);
    assert.ok((counters['udp_rate_dropped'] ?? 0) > 0);
    const arrived = bob.texts;
    assert.ok(arrived.length >= 180 && arrived.length < 300, `${arrived.length} messages`);
    assert.deepEqual(
      arrived,
      arrived.map((_, i) => `${i}`),
    );
    carol.writes(bob.uin, 'hello');
    await passes(50);
    assert.equal(bob.texts.at(-1), 'hello');

    const again = client(mallory.uin, { version });
    again.signOn();
    await passes(50);
    assert.equal(again.names().includes('loginReply'), false);
    assert.ok(again.names().includes('tryAgain'));
    await passes(12_000);
    const later = client(mallory.uin, { version });
    later.signOn();
    await passes(50);
    assert.ok(later.names().includes('loginReply'));
    // Where it was is where it goes on.
    for (let i = 0; i < 100; i++) later.writes(bob.uin, 'again');
    await passes(500);
    assert.ok(bob.texts.filter((text) => text === 'again').length < 60);
  });
}

test('who writes too fast has everything delivered in the end, by sending again what is not acknowledged', async () => {
  const { account, online, passes, counters } = await world();
  const [alice, bob] = [await online(await account()), await online(await account())];
  await passes(6_000);
  const datagrams = Array.from({ length: 190 }, (_, i) => {
    const { seq1, seq2 } = alice;
    alice.seq1++;
    alice.seq2++;
    return { seq1, bytes: alice.datagram(commands.sendMessage, { to: bob.uin, type: 1, text: ascii(`${i}`) }, { seq1, seq2 }) };
  });
  const acknowledged = (): Set<number> => new Set(alice.told.filter(({ name }) => name === 'ack').map(({ packet }) => packet.seq1));
  // Like a client of the time: one after another, and again after ten seconds.
  for (const { seq1, bytes } of datagrams) {
    for (let tries = 0; tries < 9 && !acknowledged().has(seq1); tries++) {
      if (tries > 0) await passes(10_000);
      alice.send(bytes);
      await passes(1);
    }
  }
  await passes(500);
  assert.ok((counters['udp_rate_dropped'] ?? 0) > 0, 'it was too fast');
  assert.deepEqual(
    bob.texts,
    datagrams.map((_, i) => `${i}`),
  );
});

test('a flood of signs of life ends too', async () => {
  const { account, online, passes, counters } = await world();
  const mallory = await online(await account());
  for (let i = 0; i < 2_000; i++) mallory.say(commands.keepAlive, PADDING);
  await passes(50);
  assert.equal(counters['udp_rate_disconnects'], 1);
  assert.ok(mallory.names().includes('goAway'));
});

test('for measuring, nobody is too fast', async () => {
  const { account, online, passes, counters } = await world({ settings: { liftRates: true } });
  const one = await online(await account());
  for (let i = 0; i < 2_000; i++) one.say(commands.keepAlive, PADDING);
  await passes(50);
  assert.equal(counters['udp_rate_disconnects'], 0);
});
