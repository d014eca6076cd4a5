import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { WireError } from '../errors.ts';
import { chanceFrom, checkAnyBytes, checkRoundTrip, hexOf, mutate } from '../testing.ts';
import { layoutOf } from './declaration.ts';
import { dissectDatagram } from './dissect.ts';
import { metaLayout } from './meta.ts';
import {
  buildClientPacket,
  buildServerPacket,
  chooseCheck,
  type ClientPacket,
  isPacket,
  parseClientPacket,
  parseServerPacket,
  type ServerFormat,
  type Version,
  verifyServerCheck,
} from './packet.ts';
import { decodeCommand, decodeReply, META_REGISTRY, UDP_REGISTRY } from './registry.ts';

// A failure names its seed: SEEKYOU_SEED=… repeats it, SEEKYOU_ROUNDS=… looks longer.
const seed = Number(process.env['SEEKYOU_SEED'] ?? Date.now() % 1_000_000_000);
const rounds = Number(process.env['SEEKYOU_ROUNDS'] ?? 10);
const mutations = Number(process.env['SEEKYOU_MUTATIONS'] ?? 100_000);
const VERSIONS: readonly Version[] = [1, 2, 3, 4, 5];

for (const { module, name, declaration } of UDP_REGISTRY) {
  for (const version of VERSIONS.filter((one) => one >= declaration.since && one <= declaration.until)) {
    const title = `udp/${module} ${name}, version ${version}`;
    test(`${title}: generated values survive their bytes, and broken bytes are a value or a WireError (seed ${seed})`, () => {
      checkLayout(title, layoutOf(declaration, version));
    });
  }
}

for (const { name, declaration } of META_REGISTRY) {
  for (const form of ['old', 'new'] as const) {
    const title = `udp/meta ${name}, ${form} form`;
    test(`${title}: generated values survive their bytes, and broken bytes are a value or a WireError (seed ${seed})`, () => {
      checkLayout(title, metaLayout(declaration, form));
    });
  }
}

function checkLayout(title: string, layout: ReturnType<typeof layoutOf>): void {
  const chance = chanceFrom(seed);
  for (let round = 0; round < rounds; round++) {
    const data = checkRoundTrip(title, layout, chance);
    for (let end = 0; end < data.length; end++) checkAnyBytes(title, layout, data.subarray(0, end));
    for (let i = 0; i < 10; i++) checkAnyBytes(title, layout, mutate(data, chance));
  }
}

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });

for (const version of VERSIONS) {
  test(`version ${version}: any client packet survives its header and its cipher`, () => {
    const packets = fc.record({ command: u16, seq1: u16, seq2: u16, uin: u32, sessionId: u32, parameters: fc.uint8Array({ minLength: 1, maxLength: 1000 }) });
    fc.assert(
      fc.property(packets, fc.integer(), (fields, choice) => {
        const chance = chanceFrom(choice);
        const packet = sent({ version, ...fields });
        const wire = buildClientPacket(packet, chooseCheck(version, packet.parameters.length, chance));
        assert.deepEqual(parseClientPacket(wire), packet);
      }),
      { seed },
    );
  });
}

for (const version of [1, 2, 3, 5] satisfies ServerFormat[]) {
  test(`version ${version}: any server packet survives its header`, () => {
    fc.assert(
      fc.property(
        fc.record({ command: u16, seq1: u16, seq2: u16, uin: u32, sessionId: u32, parameters: fc.uint8Array({ maxLength: 600 }) }),
        fc.integer({ min: 0, max: 15 }),
        fc.integer({ min: 0, max: 0xff }),
        (fields, r1, r2) => {
          const numbers = { seq2: version <= 2 ? 0 : fields.seq2, uin: version <= 2 ? 0 : fields.uin, sessionId: version < 5 ? 0 : fields.sessionId };
          const packet = { version, ...fields, ...numbers };
          const wire = buildServerPacket(packet, { r1, r2 });
          // fast-check hands out views of its own kind.
          assert.deepEqual(parseServerPacket(wire), { ...packet, parameters: Uint8Array.from(packet.parameters) });
          assert.ok(verifyServerCheck(wire));
        },
      ),
      { seed },
    );
  });
}

/** What of a packet its version has room for. */
function sent(packet: ClientPacket): ClientPacket {
  const isBare = packet.version <= 2 && (packet.command === 0x03fc || packet.command === 0x04ec);
  return {
    ...packet,
    seq2: packet.version <= 2 ? 0 : packet.seq2,
    uin: isBare ? 0 : packet.uin,
    sessionId: packet.version < 5 ? 0 : packet.sessionId,
    parameters: Uint8Array.from(packet.parameters),
  };
}

interface Vector {
  readonly name: string;
  readonly version: number;
  readonly direction: string;
  readonly wire: string;
}

test(`${mutations} mutated vectors are a packet, a problem or a WireError (seed ${seed})`, { timeout: 120_000 }, () => {
  const file = JSON.parse(readFileSync(new URL('../../../../docs/protocol/icq-udp-vectors.json', import.meta.url), 'utf8')) as {
    readonly vectors: readonly Vector[];
  };
  const vectors = file.vectors.map((vector) => ({ ...vector, bytes: Uint8Array.from(vector.wire.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) }));
  const chance = chanceFrom(seed);
  const seen = { packets: 0, problems: 0, errors: 0 };
  for (let i = 0; i < mutations; i++) {
    const vector = vectors[Math.floor(chance() * vectors.length)] as (typeof vectors)[number];
    const isClients = vector.direction.startsWith('client');
    // Half of them before the cipher, so that what is broken is not only the check code.
    const data = isClients && vector.version >= 4 && chance() < 0.5 ? enciphered(vector.bytes, chance) : mutate(vector.bytes, chance);
    seen[outcome(data, isClients)]++;
  }
  assert.ok(seen.packets > mutations / 10 && seen.problems > mutations / 20 && seen.errors > mutations / 50, JSON.stringify(seen));
});

function enciphered(wire: Uint8Array, chance: () => number): Uint8Array {
  const packet = parseClientPacket(wire);
  if (!isPacket(packet)) throw new Error(`vector ${hexOf(wire)}: ${packet.problem}`);
  const changed = mutate(packet.parameters, chance);
  const parameters = changed.length === 0 ? Uint8Array.of(0) : changed;
  return buildClientPacket({ ...packet, parameters }, chooseCheck(packet.version, parameters.length, chance));
}

function outcome(data: Uint8Array, isClients: boolean): 'packets' | 'problems' | 'errors' {
  dissectDatagram(data, isClients ? 'client' : 'server', { redact: true });
  try {
    if (isClients) {
      const packet = parseClientPacket(data);
      if (!isPacket(packet)) return 'problems';
      decodeCommand(packet);
    } else {
      const packet = parseServerPacket(data);
      if (!isPacket(packet)) return 'problems';
      for (const version of VERSIONS) decodeReply(version, packet);
    }
    return 'packets';
  } catch (error) {
    if (error instanceof WireError) return 'errors';
    throw new Error(`${hexOf(data)} makes a ${String(error)} (seed ${seed})`, { cause: error });
  }
}
