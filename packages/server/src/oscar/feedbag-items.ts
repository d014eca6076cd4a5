/** Items of family 13 and the core's roster items: one is made from the other without losing what only clients understand. */
import { Buffer } from 'node:buffer';
import { type ItemKind, parseUin, type RosterItem, type VisibilityMode } from '@seekyou/core';
import { feedbag } from '@seekyou/wire/oscar';
import { decodeUtf8Or, encodeText, UTF8 } from '@seekyou/wire/text';

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
  const common = { groupId: item.groupId, itemId: item.itemId, kind, type: item.type, name, attributes: withWrittenName(item, name) };
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
  const attributes = item.kind === 'contact' ? contactAttributes(item) : item.kind === 'visibility' ? visibilityAttributes(item) : item.attributes;
  const written = writtenName(attributes);
  return {
    name: written ?? utf8(item.name),
    groupId: item.groupId,
    itemId: item.itemId,
    type: item.type,
    attributes: written === undefined ? attributes : attributes.subarray(4 + written.length),
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

/** Ours, never on the wire: the first attribute of an item whose name is not the UTF-8 of what the core calls it. */
const WRITTEN_NAME = 0x535b;

/** The attributes to be kept. A name that is not UTF-8 stands in front of them, for its client to read it as it wrote it. */
function withWrittenName({ name, attributes }: feedbag.FeedbagItem, text: string): Uint8Array {
  if (Buffer.compare(utf8(text), name) === 0 && writtenName(attributes) === undefined) return attributes;
  const kept = new Uint8Array(4 + name.length + attributes.length);
  kept.set([WRITTEN_NAME >>> 8, WRITTEN_NAME & 0xff, name.length >>> 8, name.length & 0xff]);
  kept.set(name, 4);
  kept.set(attributes, 4 + name.length);
  return kept;
}

function writtenName(attributes: Uint8Array): Uint8Array | undefined {
  return attributes.length >= 4 && u16(attributes, 0) === WRITTEN_NAME ? attributes.subarray(4, 4 + u16(attributes, 2)) : undefined;
}

function uinOf(name: string): Pick<RosterItem, 'uin'> {
  const uin = parseUin(name);
  return uin === undefined ? {} : { uin };
}

function contactFacts(attributes: Uint8Array, codepage: number): Pick<RosterItem, 'nickname' | 'awaiting'> {
  const nickname = attribute(attributes, ItemAttribute.nickname);
  return {
    ...(nickname === undefined ? {} : { nickname: decodeUtf8Or(nickname, codepage) }),
    ...(has(attributes, ItemAttribute.awaitingAuthorization) ? { awaiting: true } : {}),
  };
}

function contactAttributes(item: RosterItem): Uint8Array {
  const awaiting = item.awaiting === true;
  let { attributes } = item;
  if (has(attributes, ItemAttribute.awaitingAuthorization) !== awaiting) {
    attributes = feedbag.withAttribute(attributes, ItemAttribute.awaitingAuthorization, awaiting ? new Uint8Array(0) : undefined);
  }
  if (item.nickname !== undefined && nicknameDiffers(attributes, item.nickname)) {
    attributes = feedbag.withAttribute(attributes, ItemAttribute.nickname, utf8(item.nickname));
  }
  return attributes;
}

/** A nickname that is not UTF-8 stays as its client wrote it: that client reads it so. */
function nicknameDiffers(attributes: Uint8Array, nickname: string): boolean {
  if (isAscii(attributes, ItemAttribute.nickname, nickname)) return false;
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

// A roster is written out at every sign-on: what follows runs for each item of it and makes as little as it can. By way of
// packet declarations and text coders fifty contacts took 100 µs, a sixth of the whole sign-on; they take 20.

/** One attribute, whatever the others look like. A view. */
function attribute(attributes: Uint8Array, type: number): Uint8Array | undefined {
  const at = find(attributes, type);
  return at < 0 ? undefined : attributes.subarray(at, at + u16(attributes, at - 2));
}

function has(attributes: Uint8Array, type: number): boolean {
  return find(attributes, type) >= 0;
}

/** Whether the attribute says this text, and nothing in it is beyond ASCII. */
function isAscii(attributes: Uint8Array, type: number, text: string): boolean {
  const at = find(attributes, type);
  if (at < 0 || u16(attributes, at - 2) !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f || attributes[at + i] !== unit) return false;
  }
  return true;
}

/** Where the value of an attribute begins, after its length; -1 when it is not there. */
function find(attributes: Uint8Array, type: number): number {
  for (let at = 4; at <= attributes.length; at += 4 + u16(attributes, at - 2)) {
    if (u16(attributes, at - 4) === type) return at;
  }
  return -1;
}

function u16(data: Uint8Array, at: number): number {
  return ((data[at] as number) << 8) | (data[at + 1] as number);
}

/** Names are short and most of them digits. */
function utf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return encodeText(text, UTF8).bytes;
    bytes[i] = unit;
  }
  return bytes;
}
