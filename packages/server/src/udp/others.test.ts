import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildClientPacket, commands, decodeParameters, encodeParameters, replies, SLICE_BYTES, splitPacket } from '@seekyou/wire/udp';
import { fragmentRoute, routes } from './others.ts';
import { routeOf, ROUTES } from './routes.ts';
import type { UdpEffect, UdpState } from './state.ts';
import { PADDING, world } from './test-world.ts';
import { ALICE, asked, BOB, contextOf, handle, NOW, received, said } from './testing.ts';

test('every command has one answer', () => {
  assert.equal(new Set(ROUTES.map(({ declaration }) => declaration)).size, ROUTES.length);
});

test('what only wants an acknowledgement gets that, and is known', async () => {
  const place = await world();
  const alice = await place.online(await place.account(), { version: 3 });
  for (const declaration of [commands.queryServers, commands.usageStats]) alice.say(declaration, PADDING);
  alice.say(commands.queryAddons, { version: 1 });
  alice.say(commands.login2, { state: 0 });
  alice.say(commands.getDepsInSession, {});
  await place.passes(100);
  assert.deepEqual(alice.names(), ['ack', 'ack', 'ack', 'ack', 'ack']);
  assert.equal(place.counters['udp_unknown'], 0);
});

test('who broadcasts is told that he may not', () => {
  const effects = handle(routes, commands.broadcastToAll, { type: 1, text: said('all!') }, contextOf({ version: 3 }));
  assert.match(String.fromCharCode(...(received(effects, replies.sysDeliveredMess, 3)[0]?.text ?? [])), /not allowed/);
});

// ---------------------------------------------------------------- pieces

const LONG = 'x'.repeat(2 * SLICE_BYTES);

function piecesOf(
  uin: number,
  command: number = commands.sendMessage.code,
): readonly { readonly part: number; readonly parts: number; readonly slice: Uint8Array }[] {
  const parameters = encodeParameters(commands.sendMessage, 3, { to: BOB, type: 1, text: said(LONG) });
  const packet = buildClientPacket({ version: 3, command, seq1: 5, seq2: 5, uin, sessionId: 0, parameters }, 'zero');
  return splitPacket(packet).map((piece) => decodeParameters(commands.fragment, 3, piece));
}

/** Hands over the pieces one after the other, as a session would. */
function taken(pieces: ReturnType<typeof piecesOf>, times: readonly number[] = []): readonly UdpEffect[] {
  let state: Partial<UdpState> = {};
  let effects: readonly UdpEffect[] = [];
  pieces.forEach((piece, i) => {
    effects = handle([fragmentRoute(routeOf)], commands.fragment, piece, contextOf({ version: 3, state, now: times[i] ?? NOW }));
    for (const effect of effects) if (effect.do === 'become') state = { ...state, ...effect.change };
  });
  assert.equal(times.length > 0 || state.assembly === undefined, true, 'nothing is kept');
  return effects;
}

test('a packet in pieces is handled when the last one is there, whichever that is', () => {
  const pieces = piecesOf(ALICE);
  assert.equal(pieces.length, 3);
  for (const order of [pieces, pieces.toReversed()]) {
    const { input } = asked(taken(order), 'messages.send');
    assert.deepEqual([input.to, 'text' in input.body && input.body.text], [BOB, LONG]);
  }
});

test('pieces that come too late, of others, or of pieces come to nothing', () => {
  const pieces = piecesOf(ALICE);
  assert.ok(taken(pieces, [NOW, NOW, NOW + 11_000]).every((effect) => effect.do === 'become'));
  assert.ok(taken(piecesOf(BOB)).every((effect) => effect.do === 'become'));
  assert.ok(taken(piecesOf(ALICE, commands.fragment.code)).every((effect) => effect.do === 'become'));
  assert.ok(taken(piecesOf(ALICE, 0x7777)).every((effect) => effect.do === 'become'));
  assert.deepEqual(handle([fragmentRoute(routeOf)], commands.fragment, { part: 9, parts: 2, slice: said('x') }, contextOf({ version: 3 })), []);
});
