/** Brings a database file to the tables of this version: forward only, after a copy of what was there. */
import { readFileSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Kysely } from 'kysely';
import { copyDatabase } from './copy.ts';
import { kyselyOn, statementCache } from './dialect.ts';
import { ThreadFailure } from './failure.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';
import type { Tables } from './schema.ts';

/** "SYOU" in the file's header tells our databases from others. */
const APPLICATION_ID = 0x53594f55;

/** Beside twice the database: its copy, and its tables written anew. */
const SPARE_BYTES = 16 * 1024 * 1024;

export interface MigrateOptions {
  readonly migrations: readonly Migration[];
  /** The seekyou that migrates, as people would install it. */
  readonly release: string;
  /** Bytes a user may still write in a directory. */
  readonly freeBytes: (directory: string) => number;
}

/**
 * @throws ThreadFailure `broken` when the file is not ours or a newer seekyou wrote it, `full` when there is no room for a
 *   copy; the file is as it was then
 */
export async function migrate(database: DatabaseSync, file: string, options: Partial<MigrateOptions> = {}): Promise<void> {
  const { migrations, release, freeBytes } = { migrations: MIGRATIONS, release: ownRelease(), freeBytes: freeBytesIn, ...options };
  const db = kyselyOn(statementCache(database));
  const found = await versionOf(database, db, file);
  const latest = migrations.at(-1)?.version ?? 0;
  if (found.version > latest) {
    throw new ThreadFailure(
      'broken',
      `${file} was written by seekyou ${found.release} (schema ${found.version}); this is seekyou ${release} (schema ${latest}). ` +
        `Install seekyou ${found.release} or newer.`,
    );
  }
  if (found.version === latest) return;
  if (found.version > 0) keepCopy(database, file, latest, freeBytes);
  await apply(
    database,
    db,
    migrations.filter(({ version }) => version > found.version),
    release,
  );
}

interface Found {
  readonly version: number;
  readonly release: string;
}

async function versionOf(database: DatabaseSync, db: Kysely<Tables>, file: string): Promise<Found> {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[];
  if (tables.length === 0) return { version: 0, release: '' };
  if (!tables.some(({ name }) => name === 'schema_version')) throw new ThreadFailure('broken', `${file} is a database, but not one of seekyou's`);
  const found = await db.selectFrom('schema_version').select(['version', 'release']).orderBy('version', 'desc').limit(1).executeTakeFirst();
  return found ?? { version: 0, release: '' };
}

function keepCopy(database: DatabaseSync, file: string, version: number, freeBytes: (directory: string) => number): void {
  const directory = dirname(file);
  const needed = 2 * statSync(file).size + SPARE_BYTES;
  const free = freeBytes(directory);
  if (free < needed) {
    throw new ThreadFailure(
      'full',
      `${basename(file)} must be converted to schema ${version}: that needs ${megabytes(needed)} in ${directory}, ${megabytes(free)} are free`,
    );
  }
  copyDatabase(database, join(directory, `before-${version}.sqlite`));
}

async function apply(database: DatabaseSync, db: Kysely<Tables>, steps: readonly Migration[], release: string): Promise<void> {
  // A step that makes a table anew would take away what refers to it; the check afterwards finds what really is missing.
  database.exec('PRAGMA foreign_keys = OFF');
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, release TEXT NOT NULL)');
    for (const step of steps) {
      await step.up(db as unknown as Kysely<unknown>);
      await db.insertInto('schema_version').values({ version: step.version, release }).execute();
    }
    const missing = database.prepare('PRAGMA foreign_key_check').all();
    if (missing.length > 0) throw new Error(`after migrating, ${missing.length} rows refer to missing ones; first: ${JSON.stringify(missing[0])}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  } finally {
    database.exec('PRAGMA foreign_keys = ON');
  }
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MB`;

function freeBytesIn(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

function ownRelease(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}
