import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuse } from '@seekyou/core';
import { ErrorCode, own } from '@seekyou/wire/oscar';
import { routes } from './own.ts';
import type { OscarEffect } from './state.ts';
import { contextOf, handle } from './testing.ts';

test('a message our client has is confirmed', () => {
  const context = contextOf();
  assert.deepEqual(handle(routes, own.delivered, { messageIds: [7, 2 ** 33] }, context), []);
  assert.deepEqual(context.confirmed, [7, 2 ** 33]);
});

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);
const VERIFIER = { salt: bytes(16), iterations: 16_384, storedKey: bytes(32), serverKey: bytes(32) };

test('other passwords are the core’s business, with the proof of the present one', () => {
  const clientKey = bytes(32);
  const [effect] = handle(routes, own.passwordChange, { ...VERIFIER, clientKey, oldPassword: 'attic' }, contextOf());
  const asked = effect as Extract<OscarEffect, { do: 'ask' }>;
  assert.deepEqual([asked.command, asked.input], ['account.credentials', { clientKey, main: VERIFIER, old: 'attic' }]);
  assert.deepEqual(sent(asked.answered({ oldClients: true })), [[own.passwordChanged, { oldClients: 1 }]]);
  for (const [refusal, code] of [
    ['wrong-credentials', ErrorCode.requestDenied],
    ['bad-password', ErrorCode.incorrectFormat],
    ['slow-down', ErrorCode.serverRateLimit],
  ] as const)
    assert.deepEqual(sent(asked.refused(refuse(refusal))), [[own.error, { code, tlvs: {} }]]);
});

test('half a verifier and no proof ask for nothing', () => {
  const refused = [[own.error, { code: ErrorCode.incorrectFormat, tlvs: {} }]];
  const { salt: _, ...half } = VERIFIER;
  assert.deepEqual(sent(handle(routes, own.passwordChange, { ...half, clientKey: bytes(32) }, contextOf())), refused);
  assert.deepEqual(sent(handle(routes, own.passwordChange, VERIFIER, contextOf())), refused);
  assert.deepEqual(sent(handle(routes, own.unregister, {}, contextOf())), refused);
});

test('who leaves proves it by the key', () => {
  const [effect] = handle(routes, own.unregister, { clientKey: bytes(32) }, contextOf());
  const asked = effect as Extract<OscarEffect, { do: 'ask' }>;
  assert.deepEqual([asked.command, asked.input], ['account.unregister', { clientKey: bytes(32) }]);
  assert.deepEqual(sent(asked.answered(undefined)), [[own.unregistered, {}]]);
});

function sent(effects: readonly OscarEffect[]): unknown[] {
  return effects.map((effect) => (effect.do === 'send' ? [effect.packet.declaration, effect.packet.value] : effect));
}
