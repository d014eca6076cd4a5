import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { TURN_MS, TurnRecorder } from './turns.ts';

/** A clock moved by hand; `others` is time the processor spent elsewhere. */
function recorder() {
  let wall = 1_000;
  let cpu = 500;
  const made = new TurnRecorder({ wall: () => wall, cpu: () => cpu, day: () => 1_000_000 + wall });
  return {
    made,
    passes: (ms: number, others = 0): void => {
      wall += ms + others;
      cpu += ms;
    },
  };
}
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a turn lasts until its promises and ticks have run', async () => {
  const { made, passes } = recorder();
  await nextTurn();
  made.begin('input');
  passes(1);
  void Promise.resolve()
    .then(() => passes(2))
    .then(() => Promise.resolve())
    .then(() => passes(4))
    .then(() => process.nextTick(() => passes(100)));
  await nextTurn();
  assert.deepEqual([made.figures('input').maxMs, made.figures('input').count], [107, 1]);
});

test('what happens within a turn is part of it', async () => {
  const { made, passes } = recorder();
  await nextTurn();
  made.begin('answers');
  passes(0.3);
  made.begin('input');
  passes(0.4);
  await nextTurn();
  assert.deepEqual([made.figures('answers').maxMs.toFixed(1), made.figures('input').count], ['0.7', 0]);
});

test('one callback after the other is a turn each', async () => {
  const { made, passes } = recorder();
  const { port1, port2 } = new MessageChannel();
  const lengths = [2, 5, 1];
  await new Promise<void>((resolve) => {
    port2.on('message', () => {
      made.begin('input');
      passes(lengths.shift() as number);
      if (lengths.length === 0) resolve();
    });
    for (const _ of [1, 2, 3]) port1.postMessage('');
  });
  await nextTurn();
  port1.close();
  const { count, maxMs, sumMs } = made.figures('input');
  assert.deepEqual([count, maxMs, sumMs], [3, 5, 8]);
});

test('turns are counted by their length', async () => {
  const { made, passes } = recorder();
  for (const ms of [0.05, 0.15, 1.5, 19, 500]) {
    await nextTurn();
    made.begin('timer');
    passes(ms);
  }
  await nextTurn();
  const { count, atMost, maxMs, sumMs } = made.figures('timer');
  assert.deepEqual([count, maxMs.toFixed(2), sumMs.toFixed(2)], [5, '500.00', '520.70']);
  assert.deepEqual(
    atMost,
    [...TURN_MS, Number.POSITIVE_INFINITY].map((end) => [0.05, 0.15, 1.5, 19, 500].filter((ms) => ms <= end).length),
  );
  assert.equal(made.maxMs, maxMs);
});

test('time the processor spent elsewhere is not ours', async () => {
  const { made, passes } = recorder();
  await nextTurn();
  made.begin('input');
  passes(3, 80);
  await nextTurn();
  assert.equal(made.maxMs, 3);
});

test('the real clock measures real work', async () => {
  const made = new TurnRecorder();
  await nextTurn();
  made.begin('input');
  const until = performance.now() + 5;
  while (performance.now() < until);
  await nextTurn();
  assert.equal(made.figures('input').count, 1);
  assert.ok(made.maxMs > 0 && made.maxMs < 1_000, `${made.maxMs} ms`);
});

test('what came before does not count after it was forgotten', async () => {
  const { made, passes } = recorder();
  await nextTurn();
  made.begin('answers');
  passes(90);
  made.forget();
  passes(5);
  await nextTurn();
  assert.deepEqual([made.maxMs, made.figures('answers').count], [0, 0]);
  made.begin('input');
  passes(1);
  await nextTurn();
  assert.equal(made.maxMs, 1);
});

test('within a turn the time of day stands still', async () => {
  const { made, passes } = recorder();
  await nextTurn();
  const before = made.now();
  passes(1);
  assert.equal(made.now(), before + 1, 'outside of turns nothing is kept');
  made.begin('input');
  passes(2);
  const asked = made.now();
  passes(4);
  assert.equal(made.now(), asked);
  await Promise.resolve();
  assert.equal(made.now(), asked, 'promises are a part of it');
  made.begin('answers');
  assert.equal(made.now(), asked + 4, 'another turn');
  await nextTurn();
  passes(8);
  assert.equal(made.now(), asked + 12);
});
