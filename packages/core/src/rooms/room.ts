/** Rooms where several people talk: what they are, and what is said in them. */
import type { Original, Time, Uin } from '../words.ts';

/** Opaque; knowing it is no right to come in. */
export type RoomId = string;

/** `public`: found by its name, open to everybody. `private`: known to its maker and to those he and they invite. */
export type RoomKind = 'public' | 'private';

/** A room as it is remembered, whether anybody is in it or not. */
export interface Room {
  readonly id: RoomId;
  readonly kind: RoomKind;
  readonly name: string;
  readonly createdBy: Uin;
  readonly createdAt: Time;
  /** When somebody was there last, give or take a day: a room nobody comes to is forgotten. */
  readonly usedAt: Time;
}

/** A room as somebody who may know of it sees it now. */
export interface RoomView {
  readonly room: Room;
  /** In order of arrival. */
  readonly members: readonly Uin[];
}

/** What somebody said. Everybody in the room gets the same object, so an encoding can be kept by it. */
export interface RoomLine {
  readonly from: Uin;
  readonly text: string;
  /** To one member alone. */
  readonly whisper: boolean;
  readonly at: Time;
  readonly original?: Original;
}

/** What a member is told. `closed`: the room, or his place in it, is gone. */
export type RoomNews =
  | { readonly kind: 'joined'; readonly uins: readonly Uin[] }
  | { readonly kind: 'left'; readonly uins: readonly Uin[] }
  | { readonly kind: 'said'; readonly line: RoomLine };

/** What people cannot see, what turns the text around it about, and what stands for bytes nobody could read. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\ufffd]/u;

/** A name people can tell from others, or `undefined`. Blanks around it do not count. */
export function roomName(text: string, bytesMax: number): string | undefined {
  const name = text
    .normalize('NFC')
    .replaceAll(/\p{Zs}+/gu, ' ')
    .trim();
  if (name === '' || INVISIBLE.test(name) || new TextEncoder().encode(name).length > bytesMax) return undefined;
  return name;
}

/** Names that look alike are the same. */
export function foldedRoomName(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}
