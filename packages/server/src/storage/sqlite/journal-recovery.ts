/** What a server that was killed had in its journal and not yet in the database. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { batchesOf, type Entry, entryAt, lengthAt, segmentFiles } from './journal-format.ts';

// An account may have gone since; a message of the same sender's id may have come another way.
const INSERT = `
  INSERT INTO message (id, recipient, sender, sent_at, size, sender_id, delivered_at, body)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, 0, ?7 WHERE EXISTS (SELECT 1 FROM account WHERE uin = ?2 AND state <> 'deleted')
  ON CONFLICT DO NOTHING`;
const SETTLED = 'SELECT last FROM settled WHERE one = 1';
const SETTLE = 'UPDATE settled SET last = ? WHERE one = 1';

/**
 * Enters into the database what only the journal has, as waiting, and removes the journal's files.
 *
 * @param file the database's
 * @throws what SQLite and the file system throw; the files are all there then
 */
export function recoverJournal(database: DatabaseSync, file: string): void {
  if (file === ':memory:') return;
  const files = segmentFiles(file, readdirSync(dirname(file)));
  if (files.length === 0) return;
  const batches = files.flatMap((segment) => batchesOf(readFileSync(segment))).sort((a, b) => a.number - b.number);
  database.exec('BEGIN IMMEDIATE');
  try {
    enter(
      database,
      batches.map(({ entries }) => entries),
    );
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  for (const segment of files) rmSync(segment);
}

function enter(database: DatabaseSync, batches: readonly Buffer[]): void {
  const insert = database.prepare(INSERT);
  let { last } = database.prepare(SETTLED).get() as { last: number };
  for (const { id, recipient, sender, sentAt, size, senderId, body } of entriesOf(batches)) {
    if (id <= last) continue;
    insert.run(id, recipient, sender, sentAt, size, senderId, body);
    last = id;
  }
  database.prepare(SETTLE).run(last);
}

function* entriesOf(batches: readonly Buffer[]): Iterable<Entry> {
  for (const entries of batches) for (let at = 0; at < entries.length; at += lengthAt(entries, at)) yield entryAt(entries, at);
}
