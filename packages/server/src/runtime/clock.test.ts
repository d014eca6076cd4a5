import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { systemClock } from './clock.ts';

test('timers run in order of their time, once, and not when they were cancelled', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const clock = systemClock();
    const ran: string[] = [];
    clock.after(20, () => ran.push('late'));
    const cancel = clock.after(10, () => ran.push('cancelled'));
    clock.after(5, () => ran.push('early'));
    cancel();
    mock.timers.tick(19);
    assert.deepEqual(ran, ['early']);
    mock.timers.tick(1_000);
    assert.deepEqual(ran, ['early', 'late']);
    cancel();
  } finally {
    mock.timers.reset();
  }
});

test('a wait longer than a timer can be is no short one', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let ran = false;
    systemClock().after(1e12, () => (ran = true));
    mock.timers.tick(2 ** 30);
    assert.equal(ran, false);
  } finally {
    mock.timers.reset();
  }
});
