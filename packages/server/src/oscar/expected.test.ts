import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testClock } from '@seekyou/core/testing';
import { ExpectedClients } from './expected.ts';

const HERE = '192.0.2.7';
const cookie = (id: number): Uint8Array => new Uint8Array(256).fill(id);

test('a cookie counts once, at its own address', () => {
  const expected = new ExpectedClients(testClock());
  expected.expect(HERE, cookie(1));
  assert.equal(expected.takes('192.0.2.8'), false);
  assert.equal(expected.takes(HERE), true);
  assert.equal(expected.takes(HERE), false);
});

test('for five seconds', () => {
  const clock = testClock();
  const expected = new ExpectedClients(clock);
  expected.expect(HERE, cookie(1));
  clock.advance(3_000);
  expected.expect(HERE, cookie(2));
  clock.advance(2_001);
  assert.equal(expected.takes(HERE), true, 'the second');
  assert.equal(expected.takes(HERE), false, 'the first is late');
});

test('not when its client came without waiting', () => {
  const expected = new ExpectedClients(testClock());
  expected.expect(HERE, cookie(1));
  expected.expect(HERE, cookie(2));
  expected.redeemed(HERE, cookie(1));
  expected.redeemed(HERE, cookie(1));
  assert.equal(expected.takes(HERE), true);
  assert.equal(expected.takes(HERE), false);
});

test('nobody is greeted at once where somebody encrypts', () => {
  const clock = testClock();
  const expected = new ExpectedClients(clock);
  expected.encrypts(HERE);
  clock.advance(60 * 60_000);
  expected.expect(HERE, cookie(1));
  assert.equal(expected.takes(HERE), false);
  clock.advance(1);
  assert.equal(expected.takes(HERE), true);
});
