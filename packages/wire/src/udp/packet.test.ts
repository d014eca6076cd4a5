/** Every vector of icq-udp-vectors.json, computed from other programs' code or captured from real clients and servers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCode, descramble, scramble } from './crypt.ts';
import { buildClientPacket, buildServerPacket, parseClientPacket, parseServerPacket, plainClientPacket, type ServerFormat } from './packet.ts';
import { TABLE_4, TABLE_5 } from './tables.ts';
import { bytesOf, codeOf, hexOf, isFromClient, NEGATIVE, parametersOf, SCRAMBLED, VECTORS } from '../../testdata/udp/vectors.ts';

for (const vector of VECTORS.filter(isFromClient)) {
  test(`${vector.name} is what it says, and comes out again byte for byte`, () => {
    const wire = bytesOf(vector.wire);
    const packet = parseClientPacket(wire);
    assert.ok(typeof packet === 'object', String(packet));
    assert.equal(packet.version, vector.version);
    assert.equal(packet.command, Number(vector.code));
    assert.equal(packet.uin, vector.fields['uin'] ?? 0);
    assert.equal(packet.seq1, vector.fields['seq1'] ?? vector.fields['seq']);
    assert.equal(packet.seq2, vector.fields['seq2'] ?? 0);
    assert.equal(packet.sessionId, Number(vector.fields['session_id'] ?? 0));
    if (vector.plain !== undefined) assert.equal(hexOf(packet.parameters), hexOf(parametersOf(vector)));
    const random = Number(vector.fields['random'] ?? 0) & 0xffff;
    if (vector.plain !== undefined) assert.equal(hexOf(plainClientPacket(packet, random)), vector.plain);
    // Groupware clients leave the check code of version 3 empty.
    if (vector.version !== 3 || vector.r1 !== undefined) {
      assert.equal(hexOf(buildClientPacket(packet, { r1: vector.r1 ?? 0, r2: vector.r2 ?? 0, random })), vector.wire);
    }
  });
}

for (const vector of VECTORS.filter((one) => !isFromClient(one))) {
  test(`${vector.name} is read by a client, and comes out again byte for byte`, () => {
    const packet = parseServerPacket(bytesOf(vector.wire));
    assert.ok(typeof packet === 'object', String(packet));
    assert.equal(packet.format, vector.version as ServerFormat);
    assert.equal(packet.command, Number(vector.code));
    assert.equal(packet.seq1, vector.fields['seq1'] ?? vector.fields['seq']);
    if (vector.version !== 2) assert.equal(packet.uin, vector.fields['uin']);
    if (vector.version !== 2) assert.equal(packet.seq2, vector.fields['seq2']);
    if (vector.version === 2 || vector.r1 !== undefined) {
      assert.equal(hexOf(buildServerPacket(packet, { r1: vector.r1 ?? 0, r2: vector.r2 ?? 0 })), vector.wire);
    }
  });
}

for (const vector of VECTORS.filter(({ checkcode, plain }) => checkcode !== undefined && plain !== undefined)) {
  test(`the check code of ${vector.name}`, () => {
    const code = checkCode(bytesOf(vector.plain as string), vector.version === 5 ? TABLE_5 : TABLE_4, { r1: vector.r1 as number, r2: vector.r2 as number });
    assert.equal(code, codeOf(vector.checkcode as string));
  });
}

test('check codes are scrambled and back', () => {
  for (const { checkcode, scrambled } of SCRAMBLED) {
    assert.equal(scramble(codeOf(checkcode)), codeOf(scrambled));
    assert.equal(descramble(codeOf(scrambled)), codeOf(checkcode));
  }
});

for (const { name, wire, expect, why, decrypted_uin: uin, decrypted_text: text } of NEGATIVE) {
  test(`${name}: ${expect}, because ${why}`, () => {
    const packet = parseClientPacket(bytesOf(wire));
    if (expect === 'reject') assert.equal(packet, 'bad-check');
    else if (expect === 'drop') assert.ok(packet === 'too-short' || packet === 'unknown-version', 'without an answer');
    else assert.equal(typeof packet, 'object');
    if (uin !== undefined) assert.equal(typeof packet === 'object' && packet.uin, uin);
    if (text !== undefined) assert.ok(typeof packet === 'object' && new TextDecoder('latin1').decode(packet.parameters).includes(text));
  });
}

test('versions nobody speaks are dropped, whatever follows', () => {
  for (const version of [0, 6, 255, 65_535])
    assert.equal(parseClientPacket(Uint8Array.of(version & 0xff, version >> 8, ...new Uint8Array(40))), 'unknown-version');
});

test('every shorter piece of every vector is a packet or a reason', () => {
  for (const { wire } of VECTORS) {
    const whole = bytesOf(wire);
    for (let length = 0; length < whole.length; length++) {
      for (const parsed of [parseClientPacket(whole.subarray(0, length)), parseServerPacket(whole.subarray(0, length))]) {
        assert.ok(typeof parsed === 'object' || ['too-short', 'unknown-version', 'bad-check'].includes(parsed));
      }
    }
  }
});

test('the datagram itself is not changed by deciphering it', () => {
  for (const { wire } of VECTORS.filter(isFromClient)) {
    const datagram = bytesOf(wire);
    parseClientPacket(datagram);
    assert.equal(hexOf(datagram), wire);
  }
});
