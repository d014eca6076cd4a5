import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireError } from '../errors.ts';
import { hostAck, channelMsgToHost } from './icbm.ts';
import { decodeSnac, decodeSnacAs, decodeSnacBody, encodeSnac, SnacFlag, snacName } from './snac.ts';

const ack = { cookie: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), channel: 1, recipient: '2' };

test('a SNAC is its family, subtype, flags and request id before its data', () => {
  const payload = encodeSnac(hostAck, ack, 0x80000001);
  assert.deepEqual(payload, Uint8Array.of(0, 4, 0, 0x0c, 0, 0, 0x80, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 1, 0x32));
  assert.deepEqual(decodeSnac(payload), { family: 4, subtype: 0x0c, flags: 0, requestId: 0x80000001, data: payload.subarray(10) });
  assert.deepEqual(decodeSnacAs(hostAck, payload).value, ack);
});

test('a request id below zero is the same 32 bits', () => {
  assert.equal(decodeSnac(encodeSnac(hostAck, ack, -1)).requestId, 0xffffffff);
});

test('the version block is written before the data, and skipped on every family', () => {
  const payload = encodeSnac(hostAck, ack, 7, SnacFlag.more, 4);
  assert.deepEqual(payload.subarray(0, 18), Uint8Array.of(0, 4, 0, 0x0c, 0x80, 1, 0, 0, 0, 7, 0, 6, 0, 1, 0, 2, 0, 4));
  const { snac, value } = decodeSnacAs(hostAck, payload);
  assert.equal(snac.flags, SnacFlag.versionBlock | SnacFlag.more);
  assert.deepEqual(value, ack);
});

test('a version block may hold other things, and one that is cut is refused', () => {
  const longer = Uint8Array.of(0, 4, 0, 0x10, 0x80, 0, 0, 0, 0, 1, 0, 3, 9, 9, 9, 0x61);
  assert.deepEqual(decodeSnac(longer).data, Uint8Array.of(0x61));
  assert.throws(() => decodeSnac(longer.subarray(0, 13)), WireError);
});

test('nine bytes are no SNAC', () => {
  assert.throws(
    () => decodeSnac(new Uint8Array(9)),
    (error) => error instanceof WireError && error.code === 'short',
  );
});

test('another SNAC than the expected one is refused by name', () => {
  const payload = encodeSnac(hostAck, ack, 7);
  assert.throws(() => decodeSnacAs(channelMsgToHost, payload), /expected 04\/06, got 04\/0C/);
  assert.equal(snacName({ family: 0x13, subtype: 0x1b }), '13/1B');
});

test('an error in a body counts its offset from the start of the data', () => {
  assert.throws(() => decodeSnacBody(hostAck, new Uint8Array(9)), /^WireError: channel at byte 8: need 2 bytes, have 1$/);
});

test('a SNAC written while another is being written would be a mistake of ours, so each is a copy', () => {
  const first = encodeSnac(hostAck, ack, 1);
  const kept = first.slice();
  encodeSnac(hostAck, { ...ack, recipient: '4294967295' }, 2);
  assert.deepEqual(first, kept);
});

test('a SNAC longer than the scratch buffer is whole', () => {
  const data = new Uint8Array(20_000).fill(5);
  const payload = encodeSnac(channelMsgToHost, { cookie: ack.cookie, channel: 2, recipient: '2', tlvs: { data } }, 1);
  assert.deepEqual(decodeSnacAs(channelMsgToHost, payload).value.tlvs.data, data);
});
