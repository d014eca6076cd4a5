import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurns, type Rate } from './rounds.ts';

/** Measures one after the other, and writes down when. */
function measuring(name: string, rates: readonly number[], order: string[]): () => Promise<Rate & { readonly turn: number }> {
  let turn = 0;
  return () => {
    order.push(name);
    return Promise.resolve({ perSecond: rates[turn] as number, turn: turn++ });
  };
}

test('what is held against something is measured in turns with it, and the best of both count', async () => {
  const order: string[] = [];
  const rounds = await inTurns(3, measuring('floor', [100, 80, 90], order), measuring('ours', [40, 60, 45], order));
  assert.deepEqual(order, ['floor', 'ours', 'floor', 'ours', 'floor', 'ours']);
  assert.deepEqual(rounds.best, { perSecond: 60, turn: 1 });
  assert.equal(rounds.reference, 100);
  assert.deepEqual(rounds.shares, [0.4, 0.75, 0.5]);
  assert.equal(rounds.all.length, 3);
});

test('a round that breaks is no round that was slow', async () => {
  await assert.rejects(
    inTurns(
      2,
      () => Promise.resolve({ perSecond: 1 }),
      () => Promise.reject(new Error('gone')),
    ),
    /gone/,
  );
});
