import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encode } from '../schema.ts';
import { hexOf } from '../testing.ts';
import { checkCode, decipherV4, decipherV5, descramble, encipherV4, encipherV5, scramble } from './crypt.ts';
import { layoutOf } from './declaration.ts';
import {
  buildClientPacket,
  buildServerPacket,
  type ClientPacket,
  isPacket,
  parseClientPacket,
  parseServerPacket,
  type ServerPacket,
  type Version,
  verifyServerCheck,
} from './packet.ts';
import { decodeCommand, decodeReply } from './registry.ts';
import { T4, T5 } from './tables.ts';

// Every vector of the reference, from its own file: the golden packets are made from these and could be changed with us.
interface Vector {
  readonly name: string;
  readonly version: number;
  readonly direction: string;
  readonly code: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly plain?: string;
  readonly r1?: number;
  readonly r2?: number;
  readonly checkcode?: string;
  readonly checkcode_scrambled?: string;
  readonly wire: string;
}

interface Negative {
  readonly name: string;
  readonly wire: string;
  readonly expect: 'accept' | 'accept-header' | 'drop' | 'reject';
  readonly decrypted_uin?: number;
  readonly decrypted_text?: string;
}

interface VectorFile {
  readonly tables: Readonly<Record<'v4' | 'v5' | 'v4_sha256' | 'v5_sha256', string>>;
  readonly scramble: { readonly pairs: readonly { readonly checkcode: string; readonly scrambled: string }[]; readonly bit_map: readonly number[] };
  readonly vectors: readonly Vector[];
  readonly negative: readonly Negative[];
  readonly flows: readonly { readonly name: string; readonly steps: readonly string[] }[];
}

const file = JSON.parse(readFileSync(new URL('../../../../docs/protocol/icq-udp-vectors.json', import.meta.url), 'utf8')) as VectorFile;
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const isClients = (vector: Vector): boolean => vector.direction.startsWith('client');

test('the tables are those of the reference', () => {
  for (const [table, name] of [[T4, 'v4'] as const, [T5, 'v5'] as const]) {
    assert.equal(hexOf(table), file.tables[name]);
    assert.equal(createHash('sha256').update(table).digest('hex'), file.tables[`${name}_sha256`]);
  }
});

test('check codes are scrambled and back as every pair says, and bit by bit', () => {
  for (const { checkcode, scrambled } of file.scramble.pairs) {
    assert.equal(scramble(Number(checkcode)), Number(scrambled), checkcode);
    assert.equal(descramble(Number(scrambled)), Number(checkcode), scrambled);
  }
  for (const [from, to] of file.scramble.bit_map.entries()) assert.equal(scramble((1 << from) >>> 0), (1 << to) >>> 0);
});

test('the file has the vectors this test is about', () => {
  assert.deepEqual([file.vectors.length, file.negative.length, file.flows.length], [93, 14, 3]);
});

for (const vector of file.vectors) {
  const wire = bytesOf(vector.wire);

  test(`vector ${vector.name}: header and parameters`, () => {
    const packet = isClients(vector) ? parseClientPacket(wire) : parseServerPacket(wire);
    assert.ok(isPacket<ClientPacket | ServerPacket>(packet), JSON.stringify(packet));
    const { fields } = vector;
    assert.equal(packet.version, vector.version);
    assert.equal(packet.command, Number(vector.code));
    assert.equal(packet.seq1, Number(fields['seq1'] ?? fields['seq']));
    assert.equal(packet.seq2, Number(fields['seq2'] ?? 0));
    if (vector.version !== 2) assert.equal(packet.uin, fields['uin']);
    assert.equal(packet.sessionId, Number(fields['session_id'] ?? 0));
    checkParameters(vector, packet);
  });

  if (isClients(vector) && vector.version >= 4) {
    test(`vector ${vector.name}: cipher and check code`, () => {
      const choice = { r1: vector.r1 as number, r2: vector.r2 as number };
      const plain = bytesOf(vector.plain as string);
      const [encipher, decipher, table] = vector.version === 4 ? [encipherV4, decipherV4, T4] : [encipherV5, decipherV5, T5];
      assert.equal(checkCode(plain, table, choice), Number(vector.checkcode));
      assert.equal(hexOf(encipher(plain, choice)), vector.wire);
      const { plain: got, valid } = decipher(wire);
      if (vector.version === 4) got.fill(0, 16, 20);
      assert.equal(hexOf(got), vector.plain);
      assert.ok(valid);
      if (vector.checkcode_scrambled !== undefined) assert.equal(scramble(Number(vector.checkcode)), Number(vector.checkcode_scrambled));
    });
  } else if (vector.r1 !== undefined) {
    test(`vector ${vector.name}: check code`, () => {
      assert.ok(verifyServerCheck(wire));
      wire[vector.version === 5 ? 17 : 12] = (wire[vector.version === 5 ? 17 : 12] as number) ^ 1;
      assert.ok(!verifyServerCheck(wire));
    });
  }
}

/** A server's version 3 packets are for version 4 clients, or, where sources say so, for those of version 5 and 3. */
function clientOf(vector: Vector): Version {
  if (isClients(vector) || vector.version !== 3 || vector.name.startsWith('v3g')) return vector.version as Version;
  return vector.name === 'v3s-bad-pass' || vector.name === 'v3s-new-uin' ? 5 : 4;
}

/** What the parameters mean can be written again, and the packet round it too. */
function checkParameters(vector: Vector, packet: ClientPacket | ServerPacket): void {
  const version = clientOf(vector);
  const decoded = isClients(vector) ? decodeCommand(packet as ClientPacket) : decodeReply(version, packet as ServerPacket);
  assert.ok(decoded !== undefined, 'not declared');
  const parameters = encode(layoutOf(decoded.declaration, version), decoded.value);
  assert.equal(hexOf(parameters), hexOf(packet.parameters));
  const random = vector.version === 4 ? { random: Number(vector.fields['random']) } : {};
  const check = vector.r1 === undefined ? 'zero' : { r1: vector.r1, r2: vector.r2 as number, ...random };
  const built = isClients(vector)
    ? buildClientPacket({ ...(packet as ClientPacket), parameters }, check)
    : buildServerPacket({ ...(packet as ServerPacket), parameters }, check);
  assert.equal(hexOf(built), vector.wire);
}

for (const negative of file.negative) {
  test(`datagram ${negative.name}: ${negative.expect}`, () => {
    const packet = parseClientPacket(bytesOf(negative.wire));
    assert.equal(isPacket(packet), negative.expect.startsWith('accept'));
    if (!isPacket(packet)) {
      assert.equal(packet.problem === 'check', negative.expect === 'reject', packet.problem);
      return;
    }
    if (negative.decrypted_uin !== undefined) assert.equal(packet.uin, negative.decrypted_uin);
    const value = decodeCommand(packet)?.value as { readonly text?: Uint8Array; readonly uins?: readonly number[] };
    if (negative.decrypted_text !== undefined) assert.equal(String.fromCharCode(...(value.text ?? [])), negative.decrypted_text);
    if (negative.expect === 'accept-header') assert.deepEqual(value.uins, [7654321, 100001, 99999999]);
  });
}

for (const { name, steps } of file.flows) {
  test(`flow ${name}: each step is a declared packet of its side, numbered as the reference says`, () => {
    const packets = steps.map((step) => packetOf(step));
    const [first] = packets;
    // Version 4 tries its number and password first (§9.3).
    assert.ok(['login', 'newUser1'].includes(first?.name ?? ''), first?.name);
    const numbered = packets.filter((one) => one.from === 's' && one.name !== 'ack').map((one) => one.packet.seq1);
    // Where the vectors of a flow leave gaps, other packets stood in the session they were taken from.
    for (const [i, seq] of numbered.entries()) if (i > 0) assert.ok(seq > (numbered[i - 1] as number), `seq ${seq} after ${numbered[i - 1]}`);
    assert.equal(packets.filter((one) => one.name === 'loginReply').length, 1);
    const sessions = new Set(packets.map((one) => one.packet.sessionId));
    assert.equal(sessions.size, 1, 'one session id from the first packet to the last');
  });
}

function packetOf(step: string): { readonly from: string; readonly name: string; readonly packet: ClientPacket | ServerPacket } {
  const [from, name] = step.split(' ') as [string, string];
  const vector = file.vectors.find((one) => one.name === name) as Vector;
  assert.equal(isClients(vector), from === 'c');
  const wire = bytesOf(vector.wire);
  const packet = from === 'c' ? parseClientPacket(wire) : parseServerPacket(wire);
  assert.ok(isPacket<ClientPacket | ServerPacket>(packet));
  const decoded = from === 'c' ? decodeCommand(packet as ClientPacket) : decodeReply(clientOf(vector), packet as ServerPacket);
  assert.ok(decoded !== undefined, `${step} is not declared`);
  return { from, name: decoded.name, packet };
}
