import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asUin, type Uin } from '@seekyou/core';
import { testClock } from '@seekyou/core/testing';
import { OneAddressHint, watchUnanswered } from './hints.ts';

const uin = (n: number): Uin => asUin(100_000 + n) as Uin;
const from = (address: string, known = true) => ({ address, port: 1024, known });

function hint(): { readonly one: OneAddressHint; readonly said: string[] } {
  const said: string[] = [];
  return { one: new OneAddressHint((_fields, message) => said.push(message)), said };
}

test('ten accounts from one address are told once', () => {
  const { one, said } = hint();
  for (let round = 0; round < 3; round++) for (let i = 0; i < 10; i++) one.signedOn(uin(i), from('10.0.0.1'), false);
  assert.equal(said.length, 1);
  assert.match(String(said[0]), /10\.0\.0\.1.*trust_proxy.*plain_relays/);
});

test('one account many times is nothing to tell', () => {
  const { one, said } = hint();
  for (let i = 0; i < 50; i++) one.signedOn(uin(1), from('10.0.0.1'), false);
  assert.deepEqual(said, []);
});

for (const [what, other] of [
  ['another address', [from('10.0.0.2'), false]],
  ['a relay that hides its clients and is known to', [from('10.0.0.1', false), false]],
  ['a relay that tells who its clients are', [from('10.0.0.1'), true]],
] as const) {
  test(`nor is it when one of them came from ${what}`, () => {
    const { one, said } = hint();
    one.signedOn(uin(0), from('10.0.0.1'), false);
    one.signedOn(uin(1), other[0], other[1]);
    for (let i = 2; i < 30; i++) one.signedOn(uin(i), from('10.0.0.1'), false);
    assert.deepEqual(said, []);
  });
}

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue\n';
const LISTENING = '   0: 00000000:1446 00000000:0000 0A 00000000:00000000\n';
const HANGING = '   1: 0100A8C0:1446 14336CC6:9C40 03 00000000:00000000\n';

function watched(table: () => string, accepted: () => number): { readonly clock: ReturnType<typeof testClock>; readonly said: string[] } {
  const clock = testClock();
  const said: string[] = [];
  watchUnanswered({ clock, ports: [5190], accepted, table, warn: (_fields, message) => said.push(message) });
  return { clock, said };
}

test('connections that hang while none comes through are told, once', () => {
  const { clock, said } = watched(
    () => HEAD + LISTENING + HANGING,
    () => 7,
  );
  clock.advance(59_000);
  assert.deepEqual(said, []);
  clock.advance(600_000);
  assert.equal(said.length, 1);
  assert.match(String(said[0]), /default route/);
});

test('nothing is told while connections come through, none hang, or those of another port do', () => {
  let accepted = 0;
  const busy = watched(
    () => HEAD + HANGING,
    () => accepted++,
  );
  const quiet = watched(
    () => HEAD + LISTENING,
    () => 0,
  );
  const other = watched(
    () => HEAD + HANGING.replace(':1446', ':1447'),
    () => 0,
  );
  for (const { clock, said } of [busy, quiet, other]) {
    clock.advance(600_000);
    assert.deepEqual(said, []);
  }
});
