import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { storeContract } from '@seekyou/core/testing';
import { openSqliteStore } from './open.ts';

const directory = mkdtempSync(join(tmpdir(), 'seekyou-store-'));
after(() => rm(directory, { recursive: true, force: true }));

let stores = 0;
storeContract('SQLite', () =>
  openSqliteStore({
    file: join(directory, `${++stores}.sqlite`),
    onFailure: (error) => {
      throw error;
    },
  }),
);
