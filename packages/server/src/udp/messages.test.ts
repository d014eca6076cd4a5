import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DirectInfo, EMPTY_PROFILE, type Message, type Passing, type Refusal } from '@seekyou/core';
import { decodeText } from '@seekyou/wire/text';
import { commands, replies } from '@seekyou/wire/udp';
import { TEXT_BYTES_MAX } from './bodies.ts';
import { renderMessage, renderPassing, routes } from './messages.ts';
import { NOTICE_EVERY_MS, Noticed } from './notices.ts';
import type { UdpContext, UdpEffect } from './state.ts';
import {
  ALICE,
  type Asked,
  asked,
  BOB,
  contextOf,
  handle,
  messageOf,
  NOW,
  packets,
  received,
  receivedOne,
  RUSSIAN_CLIENT,
  said,
  VERSIONS,
  viewOf,
} from './testing.ts';

const write = (type: number, text: Uint8Array | string, context: UdpContext = contextOf(), to: number = BOB): readonly UdpEffect[] =>
  handle(routes, commands.sendMessage, { to, type, text: typeof text === 'string' ? said(text) : text }, context);

/** The words of the service, among what else is done. */
const notice = (effects: readonly UdpEffect[]): string => {
  const { from, type, text } = receivedOne(
    effects.filter((effect) => effect.do === 'send'),
    replies.sysDeliveredMess,
  );
  assert.deepEqual([from, type], [1, 9]);
  return String.fromCharCode(...text);
};

test('a message is sent as what it says, by either command', () => {
  for (const version of VERSIONS) {
    for (const declaration of [commands.sendMessage, commands.msgToNewUser]) {
      const effects = handle(routes, declaration, { to: BOB, type: 1, text: said('привет', 1251) }, contextOf({ version, profile: RUSSIAN_CLIENT }));
      const { input, answered } = asked(effects, 'messages.send');
      assert.deepEqual([input.to, input.body.kind, 'text' in input.body && input.body.text], [BOB, 'text', 'привет']);
      assert.deepEqual(answered({ id: 1, sentAt: NOW }), [], 'the acknowledgement is all there is');
    }
  }
});

test('authorisation goes the way of authorisation', () => {
  assert.deepEqual(asked(write(6, Uint8Array.from([...said('al'), 0xfe, 0xfe, 0xfe, 0xfe, 0x31, 0xfe, ...said('let me')])), 'authorisation.request').input, {
    to: BOB,
    reason: 'let me',
  });
  assert.deepEqual(asked(write(7, 'no'), 'authorisation.answer').input, { to: BOB, granted: false, reason: 'no' });
  assert.deepEqual(asked(write(8, ''), 'authorisation.answer').input, { to: BOB, granted: true, reason: '' });
});

test('a refused message is told of in words, once a minute and person', () => {
  const told = (refusal: Refusal, context: UdpContext = contextOf()): readonly UdpEffect[] => asked(write(1, 'x', context), 'messages.send').refused(refusal);
  assert.match(notice(told('mailbox-full')), /100002.*too many messages/);
  assert.match(notice(told('no-such-user')), /no such user/);
  assert.match(notice(write(1, 'x', contextOf(), 12)), /12 .*no such user/, 'a number that is nobody’s');
  assert.match(notice(write(2, 'come and chat')), /does not connect/);

  const noticed = new Noticed();
  const at = (now: number): UdpContext => contextOf({ now, state: { noticed } });
  notice(told('mailbox-full', at(NOW)));
  assert.deepEqual(told('mailbox-full', at(NOW + NOTICE_EVERY_MS - 1)), []);
  notice(write(1, 'x', at(NOW), 12));
  notice(told('mailbox-full', at(NOW + NOTICE_EVERY_MS)));
});

test('the memory for notices has an end', () => {
  const noticed = new Noticed();
  for (let uin = 0; uin < 1_000; uin++) assert.equal(noticed.due(uin, NOW), true);
  assert.equal(noticed.due(999, NOW), false);
  assert.equal(noticed.due(0, NOW), true, 'long forgotten');
});

test('what cannot be kept now is not acknowledged: the client tries again', () => {
  const effects = asked(write(1, 'x'), 'messages.send').refused('unavailable');
  assert.deepEqual(
    effects.map((effect) => effect.do === 'ask' && effect.command),
    ['packet.leave'],
  );
});

test('messages in the service’s name come to nothing', () => {
  for (const type of [9, 13, 14, 26]) assert.deepEqual(write(type, 'x'), []);
});

// ---------------------------------------------------------------- delivery

test('a message is confirmed when all of its parts are acknowledged, in whatever order', () => {
  const context = contextOf();
  const sent = packets(renderMessage(context, messageOf({ kind: 'text', text: 'x'.repeat(2 * TEXT_BYTES_MAX + 1) }, { id: 77 })));
  assert.equal(sent.length, 3);
  assert.ok(sent.every(({ ordered }) => ordered));
  sent[2]?.acknowledged?.();
  sent[0]?.acknowledged?.();
  assert.deepEqual(context.confirmed, []);
  sent[1]?.acknowledged?.();
  assert.deepEqual(context.confirmed, [77]);
});

test('each version reads the same message', () => {
  for (const version of VERSIONS) {
    const effects = renderMessage(contextOf({ version, profile: RUSSIAN_CLIENT }), messageOf({ kind: 'text', text: 'привет' }));
    assert.deepEqual(receivedOne(effects, replies.sysDeliveredMess, version), { from: BOB, type: 1, text: said('привет', 1251) });
  }
});

test('who asks or adds is introduced, as far as he has told who he is', () => {
  const profile = { ...EMPTY_PROFILE, nickname: 'Боб', authorisationRequired: false, first: 'Robert', email: { address: 'bob@example.org', hidden: false } };
  const render = (body: Message['body']): Asked<'profile.load'> =>
    asked(renderMessage(contextOf({ profile: RUSSIAN_CLIENT }), messageOf(body)), 'profile.load');
  const shown = (effects: readonly UdpEffect[]): string => decodeText(receivedOne(effects, replies.sysDeliveredMess).text, 1251);
  assert.deepEqual(render({ kind: 'added' }).input, { uin: BOB });
  assert.equal(shown(render({ kind: 'added' }).answered(profile)), 'БобюRobertююbob@example.orgю1');
  assert.equal(shown(render({ kind: 'auth-request', reason: 'пусти' }).answered(profile)), 'БобюRobertююbob@example.orgю1юпусти');
  assert.equal(shown(render({ kind: 'added' }).refused('no-such-user')), 'ююююю1'.slice(1));
});

test('what has nothing in it for people is confirmed and not shown', () => {
  const context = contextOf();
  const body = { kind: 'opaque', original: { format: 'icbm/4', bytes: said('x') }, fallback: '' } as const;
  assert.deepEqual(renderMessage(context, messageOf(body, { id: 9 })), []);
  assert.deepEqual(context.confirmed, [9]);
});

test('of what is passed on, words are shown', () => {
  const cookie = new Uint8Array(8);
  const envelope: Passing = { kind: 'envelope', format: 'icbm/2', bytes: said('x'), cookie };
  assert.deepEqual(renderPassing(contextOf(), BOB, { kind: 'typing', typing: 'begun', cookie, channel: 1 }, undefined), []);
  assert.deepEqual(renderPassing(contextOf(), BOB, envelope, undefined), []);
  const shown = renderPassing(contextOf(), BOB, { ...envelope, fallback: 'I am away' }, undefined);
  assert.deepEqual(received(shown, replies.sysDeliveredMess), [{ from: BOB, type: 1, text: said('I am away') }]);
});

// ---------------------------------------------------------------- direct connections

const DIRECT: DirectInfo = { internalAddress: '10.0.0.7', port: 4_321, kind: 4, version: 6, cookie: 1, webPort: 0, features: 3, times: [0, 0, 0] };

test('"connect to me" reaches those who may know the address, which is that of the session', () => {
  const claim = { to: BOB, address: '198.51.100.66', port: 25, tcpFlag: 4, triedPort: 3_333, listenPort: 25 };
  const { input } = asked(handle(routes, commands.tcpRequest, claim, contextOf()), 'messages.pass');
  assert.deepEqual([input.to, input.concealed], [BOB, true]);
  const render = (sender?: ReturnType<typeof viewOf>): readonly UdpEffect[] => renderPassing(contextOf({ uin: BOB }), ALICE, input.passing, sender);
  assert.deepEqual(receivedOne(render(viewOf(ALICE, { externalAddress: '203.0.113.5', direct: DIRECT })), replies.tcpRequest), {
    from: ALICE,
    address: '203.0.113.5',
    port: 4_321,
    tcpFlag: 4,
    triedPort: 3_333,
    listenPort: 4_321,
    tcpVersion: 6,
  });
  assert.deepEqual(render(viewOf(ALICE, { direct: { ...DIRECT, port: 0 } })), []);
  assert.deepEqual(render(), []);
  assert.deepEqual(handle(routes, commands.tcpRequest, { ...claim, to: 7 }, contextOf()), []);
});
