/** Kysely on `node:sqlite`. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import type { Tables } from './schema.ts';

/** Distinct queries are those of the source code, times the columns an update may name; this many is a mistake somewhere. */
const STATEMENTS_MAX = 500;

export type Statements = (sql: string) => StatementSync;

/** Prepares each text once. */
export function statementCache(database: DatabaseSync): Statements {
  const cache = new Map<string, StatementSync>();
  return (sql) => {
    let statement = cache.get(sql);
    if (statement === undefined) {
      if (cache.size >= STATEMENTS_MAX) cache.clear();
      statement = database.prepare(sql);
      cache.set(sql, statement);
    }
    return statement;
  };
}

/** Closing the database stays with the caller. */
export function kyselyOn<T = Tables>(statements: Statements): Kysely<T> {
  type Parameters = readonly (string | number | null | Uint8Array)[];
  return new Kysely<T>({
    dialect: new SqliteDialect({
      database: {
        close: () => undefined,
        prepare: (sql) => {
          const statement = statements(sql);
          return {
            reader: statement.columns().length > 0,
            all: (parameters) => statement.all(...(parameters as Parameters)),
            run: (parameters) => statement.run(...(parameters as Parameters)),
            iterate: (parameters) => statement.iterate(...(parameters as Parameters)),
          };
        },
      },
    }),
  });
}
