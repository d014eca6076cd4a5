/** Rows of the tables ↔ the core's values. */
import { Buffer } from 'node:buffer';
import type { Account, AccountChanges, Message, RosterItem, StoredRoster, Uin } from '@seekyou/core';
import { decodeBody } from './body.ts';
import type { MessageRow, RosterItemTuple, RosterRows } from './protocol.ts';
import type { AccountRow, RosterItemRow } from './schema.ts';
import { picturesColumn, picturesFrom } from './pictures.ts';
import { fromColumn, toColumn } from './text.ts';

const flag = (value: boolean): 0 | 1 => (value ? 1 : 0);

/** Bytes of its own: what crosses to the thread would bring the whole block along that a view belongs to. */
const own = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

export function accountRow(account: Account): AccountRow {
  return {
    uin: account.uin,
    state: account.state,
    created_at: account.createdAt,
    ...verifierColumns(account.main),
    old: account.old === undefined ? null : own(account.old),
    nickname: toColumn(account.nickname),
    codepage: account.codepage ?? null,
    authorisation_required: flag(account.authorisationRequired),
    hide_address: flag(account.hideAddress),
    last_seen_at: account.lastSeenAt ?? null,
    pictures: picturesColumn(account.pictures),
  };
}

function verifierColumns(main: Account['main']): Pick<AccountRow, 'salt' | 'iterations' | 'stored_key' | 'server_key'> {
  return { salt: own(main.salt), iterations: main.iterations, stored_key: own(main.storedKey), server_key: own(main.serverKey) };
}

/** Only what is named in `changes`; `undefined` empties the columns that may be empty and leaves the others alone. */
export function changedColumns(changes: AccountChanges): Partial<AccountRow> {
  const columns: Partial<AccountRow> = {};
  if (changes.state !== undefined) columns.state = changes.state;
  if (changes.main !== undefined) Object.assign(columns, verifierColumns(changes.main));
  if ('old' in changes) columns.old = changes.old === undefined ? null : own(changes.old);
  if (changes.nickname !== undefined) columns.nickname = toColumn(changes.nickname);
  if ('codepage' in changes) columns.codepage = changes.codepage ?? null;
  if (changes.authorisationRequired !== undefined) columns.authorisation_required = flag(changes.authorisationRequired);
  if (changes.hideAddress !== undefined) columns.hide_address = flag(changes.hideAddress);
  if ('lastSeenAt' in changes) columns.last_seen_at = changes.lastSeenAt ?? null;
  return columns;
}

export function accountFrom(row: AccountRow): Account {
  return {
    uin: row.uin as Uin,
    state: row.state,
    createdAt: row.created_at,
    main: { salt: own(row.salt), iterations: row.iterations, storedKey: own(row.stored_key), serverKey: own(row.server_key) },
    ...(row.old === null ? {} : { old: own(row.old) }),
    nickname: fromColumn(row.nickname),
    ...(row.codepage === null ? {} : { codepage: row.codepage }),
    authorisationRequired: row.authorisation_required === 1,
    hideAddress: row.hide_address === 1,
    ...(row.last_seen_at === null ? {} : { lastSeenAt: row.last_seen_at }),
    ...(row.pictures === null ? {} : { pictures: picturesFrom(row.pictures) }),
  };
}

export function rosterItemRow(item: RosterItem): RosterItemRow {
  return {
    group_id: item.groupId,
    item_id: item.itemId,
    kind: item.kind,
    type: item.type,
    name: toColumn(item.name),
    uin: item.uin ?? null,
    nickname: item.nickname === undefined ? null : toColumn(item.nickname),
    awaiting: item.awaiting === undefined ? null : flag(item.awaiting),
    mode: item.mode ?? null,
    attributes: item.attributes.length === 0 ? null : item.attributes,
  };
}

/** Runs for each item of everybody who signs on: properties that are set one by one cost a third of objects spread into one. */
function rosterItemFrom([groupId, itemId, kind, type, name, uin, nickname, awaiting, mode, attributes]: RosterItemTuple): RosterItem {
  const item: Mutable<RosterItem> = {
    groupId,
    itemId,
    kind,
    type,
    name: fromColumn(name),
    attributes: attributes.length === 0 ? NO_ATTRIBUTES : typeof attributes === 'string' ? bytesOf(attributes) : attributes,
  };
  if (uin !== null) item.uin = uin as Uin;
  if (nickname !== null) item.nickname = fromColumn(nickname);
  if (awaiting !== null) item.awaiting = awaiting === 1;
  if (mode !== null) item.mode = mode;
  return item;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NO_ATTRIBUTES = new Uint8Array(0);

function bytesOf(hex: string): Uint8Array {
  const bytes = Buffer.from(hex, 'hex');
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

export function rosterFrom({ stamp, granted, items }: RosterRows): StoredRoster {
  return { stamp, granted: granted as readonly Uin[], items: items.map(rosterItemFrom) };
}

export function messageFrom(row: MessageRow, to: Uin): Message {
  return { id: row.id, from: row.from as Uin, to, sentAt: row.sentAt, body: decodeBody(row.body) };
}
