import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientProfile } from '@seekyou/core';
import { decode, encode, type RawTlv } from '@seekyou/wire';
import { Capability, extended, rendezvous } from '@seekyou/wire/oscar';
import { decodeText, encodeText } from '@seekyou/wire/text';
import * as fc from 'fast-check';
import { type Delivery, forRecipient, neededCapability, plainWords, readEnvelope, speaksForItself } from './rendezvous.ts';
import { ALICE, ascii, BOB, contextOf, hex, OLD_CLIENT, UNICODE_CLIENT, viewOf } from './testing.ts';

const NOTHING = new Uint8Array(0);
const cookie = hex('10 20 30 40 50 60 70 80');
const RUSSIAN: ClientProfile = { ...UNICODE_CLIENT, codepage: 1251 };

/** §14.4, E1: "Привет" in UTF-8. */
const UTF8_MESSAGE =
  hex(`00 00 10 20 30 40 50 60 70 80 09 46 13 49 4C 7F 11 D1 82 22 44 45 53 54 00 00 00 0A 00 02 00 01 00 0F 00 00 27 11 00 74 1B 00 0A 00 00 00
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 03 00 00 00 04 FE FF 0E 00 FE FF 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 21 00 0D
  00 D0 9F D1 80 D0 B8 D0 B2 D0 B5 D1 82 00 00 00 00 00 FF FF FF 00 26 00 00 00 7B 30 39 34 36 31 33 34 45 2D 34 43 37 46 2D 31 31 44 31 2D
  38 32 32 32 2D 34 34 34 35 35 33 35 34 30 30 30 30 7D`);

function envelope(capability: string, extra: readonly RawTlv[], type = 0): Uint8Array {
  return encode(rendezvous.rendezvousEnvelope, { type, cookie, capability, tlvs: { extra } });
}

function relay(text: Uint8Array, more: Partial<rendezvous.RelayData> = {}): Uint8Array {
  return encode(rendezvous.relayData, {
    header: { version: 8, signature: new Uint8Array(16), unknown: 0, features: 3, kind: 4, sequence: 0xfffe },
    header2: { sequence: 0xfffe, zeros: new Uint8Array(12) },
    type: 1,
    flags: 0,
    status: 0,
    priority: 1,
    text,
    tail: hex('00 00 00 00 ff ff ff 00'),
    ...more,
  });
}

const message = (service: Uint8Array): Uint8Array =>
  envelope(Capability.serverRelay, [
    { type: 0x0a, data: hex('00 01') },
    { type: 0x2711, data: service },
  ]);

const read = (data: Uint8Array): rendezvous.RendezvousEnvelope => readEnvelope(data) ?? assert.fail('an envelope');

function delivery(parts: { readonly seen?: string; readonly at?: string; readonly codepage?: number; readonly profile?: ClientProfile } = {}): Delivery {
  const { session } = contextOf({ address: parts.at ?? '198.51.100.9', profile: parts.profile ?? UNICODE_CLIENT });
  return { recipient: session, sender: viewOf(BOB, parts.seen === undefined ? {} : { externalAddress: parts.seen }), codepage: parts.codepage };
}

/** TLVs after delivery, as `type: hex`. */
function tlvsOf(data: Uint8Array): readonly string[] {
  return (read(data).tlvs.extra ?? []).map(({ type, data: value }) => `${type.toString(16)}: ${Buffer.from(value).toString('hex')}`);
}

// ---------------------------------------------------------------- reading

test('the words of a plain message are read in the charset it names', () => {
  assert.equal(plainWords(read(UTF8_MESSAGE), UNICODE_CLIENT), 'Привет');
  assert.equal(plainWords(read(message(relay(encodeText('Привет', 1251).bytes))), RUSSIAN), 'Привет');
  assert.equal(plainWords(read(message(relay(ascii('hi'), { tail: new Uint8Array(0) }))), RUSSIAN), 'hi');
});

test('what is no plain message has no words', () => {
  const rtf = encode(rendezvous.plainTail, { foreground: 0, background: 0xffffff, format: rendezvous.TextFormat.rtf });
  assert.equal(plainWords(read(message(relay(ascii('{\\rtf1}'), { tail: rtf }))), RUSSIAN), undefined);
  assert.equal(plainWords(read(message(relay(ascii(''), { type: 0xe8, flags: 3 }))), RUSSIAN), undefined);
  assert.equal(plainWords(read(message(relay(ascii(''), { type: 0x1a }))), RUSSIAN), undefined);
  assert.equal(plainWords(read(message(hex('1b 00'))), RUSSIAN), undefined);
  assert.equal(plainWords(read(envelope(Capability.serverRelay, [])), RUSSIAN), undefined);
  assert.equal(plainWords(read(envelope(Capability.fileTransfer, [{ type: 0x2711, data: relay(ascii('hi')) }])), RUSSIAN), undefined);
});

test('an envelope that is cut is none', () => {
  assert.equal(readEnvelope(undefined), undefined);
  for (let length = 0; length < 26; length++) assert.equal(readEnvelope(UTF8_MESSAGE.subarray(0, length)), undefined, `${length} bytes`);
});

test('answers in ICQ’s own services need no capability', () => {
  const { serverRelay, reverseConnection, fileTransfer } = Capability;
  const needed = (capability: string, type: number): string | undefined => neededCapability(read(envelope(capability, [], type)));
  for (const capability of [serverRelay, reverseConnection]) {
    assert.deepEqual([needed(capability, 0), needed(capability, 1), needed(capability, 2)], [capability, undefined, undefined]);
  }
  assert.deepEqual([needed(fileTransfer, 0), needed(fileTransfer, 1), needed(fileTransfer, 2)], [fileTransfer, fileTransfer, fileTransfer]);
});

// ---------------------------------------------------------------- passing

test('an envelope without addresses passes byte for byte', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const data of [
    UTF8_MESSAGE,
    message(all),
    message(relay(ascii('hi'), { type: 0x1a, tail: all })),
    envelope(Capability.directIm, [
      { type: 0x4242, data: all },
      { type: 0x0f, data: NOTHING },
      { type: 0x0f, data: NOTHING },
    ]),
    envelope(Capability.fileTransfer, [], 2),
    // Bytes after the last whole TLV.
    Uint8Array.of(...message(all), 1, 2, 3),
  ]) {
    assert.equal(forRecipient(data, delivery({ seen: '192.0.2.1', codepage: UNICODE_CLIENT.codepage })), data);
  }
});

test('whatever is in it, a plain envelope between two clients of one code page passes', () => {
  const tlv = fc.record(
    { type: fc.nat(0xffff).filter((type) => ![2, 3, 4, 5, 0x16, 0x18].includes(type)), data: fc.uint8Array({ maxLength: 60 }) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(tlv, { maxLength: 6 }), fc.uint8Array({ maxLength: 40 }), (extra, text) => {
      const data = envelope(Capability.serverRelay, [...extra, { type: 0x2711, data: relay(text) }]);
      assert.deepEqual(forRecipient(data, delivery({ profile: RUSSIAN, codepage: RUSSIAN.codepage })), data);
    }),
  );
});

test('a plain message is told in the code page of its recipient, all else in it stays', () => {
  const data = message(relay(encodeText('Привет, č', 1251).bytes));
  const words = plainWords(read(data), RUSSIAN) as string;
  const told = forRecipient(data, delivery({ codepage: 1251, profile: { ...UNICODE_CLIENT, codepage: 28595 } }));
  assert.deepEqual(told, message(relay(encodeText(words, 28595).bytes)));
  assert.notDeepEqual(told, data);
  assert.equal(forRecipient(data, delivery({ codepage: 1251, profile: RUSSIAN })), data);
});

test('a message in UTF-8 stays in UTF-8', () => {
  assert.equal(forRecipient(UTF8_MESSAGE, delivery({ codepage: 1251 })), UTF8_MESSAGE);
});

test('a message in UTF-8 is told in the code page of who never announced UTF-8, and no longer called so', () => {
  const profile = { ...OLD_CLIENT, codepage: 1251 };
  const told = relayedIn(forRecipient(UTF8_MESSAGE, delivery({ codepage: 1252, profile })));
  assert.equal(decodeText(told.text, 1251), 'Привет');
  assert.deepEqual(told.tail, hex('00 00 00 00 ff ff ff 00'));
  const ascii8 = message(relay(ascii('hi'), { tail: plainTail(rendezvous.TextFormat.utf8) }));
  assert.equal(forRecipient(ascii8, delivery({ codepage: 1252, profile })), ascii8, 'what he reads anyhow passes');
  const rtf = message(relay(ascii("{\\rtf1\\'ef}"), { tail: plainTail(rendezvous.TextFormat.rtf) }));
  assert.equal(forRecipient(rtf, delivery({ codepage: 1252, profile })), rtf);
});

test('addresses, contacts and words of a status are told in the code page of their recipient, too', () => {
  const profile = { ...OLD_CLIENT, codepage: 28595 };
  const told = (type: number, written: string, more: Partial<rendezvous.RelayData> = {}): string => {
    const data = message(relay(in1251(written), { type, ...more }));
    return decodeText(relayedIn(forRecipient(data, delivery({ codepage: 1251, profile }))).text, 28595).replaceAll('\xfe', '|');
  };
  // 0xFE is ю in 1251 and ў in 28595, and the separator everywhere.
  assert.equal(told(0x04, 'привет|http://x/'), 'приветўhttp://x/');
  assert.equal(told(0x13, '1|100007|Вася|'), '1ў100007ўВасяў');
  assert.equal(told(0xe8, 'на обеде', { flags: 3 }), 'на обеде');
  const acceptance = envelope(Capability.serverRelay, [{ type: 0x2711, data: relay(in1251('на обеде'), { type: 0xe8, flags: 3 }) }], 2);
  assert.equal(decodeText(relayedIn(forRecipient(acceptance, delivery({ codepage: 1251, profile }))).text, 28595), 'на обеде');
  const unknown = message(relay(in1251('привет'), { type: 0x42 }));
  assert.equal(forRecipient(unknown, delivery({ codepage: 1251, profile })), unknown, 'nobody knows whether that is text');
});

test('so is an address that comes by a plug-in', () => {
  const plugin = (text: Uint8Array): rendezvous.PluginTail => ({
    header: { guid: extended.PluginGuid.url, function: 0, name: 'Send Web Page Address (URL)', flags: hex('00 01') },
    body: { text, tail: hex('07') },
  });
  const data = message(relay(NOTHING, { type: 0x1a, tail: encode(rendezvous.pluginTail, plugin(in1251('привет|http://x/'))) }));
  const { tail } = relayedIn(forRecipient(data, delivery({ codepage: 1251, profile: { ...OLD_CLIENT, codepage: 28595 } })));
  assert.deepEqual(decode(rendezvous.pluginTail, tail), plugin(encodeText('приветўhttp://x/', 28595).bytes));
});

function relayedIn(data: Uint8Array): rendezvous.RelayData {
  return decode(rendezvous.relayData, read(data).tlvs.extra?.find(({ type }) => type === 0x2711)?.data ?? NOTHING);
}

function plainTail(format: string): Uint8Array {
  return encode(rendezvous.plainTail, { foreground: 0, background: 0xffffff, format });
}

/** With 0xFE for each `|`. */
function in1251(text: string): Uint8Array {
  return encodeText(text.replaceAll('|', 'ю'), 1251).bytes;
}

// ---------------------------------------------------------------- addresses

/** A proposal: its own address, a claimed one, one that pretends to be the server's, port, checks, list. */
const OFFER = envelope(Capability.fileTransfer, [
  { type: 0x0a, data: hex('00 01') },
  { type: 0x02, data: hex('0a 00 00 05') },
  { type: 0x16, data: hex('f5 ff ff fa') },
  { type: 0x03, data: hex('0a 00 00 05') },
  { type: 0x04, data: hex('01 02 03 04') },
  { type: 0x05, data: hex('10 00') },
  { type: 0x17, data: hex('ef ff') },
  { type: 0x18, data: hex('01') },
  { type: 0x2711, data: hex('00 01') },
]);

test('a stranger is told no address', () => {
  assert.deepEqual(tlvsOf(forRecipient(OFFER, delivery())), ['a: 0001', '5: 1000', '17: efff', '2711: 0001']);
});

test('without a view of the sender there is no address either', () => {
  const { session } = contextOf();
  assert.deepEqual(tlvsOf(forRecipient(OFFER, { recipient: session, sender: undefined, codepage: undefined })), [
    'a: 0001',
    '5: 1000',
    '17: efff',
    '2711: 0001',
  ]);
});

test('who may connect is told the address the server saw, and no other', () => {
  assert.deepEqual(tlvsOf(forRecipient(OFFER, delivery({ seen: '192.0.2.1' }))), [
    'a: 0001',
    '2: c0000201',
    '16: 3ffffdfe',
    '5: 1000',
    '17: efff',
    '2711: 0001',
    '4: c0000201',
  ]);
});

test('who sits behind the same address is told the inner one too', () => {
  assert.deepEqual(tlvsOf(forRecipient(OFFER, delivery({ seen: '192.0.2.1', at: '192.0.2.1' }))), [
    'a: 0001',
    '2: 0a000005',
    '16: f5fffffa',
    '3: 0a000005',
    '5: 1000',
    '17: efff',
    '18: 01',
    '2711: 0001',
    '4: c0000201',
  ]);
});

test('the address of a proxy is nobody’s secret', () => {
  const proxied = envelope(Capability.fileTransfer, [
    { type: 0x02, data: hex('c6 33 64 01') },
    { type: 0x10, data: NOTHING },
    { type: 0x05, data: hex('14 46') },
  ]);
  assert.deepEqual(tlvsOf(forRecipient(proxied, delivery())), ['2: c6336401', '10: ', '5: 1446']);
});

test('an acceptance is given no address', () => {
  const accept = envelope(Capability.fileTransfer, [{ type: 0x0a, data: hex('00 02') }], 2);
  assert.equal(forRecipient(accept, delivery({ seen: '192.0.2.1' })), accept);
});

// ---------------------------------------------------------------- reverse connections

const call = (uin: number, ip: string): rendezvous.ReverseConnection => ({
  uin,
  ip,
  port: 3000,
  kind: 4,
  portTried: 2000,
  portAgain: 3000,
  version: 8,
  session: 77,
});
const reverse = (value: rendezvous.ReverseConnection): Uint8Array =>
  envelope(Capability.reverseConnection, [{ type: 0x2711, data: encode(rendezvous.reverseConnection, value) }]);

test('nobody asks to be called back in another’s name', () => {
  assert.equal(speaksForItself(read(reverse(call(ALICE, '10.0.0.5'))), ALICE), true);
  assert.equal(speaksForItself(read(reverse(call(BOB, '10.0.0.5'))), ALICE), false);
  assert.equal(speaksForItself(read(envelope(Capability.reverseConnection, [{ type: 0x2711, data: hex('00') }])), ALICE), false);
  assert.equal(speaksForItself(read(envelope(Capability.reverseConnection, [], 1)), ALICE), true);
  assert.equal(speaksForItself(read(UTF8_MESSAGE), ALICE), true);
});

test('a call goes to the address the recipient may know, in 27 bytes', () => {
  const told = (how: Delivery): rendezvous.ReverseConnection => {
    const data = read(forRecipient(reverse(call(BOB, '10.0.0.5')), how)).tlvs.extra?.[0]?.data ?? new Uint8Array(0);
    assert.equal(data.length, 27);
    return decode(rendezvous.reverseConnection, data);
  };
  assert.deepEqual(told(delivery({ seen: '192.0.2.1' })), call(BOB, '192.0.2.1'));
  assert.deepEqual(told(delivery({ seen: '192.0.2.1', at: '192.0.2.1' })), call(BOB, '10.0.0.5'));
  assert.deepEqual(told(delivery()), { ...call(BOB, '0.0.0.0'), port: 0, portTried: 0, portAgain: 0 });
});
