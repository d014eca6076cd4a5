import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { segmentFiles } from './sqlite/journal-format.ts';
import { openSqliteStore, type SqliteStore } from './sqlite/open.ts';
import { ALICE, CALLERS, draft, LIMITS, textOf } from './testdata/people.ts';

const ROUNDS = 2;
const script = fileURLToPath(new URL('./testdata/append.ts', import.meta.url));

/** Starts a writer, kills it after so many acknowledgements, and says which it gave: message number → id. */
async function writeUntilKilled(file: string, first: number, enough: number, there: boolean): Promise<Map<number, number>> {
  const child = spawn(process.execPath, [...process.execArgv, script, file, String(first), ...(there ? ['there'] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('latin1');
  child.stdout.on('data', (chunk: string) => {
    printed += chunk;
    if (printed.split('\n').length > enough) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL', 'the writer ended by itself');
  const lines = printed.split('\n').slice(0, -1);
  return new Map(lines.map((line) => line.split(' ').map(Number) as [number, number]));
}

async function checkAll(store: SqliteStore, acknowledged: ReadonlyMap<number, number>): Promise<number> {
  const messages = await store.mailboxes.pending(ALICE, Infinity);
  const byNumber = new Map(messages.map((message) => [message.sentAt - 1_000, message]));
  assert.equal(byNumber.size, messages.length, 'a message is there twice');
  for (const [number, id] of acknowledged) {
    const message = byNumber.get(number);
    assert.equal(message?.id, id, `message ${number} was acknowledged as ${id}`);
    assert.deepEqual(message.body, { kind: 'text', text: textOf(number) });
  }
  return messages.length;
}

for (const there of [false, true]) {
  const to = there ? 'somebody who is there' : 'somebody who is not there';
  test(`who is killed while storing messages to ${to} has what was acknowledged, once`, () => killedWhileStoring(there));
}

async function killedWhileStoring(there: boolean): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'seekyou-crash-'));
  const file = join(directory, 'seekyou.sqlite');
  try {
    const acknowledged = new Map<number, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const first = round * 1_000_000;
      const written = await writeUntilKilled(file, first, 300 * (round + 1), there);
      assert.equal(segmentFiles(file, readdirSync(directory)).length > 0, there, 'messages in the journal');
      assert.ok(written.size >= 300, `${written.size} acknowledged`);
      for (const [number, id] of written) acknowledged.set(number, id);
      const store = await openSqliteStore({
        file,
        onFailure: (error) => {
          throw error;
        },
      });
      const before = await checkAll(store, acknowledged);
      // Senders who heard nothing send again: what had been stored all the same is known by its sender's id.
      for (const { id, from, sentAt } of (await store.mailboxes.pending(ALICE, Infinity)).slice(-CALLERS.length)) {
        assert.deepEqual(await store.mailboxes.append(draft(from, sentAt - 1_000, there), LIMITS), { outcome: 'repeated', id });
      }
      assert.equal(await checkAll(store, acknowledged), before);
      await store.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
