/** What the rooms need to be remembered. */
import type { Time, Uin } from '../words.ts';
import type { Room, RoomId } from './room.ts';

export interface RoomLimits {
  /** Of one maker. */
  readonly ownedMax: number;
}

export type RoomOpened = { readonly outcome: 'made' | 'found'; readonly room: Room } | { readonly outcome: 'full' };

export interface RoomStore {
  /**
   * The room of that name, or this one, which it then becomes. Public names are everybody's, private ones their maker's own and
   * those of whom the room admits; of two the one he made himself. Names that fold alike are the same.
   */
  open(room: Room, limits: RoomLimits): Promise<RoomOpened>;
  find(id: RoomId): Promise<Room | undefined>;
  /** Public rooms with this in their names, those used last first. */
  list(fragment: string, limit: number): Promise<readonly Room[]>;
  /** Whether somebody may come into a private room: its maker, and whom `admit` named. */
  admits(id: RoomId, uin: Uin): Promise<boolean>;
  /** False when the room is not there, or knows as many already as it may. */
  admit(id: RoomId, uin: Uin, guestsMax: number): Promise<boolean>;
  /** Somebody is there now. */
  used(id: RoomId, at: Time): Promise<void>;
  /** Forgets at most `limit` rooms that were not used since; returns how many. */
  prune(usedBefore: Time, limit: number): Promise<number>;
}
