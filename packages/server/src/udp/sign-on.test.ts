import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PEOPLE, type Uin } from '@seekyou/core';
import { buildServerPacket, commands, isPacket, parseServerPacket } from '@seekyou/wire/udp';
import { ascii, PADDING, PASSWORD, type Told, vectorOf, VERSIONS, world } from './test-world.ts';

/** Of a vector of the reference. */
function parametersOf(name: string): Uint8Array {
  const packet = parseServerPacket(vectorOf(name));
  assert.ok(isPacket(packet));
  return packet.parameters;
}

function bytesOf(told: readonly Told[]): number {
  return told.reduce((sum, { packet }) => sum + buildServerPacket(packet).length, 0);
}

for (const version of VERSIONS) {
  describe(`version ${version}`, () => {
    test('a sign-on is acknowledged, then answered, and repeats its numbers', async () => {
      const { account, client, passes, core } = await world();
      const uin = await account();
      const alice = client(uin, { version });
      const { seq1, seq2 } = alice;
      alice.signOn();
      await passes(50);
      const [ack, reply, ...more] = alice.take();
      assert.deepEqual(more, []);
      assert.deepEqual([ack?.name, reply?.name], ['ack', 'loginReply']);
      assert.deepEqual([ack?.packet.seq1, ack?.packet.seq2], version === 2 ? [seq1, 0] : [seq1, seq2]);
      assert.deepEqual([reply?.packet.seq1, reply?.packet.seq2], version === 2 ? [0, 0] : [0, seq2]);
      assert.equal(reply?.packet.sessionId, alice.sessionId);
      assert.equal(reply?.value.address, alice.at.address);
      assert.equal(reply?.value.intervalSeconds, 110);
      assert.equal(core.admin.sessionsOf(uin).length, 1);
    });

    test('a keep-alive is acknowledged with both its numbers', async () => {
      const { account, online, passes } = await world();
      const alice = await online(await account(), { version });
      const { seq1, seq2 } = alice;
      alice.keepAlive();
      await passes(50);
      const [ack, ...more] = alice.take();
      assert.deepEqual(more, []);
      assert.deepEqual([ack?.name, ack?.packet.seq1, ack?.packet.seq2], ['ack', seq1, version === 2 ? 0 : seq2]);
    });

    test('a wrong password and an unknown number look alike', async () => {
      const { account, client, passes, counters } = await world();
      const uin = await account();
      const answers: unknown[] = [];
      for (const who of [uin, 999_999]) {
        const alice = client(who, { version });
        alice.signOn('guess');
        await passes(50);
        answers.push(alice.take().map(({ name, packet }) => `${name} ${packet.version}`));
      }
      const badPass = version === 5 ? ['badPass 3', 'badPass 5'] : [`badPass ${version === 4 ? 3 : version}`];
      assert.deepEqual(answers[0], [`ack ${version === 4 ? 3 : version}`, ...badPass]);
      assert.deepEqual(answers[1], answers[0]);
      assert.equal(counters['udp_sign_ons_refused'], 2);
    });

    test('a repeated sign-on is answered again, and is the same session', async () => {
      const { account, client, passes, core, counters } = await world();
      const uin = await account();
      const alice = client(uin, { version });
      alice.acknowledges = false;
      const datagram = alice.signOn();
      await passes(50);
      const [session] = core.admin.sessionsOf(uin);
      alice.take();
      alice.send(datagram);
      await passes(50);
      assert.deepEqual(alice.names(), ['ack', 'loginReply']);
      assert.equal(alice.told[1]?.packet.seq1, 0);
      assert.deepEqual(core.admin.sessionsOf(uin), [session]);
      assert.equal(counters['udp_sign_ons'], 1);
    });

    test('who leaves is acknowledged, and off line', async () => {
      const { account, online, passes, core, frontEnd } = await world();
      const uin = await account();
      const alice = await online(uin, { version });
      alice.say(commands.sendTextCode, { code: new TextEncoder().encode('B_USER_DISCONNECTED'), five: 5 });
      await passes(50);
      assert.deepEqual(alice.names(), ['ack']);
      assert.equal(core.admin.sessionsOf(uin).length, 0);
      assert.equal(frontEnd.sessions, 0);
    });

    test('who is not signed on is told so, but not when he leaves or acknowledges', async () => {
      const { account, client, passes } = await world();
      const alice = client(await account(), { version });
      alice.say(commands.sendTextCode, { code: new TextEncoder().encode('B_USER_DISCONNECTED'), five: 5 });
      alice.acknowledge({ seq1: 0, seq2: 0 });
      await passes(50);
      assert.deepEqual(alice.names(), []);
      const { seq2 } = alice;
      alice.keepAlive();
      await passes(50);
      assert.deepEqual(alice.names(), ['notConnected']);
      assert.deepEqual([alice.told[0]?.packet.seq1, alice.told[0]?.packet.seq2], [0, version === 2 ? 0 : seq2]);
    });

    test('a second sign-on of a number sends the first one away', async () => {
      const { account, online, passes, core } = await world();
      const uin = await account();
      const first = await online(uin, { version });
      const second = await online(uin, { version });
      await passes(50);
      assert.deepEqual(first.names(), ['goAway']);
      first.take();
      first.keepAlive();
      second.keepAlive();
      await passes(50);
      assert.deepEqual(first.names(), ['notConnected']);
      assert.deepEqual(second.names(), ['ack']);
      assert.equal(core.admin.sessionsOf(uin).length, 1);
    });
  });
}

test('version 1 signs on with its own command', async () => {
  const { account, client, passes } = await world();
  const alice = client(await account(), { version: 1 });
  alice.say(commands.loginV1, { password: new TextEncoder().encode('pass1234') });
  await passes(50);
  assert.deepEqual(alice.names(), ['ack', 'loginReply']);
  assert.equal(alice.told[0]?.packet.version, 1);
  alice.take();
  alice.keepAlive();
  await passes(50);
  assert.deepEqual(alice.names(), ['ack']);
});

describe('what may be signed on with', () => {
  test('where passwords in clear are not welcome, nobody signs on over UDP', async () => {
    const { account, client, passes } = await world({ settings: { clearSignOn: 'challenge' } });
    const alice = client(await account());
    alice.signOn();
    await passes(50);
    assert.deepEqual(alice.names(), ['ack', 'loginErr']);
  });

  test('where old clients are off, neither', async () => {
    const { account, client, passes } = await world({ core: { oldClients: 'off' }, settings: { oldClients: 'off' } });
    const uin = await account();
    for (const [version, answer] of [
      [3, 'loginErr'],
      [4, 'badPass'],
    ] as const) {
      const alice = client(uin, { version });
      alice.signOn();
      await passes(50);
      assert.deepEqual(alice.names(), ['ack', answer]);
    }
  });

  test('a suspended account is told so, but only with the right password', async () => {
    const { account, client, passes, core } = await world();
    const uin = await account();
    await core.admin.suspend(uin, true);
    const right = client(uin);
    right.signOn();
    const wrong = client(uin);
    wrong.signOn('guess');
    await passes(50);
    assert.deepEqual(right.names(), ['ack', 'loginErr']);
    assert.deepEqual(wrong.names(), ['ack', 'badPass', 'badPass']);
  });

  test('too many wrong passwords are told to try again', async () => {
    const { account, client, passes } = await world();
    const uin = await account();
    let busy = 0;
    for (let attempt = 0; attempt < 12; attempt++) {
      const alice = client(uin, { at: { address: '203.0.113.4', port: 2000 + attempt } });
      alice.signOn('guess');
      await passes(50);
      if (alice.names().includes('tryAgain')) busy++;
    }
    assert.ok(busy >= 5, `${busy} of 12`);
  });
});

describe('trying a password first', () => {
  const departments = parametersOf('v3s-deps');

  test('a number new to a machine is greeted, and told whether its password is right', async () => {
    for (const version of [3, 4, 5] as const) {
      const { account, client, passes, core } = await world();
      const uin = await account();
      const alice = client(uin, { version });
      alice.say(commands.newUser1, version === 5 ? { secondId: 0x1234 } : PADDING);
      await passes(50);
      const [greeted] = alice.take();
      assert.equal(greeted?.name, 'ack');
      if (version === 5) assert.deepEqual(greeted.value, { result: 0x0a, id: 0x1234, one: 1 });
      alice.say(commands.getDeps, { uin, password: new TextEncoder().encode('pass1234'), clientVersion: 0 });
      await passes(50);
      const answered = alice.take();
      assert.deepEqual(
        answered.map(({ name, packet }) => `${name} ${packet.version}`),
        ['depsList 3', `ack ${version === 5 ? 5 : 3}`],
      );
      assert.deepEqual(answered[0]?.packet.parameters, version === 5 ? new Uint8Array(0) : departments);
      assert.equal(core.admin.sessionsOf(uin).length, 0);
      alice.signOn();
      await passes(50);
      // ICQ 98a takes the reply for a repetition of the list when both have the number 0.
      assert.equal(alice.told.find(({ name }) => name === 'loginReply')?.packet.seq1, version === 4 ? 1 : 0);
    }
  });

  for (const version of [3, 4, 5] as const) {
    for (const password of ['a', 'pass1234']) {
      test(`version ${version}, ${password.length} letters: no answer is longer than its question, and a lost one comes again`, async () => {
        const { client, passes, core } = await world();
        const { uin } = (await core.admin.create({ password })) as { readonly uin: Uin };
        const alice = client(uin, { version });
        alice.acknowledges = false;
        const numbers = { seq1: 2, seq2: 2 };
        const tries = async (): Promise<readonly Told[]> => {
          const { length } = alice.say(commands.getDeps, { uin, password: ascii(password), clientVersion: 0 }, numbers);
          await passes(50);
          assert.ok(bytesOf(alice.told) <= length, `${bytesOf(alice.told)} bytes for ${length}`);
          return alice.take();
        };
        const [list, ack] = await tries();
        assert.equal(list?.name, 'depsList');
        // In version 5 there is room for both, unless the password is very short.
        assert.equal(ack?.name, version === 5 && password.length > 1 ? 'ack' : undefined);
        assert.deepEqual((await tries())[0], list);
        alice.acknowledge(list.packet);
        alice.acknowledge(list.packet);
        await passes(50);
        assert.ok(bytesOf(alice.told) <= alice.last.length);
        const acks = [...alice.take(), ...(ack === undefined ? [] : [ack])];
        assert.deepEqual(
          acks.map(({ name, packet }) => [name, packet.seq1, packet.seq2]),
          [['ack', 2, 2]],
        );
      });
    }

    test(`version ${version}: a flood of right passwords is not answered`, async () => {
      const { account, client, passes, counters } = await world();
      const uin = await account();
      const alice = client(uin, { version });
      alice.acknowledges = false;
      for (let i = 1; i <= 100; i++) {
        alice.say(commands.getDeps, { uin, password: ascii(PASSWORD), clientVersion: 0 });
        await passes(1);
      }
      assert.equal(alice.names().filter((name) => name === 'depsList').length, PEOPLE.udpRefusalsPerAddressMax);
      assert.equal(counters['udp_refusals_held'], 100 - PEOPLE.udpRefusalsPerAddressMax);
    });
  }

  test('a wrong one is refused, and a session that is there stays', async () => {
    const { account, client, online, passes, core } = await world();
    const uin = await account();
    const alice = await online(uin);
    const other = client(uin);
    other.say(commands.getDeps, { uin, password: new TextEncoder().encode('guess'), clientVersion: 0 });
    await passes(50);
    // A second form of it would be more than came in.
    assert.deepEqual(other.names(), ['ack', 'badPass']);
    alice.keepAlive();
    await passes(50);
    assert.deepEqual(alice.names(), ['ack']);
    assert.equal(core.admin.sessionsOf(uin).length, 1);
  });
});

test('two clients that put each other off line again and again are told to wait', async () => {
  const { account, client, passes } = await world();
  const uin = await account();
  const answers: string[] = [];
  for (let turn = 0; turn < 6; turn++) {
    const one = client(uin);
    one.signOn();
    await passes(50);
    answers.push(one.names()[1] as string);
  }
  assert.deepEqual(answers, ['loginReply', 'loginReply', 'loginReply', 'loginReply', 'tryAgain', 'tryAgain']);
});

test('a client that starts anew where it was is not sent away by its own past', async () => {
  const { account, online, client, passes } = await world();
  const uin = await account();
  const before = await online(uin);
  const { at } = before;
  await before.leaves();
  const now = client(uin, { at });
  now.signOn();
  await passes(50);
  assert.deepEqual(now.names(), ['ack', 'loginReply']);
});

describe('a copy of a sign-on', () => {
  test('has the answer again as long as its client has not acknowledged it, and then nothing more', async () => {
    for (const version of VERSIONS) {
      const { account, client, passes, counters } = await world();
      const uin = await account();
      const alice = client(uin, { version });
      alice.acknowledges = false;
      const datagram = alice.signOn();
      await passes(50);
      const [, reply] = alice.take();
      assert.ok(reply);
      // A thousand copies, perhaps from somewhere else: no more than comes by itself.
      for (let i = 0; i < 1_000; i++) alice.send(datagram);
      await passes(50);
      assert.deepEqual(
        alice
          .take()
          .filter(({ name }) => name !== 'ack')
          .map(({ name }) => name),
        ['loginReply'],
      );
      alice.acknowledge(reply.packet);
      alice.say(commands.extInfoReq, version === 2 ? { requestSeq: 1, uin } : { uin });
      await passes(50);
      alice.take();
      alice.send(datagram);
      await passes(50);
      assert.deepEqual(alice.names(), ['ack']);
      assert.equal(counters['udp_sign_ons'], 1);
    }
  });

  test('counts as a packet: who sends far too many is thrown out', async () => {
    const { account, client, passes, counters } = await world();
    const alice = client(await account());
    const datagram = alice.signOn();
    await passes(50);
    for (let i = 0; i < 2_000; i++) alice.send(datagram);
    await passes(50);
    assert.equal(counters['udp_rate_disconnects'], 1);
    assert.ok(alice.names().filter((name) => name === 'ack').length < 1_300);
  });

  test('comes every ten seconds when its acknowledgement got lost, and begins nothing', async () => {
    for (const version of VERSIONS) {
      const { account, client, passes, core, counters } = await world();
      const uin = await account();
      const alice = client(uin, { version });
      const datagram = alice.signOn();
      for (let copies = 0; copies < 4; copies++) {
        await passes(10_000);
        alice.send(datagram);
      }
      await passes(50);
      assert.equal(counters['udp_sign_ons'], 1);
      assert.equal(core.admin.sessionsOf(uin).length, 1);
    }
  });
});

describe('a recorded sign-on', () => {
  const LEAVES = { code: new TextEncoder().encode('B_USER_DISCONNECTED'), five: 5 };

  test('signs nobody on at another address, whether its owner is there or has left', async () => {
    const { account, client, passes, core, counters } = await world();
    const uin = await account();
    const alice = client(uin);
    const recorded = alice.signOn();
    await passes(50);
    const thief = client(uin);
    for (const leaves of [false, true]) {
      if (leaves) alice.say(commands.sendTextCode, LEAVES);
      await passes(50);
      alice.take();
      thief.send(recorded);
      await passes(50);
      assert.deepEqual(
        thief.take().map(({ name }) => name),
        ['ack', 'tryAgain'],
      );
      assert.deepEqual(alice.names(), []);
      assert.equal(core.admin.sessionsOf(uin).length, leaves ? 0 : 1);
    }
    assert.equal(counters['udp_sign_ons_replayed'], 2);
  });

  test('is no hindrance to its owner: where he was, and elsewhere with other numbers or another time', async () => {
    const { account, online, client, passes } = await world();
    const uin = await account();
    const alice = await online(uin);
    const { sessionId, seq1 } = alice;
    alice.say(commands.sendTextCode, LEAVES);
    const elsewhere = { address: '203.0.113.77', port: 4_000 };
    for (const [at, numbers, time] of [
      // A translator gives him another port, as it does each time.
      [{ ...alice.at, port: alice.at.port + 1 }, { sessionId, seq1: seq1 - 1 }, 0],
      [elsewhere, {}, 0],
      // COMPAT: a client that draws the same numbers each time it is started.
      [{ ...elsewhere, address: '203.0.113.78' }, { sessionId, seq1: seq1 - 1 }, 1],
    ] as const) {
      const again = Object.assign(client(uin, { at }), numbers);
      again.signOn(undefined, { time });
      await passes(50);
      assert.deepEqual(again.names(), ['ack', 'loginReply']);
    }
  });

  test('is none while its owner waits for the answer, from whatever address a translator sends his copies', async () => {
    const { account, client, passes, core } = await world();
    const uin = await account();
    const first = client(uin);
    first.acknowledges = false;
    const datagram = first.signOn();
    await passes(10_000);
    const second = client(uin);
    second.send(datagram);
    await passes(50);
    assert.deepEqual(second.names(), ['ack', 'loginReply']);
    assert.deepEqual(
      core.admin.sessionsOf(uin).map(({ peer }) => peer.address),
      [second.at.address],
    );
  });

  test('of versions 2 to 4 looks like any other', async () => {
    for (const version of [2, 3, 4] as const) {
      const { account, online, client, passes } = await world();
      const uin = await account();
      const alice = await online(uin, { version });
      const again = client(uin, { version });
      assert.equal(again.seq1, alice.seq1 - 1);
      again.signOn();
      await passes(50);
      assert.deepEqual(again.names(), ['ack', 'loginReply']);
    }
  });

  test('is remembered for a day, and so many at a time', async () => {
    const { account, client, clock, passes } = await world({ limits: { udpSignOnsRememberedMax: 2 } });
    const replayed = async (datagram: Uint8Array, uin: Uin): Promise<string | undefined> => {
      const thief = client(uin);
      thief.send(datagram);
      await passes(50);
      return thief.names()[1];
    };
    const people = [await account(), await account(), await account()] as const;
    const datagrams: Uint8Array[] = [];
    for (const uin of people) {
      const owner = client(uin);
      datagrams.push(owner.signOn());
      await passes(50);
    }
    const [, second, third] = datagrams as [Uint8Array, Uint8Array, Uint8Array];
    assert.equal(await replayed(third, people[2]), 'tryAgain');
    clock.advance(23 * 3_600_000);
    assert.equal(await replayed(second, people[1]), 'tryAgain');
    assert.equal(await replayed(datagrams[0] as Uint8Array, people[0]), 'loginReply');
    clock.advance(3_600_000);
    assert.equal(await replayed(third, people[2]), 'loginReply');
  });
});

describe('versions 2 to 4 count from 1 each time', () => {
  for (const version of [2, 3, 4] as const) {
    test(`version ${version}: who starts anew at the same place within a minute is answered, and is heard`, async () => {
      const { account, online, client, passes, core, counters } = await world();
      const [uin, bob] = [await account(), await online(await account())];
      await passes(6_000);
      bob.take();
      const before = await online(uin, { version });
      before.writes(bob.uin, 'first');
      await passes(1_000);
      await before.leaves();
      await passes(15_000);
      const now = client(uin, { version, at: before.at });
      now.signOn();
      await passes(50);
      assert.deepEqual(now.names(), ['ack', 'loginReply']);
      now.writes(bob.uin, 'second');
      await passes(500);
      assert.deepEqual(bob.texts, ['first', 'second']);
      assert.equal(core.admin.sessionsOf(uin).length, 1);
      assert.equal(counters['udp_repeated'], 0);
    });

    test(`version ${version}: at once, if its ${version === 4 ? 'clock' : 'port'} shows that it is no copy`, async () => {
      const { account, client, passes } = await world();
      const uin = await account();
      const starts = version === 4 ? [{ time: 1_000 }, { time: 1_001 }] : [{ port: 2_001 }, { port: 2_002 }];
      const at = { address: '203.0.113.20', port: 4_321 };
      for (const start of starts) {
        const alice = client(uin, { version, at });
        alice.signOn(undefined, start);
        await passes(1_000);
        assert.deepEqual(alice.names(), ['ack', 'loginReply']);
        await alice.leaves();
      }
    });
  }

  test('version 4: with the same clock it is a copy for a minute', async () => {
    const { account, client, passes, counters } = await world();
    const alice = client(await account(), { version: 4 });
    const datagram = alice.signOn(undefined, { time: 1_000 });
    await passes(30_000);
    alice.send(datagram);
    await passes(50);
    assert.equal(counters['udp_sign_ons'], 1);
  });
});

test('when the server stops, clients are told to go', async () => {
  const { account, online, frontEnd, passes } = await world();
  const clients = [await online(await account()), await online(await account(), { version: 2 })];
  const stopped = frontEnd.stop();
  await passes(100);
  await stopped;
  for (const client of clients) assert.deepEqual(client.names(), ['goAway']);
  assert.equal(frontEnd.sessions, 0);
});

test("without a code page of its own, an account has that of its user's country", async () => {
  const { account, online, passes, core } = await world();
  const uin = await account();
  const alice = await online(uin);
  assert.equal(core.admin.sessionsOf(uin)[0]?.profile.codepage, 1252);
  const [session] = core.admin.sessionsOf(uin);
  assert.ok(session);
  await core.run(session, 'profile.change', { changes: { home: { country: 7 } } });
  const again = await online(uin, { at: { ...alice.at, port: 9_999 } });
  await passes(100);
  assert.equal(core.admin.sessionsOf(uin)[0]?.profile.codepage, 1251);
  await core.admin.set(uin, { codepage: 1250 });
  await online(uin, { at: { ...again.at, port: 9_998 } });
  await passes(100);
  assert.equal(core.admin.sessionsOf(uin)[0]?.profile.codepage, 1250);
});
