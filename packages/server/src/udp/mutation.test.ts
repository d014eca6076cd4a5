/** Sessions that say what no client says: nothing of it may be a mistake of ours, or be noticed by anybody else. @see icq-udp.md §26 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildClientPacket, buildServerPacket, chooseCheck, type ClientPacket, commands, isPacket, parseClientPacket } from '@seekyou/wire/udp';
import type { CounterName } from './counters.ts';
import { fractions, OWNER, OWNER_PASSWORD, PADDING, type TestClient, VECTORS, vectorOf, VERSIONS, type World, world } from './test-world.ts';

const SEED = Number(process.env['SEEKYOU_TEST_SEED'] ?? 20_261_121);
/** For each version. */
const DATAGRAMS = 25_000;
const AT_ONCE = 20;
/** The largest datagram of a server's (§28). */
const BYTES_MAX = 1_400;
/** What is said to those who are not signed on. */
const TO_STRANGERS: ReadonlySet<string> = new Set([
  'ack',
  'notConnected',
  'badPass',
  'tryAgain',
  'loginErr',
  'loginReply',
  'goAway',
  'depsList',
  'newUin',
  'registrationInfo',
  'registrationAccepted',
]);

/** What has to have happened, or the vectors went nowhere. */
const COUNTED: readonly CounterName[] = [
  'udp_bad_versions',
  'udp_bad_lengths',
  'udp_without_session',
  'udp_malformed',
  'udp_unknown',
  'udp_repeated',
  'udp_early',
  'udp_stale',
  'udp_acks_received',
  'udp_sign_ons',
  'udp_sign_ons_refused',
];

for (const version of VERSIONS) {
  test(`version ${version}: ${DATAGRAMS} mutated vectors from within a session (SEEKYOU_TEST_SEED=${SEED})`, async () => {
    const vectors = VECTORS.vectors.filter((one) => one.version === version && one.direction.startsWith('client')).map(({ name }) => vectorOf(name));
    const chance = fractions(SEED + version);
    const below = (count: number): number => Math.floor(chance() * count);
    const place = await world({ settings: { liftRates: true } });
    await place.core.admin.create({ uin: OWNER, password: OWNER_PASSWORD });
    const [bob, carol] = [await place.online(await place.account()), await place.online(await place.account(), { version: 2 })];
    await place.passes(6_000);
    const sessions = (): readonly string[] => [bob, carol].flatMap(({ uin }) => place.core.admin.sessionsOf(uin as typeof OWNER).map(({ id }) => id));
    for (const one of [bob, carol]) one.take();
    const before = sessions();
    const mallory = place.client(OWNER, { version });
    let own: string | undefined;
    const kinds = new Map<string, number>();
    for (let sent = 0; sent < DATAGRAMS; sent += AT_ONCE) {
      // A vector may have been a sign-on or a goodbye.
      if (place.core.admin.sessionsOf(OWNER)[0]?.id !== own) own = await signsOn(place, mallory);
      for (let i = 0; i < AT_ONCE; i++) mallory.send(chance() < 0.5 ? changed(vector()) : next(mallory, vector()));
      await place.passes(50);
      for (const { name, packet } of mallory.take()) {
        kinds.set(name, (kinds.get(name) ?? 0) + 1);
        assert.ok(buildServerPacket(packet).length <= BYTES_MAX, `${name} is longer than any packet`);
        if (packet.version > 2 && packet.uin !== OWNER) assert.ok(TO_STRANGERS.has(name), `a stranger is told ${name}`);
      }
      // They talk on, and hear nothing but each other.
      bob.writes(carol.uin, `${sent}`);
      carol.writes(bob.uin, `${sent}`);
      await place.passes(50);
      for (const one of [bob, carol]) {
        assert.deepEqual(one.texts, [`${sent}`]);
        assert.deepEqual(
          one
            .take()
            .map(({ name }) => name)
            .toSorted(),
          ['ack', 'sysDeliveredMess'],
        );
      }
    }
    assert.deepEqual(sessions(), before, 'the others are where they were');
    assert.deepEqual(
      place.logs.filter((line) => /Error|could not be handled/.test(line)),
      [],
    );
    assert.equal(place.counters['udp_handler_failures'], 0);
    for (const name of COUNTED) assert.ok((place.counters[name] as number) > 0, `${name} is counted`);
    assert.ok((kinds.get('ack') as number) > DATAGRAMS / 10, 'much of it was a command to a session');

    function vector(): Uint8Array {
      return (vectors[below(vectors.length)] as Uint8Array).slice();
    }

    function changed(bytes: Uint8Array): Uint8Array {
      if (bytes.length === 0) return bytes;
      for (let changes = 1 + below(4); changes > 0; changes--) bytes[below(bytes.length)] = below(256);
      return chance() < 0.2 ? bytes.subarray(0, below(bytes.length + 1)) : bytes;
    }

    /** What the vector says, changed, as the next packet of this session: what the check code and the numbers stop goes no further. */
    function next(client: TestClient, bytes: Uint8Array): Uint8Array {
      const packet = parseClientPacket(bytes);
      assert.ok(isPacket(packet));
      if (packet.command === commands.login.code) return next(client, vector());
      const { seq1, sessionId } = client;
      const seq2 = version <= 2 ? 0 : client.seq2;
      if (packet.command !== commands.ack.code) {
        client.seq1 = (seq1 + 1) & 0xffff;
        client.seq2 = (client.seq2 + 1) & 0xffff;
      }
      const said = changed(packet.parameters.slice());
      const parameters = version === 5 && said.length === 0 ? PADDING.padding : said;
      const command = chance() < 0.05 ? below(0x800) : packet.command;
      return buildClientPacket(
        { version, command, seq1, seq2, uin: OWNER, sessionId, parameters } as ClientPacket,
        version <= 2 ? 'zero' : chooseCheck(version, parameters.length, chance),
      );
    }
  });
}

/** As in the vectors, so that what they say may be this session's. @returns the session's id */
async function signsOn(place: World, client: TestClient): Promise<string> {
  // One of them sets another password; and this ends what is there.
  await place.core.admin.passwd(OWNER, OWNER_PASSWORD);
  for (let tries = 0; tries < 5; tries++) {
    Object.assign(client, client.version === 5 ? { sessionId: 0x1a2b3c4d, seq1: 4_660, seq2: 1 } : { seq1: 1, seq2: 1 });
    client.signOn(OWNER_PASSWORD);
    await place.passes(100);
    const [session] = place.core.admin.sessionsOf(OWNER);
    if (session !== undefined) return session.id;
    // Wrong passwords are slowed down.
    place.clock.advance(20_000);
    await place.passes(100);
  }
  return assert.fail('nobody can sign on any more');
}
