import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busContract, testClock } from '@seekyou/core/testing';
import { createInProcessBus } from './in-process.ts';

busContract('in-process', (clock) => createInProcessBus(clock));

test('subscribers have heard a payload when publish returns', () => {
  const bus = createInProcessBus(testClock());
  const heard: unknown[] = [];
  bus.subscribe('room', (payload) => {
    heard.push(payload);
    if (payload === 1) bus.publish('room', 2);
    heard.push(`after ${payload}`);
  });
  bus.publish('room', 1);
  assert.deepEqual(heard, [1, 'after 1', 2, 'after 2']);
});

test('who unsubscribes while a payload is delivered does not hear it any more', () => {
  const bus = createInProcessBus(testClock());
  const heard: string[] = [];
  bus.subscribe('room', () => endSecond());
  const endSecond = bus.subscribe('room', () => heard.push('second'));
  bus.publish('room', 1);
  assert.deepEqual(heard, []);
});

test('what a subscriber throws is reported', () => {
  const reports: string[] = [];
  const bus = createInProcessBus(testClock(), (problem, error) => reports.push(`${problem}: ${(error as Error).message}`));
  bus.subscribe('user.1', () => {
    throw new Error('on purpose');
  });
  bus.publish('user.1', null);
  assert.deepEqual(reports, ['a subscriber of user.1 failed: on purpose']);
});
