/** The sign-ons of the reference's vectors, played byte for byte: the server says what they say, in their order. @see icq-udp.md §9.1, §29 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asUin, type Uin } from '@seekyou/core';
import { type ClientPacket, commands, decodeReply, isPacket, parseClientPacket, parseServerPacket, replies, type Version } from '@seekyou/wire/udp';
import { OWNER, OWNER_PASSWORD, PADDING, type Told, vectorOf, VECTORS, world } from './test-world.ts';

/** In every contact list of the vectors. */
const FRIEND = asUin(7_654_321) as Uin;
/** Each step of the server's has come, and what it waits for. */
const STEP_MS = 2_000;
const STORED: ReadonlySet<string> = new Set(['recvMessage', 'endOfMessages']);

for (const { name, steps } of VECTORS.flows) {
  test(`flow ${name}: what the client says is acknowledged, and the answers come as they do there`, async () => {
    const { client, core, counters, online, passes } = await world();
    await core.admin.create({ uin: OWNER, password: OWNER_PASSWORD });
    await core.admin.create({ uin: FRIEND, password: 'pass1234', authorisationRequired: false });
    const friend = await online(FRIEND);
    friend.writes(OWNER, 'Happy 2000');
    await passes(STEP_MS);

    const { version, sessionId } = packetOf(steps[0] as string);
    const owner = Object.assign(client(OWNER, { version }), { sessionId });
    const told: Told[] = [];
    const said: string[] = [];
    let next = 0;
    for (const step of steps) {
      if (step.startsWith('s ')) {
        await passes(STEP_MS);
        told.push(...owner.take());
        continue;
      }
      const packet = packetOf(step);
      if (packet.command !== commands.ack.code) {
        // Where the vectors leave out numbers, other packets stood in the session they were taken from.
        if (packet.command === commands.login.code || said.length === 0) next = packet.seq1;
        for (; next < packet.seq1; next++) {
          owner.say(commands.keepAlive, PADDING, { seq1: next, seq2: 0 });
          said.push(`${next} 0`);
        }
        said.push(`${packet.seq1} ${packet.seq2}`);
        next++;
      }
      owner.send(vectorOf(step.slice(2)));
    }
    await passes(STEP_MS);
    told.push(...owner.take());

    const acks = told.filter(({ packet }) => packet.command === replies.ack.code);
    assert.deepEqual(acks.map(({ packet }) => `${packet.seq1} ${packet.seq2}`).toSorted(), said.toSorted());
    const answers = told.filter((one) => !acks.includes(one));
    const wanted = steps.flatMap((step) => answerIn(step, version));
    // Stored messages are asked for first and the contacts are there later: the two may come in either order.
    for (const isStored of [false, true]) {
      const belongs = ({ is }: Shape): boolean => STORED.has(is) === isStored;
      // Not all flows go as far as the end of the contacts.
      const isWanted = ({ is }: Shape): boolean => is !== 'endOfContactList' || wanted.some((one) => one.is === is);
      assert.deepEqual(answers.map(shapeOf).filter(belongs).filter(isWanted), wanted.filter(belongs));
    }
    // Behind the list of departments the reply of version 4 has the number 1.
    const first = version === 4 ? 1 : 0;
    const numbered = answers.filter(({ name: is }) => is !== 'depsList');
    assert.deepEqual(
      numbered.map(({ packet }) => packet.seq1),
      numbered.map((_, i) => first + i),
    );
    assert.equal(counters['udp_sessions_left'], steps.at(-1)?.endsWith('logoff') === true ? 1 : 0);
    assert.deepEqual([counters['udp_malformed'], counters['udp_stale'], counters['udp_resent']], [0, 0, 0]);
  });
}

function packetOf(step: string): ClientPacket {
  const packet = parseClientPacket(vectorOf(step.slice(2)));
  assert.ok(isPacket(packet));
  return packet;
}

/** What a step of the server's looks like, but for acknowledgements. */
function answerIn(step: string, version: Version): readonly Shape[] {
  if (!step.startsWith('s ')) return [];
  const packet = parseServerPacket(vectorOf(step.slice(2)));
  assert.ok(isPacket(packet));
  const decoded = decodeReply(version, packet);
  assert.ok(decoded !== undefined);
  if (packet.command === replies.ack.code) return [];
  return [shapeOf({ ...decoded, packet })];
}

interface Shape {
  readonly is: string;
  readonly form: number;
  readonly uin: number;
  readonly sessionId: number;
  readonly fields: readonly string[];
}

/** What is the same whenever it is played. */
function shapeOf({ name, packet, value }: Told): Shape {
  return { is: name, form: packet.version, uin: packet.uin, sessionId: packet.sessionId, fields: Object.keys(value) };
}
