/**
 * Every step from an empty database to today's tables, in order. A step that was released is never edited: databases out
 * there have taken it.
 */
import { type Kysely, sql } from 'kysely';

export interface Migration {
  readonly version: number;
  up(db: Kysely<unknown>): Promise<void>;
}

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, up: firstTables },
  { version: 2, up: bansAndPlaces },
  { version: 3, up: roomsAndPictures },
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
