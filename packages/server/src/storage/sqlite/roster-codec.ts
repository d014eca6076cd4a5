/**
 * Rosters on their way from the writer. Everybody's comes with his sign-on, fifty items and more: as one text and one block
 * it costs a third of what the same costs as JSON, and a tenth of what it costs as a list of values.
 */
import { Buffer } from 'node:buffer';
import type { ItemKind, RosterItem, StoredRoster, Uin, VisibilityMode } from '@seekyou/core';
import type { Codec, RosterItemTuple, RosterRows } from './protocol.ts';
import { fromColumn } from './text.ts';

const KIND_NUMBERS = { contact: 0, group: 1, permit: 2, deny: 3, ignore: 4, visibility: 5, other: 6 } as const satisfies Record<ItemKind, number>;
const KINDS = Object.keys(KIND_NUMBERS) as ItemKind[];
const NO_MODE = 0;
const MODE_NUMBERS = { all: 1, nobody: 2, permitted: 3, 'not-denied': 4, contacts: 5 } as const satisfies Record<VisibilityMode, number>;
const MODES = [undefined, ...(Object.keys(MODE_NUMBERS) as VisibilityMode[])];

const HAS_UIN = 1;
const HAS_NICKNAME = 2;
/** u16 group, item, type; u32 UIN; u8 kind, mode, awaiting, flags; u16 length of name and nickname in the text, and of the attributes behind this. */
const HEAD_BYTES = 20;

/** Grows to the largest roster there was. */
let scratch = Buffer.allocUnsafeSlow(16 * 1024);

export const rosterRows: Codec<RosterRows, StoredRoster> = {
  put(parcel, { stamp, granted, items }) {
    parcel.value(stamp);
    parcel.value(granted);
    const packed = items.every(isText);
    parcel.value(packed);
    if (!packed) {
      parcel.value(items);
      return;
    }
    let end = 0;
    let text = '';
    for (const item of items) {
      end = putHead(item, end);
      text += item[4] as string;
      if (item[6] !== null) text += item[6] as string;
    }
    parcel.value(text);
    parcel.bytes(scratch.subarray(0, end));
  },
  take(parcel) {
    const stamp = parcel.value<number>();
    const granted = parcel.value<readonly Uin[]>();
    if (!parcel.value<boolean>()) return { stamp, granted, items: parcel.value<readonly RosterItemTuple[]>().map(itemOf) };
    const text = parcel.value<string>();
    // A copy: the items keep views of it, and would keep everybody else's block.
    return { stamp, granted, items: takeItems(text, parcel.bytes().slice()) };
  },
};

/** The rare name that is no text is kept as bytes. */
function isText([, , , , name, , nickname]: RosterItemTuple): boolean {
  return typeof name === 'string' && (nickname === null || typeof nickname === 'string');
}

function putHead([groupId, itemId, kind, type, name, uin, nickname, awaiting, mode, attributes]: RosterItemTuple, at: number): number {
  const end = at + HEAD_BYTES + attributes.length / 2;
  if (end > scratch.length) {
    const larger = Buffer.allocUnsafeSlow(Math.max(end, scratch.length * 2));
    larger.set(scratch.subarray(0, at));
    scratch = larger;
  }
  scratch.writeUInt16LE(groupId, at);
  scratch.writeUInt16LE(itemId, at + 2);
  scratch.writeUInt16LE(type, at + 4);
  scratch.writeUInt32LE(uin ?? 0, at + 6);
  scratch[at + 10] = KIND_NUMBERS[kind];
  scratch[at + 11] = mode === null ? NO_MODE : MODE_NUMBERS[mode];
  scratch[at + 12] = awaiting === null ? 0 : awaiting + 1;
  scratch[at + 13] = (uin === null ? 0 : HAS_UIN) | (nickname === null ? 0 : HAS_NICKNAME);
  scratch.writeUInt16LE(name.length, at + 14);
  scratch.writeUInt16LE(nickname?.length ?? 0, at + 16);
  scratch.writeUInt16LE(attributes.length / 2, at + 18);
  if (attributes.length > 0) scratch.write(attributes, at + HEAD_BYTES, 'hex');
  return end;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NO_ATTRIBUTES = new Uint8Array(0);

/** Runs for each item of everybody who signs on: properties that are set one by one cost a third of objects spread into one. */
function takeItems(text: string, block: Uint8Array): RosterItem[] {
  const items: RosterItem[] = [];
  let read = 0;
  for (let at = 0; at < block.length; ) {
    const flags = block[at + 13] as number;
    const nicknameAt = read + u16(block, at + 14);
    const nicknameEnd = nicknameAt + u16(block, at + 16);
    const end = at + HEAD_BYTES + u16(block, at + 18);
    const item: Mutable<RosterItem> = {
      groupId: u16(block, at),
      itemId: u16(block, at + 2),
      kind: KINDS[block[at + 10] as number] as ItemKind,
      type: u16(block, at + 4),
      name: text.slice(read, nicknameAt),
      attributes: end === at + HEAD_BYTES ? NO_ATTRIBUTES : block.subarray(at + HEAD_BYTES, end),
    };
    if ((flags & HAS_UIN) !== 0) item.uin = (u16(block, at + 6) + u16(block, at + 8) * 0x10000) as Uin;
    if ((flags & HAS_NICKNAME) !== 0) item.nickname = text.slice(nicknameAt, nicknameEnd);
    if (block[at + 12] !== 0) item.awaiting = block[at + 12] === 2;
    if (block[at + 11] !== NO_MODE) item.mode = MODES[block[at + 11] as number] as VisibilityMode;
    items.push(item);
    read = nicknameEnd;
    at = end;
  }
  return items;
}

function u16(block: Uint8Array, at: number): number {
  return (block[at] as number) | ((block[at + 1] as number) << 8);
}

function itemOf([groupId, itemId, kind, type, name, uin, nickname, awaiting, mode, attributes]: RosterItemTuple): RosterItem {
  const bytes = Buffer.from(attributes, 'hex');
  const item: Mutable<RosterItem> = {
    groupId,
    itemId,
    kind,
    type,
    name: fromColumn(name),
    attributes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length),
  };
  if (uin !== null) item.uin = uin as Uin;
  if (nickname !== null) item.nickname = fromColumn(nickname);
  if (awaiting !== null) item.awaiting = awaiting === 1;
  if (mode !== null) item.mode = mode;
  return item;
}
