import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CommandInput, PresenceView, StyledText } from '@seekyou/core';
import { decode, encode } from '@seekyou/wire';
import { Capability, ErrorCode, extended, icbm, rendezvous, xtrazAnswerText, xtrazQueryText } from '@seekyou/wire/oscar';
import { icbmParts, typedBody, typedMessage } from './bodies.ts';
import { renderPassing, routes } from './icbm.ts';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { namesOnly, plainWords, readEnvelope, speaksForItself } from './rendezvous.ts';
import { statusAnswer, statusRequestIn, styledWords } from './status-message.ts';
import {
  ALICE,
  asked,
  ascii,
  BOB,
  contextOf,
  countedIn,
  handle,
  hex,
  LIBPURPLE,
  OLD_CLIENT,
  packets,
  receivedOne,
  RUSSIAN_OLD_CLIENT,
  UNICODE_CLIENT,
  viewOf,
} from './testing.ts';

const { PluginGuid } = extended;
const cookie = hex('10 20 30 40 50 60 70 80');
const NOTHING = new Uint8Array(0);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const plugin = (guid: string, text: Uint8Array, verb = 0, name = 'a plug-in'): Uint8Array =>
  encode(rendezvous.pluginTail, { header: { guid, function: verb, name, flags: hex('00 00 01') }, body: { text, tail: NOTHING } });

const relay = (parts: Partial<rendezvous.RelayData> = {}): Uint8Array =>
  encode(rendezvous.relayData, {
    header: { version: 9, signature: new Uint8Array(16), unknown: 0, features: 3, kind: 4, sequence: 0xfffe },
    header2: { sequence: 0xfffe, zeros: new Uint8Array(12) },
    type: icbm.MessageType.plugin,
    flags: 0,
    status: 0,
    priority: 1,
    text: NOTHING,
    tail: NOTHING,
    ...parts,
  });

const envelope = (service: Uint8Array, capability: string = Capability.serverRelay, type = 0): Uint8Array =>
  encode(rendezvous.rendezvousEnvelope, { type, cookie, capability, tlvs: { extra: [{ type: 0x2711, data: service }] } });

const read = (data: Uint8Array): rendezvous.RendezvousEnvelope => readEnvelope(data) ?? assert.fail('an envelope');

const send = (channel: number, data: Uint8Array, context = contextOf()) =>
  handle(routes, icbm.channelMsgToHost, { cookie, channel, recipient: String(BOB), tlvs: { data, requestHostAck: true } }, context);
const codeOf = (effects: Parameters<typeof receivedOne>[0]): number => receivedOne(effects, icbm.error).code;

// ---------------------------------------------------------------- words in plug-ins

describe('a plug-in’s message', () => {
  const said = (guid: string, text: Uint8Array, verb = 0, profile = RUSSIAN_OLD_CLIENT) => {
    const data = encode(icbm.channel4Data, { uin: ALICE, type: icbm.MessageType.plugin, flags: 0, text: NOTHING, tail: plugin(guid, text, verb) });
    const typed = typedMessage(data);
    assert.ok(typed);
    const { original, ...words } = typedBody(typed, data, { cookie, typing: false }, profile);
    assert.equal(original.format, 'icbm/4');
    return words;
  };

  test('on channel 4 is what it says, where people say it otherwise too', () => {
    assert.deepEqual(said(PluginGuid.message, utf8('привет')), { kind: 'text', text: 'привет' });
    assert.deepEqual(said(PluginGuid.url, Uint8Array.of(0xe0, 0xfe, ...ascii('http://a'))), { kind: 'url', url: 'http://a', caption: 'а' });
    assert.deepEqual(said(PluginGuid.contacts, Uint8Array.of(0x31, 0xfe, ...ascii('100002'), 0xfe, 0xc1, 0xfe)), {
      kind: 'contacts',
      contacts: [{ uin: BOB, nickname: 'Б' }],
    });
  });

  test('stays as it is where only programs understand it', () => {
    assert.deepEqual(said(PluginGuid.greetingCard, ascii('card')), { kind: 'opaque', fallback: '' });
    assert.deepEqual(said(PluginGuid.contacts, ascii('give me some'), extended.ContactsFunction.request), { kind: 'opaque', fallback: '' });
    const broken = encode(icbm.channel4Data, { uin: ALICE, type: icbm.MessageType.plugin, flags: 0, text: NOTHING, tail: hex('ff ff 01') });
    assert.equal(typedBody(typedMessage(broken) as icbm.Channel4Data, broken, { cookie, typing: false }, OLD_CLIENT).kind, 'opaque');
  });

  test('from a telephone has words for those who cannot show it', () => {
    const sms = utf8('<sms_message><source>ICQ</source><sender>+7</sender><text>a &lt; b</text><time>t</time></sms_message>');
    assert.deepEqual(said(PluginGuid.sms, sms), { kind: 'opaque', fallback: 'a < b' });
    assert.deepEqual(said(PluginGuid.sms, sms, extended.SmsFunction.delivered), { kind: 'opaque', fallback: '' });
  });

  test('is given in a form that everybody has', () => {
    const data = encode(icbm.channel4Data, {
      uin: ALICE,
      type: icbm.MessageType.plugin,
      flags: 0,
      text: NOTHING,
      tail: plugin(PluginGuid.url, Uint8Array.of(0x61, 0xfe, ...ascii('http://a'))),
    });
    const body = typedBody(typedMessage(data) as icbm.Channel4Data, data, { cookie, typing: false }, OLD_CLIENT);
    const [part] = icbmParts({ from: ALICE, body }, OLD_CLIENT, 8_000);
    assert.ok(part?.channel === icbm.Channel.typed);
    const given = decode(icbm.channel4Data, part.tlvs.data);
    assert.deepEqual([given.type, given.text], [icbm.MessageType.url, Uint8Array.of(0x61, 0xfe, ...ascii('http://a'))]);
  });

  test('on channel 2 has words for those who cannot be given the envelope', () => {
    const words = (parts: Partial<rendezvous.RelayData>) => plainWords(read(envelope(relay(parts))), RUSSIAN_OLD_CLIENT);
    assert.equal(words({ tail: plugin(PluginGuid.message, utf8('привет')) }), 'привет');
    assert.equal(words({ tail: plugin(PluginGuid.url, Uint8Array.of(0x61, 0xfe, ...ascii('http://a'))) }), 'a\r\nhttp://a');
    assert.equal(words({ type: icbm.MessageType.url, text: Uint8Array.of(0x61, 0xfe, ...ascii('http://a')) }), 'a\r\nhttp://a');
    assert.equal(words({ type: icbm.MessageType.contacts, text: Uint8Array.of(0x31, 0xfe, ...ascii('100002'), 0xfe, 0x42, 0xfe) }), '100002 B');
    for (const parts of [
      { tail: plugin(PluginGuid.file, ascii('holiday.jpg')) },
      { tail: plugin(PluginGuid.xtraz, ascii('<N></N>'), 8) },
      { type: icbm.MessageType.file, text: ascii('holiday.jpg') },
      { type: icbm.MessageType.authRequest, text: ascii('let me in') },
      { type: icbm.MessageType.url, flags: icbm.MessageFlag.auto },
    ]) {
      assert.equal(words(parts), undefined);
    }
  });
});

// ---------------------------------------------------------------- names inside

describe('Xtraz', () => {
  const query = (senderId: string): Uint8Array => relay({ tail: plugin(PluginGuid.xtraz, utf8(xtrazQueryText({ senderId, trans: 1 })), 8) });
  const answer = (uin: string): Uint8Array =>
    relay({ tail: plugin(PluginGuid.xtraz, utf8(xtrazAnswerText({ uin, index: 1, title: 'tea', description: '' })), 8) });

  test('is asked for in one’s own name alone', () => {
    assert.equal(speaksForItself(read(envelope(query(String(ALICE)))), ALICE), true);
    assert.equal(speaksForItself(read(envelope(query(String(BOB)))), ALICE), false);
    assert.equal(codeOf(send(2, envelope(query(String(BOB))))), ErrorCode.notLoggedIn, 'as if he were off line');
    assert.equal(asked(send(2, envelope(query(String(ALICE)))), 'messages.pass').input.concealed, true);
  });

  test('is answered in one’s own name alone', () => {
    assert.equal(namesOnly(answer(String(ALICE)), ALICE), true);
    assert.equal(namesOnly(answer(String(BOB)), ALICE), false);
    const context = contextOf();
    context.state.answerable.add(cookie, BOB, context.now, context.limits);
    const say = (data: Uint8Array) => handle(routes, icbm.clientErr, { cookie, channel: 2, screenName: String(BOB), reason: 3, data }, context);
    assert.deepEqual(packets(say(answer(String(BOB)))), []);
    assert.deepEqual(countedIn(say(answer(String(BOB)))), ['oscar_snacs_forged']);
    assert.ok(asked(say(answer(String(ALICE))), 'messages.pass'));
  });

  test('that names nobody, and what is no Xtraz, passes', () => {
    for (const service of [relay({ tail: plugin(PluginGuid.xtraz, ascii('<N>'), 8) }), relay({ type: 1 }), relay({ tail: hex('ff') }), NOTHING]) {
      assert.equal(namesOnly(service, ALICE), true);
    }
  });
});

describe('an invitation to a room', () => {
  const ROOM = '0123456789abcdef01234567';
  const invite = (room: string) => envelope(encode(extended.chatInvitation, { exchange: 4, cookie: ascii(room), instance: 0 }), Capability.chatRooms);

  const room = { id: ROOM, kind: 'private', name: 'icq1000010', createdBy: ALICE, createdAt: 0, usedAt: 0 } as const;

  test('is passed, and opens the room to who was given it', () => {
    const { input, answered, refused } = asked(send(2, invite(ROOM)), 'rooms.show');
    assert.deepEqual(input, { room: ROOM });
    assert.equal(codeOf(refused('no-such-room')), ErrorCode.noMatch);
    const pass = asked(answered({ room, members: [] }), 'messages.pass');
    const passed: Pick<CommandInput<'messages.pass'>, 'needs' | 'concealed'> = pass.input;
    assert.deepEqual([passed.needs, passed.concealed], [Capability.chatRooms, true]);
    const admitted = asked(pass.answered(undefined), 'rooms.invite');
    assert.deepEqual(admitted.input, { room: ROOM, to: BOB });
    assert.ok(receivedOne(admitted.answered(undefined), icbm.hostAck));
    assert.equal(codeOf(admitted.refused('list-full')), ErrorCode.listOverflow);
  });

  test('that reaches nobody opens nothing', () => {
    const pass = asked(asked(send(2, invite(ROOM)), 'rooms.show').answered({ room, members: [] }), 'messages.pass');
    for (const refusal of ['off-line', 'not-supported-by-client', 'you-ignore-them'] as const) {
      assert.equal(receivedOne(pass.refused(refusal), icbm.error).code, REFUSAL_CODES[refusal]);
    }
  });

  test('by name makes the room, as bitlbee wants it', () => {
    const { input, answered } = asked(send(2, invite('icq1000010')), 'rooms.open');
    assert.deepEqual(input, { kind: 'private', name: 'icq1000010' });
    const passed = asked(answered({ room, members: [] }), 'messages.pass').answered(undefined);
    assert.deepEqual(asked(passed, 'rooms.invite').input, { room: ROOM, to: BOB });
  });

  test('to what is no room is not passed', () => {
    assert.equal(
      codeOf(send(2, envelope(encode(extended.chatInvitation, { exchange: 9, cookie: ascii('cats'), instance: 0 }), Capability.chatRooms))),
      ErrorCode.noMatch,
    );
    assert.equal(codeOf(send(2, envelope(hex('00'), Capability.chatRooms))), ErrorCode.noMatch);
  });

  test('may be declined', () => {
    assert.ok(asked(send(2, encode(rendezvous.rendezvousEnvelope, { type: 1, cookie, capability: Capability.chatRooms, tlvs: {} })), 'messages.pass'));
  });
});

// ---------------------------------------------------------------- status messages

describe('a status message', () => {
  const away = (text: string, mediaType = 'text/plain; charset="utf-8"'): StyledText => ({ mediaType, bytes: utf8(text) });
  const question = relay({ type: icbm.MessageType.autoAway, flags: icbm.MessageFlag.auto });
  const modern = relay({ tail: plugin(PluginGuid.statusMessage, NOTHING, 1, 'Away Status Message') });

  /** What the server says when the client cannot be asked, and this is its away text. */
  const answered = (
    service: Uint8Array,
    text: StyledText | undefined,
    context = contextOf(),
    refusal: 'not-supported-by-client' | 'off-line' = 'not-supported-by-client',
  ) => {
    const { input, refused } = asked(send(2, envelope(service), context), 'messages.pass');
    assert.deepEqual([input.needs, input.concealed], [Capability.serverRelay, true]);
    const look = asked(refused(refusal), 'presence.look');
    assert.deepEqual(look.input, { uin: BOB });
    const view: PresenceView = viewOf(BOB);
    return { told: look.answered(text === undefined ? { view } : { view, away: text }), hidden: look.refused('off-line') };
  };

  test('is asked of the client', () => {
    const { answered: passed } = asked(send(2, envelope(question)), 'messages.pass');
    assert.deepEqual(
      packets(passed(undefined)).map(({ declaration }) => declaration),
      [icbm.hostAck],
    );
  });

  test('comes from the server when the client knows no such question', () => {
    const [ack, told] = packets(answered(question, away('на обеде'), contextOf({ profile: RUSSIAN_OLD_CLIENT })).told);
    assert.equal(ack?.declaration, icbm.hostAck);
    assert.ok(told?.declaration === icbm.clientErr);
    const { cookie: named, screenName, reason, data } = told.value as icbm.ClientErr;
    assert.deepEqual([named, screenName, reason], [cookie, String(BOB), 3]);
    const said = decode(rendezvous.relayData, data);
    assert.deepEqual([said.type, said.flags, said.status], [icbm.MessageType.autoAway, icbm.MessageFlag.auto, 0]);
    assert.deepEqual(said.header.sequence, 0xfffe, 'clients know the answer by it');
    assert.deepEqual(said.text, Uint8Array.of(0xed, 0xe0, 0x20, 0xee, 0xe1, 0xe5, 0xe4, 0xe5));
  });

  test('is UTF-8 for those who ask by the plug-in', () => {
    const [, told] = packets(answered(modern, away('на обеде')).told);
    assert.ok(told);
    const { data } = told.value as icbm.ClientErr;
    const { body, header } = decode(rendezvous.pluginTail, decode(rendezvous.relayData, data).tail);
    assert.deepEqual(new TextDecoder().decode(body.text), 'на обеде');
    assert.deepEqual([header.guid, header.function], [PluginGuid.statusMessage, 1]);
  });

  test('is no word of those who have none, or are not seen', () => {
    assert.equal(codeOf(answered(question, undefined).told), ErrorCode.notSupportedByClient);
    assert.equal(codeOf(answered(question, away('')).told), ErrorCode.notSupportedByClient);
    assert.equal(codeOf(answered(question, away('x')).hidden), ErrorCode.notSupportedByClient);
    assert.equal(codeOf(answered(question, away('x'), contextOf(), 'off-line').hidden), ErrorCode.notLoggedIn);
  });

  test('is known by its type, or by its plug-in', () => {
    const found = (service: Uint8Array, type = 0): boolean => statusRequestIn(type, Capability.serverRelay, service) !== undefined;
    assert.deepEqual([found(question), found(modern)], [true, true]);
    assert.deepEqual(
      [found(question, 1), found(relay({ type: icbm.MessageType.autoAway })), found(relay({ type: 1 })), found(hex('1b'))],
      [false, false, false, false],
    );
  });

  test('loses its HTML, and is read in its charset', () => {
    assert.equal(styledWords({ mediaType: 'text/x-aolrtf; charset="unicode-2-0"', bytes: Uint8Array.of(4, 0x3f, 0, 0x3c, 0, 0x42, 0, 0x3e) }, 1252), 'п');
    assert.equal(styledWords({ mediaType: 'text/aolrtf; charset="us-ascii"', bytes: ascii('<HTML>a &amp; b</HTML>') }, 1252), 'a & b');
    assert.equal(styledWords(away('<b>'), 1252), '<b>');
  });

  test('has nothing of the question but what the client knows it by', () => {
    const asks = decode(rendezvous.relayData, relay({ type: icbm.MessageType.autoOccupied, flags: 3, text: ascii('?'), tail: hex('01 02') }));
    const said = decode(rendezvous.relayData, statusAnswer(asks, 'busy', 1252));
    assert.deepEqual([said.text, said.tail], [ascii('busy'), NOTHING]);
  });
});

test('those who read HTML and plain words alone get the words of a plug-in', () => {
  const data = encode(icbm.channel4Data, { uin: ALICE, type: 0x1a, flags: 0, text: NOTHING, tail: plugin(PluginGuid.message, utf8('a < b')) });
  const body = typedBody(typedMessage(data) as icbm.Channel4Data, data, { cookie, typing: false }, UNICODE_CLIENT);
  const parts = icbmParts({ from: ALICE, body }, LIBPURPLE, 8_000);
  assert.deepEqual(
    parts.map(({ channel }) => channel),
    [icbm.Channel.plain],
  );
});

test('who announces channel 2 and cannot read it gets the words', () => {
  const trillian = contextOf({ profile: { ...UNICODE_CLIENT, quirks: new Set(['no-relay']) } });
  const bytes = envelope(relay({ type: 1, text: ascii('hello') }));
  const passing = { kind: 'envelope', format: 'icbm/2', bytes, cookie } as const;
  assert.equal(receivedOne(renderPassing(trillian, BOB, { ...passing, fallback: 'hello' }, undefined), icbm.channelMsgToClient).channel, icbm.Channel.plain);
  assert.equal(receivedOne(renderPassing(trillian, BOB, passing, undefined), icbm.channelMsgToClient).channel, icbm.Channel.rendezvous, 'no words, no choice');
  assert.equal(
    receivedOne(renderPassing(contextOf(), BOB, { ...passing, fallback: 'hello' }, undefined), icbm.channelMsgToClient).channel,
    icbm.Channel.rendezvous,
  );
});
