/**
 * A process that stores messages until it is killed: `append.ts FILE FIRST [there]`. Prints a line `NUMBER ID` for each one that
 * was acknowledged, in a write of its own, so that what is printed was acknowledged for certain.
 */
import { writeSync } from 'node:fs';
import type { Uin } from '@seekyou/core';
import { openSqliteStore } from '../sqlite/open.ts';
import { ALICE, account, CALLERS, draft, LIMITS } from './people.ts';

const file = process.argv[2] as string;
let number = Number(process.argv[3]);
const there = process.argv[4] === 'there';

const store = await openSqliteStore({
  file,
  onFailure: (error) => {
    throw error;
  },
});
await store.accounts.create(account(ALICE));

async function keepSaying(caller: Uin): Promise<never> {
  for (;;) {
    const mine = number++;
    const appended = await store.mailboxes.append(draft(caller, mine, there), LIMITS);
    if (appended.outcome !== 'stored') throw new Error(`message ${mine} was ${appended.outcome}`);
    writeSync(1, `${mine} ${appended.id}\n`);
  }
}

await Promise.all(CALLERS.map(keepSaying));
