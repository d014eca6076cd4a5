import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { testClock } from '@seekyou/core/testing';
import { dataFiles } from '../runtime/data-directory.ts';
import { askServer, serveControl } from './control.ts';
import { OperationFailed, type Operations } from './operations.ts';

const directory = mkdtempSync(join(tmpdir(), 'seekyou-control-'));
after(() => rmSync(directory, { recursive: true }));

test('who is connected and says nothing is given a second at the end', async () => {
  const clock = testClock();
  const path = dataFiles(directory).control;
  const control = await serveControl(path, {} as unknown as Operations, clock);
  const silent = connect({ path, allowHalfOpen: true });
  // An answer, so that the server surely knows of it.
  silent.write('?\n');
  await once(silent, 'data');
  const closing = control.close();
  await once(silent, 'end');
  clock.advance(1_000);
  await closing;
  silent.destroy();
});

test('what was typed wrong is still that when it comes back from the server', async () => {
  const clock = testClock();
  const path = dataFiles(directory).control;
  for (const usage of [true, false]) {
    const operations = { 'user.show': () => Promise.reject(new OperationFailed('no', { usage })) } as unknown as Operations;
    const control = await serveControl(path, operations, clock);
    await assert.rejects(
      askServer(path, 'user.show', { uin: 99 }),
      (error) => error instanceof OperationFailed && error.message === 'no' && error.usage === usage,
    );
    await control.close();
  }
});
