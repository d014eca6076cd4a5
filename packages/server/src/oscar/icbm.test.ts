import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Body, type ClientProfile, type Message, type Passing, PEOPLE } from '@seekyou/core';
import { decode, encode } from '@seekyou/wire';
import { Capability, ErrorCode, feedbag, icbm, rendezvous } from '@seekyou/wire/oscar';
import { encodeText, fragmentsFromText, textFromFragments } from '@seekyou/wire/text';
import { Answerable } from './answerable.ts';
import { plainBody, typedBody } from './bodies.ts';
import { renderMessage, renderPassing, renderStored, routes } from './icbm.ts';
import type { OscarState } from './state.ts';
import {
  ALICE,
  ascii,
  asked,
  BOB,
  bytesOf,
  contextOf,
  countedIn,
  fetchedPackets,
  handle,
  hex,
  NOW,
  OLD_CLIENT,
  OWN_CLIENT,
  packets,
  received,
  receivedOne,
  REQUEST_ID,
  RUSSIAN_OLD_CLIENT,
  type TestContext,
  UNICODE_CLIENT,
  viewOf,
} from './testing.ts';

const cookie = hex('11 22 33 44 55 66 77 88');
const recipient = '100002';

/** §14.4, D1: "Hello!" */
const HELLO = hex('05 01 00 01 01 01 01 00 0a 00 00 00 00 48 65 6c 6c 6f 21');

const typed = (type: number, text: string | Uint8Array, uin: number = ALICE, tail = new Uint8Array(0)): Uint8Array =>
  encode(icbm.channel4Data, { uin, type, flags: 0, text: typeof text === 'string' ? ascii(text) : text, tail });

type Tlvs = icbm.ChannelMsgToHost['tlvs'];
const write = (channel: number, tlvs: Tlvs, context = contextOf(), to = recipient): ReturnType<typeof handle> =>
  handle(routes, icbm.channelMsgToHost, { cookie, channel, recipient: to, tlvs }, context);

const codeOf = (effects: ReturnType<typeof handle>): number => {
  assert.equal(packets(effects)[0]?.requestId, REQUEST_ID);
  return receivedOne(effects, icbm.error).code;
};

// ---------------------------------------------------------------- parameters

test('the limits announced are the limits', () => {
  assert.deepEqual(receivedOne(handle(routes, icbm.parameterQuery, {}, contextOf()), icbm.parameterReply), {
    channels: 5,
    flags: 3,
    lengthMax: 8_000,
    senderWarningMax: 999,
    receiverWarningMax: 999,
    intervalMs: 1_000,
  });
});

test('a client says what it wants of each channel', () => {
  const set = (channel: number, flags: number, icbmFlags: OscarState['icbmFlags'] = new Map()): ReturnType<typeof handle> =>
    handle(
      routes,
      icbm.addParameters,
      { channel, flags, lengthMax: 8_000, senderWarningMax: 999, receiverWarningMax: 999, intervalMs: 0 },
      contextOf({ state: { icbmFlags } }),
    );
  assert.deepEqual(set(1, 0x0b), [{ do: 'become', change: { icbmFlags: new Map([[1, 0x0b]]) } }]);
  assert.deepEqual(set(2, 3, new Map([[1, 0x0b]])), [
    {
      do: 'become',
      change: {
        icbmFlags: new Map([
          [1, 0x0b],
          [2, 3],
        ]),
      },
    },
  ]);
  assert.deepEqual(set(0, 3, new Map([[1, 0x0b]])), [{ do: 'become', change: { icbmFlags: new Map([[0, 3]]) } }], 'channel 0 is all of them');
  assert.deepEqual(set(0x4242, 3), []);
  assert.deepEqual(handle(routes, icbm.deleteParameters, { data: new Uint8Array(0) }, contextOf()), [{ do: 'become', change: { icbmFlags: new Map() } }]);
});

// ---------------------------------------------------------------- plain messages

test('a message is sent to the core and acknowledged when the core has it', () => {
  const { input, answered } = asked(write(1, { imData: HELLO, requestHostAck: true, store: true }), 'messages.send');
  assert.equal(input.to, BOB);
  assert.equal(input.body.kind === 'text' && input.body.text, 'Hello!');
  const ack = answered({ id: 1, sentAt: NOW });
  assert.equal(packets(ack)[0]?.requestId, REQUEST_ID);
  assert.deepEqual(receivedOne(ack, icbm.hostAck), { cookie, channel: 1, recipient });
});

test('only who asks for an acknowledgement gets one', () => {
  const { answered } = asked(write(1, { imData: HELLO }), 'messages.send');
  assert.deepEqual(answered({ id: 1, sentAt: NOW }), []);
});

test('a message is read in the code page of its sender', () => {
  const imData = hex('01 01 00 0a 00 03 00 00 ef f0 e8 e2 e5 f2');
  const { input } = asked(write(1, { imData }, contextOf({ profile: RUSSIAN_OLD_CLIENT })), 'messages.send');
  assert.equal(input.body.kind === 'text' && input.body.text, 'привет');
});

test('every refusal has its code', () => {
  const { refused } = asked(write(1, { imData: HELLO, requestHostAck: true }), 'messages.send');
  assert.equal(codeOf(refused('no-such-user')), ErrorCode.notLoggedIn);
  assert.equal(codeOf(refused('off-line')), ErrorCode.notLoggedIn);
  assert.equal(codeOf(refused('you-ignore-them')), ErrorCode.inLocalDeny);
  assert.equal(codeOf(refused('too-large')), ErrorCode.refusedByClient);
  assert.equal(codeOf(refused('not-supported-by-client')), ErrorCode.notSupportedByClient);
  assert.deepEqual(receivedOne(refused('mailbox-full'), icbm.error), { code: 0x04, tlvs: { subCode: 0x0f } });
  assert.equal(bytesOf(packets(refused('off-line'))[0] as never).length, 12, 'strict parsers want no byte more');
});

test('a recipient that cannot exist is off line', () => {
  for (const to of ['SomeAimUser', '12', '', '4294967295']) assert.equal(codeOf(write(1, { imData: HELLO }, contextOf(), to)), ErrorCode.notLoggedIn);
});

test('a message without text, and one on a channel nobody uses, are refused', () => {
  assert.equal(codeOf(write(1, {})), ErrorCode.incorrectFormat);
  assert.equal(codeOf(write(1, { imData: hex('05 01 00 01 01') })), ErrorCode.incorrectFormat);
  assert.equal(codeOf(write(1, { imData: hex('01 01 ff') })), ErrorCode.incorrectFormat);
  assert.equal(codeOf(write(3, { imData: HELLO })), ErrorCode.notSupportedByHost);
  assert.deepEqual(countedIn(write(1, { imData: hex('01 01 ff') })), ['oscar_snacs_malformed']);
});

test('an automatic answer is passed on and never stored', () => {
  const { input, answered } = asked(write(1, { imData: HELLO, autoResponse: true, requestHostAck: true, store: true }), 'messages.pass');
  assert.equal(input.concealed, false);
  assert.equal(input.needs, undefined);
  assert.equal(receivedOne(answered(undefined), icbm.hostAck).channel, 1);
  const [packet] = packets(renderPassing(contextOf({ uin: BOB }), ALICE, input.passing, viewOf(ALICE)));
  const message = receivedOne([{ do: 'send', packet: packet as never }], icbm.channelMsgToClient);
  assert.deepEqual(message.tlvs, { imData: HELLO, autoResponse: true });
  assert.deepEqual(message.cookie, cookie);
});

// ---------------------------------------------------------------- typed messages

test('typed messages are stored as what they say', () => {
  const cases: readonly (readonly [number, string, Body['kind']])[] = [
    [0x01, 'hi', 'text'],
    [0x0c, '', 'added'],
    [0x0d, 'hi', 'opaque'],
    [0x1a, '', 'opaque'],
    [0x42, 'hi', 'opaque'],
  ];
  for (const [type, text, kind] of cases) {
    const { input, answered } = asked(write(4, { data: typed(type, text), store: true, requestHostAck: true }), 'messages.send');
    assert.equal(input.body.kind, kind);
    assert.equal(receivedOne(answered({ id: 1, sentAt: NOW }), icbm.hostAck).channel, 4);
  }
});

test('authorisation in typed messages is authorisation', () => {
  const ask = asked(write(4, { data: typed(0x06, 'please'), requestHostAck: true }), 'authorisation.request');
  assert.deepEqual(ask.input, { to: BOB, reason: 'please' });
  assert.equal(receivedOne(ask.answered(undefined), icbm.hostAck).channel, 4);
  assert.equal(codeOf(ask.refused('no-such-user')), ErrorCode.notLoggedIn);
  assert.deepEqual(asked(write(4, { data: typed(0x08, '') }), 'authorisation.answer').input, { to: BOB, granted: true, reason: '' });
  assert.deepEqual(asked(write(4, { data: typed(0x07, 'no') }), 'authorisation.answer').input, { to: BOB, granted: false, reason: 'no' });
});

test('a text in UCS-2 that is broken is sent and counted; one that is not is sent', () => {
  const counted = (...texts: readonly string[]): readonly string[] => {
    const fragments = texts.map((text) => ({ id: 1, version: 1, data: hex(`00 02 00 00 ${text}`) }));
    const effects = write(1, { imData: encode(icbm.fragments, fragments) });
    assert.ok(asked(effects, 'messages.send'));
    return countedIn(effects);
  };
  for (const broken of [['00 61 d8 00 00 62'], ['dc 00 00 63'], ['00 64 00'], ['00 64', '00'], ['ff fd d8 00']])
    assert.deepEqual(counted(...broken), ['oscar_texts_broken']);
  for (const whole of [['00 61 04 2f'], ['d8 3d de 00'], ['ff fd'], ['04', '2f'], ['d8 3d', 'de 00']]) assert.deepEqual(counted(...whole), []);
});

test("nobody writes under another's number", () => {
  assert.deepEqual(countedIn(write(4, { data: typed(0x01, 'hi', BOB) })), ['oscar_snacs_forged']);
  assert.deepEqual(countedIn(write(4, { data: hex('01 02') })), ['oscar_snacs_malformed']);
  assert.equal(codeOf(write(4, { data: typed(0x01, 'hi', BOB) })), ErrorCode.incorrectFormat);
  assert.equal(codeOf(write(4, { data: typed(0x06, 'hi', 0) })), ErrorCode.incorrectFormat);
  assert.equal(codeOf(write(4, { data: hex('01 02') })), ErrorCode.incorrectFormat);
  assert.equal(codeOf(write(4, {})), ErrorCode.incorrectFormat);
});

test('what a client does by itself is passed on to who may see it asked', () => {
  for (const type of [0x02, 0x03, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec]) {
    const data = typed(type, '');
    const { input } = asked(write(4, { data, store: true }), 'messages.pass');
    assert.equal(input.concealed, true, `type ${type}`);
    const message = receivedOne(renderPassing(contextOf({ uin: BOB }), ALICE, input.passing, undefined), icbm.channelMsgToClient);
    assert.deepEqual([message.channel, message.tlvs, message.cookie], [4, { data }, cookie]);
  }
  assert.equal(asked(write(4, { data: typed(0x1a, '') }), 'messages.pass').input.concealed, true);
});

// ---------------------------------------------------------------- envelopes

const envelope = (capability: string, type = 0, service = hex('00 ff')): Uint8Array =>
  encode(rendezvous.rendezvousEnvelope, {
    type,
    cookie,
    capability,
    tlvs: {
      extra: [
        { type: 0x0a, data: hex('00 01') },
        { type: 0x2711, data: service },
      ],
    },
  });

const callFrom = (uin: number): Uint8Array =>
  encode(rendezvous.reverseConnection, { uin, ip: '192.0.2.1', port: 1, kind: 4, portTried: 1, portAgain: 1, version: 8, session: 1 });

const relay = (type: number, flags = 0, text = ascii('hi')): Uint8Array =>
  encode(rendezvous.relayData, {
    header: { version: 10, signature: new Uint8Array(16), unknown: 0, features: 3, kind: 4, sequence: 0xfffe },
    header2: { sequence: 0xfffe, zeros: new Uint8Array(12) },
    type,
    flags,
    status: 0,
    priority: 1,
    text,
    tail: new Uint8Array(0),
  });

test('an envelope is passed to clients that know what it is about', () => {
  const ask = (data: Uint8Array, context?: TestContext): ReturnType<typeof asked<'messages.pass'>> =>
    asked(write(2, { data, requestHostAck: true, store: true }, context), 'messages.pass');
  const plain = ask(envelope(Capability.serverRelay, 0, relay(0x01)));
  assert.deepEqual([plain.input.needs, plain.input.concealed], [Capability.serverRelay, true]);
  assert.equal(plain.input.passing.kind === 'envelope' && plain.input.passing.fallback, 'hi');
  assert.equal(receivedOne(plain.answered(undefined), icbm.hostAck).channel, 2);
  assert.equal(codeOf(plain.refused('not-supported-by-client')), ErrorCode.notSupportedByClient);

  const cases: readonly (readonly [Uint8Array, string | undefined])[] = [
    [envelope(Capability.serverRelay, 0, relay(0xe8, 3)), Capability.serverRelay],
    [envelope(Capability.serverRelay, 0, relay(0x1a)), Capability.serverRelay],
    [envelope(Capability.fileTransfer), Capability.fileTransfer],
    [envelope(Capability.fileTransfer, 2), Capability.fileTransfer],
    [envelope(Capability.serverRelay, 2), undefined],
    [envelope(Capability.reverseConnection, 1, callFrom(ALICE)), undefined],
  ];
  for (const [data, needs] of cases) {
    const { input } = ask(data);
    assert.deepEqual([input.needs, input.concealed], [needs, true]);
    assert.equal(input.passing.kind === 'envelope' && input.passing.fallback, undefined);
  }
});

test('words in an envelope go alone to somebody who is not seen, there or not', () => {
  const { refused } = asked(write(2, { data: envelope(Capability.serverRelay, 0, relay(0x01)), requestHostAck: true }), 'messages.pass');
  const { input, answered } = asked(refused('off-line'), 'messages.send');
  assert.deepEqual(input, { to: BOB, body: { kind: 'text', text: 'hi' } });
  assert.equal(receivedOne(answered({ id: 1, sentAt: NOW }), icbm.hostAck).channel, 2);
  const silent = asked(write(2, { data: envelope(Capability.serverRelay, 0, relay(0x01, 0, ascii(''))) }), 'messages.pass');
  assert.deepEqual([silent.input.concealed, codeOf(silent.refused('off-line'))], [true, ErrorCode.notLoggedIn]);
});

test('who was asked may answer, even where the other is not seen', () => {
  const answerable = new Answerable();
  answerable.add(hex('11 22 33 44 55 66 77 88'), BOB, NOW - 1_000, PEOPLE);
  const { input } = asked(write(2, { data: envelope(Capability.fileTransfer, 2) }, contextOf({ state: { answerable } })), 'messages.pass');
  assert.deepEqual([input.needs, input.concealed], [undefined, false]);
  const other = asked(write(2, { data: envelope(Capability.fileTransfer, 2) }, contextOf({ state: { answerable } }), '100003'), 'messages.pass');
  assert.deepEqual([other.input.needs, other.input.concealed], [Capability.fileTransfer, true]);
});

test('a malformed envelope is answered as if the user were off line', () => {
  for (const tlvs of [
    {},
    { data: hex('00 00') },
    { data: hex('00 00 11 22 33 44 55 66 77 88 09 46') },
    { data: envelope(Capability.reverseConnection, 0, callFrom(BOB)) },
  ]) {
    assert.equal(codeOf(write(2, tlvs)), ErrorCode.notLoggedIn);
  }
});

test('a message may be as long as 04/05 says, and no longer', () => {
  const { messageBytesMax } = PEOPLE;
  const plain = (length: number): Uint8Array => encode(icbm.fragments, fragmentsFromText('x'.repeat(length - 13), UNICODE_CLIENT));
  const away = (length: number): Uint8Array => typed(0xe8, 'x'.repeat(length - typed(0xe8, '').length));
  const { input } = asked(write(1, { imData: plain(messageBytesMax) }), 'messages.send');
  const { bytes, stampBytes = 0 } = input.body.original ?? assert.fail('the bytes as they were');
  assert.equal(bytes.length - stampBytes, messageBytesMax, 'our own stamp does not count');
  asked(write(1, { imData: plain(messageBytesMax), autoResponse: true }), 'messages.pass');
  asked(write(4, { data: away(messageBytesMax) }), 'messages.pass');
  for (const [channel, tlvs] of [
    [1, { imData: plain(messageBytesMax + 1) }],
    [1, { imData: plain(messageBytesMax + 1), autoResponse: true }],
    [4, { data: away(messageBytesMax + 1) }],
  ] as const)
    assert.equal(codeOf(write(channel, tlvs)), ErrorCode.refusedByClient);
});

test('an envelope that is too large is refused', () => {
  assert.equal(codeOf(write(2, { data: envelope(Capability.fileTransfer, 0, new Uint8Array(8_000)) })), ErrorCode.refusedByClient);
});

// ---------------------------------------------------------------- answers between clients

const answer = (context: TestContext, screenName = recipient, data = hex('00 ff')): ReturnType<typeof handle> =>
  handle(routes, icbm.clientErr, { cookie, channel: 2, screenName, reason: 3, data }, context);

test('a client answers what it was given, for some minutes, to who wrote it', () => {
  const context = contextOf({ uin: BOB });
  const passing: Passing = { kind: 'envelope', format: 'icbm/2', bytes: envelope(Capability.serverRelay), cookie };
  const forged = (effects: ReturnType<typeof handle>): boolean => effects.length === 1 && countedIn(effects)[0] === 'oscar_snacs_forged';
  assert.ok(forged(answer(context, '100001')), 'before it was given');
  renderPassing(context, ALICE, passing, undefined);

  const { input, answered, refused } = asked(answer(context, '100001'), 'messages.pass');
  assert.equal(input.to, ALICE);
  assert.deepEqual([input.needs, input.concealed], [undefined, false]);
  assert.deepEqual([...answered(undefined), ...refused('off-line')], []);
  const relayed = receivedOne(renderPassing(contextOf(), BOB, input.passing, undefined), icbm.clientErr);
  assert.deepEqual(relayed, { cookie, channel: 2, screenName: '100002', reason: 3, data: hex('00 ff') });

  assert.equal(answer(context, '100001').length, 1, 'an acknowledgement may be followed by the answer');
  assert.ok(forged(answer(context, '100003')), 'not to another');
  assert.deepEqual(packets([...answer(context, 'nobody'), ...answer(context, '100001', new Uint8Array(8_001))]), []);
  assert.ok(forged(answer({ ...context, now: NOW + 11 * 60_000 }, '100001')), 'not much later');
});

test('words in an answer are told in the code page of who asked', () => {
  const asker: ClientProfile = { ...OLD_CLIENT, codepage: 28595 };
  const context = contextOf({ uin: BOB, profile: RUSSIAN_OLD_CLIENT });
  renderPassing(context, ALICE, { kind: 'envelope', format: 'icbm/2', bytes: envelope(Capability.serverRelay), cookie }, undefined);
  const away = (codepage: number): Uint8Array => relay(0xe8, 3, encodeText('на обеде', codepage).bytes);
  const told = (data: Uint8Array, profile: ClientProfile): Uint8Array => {
    const { passing } = asked(answer(context, String(ALICE), data), 'messages.pass').input;
    return receivedOne(renderPassing(contextOf({ profile }), BOB, passing, undefined), icbm.clientErr).data;
  };
  assert.deepEqual(told(away(1251), asker), away(28595));
  assert.deepEqual(told(away(1251), RUSSIAN_OLD_CLIENT), away(1251));
  assert.deepEqual(told(hex('00 ff'), asker), hex('00 ff'), 'what is no answer to a message passes');
});

test('the cookies remembered are few, the oldest go first', () => {
  const context = contextOf();
  for (let i = 0; i < 300; i++) {
    const passing: Passing = {
      kind: 'envelope',
      format: 'icbm/2',
      bytes: envelope(Capability.serverRelay),
      cookie: Uint8Array.of(0, 0, 0, 0, 0, 0, i >>> 8, i),
    };
    renderPassing(context, BOB, passing, undefined);
  }
  const remembered = Array.from({ length: 300 }, (_, i) => context.state.answerable.has(Uint8Array.of(0, 0, 0, 0, 0, 0, i >>> 8, i), BOB, NOW, PEOPLE));
  assert.deepEqual(
    remembered,
    Array.from({ length: 300 }, (_, i) => i >= 300 - PEOPLE.answerableMax),
  );
});

// ---------------------------------------------------------------- typing

test('typing is passed on under the name of who types', () => {
  for (const [event, typing] of [
    [0, 'finished'],
    [1, 'paused'],
    [2, 'begun'],
    [0x0f, 'closed'],
  ] as const) {
    const value = { cookie: new Uint8Array(8), channel: 1, screenName: recipient, event };
    const { input, answered, refused } = asked(handle(routes, icbm.clientEvent, value, contextOf()), 'messages.pass');
    assert.deepEqual(input, { to: BOB, passing: { kind: 'typing', typing, cookie: new Uint8Array(8), channel: 1 }, concealed: false });
    assert.deepEqual([...answered(undefined), ...refused('off-line')], []);
    const [packet] = packets(renderPassing(contextOf(), ALICE, input.passing, undefined));
    assert.deepEqual(packet?.value, { ...value, screenName: '100001' });
  }
  assert.deepEqual(handle(routes, icbm.clientEvent, { cookie: new Uint8Array(8), channel: 1, screenName: recipient, event: 7 }, contextOf()), []);
  assert.deepEqual(handle(routes, icbm.clientEvent, { cookie: new Uint8Array(8), channel: 1, screenName: 'nobody', event: 2 }, contextOf()), []);
});

test('a client that does not want typing notices is spared them', () => {
  const notice: Passing = { kind: 'typing', typing: 'begun', cookie: new Uint8Array(8), channel: 1 };
  const told = (flags: readonly (readonly [number, number])[], capabilities: readonly string[] = []): number =>
    renderPassing(contextOf({ state: { icbmFlags: new Map(flags) }, presence: { capabilities } }), BOB, notice, undefined).length;
  assert.equal(told([]), 1);
  assert.equal(told([[0, 3]]), 0);
  assert.equal(told([[0, 0x0b]]), 1);
  assert.equal(
    told([
      [0, 3],
      [1, 0x0b],
    ]),
    1,
  );
  assert.equal(
    told([
      [0, 0x0b],
      [1, 3],
    ]),
    0,
  );
  assert.equal(told([[0, 3]], [Capability.typing]), 1);
});

// ---------------------------------------------------------------- delivery

const messageOf = (body: Body, id = 7): Message => ({ id, from: BOB, to: ALICE, sentAt: NOW - 60_000, body });
const hello = plainBody(HELLO, { cookie, typing: false }, UNICODE_CLIENT) as Body;

test('a message is delivered with cookie, sender and bytes as they were (oscar.md §14.4, D3)', () => {
  const context = contextOf({ now: NOW + 77_000 });
  const imData = hex('05 01 00 02 01 06 01 01 00 10 00 02 00 00 04 1f 04 40 04 38 04 32 04 35 04 42');
  const body = plainBody(imData, { cookie: hex('88 99 aa bb cc dd ee ff'), typing: false }, UNICODE_CLIENT) as Body;
  const [packet] = packets(renderMessage(context, messageOf(body), viewOf(BOB, { signedOnAt: NOW })));
  const bytes = bytesOf({ ...(packet as NonNullable<typeof packet>), requestId: 0x80000004 });
  const expected = hex(`00 04 00 07 00 00 80 00 00 04 88 99 AA BB CC DD EE FF 00 01 06 31 30 30 30 30 32 00 00 00 04 00 01 00 02 00 50 00 06 00 04 00
    00 00 00 00 0F 00 04 00 00 00 4D 00 03 00 04 3F 00 00 00 00 02 00 1A 05 01 00 02 01 06 01 01 00 10 00 02 00 00 04 1F 04 40 04 38 04 32 04 35 04 42`);
  assert.deepEqual(bytes, expected);
  assert.deepEqual(context.written, []);
  packet?.written?.();
  assert.deepEqual(context.written, [7]);
});

test('a live message has no time, a stored one has its own', () => {
  assert.equal(receivedOne(renderMessage(contextOf(), messageOf(hello), viewOf()), icbm.channelMsgToClient).tlvs.sendTime, undefined);
  assert.equal(receivedOne(renderStored(contextOf(), messageOf(hello)), icbm.channelMsgToClient).tlvs.sendTime, (NOW - 60_000) / 1000);
});

test('who takes typing notices says so with each message', () => {
  for (const [flags, expected] of [
    [0x0b, true],
    [0x03, undefined],
  ] as const) {
    const { input } = asked(write(1, { imData: HELLO }, contextOf({ state: { icbmFlags: new Map([[0, flags]]) } })), 'messages.send');
    assert.equal(receivedOne(renderMessage(contextOf(), messageOf(input.body), undefined), icbm.channelMsgToClient).tlvs.typing, expected);
    assert.equal(receivedOne(renderStored(contextOf(), messageOf(input.body)), icbm.channelMsgToClient).tlvs.typing, undefined);
  }
});

test('what only the server may say is not relayed', () => {
  const { input } = asked(write(1, { imData: HELLO, sendTime: 1, typing: true, requestHostAck: true, store: true }), 'messages.send');
  const { tlvs } = receivedOne(renderMessage(contextOf(), messageOf(input.body), undefined), icbm.channelMsgToClient);
  assert.deepEqual(tlvs, { imData: HELLO });
});

test('only the last piece of a long message counts as written', () => {
  const context = contextOf();
  const sent = packets(renderMessage(context, messageOf({ kind: 'text', text: 'слово '.repeat(1_500) }), undefined));
  assert.equal(sent.length, 3);
  assert.deepEqual(
    sent.map(({ written }) => written !== undefined),
    [false, false, true],
  );
  const cookies = received(
    sent.map((packet) => ({ do: 'send', packet })),
    icbm.channelMsgToClient,
  ).map((message) => Buffer.from(message.cookie).toString('hex'));
  assert.deepEqual(cookies, ['0000000000000007', '0100000000000007', '0200000000000007']);
});

test('a message with nothing in it for this client is done with', () => {
  const context = contextOf();
  assert.deepEqual(renderMessage(context, messageOf({ kind: 'opaque', original: { format: 'udp/1', bytes: hex('01') }, fallback: '' }), undefined), []);
  assert.deepEqual(context.written, [7]);
});

test('who wants to hear of missed messages is told of one that cannot be shown to him', () => {
  const context = contextOf({ state: { icbmFlags: new Map([[0, icbm.IcbmFlag.messages | icbm.IcbmFlag.missedCalls]]) } });
  const card: Body = { kind: 'opaque', original: { format: 'udp/1', bytes: hex('01') }, fallback: '' };
  const [call] = receivedOne(renderMessage(context, messageOf(card), undefined), icbm.missedCalls).calls;
  assert.deepEqual([call?.channel, call?.sender.screenName, call?.count, call?.reason], [icbm.Channel.typed, String(BOB), 1, icbm.MissedReason.invalid]);
  assert.deepEqual(context.written, [7]);
});

test('our own clients are told the id of a message, others are not', () => {
  const idIn = (profile: ClientProfile): number | undefined =>
    receivedOne(renderMessage(contextOf({ profile }), messageOf(hello), undefined), icbm.channelMsgToClient).tlvs.messageId;
  assert.equal(idIn(OWN_CLIENT), 7);
  assert.equal(idIn(UNICODE_CLIENT), undefined);
});

test('our own clients get a message in one packet, however long: its pieces could not be told from repetitions', () => {
  const text = 'слово '.repeat(1_333);
  const longest: Body = { kind: 'text', text, original: { format: 'icbm/1', bytes: new Uint8Array(8_000) } };
  const { tlvs } = receivedOne(renderMessage(contextOf({ profile: OWN_CLIENT }), messageOf(longest), undefined), icbm.channelMsgToClient);
  assert.equal(tlvs.messageId, 7);
  assert.equal(textFromFragments(decode(icbm.fragments, tlvs.imData ?? new Uint8Array(0)), 1252).text, text);
});

test('authorisation is confirmed by our own clients, by its id; that it was written is not enough', () => {
  const context = contextOf({ profile: OWN_CLIENT });
  for (const [body, declaration] of [
    [{ kind: 'auth-request', reason: 'hi' }, feedbag.authorizeRequested],
    [{ kind: 'auth-granted', reason: '' }, feedbag.authorizeResponded],
    [{ kind: 'pre-authorised', reason: '' }, feedbag.preAuthorized],
    [{ kind: 'added' }, feedbag.youWereAdded],
  ] as const) {
    const effects = renderMessage(context, messageOf(body), undefined);
    assert.equal(receivedOne<{ readonly tlvs: { readonly messageId?: number } }>(effects, declaration).tlvs.messageId, 7, body.kind);
    packets(effects)[0]?.written?.();
  }
  assert.deepEqual([context.written, context.confirmed], [[7, 7, 7, 7], []]);
});

test('the sender id of our own clients goes to the core and no further', () => {
  const senderId = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 + i);
  const { input } = asked(write(1, { imData: HELLO, store: true, senderId }), 'messages.send');
  assert.equal(input.senderId, 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');
  const { tlvs } = receivedOne(renderMessage(contextOf(), messageOf(input.body), undefined), icbm.channelMsgToClient);
  assert.deepEqual(tlvs, { imData: HELLO });
});

test('authorisation comes in the packets a client knows', () => {
  const context = contextOf();
  const [packet] = packets(renderMessage(context, messageOf({ kind: 'auth-request', reason: 'hi' }), undefined));
  assert.equal(packet?.declaration, feedbag.authorizeRequested);
  packet?.written?.();
  assert.deepEqual(context.written, [7]);
  const old = receivedOne(
    renderMessage(contextOf({ profile: OLD_CLIENT }), messageOf({ kind: 'auth-request', reason: 'hi' }), undefined),
    icbm.channelMsgToClient,
  );
  assert.equal(old.channel, 4);
  assert.deepEqual(old.tlvs.data, typed(0x06, Uint8Array.of(0xfe, 0xfe, 0xfe, 0xfe, 0x31, 0xfe, 0x68, 0x69), BOB));
});

test('a plain message can be answered by its cookie', () => {
  const context = contextOf();
  renderMessage(context, messageOf(hello), viewOf());
  assert.equal(asked(answer(context), 'messages.pass').input.to, BOB);
});

test('an automatic answer from elsewhere is read as text', () => {
  const passing: Passing = { kind: 'envelope', format: 'udp/7', bytes: hex('01'), cookie, fallback: 'gone fishing' };
  const message = receivedOne(renderPassing(contextOf(), BOB, passing, undefined), icbm.channelMsgToClient);
  assert.equal(message.channel, 1);
  const { fallback: _fallback, ...silent } = passing;
  assert.deepEqual(renderPassing(contextOf(), BOB, silent, undefined), []);
});

test('who writes UCS-2 is taken to read it', () => {
  const imData = hex('01 01 00 06 00 02 00 00 01 0d');
  const [learnt, ...sent] = write(1, { imData }, contextOf({ profile: OLD_CLIENT }));
  assert.deepEqual(learnt, { do: 'become', change: { writesUnicode: true } });
  assert.equal(asked(sent, 'messages.send').input.body.kind, 'text');
  const charset = (writesUnicode: boolean): number | undefined => {
    const context = contextOf({ profile: OLD_CLIENT, state: { writesUnicode } });
    const { tlvs } = receivedOne(renderMessage(context, messageOf({ kind: 'text', text: 'č' }), undefined), icbm.channelMsgToClient);
    return tlvs.imData?.at(-5);
  };
  assert.equal(charset(true), 2);
  assert.equal(write(1, { imData }, contextOf({ state: { writesUnicode: true } })).length, 1);
});

// ---------------------------------------------------------------- stored messages

test('stored messages are fetched, and their end is said', () => {
  const context = contextOf();
  const { answered, refused } = asked(handle(routes, icbm.offlineRetrieve, { tlvs: {} }, context), 'messages.fetch');
  const sent = fetchedPackets(answered([messageOf(hello, 1), messageOf({ kind: 'auth-granted', reason: '' }, 2), messageOf({ kind: 'text', text: 'č' }, 3)]));
  assert.deepEqual(
    sent.map(({ declaration }) => [declaration.family, declaration.subtype]),
    [
      [4, 0x07],
      [0x13, 0x1b],
      [4, 0x07],
      [4, 0x17],
    ],
  );
  assert.equal(sent.at(-1)?.requestId, REQUEST_ID);
  for (const packet of sent) packet.written?.();
  assert.deepEqual(context.written, [1, 2, 3]);
  assert.deepEqual(
    fetchedPackets(answered([])).map(({ declaration }) => declaration.subtype),
    [0x17],
  );
  assert.equal(codeOf(refused('unavailable')), ErrorCode.serviceUnavailable);
});

test('only our own clients say what they have', () => {
  const inputFor = (profile: ClientProfile): unknown =>
    asked(handle(routes, icbm.offlineRetrieve, { tlvs: { after: 41 } }, contextOf({ profile })), 'messages.fetch').input;
  assert.deepEqual([inputFor(OWN_CLIENT), inputFor(OLD_CLIENT)], [{ after: 41 }, undefined]);
});

test('ICQ users cannot be warned', () => {
  assert.equal(codeOf(handle(routes, icbm.evilRequest, { anonymous: 0, screenName: recipient }, contextOf())), ErrorCode.notSupportedByHost);
});

test('a typed message passes between typed clients with its cookie', () => {
  const data = typed(0x01, 'hi', BOB);
  const body = typedBody({ uin: BOB, type: 1, flags: 0, text: ascii('hi'), tail: new Uint8Array(0) }, data, { cookie, typing: false }, OLD_CLIENT);
  const delivered = receivedOne(renderMessage(contextOf({ profile: OLD_CLIENT }), messageOf(body), undefined), icbm.channelMsgToClient);
  assert.deepEqual([delivered.channel, delivered.tlvs, delivered.cookie], [4, { data }, cookie]);
});
