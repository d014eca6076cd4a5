/** Rows of the tables ↔ the core's values. */
import type { Account, AccountChanges, Message, RosterItem, Uin } from '@seekyou/core';
import { decodeBody } from './body.ts';
import type { MessageRow } from './protocol.ts';
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

export function messageFrom(row: MessageRow, to: Uin): Message {
  return { id: row.id, from: row.from as Uin, to, sentAt: row.sentAt, body: decodeBody(row.body) };
}
