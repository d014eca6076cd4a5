/** Accounts and rosters. What is asked at every sign-on is SQL by hand, the rest goes through Kysely. */
import type { Kysely } from 'kysely';
import type { Statements } from './dialect.ts';
import { ThreadFailure } from './failure.ts';
import type { Mailboxes } from './mailboxes.ts';
import type { Implementation, RosterItemTuple } from './protocol.ts';
import { forgetPicturesOf } from './pictures.ts';
import type { Profiles } from './profiles.ts';
import { forgetRoomsOf } from './rooms.ts';
import type { AccountRow, RosterItemRow, Tables } from './schema.ts';
import { fromColumn } from './text.ts';

const ACCOUNT_COLUMNS = [
  'uin',
  'state',
  'created_at',
  'salt',
  'iterations',
  'stored_key',
  'server_key',
  'old',
  'nickname',
  'codepage',
  'authorisation_required',
  'hide_address',
  'last_seen_at',
  'pictures',
] as const satisfies readonly (keyof AccountRow)[];

const ROSTER_ITEM_COLUMNS = [
  'group_id',
  'item_id',
  'kind',
  'type',
  'name',
  'uin',
  'nickname',
  'awaiting',
  'mode',
  'attributes',
] as const satisfies readonly (keyof RosterItemRow)[];

const FIND = `SELECT ${ACCOUNT_COLUMNS.join(', ')} FROM account WHERE uin = ?`;
const STAMP = 'SELECT roster_stamp FROM account WHERE uin = ?';
const ITEM_VALUES = ROSTER_ITEM_COLUMNS.join(', ');
const ITEMS = `SELECT ${ITEM_VALUES.replace('attributes', 'hex(attributes)')} FROM roster_item WHERE owner = ?`;
const PUT = `REPLACE INTO roster_item (owner, ${ITEM_VALUES}) VALUES (?, ${ROSTER_ITEM_COLUMNS.map(() => '?').join(', ')})`;
const GRANTED = 'SELECT contact FROM authorisation WHERE owner = ?';

/** For tests that look at query plans. */
export const HAND_WRITTEN_SQL: readonly string[] = [FIND, STAMP, ITEMS, GRANTED, PUT];

/** The stamp of a roster nobody has: a client's cached copy is never as new. */
const NO_STAMP = 1;

type AccountNames = Exclude<Extract<keyof Implementation<'writer'>, `accounts.${string}`>, 'accounts.list' | 'accounts.count'>;
type RosterNames = Extract<keyof Implementation<'writer'>, `rosters.${string}`>;

export function accountsOn(db: Kysely<Tables>, prepare: Statements, mailboxes: Mailboxes, profiles: Profiles): Pick<Implementation<'writer'>, AccountNames> {
  const find = prepare(FIND);
  return {
    'accounts.create': async (row) => {
      const stamp = Math.max(NO_STAMP, Math.floor(row.created_at / 1000));
      const inserted = await db
        .insertInto('account')
        .values({ ...row, roster_stamp: stamp })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      if (inserted.numInsertedOrUpdatedRows === 0n) return false;
      await markUsed(db, row.uin);
      if (row.nickname !== '') profiles.renamed(row.uin, fromColumn(row.nickname));
      return true;
    },
    'accounts.nextFree': async (atLeast) => {
      const range = await usedAround(db, atLeast);
      // Ranges do not touch, so what follows one is free.
      return range === undefined ? atLeast : range.last + 1;
    },
    'accounts.find': (uin) => find.get(uin) as AccountRow | undefined,
    'accounts.update': async ({ uin, changes }) => {
      if (Object.keys(changes).length === 0) return find.get(uin) !== undefined;
      const updated = await db.updateTable('account').set(changes).where('uin', '=', uin).executeTakeFirst();
      if (updated.numUpdatedRows === 0n) return false;
      if (changes.nickname !== undefined) profiles.renamed(uin, fromColumn(changes.nickname));
      return true;
    },
    'accounts.remove': async (uin) => {
      if (find.get(uin) === undefined) return false;
      mailboxes.remove(uin);
      await db.deleteFrom('roster_item').where('owner', '=', uin).execute();
      await db.deleteFrom('authorisation').where('owner', '=', uin).execute();
      // Whoever gets this number later was not granted anything.
      await db.deleteFrom('authorisation').where('contact', '=', uin).execute();
      await db.deleteFrom('place').where('owner', '=', uin).execute();
      await forgetRoomsOf(db, uin);
      await forgetPicturesOf(db, uin);
      profiles.forget(uin);
      await db.deleteFrom('account').where('uin', '=', uin).execute();
      return true;
    },
  };
}

/** The range of used numbers that holds this one. */
async function usedAround(db: Kysely<Tables>, uin: number): Promise<Tables['used_uins'] | undefined> {
  const range = await db.selectFrom('used_uins').selectAll().where('first', '<=', uin).orderBy('first', 'desc').limit(1).executeTakeFirst();
  return range !== undefined && range.last >= uin ? range : undefined;
}

async function markUsed(db: Kysely<Tables>, uin: number): Promise<void> {
  if ((await usedAround(db, uin)) !== undefined) return;
  const before = await usedAround(db, uin - 1);
  const after = await usedAround(db, uin + 1);
  if (after !== undefined) await db.deleteFrom('used_uins').where('first', '=', after.first).execute();
  const last = after?.last ?? uin;
  if (before === undefined) await db.insertInto('used_uins').values({ first: uin, last }).execute();
  else await db.updateTable('used_uins').set({ last }).where('first', '=', before.first).execute();
}

export function rostersOn(db: Kysely<Tables>, prepare: Statements): Pick<Implementation<'writer'>, RosterNames> {
  const stampOf = prepare(STAMP);
  const items = prepare(ITEMS);
  const granted = prepare(GRANTED);
  const put = prepare(PUT);
  items.setReturnArrays(true);
  granted.setReturnArrays(true);
  return {
    'rosters.load': (uin) => {
      const account = stampOf.get(uin) as { roster_stamp: number } | undefined;
      if (account === undefined) return { stamp: NO_STAMP, granted: [], items: [] };
      return {
        stamp: account.roster_stamp,
        granted: (granted.all(uin) as unknown as [contact: number][]).map(([contact]) => contact),
        items: items.all(uin) as unknown as RosterItemTuple[],
      };
    },
    'rosters.save': async ({ uin, stamp, remove, put: added }) => {
      const updated = await db.updateTable('account').set({ roster_stamp: stamp }).where('uin', '=', uin).executeTakeFirst();
      if (updated.numUpdatedRows === 0n) throw noAccount(uin);
      for (const { groupId, itemId } of remove) {
        await db.deleteFrom('roster_item').where('owner', '=', uin).where('group_id', '=', groupId).where('item_id', '=', itemId).execute();
      }
      // A thousand at once is normal; each through the query builder would hold up everybody.
      for (const item of added) put.run(uin, ...ROSTER_ITEM_COLUMNS.map((column) => item[column]));
    },
    'rosters.grant': async ({ owner, contact }) => {
      if (stampOf.get(owner) === undefined) throw noAccount(owner);
      await db
        .insertInto('authorisation')
        .values({ owner, contact })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    'rosters.revoke': async ({ owner, contact }) => {
      await db.deleteFrom('authorisation').where('owner', '=', owner).where('contact', '=', contact).execute();
    },
    'rosters.standing': async ({ owner, contact }) => {
      const account = await db.selectFrom('account').select(['state', 'authorisation_required']).where('uin', '=', owner).executeTakeFirst();
      if (account === undefined || account.state === 'deleted') return undefined;
      const grant = await db.selectFrom('authorisation').select('contact').where('owner', '=', owner).where('contact', '=', contact).executeTakeFirst();
      const items = await db.selectFrom('roster_item').select('kind').distinct().where('owner', '=', owner).where('uin', '=', contact).execute();
      return {
        authorisationRequired: account.authorisation_required === 1,
        granted: grant !== undefined,
        lists: items.some(({ kind }) => kind === 'contact'),
        ignores: items.some(({ kind }) => kind === 'ignore'),
      };
    },
  };
}

function noAccount(uin: number): ThreadFailure {
  return new ThreadFailure('broken', `there is no account ${uin}`);
}

/** What the reader answers from what is committed. */
export function listsOn(db: Kysely<Tables>): Pick<Implementation<'reader'>, 'accounts.list' | 'accounts.count'> {
  return {
    'accounts.list': ({ after, limit }) => db.selectFrom('account').select(ACCOUNT_COLUMNS).where('uin', '>', after).orderBy('uin').limit(limit).execute(),
    'accounts.count': async () => {
      const { accounts } = await db
        .selectFrom('account')
        .select(({ fn }) => fn.countAll<number>().as('accounts'))
        .executeTakeFirstOrThrow();
      return accounts;
    },
  };
}
