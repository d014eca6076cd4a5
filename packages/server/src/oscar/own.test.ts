import assert from 'node:assert/strict';
import { test } from 'node:test';
import { own } from '@seekyou/wire/oscar';
import { routes } from './own.ts';
import { contextOf, handle } from './testing.ts';

test('a message our client has is confirmed', () => {
  const context = contextOf();
  assert.deepEqual(handle(routes, own.delivered, { messageIds: [7, 2 ** 33] }, context), []);
  assert.deepEqual(context.confirmed, [7, 2 ** 33]);
});
