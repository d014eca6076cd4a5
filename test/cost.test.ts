/** What signing on, a message and a status change cost does not depend on how many accounts are stored. Counted, not timed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RosterItem, Uin } from '@seekyou/core';
import { openService, createLog, dataFiles } from '@seekyou/server';
import { openStage, type Stage } from './dialogue/stage.ts';

const CONTACTS = 50;
const FIRST = 500_000;

/** Accounts that each have fifty others on their list, written before the server starts. */
async function populate(stage: Stage, accounts: number): Promise<void> {
  const service = await openService(stage.config, dataFiles(stage.data), createLog({ logFile: undefined, logLevel: 'error' }));
  const verifier = { salt: new Uint8Array(16), iterations: 1, storedKey: new Uint8Array(32), serverKey: new Uint8Array(32) };
  const uin = (i: number): Uin => (FIRST + (i % accounts)) as Uin;
  for (let from = 0; from < accounts; from += 500) {
    await Promise.all(
      Array.from({ length: Math.min(500, accounts - from) }, async (_, n) => {
        const i = from + n;
        await service.store.accounts.create({
          uin: uin(i),
          state: 'active',
          createdAt: 0,
          main: verifier,
          nickname: `n${i}`,
          authorisationRequired: false,
          hideAddress: true,
        });
        await service.store.rosters.save(uin(i), { put: contactsOf(i, uin), remove: [], stamp: 1 });
      }),
    );
  }
  await service.close();
}

function contactsOf(i: number, uin: (i: number) => Uin): RosterItem[] {
  const group: RosterItem = { groupId: 1, itemId: 0, kind: 'group', type: 1, name: 'General', attributes: new Uint8Array(0) };
  const contacts = Array.from({ length: CONTACTS }, (_, n): RosterItem => {
    const other = uin(i + 1 + n);
    return { groupId: 1, itemId: n + 1, kind: 'contact', type: 0, name: String(other), uin: other, attributes: new Uint8Array(0) };
  });
  return [group, ...contacts];
}

interface Costs {
  readonly signOn: number;
  readonly message: number;
  readonly status: number;
}

async function costs(accounts: number): Promise<Costs> {
  const stage = await openStage();
  try {
    await stage.server.stop();
    await populate(stage, accounts);
    await stage.restart();
    const alice = await stage.person('alice');
    const bob = await stage.person('bob');
    await alice.signsOn();
    for (let i = 0; i < 3; i++) await alice.client.add(FIRST + i);
    await alice.signsOff();
    await bob.signsOn();
    await bob.client.add(alice.uin);
    const answered = (): number => Object.values(stage.server.store.stats()).reduce((sum, figures) => sum + figures.answered, 0);
    /** Written-behind marks come when they come; those of earlier steps must not count for this one. */
    const counted = async (step: () => Promise<void>): Promise<number> => {
      const before = answered();
      await step();
      return answered() - before;
    };
    const signOn = await counted(async () => {
      await alice.signsOn();
      await bob.sees(alice, 'online');
    });
    const status = await counted(async () => {
      alice.client.setStatus('away');
      await bob.sees(alice, 'away');
    });
    const message = await counted(async () => {
      await alice.says(bob, 'what do I cost?');
      await bob.hears(alice, 'what do I cost?');
    });
    return { signOn, message, status };
  } finally {
    await stage.close();
  }
}

test('with ten thousand accounts of fifty contacts every step costs as many store operations as with ten', async (t) => {
  const few = await costs(10);
  const many = await costs(10_000);
  t.diagnostic(`store operations with 10 accounts ${JSON.stringify(few)}, with 10,000 ${JSON.stringify(many)}`);
  assert.equal(many.status, 0, 'a status change needs no store');
  assert.equal(few.status, 0);
  // A mark of an earlier step, written behind, may fall into any of them.
  for (const step of ['signOn', 'message'] as const) assert.ok(Math.abs(few[step] - many[step]) <= 1, `${step}: ${few[step]} and ${many[step]}`);
  assert.ok(many.message <= 2, `a message took ${many.message}`);
  assert.ok(many.signOn <= 12, `a sign-on took ${many.signOn}`);
});
