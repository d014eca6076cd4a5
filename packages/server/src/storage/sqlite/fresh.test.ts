import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { BATCH, Fresh } from './fresh.ts';
import type { Answer, Call } from './group-commit.ts';
import { migrate } from './migrate.ts';
import type { AppendRequest } from './protocol.ts';
import type { AccountRow } from './schema.ts';
import { type Service, writerOn } from './service.ts';

const ANNA = 10_001;
const BORIS = 10_002;
const bytes = new Uint8Array(16);

interface Opened {
  readonly database: DatabaseSync;
  readonly service: Service;
  readonly clock: { now: number };
}

/** A writer over `database`, whose clock stands until it is moved. */
async function opened(database = new DatabaseSync(':memory:')): Promise<Opened> {
  await migrate(database, ':memory:');
  const clock = { now: 0 };
  return { database, service: writerOn(database, undefined, () => clock.now), clock };
}

async function ask(service: Service, ...calls: readonly Call[]): Promise<unknown[]> {
  const waiting = [...calls];
  const answers: Answer[] = [];
  while (waiting.length > 0) answers.push(...(await service.serve(() => waiting.shift())));
  return answers.map((answer) => (answer.ok ? answer.reply : answer.failure.code));
}

const account = (uin: number): Call => ({
  name: 'accounts.create',
  request: {
    uin,
    state: 'active',
    created_at: 0,
    salt: bytes,
    iterations: 1,
    stored_key: bytes,
    server_key: bytes,
    old: null,
    nickname: 'x',
    codepage: null,
    authorisation_required: 0,
    hide_address: 0,
    last_seen_at: null,
    pictures: null,
  } satisfies AccountRow,
});

function live(to: number, more: Partial<AppendRequest> = {}): Call {
  const limits = { messagesMax: 3, bytesMax: 1_000_000, perSenderMax: 3 };
  return {
    name: 'mailboxes.append',
    request: { from: 20_000, to, sentAt: 1, senderId: null, limited: false, size: 10, body: new Uint8Array(10), ...limits, ...more } satisfies AppendRequest,
  };
}

const pending = (uin: number): Call => ({ name: 'mailboxes.pending', request: { uin, limit: 100 } });
const since = (uin: number, after: number): Call => ({ name: 'mailboxes.since', request: { uin, after, limit: 100 } });
const confirm = (uin: number, first: number, last: number): Call => ({ name: 'mailboxes.confirm', request: { uin, ranges: [{ first, last }], at: 77 } });
const ids = (rows: unknown): number[] => (rows as { id: number }[]).map((row) => row.id);

function states(database: DatabaseSync): (number | null)[] {
  return (database.prepare('SELECT delivered_at FROM message ORDER BY id').all() as { delivered_at: number | null }[]).map((row) => row.delivered_at);
}

test('a live message is pending and in the history before it is in any index', async () => {
  const { service, database } = await opened();
  await ask(service, account(ANNA), account(BORIS), live(ANNA), live(BORIS), live(ANNA));
  assert.deepEqual(states(database), [null, null, null]);
  const [anna, boris, later] = await ask(service, pending(ANNA), pending(BORIS), since(ANNA, 1));
  assert.deepEqual([ids(anna), ids(boris), ids(later)], [[1, 3], [2], [3]]);
});

test('a confirmed one is no longer pending, stays in the history, and settles as delivered', async () => {
  const { service, database, clock } = await opened();
  await ask(service, account(ANNA), live(ANNA), live(ANNA), confirm(ANNA, 1, 1));
  const [left, all] = await ask(service, pending(ANNA), since(ANNA, 0));
  assert.deepEqual([ids(left), ids(all)], [[2], [1, 2]]);
  clock.now = 10_000;
  assert.equal(service.tidy(), false, 'nothing is left to tidy');
  assert.deepEqual(states(database), [77, 0]);
  const [leftSettled, allSettled] = await ask(service, pending(ANNA), since(ANNA, 0));
  assert.deepEqual([ids(leftSettled), ids(allSettled)], [[2], [1, 2]]);
  await ask(service, confirm(ANNA, 2, 2));
  assert.deepEqual(states(database), [77, 77]);
});

test('what waited and what is fresh come in one order', async () => {
  const { service, clock } = await opened();
  await ask(service, account(ANNA), live(ANNA, { limited: true }), live(ANNA), live(ANNA, { limited: true }));
  const [rows] = await ask(service, pending(ANNA));
  assert.deepEqual(ids(rows), [1, 2, 3]);
  clock.now = 10_000;
  service.tidy();
  assert.deepEqual(ids((await ask(service, pending(ANNA)))[0]), [1, 2, 3]);
});

test('fresh messages count against the limits until they are confirmed', async () => {
  const { service } = await opened();
  const outcomes = await ask(
    service,
    account(ANNA),
    live(ANNA),
    live(ANNA),
    live(ANNA),
    live(ANNA, { limited: true }),
    confirm(ANNA, 1, 1),
    live(ANNA, { limited: true }),
  );
  assert.deepEqual([outcomes[4], outcomes[6]], ['full', 4]);
});

test('after a crash fresh messages wait, so that they come again', async () => {
  const { service, database } = await opened();
  await ask(service, account(ANNA), live(ANNA), live(ANNA), confirm(ANNA, 1, 1));
  // As it would be found: nobody had time to settle anything.
  const { service: next } = await opened(database);
  assert.deepEqual(states(database), [0, 0]);
  assert.deepEqual(ids((await ask(next, pending(ANNA)))[0]), [1, 2]);
});

test('an undone group takes its fresh messages along and leaves those before it', async () => {
  const { service, database } = await opened();
  await ask(service, account(ANNA), live(ANNA), confirm(ANNA, 1, 1));
  database.exec(`PRAGMA max_page_count = ${(database.prepare('PRAGMA page_count').get() as { page_count: number }).page_count}`);
  const refused = await ask(service, ...Array.from({ length: 20 }, () => live(ANNA, { body: new Uint8Array(4_000) })));
  assert.ok(refused.includes('full'));
  database.exec('PRAGMA max_page_count = 1000000');
  const [left, all] = await ask(service, pending(ANNA), since(ANNA, 0));
  const stored = (database.prepare('SELECT id FROM message ORDER BY id').all() as { id: number }[]).map((row) => row.id);
  assert.deepEqual(ids(all), stored);
  assert.deepEqual(
    ids(left),
    stored.filter((id) => id !== 1),
    'and what was confirmed stays so',
  );
});

test('closing settles everything', async () => {
  const file = new DatabaseSync(':memory:');
  const { service } = await opened(file);
  await ask(service, account(ANNA), live(ANNA), live(ANNA), confirm(ANNA, 2, 2));
  const before = states(file);
  assert.deepEqual(before, [null, null]);
  const settled: (number | null)[][] = [];
  const close = file.close.bind(file);
  file.close = () => {
    settled.push(states(file));
    close();
  };
  service.close();
  assert.deepEqual(settled, [[0, 77]]);
});

test('a batch is due when it is full, or when its first has waited long enough; the rest stays', () => {
  const clock = { now: 0 };
  const fresh = new Fresh(() => clock.now);
  for (let id = 1; id <= BATCH + 5; id++) fresh.add(id, id % 7, 1, 1);
  assert.equal(fresh.due, false);
  for (let recipient = 0; recipient < 7; recipient++) fresh.confirm(recipient, 1, BATCH + 5, 9);
  assert.equal(fresh.due, true, 'all are confirmed');
  assert.equal(fresh.take('ripe').length, BATCH);
  assert.equal(fresh.due, false, 'five make no batch yet');
  clock.now = 3_600;
  assert.equal(fresh.due, true);
  assert.deepEqual(
    fresh.take('ripe').map((message) => message.id),
    [BATCH + 1, BATCH + 2, BATCH + 3, BATCH + 4, BATCH + 5],
  );
  assert.equal(fresh.size, 0);
});

test('one that nobody confirms holds the others back only for a moment', () => {
  const clock = { now: 0 };
  const fresh = new Fresh(() => clock.now);
  fresh.add(1, ANNA, 1, 1);
  fresh.add(2, BORIS, 1, 1);
  fresh.confirm(BORIS, 2, 2, 9);
  clock.now = 2_000;
  assert.equal(fresh.due, false);
  clock.now = 4_000;
  assert.equal(fresh.due, true);
  assert.deepEqual(
    fresh.take('ripe').map(({ id, confirmedAt }) => [id, confirmedAt]),
    [
      [1, 0],
      [2, 9],
    ],
  );
});
