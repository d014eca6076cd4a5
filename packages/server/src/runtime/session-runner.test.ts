import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuse } from '@seekyou/core';
import { settled, testClock } from '@seekyou/core/testing';
import type { Effect } from './effects.ts';
import { type RunnerHost, SessionRunner } from './session-runner.ts';

type TestEffect = Effect<{ name: string }, string, 'slow' | 'fast'>;
type Host = RunnerHost<string, { name: string }, string, 'slow' | 'fast'>;

const send = (packet: string): TestEffect => ({ do: 'send', packet });
const ask = (command: 'slow' | 'fast', input: string, then: readonly TestEffect[] = [], refused: readonly TestEffect[] = []): TestEffect => ({
  do: 'ask',
  command,
  input,
  answered: (output) => [send(`answer ${String(output)}`), ...then],
  refused: ({ refusal }) => [send(`refused ${refusal}`), ...refused],
});

/** `slow` answers when the test says so, `fast` at once. */
function stage(handle: (input: string) => readonly TestEffect[], over: Partial<Host> = {}) {
  const said: string[] = [];
  const failures: [string | undefined, string][] = [];
  const pending = new Map<string, (output: unknown) => void>();
  const clock = testClock();
  let idle = 0;
  const host: Host = {
    handle,
    send: (packet) => void said.push(packet),
    become: (change) => void said.push(`become ${change.name}`),
    ask: (command, input) => (command === 'fast' ? `${String(input)}!` : new Promise((resolve) => pending.set(String(input), resolve))),
    close: (last) => void said.push(...last, 'closed'),
    congested: () => false,
    failed: (error, input) => void failures.push([input, (error as Error).message]),
    idle: () => void idle++,
    ...over,
  };
  const runner = new SessionRunner(host, clock);
  return {
    runner,
    said,
    failures,
    clock,
    idles: () => idle,
    answer: async (input: string, output: unknown) => {
      pending.get(input)?.(output);
      await settled();
    },
  };
}

test('effects happen in their order, and an answer’s come before what stands after the question', async () => {
  const { runner, said, answer } = stage(() => [send('one'), ask('slow', 'q', [ask('slow', 'r')]), send('three'), { do: 'become', change: { name: 'x' } }]);
  runner.take('in');
  assert.deepEqual(said, ['one']);
  await answer('q', 'Q');
  assert.deepEqual(said, ['one', 'answer Q']);
  await answer('r', 'R');
  assert.deepEqual(said, ['one', 'answer Q', 'answer R', 'three', 'become x']);
});

test('an answer that is there already is not waited for', () => {
  const { runner, said } = stage((input) => [ask('fast', input), send('after')]);
  runner.take('a');
  runner.take('b');
  assert.deepEqual(said, ['answer a!', 'after', 'answer b!', 'after']);
});

test('inputs wait while one is being handled; announcements do not', async () => {
  const { runner, said, answer, idles } = stage((input) => (input === 'first' ? [ask('slow', 'q')] : [send(input)]));
  for (const input of ['first', 'second', 'third']) runner.take(input);
  assert.equal(runner.waiting, 2);
  runner.announce([send('news')]);
  assert.deepEqual(said, ['news']);
  await answer('q', 'Q');
  assert.deepEqual(said, ['news', 'answer Q', 'second', 'third']);
  assert.equal(runner.waiting, 0);
  assert.equal(idles(), 1);
});

test('more input is welcome again also when the last of a queue had to wait itself', async () => {
  const { runner, answer, idles } = stage((input) => [ask('slow', input)]);
  for (const input of ['a', 'b']) runner.take(input);
  await answer('a', 'A');
  assert.equal(idles(), 0);
  await answer('b', 'B');
  assert.equal(idles(), 1);
});

test('an announcement may ask without keeping inputs waiting', async () => {
  const { runner, said, answer } = stage((input) => [send(input)]);
  runner.announce([ask('slow', 'q')]);
  runner.take('in');
  assert.deepEqual(said, ['in']);
  await answer('q', 'Q');
  assert.deepEqual(said, ['in', 'answer Q']);
});

test('a refusal has effects of its own', async () => {
  const { runner, said, answer } = stage(() => [ask('slow', 'q', [send('never')], [send('sorry')])]);
  runner.take('in');
  await answer('q', refuse('off-line'));
  assert.deepEqual(said, ['refused off-line', 'sorry']);
});

test('nothing happens after a close', async () => {
  const { runner, said, answer } = stage((input) =>
    input === 'end' ? [{ do: 'close', last: ['bye'], why: '' }, send('late')] : [ask('slow', 'q'), send('late')],
  );
  runner.announce([ask('slow', 'open question')]);
  runner.take('end');
  runner.take('more');
  runner.announce([send('news')]);
  await answer('open question', 'x');
  assert.deepEqual(said, ['bye', 'closed']);
});

test('answers wait for a reader who is far behind, announcements do not', () => {
  let behind = true;
  const { runner, said } = stage((input) => [send(`${input} 1`), send(`${input} 2`)], { congested: () => behind });
  runner.take('a');
  runner.take('b');
  runner.announce([send('news')]);
  assert.deepEqual(said, ['news']);
  runner.drained();
  assert.deepEqual(said, ['news'], 'still behind');
  behind = false;
  runner.drained();
  assert.deepEqual(said, ['news', 'a 1', 'a 2', 'b 1', 'b 2']);
});

test('a mistake is told with the input it happened in, wherever it happens', async () => {
  const broken = (what: string) => () => {
    throw new Error(what);
  };
  const { runner, failures, answer, clock, said } = stage((input) => {
    if (input === 'handler') throw new Error('in the handler');
    if (input === 'answer') return [{ do: 'ask', command: 'slow', input: 'q', answered: broken('in the answer'), refused: () => [] }];
    if (input === 'timer') return [{ do: 'timer', name: 't', ms: 10, run: broken('in the timer') }];
    return [send(input)];
  });
  for (const input of ['handler', 'answer']) runner.take(input);
  await answer('q', 'Q');
  runner.take('timer');
  clock.advance(10);
  runner.take('still here');
  assert.deepEqual(failures, [
    ['handler', 'in the handler'],
    ['answer', 'in the answer'],
    [undefined, 'in the timer'],
  ]);
  assert.deepEqual(said, ['still here']);
});

test('a packet that cannot be sent is told too, and stops what follows it', () => {
  const sent: string[] = [];
  const { runner, failures } = stage(() => [send('good'), send('bad'), send('never')], {
    send: (packet) => {
      if (packet === 'bad') throw new Error('does not fit');
      sent.push(packet);
    },
  });
  runner.take('in');
  assert.deepEqual(sent, ['good']);
  assert.deepEqual(failures, [['in', 'does not fit']]);
});

test('timers run once, replace those of their name, and end with the session', () => {
  const timer = (name: string, ms: number, packet: string): TestEffect => ({ do: 'timer', name, ms, run: () => [send(packet)] });
  const { runner, said, clock } = stage(() => []);
  runner.announce([timer('a', 100, 'a1'), timer('b', 100, 'b1'), timer('a', 200, 'a2')]);
  clock.advance(100);
  assert.deepEqual(said, ['b1']);
  clock.advance(100);
  assert.deepEqual(said, ['b1', 'a2']);
  runner.announce([timer('c', 100, 'c1'), timer('c', 0, ''), timer('d', 100, 'd1')]);
  assert.equal(clock.timers, 1);
  runner.stop();
  assert.equal(clock.timers, 0);
  clock.advance(1000);
  assert.deepEqual(said, ['b1', 'a2']);
});

test('who leaves is heard out: what was taken is handled in order, nothing more is taken or announced', async () => {
  const { runner, said, answer, idles } = stage((input) => [ask('slow', input)]);
  for (const input of ['a', 'b']) runner.take(input);
  runner.leave();
  runner.take('late');
  runner.announce([send('news')]);
  assert.equal(idles(), 0);
  await answer('a', 'A');
  assert.equal(idles(), 0);
  await answer('b', 'B');
  assert.deepEqual([said, idles()], [['answer A', 'answer B'], 1]);
  await answer('late', 'never asked');
  assert.deepEqual([said, runner.waiting, idles()], [['answer A', 'answer B'], 0, 1]);
});

test('who leaves with nothing waiting is done at once', () => {
  const { runner, idles } = stage((input) => [send(input)]);
  runner.take('a');
  runner.leave();
  assert.equal(idles(), 1);
});

test('who leaves and ends the conversation himself is not waited for', async () => {
  const { runner, said, answer, idles } = stage((input) => (input === 'end' ? [{ do: 'close', last: ['bye'], why: '' }] : [ask('slow', input)]));
  for (const input of ['a', 'end', 'b']) runner.take(input);
  runner.leave();
  await answer('a', 'A');
  assert.deepEqual([said, runner.waiting, idles()], [['answer A', 'bye', 'closed'], 0, 0]);
});

test('answers no longer wait for a reader who leaves', () => {
  let behind = true;
  const { runner, said, idles } = stage((input) => [send(`${input} 1`), send(`${input} 2`)], { congested: () => behind });
  for (const input of ['a', 'b']) runner.take(input);
  behind = false;
  runner.leave();
  assert.deepEqual([said, idles() > 0, runner.isBusy], [['a 1', 'a 2', 'b 1', 'b 2'], true, false]);
});
