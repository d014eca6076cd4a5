/**
 * Fills a small file system through the store, makes room, and goes on: `fill-disk.ts DIRECTORY [there]`. Prints what it saw as
 * one line of JSON.
 */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StoreFailed } from '@seekyou/core';
import { openSqliteStore } from '../sqlite/open.ts';
import { ALICE, account, CALLERS, draft, LIMITS } from './people.ts';

const directory = process.argv[2] as string;
const there = process.argv[3] === 'there';
const ballast = join(directory, 'ballast');
const file = openSync(ballast, 'w');
writeSync(file, new Uint8Array(1024 * 1024));
fsyncSync(file);
closeSync(file);

let broken = 0;
const store = await openSqliteStore({ file: join(directory, 'seekyou.sqlite'), onFailure: () => broken++ });
await store.accounts.create(account(ALICE));
const acknowledged: number[] = [];
const refused: number[] = [];
let number = 0;

/** Each caller goes on until it is refused. */
async function sayUntilRefused(caller: (typeof CALLERS)[number]): Promise<string> {
  for (;;) {
    const mine = number++;
    try {
      await store.mailboxes.append(draft(caller, mine, there), LIMITS);
      acknowledged.push(mine);
    } catch (error) {
      refused.push(mine);
      return error instanceof StoreFailed ? error.code : String(error);
    }
  }
}

async function numbersStored(): Promise<number[]> {
  const messages = await store.mailboxes.pending(ALICE, Infinity);
  return messages.map(({ sentAt }) => sentAt - 1_000);
}

const codes = await Promise.all(CALLERS.map(sayUntilRefused));
const storedWhenFull = await numbersStored();
const acknowledgedWhenFull = [...acknowledged];
const found = await store.accounts.find(ALICE);
const backup = await store.backup(join(directory, 'copy.sqlite')).then(
  () => 'done',
  (error: unknown) => (error instanceof StoreFailed ? error.code : String(error)),
);
rmSync(ballast);
const again: string[] = [];
for (const mine of refused) again.push((await store.mailboxes.append(draft(CALLERS[0] as (typeof CALLERS)[number], mine, there), LIMITS)).outcome);
const storedInTheEnd = await numbersStored();
const journalled = store.stats().journal.answered;
await store.close();

process.stdout.write(
  `${JSON.stringify({ codes, acknowledgedWhenFull, storedWhenFull, found: found?.uin, backup, refused, again, storedInTheEnd, broken, journalled })}\n`,
);
