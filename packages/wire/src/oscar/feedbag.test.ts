import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '../schema.ts';
import {
  attributesOf,
  authorizeRequested,
  feedbagItem,
  insertItems,
  itemAttributes,
  itemName,
  ItemAttribute,
  ItemType,
  makeItem,
  reply,
  requestAuthorize,
  startCluster,
  withAttribute,
} from './feedbag.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/[0-9a-f]{2}/gi) ?? [], (byte) => Number.parseInt(byte, 16));

test('an item of an unknown type with unknown, repeated and broken attributes goes back byte for byte', () => {
  const data = bytesOf('0003 ff00fe 7fff 0001 00ee 000f 0131 0001 61 0131 0001 62 beef 0009 63');
  assert.deepEqual(encode(feedbagItem, decode(feedbagItem, data)), data);
});

test('attributes we know are values, others stay bytes', () => {
  const attributes = attributesOf({ attributes: bytesOf('0131 0008 d092d0b0d181d18f 0066 0000 00c8 0004 0c61 0c62 4711 0002 abcd 0145 0004 3f000000') });
  assert.deepEqual(attributes, {
    nickname: 'Вася',
    awaitingAuthorization: true,
    members: [0x0c61, 0x0c62],
    firstMessageTime: 0x3f000000,
    extra: [{ type: 0x4711, data: bytesOf('abcd') }],
  });
});

test('a known attribute that is too short stays bytes', () => {
  const attributes = attributesOf({ attributes: bytesOf('0145 0002 3f00 0131 0001 61') });
  assert.deepEqual(attributes, { nickname: 'a', extra: [{ type: 0x0145, data: bytesOf('3f00') }] });
});

test('a member list of odd length is an error that names it, and the raw bytes remain', () => {
  const item = decode(feedbagItem, bytesOf('0000 0001 0000 0001 0007 00c8 0003 000102'));
  assert.throws(() => attributesOf(item), { name: 'WireError', code: 'short', path: ['members', '[1]'] });
  assert.deepEqual(item.attributes, bytesOf('00c8 0003 000102'));
});

test('an item made by hand reads back', () => {
  const item = makeItem(ItemType.group, 7, 0, 'Друзья', { members: [1, 2] });
  assert.equal(itemName(item), 'Друзья');
  assert.deepEqual(attributesOf(item), { members: [1, 2] });
  assert.deepEqual(makeItem(ItemType.buddy, 7, 1, '100002').attributes, new Uint8Array(0));
});

test('changing one attribute leaves the bytes of the others', () => {
  const attributes = bytesOf('beef 0001 01 0131 0001 61 beef 0001 02 0066 0000');
  assert.deepEqual(withAttribute(attributes, ItemAttribute.nickname, bytesOf('6263')), bytesOf('beef 0001 01 0131 0002 6263 beef 0001 02 0066 0000'));
  assert.deepEqual(withAttribute(attributes, ItemAttribute.awaitingAuthorization, undefined), bytesOf('beef 0001 01 0131 0001 61 beef 0001 02'));
  assert.deepEqual(withAttribute(attributes, 0x0145, bytesOf('3f000000')), new Uint8Array([...attributes, ...bytesOf('0145 0004 3f000000')]));
});

test('changing an attribute that is there twice leaves it once', () => {
  assert.deepEqual(withAttribute(bytesOf('0131 0001 61 0131 0001 62'), ItemAttribute.nickname, bytesOf('63')), bytesOf('0131 0001 63'));
});

test('an attribute cut short does not stop the change of another', () => {
  assert.deepEqual(withAttribute(bytesOf('0066 0000 beef 0009 61'), ItemAttribute.awaitingAuthorization, undefined), bytesOf('beef 0009 61'));
});

test('a part of the roster without a time is read', () => {
  assert.deepEqual(decode(reply.body, bytesOf('00 0000')), { version: 0, items: [] });
  assert.deepEqual(decode(reply.body, bytesOf('00 0000 00000000')), { version: 0, items: [], time: 0 });
});

test('an empty edit has no items', () => {
  assert.deepEqual(decode(insertItems.body, new Uint8Array(0)), { items: [] });
});

test('an edit that ends inside an item is an error that names it', () => {
  const whole = encode(insertItems.body, { items: [makeItem(ItemType.buddy, 1, 2, '100002')] });
  const cut = new Uint8Array([...whole, ...whole.subarray(0, -1)]);
  assert.throws(() => decode(insertItems.body, cut), { name: 'WireError', code: 'short', path: ['items', '[1]', 'attributes'] });
});

test('the beginning of edits may say that they are an import', () => {
  assert.deepEqual(decode(startCluster.body, new Uint8Array(0)), {});
  assert.deepEqual(decode(startCluster.body, bytesOf('00010000')), { flags: 0x00010000 });
});

test('an authorization request may end early or name a charset', () => {
  const body = bytesOf('01 32 0002 6869');
  assert.deepEqual(decode(requestAuthorize.body, body), { screenName: '2', reason: bytesOf('6869') });
  assert.deepEqual(decode(authorizeRequested.body, bytesOf('01 32 0002 6869 0001 0005 7574662d38')), {
    screenName: '2',
    reason: bytesOf('6869'),
    charsets: 1,
    charset: 'utf-8',
    tlvs: {},
  });
});

test('attributes survive decoding and encoding when all are known', () => {
  const data = bytesOf('0066 0000 00ca 0001 04 0131 0004 416e6e61 013d 0002 0301');
  assert.deepEqual(encode(itemAttributes, decode(itemAttributes, data)), data);
});

test('a request of libpurple’s, with a NUL after the reason that nobody counted, is read', () => {
  const request = decode(requestAuthorize.body, bytesOf('06 313030303031 0006 706c65617365 00 0000'));
  assert.deepEqual(request, { screenName: '100001', reason: bytesOf('706c65617365'), charsets: 0 });
});
