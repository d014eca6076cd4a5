import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Place, refusalOf } from '../core-testing.ts';
import { PEOPLE } from '../limits.ts';
import { settled } from '../testing.ts';
import type { Peer } from '../words.ts';

const ALICE = 10_001;
const WAIT = PEOPLE.newAddressPasswordMs;
const ELSEWHERE: Peer = { address: '198.51.100.9', port: 4000, known: true };

test('who comes from a new address does not change the password in the first minute', async () => {
  const there = new Place();
  await there.accounts(ALICE);
  const alice = await there.signsOn(ALICE);
  await settled();
  const thief = await there.signsOn(ALICE, { coexist: true, peer: ELSEWHERE });
  // At once, before the store has said whether the address is new.
  assert.equal(refusalOf(await thief.asks('account.password', { password: 'stolen' })), 'slow-down');
  there.clock.advance(WAIT - 1);
  assert.equal(refusalOf(await thief.asks('account.password', { password: 'stolen' })), 'slow-down');
  assert.equal(refusalOf(await there.verify(ALICE, 'secret')), undefined);
  assert.equal(refusalOf(await alice.asks('account.password', { password: 'changed' })), undefined, 'who was there before may');
});

test('after that it is one of the addresses of the account', async () => {
  const there = new Place();
  await there.accounts(ALICE);
  await there.signsOn(ALICE);
  await settled();
  const traveller = await there.signsOn(ALICE, { coexist: true, peer: ELSEWHERE });
  await settled();
  there.clock.advance(WAIT);
  assert.equal(refusalOf(await traveller.asks('account.password', { password: 'changed' })), undefined);
});
