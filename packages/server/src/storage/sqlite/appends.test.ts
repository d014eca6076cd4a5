import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { MessageDraft, Uin } from '@seekyou/core';
import { Appends } from './appends.ts';
import { Journal, JOURNAL_LIMITS } from './journal.ts';
import type { Link } from './link.ts';

const directory = mkdtempSync(join(tmpdir(), 'seekyou-appends-'));
after(() => rm(directory, { recursive: true, force: true }));

const ANNA = 10_001 as Uin;
const NO_LIMITS = { messagesMax: Infinity, bytesMax: Infinity, perSenderMax: Infinity };
const draft: MessageDraft = {
  from: ANNA,
  to: ANNA,
  body: { kind: 'text', text: 'hello' },
  sentAt: 1,
  limited: false,
  checked: true,
  senderId: 'ab'.repeat(16),
};

test('the end is when also those are stored of which was still asked whether they are repeated', async () => {
  const happened: string[] = [];
  const journal = new Journal({
    file: join(directory, 'a.sqlite'),
    limits: JOURNAL_LIMITS,
    onWritten: () => happened.push('written'),
    onFailure: (error) => assert.fail(error),
  });
  journal.takes({ senderId: null, body: new Uint8Array(1) });
  await journal.prepared();
  const answer = Promise.withResolvers<undefined>();
  const writer = { lastId: 0, call: () => answer.promise } as unknown as Link;
  const appends = new Appends(journal, writer);
  const stored = appends.append(draft, NO_LIMITS);
  const ended = appends.ended().then(() => happened.push('ended'));
  answer.resolve(undefined);
  await ended;
  assert.deepEqual(happened, ['written', 'ended']);
  assert.deepEqual(await stored, { outcome: 'stored', id: 1 });
  await journal.close();
});
