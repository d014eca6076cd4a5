import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, statSync, write, writeFileSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { type MailboxLimits, type MessageDraft, StoreFailed, type Uin } from '@seekyou/core';
import { testAccount } from '@seekyou/core/testing';
import { Journal, JOURNAL_LIMITS, type JournalLimits, type WriteToDisk } from './journal.ts';
import { asBuffer, BATCH_HEADER_BYTES, batchesOf, type Entry, entryAt, lengthAt, putEntry, sealBatch, segmentFile, segmentFiles } from './journal-format.ts';
import { recoverJournal } from './journal-recovery.ts';
import { migrate } from './migrate.ts';
import { openSqliteStore, type SqliteStore } from './open.ts';

const directory = mkdtempSync(join(tmpdir(), 'seekyou-journal-'));
after(() => rm(directory, { recursive: true, force: true }));

let files = 0;
const newFile = (): string => join(directory, `${++files}.sqlite`);
const segmentsOf = (file: string): string[] => segmentFiles(file, readdirSync(directory)).sort();

const ANNA = 10_001 as Uin;
const SENDER = 20_000 as Uin;

const entry = (more: Partial<Entry> = {}): Entry => ({
  id: 1,
  recipient: ANNA,
  sender: SENDER,
  sentAt: 1_700_000_000_123,
  size: 5,
  senderId: null,
  body: Uint8Array.of(1, 2, 3),
  ...more,
});

function entriesOf(bytes: Uint8Array): Entry[] {
  const all = asBuffer(bytes);
  const found: Entry[] = [];
  for (let at = 0; at < all.length; at += lengthAt(all, at)) found.push(entryAt(all, at));
  return found.map((one) => ({ ...one, body: new Uint8Array(one.body) }));
}

interface Opened {
  readonly journal: Journal;
  readonly file: string;
  readonly written: Entry[];
  readonly failures: Error[];
}

/** A journal whose first segment is there. */
async function opened(limits: Partial<JournalLimits> = {}, writeToDisk?: WriteToDisk): Promise<Opened> {
  const file = newFile();
  const written: Entry[] = [];
  const failures: Error[] = [];
  const journal = new Journal({
    file,
    limits: { ...JOURNAL_LIMITS, segmentBytesFirst: 4096, segmentBytesMax: 4096, ...limits },
    onWritten: (entries) => written.push(...entriesOf(entries)),
    onFailure: (error) => failures.push(error),
    ...(writeToDisk === undefined ? {} : { write: writeToDisk }),
  });
  await ready(journal);
  return { journal, file, written, failures };
}

async function ready(journal: Journal): Promise<void> {
  assert.equal(journal.takes(entry()), false, 'there is nothing to write to yet');
  await journal.prepared();
  assert.equal(journal.takes(entry()), true);
}

test('entries are the same again', () => {
  const messages = [
    entry(),
    entry({ id: 2 ** 40 + 1, senderId: 'ab'.repeat(16), body: new Uint8Array(0) }),
    entry({ id: 3, recipient: 4_294_967_294, size: 0 }),
  ];
  const bytes = Buffer.alloc(1_000);
  let end = 0;
  for (const { id, ...message } of messages) end = putEntry(bytes, end, id, message);
  assert.deepEqual(entriesOf(bytes.subarray(0, end)), messages);
});

test('of a segment counts what was written whole, and nothing that is left from before', () => {
  const batch = (number: number, id: number): Buffer => {
    const bytes = Buffer.alloc(200);
    const end = putEntry(bytes, BATCH_HEADER_BYTES, id, entry());
    sealBatch(bytes.subarray(0, end), number);
    return bytes.subarray(0, end);
  };
  const numbers = (...parts: readonly Uint8Array[]): number[] => batchesOf(Buffer.concat(parts)).map(({ number }) => number);
  const three = [batch(7, 1), batch(8, 2), batch(9, 3)] as const;
  assert.deepEqual(numbers(...three, new Uint8Array(500)), [7, 8, 9]);
  assert.deepEqual(numbers(...three, batch(4, 9)), [7, 8, 9], 'an earlier use');
  assert.deepEqual(numbers(...three, batch(11, 9)), [7, 8, 9], 'a gap');
  const whole = Buffer.concat(three);
  for (let cut = 0; cut < whole.length; cut++) {
    const torn = Buffer.concat([whole.subarray(0, cut), new Uint8Array(whole.length - cut)]);
    assert.equal(batchesOf(torn).length, Math.floor(cut / three[0].length), `torn after ${cut} bytes`);
  }
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] as number) ^ 0x20;
    assert.equal(batchesOf(changed).length, Math.floor(at / three[0].length), `byte ${at} changed`);
  }
});

test('what is asked in one turn is written together, then answered in order, told and found again', async () => {
  const { journal, file, written } = await opened();
  const answered: number[] = [];
  const asked = [1, 2, 3].map((id) => journal.append(id, entry({ body: Uint8Array.of(id) })).then((stored) => answered.push(stored.id)));
  assert.equal(journal.busy, true);
  await journal.written();
  assert.deepEqual(
    written.map(({ id }) => id),
    [1, 2, 3],
  );
  await Promise.all(asked);
  assert.deepEqual(answered, [1, 2, 3]);
  assert.equal(journal.busy, false);
  assert.equal(journal.lastId, 3);
  const { answered: count, groups, waiting, failed } = journal.figures;
  assert.deepEqual({ count, groups, waiting, failed }, { count: 3, groups: 1, waiting: 0, failed: 0 });
  const found = segmentsOf(file).flatMap((segment) => batchesOf(readFileSync(segment)));
  assert.deepEqual(
    found.flatMap(({ entries }) => entriesOf(entries)),
    written,
  );
  journal.settled(3);
  await journal.close();
  assert.deepEqual(segmentsOf(file), []);
});

test('segments are for their owner alone, have their size from the start, and stay where the database has not got them', async () => {
  const { journal, file } = await opened();
  const [segment] = segmentsOf(file) as [string];
  assert.equal(segment, segmentFile(file, 1));
  assert.equal(statSync(segment).size, 4096);
  if (process.platform !== 'win32') assert.equal(statSync(segment).mode & 0o777, 0o600);
  await journal.append(1, entry());
  await journal.close();
  assert.deepEqual(segmentsOf(file), [segment]);
});

test('a full segment is followed by another, and used again when the database has what is in it', async () => {
  const { journal, file } = await opened({ segmentsMax: 2 });
  const body = new Uint8Array(900);
  const numbers: number[] = [];
  let id = 0;
  const fill = async (): Promise<void> => {
    while (journal.takes(entry({ body }))) {
      await journal.append(++id, entry({ body }));
      numbers.push(id);
      await journal.prepared();
    }
  };
  await fill();
  assert.equal(id, 8, 'four in each of two');
  assert.equal(segmentsOf(file).length, 2);
  await journal.prepared();
  assert.equal(journal.takes(entry({ body })), false, 'the database does not keep up');
  journal.settled(3);
  assert.equal(journal.takes(entry({ body })), false);
  journal.settled(4);
  await fill();
  assert.equal(id, 12);
  assert.equal(segmentsOf(file).length, 2);
  const found = segmentsOf(file).flatMap((segment) => batchesOf(readFileSync(segment)));
  assert.deepEqual(
    found.flatMap(({ entries }) => entriesOf(entries).map((one) => one.id)).sort((a, b) => a - b),
    [5, 6, 7, 8, 9, 10, 11, 12],
  );
  await journal.close();
});

test('so many bytes wait for the disk and no more', async () => {
  const { journal } = await opened({ batchBytesMax: 1_000 });
  const body = new Uint8Array(400);
  const first = journal.append(1, entry({ body }));
  const second = journal.append(2, entry({ body }));
  assert.equal(journal.takes(entry({ body })), false);
  await Promise.all([first, second]);
  assert.equal(journal.takes(entry({ body })), true);
  assert.equal(journal.takes(entry({ body: new Uint8Array(1_000) })), false, 'it would never fit');
  await journal.close();
});

test('what the disk does not take is refused, and what comes next goes to its place', async () => {
  const disk: { error: NodeJS.ErrnoException | null } = { error: Object.assign(new Error('no space'), { code: 'ENOSPC' }) };
  const { journal, file, written, failures } = await opened({}, (descriptor, bytes, position, done) => {
    // Half of it may be there all the same.
    if (disk.error === null) write(descriptor, bytes, 0, bytes.length, position, done);
    else write(descriptor, bytes, 0, 30, position, () => done(disk.error, 30));
  });
  const asked = [1, 2].map((id) => journal.append(id, entry()));
  for (const one of asked) await assert.rejects(one, (error: unknown) => error instanceof StoreFailed && error.code === 'full');
  assert.deepEqual([written, failures, journal.lastId, journal.figures.failed], [[], [], 0, 2]);
  disk.error = null;
  assert.deepEqual(await journal.append(3, entry()), { outcome: 'stored', id: 3 });
  assert.deepEqual(await journal.append(4, entry()), { outcome: 'stored', id: 4 });
  const found = segmentsOf(file).flatMap((segment) => batchesOf(readFileSync(segment)));
  assert.deepEqual(
    found.flatMap(({ entries }) => entriesOf(entries).map(({ id }) => id)),
    [3, 4],
  );
  disk.error = Object.assign(new Error('a scratch'), { code: 'EIO' });
  await assert.rejects(journal.append(5, entry()), (error: unknown) => error instanceof StoreFailed && error.code === 'broken');
  assert.deepEqual(failures, [disk.error]);
  await journal.close();
});

/** A disk whose writes end when the test says so. */
function slowDisk(): { readonly write: WriteToDisk; readonly end: (n: number, error?: NodeJS.ErrnoException) => void } {
  const ends: ((error?: NodeJS.ErrnoException) => void)[] = [];
  return {
    write(descriptor, bytes, position, done) {
      writeSync(descriptor, bytes, 0, bytes.length, position);
      ends.push((error) => done(error ?? null, error === undefined ? bytes.length : 0));
    },
    end: (n, error) => (ends[n] as (error?: NodeJS.ErrnoException) => void)(error),
  };
}

/** Three batches at a time, however little they carry. */
const AT_ONCE: Partial<JournalLimits> = { writesMax: 3, entriesWorthAWrite: 1 };

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Asks for entries, each in a batch of its own. */
async function askEach(journal: Journal, ids: readonly number[], heard: string[], more: Partial<Entry> = {}): Promise<void> {
  for (const id of ids) {
    journal.append(id, entry(more)).then(
      () => heard.push(`${id}`),
      (error: unknown) => heard.push(`${id} ${(error as StoreFailed).code}`),
    );
    await turn();
    await turn();
  }
}

/** What a start would find: in order of number, and of ids only those that grow. */
function idsIn(file: string): number[] {
  const batches = segmentsOf(file).flatMap((segment) => batchesOf(readFileSync(segment)));
  const ids = batches.sort((a, b) => a.number - b.number).flatMap(({ entries }) => entriesOf(entries).map(({ id }) => id));
  return ids.filter((id, at) => ids.slice(0, at).every((before) => before < id));
}

test('beside a batch that is on its way another leaves when it is worth a write, and waits for the answer until then', async () => {
  const disk = slowDisk();
  const { journal, file } = await opened({ writesMax: 2, entriesWorthAWrite: 3, batchBytesMax: 1_000 }, disk.write);
  const heard: string[] = [];
  await askEach(journal, [1, 2, 3], heard);
  assert.deepEqual(idsIn(file), [1], 'two are not worth it');
  await askEach(journal, [4], heard);
  assert.deepEqual(idsIn(file), [1, 2, 3, 4]);
  await askEach(journal, [5, 6, 7], heard);
  assert.deepEqual(idsIn(file), [1, 2, 3, 4], 'no third beside two');
  disk.end(0);
  await turn();
  await turn();
  assert.deepEqual([heard, idsIn(file)], [['1'], [1, 2, 3, 4, 5, 6, 7]]);
  await askEach(journal, [8], heard);
  disk.end(1);
  disk.end(2);
  await turn();
  await turn();
  assert.deepEqual(idsIn(file), [1, 2, 3, 4, 5, 6, 7, 8], 'with nothing on its way one is enough');
  await askEach(journal, [9], heard, { body: new Uint8Array(300) });
  assert.equal(idsIn(file).includes(9), false);
  await askEach(journal, [10], heard, { body: new Uint8Array(300) });
  assert.deepEqual(idsIn(file).slice(-2), [9, 10], 'or half of the bytes');
  disk.end(3);
  disk.end(4);
  await journal.written();
  assert.equal(heard.length, 10);
  await journal.close();
});

test('some batches are on their way at a time, and are answered in order, whichever the disk has first', async () => {
  const disk = slowDisk();
  const { journal, file, written } = await opened(AT_ONCE, disk.write);
  const heard: string[] = [];
  await askEach(journal, [1, 2, 3, 4, 5], heard);
  assert.deepEqual(idsIn(file), [1, 2, 3], 'the others wait together');
  assert.equal(journal.figures.waiting, 5);
  disk.end(2);
  disk.end(1);
  await turn();
  assert.deepEqual([heard, written.length, journal.lastId], [[], 0, 0]);
  disk.end(0);
  await turn();
  assert.deepEqual(heard, ['1', '2', '3']);
  assert.deepEqual(idsIn(file), [1, 2, 3, 4, 5]);
  disk.end(3);
  await journal.written();
  assert.deepEqual(
    written.map(({ id }) => id),
    [1, 2, 3, 4, 5],
  );
  assert.deepEqual([journal.figures.groups, journal.figures.answered, journal.busy], [4, 5, false]);
  await journal.close();
});

test('with a batch those behind it are refused, and what comes next goes to its place', async () => {
  const disk = slowDisk();
  const { journal, file, failures } = await opened(AT_ONCE, disk.write);
  const heard: string[] = [];
  await askEach(journal, [1, 2, 3], heard);
  disk.end(0);
  disk.end(1, Object.assign(new Error('no space'), { code: 'ENOSPC' }));
  await turn();
  await askEach(journal, [4], heard);
  assert.deepEqual(heard, ['1', '2 full'], 'nothing is begun before the third is over');
  disk.end(2);
  await turn();
  await turn();
  disk.end(3);
  await journal.written();
  assert.deepEqual([heard, idsIn(file), failures], [['1', '2 full', '3 full', '4'], [1, 4], []]);
  assert.deepEqual([journal.figures.failed, journal.lastId], [2, 4]);
  await journal.close();
});

test('a batch that is refused with the first of the next segment leaves both places to others', async () => {
  const disk = slowDisk();
  const { journal, file } = await opened({ ...AT_ONCE, segmentsMax: 3 }, disk.write);
  const heard: string[] = [];
  const large = { body: new Uint8Array(1_500) };
  await askEach(journal, [1], heard, { body: new Uint8Array(2_100) });
  disk.end(0);
  await journal.prepared();
  await askEach(journal, [2, 3], heard, large);
  journal.settled(1);
  assert.equal(segmentsOf(file).length, 2, 'what is on its way may need the first segment after a crash');
  disk.end(1, Object.assign(new Error('no space'), { code: 'ENOSPC' }));
  disk.end(2);
  await turn();
  await askEach(journal, [4], heard, large);
  disk.end(3);
  await journal.written();
  assert.deepEqual(heard, ['1', '2 full', '3 full', '4']);
  assert.ok(idsIn(file).includes(4));
  await journal.close();
});

test('what reaches the disk while the journal is closed stays there for the next start', async () => {
  const disk = slowDisk();
  const { journal, file } = await opened({}, disk.write);
  const asked = journal.append(1, entry());
  const closing = journal.close();
  await turn();
  disk.end(0);
  assert.deepEqual(await asked, { outcome: 'stored', id: 1 });
  await closing;
  assert.deepEqual(idsIn(file), [1]);
});

test('segments are kept while others are full, and one of them afterwards', async () => {
  const { journal, file } = await opened({ segmentsMax: 5 });
  const body = new Uint8Array(2_500);
  let id = 0;
  const fill = async (segments: number): Promise<void> => {
    for (const last = id + segments; id < last; ) {
      assert.ok(journal.takes(entry({ body })));
      await journal.append(++id, entry({ body }));
      await journal.prepared();
    }
  };
  await fill(4);
  const made = segmentsOf(file);
  assert.equal(made.length, 5, 'four are full, or nearly, and one waits');
  journal.settled(2);
  await fill(2);
  assert.deepEqual(segmentsOf(file), made, 'none was made or removed');
  journal.settled(id);
  await removed(file, 2);
  await journal.close();
});

/** Files are removed while everything goes on. */
async function removed(file: string, left: number): Promise<void> {
  while (segmentsOf(file).length > left) await turn();
  assert.equal(segmentsOf(file).length, left);
}

// ---------------------------------------------------------------- with the database

const NO_LIMITS: MailboxLimits = { messagesMax: Infinity, bytesMax: Infinity, perSenderMax: Infinity };
const draft = (text: string, more: Partial<MessageDraft> = {}): MessageDraft => ({
  from: SENDER,
  to: ANNA,
  body: { kind: 'text', text },
  sentAt: 1_000,
  limited: false,
  checked: true,
  ...more,
});

function open(file: string): Promise<SqliteStore> {
  return openSqliteStore({
    file,
    onFailure: (error) => {
      throw error;
    },
  });
}

/** A store whose journal takes messages. */
async function journalled(file: string): Promise<SqliteStore> {
  const store = await open(file);
  await store.accounts.create(testAccount(ANNA));
  for (let n = 0; store.stats().journal.answered === 0; n++) await store.mailboxes.append(draft(`warm ${n}`), NO_LIMITS);
  return store;
}

const texts = async (store: SqliteStore): Promise<string[]> =>
  (await store.mailboxes.pending(ANNA, Infinity)).map(({ body }) => (body.kind === 'text' ? body.text : body.kind));

test('what the journal has is found after a crash, waiting, once, and the files are gone', async () => {
  const file = newFile();
  const store = await journalled(file);
  for (const text of ['one', 'two']) await store.mailboxes.append(draft(text), NO_LIMITS);
  await store.mailboxes.append(draft('three', { senderId: 'ab'.repeat(16) }), NO_LIMITS);
  const expected = await texts(store);
  assert.deepEqual(expected.slice(-3), ['one', 'two', 'three']);
  // As a killed process leaves it.
  const segments = segmentsOf(file).map((segment) => [segment, readFileSync(segment)] as const);
  assert.ok(segments.length > 0);
  const left = newFile();
  const copy = new DatabaseSync(file, { readOnly: true });
  copy.exec(`VACUUM INTO '${left}'`);
  copy.close();
  for (const [n, [, content]] of segments.entries()) writeFileSync(segmentFile(left, n + 1), content);
  await store.close();
  assert.deepEqual(segmentsOf(file), [], 'a store that was closed leaves none');

  for (let time = 1; time <= 2; time++) {
    const again = await open(left);
    assert.deepEqual(segmentsOf(left), []);
    assert.deepEqual(await texts(again), expected, `time ${time}`);
    const repeated = await again.mailboxes.append(draft('three', { senderId: 'ab'.repeat(16) }), NO_LIMITS);
    assert.equal(repeated.outcome, 'repeated');
    await again.close();
    // A file that could not be removed is no harm.
    if (time === 1) for (const [n, [, content]] of segments.entries()) writeFileSync(segmentFile(left, n + 1), content);
  }
});

test('what is recovered goes to accounts that exist, and ids go on after it', async () => {
  const file = newFile();
  const database = new DatabaseSync(file);
  await migrate(database, file);
  database.exec('DELETE FROM account');
  const bytes = Buffer.alloc(400);
  let end = putEntry(bytes, BATCH_HEADER_BYTES, 41, entry());
  end = putEntry(bytes, end, 42, entry({ recipient: 10_777 }));
  sealBatch(bytes.subarray(0, end), 1);
  writeFileSync(segmentFile(file, 3), bytes);
  database
    .prepare('INSERT INTO account VALUES (?, ?, 0, ?, 1, ?, ?, NULL, ?, NULL, 0, 0, NULL, 0, NULL)')
    .run(ANNA, 'active', new Uint8Array(1), new Uint8Array(1), new Uint8Array(1), '');
  recoverJournal(database, file);
  const found = database.prepare('SELECT id, recipient, delivered_at FROM message').all();
  assert.deepEqual(
    found.map((row) => Object.values(row)),
    [[41, ANNA, 0]],
  );
  database.close();
  const store = await open(file);
  const next = await store.mailboxes.append(draft('next'), NO_LIMITS);
  assert.deepEqual(next, { outcome: 'stored', id: 43 });
  await store.close();
});

test('messages to the same person keep their order whichever way they go', async () => {
  const store = await journalled(newFile());
  const before = (await texts(store)).length;
  const ways: readonly Partial<MessageDraft>[] = [{}, { checked: false }, {}, { checked: false, limited: true }, {}, {}];
  const appended = await Promise.all(Array.from({ length: 60 }, (_, n) => store.mailboxes.append(draft(`text ${n}`, ways[n % ways.length]), NO_LIMITS)));
  const ids = appended.map((one) => ('id' in one ? one.id : 0));
  assert.deepEqual(
    ids.toSorted((a, b) => a - b),
    ids,
  );
  const pending = (await store.mailboxes.pending(ANNA, Infinity)).slice(before);
  assert.deepEqual(
    pending.map(({ id }) => id),
    ids,
  );
  await store.close();
});

test('of messages with the same sender’s id one is stored, whichever way each goes', async () => {
  const store = await journalled(newFile());
  const before = (await texts(store)).length;
  const ways: readonly Partial<MessageDraft>[] = [{}, { checked: false }, { checked: false, limited: true }];
  const senderId = 'cd'.repeat(16);
  const outcomes = await Promise.all(Array.from({ length: 30 }, (_, n) => store.mailboxes.append(draft('once', { ...ways[n % 3], senderId }), NO_LIMITS)));
  assert.deepEqual(
    outcomes.map(({ outcome }) => outcome),
    ['stored', ...Array.from({ length: 29 }, () => 'repeated')],
  );
  assert.equal(new Set(outcomes.map((one) => 'id' in one && one.id)).size, 1);
  assert.equal((await texts(store)).length, before + 1);
  await store.close();
});
