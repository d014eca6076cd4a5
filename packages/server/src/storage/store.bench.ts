/**
 * What the embedded store does in a second, beside what the disk can do: `node --conditions=source
 * packages/server/src/storage/store.bench.ts [seconds]`. Writes under the working directory, and removes it afterwards.
 */
import { closeSync, fdatasyncSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Account, MailboxLimits, RosterItem, Uin } from '@seekyou/core';
import { openSqliteStore, type SqliteStore } from './sqlite/open.ts';

const SECONDS = Number(process.argv[2] ?? 3);
const NO_LIMITS: MailboxLimits = { messagesMax: Infinity, bytesMax: Infinity, perSenderMax: Infinity };
const TEXT =
  'Was it not you who said that nobody writes letters any more? Here is one, of some two hundred bytes, about as long as people write when they have something to say and a friend who is not there.';

const uin = (value: number): Uin => value as Uin;

interface Timing {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

function timing(waits: number[], elapsedMs: number): Timing {
  waits.sort((a, b) => a - b);
  const at = (share: number): number => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0;
  return { perSecond: (waits.length / elapsedMs) * 1000, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Overwrites of a file that has its size already, as a log does. */
function diskTiming(directory: string): Timing {
  const blocks = 1_000;
  const block = Buffer.alloc(4096, 1);
  const file = openSync(join(directory, 'probe'), 'w');
  for (let i = 0; i < blocks; i++) writeSync(file, block, 0, block.length, i * block.length);
  fsyncSync(file);
  const waits: number[] = [];
  const started = performance.now();
  for (let i = 0; performance.now() - started < 1_000; i++) {
    const at = performance.now();
    writeSync(file, block, 0, block.length, (i % blocks) * block.length);
    fdatasyncSync(file);
    waits.push(performance.now() - at);
  }
  closeSync(file);
  return timing(waits, performance.now() - started);
}

/** Each caller asks again when it was answered. */
async function closedLoop(callers: number, ask: (caller: number) => Promise<unknown>): Promise<Timing> {
  const waits: number[] = [];
  const started = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      while (performance.now() - started < SECONDS * 1000) {
        const at = performance.now();
        await ask(caller);
        waits.push(performance.now() - at);
      }
    }),
  );
  return timing(waits, performance.now() - started);
}

function show(name: string, { perSecond, p50, p99, max }: Timing, extra = ''): void {
  const ms = (value: number): string => value.toFixed(2).padStart(8);
  process.stdout.write(`${name.padEnd(58)} ${Math.round(perSecond).toString().padStart(7)}/s   p50 ${ms(p50)}  p99 ${ms(p99)}  max ${ms(max)} ms  ${extra}\n`);
}

function account(number: number): Account {
  const main = { salt: new Uint8Array(16), iterations: 4096, storedKey: new Uint8Array(32), serverKey: new Uint8Array(32) };
  return { uin: uin(number), state: 'active', createdAt: Date.now(), main, nickname: `user ${number}`, authorisationRequired: false, hideAddress: false };
}

function contact(itemId: number): RosterItem {
  return {
    groupId: 1,
    itemId,
    kind: 'contact',
    type: 0,
    name: String(20_000 + itemId),
    uin: uin(20_000 + itemId),
    nickname: `friend ${itemId}`,
    attributes: new Uint8Array(20),
  };
}

async function measure(store: SqliteStore, directory: string): Promise<void> {
  const accounts = 10_000;
  const first = 10_000;
  show('disk: 4 KiB written and synced', diskTiming(directory));
  await Promise.all(Array.from({ length: accounts }, (_, i) => store.accounts.create(account(first + i))));
  const contacts = Array.from({ length: 50 }, (_, i) => contact(i + 1));
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => store.rosters.save(uin(first + i), { put: contacts, remove: [], stamp: 1 })));

  let turn = 0;
  const someone = (): Uin => uin(first + ((turn++ * 7919) % accounts));
  const append = (to: Uin, limited: boolean): Promise<unknown> =>
    store.mailboxes.append({ from: uin(first + (turn++ % 100)), to, body: { kind: 'text', text: TEXT }, sentAt: Date.now(), limited }, NO_LIMITS);

  for (const callers of [1, 10, 100, 1_000]) {
    const cpu = process.cpuUsage();
    const before = store.stats().writer;
    const result = await closedLoop(callers, () => append(someone(), true));
    const after = store.stats().writer;
    const { user, system } = process.cpuUsage(cpu);
    const each = (user + system) / (result.perSecond * SECONDS);
    show(
      `append, ${callers} callers, any of ${accounts} mailboxes`,
      result,
      `${((after.answered - before.answered) / (after.groups - before.groups)).toFixed(0)} a commit, ${each.toFixed(1)} µs processor each`,
    );
  }
  show('append, 100 callers, one mailbox each', await closedLoop(100, (caller) => append(uin(first + caller), true)));
  show(
    'append, then confirm, 100 callers',
    await closedLoop(100, async () => {
      const to = someone();
      const { id } = (await append(to, false)) as { id: number };
      await store.mailboxes.confirm(to, [{ first: id, last: id }], Date.now());
    }),
  );
  show('accounts.find, 50 callers', await closedLoop(50, () => store.accounts.find(someone())));
  show('rosters.load of 50 contacts, 50 callers', await closedLoop(50, () => store.rosters.load(uin(first + (turn++ % 1_000)))));
  show(
    'rosters.save of 1 contact, 50 callers',
    await closedLoop(50, () => store.rosters.save(someone(), { put: [contact(turn++ % 500)], remove: [], stamp: turn })),
  );
  show('mailboxes.pending, 200 messages, 1 caller', await closedLoop(1, (caller) => store.mailboxes.pending(uin(first + caller), 200)));
  const many = Array.from({ length: 1_000 }, (_, i) => contact(i + 1));
  show('rosters.save of 1,000 contacts, 1 caller', await closedLoop(1, () => store.rosters.save(uin(first), { put: many, remove: [], stamp: turn })));
  const busy = closedLoop(1, async () => await append(someone(), true));
  const backups = performance.now();
  await store.backup(join(directory, 'copy.sqlite'));
  process.stdout.write(`backup under load took ${Math.round(performance.now() - backups)} ms\n`);
  show('append, 1 caller, with a backup', await busy);
  show('disk: 4 KiB written and synced', diskTiming(directory));
}

const directory = mkdtempSync(join(process.cwd(), '.store-bench-'));
try {
  const store = await openSqliteStore({
    file: join(directory, 'seekyou.sqlite'),
    onFailure: (error) => {
      throw error;
    },
  });
  await measure(store, directory);
  await store.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
