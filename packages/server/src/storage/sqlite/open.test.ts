import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { type Store, StoreFailed, type Uin } from '@seekyou/core';
import { liveMailboxContract, storeContract, testAccount } from '@seekyou/core/testing';
import { openSqliteStore, type SqliteStore } from './open.ts';

const directory = mkdtempSync(join(tmpdir(), 'seekyou-store-'));

let stores = 0;
const newFile = (): string => join(directory, `${++stores}.sqlite`);

function open(file: string): Promise<SqliteStore> {
  return openSqliteStore({
    file,
    onFailure: (error) => {
      throw error;
    },
  });
}

// Each test finds its store already opened while the one before it ran: threads take a moment to start.
let ahead = open(newFile());
storeContract('SQLite', (): Promise<Store> => {
  const store = ahead;
  ahead = open(newFile());
  return store;
});

/** Somebody who is in none of the contract's tests. */
const WARM_UP = 77_777 as Uin;

/** A store whose journal has been made, and takes messages. */
async function journalled(): Promise<SqliteStore> {
  const store = await open(newFile());
  await store.accounts.create(testAccount(WARM_UP));
  const draft = { from: WARM_UP, to: WARM_UP, body: { kind: 'text', text: '' }, sentAt: 1, limited: false, checked: true } as const;
  while (store.stats().journal.answered === 0) await store.mailboxes.append(draft, NO_LIMITS);
  return store;
}
liveMailboxContract('SQLite', journalled);

after(async () => {
  await (await ahead).close();
  await rm(directory, { recursive: true, force: true });
});

const alice = 10_001 as Uin;
const NO_LIMITS = { messagesMax: Infinity, bytesMax: Infinity, perSenderMax: Infinity };

async function say(store: Store, text: string, checked = false): Promise<number> {
  const appended = await store.mailboxes.append({ from: alice, to: alice, body: { kind: 'text', text }, sentAt: 1, limited: false, checked }, NO_LIMITS);
  assert.equal(appended.outcome, 'stored');
  return (appended as { id: number }).id;
}

/** Priorities of this process's threads, in steps of nice; by name. */
function nicenessOfThreads(): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>();
  for (const thread of readdirSync('/proc/self/task')) {
    const [, name = '', rest = ''] = /^\d+ \((.*)\) (.*)/.exec(readFileSync(`/proc/self/task/${thread}/stat`, 'latin1')) ?? [];
    const niceness = Number(rest.split(' ')[16]);
    found.set(name, (found.get(name) ?? new Set()).add(niceness));
  }
  return found;
}

const onLinux = process.platform === 'linux' ? {} : { skip: 'threads have priorities of their own on Linux alone' };

test('the reading thread is less urgent than the others', onLinux, async () => {
  // No other may be just starting.
  await ahead;
  const store = await open(newFile());
  await store.accounts.list(0, 1);
  const own = getPriority();
  const found = nicenessOfThreads();
  assert.deepEqual(found.get('store reader'), new Set([own + 10]));
  for (const [name, niceness] of found) if (name !== 'store reader') assert.deepEqual([name, ...niceness], [name, own]);
  await store.close();
});

test('blocks that are filled again change nothing that was in them', async (t) => {
  const store = await journalled();
  t.after(() => store.close());
  const people = [1, 2, 3].map((n) => (40_000 + n) as Uin);
  for (const uin of people) await store.accounts.create(testAccount(uin));
  const said = new Map<Uin, string[]>(people.map((uin) => [uin, []]));
  // Several blocks in each round; between rounds the database takes all of them and gives them back.
  for (let round = 0; round < 4; round++) {
    for (let batch = 0; batch < 15; batch++) {
      // No more than the journal takes at a time.
      const appended = Array.from({ length: 100 }, (_, n) => {
        const to = people[n % 3] as Uin;
        const text = `${round}/${batch}/${n} ${'x'.repeat(800 + 20 * round)}`;
        said.get(to)?.push(text);
        return store.mailboxes.append({ from: WARM_UP, to, body: { kind: 'text', text }, sentAt: 1, limited: false, checked: true }, NO_LIMITS);
      });
      await Promise.all(appended);
    }
    await store.backup(newFile());
  }
  const { answered } = store.stats().journal;
  t.diagnostic(`${answered} of 6,000 went by the journal`);
  assert.ok(answered > 3_000);
  for (const uin of people) {
    const texts = (await store.mailboxes.pending(uin, Infinity)).map(({ body }) => (body.kind === 'text' ? body.text : ''));
    assert.deepEqual(texts, said.get(uin));
  }
});

test('what was stored is there when the file is opened again', async () => {
  const file = newFile();
  const first = await open(file);
  await first.accounts.create(testAccount(alice));
  const id = await say(first, 'hello');
  await first.close();
  // The last one closed put everything into the one file, so that it may be copied.
  assert.deepEqual([existsSync(`${file}-wal`), existsSync(`${file}-shm`)], [false, false]);
  const second = await open(file);
  assert.deepEqual(
    (await second.mailboxes.pending(alice, 10)).map((message) => message.id),
    [id],
  );
  assert.equal((await say(second, 'again')) > id, true);
  await second.close();
});

test('the database and its log are for their owner alone', { skip: process.platform === 'win32' && 'Windows has no such permissions' }, async () => {
  const file = newFile();
  const store = await open(file);
  await store.accounts.create(testAccount(alice));
  for (const path of [file, `${file}-wal`]) assert.equal(statSync(path).mode & 0o777, 0o600, path);
  await store.close();
});

test('a backup is whole, while everything goes on', async () => {
  const store = await open(newFile());
  await store.accounts.create(testAccount(alice));
  const said: number[] = [];
  for (let n = 0; n < 50; n++) said.push(await say(store, `message ${n}`));
  const backup = join(directory, 'backup.sqlite');
  const progress = { done: false };
  const backingUp = store.backup(backup).then(() => (progress.done = true));
  while (!progress.done) said.push(await say(store, `message ${said.length}`));
  await backingUp;

  const copy = new DatabaseSync(backup, { readOnly: true });
  assert.deepEqual({ ...copy.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
  const ids = copy.prepare('SELECT id FROM message ORDER BY id').all() as { id: number }[];
  copy.close();
  assert.ok(ids.length >= 50, `${ids.length} messages`);
  // As of one moment: no gap, and no later one without those before it.
  assert.deepEqual(
    ids.map(({ id }) => id),
    said.slice(0, ids.length),
  );
  if (process.platform !== 'win32') assert.equal(statSync(backup).mode & 0o777, 0o600);
  assert.equal(existsSync(`${backup}.part`), false);

  await assert.rejects(store.backup(backup), /does not overwrite/);
  writeFileSync(join(directory, 'file'), '');
  await assert.rejects(store.backup(join(directory, 'file', 'backup.sqlite')), /ENOTDIR|ENOENT/);
  assert.equal(await store.accounts.count(), 1);
  await store.close();

  const restored = await open(backup);
  assert.equal((await restored.mailboxes.pending(alice, 1_000_000)).length, ids.length);
  await restored.close();
});

test('a backup has what only the journal had', async () => {
  const store = await journalled();
  await store.accounts.create(testAccount(alice));
  const said: number[] = [];
  for (let n = 0; n < 20; n++) said.push(await say(store, `message ${n}`, true));
  await store.mailboxes.confirm(alice, [{ first: said[0] as number, last: said[9] as number }], 5_000);
  const backup = join(directory, 'journalled.sqlite');
  await store.backup(backup);
  await store.close();
  const restored = await open(backup);
  assert.deepEqual(
    (await restored.mailboxes.pending(alice, 100)).map(({ id }) => id),
    said.slice(10),
  );
  assert.deepEqual(
    (await restored.mailboxes.since(alice, 0, 100)).map(({ id, body }) => [id, body]),
    said.map((id, n) => [id, { kind: 'text', text: `message ${n}` }]),
  );
  await restored.close();
});

test('other files go along with a backup; when they cannot, nothing of it is left', async () => {
  const store = await open(newFile());
  await store.accounts.create(testAccount(alice));
  const into = mkdtempSync(join(directory, 'backups-'));
  const file = (name: string, content: string): { name: string; content: Uint8Array } => ({ name, content: new TextEncoder().encode(content) });
  await assert.rejects(store.backup(join(into, 'half'), [file('a', '1'), file('a', 'a second of this name is not possible')]));
  assert.deepEqual(readdirSync(into), []);
  await store.backup(join(into, 'whole'), [file('a', '1'), file('b', '2')]);
  assert.deepEqual(readdirSync(into), ['whole']);
  const copy = new DatabaseSync(join(into, 'whole'), { readOnly: true });
  const carried = copy.prepare('SELECT name, CAST(content AS TEXT) AS text FROM backup_file ORDER BY name').all() as { name: string; text: string }[];
  assert.deepEqual(
    carried.map(({ name, text }) => [name, text]),
    [
      ['a', '1'],
      ['b', '2'],
    ],
  );
  copy.close();
  const nowhere = join(into, 'nowhere', 'file');
  await assert.rejects(store.backup(nowhere), (error) => error instanceof StoreFailed && error.message.startsWith(`${nowhere} cannot be written: ENOENT`));
  await store.close();
});

test('a store counts what it does', async () => {
  const store = await open(newFile());
  await store.accounts.create(testAccount(alice));
  const before = store.stats().writer;
  await Promise.all(Array.from({ length: 100 }, (_, n) => say(store, `message ${n}`)));
  const { writer, reader } = store.stats();
  assert.equal(writer.answered - before.answered, 100);
  assert.ok(writer.groups - before.groups <= 2, `${writer.groups - before.groups} commits for a hundred at once`);
  assert.deepEqual([writer.waiting, writer.failed, reader.answered], [0, 0, 0]);
  await assert.rejects(store.rosters.grant(10_999 as Uin, alice), StoreFailed);
  assert.equal(store.stats().writer.failed, 1);
  assert.equal(await store.accounts.count(), 1);
  assert.equal(store.stats().reader.answered, 1);
  await store.close();
});
