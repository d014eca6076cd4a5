/** Items of family 13 and the core's roster items: one is made from the other without losing what only clients understand. */
import { type ItemKind, parseUin, type RosterItem, type VisibilityMode } from '@seekyou/core';
import { decode, type RawTlv, tlvs } from '@seekyou/wire';
import { feedbag } from '@seekyou/wire/oscar';
import { decodeUtf8Or, encodeText, UTF8 } from '@seekyou/wire/text';
import { readable } from './readable.ts';

const { ItemAttribute, ItemType } = feedbag;

const KINDS: Readonly<Record<number, ItemKind>> = {
  [ItemType.buddy]: 'contact',
  [ItemType.group]: 'group',
  [ItemType.permit]: 'permit',
  [ItemType.deny]: 'deny',
  [ItemType.ignore]: 'ignore',
  [ItemType.visibility]: 'visibility',
};

const MODES: Readonly<Record<number, VisibilityMode>> = {
  [feedbag.VisibilityMode.all]: 'all',
  [feedbag.VisibilityMode.nobody]: 'nobody',
  [feedbag.VisibilityMode.permitted]: 'permitted',
  [feedbag.VisibilityMode.exceptDenied]: 'not-denied',
  [feedbag.VisibilityMode.contacts]: 'contacts',
};

const MODE_NUMBER = {
  all: feedbag.VisibilityMode.all,
  nobody: feedbag.VisibilityMode.nobody,
  permitted: feedbag.VisibilityMode.permitted,
  'not-denied': feedbag.VisibilityMode.exceptDenied,
  contacts: feedbag.VisibilityMode.contacts,
} satisfies Record<VisibilityMode, number>;

/**
 * An item as the core keeps it: attributes byte for byte, and beside them what the core has to know.
 *
 * @param codepage of the client, for names it does not write in UTF-8
 */
export function itemFromWire(item: feedbag.FeedbagItem, codepage: number): RosterItem {
  const kind = KINDS[item.type] ?? 'other';
  const name = decodeUtf8Or(item.name, codepage);
  const common = { groupId: item.groupId, itemId: item.itemId, kind, type: item.type, name, attributes: item.attributes };
  switch (kind) {
    case 'contact':
      return { ...common, ...uinOf(name), ...contactFacts(item.attributes, codepage) };
    case 'permit':
    case 'deny':
    case 'ignore':
      return { ...common, ...uinOf(name) };
    case 'visibility':
      return { ...common, mode: modeIn(item.attributes) };
    case 'group':
    case 'other':
      return common;
    default:
      return kind satisfies never;
  }
}

/** An item as clients read it. What the core changed since the client wrote it is put into the attributes; the rest is as it was. */
export function itemToWire(item: RosterItem): feedbag.FeedbagItem {
  return {
    name: encodeText(item.name, UTF8).bytes,
    groupId: item.groupId,
    itemId: item.itemId,
    type: item.type,
    attributes: item.kind === 'contact' ? contactAttributes(item) : item.kind === 'visibility' ? visibilityAttributes(item) : item.attributes,
  };
}

/** Bytes an item takes in a SNAC. */
export function itemBytes(item: feedbag.FeedbagItem): number {
  return 10 + item.name.length + item.attributes.length;
}

/**
 * The order in which clients can read a roster: the master group, every group before what is in it, the lists last.
 * libpurple and bitlbee look for a contact's group among those they have read.
 */
export function inReadingOrder(items: readonly RosterItem[]): readonly RosterItem[] {
  const place = ({ groupId, itemId }: RosterItem): number => (groupId === 0 ? (itemId === 0 ? -1 : 0x10000) : groupId);
  return items.toSorted((a, b) => place(a) - place(b) || a.itemId - b.itemId);
}

function uinOf(name: string): Pick<RosterItem, 'uin'> {
  const uin = parseUin(name);
  return uin === undefined ? {} : { uin };
}

function contactFacts(attributes: Uint8Array, codepage: number): Pick<RosterItem, 'nickname' | 'awaiting'> {
  const nickname = attribute(attributes, ItemAttribute.nickname);
  return {
    ...(nickname === undefined ? {} : { nickname: decodeUtf8Or(nickname, codepage) }),
    ...(attribute(attributes, ItemAttribute.awaitingAuthorization) === undefined ? {} : { awaiting: true }),
  };
}

function contactAttributes(item: RosterItem): Uint8Array {
  const awaiting = item.awaiting === true;
  let { attributes } = item;
  if ((attribute(attributes, ItemAttribute.awaitingAuthorization) !== undefined) !== awaiting) {
    attributes = feedbag.withAttribute(attributes, ItemAttribute.awaitingAuthorization, awaiting ? new Uint8Array(0) : undefined);
  }
  if (item.nickname !== undefined && nicknameDiffers(attributes, item.nickname)) {
    attributes = feedbag.withAttribute(attributes, ItemAttribute.nickname, encodeText(item.nickname, UTF8).bytes);
  }
  return attributes;
}

/** A nickname that is not UTF-8 stays as its client wrote it: that client reads it so. */
function nicknameDiffers(attributes: Uint8Array, nickname: string): boolean {
  const written = attribute(attributes, ItemAttribute.nickname);
  if (written === undefined) return nickname !== '';
  const text = decodeUtf8Or(written, UTF8);
  return text !== nickname && !text.includes('\ufffd');
}

/** QIP makes the item without a mode and means that all may see it. */
function modeIn(attributes: Uint8Array): VisibilityMode {
  const written = attribute(attributes, ItemAttribute.visibilityMode);
  if (written?.[0] === undefined) return 'all';
  return MODES[written[0]] ?? 'not-denied';
}

function visibilityAttributes(item: RosterItem): Uint8Array {
  if (item.mode === undefined || item.mode === modeIn(item.attributes)) return item.attributes;
  return feedbag.withAttribute(item.attributes, ItemAttribute.visibilityMode, Uint8Array.of(MODE_NUMBER[item.mode]));
}

const anyAttributes = tlvs({});

/** One attribute, whatever the others look like. */
function attribute(attributes: Uint8Array, type: number): Uint8Array | undefined {
  return rawAttributes(attributes).find((raw) => raw.type === type)?.data;
}

/** None when there are too many to be one client's honest item: such an item is kept, not understood. */
function rawAttributes(attributes: Uint8Array): readonly RawTlv[] {
  return readable(() => decode(anyAttributes, attributes).extra) ?? [];
}
