import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { BATCH, Fresh } from './fresh.ts';
import { putEntry } from './journal-format.ts';
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

const SENDER = 20_000;
const LIMITS = { messagesMax: 3, bytesMax: 1_000_000, perSenderMax: 3 };

/** A message to somebody who is not there. */
function waiting(id: number, to: number, more: Partial<AppendRequest> = {}): Call {
  return {
    name: 'mailboxes.append',
    request: { id, from: SENDER, to, sentAt: 1, senderId: null, limited: true, size: 10, body: new Uint8Array(10), ...LIMITS, ...more },
  };
}

interface Live {
  readonly id: number;
  readonly to: number;
  readonly senderId?: string;
  readonly body?: Uint8Array;
}

/** As the journal has them. */
function entries(...messages: readonly Live[]): Buffer {
  const all = Buffer.alloc(messages.reduce((sum, { body }) => sum + 100 + (body?.length ?? 10), 0));
  let end = 0;
  for (const { id, to, senderId = null, body = new Uint8Array(10) } of messages) {
    end = putEntry(all, end, id, { recipient: to, sender: SENDER, sentAt: id, size: body.length, senderId, body });
  }
  return all.subarray(0, end);
}

const settled = (database: DatabaseSync): number => (database.prepare('SELECT last FROM settled').get() as { last: number }).last;

const pending = (uin: number): Call => ({ name: 'mailboxes.pending', request: { uin, limit: 100 } });
const since = (uin: number, after: number): Call => ({ name: 'mailboxes.since', request: { uin, after, limit: 100 } });
const confirm = (uin: number, first: number, last: number): Call => ({ name: 'mailboxes.confirm', request: { uin, ranges: [{ first, last }], at: 77 } });
const ids = (rows: unknown): number[] => (rows as { id: number }[]).map((row) => row.id);

/** Messages that have a row of their own: when each was delivered. */
function states(database: DatabaseSync): Record<number, number> {
  const found = database.prepare('SELECT id, delivered_at FROM message ORDER BY id').all() as { id: number; delivered_at: number }[];
  return Object.fromEntries(found.map((row) => [row.id, row.delivered_at]));
}

/** Packed messages: how many a recipient has, up to which. */
function packs(database: DatabaseSync): unknown[] {
  const found = database.prepare('SELECT recipient, last, messages, delivered_at FROM history ORDER BY last').all();
  return found.map((row) => Object.values(row));
}

/** Takes some: ids, and when each was confirmed. */
function taken(fresh: Fresh, which: 'ripe' | 'any'): [number, number][] {
  const { from, to } = fresh.take(which);
  return Array.from({ length: to - from }, (_, i) => [fresh.entry(from + i).id, fresh.confirmedAt(from + i)]);
}

test('a fresh message is pending and in the history before the database has it', async () => {
  const { service, database } = await opened();
  await ask(service, account(ANNA), account(BORIS));
  service.enter(entries({ id: 1, to: ANNA }, { id: 2, to: BORIS }, { id: 3, to: ANNA }));
  assert.deepEqual(states(database), {});
  const [anna, boris, later] = await ask(service, pending(ANNA), pending(BORIS), since(ANNA, 1));
  assert.deepEqual([ids(anna), ids(boris), ids(later)], [[1, 3], [2], [3]]);
  assert.equal((anna as { sentAt: number; from: number }[])[1]?.sentAt, 3);
  assert.equal(service.tidy(), 'later');
});

test('what is entered twice is there once', async () => {
  const { service } = await opened();
  await ask(service, account(ANNA));
  service.enter(entries({ id: 1, to: ANNA }, { id: 2, to: ANNA }));
  service.enter(entries({ id: 2, to: ANNA }, { id: 3, to: ANNA }));
  assert.deepEqual(ids((await ask(service, pending(ANNA)))[0]), [1, 2, 3]);
});

test('a confirmed one is no longer pending, stays in the history, and is packed with others of its recipient', async () => {
  const { service, database, clock } = await opened();
  await ask(service, account(ANNA), account(BORIS));
  service.enter(entries({ id: 1, to: ANNA }, { id: 2, to: ANNA }, { id: 3, to: BORIS }, { id: 4, to: ANNA }));
  await ask(service, confirm(ANNA, 1, 1), { name: 'mailboxes.confirm', request: { uin: ANNA, ranges: [{ first: 4, last: 4 }], at: 99 } }, confirm(BORIS, 3, 3));
  const answers = async (): Promise<number[][]> => (await ask(service, pending(ANNA), since(ANNA, 0), since(ANNA, 1))).map(ids);
  assert.deepEqual(await answers(), [[2], [1, 2, 4], [2, 4]]);
  clock.now = 10_000;
  assert.equal(service.tidy(), 'more');
  assert.equal(service.tidy(), 'done');
  assert.equal(service.settledTo, 4);
  assert.deepEqual(states(database), { 2: 0 });
  assert.deepEqual(packs(database), [
    [BORIS, 3, 1, 77],
    [ANNA, 4, 2, 99],
  ]);
  assert.deepEqual(await answers(), [[2], [1, 2, 4], [2, 4]], 'from the database');
  await ask(service, confirm(ANNA, 2, 2));
  assert.deepEqual(states(database), { 2: 77 });
  assert.deepEqual(ids((await ask(service, since(ANNA, 0)))[0]), [1, 2, 4]);
});

test('what nobody confirmed is packed, too, waits, and is delivered as a whole or unpacked', async () => {
  const { service, database, clock } = await opened();
  await ask(service, account(ANNA), account(BORIS));
  service.enter(entries({ id: 1, to: ANNA }, { id: 2, to: BORIS }, { id: 3, to: ANNA }, { id: 4, to: BORIS }, { id: 5, to: ANNA }));
  clock.now = 10_000;
  service.tidy();
  service.enter(entries({ id: 6, to: ANNA }));
  await ask(service, waiting(7, ANNA, { messagesMax: 9, perSenderMax: 9 }));
  assert.deepEqual(packs(database), [
    [BORIS, 4, 2, 0],
    [ANNA, 5, 3, 0],
  ]);
  assert.deepEqual((await ask(service, pending(ANNA), since(ANNA, 1), pending(BORIS))).map(ids), [
    [1, 3, 5, 6, 7],
    [3, 5, 6, 7],
    [2, 4],
  ]);
  // Ids of others lie between, so ranges are short. What was not his does nothing.
  const ranges = [2, 4, 5].map((id) => ({ first: id, last: id }));
  await ask(service, { name: 'mailboxes.confirm', request: { uin: BORIS, ranges, at: 88 } });
  assert.deepEqual(
    [packs(database), states(database)],
    [
      [
        [BORIS, 4, 2, 88],
        [ANNA, 5, 3, 0],
      ],
      { 7: 0 },
    ],
  );
  await ask(service, {
    name: 'mailboxes.confirm',
    request: {
      uin: ANNA,
      ranges: [
        { first: 5, last: 6 },
        { first: 1, last: 2 },
      ],
      at: 99,
    },
  });
  assert.deepEqual([packs(database), states(database)], [[[BORIS, 4, 2, 88]], { 1: 99, 3: 0, 5: 99, 7: 0 }]);
  assert.deepEqual((await ask(service, pending(ANNA), since(ANNA, 0), pending(BORIS), since(BORIS, 0))).map(ids), [[3, 7], [1, 3, 5, 6, 7], [], [2, 4]]);
});

test('packs that wait count against the limits', async () => {
  const { service, clock } = await opened();
  await ask(service, account(ANNA));
  service.enter(entries({ id: 1, to: ANNA }, { id: 2, to: ANNA }, { id: 3, to: ANNA }));
  clock.now = 10_000;
  service.tidy();
  const outcomes = await ask(service, waiting(4, ANNA), confirm(ANNA, 1, 3), waiting(5, ANNA));
  assert.deepEqual([outcomes[0], outcomes[2]], ['full', 5]);
});

test('a reader gets as many as he asked for, from rows, packs and fresh ones', async () => {
  const { service, clock } = await opened();
  await ask(service, account(ANNA));
  for (let id = 1; id <= 30; id += 3) {
    service.enter(entries({ id, to: ANNA }, { id: id + 1, to: ANNA }));
    await ask(service, confirm(ANNA, id, id + 1), waiting(id + 2, ANNA, { messagesMax: 100, perSenderMax: 100 }));
    clock.now += 10_000;
    if (id < 20) service.tidy();
  }
  const all = Array.from({ length: 30 }, (_, i) => i + 1);
  for (const [after, limit] of [
    [0, 30],
    [0, 7],
    [4, 5],
    [17, 4],
    [29, 9],
  ] as const) {
    const [rows] = await ask(service, { name: 'mailboxes.since', request: { uin: ANNA, after, limit } });
    assert.deepEqual(ids(rows), all.slice(after, after + limit), `${limit} after ${after}`);
  }
  assert.deepEqual(ids((await ask(service, { name: 'mailboxes.since', request: { uin: ANNA, after: 0, limit: 0 } }))[0]), []);
});

test('what waited and what is fresh come in one order', async () => {
  const { service, clock } = await opened();
  await ask(service, account(ANNA), waiting(1, ANNA));
  service.enter(entries({ id: 2, to: ANNA }));
  await ask(service, waiting(3, ANNA));
  assert.deepEqual(ids((await ask(service, pending(ANNA)))[0]), [1, 2, 3]);
  clock.now = 10_000;
  service.tidy();
  assert.deepEqual(ids((await ask(service, pending(ANNA)))[0]), [1, 2, 3]);
});

test('fresh messages count against the limits until they are confirmed', async () => {
  const { service } = await opened();
  await ask(service, account(ANNA));
  service.enter(entries({ id: 1, to: ANNA }, { id: 2, to: ANNA }, { id: 3, to: ANNA }));
  const outcomes = await ask(service, waiting(4, ANNA), confirm(ANNA, 1, 1), waiting(5, ANNA));
  assert.deepEqual([outcomes[0], outcomes[2]], ['full', 5]);
});

test('by its sender’s id a message is found while it is fresh, afterwards, and never twice', async () => {
  const { service, database, clock } = await opened();
  await ask(service, account(ANNA));
  service.enter(entries({ id: 1, to: ANNA, senderId: 'ab' }));
  const repeated: Call = { name: 'mailboxes.repeated', request: { from: SENDER, senderId: 'ab', to: ANNA } };
  const other: Call = { name: 'mailboxes.repeated', request: { from: SENDER, senderId: 'ab', to: BORIS } };
  assert.deepEqual(await ask(service, repeated, other, waiting(2, ANNA, { senderId: 'ab' }), confirm(ANNA, 1, 1)), [1, undefined, -1, undefined]);
  clock.now = 10_000;
  service.tidy();
  assert.deepEqual([states(database), packs(database)], [{ 1: 77 }, []], 'in a row of its own');
  assert.deepEqual(await ask(service, repeated, waiting(3, ANNA, { senderId: 'ab' })), [1, -1]);
});

test('a full disk leaves fresh messages where they are, and they go to the database when there is room', async () => {
  const { service, database, clock } = await opened();
  await ask(service, account(ANNA));
  const large = { to: ANNA, body: new Uint8Array(20_000) };
  service.enter(entries({ id: 1, to: ANNA }, { id: 2, ...large }, { id: 3, ...large }));
  await ask(service, confirm(ANNA, 1, 1));
  database.exec(`PRAGMA max_page_count = ${(database.prepare('PRAGMA page_count').get() as { page_count: number }).page_count}`);
  clock.now = 10_000;
  assert.equal(service.tidy(), 'later');
  assert.deepEqual([states(database), packs(database), settled(database), service.settledTo], [{}, [], 0, 0]);
  const outcomes = await ask(service, { name: 'mailboxes.settle', request: null }, pending(ANNA), since(ANNA, 0));
  assert.deepEqual([outcomes[0], ids(outcomes[1]), ids(outcomes[2])], ['full', [2, 3], [1, 2, 3]]);
  database.exec('PRAGMA max_page_count = 1000000');
  assert.equal(service.tidy(), 'more');
  assert.deepEqual([states(database), packs(database), settled(database), service.settledTo], [{ 2: 0, 3: 0 }, [[ANNA, 1, 1, 77]], 3, 3]);
  assert.deepEqual(ids((await ask(service, since(ANNA, 0)))[0]), [1, 2, 3]);
});

test('the disk is waited for once a second, and until then nobody is told that the database has them', async () => {
  const { service, database, clock } = await opened();
  await ask(service, account(ANNA));
  const batch = (first: number): Live[] => Array.from({ length: BATCH }, (_, i) => ({ id: first + i, to: ANNA }));
  clock.now = 10_000;
  for (const [at, first, told] of [
    [10_000, 1, BATCH],
    [10_400, BATCH + 1, BATCH],
    [10_800, 2 * BATCH + 1, BATCH],
    [11_200, 3 * BATCH + 1, 4 * BATCH],
    [11_300, 4 * BATCH + 1, 4 * BATCH],
  ] as const) {
    clock.now = at;
    service.enter(entries(...batch(first)));
    await ask(service, confirm(ANNA, first, first + BATCH - 1));
    assert.equal(service.tidy(), 'more');
    assert.deepEqual([settled(database), service.settledTo], [first + BATCH - 1, told], `at ${at}`);
  }
  assert.equal(service.tidy(), 'later', 'the last one is still to be synced');
  clock.now = 12_300;
  assert.equal(service.tidy(), 'done');
  assert.equal(service.settledTo, 5 * BATCH);
  // An orderly stop asks for it.
  service.enter(entries(...batch(5 * BATCH + 1)));
  await ask(service, { name: 'mailboxes.settle', request: null });
  assert.equal(service.settledTo, 6 * BATCH);
});

test('an account that goes takes its fresh and packed messages along', async () => {
  const { service, database } = await opened();
  await ask(service, account(ANNA), account(BORIS));
  service.enter(entries({ id: 1, to: ANNA }, { id: 2, to: BORIS }));
  await ask(service, confirm(ANNA, 1, 1), { name: 'mailboxes.settle', request: null });
  service.enter(entries({ id: 3, to: ANNA }, { id: 4, to: BORIS }));
  await ask(service, { name: 'accounts.remove', request: ANNA });
  assert.deepEqual(packs(database), [
    [BORIS, 2, 1, 0],
    [BORIS, 4, 1, 0],
  ]);
  assert.deepEqual(states(database), {});
  assert.deepEqual(ids((await ask(service, since(ANNA, 0)))[0]), []);
});

test('packs are forgotten when they are old, a few at a time', async () => {
  const { service } = await opened();
  await ask(service, account(ANNA));
  for (const id of [1, 3, 5]) {
    service.enter(entries({ id, to: ANNA }, { id: id + 1, to: ANNA }));
    await ask(service, { name: 'mailboxes.confirm', request: { uin: ANNA, ranges: [{ first: id, last: id + 1 }], at: id * 100 } });
    await ask(service, { name: 'mailboxes.settle', request: null });
  }
  const prune = (deliveredBefore: number, sentBefore: number, limit: number): Call => ({
    name: 'mailboxes.prune',
    request: { deliveredBefore, sentBefore, limit },
  });
  assert.deepEqual(await ask(service, prune(50, 50, 10), prune(301, 50, 3), prune(301, 50, 3), prune(301, 50, 3)), [0, 2, 2, 0]);
  assert.deepEqual(ids((await ask(service, since(ANNA, 0)))[0]), [5, 6]);
  assert.deepEqual(await ask(service, prune(0, 501, 10)), [2]);
  // What waits goes by the time it was sent, here its id.
  service.enter(entries({ id: 700, to: ANNA }, { id: 800, to: ANNA }));
  await ask(service, { name: 'mailboxes.settle', request: null });
  assert.deepEqual(await ask(service, prune(9_999, 800, 10), prune(9_999, 801, 10), since(ANNA, 0)), [0, 2, []]);
});

test('closing settles everything', async () => {
  const file = new DatabaseSync(':memory:');
  const { service } = await opened(file);
  await ask(service, account(ANNA));
  service.enter(entries({ id: 1, to: ANNA }, { id: 2, to: ANNA }));
  await ask(service, confirm(ANNA, 2, 2));
  const found: unknown[] = [];
  const close = file.close.bind(file);
  file.close = () => {
    found.push(states(file), packs(file));
    close();
  };
  service.close();
  assert.deepEqual(found, [{ 1: 0 }, [[ANNA, 2, 1, 77]]]);
});

test('a batch is due when it is full, or when its first has waited long enough; the rest stays', () => {
  const clock = { now: 0 };
  const fresh = new Fresh(() => clock.now);
  fresh.enter(entries(...Array.from({ length: BATCH + 5 }, (_, i) => ({ id: i + 1, to: (i + 1) % 7 }))));
  assert.equal(fresh.due, false);
  for (let recipient = 0; recipient < 7; recipient++) fresh.confirm(recipient, 1, BATCH + 5, 9);
  assert.equal(fresh.due, true, 'all are confirmed');
  assert.deepEqual(fresh.take('ripe'), { from: 0, to: BATCH });
  assert.equal(fresh.due, false, 'five make no batch yet');
  clock.now = 3_600;
  assert.equal(fresh.due, true);
  assert.deepEqual(
    taken(fresh, 'ripe').map(([id]) => id),
    [BATCH + 1, BATCH + 2, BATCH + 3, BATCH + 4, BATCH + 5],
  );
  assert.equal(fresh.size, 0);
});

test('one that nobody confirms holds the others back only for a moment', () => {
  const clock = { now: 0 };
  const fresh = new Fresh(() => clock.now);
  fresh.enter(entries({ id: 1, to: ANNA }, { id: 2, to: BORIS }));
  fresh.confirm(BORIS, 2, 2, 9);
  clock.now = 2_000;
  assert.equal(fresh.due, false);
  clock.now = 4_000;
  assert.equal(fresh.due, true);
  assert.deepEqual(taken(fresh, 'ripe'), [
    [1, 0],
    [2, 9],
  ]);
});

test('what was undone comes again, in order, and only that', () => {
  const fresh = new Fresh(() => 0);
  fresh.enter(entries(...[1, 2, 3, 4].map((id) => ({ id, to: ANNA }))));
  const order = (): number[] => fresh.of(ANNA).map(({ id }) => id);
  fresh.take('any');
  fresh.enter(entries({ id: 5, to: ANNA, senderId: 'ab' }));
  assert.deepEqual(order(), [5]);
  assert.equal(fresh.confirm(ANNA, 3, 3, 9), false, 'it is on its way to the database');
  // Part of it had been done before something else was undone.
  fresh.undone(2);
  assert.deepEqual([order(), fresh.size], [[3, 4, 5], 3]);
  assert.equal(fresh.confirm(ANNA, 3, 5, 9), true);
  // Then all of it is undone.
  fresh.undone(0);
  assert.deepEqual(order(), [1, 2, 3, 4, 5]);
  assert.deepEqual(
    taken(fresh, 'any').map(([id, confirmedAt]) => [id, confirmedAt]),
    [
      [1, 0],
      [2, 0],
      [3, 9],
      [4, 9],
      [5, 9],
    ],
  );
  assert.equal(fresh.sentAs(SENDER, 'ab', ANNA), undefined);
  assert.equal(fresh.committed(), true);
  fresh.undone(0);
  assert.deepEqual([fresh.size, order()], [0, []]);
  assert.equal(fresh.committed(), false);
});

test('what is in the database altogether is given back, once', () => {
  let now = 0;
  const fresh = new Fresh(() => now);
  const blocks = [[1, 2], [3], [4, 5]].map((ids) => entries(...ids.map((id) => ({ id, to: ANNA }))));
  for (const bytes of blocks) fresh.enter(bytes);
  fresh.confirm(ANNA, 1, 4, 7);
  assert.equal(fresh.due, false);
  fresh.take('ripe');
  assert.deepEqual(fresh.takeEmptied(), [], 'not committed');
  fresh.committed();
  const emptied = fresh.takeEmptied();
  assert.deepEqual([emptied.length, emptied[0] === blocks[0], emptied[1] === blocks[1]], [2, true, true]);
  assert.deepEqual([fresh.takeEmptied(), fresh.of(ANNA).map(({ id }) => id)], [[], [5]]);
  now += 60_000;
  fresh.take('any');
  fresh.committed();
  assert.equal(fresh.takeEmptied()[0], blocks[2]);
});

test('many of them, in pieces of any size, are all found, confirmed and taken', () => {
  const seed = 20_261_121;
  let state = seed;
  const chance = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const clock = { now: 0 };
  const fresh = new Fresh(() => clock.now);
  /** Its recipient, and when it was confirmed. */
  const model = new Map<number, [number, number]>();
  let id = 0;
  for (let round = 0; round < 400; round++) {
    const some = Array.from({ length: chance(6) }, () => ({ id: (id += 1 + chance(3)), to: 1 + chance(5) }));
    fresh.enter(entries(...some));
    for (const { id: entered, to } of some) model.set(entered, [to, 0]);
    const recipient = 1 + chance(5);
    const first = Math.max(1, id - chance(40));
    const last = first + chance(8);
    let all = true;
    for (let one = first; one <= last; one++) {
      const found = model.get(one);
      if (found?.[0] !== recipient) all = false;
      else if (found[1] === 0) found[1] = round + 1;
    }
    assert.equal(fresh.confirm(recipient, first, last, round + 1), all, `seed ${seed}, round ${round}`);
    if (chance(10) === 0) {
      for (const [gone, confirmedAt] of taken(fresh, 'any')) {
        assert.equal(model.get(gone)?.[1], confirmedAt, `seed ${seed}, round ${round}`);
        model.delete(gone);
      }
      if (chance(2) === 0) fresh.committed();
    }
    const mine = [...model].filter(([, [to]]) => to === recipient).map(([one, [, confirmedAt]]) => [one, confirmedAt]);
    assert.deepEqual(
      fresh.of(recipient).map((message) => [message.id, message.confirmedAt]),
      mine,
      `seed ${seed}, round ${round}`,
    );
    assert.equal(fresh.size, model.size);
  }
});
