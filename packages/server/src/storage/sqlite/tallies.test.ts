import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tallies, type Tally } from './tallies.ts';

/** Tallies over mailboxes of so many senders, one message of ten bytes each; and which were counted. */
function counting(senders: number, sendersMax?: number): { readonly tallies: Tallies; readonly counted: number[] } {
  const counted: number[] = [];
  const tallies = new Tallies((recipient) => {
    counted.push(recipient);
    return { messages: senders, bytes: senders * 10, bySender: new Map(Array.from({ length: senders }, (_, sender) => [sender, 1])) };
  }, sendersMax);
  return { tallies, counted };
}

const seen = ({ messages, bytes, bySender }: Tally): unknown => [messages, bytes, Object.fromEntries(bySender)];

test('a mailbox is counted once and kept up to date', () => {
  const { tallies, counted } = counting(2);
  tallies.add(7, 0, 5);
  assert.deepEqual(seen(tallies.of(7)), [2, 20, { 0: 1, 1: 1 }]);
  tallies.add(7, 0, 5);
  tallies.add(7, 9, 1);
  assert.deepEqual(seen(tallies.of(7)), [4, 26, { 0: 2, 1: 1, 9: 1 }]);
  assert.deepEqual(counted, [7]);
});

test('what is forgotten is counted again', () => {
  const { tallies, counted } = counting(1);
  tallies.of(7);
  tallies.of(8);
  tallies.forget(7);
  tallies.forget(7);
  tallies.of(7);
  tallies.of(8);
  tallies.forgetAll();
  tallies.of(8);
  assert.deepEqual(counted, [7, 8, 7, 8]);
});

test('the mailboxes learned first make room for others, one that is too large alone is still known', () => {
  // Each takes three senders and itself: two fit.
  const { tallies, counted } = counting(3, 8);
  for (const recipient of [1, 2, 3, 2, 3, 1]) tallies.of(recipient);
  assert.deepEqual(counted, [1, 2, 3, 1]);
  const tight = counting(100, 10);
  tight.tallies.of(1);
  tight.tallies.of(1);
  assert.deepEqual(tight.counted, [1]);
  tight.tallies.of(2);
  tight.tallies.of(1);
  assert.deepEqual(tight.counted, [1, 2, 1]);
});
