/** The calls the main thread makes to the storage threads: their values, their shape on the way, and who answers. */
import type { DirectoryEntry, DirectoryQuery, IdRange, Picture } from '@seekyou/core';
import type { Failure } from './failure.ts';
import type { ParcelReader, ParcelWriter, SentParcel } from './parcel.ts';
import type { AccountRow, BanTable, RoomTable, RosterItemRow, TextColumn } from './schema.ts';
import { rosterRows } from './roster-codec.ts';

export interface AppendRequest {
  readonly id: number;
  readonly from: number;
  readonly to: number;
  readonly sentAt: number;
  readonly senderId: string | null;
  readonly limited: boolean;
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly perSenderMax: number;
  /** What the body counts against `bytesMax`. */
  readonly size: number;
  readonly body: Uint8Array;
}

/** A stored message's id; the same negative for one that was there before; or why it was not stored. */
export type AppendReply = number | 'ignored' | 'no-such-user' | 'full';

export interface MessageRow {
  readonly id: number;
  readonly from: number;
  readonly sentAt: number;
  readonly body: Uint8Array;
}

/** In the order of `ROSTER_ITEM_COLUMNS`. */
export type RosterItemTuple = readonly [
  groupId: number,
  itemId: number,
  kind: RosterItemRow['kind'],
  type: number,
  name: TextColumn,
  uin: number | null,
  nickname: TextColumn | null,
  awaiting: 0 | 1 | null,
  mode: RosterItemRow['mode'],
  /** In hexadecimal: fifty byte arrays would cost more than all the rest. */
  attributes: string,
];

export interface RosterRows {
  readonly stamp: number;
  readonly granted: readonly number[];
  readonly items: readonly RosterItemTuple[];
}

export interface RosterChanges {
  readonly uin: number;
  readonly put: readonly RosterItemRow[];
  readonly remove: readonly { readonly groupId: number; readonly itemId: number }[];
  readonly stamp: number;
}

export interface Standing {
  readonly authorisationRequired: boolean;
  readonly granted: boolean;
  readonly lists: boolean;
  readonly ignores: boolean;
}

/** @typeParam Taken what arrives, where it is not what was sent: what is made of it anyway is made in one step */
export interface Codec<T, Taken = T> {
  put(parcel: ParcelWriter, value: T): void;
  /** Byte arrays in the result are views of the parcel. */
  take(parcel: ParcelReader): Taken;
}

/** For what is rare: as it is, by structured clone. */
function cloned<T>(): Codec<T> {
  return { put: (parcel, value) => parcel.value(value), take: (parcel) => parcel.value<T>() };
}

const appendRequest: Codec<AppendRequest> = {
  put(parcel, request) {
    parcel.value(request.id);
    parcel.value(request.from);
    parcel.value(request.to);
    parcel.value(request.sentAt);
    parcel.value(request.senderId);
    parcel.value(request.limited);
    parcel.value(request.messagesMax);
    parcel.value(request.bytesMax);
    parcel.value(request.perSenderMax);
    parcel.value(request.size);
    parcel.bytes(request.body);
  },
  take: (parcel) => ({
    id: parcel.value(),
    from: parcel.value(),
    to: parcel.value(),
    sentAt: parcel.value(),
    senderId: parcel.value(),
    limited: parcel.value(),
    messagesMax: parcel.value(),
    bytesMax: parcel.value(),
    perSenderMax: parcel.value(),
    size: parcel.value(),
    body: parcel.bytes(),
  }),
};

const confirmRequest: Codec<{ readonly uin: number; readonly ranges: readonly IdRange[]; readonly at: number }> = {
  put(parcel, { uin, ranges, at }) {
    parcel.value(uin);
    parcel.value(at);
    parcel.value(ranges.length);
    for (const { first, last } of ranges) {
      parcel.value(first);
      parcel.value(last);
    }
  },
  take(parcel) {
    const uin = parcel.value<number>();
    const at = parcel.value<number>();
    const ranges = Array.from({ length: parcel.value<number>() }, () => ({ first: parcel.value<number>(), last: parcel.value<number>() }));
    return { uin, ranges, at };
  },
};

const messages: Codec<readonly MessageRow[]> = {
  put(parcel, rows) {
    parcel.value(rows.length);
    for (const row of rows) {
      parcel.value(row.id);
      parcel.value(row.from);
      parcel.value(row.sentAt);
      parcel.bytes(row.body);
    }
  },
  take: (parcel) =>
    Array.from({ length: parcel.value<number>() }, () => ({ id: parcel.value(), from: parcel.value(), sentAt: parcel.value(), body: parcel.bytes() })),
};

const account: Codec<AccountRow | undefined> = {
  put(parcel, row) {
    parcel.value(row?.uin);
    if (row === undefined) return;
    parcel.value(row.state);
    parcel.value(row.created_at);
    parcel.bytes(row.salt);
    parcel.value(row.iterations);
    parcel.bytes(row.stored_key);
    parcel.bytes(row.server_key);
    parcel.optionalBytes(row.old);
    parcel.value(row.nickname);
    parcel.value(row.codepage);
    parcel.value(row.authorisation_required);
    parcel.value(row.hide_address);
    parcel.value(row.last_seen_at);
    parcel.value(row.pictures);
  },
  take(parcel) {
    const uin = parcel.value<number | undefined>();
    if (uin === undefined) return undefined;
    return {
      uin,
      state: parcel.value(),
      created_at: parcel.value(),
      salt: parcel.bytes(),
      iterations: parcel.value(),
      stored_key: parcel.bytes(),
      server_key: parcel.bytes(),
      old: parcel.optionalBytes() ?? null,
      nickname: parcel.value(),
      codepage: parcel.value(),
      authorisation_required: parcel.value(),
      hide_address: parcel.value(),
      last_seen_at: parcel.value(),
      pictures: parcel.value(),
    };
  },
};

const rosterItem: Codec<RosterItemRow> = {
  put(parcel, item) {
    parcel.value(item.group_id);
    parcel.value(item.item_id);
    parcel.value(item.kind);
    parcel.value(item.type);
    parcel.value(item.name);
    parcel.value(item.uin);
    parcel.value(item.nickname);
    parcel.value(item.awaiting);
    parcel.value(item.mode);
    parcel.optionalBytes(item.attributes);
  },
  take: (parcel) => ({
    group_id: parcel.value(),
    item_id: parcel.value(),
    kind: parcel.value(),
    type: parcel.value(),
    name: parcel.value(),
    uin: parcel.value(),
    nickname: parcel.value(),
    awaiting: parcel.value(),
    mode: parcel.value(),
    attributes: parcel.optionalBytes() ?? null,
  }),
};

const rosterItems: Codec<readonly RosterItemRow[]> = {
  put(parcel, items) {
    parcel.value(items.length);
    for (const item of items) rosterItem.put(parcel, item);
  },
  take: (parcel) => Array.from({ length: parcel.value<number>() }, () => rosterItem.take(parcel)),
};

const rosterChanges: Codec<RosterChanges> = {
  put(parcel, { uin, put, remove, stamp }) {
    parcel.value(uin);
    parcel.value(stamp);
    parcel.value(remove);
    rosterItems.put(parcel, put);
  },
  take: (parcel) => ({ uin: parcel.value(), stamp: parcel.value(), remove: parcel.value(), put: rosterItems.take(parcel) }),
};

export type Thread = 'writer' | 'reader';

interface Operation<A, R, Taken = R> {
  readonly thread: Thread;
  readonly writes: boolean;
  readonly request: Codec<A>;
  readonly reply: Codec<R, Taken>;
}

function operation<A, R, Taken = R>(thread: Thread, effect: 'reads' | 'writes', request: Codec<A>, reply: Codec<R, Taken>): Operation<A, R, Taken> {
  return { thread, writes: effect === 'writes', request, reply };
}

export type RoomOpenedReply = { readonly outcome: 'made' | 'found'; readonly row: RoomTable } | { readonly outcome: 'full' };

export interface PicturesToSave {
  readonly uin: number;
  readonly pictures: readonly Picture[];
  readonly added?: { readonly hash: string; readonly bytes: Uint8Array };
}

export interface ProfileToSave {
  readonly uin: number;
  readonly nickname: TextColumn;
  /** See `profileColumn`. */
  readonly data: string;
  readonly entry: DirectoryEntry;
}

export interface FoundRow {
  readonly uin: number;
  readonly nickname: TextColumn;
  readonly authorisation_required: 0 | 1;
  readonly data: string | null;
}

/** A file that a backup carries beside the database. */
export interface BackupFile {
  readonly name: string;
  readonly content: Uint8Array;
}

export interface BackupRequest {
  readonly target: string;
  readonly files: readonly BackupFile[] | undefined;
}

type Pair = { readonly owner: number; readonly contact: number };

/** Reads that somebody may follow up with a write stay with the writer; lists and copies of everything do not stand in its way. */
export const OPERATIONS = {
  'accounts.create': operation('writer', 'writes', cloned<AccountRow>(), cloned<boolean>()),
  'accounts.nextFree': operation('writer', 'reads', cloned<number>(), cloned<number>()),
  'accounts.find': operation('writer', 'reads', cloned<number>(), account),
  'accounts.update': operation('writer', 'writes', cloned<{ readonly uin: number; readonly changes: Partial<AccountRow> }>(), cloned<boolean>()),
  'accounts.remove': operation('writer', 'writes', cloned<number>(), cloned<boolean>()),
  'accounts.list': operation('reader', 'reads', cloned<{ readonly after: number; readonly limit: number }>(), cloned<readonly AccountRow[]>()),
  'accounts.count': operation('reader', 'reads', cloned<null>(), cloned<number>()),
  'rosters.load': operation('writer', 'reads', cloned<number>(), rosterRows),
  'rosters.save': operation('writer', 'writes', rosterChanges, cloned<void>()),
  'rosters.grant': operation('writer', 'writes', cloned<Pair>(), cloned<void>()),
  'rosters.revoke': operation('writer', 'writes', cloned<Pair>(), cloned<void>()),
  'rosters.standing': operation('writer', 'reads', cloned<Pair>(), cloned<Standing | undefined>()),
  'mailboxes.append': operation('writer', 'writes', appendRequest, cloned<AppendReply>()),
  /** The message one of our own senders gave this id. */
  'mailboxes.repeated': operation(
    'writer',
    'reads',
    cloned<{ readonly from: number; readonly senderId: string; readonly to: number }>(),
    cloned<number | undefined>(),
  ),
  'mailboxes.pending': operation('writer', 'reads', cloned<{ readonly uin: number; readonly limit: number }>(), messages),
  'mailboxes.confirm': operation('writer', 'writes', confirmRequest, cloned<void>()),
  'mailboxes.since': operation('writer', 'reads', cloned<{ readonly uin: number; readonly after: number; readonly limit: number }>(), messages),
  'mailboxes.prune': operation(
    'writer',
    'writes',
    cloned<{ readonly deliveredBefore: number; readonly sentBefore: number; readonly limit: number }>(),
    cloned<number>(),
  ),
  /** Takes all fresh messages into the database. */
  'mailboxes.settle': operation('writer', 'writes', cloned<null>(), cloned<void>()),
  'bans.list': operation('writer', 'reads', cloned<null>(), cloned<readonly BanTable[]>()),
  'bans.put': operation('writer', 'writes', cloned<BanTable>(), cloned<void>()),
  'bans.remove': operation('writer', 'writes', cloned<string>(), cloned<boolean>()),
  'places.visit': operation(
    'writer',
    'writes',
    cloned<{ readonly uin: number; readonly mark: string; readonly at: number; readonly max: number }>(),
    cloned<'first' | 'known' | 'new'>(),
  ),
  'rooms.open': operation('writer', 'writes', cloned<{ readonly row: RoomTable; readonly ownedMax: number }>(), cloned<RoomOpenedReply>()),
  'rooms.find': operation('writer', 'reads', cloned<string>(), cloned<RoomTable | undefined>()),
  'rooms.list': operation('reader', 'reads', cloned<{ readonly fragment: string; readonly limit: number }>(), cloned<readonly RoomTable[]>()),
  'rooms.admits': operation('writer', 'reads', cloned<{ readonly id: string; readonly uin: number }>(), cloned<boolean>()),
  'rooms.admit': operation('writer', 'writes', cloned<{ readonly id: string; readonly uin: number; readonly guestsMax: number }>(), cloned<boolean>()),
  'rooms.used': operation('writer', 'writes', cloned<{ readonly id: string; readonly at: number }>(), cloned<void>()),
  'rooms.prune': operation('writer', 'writes', cloned<{ readonly usedBefore: number; readonly limit: number }>(), cloned<number>()),
  'pictures.save': operation('writer', 'writes', cloned<PicturesToSave>(), cloned<boolean>()),
  'pictures.find': operation('writer', 'reads', cloned<string>(), cloned<Uint8Array | undefined>()),
  'profiles.load': operation('writer', 'reads', cloned<number>(), cloned<string | undefined>()),
  'profiles.save': operation('writer', 'writes', cloned<ProfileToSave>(), cloned<boolean>()),
  'directory.search': operation('reader', 'reads', cloned<{ readonly query: DirectoryQuery; readonly limit: number }>(), cloned<readonly FoundRow[]>()),
  backup: operation('reader', 'reads', cloned<BackupRequest>(), cloned<void>()),
};

export type OperationName = keyof typeof OPERATIONS;
export type RequestOf<N extends OperationName> = (typeof OPERATIONS)[N] extends Operation<infer A, infer _, infer _> ? A : never;
/** What the thread answers. */
type AnswerOf<N extends OperationName> = (typeof OPERATIONS)[N] extends Operation<infer _, infer R, infer _> ? R : never;
/** What the caller gets of it. */
export type ReplyOf<N extends OperationName> = (typeof OPERATIONS)[N] extends Operation<infer _, infer _, infer Taken> ? Taken : never;
export type OperationsOf<T extends Thread> = T extends 'writer'
  ? Exclude<OperationName, OperationsOf<'reader'>>
  : 'accounts.list' | 'accounts.count' | 'rooms.list' | 'directory.search' | 'backup';
/** What a thread does when it is called. */
export type Implementation<T extends Thread> = { readonly [N in OperationsOf<T>]: (request: RequestOf<N>) => AnswerOf<N> | Promise<AnswerOf<N>> };

/** Names cross as their place in this list. */
export const OPERATION_NAMES = Object.keys(OPERATIONS) as OperationName[];

export type ToThread =
  /** Calls: for each its number, its operation's place, its request. Before them, messages the journal has: see `Service.enter`. */
  | { readonly type: 'calls'; readonly parcel?: SentParcel; readonly fresh?: Uint8Array }
  /** Finish what was asked and end. */
  | { readonly type: 'close' };

/** Size of the blocks fresh messages travel in when there are many. */
export const FRESH_BYTES = 512 * 1024;

export type FromThread =
  | { readonly type: 'ready'; readonly lastId: number }
  /** The database has what was fresh, up to this message. */
  | { readonly type: 'settled'; readonly to: number }
  /** Blocks of `FRESH_BYTES` that came with fresh messages, to be filled again. */
  | { readonly type: 'emptied'; readonly blocks: readonly ArrayBuffer[] }
  /** The database could not be opened; the thread ends. */
  | { readonly type: 'failed'; readonly failure: Failure }
  /**
   * Answers of one group: for each the call's number, then `true` and the reply, or `false`, code and message.
   * `done`: how many parcels of calls are now answered whole.
   */
  | { readonly type: 'answers'; readonly parcel: SentParcel; readonly done: number; readonly busyMs: number };

export interface ThreadData {
  readonly thread: Thread;
  readonly file: string;
}
