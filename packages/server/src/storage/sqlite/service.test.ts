import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { statementCache } from './dialect.ts';
import { type Answer, type Call, GROUP_MAX } from './group-commit.ts';
import { MAILBOX_SQL } from './mailboxes.ts';
import { migrate } from './migrate.ts';
import type { AppendRequest, OperationName, RequestOf } from './protocol.ts';
import type { AccountRow, RosterItemRow } from './schema.ts';
import { readerOn, type Service, writerOn } from './service.ts';

const bytes = new Uint8Array(16);

function account(uin: number): AccountRow {
  return {
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
  };
}

let lastId = 0;

function message(to: number, more: Partial<AppendRequest> = {}): AppendRequest {
  const limits = { messagesMax: 100, bytesMax: 1_000_000, perSenderMax: 100 };
  return { id: ++lastId, from: 20_000, to, sentAt: 1, senderId: null, limited: true, size: 100, body: new Uint8Array(100), ...limits, ...more };
}

function contact(itemId: number, more: Partial<RosterItemRow> = {}): RosterItemRow {
  return { group_id: 1, item_id: itemId, kind: 'contact', type: 0, name: 'x', uin: 1, nickname: null, awaiting: null, mode: null, attributes: null, ...more };
}

const call = <N extends OperationName>(name: N, request: RequestOf<N>): Call => ({ name, request });

/** One group of calls; what each got. */
async function group(service: Service, ...calls: readonly Call[]): Promise<unknown[]> {
  const waiting = [...calls];
  const answers: Answer[] = [];
  while (waiting.length > 0) answers.push(...(await service.serve(() => waiting.shift())));
  assert.deepEqual(
    answers.map((answer) => answer.call),
    calls,
  );
  return answers.map((answer) => (answer.ok ? answer.reply : answer.failure.code));
}

async function opened(): Promise<{ readonly database: DatabaseSync; readonly service: Service }> {
  const database = new DatabaseSync(':memory:');
  await migrate(database, ':memory:');
  const service = writerOn(database);
  await group(service, call('accounts.create', account(10_001)), call('accounts.create', account(10_002)));
  return { database, service };
}

const messagesIn = (database: DatabaseSync): number => (database.prepare('SELECT count(*) AS n FROM message').get() as { n: number }).n;

test('an operation that fails is undone alone', async () => {
  const { database, service } = await opened();
  // The second item has no kind, which the table does not allow: the first must go with it.
  const half = { uin: 10_001, put: [contact(1), contact(2, { kind: null as never })], remove: [], stamp: 5 };
  const results = await group(
    service,
    call('mailboxes.append', message(10_001)),
    call('rosters.save', half),
    call('mailboxes.append', message(10_001)),
    call('rosters.load', 10_001),
  );
  assert.deepEqual(results, [1, 'defect', 2, { stamp: 1, granted: [], items: [] }]);
  assert.equal(messagesIn(database), 2);
});

test('a full disk fails the writes of its group, answers the reads, and is over when there is room', async () => {
  const { database, service } = await opened();
  await group(service, call('mailboxes.append', message(10_001)));
  const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { page_count: number };
  database.exec(`PRAGMA max_page_count = ${pages + 3}`);
  const large = message(10_002, { body: new Uint8Array(100_000) });
  const found = await group(
    service,
    call('mailboxes.append', message(10_001)),
    call('mailboxes.pending', { uin: 10_001, limit: 10 }),
    call('mailboxes.append', large),
    call('mailboxes.append', message(10_001)),
    call('accounts.nextFree', 10_000),
  );
  assert.equal(found[0], 'full');
  // It saw two when it ran first; what was rolled back is not to be seen.
  assert.equal((found[1] as unknown[]).length, 1);
  assert.equal(found[2], 'full');
  // The next group: a small one still fits.
  assert.equal(typeof found[3], 'number');
  assert.equal(found[4], 10_000);
  database.exec('PRAGMA max_page_count = 1000000');
  assert.deepEqual(
    (await group(service, call('mailboxes.append', large))).map((reply) => typeof reply),
    ['number'],
  );
  assert.equal(messagesIn(database), 3);
});

test('a full disk in the middle of an operation leaves nothing of it', async () => {
  const { database, service } = await opened();
  const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { page_count: number };
  database.exec(`PRAGMA max_page_count = ${pages + 1}`);
  const put = Array.from({ length: 100 }, (_, at) => contact(at + 1, { attributes: new Uint8Array(1_000) }));
  assert.deepEqual(await group(service, call('rosters.save', { uin: 10_001, put, remove: [], stamp: 9 })), ['full']);
  assert.deepEqual(await group(service, call('rosters.load', 10_001)), [{ stamp: 1, granted: [], items: [] }]);
});

test('the limits are right again after a rollback', async () => {
  const { database, service } = await opened();
  const two = { messagesMax: 2 };
  await group(service, call('mailboxes.append', message(10_001, two)));
  const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { page_count: number };
  database.exec(`PRAGMA max_page_count = ${pages + 3}`);
  const lost = await group(
    service,
    call('mailboxes.append', message(10_001, two)),
    call('mailboxes.append', message(10_002, { body: new Uint8Array(100_000) })),
  );
  assert.deepEqual(lost, ['full', 'full']);
  database.exec('PRAGMA max_page_count = 1000000');
  const ids = await group(service, call('mailboxes.append', message(10_001, two)), call('mailboxes.append', message(10_001, two)));
  assert.equal(typeof ids[0], 'number');
  assert.equal(ids[1], 'full');
  assert.equal(messagesIn(database), 2);
});

test('a group is no longer than it may be', async () => {
  const { service } = await opened();
  const waiting = Array.from({ length: GROUP_MAX + 1 }, () => call('accounts.find', 10_001));
  assert.equal((await service.serve(() => waiting.shift())).length, GROUP_MAX);
  assert.equal(waiting.length, 1);
});

test('no query reads more than the rows it is about', async () => {
  const database = new DatabaseSync(':memory:');
  await migrate(database, ':memory:');
  const asked = new Set<string>(MAILBOX_SQL);
  const cache = statementCache(database);
  const prepare = (sql: string): ReturnType<typeof cache> => {
    asked.add(sql);
    return cache(sql);
  };
  const writer = writerOn(database, prepare);
  const everything: readonly Call[] = [
    call('accounts.create', account(10_001)),
    call('accounts.create', account(10_003)),
    call('accounts.create', account(10_002)),
    call('accounts.nextFree', 10_000),
    call('accounts.find', 10_001),
    call('accounts.update', { uin: 10_001, changes: { nickname: 'y' } }),
    call('rosters.save', { uin: 10_001, put: [contact(1)], remove: [{ groupId: 1, itemId: 2 }], stamp: 2 }),
    call('rosters.load', 10_001),
    call('rosters.grant', { owner: 10_001, contact: 10_002 }),
    call('rosters.revoke', { owner: 10_001, contact: 10_002 }),
    call('rosters.standing', { owner: 10_001, contact: 10_002 }),
    call('mailboxes.append', message(10_001, { senderId: 'a' })),
    call('mailboxes.pending', { uin: 10_001, limit: 10 }),
    call('mailboxes.confirm', { uin: 10_001, ranges: [{ first: 1, last: 1 }], at: 1 }),
    call('mailboxes.since', { uin: 10_001, after: 0, limit: 10 }),
    call('mailboxes.repeated', { from: 20_000, senderId: 'a', to: 10_001 }),
    call('mailboxes.settle', null),
    call('mailboxes.prune', { deliveredBefore: 1, sentBefore: 1, limit: 10 }),
    call('accounts.remove', 10_001),
  ];
  for (const reply of await group(writer, ...everything)) assert.notEqual(reply, 'defect');
  await group(readerOn(database, prepare), call('accounts.list', { after: 0, limit: 10 }));
  const queries = [...asked].filter((sql) => /^\s*(select|insert|update|delete|replace)\b/i.test(sql));
  assert.ok(queries.length > 25, `${queries.length} queries seen`);
  for (const sql of queries) {
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
    // A list of what another query found is short, and SQLite's own table of last ids has a row for each table; all else has to come from an index, in the order it is wanted.
    const wrong = plan.filter(({ detail }) =>
      /^SCAN (?!json|sqlite_sequence|directory_words VIRTUAL TABLE INDEX 0:=)|USE TEMP B-TREE FOR (?:LAST TERM OF )?ORDER BY/.test(detail),
    );
    assert.deepEqual(wrong, [], `${sql}\n${plan.map(({ detail }) => detail).join('\n')}`);
  }
});

test('the reader survives whatever goes wrong with a backup', async () => {
  const database = new DatabaseSync(':memory:');
  await migrate(database, ':memory:');
  const reader = readerOn(database);
  assert.deepEqual(
    await group(
      reader,
      call('backup', { target: '/no/such/directory/x', files: [] }),
      call('backup', { target: '/', files: [] }),
      call('accounts.count', null),
    ),
    ['broken', 'broken', 0],
  );
  database.close();
});
