/**
 * Every step from an empty database to today's tables, in order. A step that was released is never edited: databases out
 * there have taken it.
 */
import { folded } from '@seekyou/core';
import { type Kysely, sql } from 'kysely';
import { TextField } from './profiles.ts';
import type { TextColumn } from './schema.ts';
import { fromColumn } from './text.ts';

export interface Migration {
  readonly version: number;
  up(db: Kysely<unknown>): Promise<void>;
}

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, up: firstTables },
  { version: 2, up: bansAndPlaces },
  { version: 3, up: roomsAndPictures },
  { version: 4, up: directory },
  { version: 5, up: history },
  { version: 6, up: hiddenAddresses },
  { version: 7, up: finalSigma },
];

/** Who may not come in, and where accounts signed on from. */
async function bansAndPlaces(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE ban (target TEXT PRIMARY KEY, reason TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER) WITHOUT ROWID`.execute(db);
  await sql`CREATE TABLE place (
    owner INTEGER NOT NULL REFERENCES account (uin),
    mark TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (owner, mark)
  ) WITHOUT ROWID`.execute(db);
}

/** Rooms that outlive a restart, and what accounts show of their owners. */
async function roomsAndPictures(db: Kysely<unknown>): Promise<void> {
  for (const statement of ROOMS_AND_PICTURES) await statement.execute(db);
}

const ROOMS_AND_PICTURES = [
  sql`CREATE TABLE room (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    owner INTEGER NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    created_by INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL
  ) WITHOUT ROWID`,
  sql`CREATE UNIQUE INDEX room_name ON room (owner, folded)`,
  sql`CREATE INDEX room_created_by ON room (created_by)`,
  // What is too old is found from the left.
  sql`CREATE INDEX room_used_at ON room (used_at)`,
  sql`CREATE TABLE room_guest (
    room TEXT NOT NULL REFERENCES room (id),
    uin INTEGER NOT NULL,
    PRIMARY KEY (room, uin)
  ) WITHOUT ROWID`,
  sql`CREATE INDEX room_guest_uin ON room_guest (uin)`,

  sql`CREATE TABLE picture (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL)`,
  sql`CREATE TABLE picture_owner (
    owner INTEGER NOT NULL REFERENCES account (uin),
    kind TEXT NOT NULL,
    hash TEXT NOT NULL REFERENCES picture (hash),
    PRIMARY KEY (owner, kind)
  ) WITHOUT ROWID`,
  sql`CREATE INDEX picture_owner_hash ON picture_owner (hash)`,
  sql`ALTER TABLE account ADD COLUMN pictures TEXT`,
];

/** Fresh messages are in the journal now (journal.ts), and what was confirmed live lies together. */
async function history(db: Kysely<unknown>): Promise<void> {
  for (const statement of HISTORY) await statement.execute(db);
}

const HISTORY = [
  // Nobody is known to have those.
  sql`UPDATE message SET delivered_at = 0 WHERE delivered_at IS NULL`,
  sql`UPDATE settled SET last = max(last, coalesce((SELECT max(id) FROM message), 0))`,
  sql`CREATE TABLE history (
    recipient INTEGER NOT NULL,
    last INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    delivered_at INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    entries BLOB NOT NULL,
    PRIMARY KEY (recipient, last)
  ) WITHOUT ROWID`,
  sql`CREATE INDEX history_waiting ON history (recipient, last) WHERE delivered_at = 0`,
  // What is too old is found from the left; what is delivered is added at the right.
  sql`CREATE INDEX history_age ON history (delivered_at, sent_at, messages)`,
];

/** That nobody may connect directly is the account's `hide_address` now; profiles keep whether else anybody may, or contacts. */
async function hiddenAddresses(db: Kysely<unknown>): Promise<void> {
  for (const statement of HIDDEN_ADDRESSES) await statement.execute(db);
}

const HIDDEN_ADDRESSES = [
  sql`UPDATE account SET hide_address = 1 WHERE uin IN (SELECT uin FROM profile WHERE data ->> 'directPermissions' = 2)`,
  // What it was before nobody knows; who was careful stays so when he shows his address again.
  sql`UPDATE profile SET data = json_set(data, '$.directPermissions', 1) WHERE data ->> 'directPermissions' = 2`,
];

/** `folded` makes σ of ς now. */
async function finalSigma(db: Kysely<unknown>): Promise<void> {
  for (const statement of FINAL_SIGMA) await statement.execute(db);
}

const FINAL_SIGMA = [
  sql`CREATE TEMP TABLE greek AS
    SELECT uin FROM directory_text WHERE instr(text, 'ς') UNION SELECT uin FROM directory_topic WHERE instr(words, 'ς')`,
  // Two addresses of somebody may be one now.
  sql`UPDATE OR REPLACE directory_text SET text = replace(text, 'ς', 'σ') WHERE instr(text, 'ς')`,
  sql`UPDATE directory_topic SET words = replace(words, 'ς', 'σ') WHERE instr(words, 'ς')`,
  sql`DELETE FROM directory_words WHERE rowid IN (SELECT uin FROM greek)`,
  sql`INSERT INTO directory_words (rowid, nickname, first, last, email, topics)
    SELECT uin,
      group_concat(text, char(10)) FILTER (WHERE field = ${sql.lit(TextField.nickname)}),
      group_concat(text, char(10)) FILTER (WHERE field = ${sql.lit(TextField.first)}),
      group_concat(text, char(10)) FILTER (WHERE field = ${sql.lit(TextField.last)}),
      group_concat(text, char(10)) FILTER (WHERE field = ${sql.lit(TextField.email)}),
      (SELECT group_concat(words, char(10)) FROM directory_topic WHERE uin = greek.uin)
    FROM greek LEFT JOIN directory_text USING (uin) GROUP BY uin`,
  sql`DROP TABLE greek`,
];

/** What people tell of themselves, and where it is searched. */
async function directory(db: Kysely<unknown>): Promise<void> {
  for (const statement of DIRECTORY) await statement.execute(db);
  // Nicknames are older than profiles.
  const named = await sql<{ readonly uin: number; readonly nickname: TextColumn }>`SELECT uin, nickname FROM account WHERE nickname <> ''`.execute(db);
  for (const { uin, nickname } of named.rows) {
    const text = folded(fromColumn(nickname));
    if (text === '') continue;
    await sql`INSERT INTO directory (uin) VALUES (${uin})`.execute(db);
    await sql`INSERT INTO directory_text (field, text, uin) VALUES (${TextField.nickname}, ${text}, ${uin})`.execute(db);
    await sql`INSERT INTO directory_words (rowid, nickname) VALUES (${uin}, ${text})`.execute(db);
  }
}

const DIRECTORY = [
  sql`CREATE TABLE profile (uin INTEGER PRIMARY KEY REFERENCES account (uin), data TEXT NOT NULL)`,
  // Narrow: where nothing can be looked up, all of it is read.
  sql`CREATE TABLE directory (
    uin INTEGER PRIMARY KEY REFERENCES account (uin),
    gender INTEGER NOT NULL DEFAULT 0,
    country INTEGER NOT NULL DEFAULT 0,
    occupation INTEGER NOT NULL DEFAULT 0,
    language1 INTEGER NOT NULL DEFAULT 0,
    language2 INTEGER NOT NULL DEFAULT 0,
    language3 INTEGER NOT NULL DEFAULT 0,
    born INTEGER NOT NULL DEFAULT 0,
    age INTEGER NOT NULL DEFAULT 0,
    web_aware INTEGER NOT NULL DEFAULT 0
  )`,
  sql`CREATE TABLE directory_text (
    field INTEGER NOT NULL,
    text TEXT NOT NULL,
    uin INTEGER NOT NULL,
    PRIMARY KEY (field, text, uin)
  ) WITHOUT ROWID`,
  sql`CREATE INDEX directory_text_uin ON directory_text (uin, field)`,
  sql`CREATE TABLE directory_topic (
    kind INTEGER NOT NULL,
    category INTEGER NOT NULL,
    uin INTEGER NOT NULL,
    place INTEGER NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (kind, category, uin, place)
  ) WITHOUT ROWID`,
  sql`CREATE INDEX directory_topic_uin ON directory_topic (uin)`,
  // Texts are in the tables above; this only finds them by their parts.
  sql`CREATE VIRTUAL TABLE directory_words USING fts5 (
    nickname, first, last, email, topics,
    content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1'
  )`,
];

async function firstTables(db: Kysely<unknown>): Promise<void> {
  for (const statement of FIRST_TABLES) await statement.execute(db);
}

const FIRST_TABLES = [
  sql`CREATE TABLE account (
    uin INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    salt BLOB NOT NULL,
    iterations INTEGER NOT NULL,
    stored_key BLOB NOT NULL,
    server_key BLOB NOT NULL,
    old BLOB,
    nickname TEXT NOT NULL,
    codepage INTEGER,
    authorisation_required INTEGER NOT NULL,
    hide_address INTEGER NOT NULL,
    last_seen_at INTEGER,
    roster_stamp INTEGER NOT NULL
  )`,
  sql`CREATE TABLE used_uins (first INTEGER PRIMARY KEY, last INTEGER NOT NULL)`,

  // A roster lies together, in as few pages as it can.
  sql`CREATE TABLE roster_item (
    owner INTEGER NOT NULL REFERENCES account (uin),
    group_id INTEGER NOT NULL,
    item_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    type INTEGER NOT NULL,
    name TEXT NOT NULL,
    uin INTEGER,
    nickname TEXT,
    awaiting INTEGER,
    mode TEXT,
    attributes BLOB,
    PRIMARY KEY (owner, group_id, item_id)
  ) WITHOUT ROWID`,
  // Each message asks this.
  sql`CREATE INDEX roster_item_ignored ON roster_item (owner, uin) WHERE kind = 'ignore'`,

  sql`CREATE TABLE authorisation (
    owner INTEGER NOT NULL REFERENCES account (uin),
    contact INTEGER NOT NULL,
    PRIMARY KEY (owner, contact)
  ) WITHOUT ROWID`,
  sql`CREATE INDEX authorisation_contact ON authorisation (contact)`,

  // AUTOINCREMENT: an id is never given twice, also when the newest message was forgotten; cursors of clients rely on it.
  // `recipient` has no foreign key: its check on delete would read the whole table, the indexes below being partial.
  sql`CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recipient INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sender_id TEXT,
    delivered_at INTEGER,
    body BLOB NOT NULL
  )`,
  // `delivered_at`: null while a message is fresh (fresh.ts), 0 while it waits, then when it was confirmed. It is in one index
  // or the other, so that the first stays small enough to be in memory whole; that one answers the limits without a look at
  // the messages.
  sql`CREATE INDEX message_waiting ON message (recipient, id, sender, size) WHERE delivered_at = 0`,
  sql`CREATE INDEX message_delivered ON message (recipient, id) WHERE delivered_at > 0`,
  sql`CREATE UNIQUE INDEX message_sender_id ON message (sender, sender_id, recipient) WHERE sender_id IS NOT NULL`,
  // What is too old is found from the left; what comes is added at the right.
  sql`CREATE INDEX message_sent_at ON message (sent_at)`,
  sql`CREATE INDEX message_delivered_at ON message (delivered_at) WHERE delivered_at > 0`,
  // Fresh messages have ids above this.
  sql`CREATE TABLE settled (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL)`,
  sql`INSERT INTO settled VALUES (1, 0)`,
];
