/** Pictures in SQLite: the bytes once, and who shows them. */
import { type Picture, type PictureKind } from '@seekyou/core';
import type { Kysely } from 'kysely';
import type { Implementation } from './protocol.ts';
import type { Tables } from './schema.ts';

/** A column of the account, so that sign-on does not ask for it: `icon:0011…,big:2233…`. Null when there are none. */
export function picturesColumn(pictures: readonly Picture[] | undefined): string | null {
  if (pictures === undefined || pictures.length === 0) return null;
  return pictures.map(({ kind, hash }) => `${kind}:${hash}`).join(',');
}

export function picturesFrom(column: string): readonly Picture[] {
  return column.split(',').map((one) => {
    const cut = one.indexOf(':');
    return { kind: one.slice(0, cut) as PictureKind, hash: one.slice(cut + 1) };
  });
}

type PictureNames = Extract<keyof Implementation<'writer'>, `pictures.${string}`>;

export function picturesOn(db: Kysely<Tables>): Pick<Implementation<'writer'>, PictureNames> {
  const has = async (hash: string): Promise<boolean> =>
    (await db.selectFrom('picture').select('hash').where('hash', '=', hash).executeTakeFirst()) !== undefined;
  return {
    'pictures.save': async ({ uin, pictures, added }) => {
      const account = await db.selectFrom('account').select('uin').where('uin', '=', uin).executeTakeFirst();
      if (account === undefined) return false;
      for (const { hash } of pictures) if (hash !== added?.hash && !(await has(hash))) return false;
      if (added !== undefined && !(await has(added.hash))) await db.insertInto('picture').values(added).execute();
      await db
        .updateTable('account')
        .set({ pictures: picturesColumn(pictures) })
        .where('uin', '=', uin)
        .execute();
      await forgetPicturesOf(db, uin, pictures);
      return true;
    },
    'pictures.find': async (hash) => (await db.selectFrom('picture').select('bytes').where('hash', '=', hash).executeTakeFirst())?.bytes,
  };
}

/** The account shows these from now on; what nobody shows any more goes. */
export async function forgetPicturesOf(db: Kysely<Tables>, uin: number, kept: readonly Picture[] = []): Promise<void> {
  const before = await db.selectFrom('picture_owner').select('hash').where('owner', '=', uin).execute();
  await db.deleteFrom('picture_owner').where('owner', '=', uin).execute();
  for (const { kind, hash } of kept) await db.insertInto('picture_owner').values({ owner: uin, kind, hash }).execute();
  for (const { hash } of before) {
    const shown = await db.selectFrom('picture_owner').select('owner').where('hash', '=', hash).limit(1).executeTakeFirst();
    if (shown === undefined) await db.deleteFrom('picture').where('hash', '=', hash).execute();
  }
}
