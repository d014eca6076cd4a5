import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '../schema.ts';
import { addToList, contactList, getDeps, login, loginV1, registrationEmail, searchUin, statusChange } from './commands.ts';
import { decodeParameters, encodeParameters, layoutOf } from './declaration.ts';
import { dissectDatagram, dissectPacket } from './dissect.ts';
import { date, yearOf1900, zipNumber } from './layouts.ts';
import { decodeMeta, decodeMetaAnswer, encodeMetaAnswer, encodeMetaRequest, lastUserFound, metaFailure, metaRequestOf, whitePages } from './meta.ts';
import { buildClientPacket, isPacket, parseClientPacket } from './packet.ts';
import { commandOf, replyOf } from './registry.ts';
import { recvMessage } from './replies.ts';

const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));
const latin1 = (data: Uint8Array): string => String.fromCharCode(...data);

test('a number means what its version says', () => {
  assert.equal(commandOf(1, 0x03f2)?.declaration, loginV1);
  assert.equal(commandOf(2, 0x03f2), undefined);
  assert.equal(commandOf(5, 0x03f2)?.declaration, getDeps);
  assert.equal(commandOf(1, 0x03e8), undefined);
  assert.equal(commandOf(2, 0x03e8)?.declaration, login);
  assert.equal(commandOf(5, 0x053c)?.declaration, addToList);
  assert.equal(commandOf(5, 0x2121), undefined, "a server's own injection is no command");
  assert.equal(replyOf(4, 0x03de)?.name, 'metaUser');
  assert.equal(replyOf(2, 0x03de), undefined);
});

test('versions 1 and 2 put a number of their own in front of requests', () => {
  assert.deepEqual(encodeParameters(searchUin, 2, { requestSeq: 1, uin: 2 }), Uint8Array.of(1, 0, 2, 0, 0, 0));
  assert.deepEqual(encodeParameters(searchUin, 5, { uin: 2 }), Uint8Array.of(2, 0, 0, 0));
});

test('a status of two bytes is one', () => {
  assert.deepEqual(decodeParameters(statusChange, 3, Uint8Array.of(0x13, 0)), { status: 0x13 });
});

test('a contact list that counts more than it has is what it has, and one that has nothing is broken', () => {
  assert.deepEqual(decodeParameters(contactList, 5, Uint8Array.of(255, 1, 0, 0, 0, 2, 0)), { uins: [1] });
  assert.throws(() => decodeParameters(contactList, 5, new Uint8Array(0)), /uins at byte 0/);
});

test('stored messages have the time in the form of their version', () => {
  const value = { from: 7, time: 946684740, type: 1, text: text('x') };
  for (const version of [2, 3, 4, 5] as const) {
    const data = encodeParameters(recvMessage, version, value);
    assert.equal(data.length, version === 3 ? 4 + 4 + 2 + 4 : 4 + 6 + 2 + 4);
    assert.deepEqual(decodeParameters(recvMessage, version, data), value);
  }
});

test('dates that are none are refused', () => {
  const day = (...parts: number[]): Uint8Array => Uint8Array.of(0xcf, 0x07, ...parts);
  assert.equal(decode(date, day(12, 31, 23, 59)), 946684740);
  for (const parts of [
    [2, 29, 0, 0],
    [0, 1, 0, 0],
    [13, 1, 0, 0],
    [1, 1, 24, 0],
    [1, 1, 0, 60],
  ])
    assert.throws(() => decode(date, day(...parts)), /is no time/);
  assert.throws(() => decode(date, Uint8Array.of(99, 0, 1, 1, 0, 0)), /is no time/);
  assert.deepEqual(encode(date, 946684799), day(12, 31, 23, 59), 'seconds are cut');
});

test('old forms say years and zips as numbers, and what they cannot say as unknown', () => {
  assert.deepEqual([encode(yearOf1900, 1975), encode(yearOf1900, 2300), encode(yearOf1900, 0)], [Uint8Array.of(75), Uint8Array.of(0), Uint8Array.of(0)]);
  assert.equal(decode(yearOf1900, Uint8Array.of(99)), 1999);
  for (const [zip, number] of [
    ['10115', 10115],
    ['', 0],
    ['SW1A 1AA', 0],
    ['99999999999', 0],
    ['4294967296', 0],
  ] as const) {
    assert.deepEqual(encode(zipNumber, text(zip)), Uint8Array.of(number & 0xff, (number >> 8) & 0xff, 0, 0), zip);
  }
  assert.equal(latin1(decode(zipNumber, Uint8Array.of(0x83, 0x27, 0, 0))), '10115');
});

test('the sign-on of version 5 is read by the length of its tail', () => {
  const base = { time: 1, port: 2, password: text('p'), x1: 3, address: '1.2.3.4', tcpFlag: 4, status: 5, tcpVersion: 6 };
  const read = (tail: Uint8Array): unknown => {
    const data = encodeParameters(login, 4, { ...base, tail: { extra: tail } });
    return decodeParameters(login, 5, data).tail;
  };
  const words = (...numbers: number[]): Uint8Array => Uint8Array.from(numbers.flatMap((n) => [n & 0xff, n >> 8, 0, 0]));
  assert.deepEqual(read(words(0, 2, 80, 3, 9, 0, 0)), {
    zero: 0,
    x2: 2,
    webPort: 80,
    features: 3,
    build: 9,
    infoTime: 0,
    statusTime: 0,
    extra: new Uint8Array(0),
  });
  assert.deepEqual(read(words(2, 80, 3, 9)), { x2: 2, webPort: 80, features: 3, build: 9, extra: new Uint8Array(0) });
  assert.deepEqual(read(words(0, 16)), { extra: words(0, 16) });
});

test('the mail address of a registration is taken when it fits', () => {
  const of = (...tail: number[]): string | undefined => {
    const email = registrationEmail({ password: text('p'), tail: Uint8Array.from(tail) });
    return email && latin1(email);
  };
  assert.equal(of(4, 0, 0x61, 0x40, 0x62, 0), 'a@b');
  assert.equal(of(0, 0, 0xa0, 0, 0, 0, 0, 0), undefined, 'the constants of licq and mICQ');
  assert.equal(of(9, 0, 0x61, 0), undefined, 'a length that lies');
  assert.equal(of(), undefined);
});

test('META: the form says which numbers and which layouts', () => {
  assert.deepEqual([metaRequestOf(1200)?.form, metaRequestOf(1201)?.form, metaRequestOf(999)], ['old', 'new', undefined]);
  const person = { uin: 5, nick: text('n'), first: text(''), last: text(''), email: text('e'), authorization: 1, webAware: 0 };
  const old = encodeMetaAnswer(lastUserFound, 'old', { person, usersLeft: 0 });
  const recent = encodeMetaAnswer(lastUserFound, 'new', { person, usersLeft: 0 });
  assert.deepEqual([old.subtype, recent.subtype], [410, 410]);
  assert.equal(recent.data.length, old.data.length + 3, 'a length, and a zero behind the flags');
  assert.equal((recent.data[1] as number) | ((recent.data[2] as number) << 8), 19 + 2, 'the length is 19 and the texts');
  assert.deepEqual(decodeMetaAnswer(lastUserFound, 'old', old.data).value?.person, person);
  assert.deepEqual(decodeMetaAnswer(lastUserFound, 'new', metaFailure(lastUserFound).data), { result: 0x32 });
});

test('white pages are read with the language of mICQ in two bytes, and with a homepage in the old form', () => {
  const empty = text('');
  const asked = {
    first: text('Ann'),
    last: empty,
    nick: empty,
    email: empty,
    ageFrom: 18,
    ageTo: 22,
    gender: 1,
    language: 7,
    city: text('Bonn'),
    state: empty,
    country: 49,
    company: empty,
    department: empty,
    position: empty,
    occupation: 0,
    past: 0,
    pastKeywords: empty,
    interest: 0,
    interestKeywords: empty,
    affiliation: 0,
    affiliationKeywords: empty,
    onlineOnly: 1,
  };
  const homepage = { homepage: 0, homepageKeywords: empty };
  const plain = encodeMetaRequest(whitePages, 'old', asked).data;
  const full = encodeMetaRequest(whitePages, 'new', { ...asked, ...homepage }).data;
  assert.equal(full.length, plain.length + 5);
  const language = 6 + 3 * 3 + 4 + 1 + 1;
  const wide = Uint8Array.from([...full.subarray(0, language), 0, ...full.subarray(language)]);
  assert.deepEqual(decodeMeta(whitePages, 'old', plain), asked);
  assert.deepEqual(decodeMeta(whitePages, 'old', full), { ...asked, ...homepage });
  assert.deepEqual(decodeMeta(whitePages, 'new', full), { ...asked, ...homepage });
  assert.deepEqual(decodeMeta(whitePages, 'old', wide), { ...asked, ...homepage });
  assert.deepEqual(decodeMeta(whitePages, 'new', wide), { ...asked, ...homepage });
});

test('a redacted dissection shows neither password, nor text, nor session', () => {
  const tail = { extra: new Uint8Array(0) };
  const value = { time: 1, port: 2, password: text('secret12'), x1: 3, address: '1.2.3.4', tcpFlag: 4, status: 5, tcpVersion: 6, tail };
  const packet = { version: 5, command: 0x03e8, seq1: 1, seq2: 1, uin: 9, sessionId: 0x1a2b3c4d, parameters: encodeParameters(login, 5, value) } as const;
  const wire = buildClientPacket(packet, { r1: 24, r2: 0 });
  assert.match(dissectDatagram(wire, 'client'), /secret12/);
  const redacted = dissectDatagram(wire, 'client', { redact: true });
  assert.doesNotMatch(redacted, /secret12|73 65 63|1a2b3c4d|439041101/);
  assert.match(redacted, /login, seq 1 and 1, UIN 9/);
  const [, ...fields] = dissectPacket(packet, 'client', { redact: true }).split('\n');
  assert.deepEqual(fields, redacted.split('\n').slice(1), 'the same of a packet that was read already');
});

test('parsing leaves the datagram as it was', () => {
  const packet = { version: 5, command: 0x042e, seq1: 1, seq2: 0, uin: 9, sessionId: 7, parameters: Uint8Array.of(1, 2, 3, 4) } as const;
  const wire = buildClientPacket(packet, { r1: 24, r2: 0 });
  const before = wire.slice();
  assert.ok(isPacket(parseClientPacket(wire)));
  assert.deepEqual(wire, before);
  // What Node hands out slices without copying.
  const datagram = Buffer.from(wire);
  assert.ok(isPacket(parseClientPacket(datagram)));
  assert.deepEqual(Uint8Array.from(datagram), before);
  assert.equal(layoutOf(login, 1), layoutOf(login, 2), 'before the first form, the first');
});
