/** The tables as the queries see them. `migrations.ts` makes them. */
import type { AccountState, ItemKind, VisibilityMode } from '@seekyou/core';
import type { Generated } from 'kysely';

/** Text people wrote: see `toColumn`. */
export type TextColumn = string | Uint8Array;
type Flag = 0 | 1;

export interface AccountRow {
  uin: number;
  state: AccountState;
  created_at: number;
  salt: Uint8Array;
  iterations: number;
  stored_key: Uint8Array;
  server_key: Uint8Array;
  old: Uint8Array | null;
  nickname: TextColumn;
  codepage: number | null;
  authorisation_required: Flag;
  hide_address: Flag;
  last_seen_at: number | null;
  /** See `picturesColumn`. */
  pictures: string | null;
}

export interface AccountTable extends AccountRow {
  roster_stamp: number;
}

/** Numbers ever given away, as ranges that neither overlap nor touch. Removing an account does not give its number back. */
export interface UsedUinsTable {
  first: number;
  last: number;
}

export interface RosterItemRow {
  group_id: number;
  item_id: number;
  kind: ItemKind;
  type: number;
  name: TextColumn;
  uin: number | null;
  nickname: TextColumn | null;
  awaiting: Flag | null;
  mode: VisibilityMode | null;
  /** Null when empty. */
  attributes: Uint8Array | null;
}

export interface RosterItemTable extends RosterItemRow {
  owner: number;
}

export interface GrantTable {
  owner: number;
  contact: number;
}

export interface MessageTable {
  id: Generated<number>;
  recipient: number;
  sender: number;
  sent_at: number;
  /** What it counts against the mailbox limits, see `bodyBytes`. */
  size: number;
  sender_id: string | null;
  /** 0 while it waits, then when somebody confirmed it. */
  delivered_at: number;
  /** See `encodeBody`. */
  body: Uint8Array;
}

/** See history.ts. */
export interface HistoryTable {
  recipient: number;
  last: number;
  messages: number;
  /** 0 while they wait. */
  delivered_at: number;
  sent_at: number;
  entries: Uint8Array;
}

/** One row: the last fresh message that is in the database. */
export interface SettledTable {
  one: 1;
  last: number;
}

export interface BanTable {
  target: string;
  reason: TextColumn;
  since: number;
  until: number | null;
}

/** Where accounts signed on from, under marks that tell nobody the address. */
export interface PlaceTable {
  owner: number;
  mark: string;
  seen_at: number;
}

export interface RoomTable {
  id: string;
  kind: string;
  /** Whose the name is: the maker's in private rooms, 0 for everybody's in public ones. */
  owner: number;
  name: string;
  folded: string;
  created_by: number;
  created_at: number;
  used_at: number;
}

export interface RoomGuestTable {
  room: string;
  uin: number;
}

/** Bytes of pictures by their hash, once however many show them. */
export interface PictureTable {
  hash: string;
  bytes: Uint8Array;
}

export interface PictureOwnerTable {
  owner: number;
  kind: string;
  hash: string;
}

export interface SchemaVersionTable {
  version: number;
  /** The seekyou that made it so. */
  release: string;
}

export interface Tables {
  account: AccountTable;
  used_uins: UsedUinsTable;
  roster_item: RosterItemTable;
  authorisation: GrantTable;
  message: MessageTable;
  settled: SettledTable;
  history: HistoryTable;
  ban: BanTable;
  place: PlaceTable;
  room: RoomTable;
  room_guest: RoomGuestTable;
  picture: PictureTable;
  picture_owner: PictureOwnerTable;
  schema_version: SchemaVersionTable;
}
