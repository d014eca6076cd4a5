import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PEOPLE } from '@seekyou/core';
import type { ClientPacket, Version } from '@seekyou/wire/udp';
import { Inbox, REMEMBERED } from './inbox.ts';

const START = 1_000_000;

function packet(seq1: number, command = 0x010e, version: Version = 5): ClientPacket {
  return { version, command, seq1, seq2: 0, uin: 10_000, sessionId: 1, parameters: new Uint8Array(0) };
}

/** Handles what has its turn; the numbers of it. */
function turns(inbox: Inbox, now = START): number[] {
  const numbers: number[] = [];
  for (let one = inbox.turn(now); one !== undefined; one = inbox.turn(now)) {
    numbers.push(one.seq1);
    inbox.handled();
  }
  return numbers;
}

test('packets have their turn in the order of their numbers, each once', () => {
  const inbox = new Inbox(PEOPLE, 7);
  assert.equal(inbox.take(packet(9), START), 'early');
  assert.equal(inbox.take(packet(8), START), 'early');
  assert.deepEqual(turns(inbox), []);
  assert.equal(inbox.take(packet(9), START), 'waiting');
  assert.equal(inbox.take(packet(7), START), 'new');
  assert.deepEqual(turns(inbox), [7, 8, 9]);
  for (const seq1 of [7, 8, 9]) assert.equal(inbox.take(packet(seq1), START), 'repeated');
  assert.deepEqual(turns(inbox), []);
  assert.equal(inbox.hasGap, false);
});

test('one at a time: the next waits until the one before is done', () => {
  const inbox = new Inbox(PEOPLE, 1);
  inbox.take(packet(1), START);
  inbox.take(packet(2), START);
  assert.equal(inbox.turn(START)?.seq1, 1);
  assert.equal(inbox.turn(START), undefined);
  assert.equal(inbox.take(packet(1), START), 'waiting');
  inbox.handled();
  assert.equal(inbox.turn(START)?.seq1, 2);
});

test('what could not be acted upon keeps its turn', () => {
  const inbox = new Inbox(PEOPLE, 1);
  inbox.take(packet(1), START);
  inbox.take(packet(2), START);
  inbox.turn(START);
  inbox.left();
  assert.deepEqual(turns(inbox), []);
  assert.equal(inbox.take(packet(1), START), 'new');
  assert.deepEqual(turns(inbox), [1, 2]);
});

test('what is missing is waited for so long; then the client is taken to count otherwise', () => {
  const inbox = new Inbox(PEOPLE, 1);
  inbox.take(packet(3), START);
  assert.deepEqual(turns(inbox, START + PEOPLE.udpAheadMs - 1), []);
  assert.deepEqual(turns(inbox, START + PEOPLE.udpAheadMs), [3]);
  inbox.take(packet(5), START + PEOPLE.udpAheadMs);
  assert.deepEqual(turns(inbox, START + PEOPLE.udpAheadMs), [5]);
  // Late is better than lost.
  assert.equal(inbox.take(packet(4), START + PEOPLE.udpAheadMs), 'new');
  assert.deepEqual(turns(inbox, START + PEOPLE.udpAheadMs), [4]);
  assert.equal(inbox.take(packet(4), START + PEOPLE.udpAheadMs), 'repeated');
});

test('a packet that is handled at once fills its place', () => {
  const inbox = new Inbox(PEOPLE, 1);
  assert.ok(inbox.note(packet(2, 0x042e), START));
  assert.ok(!inbox.note(packet(2, 0x042e), START));
  inbox.take(packet(3), START);
  inbox.take(packet(1), START);
  assert.deepEqual(turns(inbox), [1, 3]);
  assert.ok(inbox.note(packet(4, 0x042e), START));
  inbox.take(packet(5), START);
  assert.deepEqual(turns(inbox), [5]);
});

describe('a packet its client gave up, and signs of life behind it', () => {
  const MINUTES = 60_000;
  const SIGN = 0x042e;

  /** Number 1 never comes; a sign of life a minute does. */
  function idle(inbox: Inbox, signs: number, everyMs = MINUTES): number {
    let now = START;
    for (let seq1 = 2; seq1 < 2 + signs; seq1++) {
      assert.ok(inbox.note(packet(seq1, SIGN), (now += everyMs)));
      assert.deepEqual(turns(inbox, now), []);
    }
    return now;
  }

  for (const signs of [2, 62, 63, 300]) {
    test(`after ${signs} of them a packet has its turn at once, and order still counts`, () => {
      const inbox = new Inbox(PEOPLE, 1);
      const now = idle(inbox, signs);
      const next = signs + 2;
      assert.equal(inbox.take(packet(next), now), 'new');
      assert.deepEqual(turns(inbox, now), [next]);
      assert.equal(inbox.take(packet(next + 2), now), 'early');
      assert.deepEqual(turns(inbox, now), []);
      inbox.take(packet(next + 1), now);
      assert.deepEqual(turns(inbox, now), [next + 1, next + 2]);
    });
  }

  test('it is waited for as long as with packets behind it, and is taken once if it comes late', () => {
    const inbox = new Inbox(PEOPLE, 1);
    inbox.note(packet(2, SIGN), START);
    assert.ok(inbox.hasGap);
    turns(inbox, START + PEOPLE.udpAheadMs - 1);
    assert.ok(inbox.hasGap);
    turns(inbox, START + PEOPLE.udpAheadMs);
    assert.equal(inbox.hasGap, false);
    assert.equal(inbox.take(packet(1), START + PEOPLE.udpAheadMs), 'new');
    assert.deepEqual(turns(inbox, START + PEOPLE.udpAheadMs), [1]);
    assert.equal(inbox.take(packet(1), START + PEOPLE.udpAheadMs), 'repeated');
  });

  test('more of them at once than are kept do not keep the next packet out', () => {
    const inbox = new Inbox(PEOPLE, 1);
    const now = idle(inbox, 100, 1) + PEOPLE.udpAheadMs;
    assert.equal(inbox.take(packet(102), now), 'new');
    assert.deepEqual(turns(inbox, now), [102]);
  });

  test('the next gap is waited for anew', () => {
    const inbox = new Inbox(PEOPLE, 1);
    inbox.note(packet(2, SIGN), START);
    inbox.note(packet(4, SIGN), START + PEOPLE.udpAheadMs - 1);
    turns(inbox, START + PEOPLE.udpAheadMs);
    assert.equal(inbox.take(packet(5), START + PEOPLE.udpAheadMs), 'early');
    assert.deepEqual(turns(inbox, START + PEOPLE.udpAheadMs), []);
    inbox.take(packet(3), START + PEOPLE.udpAheadMs + 1);
    assert.deepEqual(turns(inbox, START + PEOPLE.udpAheadMs + 1), [3, 5]);
  });
});

test('numbers go round', () => {
  const inbox = new Inbox(PEOPLE, 0xfffe);
  for (const seq1 of [0, 0xffff, 0xfffe]) inbox.take(packet(seq1), START);
  assert.deepEqual(turns(inbox), [0xfffe, 0xffff, 0]);
});

test('LSICQ counts to 1023 and begins again', () => {
  const inbox = new Inbox(PEOPLE, 1022);
  for (const seq1 of [1022, 1023, 0, 1]) {
    inbox.take(packet(seq1, 0x010e, 4), START);
    assert.deepEqual(turns(inbox), [seq1]);
  }
});

test('LSICQ begins again with a sign of life too, and while the last before it is in hand', () => {
  for (const inHand of [false, true]) {
    const inbox = new Inbox(PEOPLE, 1023);
    inbox.take(packet(1023, 0x010e, 4), START);
    inbox.turn(START);
    if (!inHand) inbox.handled();
    for (let seq1 = 0; seq1 < 100; seq1++) assert.ok(inbox.note(packet(seq1, 0x042e, 4), START));
    if (inHand) inbox.handled();
    assert.equal(inbox.take(packet(100, 0x010e, 4), START), 'new');
    assert.deepEqual(turns(inbox), [100]);
  }
});

test('LSICQ may have given up the last before it began again', () => {
  const inbox = new Inbox(PEOPLE, 1023);
  inbox.note(packet(0, 0x042e, 4), START);
  assert.equal(inbox.take(packet(1, 0x010e, 4), START + PEOPLE.udpAheadMs - 1), 'stale');
  assert.equal(inbox.take(packet(1, 0x010e, 4), START + PEOPLE.udpAheadMs), 'new');
  assert.deepEqual(turns(inbox), [1]);
});

test('numbers of long ago are dropped, and far ones are where the client goes on, if nothing nearer comes', () => {
  const inbox = new Inbox(PEOPLE, 1_000);
  for (let seq1 = 1_000; seq1 < 1_200; seq1++) {
    inbox.take(packet(seq1), START);
    turns(inbox);
  }
  assert.equal(inbox.take(packet(1_005), START), 'stale');
  assert.equal(inbox.take(packet(1_199 - REMEMBERED + 1), START), 'repeated');
  assert.equal(inbox.take(packet(5_000), START), 'stale');
  assert.equal(inbox.take(packet(5_000), START + PEOPLE.udpAheadMs), 'new');
  assert.deepEqual(turns(inbox), [5_000]);
  // Not while others wait for their turn.
  inbox.take(packet(5_002), START);
  assert.equal(inbox.take(packet(9_000), START + 2 * PEOPLE.udpAheadMs), 'stale');
});

test('who hurries does not wait', () => {
  const inbox = new Inbox(PEOPLE, 1);
  inbox.take(packet(4), START);
  inbox.take(packet(2), START);
  inbox.hurry();
  assert.deepEqual(turns(inbox), [2, 4]);
});

test('only the next ones show that their sender knows where the conversation stands', () => {
  const inbox = new Inbox(PEOPLE, 10);
  inbox.take(packet(10), START);
  turns(inbox);
  assert.ok(inbox.isFresh(packet(11)));
  assert.ok(!inbox.isFresh(packet(10)));
  assert.ok(!inbox.isFresh(packet(9)));
  assert.ok(!inbox.isFresh(packet(11 + REMEMBERED)));
});
