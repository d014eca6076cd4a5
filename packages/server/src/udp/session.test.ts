import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Body, Refused, StoreFailed, type Uin } from '@seekyou/core';
import { memoryStore } from '@seekyou/core/testing';
import { forgetfulTranslator } from '@seekyou/net';
import { commands } from '@seekyou/wire/udp';
import { ascii, latin, PADDING, SERVER, type TestClient, VERSIONS, type World, world } from './test-world.ts';

interface Pair extends World {
  readonly alice: TestClient;
  readonly bob: TestClient;
}

/** Two people on line whose lists are done. */
async function pair(options: Parameters<typeof world>[0] = {}, version: TestClient['version'] = 5): Promise<Pair> {
  const place = await world(options);
  const alice = await place.online(await place.account(), { version });
  const bob = await place.online(await place.account(), { version });
  await place.passes(6_000);
  for (const one of [alice, bob]) one.take();
  return { ...place, alice, bob };
}

const acksOf = (client: TestClient): number[] => client.told.filter(({ name }) => name === 'ack').map(({ packet }) => packet.seq1);

describe('whose a packet is', () => {
  test('another session id at the same place is dropped without an answer', async () => {
    const { alice, bob, passes, counters } = await pair();
    const { sessionId } = alice;
    alice.sessionId = sessionId ^ 1;
    alice.writes(bob.uin, 'not me');
    await passes(100);
    assert.deepEqual(alice.names(), []);
    assert.deepEqual(bob.names(), []);
    assert.equal(counters['udp_bad_sessions'], 1);
    alice.sessionId = sessionId;
    alice.seq1--;
    alice.writes(bob.uin, 'me');
    await passes(100);
    assert.deepEqual(bob.texts, ['me']);
  });

  test("another's UIN is nobody's at this place", async () => {
    for (const version of VERSIONS) {
      const { alice, bob, passes, client } = await pair({}, version);
      const thief = client(bob.uin, { version });
      thief.sessionId = bob.sessionId;
      thief.seq1 = bob.seq1;
      thief.writes(alice.uin, 'I am Bob');
      await passes(100);
      assert.deepEqual(thief.names(), ['notConnected']);
      assert.deepEqual(alice.names(), []);
      bob.writes(alice.uin, 'I am');
      await passes(100);
      assert.deepEqual(alice.texts, ['I am']);
    }
  });

  test('version 5 goes on from another port when its next packet comes from there, and gets what it missed', async () => {
    const { alice, bob, passes, counters } = await pair();
    const oldPlace = alice.at;
    await alice.leaves();
    bob.writes(alice.uin, 'are you there?');
    await passes(1_000);
    await alice.moves(oldPlace.port + 1);
    alice.keepAlive();
    await passes(100);
    assert.deepEqual(alice.texts, ['are you there?']);
    assert.equal(counters['udp_rebound'], 1);
  });

  test('a repeated packet from another port, or one from another address, moves nothing', async () => {
    const { alice, bob, network, passes, counters } = await pair();
    const datagram = alice.keepAlive();
    await passes(100);
    network.send(datagram, { ...alice.at, port: 9_999 }, SERVER);
    network.send(alice.datagram(commands.keepAlive, PADDING, alice), { address: '203.0.113.66', port: alice.at.port }, SERVER);
    await passes(100);
    assert.equal(counters['udp_rebound'], 0);
    bob.writes(alice.uin, 'still here');
    await passes(100);
    assert.deepEqual(alice.texts, ['still here']);
  });

  test('versions 2 to 4 do not move: they have nothing that only their client knows', async () => {
    for (const version of [2, 3, 4] as const) {
      const { alice, passes } = await pair({}, version);
      await alice.moves(alice.at.port + 1);
      alice.keepAlive();
      await passes(100);
      assert.deepEqual(alice.names(), ['notConnected']);
    }
  });
});

describe('what is acknowledged', () => {
  test('a message after it was stored, and each copy again', async () => {
    for (const version of VERSIONS) {
      const { alice, bob, passes, counters } = await pair({}, version);
      const datagram = alice.writes(bob.uin, 'once');
      await passes(100);
      alice.send(datagram);
      alice.send(datagram);
      await passes(100);
      assert.equal(acksOf(alice).length, 3);
      assert.deepEqual(bob.texts, ['once']);
      assert.equal(counters['udp_repeated'], 2);
    }
  });

  test('a message that could not be stored is not, and is taken when it comes again', async () => {
    const store = memoryStore();
    let full = false;
    const append = store.mailboxes.append.bind(store.mailboxes);
    store.mailboxes.append = (...given: Parameters<typeof append>) => (full ? Promise.reject(new StoreFailed('full', 'the disk is full')) : append(...given));
    const { alice, bob, passes } = await pair({ store });
    full = true;
    const first = alice.writes(bob.uin, 'first');
    alice.writes(bob.uin, 'second');
    const second = alice.last;
    await passes(100);
    assert.deepEqual(acksOf(alice), []);
    full = false;
    alice.send(second);
    await passes(100);
    // Its turn comes after the one before it.
    assert.deepEqual(acksOf(alice), []);
    alice.send(first);
    await passes(200);
    assert.equal(acksOf(alice).length, 2);
    assert.deepEqual(bob.texts, ['first', 'second']);
  });

  test('what makes no sense, and what nobody answers: it arrived', async () => {
    const { alice, passes, counters } = await pair();
    // Four bytes are no message.
    alice.say({ ...commands.sendMessage, forms: commands.keepAlive.forms }, PADDING);
    alice.say({ ...commands.keepAlive, code: 0x0622 }, PADDING);
    await passes(100);
    assert.equal(acksOf(alice).length, 2);
    assert.equal(counters['udp_malformed'], 1);
    assert.equal(counters['udp_unknown'], 1);
  });
});

describe('order', () => {
  test('messages that overtake each other on their way are told in the order they were written', async () => {
    const { alice, bob, passes } = await pair();
    const datagrams = ['1', '2', '3', '4'].map((text) => {
      const made = alice.datagram(commands.sendMessage, { to: bob.uin, type: 1, text: ascii(text) }, alice);
      alice.seq1++;
      alice.seq2++;
      return made;
    });
    for (const at of [3, 1, 2, 0]) alice.send(datagrams[at] as Uint8Array);
    await passes(200);
    assert.deepEqual(bob.texts, ['1', '2', '3', '4']);
    assert.equal(acksOf(alice).length, 4);
  });

  test('a message does not overtake one whose author has to be looked up, live or stored', async () => {
    const store = memoryStore();
    let later: ((run: () => void) => void) | undefined;
    const load = store.profiles.load.bind(store.profiles);
    store.profiles.load = (uin) =>
      new Promise((resolve) => {
        if (later === undefined) resolve(load(uin));
        else later(() => resolve(load(uin)));
      });
    const { alice, bob, passes, clock, core, client } = await pair({ store });
    later = (run) => void clock.after(120, run);
    const [session] = core.admin.sessionsOf(alice.uin as Uin);
    assert.ok(session);
    const send = (body: Body): unknown => core.run(session, 'messages.send', { to: bob.uin as Uin, body });
    const all = async (name: string): Promise<void> => {
      for (const body of [{ kind: 'text', text: `${name} 1` }, { kind: 'added' }, { kind: 'text', text: `${name} 2` }] as const) await send(body);
    };
    const shown = (who: TestClient): string[] =>
      who.told.filter(({ value }) => value?.text !== undefined).map(({ value }) => (value.type === 12 ? 'added' : latin(value.text)));
    await all('live');
    await passes(500);
    assert.deepEqual(shown(bob), ['live 1', 'added', 'live 2']);

    bob.say(commands.sendTextCode, { code: ascii('B_USER_DISCONNECTED'), five: 5 });
    await passes(50);
    await all('stored');
    const back = client(bob.uin);
    back.signOn();
    await passes(6_000);
    back.say(commands.login1, PADDING);
    await passes(50);
    await send({ kind: 'text', text: 'now' });
    await passes(1_000);
    assert.deepEqual(shown(back), ['stored 1', 'added', 'stored 2', 'now']);
  });

  test('who leaves has said what came before that, even if something is missing', async () => {
    const { alice, bob, passes, frontEnd } = await pair();
    alice.seq1++;
    alice.writes(bob.uin, 'bye');
    alice.say(commands.sendTextCode, { code: ascii('B_USER_DISCONNECTED'), five: 5 });
    await passes(200);
    assert.deepEqual(bob.texts, ['bye']);
    assert.equal(frontEnd.sessions, 1);
  });
});

test('who says several things and leaves, all at once, has said them all', async () => {
  const { alice, bob, passes, frontEnd } = await pair();
  for (const words of ['one', 'two', 'three']) alice.writes(bob.uin, words);
  alice.say(commands.sendTextCode, { code: ascii('B_USER_DISCONNECTED'), five: 5 });
  await passes(200);
  assert.deepEqual(bob.texts, ['one', 'two', 'three']);
  assert.equal(frontEnd.sessions, 1);
});

describe('messages to a client that does not acknowledge', () => {
  test('are repeated, and stay in the store when it is given up', async () => {
    const { alice, bob, passes, counters, core, online } = await pair();
    bob.acknowledges = false;
    alice.writes(bob.uin, 'hello?');
    await passes(60_000);
    assert.ok(bob.texts.length >= 8, `${bob.texts.length} times`);
    await passes(10_000);
    assert.equal(counters['udp_sessions_lost'], 1);
    assert.equal(core.admin.sessionsOf(bob.uin as never).length, 0);
    const again = await online(bob.uin);
    again.say(commands.login1, PADDING);
    await passes(200);
    assert.deepEqual(
      again.told.map(({ name }) => name).filter((name) => name !== 'ack'),
      ['recvMessage', 'endOfMessages'],
    );
  });

  test('the client may ask for them with a text code', async () => {
    const { alice, bob, passes } = await pair();
    bob.acknowledges = false;
    alice.writes(bob.uin, 'hello?');
    await passes(100);
    bob.say(commands.sendTextCode, { code: ascii('B_MESSAGE_ACK'), five: 5 });
    await passes(100);
    assert.equal(bob.texts.length, 2);
    // Asking without end is no way to have them without end.
    for (let i = 0; i < 10; i++) bob.say(commands.sendTextCode, { code: ascii('B_MESSAGE_ACK'), five: 5 });
    await passes(100);
    assert.equal(bob.texts.length, 2);
  });
});

test('who gave up a packet is heard when it writes again, hours later', async () => {
  for (const version of VERSIONS) {
    const { alice, bob, passes, clock } = await pair({}, version);
    alice.mute = true;
    alice.writes(bob.uin, 'lost for good');
    alice.mute = false;
    for (let i = 0; i < 70; i++) {
      alice.keepAlive();
      bob.keepAlive();
      clock.advance(60_000);
      await passes(50);
    }
    alice.take();
    alice.writes(bob.uin, 'hello');
    await passes(100);
    assert.equal(acksOf(alice).length, 1);
    assert.deepEqual(bob.texts, ['hello']);
  }
});

describe('more than a client can take at once', () => {
  const LONG = '\n'.repeat(8_000); // 36 packets: each line ends in two bytes

  /** Somebody on OSCAR, whose messages may be long. */
  async function writer({ account, core }: World): Promise<(to: number, text: string) => Promise<void>> {
    const uin = await account();
    const peer = { address: '203.0.113.7', port: 1, known: true };
    const verified = await core.verify({ uin, proof: () => true }, peer);
    assert.ok(!(verified instanceof Refused));
    const profile = { protocol: 'oscar', name: 'x', codepage: 1252, unicode: true, html: false, serverRoster: true, quirks: new Set<string>() } as const;
    const session = await core.open({ uin, peer, profile, coexist: false, verified, receive: () => {} });
    assert.ok(!(session instanceof Refused));
    return async (to, text) => {
      const sent = await core.run(session, 'messages.send', { to: to as Uin, body: { kind: 'text', text } });
      assert.ok(!(sent instanceof Refused));
    };
  }

  for (const version of VERSIONS) {
    test(`version ${version}: a mailbox of more packets than may wait is delivered, and what is said meanwhile after it`, async () => {
      const place = await world({ limits: { udpQueuedMax: 100 } });
      const { account, client, passes, core, frontEnd, network } = place;
      const writes = await writer(place);
      const uin = await account();
      for (let i = 0; i < 10; i++) await writes(uin, LONG);
      const bob = client(uin, { version });
      bob.signOn();
      await passes(6_000);
      network.line = { loss: 0, duplication: 0, delayMs: [10, 10] };
      bob.say(commands.login1, PADDING);
      await passes(500);
      await writes(uin, 'meanwhile');
      await passes(9_000);
      bob.keepAlive();
      await passes(15_000);
      const names = bob.names().filter((name) => name === 'recvMessage' || name === 'endOfMessages' || name === 'sysDeliveredMess');
      assert.equal(names.filter((name) => name === 'recvMessage').length, 10 * 36);
      assert.deepEqual(names.slice(-2), ['endOfMessages', 'sysDeliveredMess']);
      assert.equal(core.figures().messagesDelivered, 11);
      assert.equal(frontEnd.sessions, 1);
    });
  }

  test('who is written to faster than it takes is told to go, and is given everything when it comes back', async () => {
    const place = await world({ limits: { udpMessagesWaitingMax: 5 } });
    const { account, online, passes, core } = place;
    const writes = await writer(place);
    const bob = await online(await account());
    await passes(6_000);
    bob.take();
    bob.acknowledges = false;
    for (let i = 0; i < 8; i++) await writes(bob.uin, LONG);
    await passes(50);
    assert.ok(bob.names().includes('goAway'));
    assert.equal(core.admin.sessionsOf(bob.uin as never).length, 0);
    const back = await online(bob.uin);
    back.say(commands.login1, PADDING);
    await passes(5_000);
    assert.equal(core.figures().messagesDelivered, 8);
  });
});

test('a client that falls silent is off line after five minutes, and its messages wait', async () => {
  const { alice, bob, passes, counters, core } = await pair();
  for (let minute = 0; minute < 5; minute++) {
    alice.keepAlive();
    await passes(60_000);
  }
  await passes(10_000);
  assert.equal(counters['udp_sessions_silent'], 1);
  assert.equal(core.admin.sessionsOf(bob.uin as never).length, 0);
  assert.equal(core.admin.sessionsOf(alice.uin as never).length, 1);
});

describe('a translator that forgets after N seconds', () => {
  /** Alice behind the translator keeps alive at this pace for ten minutes; Bob writes at the end. */
  async function tenMinutes(forgetMs: number, everyMs: number, version: TestClient['version']): Promise<Pair> {
    const place = await world({ limits: { udpSilenceMs: 150_000 } });
    const behind = forgetfulTranslator('203.0.113.9', forgetMs);
    const alice = await place.online(await place.account(), { version, behind, at: { address: '10.0.0.2', port: 1029 } });
    const bob = await place.online(await place.account());
    for (let at = 0; at < 600_000; at += 10_000) {
      if (at % everyMs === 0) alice.keepAlive();
      if (at % 60_000 === 0) bob.keepAlive();
      await place.passes(10_000);
    }
    alice.take();
    bob.writes(alice.uin, 'still there?');
    await place.passes(1_000);
    return { ...place, alice, bob };
  }

  for (const version of VERSIONS) {
    test(`version ${version}: signs of life within N keep the session`, async () => {
      const { alice, core } = await tenMinutes(60_000, 50_000, version);
      assert.deepEqual(alice.texts, ['still there?']);
      assert.equal(core.admin.sessionsOf(alice.uin as never).length, 1);
    });
  }

  for (const version of [2, 3, 4] as const) {
    test(`version ${version}: beyond N it is off line, and its messages wait`, async () => {
      const { alice, core, online, passes } = await tenMinutes(30_000, 110_000, version);
      assert.deepEqual(alice.texts, []);
      assert.equal(core.admin.sessionsOf(alice.uin as never).length, 0);
      const back = await online(alice.uin, { version });
      back.say(commands.login1, PADDING);
      await passes(500);
      assert.ok(back.names().includes('recvMessage'), back.names().join(' '));
    });
  }

  test('version 5: what is said in the gap arrives with its next sign of life, from whatever port', async () => {
    const { alice, core, passes } = await tenMinutes(30_000, 50_000, 5);
    assert.equal(core.admin.sessionsOf(alice.uin as never).length, 1);
    alice.keepAlive();
    await passes(500);
    assert.deepEqual(alice.texts, ['still there?']);
  });
});
