/** The rooms' part of the store in memory. */
import type { Uin } from '../words.ts';
import { foldedRoomName, type Room, type RoomId } from './room.ts';
import type { RoomStore } from './store.ts';

export interface MemoryRooms extends RoomStoreNow {
  /** An account is gone: its private rooms with it, and its admissions. */
  removeAccount(uin: Uin): void;
}

/** {@link RoomStore} without promises. */
type RoomStoreNow = { readonly [K in keyof RoomStore]: (...parameters: Parameters<RoomStore[K]>) => Awaited<ReturnType<RoomStore[K]>> };

export function memoryRooms(): MemoryRooms {
  const rooms = new Map<RoomId, Room>();
  const byName = new Map<string, RoomId>();
  const guests = new Map<RoomId, Set<Uin>>();

  /** A private room of that name that somebody else made and that admits the maker of this one. */
  function admittedTo({ kind, name, createdBy }: Room): RoomId | undefined {
    if (kind === 'public') return undefined;
    const folded = foldedRoomName(name);
    return rooms.values().find((room) => room.kind === 'private' && foldedRoomName(room.name) === folded && guests.get(room.id)?.has(createdBy) === true)?.id;
  }

  function forget(room: Room): void {
    rooms.delete(room.id);
    byName.delete(nameKey(room));
    guests.delete(room.id);
  }

  return {
    open(room, { ownedMax }) {
      const known = byName.get(nameKey(room)) ?? admittedTo(room);
      if (known !== undefined) return { outcome: 'found', room: rooms.get(known) as Room };
      if (rooms.values().reduce((owned, { createdBy }) => owned + Number(createdBy === room.createdBy), 0) >= ownedMax) return { outcome: 'full' };
      rooms.set(room.id, room);
      byName.set(nameKey(room), room.id);
      return { outcome: 'made', room };
    },
    find: (id) => rooms.get(id),
    list(fragment, limit) {
      const wanted = foldedRoomName(fragment);
      const found = rooms.values().filter(({ kind, name }) => kind === 'public' && foldedRoomName(name).includes(wanted));
      return [...found].sort((a, b) => b.usedAt - a.usedAt || (a.id < b.id ? -1 : 1)).slice(0, limit);
    },
    admits: (id, uin) => rooms.get(id)?.createdBy === uin || guests.get(id)?.has(uin) === true,
    admit(id, uin, guestsMax) {
      if (!rooms.has(id)) return false;
      const known = guests.get(id) ?? new Set();
      if (known.size >= guestsMax && !known.has(uin)) return false;
      guests.set(id, known.add(uin));
      return true;
    },
    used(id, at) {
      const room = rooms.get(id);
      if (room !== undefined) rooms.set(id, { ...room, usedAt: at });
    },
    prune(usedBefore, limit) {
      const old = [
        ...rooms
          .values()
          .filter(({ usedAt }) => usedAt < usedBefore)
          .take(limit),
      ];
      for (const room of old) forget(room);
      return old.length;
    },
    removeAccount(uin) {
      for (const room of rooms.values()) if (room.kind === 'private' && room.createdBy === uin) forget(room);
      for (const known of guests.values()) known.delete(uin);
    },
  };
}

function nameKey({ kind, name, createdBy }: Room): string {
  return `${kind === 'public' ? 'public' : createdBy} ${foldedRoomName(name)}`;
}
