/** Several packets in one: to those who open them, and to nobody else. @see icq-udp.md §17.1 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commands, type Login, MULTI_BYTES_MAX, type ServerPacket, unpackMulti, type Version } from '@seekyou/wire/udp';
import { PADDING, type TestClient, type World, world } from './test-world.ts';

const NOTHING = new Uint8Array(0);
const FRIENDS = 12;
const LETTERS = 8;

const TAILS = {
  mICQ: { x2: 0x822c_01ec, webPort: 0x50, features: 3, build: 0x7d00_01ea, extra: NOTHING },
  licq: { zero: 0, x2: 0x013f_0002, webPort: 0x50, features: 3, build: 0x7d00_03ec, infoTime: 0, statusTime: 0, extra: NOTHING },
  ours: { zero: 0, x2: 0x0098_0010, webPort: 0, features: 3, build: 0x5359_0001, infoTime: 0, statusTime: 0, extra: NOTHING },
  'ICQ 99b': { zero: 0, x2: 0x013f_0002, webPort: 0x50, features: 3, build: 0x385b_faac, infoTime: 0, statusTime: 0, extra: NOTHING },
} satisfies Record<string, Login['tail']>;

interface Scene extends World {
  readonly alice: TestClient;
  readonly friends: readonly TestClient[];
}

/** Alice signs on; twelve friends of hers are there, and one has written eight times. */
async function scene(version: Version, tail?: Login['tail']): Promise<Scene> {
  const place = await world();
  const uin = await place.account();
  const friends: TestClient[] = [];
  for (let i = 0; i < FRIENDS; i++) friends.push(await place.online(await place.account()));
  for (let i = 0; i < LETTERS; i++) friends[0]?.writes(uin, `letter ${i}`);
  await place.passes(6_000);
  const alice = place.client(uin, { version });
  alice.signOn(undefined, tail === undefined ? {} : { tail });
  await place.passes(50);
  alice.say(commands.login1, PADDING);
  alice.say(commands.contactList, { uins: friends.map((friend) => friend.uin) });
  await place.passes(10_000);
  return { ...place, alice, friends };
}

const multis = (client: TestClient): readonly ServerPacket[] => client.told.filter(({ name }) => name === 'multiPacket').map(({ packet }) => packet);

describe('who opens them', () => {
  for (const name of ['mICQ', 'licq', 'ours'] as const) {
    test(`${name} gets what waits together, each thing once and in order, and acknowledges it once`, async () => {
      const { alice, friends, counters, passes } = await scene(5, TAILS[name]);
      assert.ok(multis(alice).length >= 2, `${multis(alice).length} of them`);
      const plain = alice.told.filter((told) => told.name !== 'multiPacket').map(({ packet }) => packet);
      const inner = multis(alice).flatMap((packet) => {
        const packets = unpackMulti(packet.parameters);
        assert.ok(packets.length >= 2 && packet.parameters.length <= MULTI_BYTES_MAX);
        for (const one of packets) assert.deepEqual([one.seq1, one.seq2, one.sessionId], [packet.seq1, 0, alice.sessionId]);
        return packets;
      });
      const all = [...plain, ...inner].toSorted((a, b) => a.seq1 - b.seq1);
      const came = (command: number): readonly ServerPacket[] => all.filter((packet) => packet.command === command);
      assert.deepEqual(
        came(0x006e)
          .map(({ parameters }) => new DataView(parameters.slice(0, 4).buffer).getUint32(0, true))
          .toSorted((a, b) => a - b),
        friends.map(({ uin }) => uin).toSorted((a, b) => a - b),
      );
      assert.deepEqual(
        came(0x00dc).map(({ parameters }) => String.fromCharCode(parameters.at(-2) as number)),
        Array.from({ length: LETTERS }, (_, i) => String(i)),
      );
      assert.ok(all.findLastIndex(({ command }) => command === 0x00dc) < all.findIndex(({ command }) => command === 0x00e6), 'X2 comes last');
      // All is acknowledged, the letters inside too: nothing is repeated, nothing waits in the store.
      assert.equal(counters['udp_acks_unknown'], 0);
      assert.equal(counters['udp_resent'], 0);
      alice.say(commands.sendTextCode, { code: new TextEncoder().encode('B_USER_DISCONNECTED'), five: 5 });
      await passes(50);
      alice.take();
      alice.signOn(undefined, { tail: TAILS[name] });
      await passes(50);
      alice.say(commands.login1, PADDING);
      await passes(2_000);
      assert.deepEqual(
        alice.names().filter((told) => told === 'recvMessage' || told === 'multiPacket'),
        [],
      );
    });
  }

  test('one that is lost comes again as it was', async () => {
    const { alice, friends, passes } = await scene(5, TAILS.mICQ);
    alice.take();
    alice.acknowledges = false;
    for (let i = 0; i < 4; i++) friends[0]?.writes(alice.uin, `live ${i}`);
    await passes(100);
    const [first] = alice.take().filter(({ name }) => name === 'sysDeliveredMess');
    assert.ok(first);
    alice.acknowledge(first.packet);
    await passes(5_000);
    const came = multis(alice);
    assert.ok(came.length >= 2);
    for (const packet of came) assert.deepEqual(packet.parameters, came[0]?.parameters);
    assert.equal(unpackMulti(came[0]?.parameters as Uint8Array).length, 3);
  });
});

describe('who may not', () => {
  for (const [name, version, tail] of [
    ['version 2', 2, undefined],
    ['version 3', 3, undefined],
    ['version 4', 4, undefined],
    ['ICQ 99a, and what signs on like it', 5, undefined],
    ['ICQ 99b', 5, TAILS['ICQ 99b']],
  ] as const) {
    test(`${name} gets one packet after another`, async () => {
      const { alice } = await scene(version, tail);
      assert.deepEqual(multis(alice), []);
      const names = alice.names();
      assert.equal(names.filter((one) => one === 'userOnline').length, FRIENDS);
      assert.equal(names.filter((one) => one === 'recvMessage').length, LETTERS);
    });
  }
});
