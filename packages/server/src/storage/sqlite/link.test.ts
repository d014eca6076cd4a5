import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreFailed } from '@seekyou/core';
import { Link, LINK_LIMITS, type LinkLimits } from './link.ts';

/** A thread that is ready and then does `then` with each message. */
function thread(then: string): URL {
  const script = `
    import { parentPort } from 'node:worker_threads';
    parentPort.postMessage({ type: 'ready' });
    parentPort.on('message', (message) => { ${then} });`;
  return new URL(`data:text/javascript,${encodeURIComponent(script)}`);
}

interface Opened {
  readonly link: Link;
  readonly failures: Error[];
}

async function open(script: URL, limits: Partial<LinkLimits> = {}): Promise<Opened> {
  const failures: Error[] = [];
  const link = await Link.open({
    script,
    data: { thread: 'writer', file: '' },
    limits: { ...LINK_LIMITS, ...limits },
    onFailure: (error) => failures.push(error),
  });
  return { link, failures };
}

const failedAs = (code: string) => (error: unknown) => error instanceof StoreFailed && error.code === code;
/** Ends when asked, and never answers. */
const SILENT = thread("if (message.type === 'close') process.exit(0)");

test('when the thread dies, all who wait are told, once, and so is everybody after', async () => {
  for (const [death, expected] of [
    ["throw new Error('on purpose')", /on purpose/],
    ['process.exit(3)', /code 3/],
  ] as const) {
    const { link, failures } = await open(thread(death));
    const asked = Array.from({ length: 10 }, (_, uin) => link.call('accounts.find', uin));
    for (const one of asked) await assert.rejects(one, failedAs('broken'));
    await assert.rejects(link.call('accounts.find', 1), failedAs('broken'));
    assert.equal(failures.length, 1);
    assert.match((failures[0] as Error).message, expected);
    await link.close();
    assert.equal(failures.length, 1);
    assert.equal(link.figures.waiting, 0);
  }
});

test('a thread that does not start says why', async () => {
  const refused = new URL(
    `data:text/javascript,${encodeURIComponent("import { parentPort } from 'node:worker_threads'; parentPort.postMessage({ type: 'failed', failure: { code: 'full', message: 'no room' } });")}`,
  );
  await assert.rejects(open(refused), (error: unknown) => failedAs('full')(error) && (error as Error).message === 'no room');
  await assert.rejects(open(new URL("data:text/javascript,throw new Error('broken on purpose')")), failedAs('broken'));
});

test('so many calls may wait and no more', async () => {
  const { link } = await open(SILENT, { waitingMax: 3 });
  const waiting = [1, 2, 3].map((uin) => link.call('accounts.find', uin));
  assert.equal(link.figures.waiting, 3);
  await assert.rejects(link.call('accounts.find', 4), failedAs('busy'));
  const ended = Promise.allSettled(waiting);
  await link.close();
  assert.deepEqual(new Set((await ended).map(({ status }) => status)), new Set(['rejected']));
});

test('so many bytes may wait and no more', async () => {
  const { link } = await open(SILENT, { waitingBytesMax: 1_000 });
  const request = { id: 1, from: 1, to: 2, sentAt: 3, senderId: null, limited: false, messagesMax: 1, bytesMax: 1, perSenderMax: 1, size: 1 };
  const waiting = [1, 2].map(() => link.call('mailboxes.append', { ...request, body: new Uint8Array(500) }));
  await assert.rejects(link.call('mailboxes.append', { ...request, body: new Uint8Array(1) }), failedAs('busy'));
  const ended = Promise.allSettled(waiting);
  await link.close();
  await ended;
});

test('calls of one turn travel together and are answered in any order', async () => {
  // Answers each parcel with its size, the last call first.
  const backwards = thread(`
    if (message.type === 'close') process.exit(0);
    const { values } = message.parcel;
    const answers = [];
    for (let at = values.length - 3; at >= 0; at -= 3) answers.push(values[at], true, values.length / 3);
    parentPort.postMessage({ type: 'answers', parcel: { values: answers, bytes: new Uint8Array(0) }, busyMs: 1 });`);
  const { link } = await open(backwards);
  assert.deepEqual(await Promise.all([link.call('accounts.nextFree', 1), link.call('accounts.nextFree', 2), link.call('accounts.nextFree', 3)]), [3, 3, 3]);
  assert.equal(await link.call('accounts.nextFree', 4), 1);
  const { waiting, answered, failed, groups, busyMs, longestGroupMs } = link.figures;
  assert.deepEqual(
    { waiting, answered, failed, groups, busyMs, longestGroupMs },
    { waiting: 0, answered: 4, failed: 0, groups: 2, busyMs: 2, longestGroupMs: 1 },
  );
  await link.close();
  await assert.rejects(link.call('accounts.find', 1), failedAs('closed'));
});
