import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { type DirectoryQuery, EMPTY_PROFILE, folded, type Message, type SearchText, type Uin } from '@seekyou/core';
import { sql } from 'kysely';
import { openWriter } from './database.ts';
import { ThreadFailure } from './failure.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';
import { openSqliteStore } from './open.ts';
import { profileColumn } from './profiles.ts';

const directory = mkdtempSync(join(tmpdir(), 'seekyou-migrate-'));
after(() => rm(directory, { recursive: true, force: true }));

const uin = (value: number): Uin => value as Uin;
let files = 0;
/** A name in a directory of its own: copies lie beside the file. */
const newFile = (): string => join(mkdtempSync(join(directory, `${++files}-`)), 'seekyou.sqlite');
const beside = (file: string, name: string): string => join(file, '..', name);

/** The oldest database there is, as its release left it. */
function oldest(): string {
  const file = newFile();
  const database = new DatabaseSync(file);
  database.exec(readFileSync(new URL('./testdata/schema-1.sql', import.meta.url), 'utf8'));
  database.close();
  return file;
}

const latest = MIGRATIONS.at(-1)?.version as number;
const addColumn: Migration = {
  version: latest + 1,
  up: async (db) => void (await sql`ALTER TABLE account ADD COLUMN motto TEXT NOT NULL DEFAULT 'none'`.execute(db)),
};
const PLENTY = (): number => 1e12;

function schemaOf(database: DatabaseSync): unknown {
  const rows = database.prepare("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name").all() as {
    sql: string | null;
  }[];
  return rows.map((row) => ({ ...row, sql: row.sql?.replaceAll(/\s+/g, ' ').replace(' IF NOT EXISTS', '') }));
}

const versionsIn = (database: DatabaseSync): unknown =>
  database
    .prepare('SELECT version, release FROM schema_version')
    .all()
    .map((row) => ({ ...row }));
const ordinary = (messages: readonly Message[]): unknown => messages.map(({ id, from, sentAt, body }) => [id, from, sentAt, body]);

test('the oldest database serves today, with everything in it', async () => {
  const store = await openSqliteStore({
    file: oldest(),
    onFailure: (error) => {
      throw error;
    },
  });
  try {
    const main = { salt: Uint8Array.of(1, 2, 3), iterations: 4096, storedKey: new Uint8Array(32).fill(7), serverKey: new Uint8Array(32).fill(8) };
    assert.deepEqual(await store.accounts.list(0, 10), [
      {
        uin: 10_001,
        state: 'active',
        createdAt: 981_173_106_007,
        main,
        old: Uint8Array.of(1, 0, 255),
        nickname: 'Анна',
        codepage: 1251,
        authorisationRequired: true,
        hideAddress: false,
        lastSeenAt: 981_173_200_000,
      },
      { uin: 10_002, state: 'suspended', createdAt: 981_173_106_008, main, nickname: 'half \ud83d', authorisationRequired: false, hideAddress: true },
    ]);
    assert.equal(await store.accounts.nextFree(uin(10_000)), 10_000);
    assert.equal(await store.accounts.nextFree(uin(10_001)), 10_004);
    const roster = await store.rosters.load(uin(10_001));
    assert.deepEqual([roster.stamp, roster.granted], [981_173_300, [10_002]]);
    assert.deepEqual(roster.items, [
      { groupId: 0, itemId: 6, kind: 'ignore', type: 14, name: '4294967294', uin: 4_294_967_294, attributes: new Uint8Array(0) },
      { groupId: 0, itemId: 7, kind: 'visibility', type: 4, name: '', mode: 'not-denied', attributes: Uint8Array.of(0, 0xca, 0, 1, 4) },
      { groupId: 1, itemId: 0, kind: 'group', type: 1, name: 'Друзья', attributes: new Uint8Array(0) },
      {
        groupId: 1,
        itemId: 5,
        kind: 'contact',
        type: 0,
        name: '10002',
        uin: 10_002,
        nickname: "O'Neil",
        awaiting: true,
        attributes: Uint8Array.of(0, 0x66, 0, 0),
      },
    ]);
    const link = { kind: 'url', url: 'http://x', caption: 'c', original: { format: 'icbm/1', bytes: Uint8Array.of(0, 254, 255) } };
    assert.deepEqual(ordinary(await store.mailboxes.pending(uin(10_002), 10)), [[2, 10_001, 981_173_120_000, link]]);
    assert.deepEqual(ordinary(await store.mailboxes.since(uin(10_002), 0, 10)), [
      [1, 10_001, 981_173_110_000, { kind: 'text', text: 'first' }],
      [2, 10_001, 981_173_120_000, link],
    ]);
    assert.deepEqual(ordinary(await store.mailboxes.pending(uin(10_001), 10)), [[3, 10_002, 981_173_130_000, { kind: 'auth-request', reason: 'пусти' }]]);
  } finally {
    await store.close();
  }
});

test('an old database and a new one end alike', async () => {
  const [oldFile, freshFile] = [oldest(), newFile()];
  const [old, fresh] = [openWriter(oldFile), openWriter(freshFile)];
  await migrate(old, oldFile);
  await migrate(fresh, freshFile);
  assert.deepEqual(schemaOf(old), schemaOf(fresh));
  assert.deepEqual(old.prepare('PRAGMA application_id').get(), fresh.prepare('PRAGMA application_id').get());
  old.close();
  fresh.close();
});

test('live messages of a server before the journal wait, since nobody is known to have them', async () => {
  const file = newFile();
  const database = new DatabaseSync(file);
  await migrate(database, file, { migrations: MIGRATIONS.filter(({ version }) => version <= 4) });
  const insert = database.prepare("INSERT INTO message (recipient, sender, sent_at, size, delivered_at, body) VALUES (10001, 10002, 1, 1, ?, x'0101')");
  for (const deliveredAt of [5, 0, null, null]) insert.run(deliveredAt);
  await migrate(database, file, { freeBytes: PLENTY });
  const found = database.prepare('SELECT delivered_at FROM message ORDER BY id').all() as { delivered_at: number }[];
  assert.deepEqual(
    found.map((row) => row.delivered_at),
    [5, 0, 0, 0],
  );
  assert.deepEqual({ ...database.prepare('SELECT last FROM settled').get() }, { last: 4 });
  database.close();
});

/** A database of an older version, in which two accounts have told something. */
async function toldBefore(version: number, fill: (database: DatabaseSync) => void): Promise<string> {
  const file = newFile();
  const database = new DatabaseSync(file);
  await migrate(database, file, { migrations: MIGRATIONS.filter((step) => step.version < version) });
  const account = database.prepare("INSERT INTO account VALUES (?, 'active', 1, x'01', 4096, x'02', x'03', NULL, '', NULL, 0, 0, NULL, 1, NULL)");
  for (const number of [10_001, 10_002]) account.run(number);
  fill(database);
  database.close();
  return file;
}

const opened = (file: string): ReturnType<typeof openSqliteStore> =>
  openSqliteStore({
    file,
    onFailure: (error) => {
      throw error;
    },
  });

test('whom nobody might connect to directly hides his address', async () => {
  const careful = { ...EMPTY_PROFILE, about: 'lone \ud83d and \0 "quoted" 山田', directPermissions: 2 };
  const file = await toldBefore(6, (database) => {
    const insert = database.prepare('INSERT INTO profile (uin, data) VALUES (?, ?)');
    insert.run(10_001, profileColumn(careful));
    insert.run(10_002, profileColumn({ ...EMPTY_PROFILE, directPermissions: 0 }));
    database.exec('UPDATE account SET hide_address = 1 WHERE uin = 10002');
  });
  const store = await opened(file);
  try {
    assert.deepEqual(await store.profiles.load(uin(10_001)), { ...careful, directPermissions: 1 });
    // Never the other way.
    assert.deepEqual(await store.profiles.load(uin(10_002)), EMPTY_PROFILE);
    const accounts = await store.accounts.list(0, 10);
    assert.deepEqual(
      accounts.map(({ hideAddress }) => hideAddress),
      [true, true],
    );
  } finally {
    await store.close();
  }
});

test('Greek that was stored with the σ that ends a word is found', async () => {
  const file = await toldBefore(7, (database) => {
    database.exec(`
      INSERT INTO directory (uin) VALUES (10001), (10002);
      INSERT INTO directory_text (field, text, uin) VALUES
        (1, 'διονυσιος', 10001), (4, 'ας@example.org', 10001), (4, 'ασ@example.org', 10001), (4, 'b@example.org', 10001), (1, 'anna', 10002);
      INSERT INTO directory_topic (kind, category, uin, place, words) VALUES (1, 104, 10001, 0, 'κοσμος'), (1, 105, 10002, 0, 'ο κοσμος μας');
      INSERT INTO directory_words (rowid, nickname, email, topics) VALUES
        (10001, 'διονυσιος', 'ας@example.org' || char(10) || 'ασ@example.org' || char(10) || 'b@example.org', 'κοσμος'),
        (10002, 'anna', NULL, 'ο κοσμος μας')`);
  });
  const store = await opened(file);
  try {
    const finds = async (asked: Partial<DirectoryQuery>): Promise<number[]> => {
      const query = { texts: [], topics: [], keywords: '', gender: 0, language: 0, country: 0, occupation: 0, ...asked };
      return (await store.directory.search(query, 10)).map((found) => found.uin);
    };
    for (const [field, text, found] of [
      ['nickname', 'ΔΙΟΝΥΣΙΟΣ', 10_001],
      ['nickname', 'ΔΙΟΝΥΣΙΟΣ*', 10_001],
      ['nickname', '*ΥΣΙΟΣ', 10_001],
      ['nickname', '*ann*', 10_002],
      ['email', 'ΑΣ@example.org', 10_001],
      ['email', '*σ@example.org', 10_001],
      ['email', '*b@example*', 10_001],
    ] as const satisfies readonly (readonly [SearchText, string, number])[]) {
      const texts = [{ field, pattern: { text: folded(text), wild: text.includes('*') } }];
      assert.deepEqual(await finds({ texts }), [found], text);
    }
    assert.deepEqual(await finds({ keywords: folded('ΚΟΣΜΟΣ') }), [10_001, 10_002]);
    assert.deepEqual(await finds({ topics: [{ kind: 'interest', category: 105, words: folded('μας') }] }), [10_002]);
  } finally {
    await store.close();
  }
});

test('a step forward keeps a copy of what was there', async () => {
  const file = oldest();
  const database = openWriter(file);
  const options = { migrations: [...MIGRATIONS, addColumn], release: '9.8.7', freeBytes: PLENTY };
  await migrate(database, file, options);
  assert.deepEqual(database.prepare('SELECT uin, motto FROM account LIMIT 1').get(), Object.assign(Object.create(null), { uin: 10_001, motto: 'none' }));
  assert.deepEqual((versionsIn(database) as unknown[]).at(-1), { version: latest + 1, release: '9.8.7' });
  assert.deepEqual({ ...database.prepare('PRAGMA foreign_keys').get() }, { foreign_keys: 1 });
  const copy = beside(file, `before-${latest + 1}.sqlite`);
  const before = new DatabaseSync(copy);
  assert.deepEqual(versionsIn(before), [{ version: 1, release: '0.1.0' }]);
  assert.deepEqual({ ...before.prepare('SELECT count(*) AS n FROM message').get() }, { n: 3 });
  before.close();
  // Once is enough.
  await rm(copy);
  await migrate(database, file, options);
  assert.equal(existsSync(copy), false);
  database.close();
});

test('a step that fails leaves the database as it was', async () => {
  const file = oldest();
  const database = openWriter(file);
  const before = schemaOf(database);
  const fails: Migration = { version: latest + 2, up: () => Promise.reject(new Error('on purpose')) };
  await assert.rejects(migrate(database, file, { migrations: [...MIGRATIONS, addColumn, fails], freeBytes: PLENTY }), /on purpose/);
  assert.deepEqual(schemaOf(database), before);
  const orphans: Migration = { version: latest + 1, up: async (db) => void (await sql`DELETE FROM account`.execute(db)) };
  await assert.rejects(migrate(database, file, { migrations: [...MIGRATIONS, orphans], freeBytes: PLENTY }), /refer to missing ones/);
  assert.deepEqual({ ...database.prepare('SELECT count(*) AS n FROM account').get() }, { n: 2 });
  database.close();
});

test('without room for a copy nothing is touched, and the sentence says how much is missing', async () => {
  const file = oldest();
  const database = openWriter(file);
  await assert.rejects(migrate(database, file, { migrations: [...MIGRATIONS, addColumn], freeBytes: () => 3_000_000 }), (error: unknown) => {
    assert.ok(error instanceof ThreadFailure);
    assert.equal(error.code, 'full');
    assert.match(error.message, /needs \d+ MB in .*, 3 MB are free/);
    return true;
  });
  assert.deepEqual(versionsIn(database), [{ version: 1, release: '0.1.0' }]);
  assert.equal(existsSync(beside(file, `before-${latest + 1}.sqlite`)), false);
  database.close();
});

const failsWith = (file: string, pattern: RegExp): Promise<void> =>
  assert.rejects(openSqliteStore({ file, onFailure: () => assert.fail('it was never open') }), (error: unknown) => {
    assert.equal((error as Error).name, 'StoreFailed');
    assert.match((error as Error).message, pattern);
    return true;
  });

test('a database of a newer version names the version to install', async () => {
  const file = oldest();
  const database = new DatabaseSync(file);
  database.exec("INSERT INTO schema_version VALUES (4711, '9.8.7')");
  database.close();
  await failsWith(
    file,
    /seekyou\.sqlite was written by seekyou 9\.8\.7 \(schema 4711\); this is seekyou \d+\.\d+\.\d+ \(schema \d+\)\. Install seekyou 9\.8\.7 or newer\./,
  );
});

test('what is no database of ours is refused and not touched', async () => {
  const other = newFile();
  const database = new DatabaseSync(other);
  database.exec('CREATE TABLE recipe (name TEXT)');
  database.close();
  await failsWith(other, /not one of seekyou's/);
  const letter = newFile();
  writeFileSync(letter, 'Dear Sir or Madam, '.repeat(1_000));
  await failsWith(letter, /seekyou\.sqlite: file is not a database/);
  assert.match(readFileSync(letter, 'utf8'), /^(Dear Sir or Madam, )+$/);
  await failsWith('/no/such/directory/seekyou.sqlite', /\/no\/such\/directory/);
});
