import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands, replies } from '@seekyou/wire/udp';
import type { OutgoingPacket } from './state.ts';
import { FETCH_TIMER, routes } from './stored.ts';
import { asked, BOB, contextOf, handle, messageOf, packets, posted, RUSSIAN_CLIENT, said, timerOf, VERSIONS } from './testing.ts';

const SENT_AT = Date.UTC(2003, 5, 30, 9, 16, 48);
const WAITING = [
  messageOf({ kind: 'text', text: 'для тебя' }, { id: 5, sentAt: SENT_AT }),
  messageOf({ kind: 'url', caption: 'look', url: 'http://a/' }, { id: 6, sentAt: SENT_AT + 60_000 }),
];

test('stored messages come with the time they were sent, then X2', () => {
  for (const version of VERSIONS) {
    const context = contextOf({ version, profile: RUSSIAN_CLIENT });
    const effects = handle(routes, commands.login1, { padding: new Uint8Array(4) }, context);
    const sent = posted(asked(effects, 'messages.fetch').answered(WAITING));
    assert.deepEqual(
      sent.map(({ declaration }) => declaration),
      [replies.recvMessage, replies.recvMessage, replies.endOfMessages],
    );
    assert.deepEqual(sent[0]?.value, { from: BOB, time: SENT_AT / 1000, type: 1, text: said('для тебя', 1251) });
    assert.ok(sent.every(({ ordered }) => ordered === true));
    assert.deepEqual(context.confirmed, []);
    for (const { acknowledged } of sent as readonly OutgoingPacket[]) acknowledged?.();
    assert.deepEqual(context.confirmed, [5, 6]);
  }
});

test('who asks is not given them a second time because of its contact list', () => {
  const effects = handle(routes, commands.login1, { padding: new Uint8Array(4) }, contextOf());
  assert.equal(timerOf(effects, FETCH_TIMER).ms, 0);
  assert.ok(effects.some((effect) => effect.do === 'become' && effect.change.fetched === true));
});

test('"delete them" confirms nothing that was not acknowledged', () => {
  const context = contextOf();
  assert.deepEqual(handle(routes, commands.ackMessages, { padding: new Uint8Array(2) }, context), []);
  assert.deepEqual(handle(routes, commands.ackMessages, { lastTime: 5 }, contextOf({ version: 3 })), []);
  assert.deepEqual(context.confirmed, []);
});

test('Groupware hears that there are no broadcasts', () => {
  const effects = handle(routes, commands.broadcastRequest, { lastTime: 0, zero: 0 }, contextOf({ version: 3 }));
  assert.equal(packets(effects)[0]?.declaration, replies.endOfStoredBroadcasts);
});
