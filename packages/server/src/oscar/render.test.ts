import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oservice } from '@seekyou/wire/oscar';
import { renderEvent } from './render.ts';
import { ALICE, asked, BOB, contextOf, NOW, packets, receivedOne, viewOf } from './testing.ts';

test('each announcement is told by its family', () => {
  const context = contextOf({ state: { askedRoster: true } });
  const message = { id: 1, from: BOB, to: ALICE, sentAt: NOW, body: { kind: 'text', text: 'hi' } } as const;
  const passing = { kind: 'typing', typing: 'begun', cookie: new Uint8Array(8), channel: 1 } as const;
  const names = (event: Parameters<typeof renderEvent>[1]): readonly string[] =>
    packets(renderEvent(context, event)).map(({ declaration: { family, subtype } }) => `${family.toString(16)}/${subtype.toString(16)}`);
  assert.deepEqual(names({ type: 'presence', view: viewOf() }), ['3/b']);
  assert.deepEqual(names({ type: 'absence', uin: BOB }), ['3/c']);
  assert.deepEqual(names({ type: 'message', message, sender: viewOf() }), ['4/7']);
  assert.deepEqual(names({ type: 'passing', from: BOB, passing }), ['4/14']);
  assert.deepEqual(names({ type: 'roster-edited', edits: [{ do: 'remove', groupId: 1, itemId: 1 }], stamp: 1 }), ['13/11', '13/a', '13/12']);
});

test('a session hears how it looks itself', () => {
  const { answered, refused } = asked(renderEvent(contextOf(), { type: 'own-presence' }), 'presence.own');
  const own = receivedOne(answered({ view: viewOf(ALICE), sessionStartedAt: NOW - 5_000, externalAddress: '192.0.2.1' }), oservice.userInfoUpdate);
  assert.equal(own.screenName, '100001');
  assert.equal(own.tlvs.externalIp, '192.0.2.1');
  assert.equal(own.tlvs.sessionSeconds, 5);
  assert.deepEqual(refused('unavailable'), []);
});

test('the end of a session closes the connection', () => {
  assert.deepEqual(renderEvent(contextOf(), { type: 'ended', reason: 'signed-on-elsewhere' }), [{ do: 'close', last: [], why: 'signed-on-elsewhere' }]);
});
