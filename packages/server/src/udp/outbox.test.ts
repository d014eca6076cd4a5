import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PEOPLE } from '@seekyou/core';
import { type Letter, Outbox } from './outbox.ts';
import { ascii, latin } from './test-world.ts';

const START = 1_000_000;
const MULTI = 0x0212;

function setUp(first = 0): { readonly outbox: Outbox; readonly sent: string[]; readonly taken: () => string[]; readonly acknowledged: string[] } {
  const sent: string[] = [];
  const acknowledged: string[] = [];
  const transmit = (one: Letter, seq1: number, again: boolean): void => void sent.push(`${seq1}:${nameOf(one)}${again ? ' again' : ''}`);
  const pack = (letters: readonly Letter[], seq1: number): Pick<Letter, 'command' | 'parameters'> => {
    return { command: MULTI, parameters: ascii(`(${letters.map(nameOf).join(' ')} under ${seq1})`) };
  };
  const outbox = new Outbox(PEOPLE, first, { transmit, pack });
  return { outbox, sent, taken: () => sent.splice(0), acknowledged };
}

const names = new WeakMap<Letter, string>();
const nameOf = (one: Letter): string => names.get(one) ?? (one.command === MULTI ? latin(one.parameters) : '?');

function letter(name: string, more: Partial<Letter> = {}): Letter {
  const made: Letter = { command: 1, seq2: 0, parameters: new Uint8Array(0), ...more };
  names.set(made, name);
  return made;
}

test('packets are numbered without gaps from the first number, as far as the window reaches', () => {
  const { outbox, taken } = setUp();
  for (const name of 'abcdef') outbox.say(letter(name), START);
  assert.deepEqual(taken(), ['0:a', '1:b', '2:c', '3:d']);
  assert.equal(outbox.waiting, 6);
  assert.ok(outbox.acknowledged(0, START));
  assert.deepEqual(taken(), ['4:e']);
  assert.ok(outbox.acknowledged(2, START));
  assert.deepEqual(taken(), ['5:f']);
});

test('an acknowledgement counts once, and one of nothing does not', () => {
  const { outbox } = setUp();
  const heard: string[] = [];
  outbox.say(letter('a', { acknowledged: () => heard.push('a') }), START);
  assert.equal(outbox.acknowledged(1, START), false);
  assert.equal(outbox.acknowledged(0, START), true);
  assert.equal(outbox.acknowledged(0, START), false);
  assert.deepEqual(heard, ['a']);
  assert.equal(outbox.waiting, 0);
});

test('messages leave one after the other; other packets do not wait for that', () => {
  const { outbox, taken } = setUp();
  outbox.say(letter('first', { ordered: true }), START);
  outbox.say(letter('presence'), START);
  outbox.say(letter('second', { ordered: true }), START);
  outbox.say(letter('behind it'), START);
  assert.deepEqual(taken(), ['0:first', '1:presence']);
  outbox.acknowledged(1, START);
  assert.deepEqual(taken(), []);
  outbox.acknowledged(0, START);
  assert.deepEqual(taken(), ['2:second', '3:behind it']);
});

test('nothing goes behind a packet that goes alone', () => {
  const { outbox, taken } = setUp();
  outbox.say(letter('welcome', { alone: true }), START);
  outbox.say(letter('presence'), START);
  assert.deepEqual(taken(), ['0:welcome']);
  outbox.acknowledged(0, START);
  assert.deepEqual(taken(), ['1:presence']);
});

test('only the oldest is sent again, at growing distances, until the client is given up', () => {
  const { outbox, taken } = setUp();
  for (const name of 'ab') outbox.say(letter(name), START);
  taken();
  const times: number[] = [];
  let trouble: string | undefined;
  for (let now = START; trouble === undefined && now < START + 120_000; now += 50) {
    trouble = outbox.tick(now);
    if (taken().length > 0) times.push((now - START) / 1000);
    if (trouble !== undefined) times.push((now - START) / 1000);
  }
  assert.equal(trouble, 'lost');
  assert.deepEqual(times, [2, 5, 9.5, 16.25, 26.25, 36.25, 46.25, 56.25, 66.25]);
});

test('when a gap is closed the rest goes out again at once', () => {
  const { outbox, taken } = setUp();
  for (const name of 'abc') outbox.say(letter(name), START);
  outbox.tick(START + 2_000);
  assert.deepEqual(taken(), ['0:a', '1:b', '2:c', '0:a again']);
  outbox.acknowledged(0, START + 2_100);
  assert.deepEqual(taken(), ['1:b again', '2:c again']);
  // That it is the oldest now does not make it due.
  outbox.tick(START + 2_200);
  assert.deepEqual(taken(), []);
  outbox.tick(START + 4_100);
  assert.deepEqual(taken(), ['1:b again']);
});

test('who asks for everything again gets it, but no more often than it would come by itself', () => {
  const { outbox, taken } = setUp();
  for (const name of 'ab') outbox.say(letter(name), START);
  taken();
  outbox.again(START);
  assert.deepEqual(taken(), ['0:a again', '1:b again']);
  outbox.again(START + PEOPLE.udpResendMs - 1);
  assert.deepEqual(taken(), []);
  outbox.again(START + PEOPLE.udpResendMs);
  assert.deepEqual(taken(), ['0:a again', '1:b again']);
});

test('messages are made into packets while little waits', () => {
  const { outbox } = setUp();
  for (let i = 0; i < PEOPLE.udpWindowMax + PEOPLE.udpReadyMax; i++) {
    assert.ok(outbox.hasRoom);
    outbox.say(letter('x'), START);
  }
  assert.equal(outbox.hasRoom, false);
  outbox.acknowledged(0, START);
  assert.ok(outbox.hasRoom);
});

test('the queue has an end', () => {
  const { outbox } = setUp();
  let said = 0;
  while (outbox.say(letter('x'), START)) said++;
  assert.equal(said, PEOPLE.udpQueuedMax + PEOPLE.udpWindowMax);
});

test('before the numbers run out the session has to begin anew', () => {
  const { outbox } = setUp(0xffee);
  outbox.say(letter('a'), START);
  assert.equal(outbox.tick(START), undefined);
  outbox.say(letter('b'), START);
  assert.equal(outbox.tick(START), 'numbers');
});

test('numbers are not gone round, however much goes out at once', () => {
  const { outbox, taken } = setUp(0xffee);
  for (const name of 'abcd') outbox.say(letter(name), START);
  assert.deepEqual(taken(), ['65518:a', '65519:b']);
  outbox.acknowledged(0xffee, START);
  outbox.acknowledged(0xffef, START);
  assert.deepEqual(taken(), []);
  assert.equal(outbox.number, 0xfff0);
  assert.equal(outbox.tick(START), 'numbers');
});

test('what waits goes together where it may, under one number, and counts as acknowledged together', () => {
  const { outbox, taken } = setUp();
  const heard: string[] = [];
  const say = (name: string, more: Partial<Letter> = {}): void =>
    void outbox.say(letter(name, { packs: true, acknowledged: () => heard.push(name), ...more }), START);
  for (const name of 'abcd') say(name);
  assert.deepEqual(taken(), ['0:a', '1:b', '2:c', '3:d'], 'nothing waits in order to go together');
  for (const name of 'ef') say(name);
  say('answer', { packs: false });
  for (const name of 'gh') say(name);
  outbox.acknowledged(0, START);
  assert.deepEqual(taken(), ['4:(e f under 4)']);
  outbox.acknowledged(1, START);
  outbox.acknowledged(2, START);
  assert.deepEqual(taken(), ['5:answer', '6:(g h under 6)']);
  outbox.tick(START + 2_000);
  outbox.acknowledged(3, START + 2_000);
  assert.deepEqual(taken(), ['3:d again', '4:(e f under 4) again', '5:answer again', '6:(g h under 6) again']);
  heard.length = 0;
  outbox.acknowledged(4, START + 2_000);
  assert.deepEqual(heard, ['e', 'f']);
});

test('together they are no longer than clients take, and messages still leave one after the other', () => {
  const { outbox, taken } = setUp();
  for (const name of 'abcd') outbox.say(letter(name, { packs: true }), START);
  taken();
  for (const name of 'efgh') outbox.say(letter(name, { packs: true, parameters: new Uint8Array(130) }), START);
  outbox.acknowledged(0, START);
  // 1 + 2 * (23 + 130) are 307 bytes; with a third they would be 460.
  assert.deepEqual(taken(), ['4:(e f under 4)']);
  for (const seq1 of [1, 2, 3, 4]) outbox.acknowledged(seq1, START);
  assert.deepEqual(taken(), ['5:(g h under 5)']);
  for (const name of 'ijk') outbox.say(letter(name, { packs: true, ordered: true }), START);
  assert.deepEqual(taken(), ['6:i'], 'one is on its way');
  outbox.say(letter('l', { packs: true }), START);
  outbox.acknowledged(6, START);
  assert.deepEqual(taken(), ['7:(j k l under 7)']);
});

test('written runs when a packet leaves for the first time', () => {
  const { outbox } = setUp();
  let written = 0;
  outbox.say(letter('a', { alone: true }), START);
  outbox.say(letter('b', { written: () => written++ }), START);
  assert.equal(written, 0);
  outbox.acknowledged(0, START);
  outbox.again(START);
  assert.equal(written, 1);
});
