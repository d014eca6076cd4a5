/** Opens the database file as each thread needs it. */
import { DatabaseSync } from 'node:sqlite';

/** Waiting for another program that holds the file; nobody should. */
const BUSY_MS = 5_000;

/** Pages kept in memory, in KiB. */
const WRITER_CACHE_KIB = 16 * 1024;
const READER_CACHE_KIB = 4 * 1024;

/**
 * Pages in the log before a commit writes them back into the file. Fewer, and busy pages are written back again and again;
 * more, and that commit keeps everybody waiting: 2,000 different pages take some 10 ms. Writing them back from a thread of
 * its own was measured too and gained nothing, as it takes the disk away from the commits just the same.
 */
const LOG_PAGES = 2_000;
/** The log keeps its size between uses, unless something unusual made it grow. */
const LOG_BYTES_KEPT = 64 * 1024 * 1024;

export function openWriter(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  // FULL: each commit waits until the disk has it. NORMAL would lose acknowledged messages with the power.
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -${WRITER_CACHE_KIB};
    PRAGMA wal_autocheckpoint = ${LOG_PAGES};
    PRAGMA journal_size_limit = ${LOG_BYTES_KEPT};
    PRAGMA temp_store = MEMORY;
  `);
  return database;
}

export function openReader(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_MS, readOnly: true });
  database.exec(`PRAGMA cache_size = -${READER_CACHE_KIB}`);
  return database;
}
