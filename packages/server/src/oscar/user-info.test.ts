import assert from 'node:assert/strict';
import { test } from 'node:test';
import { be, decode, tlvs } from '@seekyou/wire';
import { buddy, Capability, encodeSnac, oservice } from '@seekyou/wire/oscar';
import { statusFromWord } from '../runtime/icq-status.ts';
import { BOB, NOW, ONLINE, viewOf } from './testing.ts';
import { departedUser, fromWireDirect, messageSender, ownUser, presentUser, toWireDirect } from './user-info.ts';

const MINUTE = 60_000;

const direct = {
  internalAddress: '127.0.0.1',
  port: 3000,
  kind: 4,
  version: 10,
  cookie: 0x1a2b3c4d,
  webPort: 80,
  features: 3,
  times: [0x3f000000, 0x3f000000, 0x3f000000],
} as const;

/** The TLVs of the user in a 03/0B, by type, in their order. */
function shown(user: ReturnType<typeof presentUser>): Map<number, string> {
  const data = encodeSnac(buddy.arrived, user, 0).subarray(10);
  const block = data.subarray(1 + (data[0] as number) + 2);
  const raw = decode(tlvs({}, { count: be.u16 }), block).extra ?? [];
  return new Map(raw.map((tlv) => [tlv.type, Buffer.from(tlv.data).toString('hex')]));
}

test('a contact is shown with its TLVs in the order all parsers like', () => {
  const view = viewOf(BOB, { direct, externalAddress: '127.0.0.1', capabilities: [Capability.serverRelay, Capability.utf8] });
  assert.deepEqual(
    [...shown(presentUser(view, NOW))],
    [
      [0x01, '0050'],
      [0x0c, '7f00000100000bb804000a1a2b3c4d00000050000000033f0000003f0000003f0000000000'],
      [0x0a, '7f000001'],
      [0x06, '00000000'],
      [0x0d, '094613494c7f11d182224445535400000946134e4c7f11d18222444553540000'],
      [0x0f, '0000004d'],
      [0x03, Math.floor((NOW - 77_000) / 1000).toString(16)],
      [0x05, (Date.UTC(2003, 0, 1) / 1000).toString(16)],
    ],
  );
});

test('what an observer may not see is zero in a TLV 0C of full length', () => {
  const tlvs = shown(presentUser(viewOf(), NOW));
  assert.equal(tlvs.get(0x0c), `${'00'.repeat(19)}00000003${'00'.repeat(14)}`);
  assert.equal((tlvs.get(0x0c) as string).length, 2 * 37);
  assert.equal(tlvs.has(0x0a), false);
  assert.equal(tlvs.has(0x0d), false);
});

test('the class says away for every status that means it', () => {
  const classOf = (word: number): number | undefined => presentUser(viewOf(BOB, { status: statusFromWord(word) }), NOW).tlvs.userClass;
  for (const word of [0x01, 0x04, 0x10, 0x02]) assert.equal(classOf(word), 0x70);
  for (const word of [0x00, 0x20, 0x100]) assert.equal(classOf(word), 0x50);
});

test('idle time is told in minutes and grows by itself', () => {
  const view = viewOf(BOB, { idleSince: NOW - 5 * MINUTE - 30_000 });
  assert.equal(presentUser(view, NOW).tlvs.idleMinutes, 5);
  assert.equal(presentUser(view, NOW + 10 * MINUTE).tlvs.idleMinutes, 15);
  assert.equal(presentUser(view, NOW + 100_000 * MINUTE).tlvs.idleMinutes, 0xffff);
  assert.equal(presentUser(viewOf(), NOW).tlvs.idleMinutes, undefined);
});

test('a clock that went back makes no negative times', () => {
  const { tlvs } = presentUser(viewOf(BOB, { idleSince: NOW + MINUTE, signedOnAt: NOW + MINUTE }), NOW);
  assert.equal(tlvs.idleMinutes, 0);
  assert.equal(tlvs.sessionSeconds, 0);
});

test('status note and mood are passed on', () => {
  const items = Uint8Array.of(0, 0x0e, 0, 2, 0x69, 0x31);
  assert.equal(shown(presentUser(viewOf(BOB, { items }), NOW)).get(0x1d), '000e00026931');
});

test('a message names its sender with four TLVs, a hidden sender with one', () => {
  const view = viewOf(BOB, { direct, externalAddress: '127.0.0.1', capabilities: [Capability.utf8], idleSince: NOW, items: Uint8Array.of(1) });
  assert.deepEqual(Object.keys(messageSender(BOB, view, NOW).tlvs), ['userClass', 'status', 'sessionSeconds', 'signOnTime']);
  assert.deepEqual(messageSender(BOB, undefined, NOW).tlvs, { userClass: 0x50 });
});

test('a departure has TLV 01 and nothing else (oscar.md §14.3, C12)', () => {
  const bytes = Buffer.from(encodeSnac(buddy.departed, departedUser(BOB), 0x80000003)).toString('hex');
  assert.equal(bytes, '0003000c0000800000030631303030303200000001000100020000');
});

test('one sees oneself with a wide class, the address the server saw, and no TLV 0C', () => {
  const own = {
    view: viewOf(BOB, { direct, status: { ...ONLINE, word: 0x0003_0000, webAware: true, hideAddress: true } }),
    externalAddress: '192.0.2.7',
    sessionStartedAt: NOW - 9_000,
  };
  const data = encodeSnac(oservice.userInfoUpdate, ownUser(own, 2, NOW), 0).subarray(10);
  const raw = decode(tlvs({}, { count: be.u16 }), data.subarray(1 + 6 + 2)).extra ?? [];
  assert.deepEqual(
    raw.map((tlv) => [tlv.type, Buffer.from(tlv.data).toString('hex')]),
    [
      [0x01, '00000050'],
      [0x0a, 'c0000207'],
      [0x06, '00030000'],
      [0x0f, '00000009'],
      [0x03, Math.floor((NOW - 9_000) / 1000).toString(16)],
      [0x05, (Date.UTC(2003, 0, 1) / 1000).toString(16)],
      [0x14, '02'],
      [0x1e, '00000000'],
    ],
  );
});

test('the DC block survives the way in and out', () => {
  assert.deepEqual(fromWireDirect(toWireDirect(direct)), direct);
});
