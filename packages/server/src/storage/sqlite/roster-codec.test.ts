import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredRoster } from '@seekyou/core';
import { ParcelReader, ParcelWriter } from './parcel.ts';
import type { RosterItemTuple, RosterRows } from './protocol.ts';
import { rosterRows } from './roster-codec.ts';

const ITEMS: readonly RosterItemTuple[] = [
  [0, 0, 'group', 1, '', null, null, null, null, '00c800020001'],
  [1, 0, 'group', 1, 'Люди 👋', null, null, null, null, ''],
  [1, 1, 'contact', 0, '100001', 100_001, 'Čeněk', 1, null, '01310001c4'],
  [0xffff, 0xffff, 'contact', 0xffff, '4294967295', 4_294_967_295, '', 0, null, 'ff'.repeat(40_000)],
  [0, 2, 'permit', 2, '100002', 100_002, null, null, null, ''],
  [0, 3, 'deny', 3, '100003', 100_003, null, null, null, ''],
  [0, 4, 'ignore', 14, '100004', 100_004, null, null, null, ''],
  [0, 5, 'other', 0x20, 'x'.repeat(60_000), null, null, null, null, ''],
  ...(['all', 'nobody', 'permitted', 'not-denied', 'contacts'] as const).map(
    (mode, i): RosterItemTuple => [0, 10 + i, 'visibility', 4, '', null, null, null, mode, '00ca000104'],
  ),
];

function travelled(...rosters: RosterRows[]): StoredRoster[] {
  const writer = new ParcelWriter();
  for (const roster of rosters) rosterRows.put(writer, roster);
  const reader = new ParcelReader(structuredClone(writer.seal()));
  return rosters.map(() => rosterRows.take(reader));
}

const asItems = (items: readonly RosterItemTuple[]): unknown[] =>
  items.map(([groupId, itemId, kind, type, name, uin, nickname, awaiting, mode, attributes]) => ({
    groupId,
    itemId,
    kind,
    type,
    name,
    attributes: Uint8Array.from(Buffer.from(attributes, 'hex')),
    ...(uin === null ? {} : { uin }),
    ...(nickname === null ? {} : { nickname }),
    ...(awaiting === null ? {} : { awaiting: awaiting === 1 }),
    ...(mode === null ? {} : { mode }),
  }));

test('rosters arrive as they stand in the table, however many there are in a parcel', () => {
  const rosters = [
    { stamp: 7, granted: [100_002, 100_009], items: ITEMS },
    { stamp: 1, granted: [], items: [] },
    { stamp: 8, granted: [], items: ITEMS.toReversed() },
  ];
  assert.deepEqual(
    travelled(...rosters),
    rosters.map(({ items, ...rest }) => ({ ...rest, items: asItems(items) })),
  );
});

test('a name that is no text travels as its bytes, and so do the items beside it', () => {
  const odd: RosterItemTuple = [1, 1, 'contact', 0, Uint8Array.of(0xed, 0xa0, 0x80), 100_001, Uint8Array.of(0xed, 0xa0, 0x81), 1, null, '01310001c4'];
  const spelled: RosterItemTuple = [1, 1, 'contact', 0, '\ud800', 100_001, '\ud801', 1, null, '01310001c4'];
  assert.deepEqual(travelled({ stamp: 1, granted: [], items: [odd, ...ITEMS] })[0]?.items, asItems([spelled, ...ITEMS]));
});

test('what one roster keeps does not keep the parcel of others', () => {
  const [roster] = travelled({ stamp: 1, granted: [], items: ITEMS.slice(0, 3) }, { stamp: 1, granted: [], items: ITEMS });
  const attributes = roster?.items[2]?.attributes as Uint8Array;
  assert.ok(attributes.buffer.byteLength < 200, `${attributes.buffer.byteLength} bytes`);
});
