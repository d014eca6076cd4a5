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

for (const tried of [['127.0.0.1'], ['::1', '127.0.0.9']]) {
  test(`whoever tries it out on the machine itself (${tried.join(', ')}) says nothing against it`, () => {
    const { one, said } = hint();
    const trials = (): void => tried.forEach((address, i) => one.signedOn(uin(90 + i), from(address), false));
    trials();
    for (let i = 0; i < 9; i++) one.signedOn(uin(i), from('10.0.0.1'), false);
    trials();
    assert.deepEqual(said, [], 'and is none of the ten');
    one.signedOn(uin(9), from('10.0.0.1'), false);
    assert.equal(said.length, 1);
    assert.match(String(said[0]), /10\.0\.0\.1/);
  });
}

test('a relay on the machine itself is told of, too', () => {
  const { one, said } = hint();
  for (let i = 0; i < 10; i++) one.signedOn(uin(i), from('127.0.0.1'), false);
  assert.match(String(said[0]), /127\.0\.0\.1/);
});

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue\n';
const LISTENING = '   0: 00000000:1446 00000000:0000 0A 00000000:00000000\n';
const HANGING = '   1: 0100A8C0:1446 14336CC6:9C40 03 00000000:00000000\n';

/** As Linux prints them, with fewer columns. */
const counters = (noRoute: number, beginnings: number, otherWay: number): string =>
  `Ip: Forwarding OutDiscards OutNoRoutes ReasmTimeout\nIp: 2 0 ${noRoute} 0\nTcp: RtoAlgorithm RtoMin\nTcp: 1 200\n` +
  `TcpExt: ListenOverflows ListenDrops IPReversePathFilter\nTcpExt: 0 ${beginnings} ${otherWay}\nIpExt: InNoRoutes\nIpExt: 0\n`;

interface Machine {
  readonly connections?: () => string;
  readonly counters?: () => string;
  readonly accepted?: () => number;
}

function watched({ connections = () => HEAD + LISTENING, counters = () => '', accepted = () => 7 }: Machine): {
  readonly clock: ReturnType<typeof testClock>;
  readonly said: string[];
} {
  const clock = testClock();
  const said: string[] = [];
  const tables = { connections, counters };
  watchUnanswered({ clock, lookMs: 30_000, ports: [5190], accepted, tables, warn: (_fields, message) => said.push(message) });
  return { clock, said };
}

/** Grows by one at each look. */
function growing(write: (n: number) => string): () => string {
  let n = 0;
  return () => write(n++);
}

for (const [what, machine] of [
  ['hang', { connections: () => HEAD + LISTENING + HANGING }],
  ['are thrown away for want of a route', { counters: growing((n) => counters(n, n, 0)) }],
  ['are thrown away because the way back is another', { counters: growing((n) => counters(0, 0, n)) }],
] as const) {
  test(`connections that ${what} while none comes through are told, once`, () => {
    const { clock, said } = watched(machine);
    clock.advance(119_000);
    assert.deepEqual(said, []);
    clock.advance(600_000);
    assert.equal(said.length, 1);
    assert.match(String(said[0]), /default route/);
  });
}

for (const [what, machine] of [
  [
    'connections come through',
    {
      connections: () => HEAD + HANGING,
      accepted: (
        (n) => () =>
          n++
      )(0),
    },
  ],
  ['none hang', {}],
  ['those of another port hang', { connections: () => HEAD + HANGING.replace(':1446', ':1447') }],
  ['nothing more is thrown away than once was', { counters: () => counters(9, 9, 9) }],
  ['something else finds no route', { counters: growing((n) => counters(n, 3, 0)) }],
  ['something else is too busy', { counters: growing((n) => counters(3, n, 0)) }],
] as const) {
  test(`nothing is told while ${what}`, () => {
    const { clock, said } = watched(machine);
    clock.advance(600_000);
    assert.deepEqual(said, []);
  });
}

test('somebody who begins one connection and goes away is not told of', () => {
  const clock = testClock();
  const said: string[] = [];
  let hangs = false;
  const tables = { connections: () => (hangs ? HEAD + HANGING : HEAD), counters: () => '' };
  watchUnanswered({ clock, lookMs: 30_000, ports: [5190], accepted: () => 0, tables, warn: (_fields, message) => said.push(message) });
  for (let times = 0; times < 5; times++) {
    // He comes just before a look.
    clock.advance(29_000);
    hangs = true;
    clock.advance(63_000);
    hangs = false;
    clock.advance(28_000);
  }
  assert.deepEqual(said, []);
});
