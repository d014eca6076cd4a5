import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { oservice } from '@seekyou/wire/oscar';
import { Pacing } from './pacing.ts';

/** A clock that stands until it is moved. */
function testTimers() {
  const due = new Set<{ at: number; run: () => void }>();
  let now = 1_000_000;
  return {
    now: () => now,
    after: (ms: number, run: () => void) => {
      const timer = { at: now + ms, run };
      due.add(timer);
      return () => void due.delete(timer);
    },
    get set() {
      return due.size;
    },
    /** Goes from timer to timer. */
    advance(ms: number): void {
      const until = now + ms;
      for (;;) {
        const next = [...due].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        due.delete(next);
        now = Math.max(now, next.at);
        next.run();
      }
      now = until;
    },
  };
}

const MESSAGES: oservice.RateClass = {
  id: 3,
  window: 80,
  clear: 1_000,
  alert: 800,
  limit: 600,
  disconnect: 300,
  current: 6_000,
  max: 6_000,
  lastMs: 0,
  state: 0,
};
const LISTS: oservice.RateClass = { ...MESSAGES, id: 2, window: 3_000, clear: 120, alert: 90, limit: 60, disconnect: 0, max: 60_000, current: 60_000 };
const REPLY: oservice.RateParamsReply = {
  classes: [MESSAGES, LISTS],
  groups: [
    { id: 3, snacs: [{ family: 4, subtype: 6 }] },
    { id: 2, snacs: [{ family: 0x13, subtype: 8 }] },
  ],
};

/** The server's own arithmetic, with its own clock that hears of everything a little late. */
function server(rule: oservice.RateClass, now: () => number) {
  let { current: level } = rule;
  let last = now();
  return () => {
    level = Math.min(rule.max, Math.floor(((rule.window - 1) * level + (now() - last)) / rule.window));
    last = now();
    return level;
  };
}

test('what people do passes at once', () => {
  const timers = testTimers();
  const pacing = new Pacing(timers);
  pacing.announced(REPLY);
  let passed = 0;
  for (let n = 0; n < 100; n++) pacing.pass(4, 6, () => passed++);
  assert.equal(passed, 100);
  assert.equal(timers.set, 0);
});

test('a thousand messages leave in order, and the server never has to warn', () => {
  const timers = testTimers();
  const pacing = new Pacing(timers);
  pacing.announced(REPLY);
  const count = server(MESSAGES, timers.now);
  const order: number[] = [];
  let lowest = Number.POSITIVE_INFINITY;
  for (let n = 0; n < 1_000; n++)
    pacing.pass(4, 6, () => {
      order.push(n);
      lowest = Math.min(lowest, count());
    });
  assert.ok(order.length > 100 && order.length < 200, `${order.length} at once`);
  assert.equal(pacing.waiting, 1_000 - order.length);
  timers.advance(1_000_000);
  assert.deepEqual(order, [...order.keys()]);
  assert.equal(order.length, 1_000);
  assert.ok(lowest >= MESSAGES.alert, `the level never fell below ${lowest}`);
});

test('one class does not wait for another, and what is in none does not wait', () => {
  const timers = testTimers();
  const pacing = new Pacing(timers);
  pacing.announced(REPLY);
  for (let n = 0; n < 1_000; n++) pacing.pass(4, 6, () => {});
  let others = 0;
  pacing.pass(0x13, 8, () => others++);
  pacing.pass(0x99, 1, () => others++);
  assert.equal(others, 2);
});

test('a server that limits us all the same is waited for until it is clear again', () => {
  const timers = testTimers();
  const pacing = new Pacing(timers);
  pacing.announced(REPLY);
  pacing.changed({ code: 3, classes: [{ ...MESSAGES, current: 590, state: 1 }] });
  let passed = 0;
  pacing.pass(4, 6, () => passed++);
  timers.advance(80 * 1_000 - 79 * 590 - 1);
  assert.equal(passed, 0);
  timers.advance(1);
  assert.equal(passed, 1);
});

test('the server’s word that it is clear ends the waiting', () => {
  const timers = testTimers();
  const pacing = new Pacing(timers);
  pacing.announced(REPLY);
  pacing.changed({ code: 3, classes: [{ ...MESSAGES, current: 590, state: 1 }] });
  let passed = 0;
  pacing.pass(4, 6, () => passed++);
  pacing.changed({ code: 4, classes: [{ ...MESSAGES, current: 1_500 }] });
  assert.equal(passed, 1);
  assert.equal(timers.set, 0);
});

test('when the connection is over nothing leaves any more', () => {
  const timers = testTimers();
  const pacing = new Pacing(timers);
  pacing.announced(REPLY);
  let passed = 0;
  for (let n = 0; n < 1_000; n++) pacing.pass(4, 6, () => passed++);
  const before = passed;
  pacing.stop();
  timers.advance(1_000_000);
  assert.equal(passed, before);
  assert.equal(pacing.waiting, 0);
});

test('a server without limits, or with senseless ones, is not waited for', () => {
  const timers = testTimers();
  const pacing = new Pacing(timers);
  pacing.announced({ ...REPLY, classes: [{ ...MESSAGES, window: 0, clear: 0, alert: 0, current: 0, max: 0 }] });
  let passed = 0;
  for (let n = 0; n < 10_000; n++) pacing.pass(4, 6, () => passed++);
  assert.equal(passed, 10_000);
});
