/** Rooms in SQLite. */
import { foldedRoomName, type Room, type RoomKind, type Uin } from '@seekyou/core';
import { type Kysely, sql } from 'kysely';
import type { Implementation } from './protocol.ts';
import type { RoomTable, Tables } from './schema.ts';

export function roomRow({ id, kind, name, createdBy, createdAt, usedAt }: Room): RoomTable {
  return {
    id,
    kind,
    owner: kind === 'public' ? EVERYBODY : createdBy,
    name,
    folded: foldedRoomName(name),
    created_by: createdBy,
    created_at: createdAt,
    used_at: usedAt,
  };
}

/** Whose a public room's name is. */
const EVERYBODY = 0;

export function roomFrom(row: RoomTable): Room {
  return {
    id: row.id,
    kind: row.kind as RoomKind,
    name: row.name,
    createdBy: row.created_by as Uin,
    createdAt: row.created_at,
    usedAt: row.used_at,
  };
}

type RoomNames = Exclude<Extract<keyof Implementation<'writer'>, `rooms.${string}`>, 'rooms.list'>;

export function roomsOn(db: Kysely<Tables>): Pick<Implementation<'writer'>, RoomNames> {
  const named = async ({ owner, folded }: Pick<RoomTable, 'owner' | 'folded'>): Promise<RoomTable | undefined> => {
    const own = await db.selectFrom('room').selectAll().where('owner', '=', owner).where('folded', '=', folded).executeTakeFirst();
    if (own !== undefined || owner === EVERYBODY) return own;
    return db
      .selectFrom('room_guest')
      .innerJoin('room', 'room.id', 'room_guest.room')
      .selectAll('room')
      .where('room_guest.uin', '=', owner)
      .where('room.folded', '=', folded)
      .where('room.kind', '=', 'private')
      .executeTakeFirst();
  };
  return {
    'rooms.open': async ({ row, ownedMax }) => {
      const known = await named(row);
      if (known !== undefined) return { outcome: 'found', row: known };
      const { owned } = await db
        .selectFrom('room')
        .select(({ fn }) => fn.countAll<number>().as('owned'))
        .where('created_by', '=', row.created_by)
        .executeTakeFirstOrThrow();
      if (owned >= ownedMax) return { outcome: 'full' };
      await db.insertInto('room').values(row).execute();
      return { outcome: 'made', row };
    },
    'rooms.find': (id) => db.selectFrom('room').selectAll().where('id', '=', id).executeTakeFirst(),
    'rooms.admits': async ({ id, uin }) => {
      const room = await db.selectFrom('room').select('created_by').where('id', '=', id).executeTakeFirst();
      if (room === undefined || room.created_by === uin) return room !== undefined;
      return (await db.selectFrom('room_guest').select('uin').where('room', '=', id).where('uin', '=', uin).executeTakeFirst()) !== undefined;
    },
    'rooms.admit': async ({ id, uin, guestsMax }) => {
      const room = await db.selectFrom('room').select('id').where('id', '=', id).executeTakeFirst();
      if (room === undefined) return false;
      const known = await db.selectFrom('room_guest').select('uin').where('room', '=', id).limit(guestsMax).execute();
      if (known.some((guest) => guest.uin === uin)) return true;
      if (known.length >= guestsMax) return false;
      await db.insertInto('room_guest').values({ room: id, uin }).execute();
      return true;
    },
    'rooms.used': async ({ id, at }) => {
      await db.updateTable('room').set({ used_at: at }).where('id', '=', id).execute();
    },
    'rooms.prune': async ({ usedBefore, limit }) => {
      const old = await db.selectFrom('room').select('id').where('used_at', '<', usedBefore).limit(limit).execute();
      for (const { id } of old) await forgetRoom(db, id);
      return old.length;
    },
  };
}

async function forgetRoom(db: Kysely<Tables>, id: string): Promise<void> {
  await db.deleteFrom('room_guest').where('room', '=', id).execute();
  await db.deleteFrom('room').where('id', '=', id).execute();
}

/** An account is gone: its private rooms with it, and its admissions. */
export async function forgetRoomsOf(db: Kysely<Tables>, uin: number): Promise<void> {
  const own = await db.selectFrom('room').select('id').where('owner', '=', uin).execute();
  for (const { id } of own) await forgetRoom(db, id);
  await db.deleteFrom('room_guest').where('uin', '=', uin).execute();
}

/** What the reader answers. */
export function roomListsOn(db: Kysely<Tables>): Pick<Implementation<'reader'>, 'rooms.list'> {
  return {
    'rooms.list': ({ fragment, limit }) =>
      db
        .selectFrom('room')
        .selectAll()
        .where('owner', '=', EVERYBODY)
        .where(sql`instr(folded, ${foldedRoomName(fragment)})`, '>', 0)
        .orderBy('used_at', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute(),
  };
}
