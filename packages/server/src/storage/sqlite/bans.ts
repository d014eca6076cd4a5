/** Bans, and the places accounts signed on from. */
import type { Ban } from '@seekyou/core';
import type { Kysely } from 'kysely';
import type { Statements } from './dialect.ts';
import type { Implementation } from './protocol.ts';
import type { BanTable, Tables } from './schema.ts';
import { fromColumn, toColumn } from './text.ts';

type BanNames = Extract<keyof Implementation<'writer'>, `bans.${string}`>;

export function bansOn(db: Kysely<Tables>): Pick<Implementation<'writer'>, BanNames> {
  return {
    'bans.list': () => db.selectFrom('ban').selectAll().orderBy('target').execute(),
    'bans.put': async (row) => void (await db.replaceInto('ban').values(row).execute()),
    'bans.remove': async (target) => (await db.deleteFrom('ban').where('target', '=', target).executeTakeFirst()).numDeletedRows > 0n,
  };
}

export function banRow(ban: Ban): BanTable {
  return { target: ban.target, reason: toColumn(ban.reason), since: ban.since, until: ban.until ?? null };
}

export function banFrom({ target, reason, since, until }: BanTable): Ban {
  return { target, reason: fromColumn(reason), since, ...(until === null ? {} : { until }) };
}

const SEEN = 'SELECT mark, seen_at FROM place WHERE owner = ?';
const VISIT = 'REPLACE INTO place (owner, mark, seen_at) SELECT uin, ?, ? FROM account WHERE uin = ?';
const FORGET = 'DELETE FROM place WHERE owner = ? AND mark = ?';

/** Each sign-on from somewhere else asks this, so it is SQL by hand. */
export function placesOn(prepare: Statements): Pick<Implementation<'writer'>, 'places.visit'> {
  const seen = prepare(SEEN);
  const visit = prepare(VISIT);
  const forget = prepare(FORGET);
  return {
    'places.visit': ({ uin, mark, at, max }) => {
      const before = seen.all(uin) as { mark: string; seen_at: number }[];
      if (visit.run(mark, at, uin).changes === 0) return 'known';
      const others = before.filter((place) => place.mark !== mark).sort((a, b) => b.seen_at - a.seen_at || (a.mark < b.mark ? -1 : 1));
      // One of the places is this one.
      for (const place of others.slice(Math.max(0, max - 1))) forget.run(uin, place.mark);
      if (before.length === 0) return 'first';
      return others.length < before.length ? 'known' : 'new';
    },
  };
}
