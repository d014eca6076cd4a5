/** Conversations over a line that loses, repeats and reorders a fifth of everything in both directions. Each prints its seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Limits } from '@seekyou/core';
import { commands, type Version } from '@seekyou/wire/udp';
import { ascii, latin, PADDING, TestClient, type Told, VERSIONS, type World, world } from './test-world.ts';

const BAD_LINE = { loss: 0.2, duplication: 0.2, delayMs: [10, 600] as const };
const MESSAGES = 40;
const RESEND_MS = 10_000;

/**
 * How clients deal with the line: licq sends one packet at a time and takes only the one whose turn it is; mICQ sends everything at
 * once and takes whatever it has not seen yet.
 */
type Manner = 'licq' | 'micq';

interface Outstanding {
  readonly seq1: number;
  readonly datagram: Uint8Array;
  at: number;
}

class Person {
  readonly texts: string[] = [];
  /** Of messages, when its client acknowledged them first. */
  acknowledgedMessages = 0;
  signedOn = false;
  readonly client: TestClient;
  private readonly place: World;
  private readonly manner: Manner;
  private readonly waiting: { readonly seq1: number; readonly datagram: Uint8Array }[] = [];
  private readonly outstanding: Outstanding[] = [];
  private next = 0;
  private readonly seen = new Set<number>();

  constructor(place: World, client: TestClient, manner: Manner) {
    this.place = place;
    this.client = client;
    this.manner = manner;
    client.acknowledges = false;
    client.listener = (told) => this.hears(told);
  }

  /** Says something, and goes on saying it until it is acknowledged. */
  says(say: () => Uint8Array): void {
    const { seq1 } = this.client;
    this.client.mute = true;
    this.waiting.push({ seq1, datagram: say() });
    this.client.mute = false;
  }

  get isDone(): boolean {
    return this.waiting.length + this.outstanding.length === 0;
  }

  tick(): void {
    const now = this.place.clock.now();
    for (const one of this.outstanding) {
      if (now - one.at < RESEND_MS) continue;
      one.at = now;
      this.client.send(one.datagram);
    }
    while (this.waiting.length > 0 && (this.manner === 'micq' || this.outstanding.length === 0)) {
      const one = this.waiting.shift();
      if (one === undefined) break;
      this.outstanding.push({ ...one, at: now });
      this.client.send(one.datagram);
    }
  }

  private hears({ name, value, packet }: Told): void {
    if (name === 'ack') {
      const at = this.outstanding.findIndex(({ seq1 }) => seq1 === packet.seq1);
      if (at >= 0) this.outstanding.splice(at, 1);
      return;
    }
    assert.notEqual(name, 'goAway');
    assert.notEqual(name, 'notConnected');
    if (this.isNew(packet.seq1)) {
      if (name === 'loginReply') this.signedOn = true;
      if (name === 'sysDeliveredMess') {
        this.texts.push(latin(value.text));
        this.acknowledgedMessages++;
      }
    } else if (this.manner === 'licq' && packet.seq1 > this.next) {
      return; // waits for those in front of it
    }
    this.client.acknowledge(packet);
  }

  private isNew(seq1: number): boolean {
    if (this.manner === 'licq') {
      if (seq1 !== this.next) return false;
      this.next++;
      return true;
    }
    if (this.seen.has(seq1)) return false;
    this.seen.add(seq1);
    return true;
  }
}

const allOf = (name: string): string[] => Array.from({ length: MESSAGES }, (_, i) => `${name} ${i}`);

async function converse(versions: readonly [Version, Version], manner: Manner, seed: number, limits: Partial<Limits> = {}): Promise<void> {
  const place = await world({ seed, limits });
  place.network.line = BAD_LINE;
  const people: Person[] = [];
  for (const version of versions) {
    const person = new Person(place, place.client(await place.account(), { version }), manner);
    person.says(() => person.client.signOn());
    people.push(person);
  }
  const [alice, bob] = people as [Person, Person];
  const until = async (done: () => boolean, what: string): Promise<void> => {
    for (let turn = 0; !done(); turn++) {
      assert.ok(turn < 20_000, `seed ${seed}: ${what} took too long`);
      for (const person of people) person.tick();
      await place.passes(100);
      assert.ok(
        place.core.figures().messagesDelivered <= alice.acknowledgedMessages + bob.acknowledgedMessages,
        `seed ${seed}: something counts as delivered that nobody acknowledged`,
      );
    }
  };
  await until(() => people.every((person) => person.signedOn && person.isDone), 'signing on');
  for (const person of people) person.says(() => person.client.say(commands.login1, PADDING));
  await until(() => people.every((person) => person.isDone), 'asking for stored messages');
  for (let i = 0; i < MESSAGES; i++) {
    alice.says(() => alice.client.writes(bob.client.uin, `alice ${i}`));
    bob.says(() => bob.client.writes(alice.client.uin, `bob ${i}`));
  }
  await until(() => people.every((person) => person.isDone && person.texts.length >= MESSAGES), 'the conversation');
  await place.passes(30_000);
  assert.deepEqual(bob.texts, allOf('alice'), `seed ${seed}`);
  assert.deepEqual(alice.texts, allOf('bob'), `seed ${seed}`);
  assert.equal(place.core.figures().messagesDelivered, 2 * MESSAGES, `seed ${seed}`);
  assert.ok((place.counters['udp_repeated'] ?? 0) > 0 && (place.counters['udp_resent'] ?? 0) > 0, 'the line was bad');
}

for (const manner of ['licq', 'micq'] as const) {
  for (const version of VERSIONS) {
    const seed = 1_996 + version + (manner === 'licq' ? 0 : 100);
    test(`version ${version} in the manner of ${manner}: every message once and in order (seed ${seed})`, async () => {
      await converse([version, version], manner, seed);
    });
  }
}

test('a new seed every time', async (t) => {
  const seed = Number(process.env['SEEKYOU_TEST_SEED'] ?? Math.floor(Date.now() / 1000));
  t.diagnostic(`seed ${seed}: SEEKYOU_TEST_SEED repeats it`);
  // A few conversations in a hundred would lose a session, or the patience with a packet, to such a line, or the copy of a sign-on
  // that would have shown the next to be one; and that is as it should be.
  await converse([5, 2], 'micq', seed, { udpSendsMax: 30, udpAheadMs: 600_000, udpNextCopyMs: 60_000 });
});

test('what was written to somebody who is gone is there when he comes back, each once', async () => {
  const seed = 77;
  const place = await world({ seed });
  const alice = await place.online(await place.account());
  const bob = await place.online(await place.account());
  await place.passes(6_000);
  bob.acknowledges = false;
  for (const text of allOf('alice').slice(0, 5)) alice.writes(bob.uin, text);
  await place.passes(80_000);
  assert.equal(place.core.figures().messagesDelivered, 0);
  const back = await place.online(bob.uin);
  back.say(commands.login1, PADDING);
  await place.passes(2_000);
  const stored = back.told.filter(({ name }) => name === 'recvMessage').map(({ value }) => latin(value.text));
  assert.deepEqual(stored, allOf('alice').slice(0, 5));
  assert.equal(place.core.figures().messagesDelivered, 5);
  back.say(commands.sendMessage, { to: alice.uin, type: 1, text: ascii('thanks') });
  await place.passes(200);
  assert.deepEqual(alice.texts, ['thanks']);
});
