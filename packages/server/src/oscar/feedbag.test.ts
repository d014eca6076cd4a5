import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EditResult, RosterEdit, RosterItem, RosterState } from '@seekyou/core';
import { ErrorCode, feedbag, SnacFlag } from '@seekyou/wire/oscar';
import * as fc from 'fast-check';
import { inReadingOrder, itemFromWire, itemToWire } from './feedbag-items.ts';
import { renderEdits, routes } from './feedbag.ts';
import type { OscarEffect } from './state.ts';
import { ascii, asked, BOB, bytesOf, contextOf, countedIn, handle, hex, packets, received, receivedOne, REQUEST_ID } from './testing.ts';

const { ItemType, makeItem } = feedbag;

/** The roster of oscar.md §14.5, F2. */
const EXAMPLE: readonly feedbag.FeedbagItem[] = [
  makeItem(ItemType.group, 0, 0, '', { members: [1, 2] }),
  makeItem(ItemType.group, 1, 0, 'General', { members: [0x0c61, 0x0c62] }),
  makeItem(ItemType.buddy, 1, 0x0c61, '100002', { nickname: 'Вася' }),
  { ...makeItem(ItemType.buddy, 1, 0x0c62, '100003'), attributes: hex('01 31 00 04 41 6e 6e 61 00 66 00 00') },
  makeItem(ItemType.group, 2, 0, 'Work'),
  makeItem(ItemType.permit, 0, 0x1001, '100004'),
  makeItem(ItemType.deny, 0, 0x1002, '100005'),
  makeItem(ItemType.ignore, 0, 0x1003, '100006'),
  makeItem(ItemType.visibility, 0, 0x2000, '', { visibilityMode: 4 }),
];

const STAMP = 0x3f000000;
/** A roster that is loaded for the first time also settles which pictures are shown: see bart.test.ts. */
const sentOf = (effects: readonly OscarEffect[]): readonly OscarEffect[] => effects.filter((effect) => effect.do === 'send');
const rosterOf = (items: readonly feedbag.FeedbagItem[], stamp = STAMP): RosterState => ({ items: items.map((item) => itemFromWire(item, 1252)), stamp });

// ---------------------------------------------------------------- the whole roster

test('limits leave room for a thousand contacts and lists as long', () => {
  const { itemsMax } = receivedOne(handle(routes, feedbag.rightsQuery, { flags: 0x0f }, contextOf()), feedbag.rightsReply);
  assert.deepEqual(itemsMax, [1000, 200, 1000, 1000, 1, 1, 50, 0, 0, 3, 0, 0, 0, 128, 1000, 20, 200, 1, 0, 1, 1]);
});

test('a roster is what its client stored, byte for byte (oscar.md §14.5, F2)', () => {
  const effects = handle(routes, feedbag.queryIfModified, { time: 0, count: 0 }, contextOf());
  assert.deepEqual(effects[0], { do: 'become', change: { askedRoster: true } });
  const [packet, ...more] = packets(sentOf(asked(effects, 'roster.load').answered(rosterOf(EXAMPLE))));
  assert.deepEqual(more, []);
  assert.equal(packet?.requestId, REQUEST_ID);
  assert.deepEqual(
    bytesOf({ ...(packet as NonNullable<typeof packet>), requestId: 5 }),
    hex(`00 13 00 06 00 00 00 00 00 05 00 00 09 00 00 00 00 00 00 00 01 00 08 00 C8 00 04 00 01 00 02 00 07 47 65 6E 65 72 61 6C 00 01
      00 00 00 01 00 08 00 C8 00 04 0C 61 0C 62 00 06 31 30 30 30 30 32 00 01 0C 61 00 00 00 0C 01 31 00 08 D0 92 D0 B0 D1 81 D1 8F 00 06 31 30 30 30
      30 33 00 01 0C 62 00 00 00 0C 01 31 00 04 41 6E 6E 61 00 66 00 00 00 04 57 6F 72 6B 00 02 00 00 00 01 00 00 00 06 31 30 30 30 30 34 00 00 10 01
      00 02 00 00 00 06 31 30 30 30 30 35 00 00 10 02 00 03 00 00 00 06 31 30 30 30 30 36 00 00 10 03 00 0E 00 00 00 00 00 00 20 00 00 04 00 05 00 CA
      00 01 04 3F 00 00 00`),
  );
});

test('an empty roster is a packet with no items and a time', () => {
  const { answered } = asked(handle(routes, feedbag.query, true, contextOf()), 'roster.load');
  assert.deepEqual(receivedOne(sentOf(answered({ items: [], stamp: 1 })), feedbag.reply), { version: 0, items: [], time: 1 });
  assert.equal(receivedOne(sentOf(answered({ items: [], stamp: 0 })), feedbag.reply).time, 1);
});

test('only a copy with the same time and count is current', () => {
  const ask = (time: number, count: number): ReturnType<typeof packets> =>
    packets(sentOf(asked(handle(routes, feedbag.queryIfModified, { time, count }, contextOf()), 'roster.load').answered(rosterOf(EXAMPLE))));
  assert.deepEqual(ask(STAMP, 9)[0]?.value, { time: STAMP, count: 9 });
  assert.equal(ask(STAMP, 9)[0]?.declaration, feedbag.replyNotModified);
  for (const [time, count] of [
    [0, 0],
    [0, 9],
    [STAMP, 8],
    [STAMP - 1, 9],
  ] as const) {
    assert.equal(ask(time, count)[0]?.declaration, feedbag.reply, `${time}/${count}`);
  }
});

test('a copy that says nothing is never current, even of an empty roster', () => {
  const { answered } = asked(handle(routes, feedbag.queryIfModified, { time: 0, count: 0 }, contextOf()), 'roster.load');
  assert.equal(packets(sentOf(answered({ items: [], stamp: 0 })))[0]?.declaration, feedbag.reply);
});

test('a thousand contacts come in parts that fit 8 KB, and only the last has a time and no flag', () => {
  const contacts = Array.from({ length: 1_000 }, (_, i) =>
    makeItem(ItemType.buddy, 1 + (i % 7), 1 + i, String(200_000 + i), { nickname: `friend number ${i}` }),
  );
  const groups = Array.from({ length: 7 }, (_, i) => makeItem(ItemType.group, 1 + i, 0, `group ${i}`));
  const { answered } = asked(handle(routes, feedbag.query, true, contextOf()), 'roster.load');
  const sent = packets(sentOf(answered(rosterOf([...contacts, ...groups]))));
  assert.ok(sent.length > 3);
  const read: feedbag.FeedbagItem[] = [];
  for (const [index, packet] of sent.entries()) {
    const last = index === sent.length - 1;
    assert.ok(bytesOf(packet).length + 6 <= 8_192);
    assert.equal(packet.flags, last ? 0 : SnacFlag.more);
    const [part] = received([{ do: 'send', packet }], feedbag.reply);
    assert.equal(part?.time, last ? STAMP : 0);
    assert.equal(packet.requestId, REQUEST_ID);
    read.push(...(part?.items ?? []));
  }
  assert.equal(read.length, 1_007);
  const known = new Set<number>();
  for (const item of read) {
    if (item.type === ItemType.group) known.add(item.groupId);
    else assert.ok(known.has(item.groupId), `group ${item.groupId} stands before its contacts`);
  }
});

test('the master group comes first, groups before what is in them, lists last', () => {
  const order = inReadingOrder(rosterOf(EXAMPLE.toReversed()).items).map(({ groupId, itemId }) => [groupId, itemId]);
  assert.deepEqual(order, [
    [0, 0],
    [1, 0],
    [1, 0x0c61],
    [1, 0x0c62],
    [2, 0],
    [0, 0x1001],
    [0, 0x1002],
    [0, 0x1003],
    [0, 0x2000],
  ]);
});

test('a client that uses its roster is announced when it is complete', () => {
  const use = (online: boolean): ReturnType<typeof handle> => handle(routes, feedbag.use, true, contextOf({ state: { online } }));
  assert.deepEqual(use(false)[0], { do: 'become', change: { usesRoster: true } });
  assert.deepEqual(asked(use(false), 'roster.use').answered(undefined), []);
  // ICQ Lite and bitlbee said 01/02 before.
  const ready = asked(asked(use(true), 'roster.use').answered(undefined), 'presence.ready');
  assert.deepEqual(ready.answered(undefined), []);
});

test('a roster that cannot be loaded is an error, not an empty roster', () => {
  const { refused } = asked(handle(routes, feedbag.query, true, contextOf()), 'roster.load');
  assert.equal(receivedOne(refused('unavailable'), feedbag.error).code, ErrorCode.serviceUnavailable);
});

// ---------------------------------------------------------------- items

test('items become what the core has to know of them', () => {
  const cases: readonly (readonly [feedbag.FeedbagItem, Partial<RosterItem>])[] = [
    [EXAMPLE[0] as feedbag.FeedbagItem, { kind: 'group', groupId: 0, itemId: 0, name: '' }],
    [EXAMPLE[2] as feedbag.FeedbagItem, { kind: 'contact', uin: BOB, nickname: 'Вася', groupId: 1, itemId: 0x0c61 }],
    [EXAMPLE[3] as feedbag.FeedbagItem, { kind: 'contact', awaiting: true, nickname: 'Anna' }],
    [EXAMPLE[5] as feedbag.FeedbagItem, { kind: 'permit', name: '100004' }],
    [EXAMPLE[6] as feedbag.FeedbagItem, { kind: 'deny' }],
    [EXAMPLE[7] as feedbag.FeedbagItem, { kind: 'ignore' }],
    [EXAMPLE[8] as feedbag.FeedbagItem, { kind: 'visibility', mode: 'not-denied' }],
    [makeItem(ItemType.visibility, 0, 1, '', { visibilityMode: 1 }), { mode: 'all' }],
    [makeItem(ItemType.visibility, 0, 1, '', { visibilityMode: 2 }), { mode: 'nobody' }],
    [makeItem(ItemType.visibility, 0, 1, '', { visibilityMode: 3 }), { mode: 'permitted' }],
    [makeItem(ItemType.visibility, 0, 1, '', { visibilityMode: 5 }), { mode: 'contacts' }],
    [makeItem(ItemType.visibility, 0, 1, ''), { mode: 'all' }],
    [makeItem(ItemType.buddy, 1, 1, 'SomeAimUser'), { kind: 'contact', name: 'SomeAimUser' }],
    [makeItem(ItemType.nonIcq, 1, 1, '1#EXT'), { kind: 'other', type: 0x10 }],
    [makeItem(0x7777, 3, 4, 'x'), { kind: 'other', type: 0x7777 }],
  ];
  for (const [wire, expected] of cases) {
    const item = itemFromWire(wire, 1252);
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(item[name as keyof RosterItem], value, `${name} of ${item.name || wire.type}`);
  }
  assert.equal('uin' in itemFromWire(makeItem(ItemType.buddy, 1, 1, 'SomeAimUser'), 1252), false);
  assert.equal('awaiting' in itemFromWire(EXAMPLE[2] as feedbag.FeedbagItem, 1252), false);
});

test('an item comes back as it was written, whatever is in it', () => {
  const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
  const attribute = fc
    .tuple(fc.constantFrom(0x66, 0x67, 0xc8, 0xca, 0x131, 0x13c, 0x145, 0x4242, 0x535b), bytes(12))
    .map(([type, data]) => Uint8Array.of(type >>> 8, type & 0xff, data.length >>> 8, data.length & 0xff, ...data));
  const name = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }).map(ascii), bytes(20));
  const attributes = fc.oneof(
    bytes(40),
    fc.array(attribute, { maxLength: 5 }).map((all) => Uint8Array.from(all.flatMap((one) => [...one]))),
  );
  const type = fc.oneof(fc.constantFrom(...Object.values(ItemType)), fc.nat(0xffff));
  const item = fc.record({ name, groupId: fc.nat(0xffff), itemId: fc.nat(0xffff), type, attributes }, { noNullPrototype: true });
  fc.assert(fc.property(item, fc.constantFrom(1251, 1252, 932), (wire, codepage) => assert.deepEqual(itemToWire(itemFromWire(wire, codepage)), wire)));
});

test('names that are not UTF-8 are read in the code page of their client', () => {
  const group = { ...makeItem(ItemType.group, 1, 0, ''), name: hex('c4 f0 f3 e7 fc ff') };
  assert.equal(itemFromWire(group, 1251).name, 'Друзья');
  assert.deepEqual(itemToWire(itemFromWire(group, 1251)), group);
  const unknown = { ...makeItem(0x0055, 0, 7, '', { nickname: 'x' }), name: hex('ff fe 00 81') };
  assert.deepEqual(itemToWire(itemFromWire(unknown, 1252)), unknown);
  const contact = { ...makeItem(ItemType.buddy, 1, 1, '100002'), attributes: hex('01 31 00 04 c2 e0 f1 ff') };
  assert.equal(itemFromWire(contact, 1251).nickname, 'Вася');
  assert.deepEqual(itemToWire(itemFromWire(contact, 1251)), contact);
});

test('what the core changed is put into the attributes, the rest stays', () => {
  const anna = itemFromWire({ ...makeItem(ItemType.buddy, 1, 1, '100003'), attributes: hex('42 42 00 01 07 00 66 00 00 01 31 00 04 41 6e 6e 61') }, 1252);
  assert.deepEqual(itemToWire({ ...anna, awaiting: false }).attributes, hex('42 42 00 01 07 01 31 00 04 41 6e 6e 61'));
  assert.deepEqual(itemToWire({ ...anna, nickname: 'Ann' }).attributes, hex('42 42 00 01 07 00 66 00 00 01 31 00 03 41 6e 6e'));
  const bob = itemFromWire(makeItem(ItemType.buddy, 1, 2, '100002'), 1252);
  assert.deepEqual(itemToWire({ ...bob, awaiting: true }).attributes, hex('00 66 00 00'));
  const visibility = itemFromWire(makeItem(ItemType.visibility, 0, 1, '', { visibilityMode: 4 }), 1252);
  assert.deepEqual(itemToWire({ ...visibility, mode: 'permitted' }).attributes, hex('00 ca 00 01 03'));
});

test('items that another kind of client made have attributes all the same', () => {
  const made: RosterItem = {
    groupId: 1,
    itemId: 1,
    kind: 'contact',
    type: 0,
    name: '100002',
    uin: BOB,
    nickname: 'Вася',
    awaiting: true,
    attributes: new Uint8Array(0),
  };
  const attributes = feedbag.attributesOf(itemToWire(made));
  assert.equal(attributes.nickname, 'Вася');
  assert.equal(attributes.awaitingAuthorization, true);
});

test('an item with more attributes than anybody writes is kept', () => {
  const crowded = { ...makeItem(ItemType.buddy, 1, 1, '100002'), attributes: new Uint8Array(4 * 600) };
  assert.deepEqual(itemToWire(itemFromWire(crowded, 1252)), crowded);
});

// ---------------------------------------------------------------- edits

const ANNA = EXAMPLE[3] as feedbag.FeedbagItem;
const WORK = EXAMPLE[4] as feedbag.FeedbagItem;

test('adding, changing and removing become edits in their order', () => {
  const item = itemFromWire(ANNA, 1252);
  const cases = [
    [
      feedbag.insertItems,
      [
        { do: 'add', item },
        { do: 'add', item: itemFromWire(WORK, 1252) },
      ],
    ],
    [
      feedbag.updateItems,
      [
        { do: 'update', item },
        { do: 'update', item: itemFromWire(WORK, 1252) },
      ],
    ],
    [
      feedbag.deleteItems,
      [
        { do: 'remove', groupId: 1, itemId: 0x0c62 },
        { do: 'remove', groupId: 2, itemId: 0 },
      ],
    ],
  ] as const;
  for (const [declaration, edits] of cases) {
    const { input } = asked(handle(routes, declaration, { items: [ANNA, WORK] }, contextOf()), 'roster.edit');
    assert.deepEqual(input, { edits, importing: false });
  }
});

test('every item of an edit has its own result', () => {
  const items = [ANNA, WORK, ANNA, ANNA, ANNA, ANNA];
  const { answered } = asked(handle(routes, feedbag.insertItems, { items }, contextOf()), 'roster.edit');
  const effects = answered({ results: ['done', 'not-found', 'exists', 'bad-item', 'list-full', 'authorisation-required'], stamp: 7, removed: [] });
  assert.deepEqual(receivedOne(effects, feedbag.status).results, [0x00, 0x02, 0x03, 0x0a, 0x0c, 0x0e]);
  assert.equal(packets(effects)[0]?.requestId, REQUEST_ID);
});

test('an edit with an item that was refused is counted once; to be asked for authorisation is no refusal', () => {
  const { answered, refused } = asked(handle(routes, feedbag.insertItems, { items: [ANNA, WORK, ANNA] }, contextOf()), 'roster.edit');
  const counted = (...results: readonly EditResult[]): readonly string[] => countedIn(answered({ results, stamp: 7, removed: [] }));
  for (const result of ['not-found', 'exists', 'bad-item', 'list-full'] as const) assert.deepEqual(counted('done', result, result), ['oscar_snacs_refused']);
  assert.deepEqual(countedIn(refused('unavailable')), ['oscar_snacs_refused']);
  assert.deepEqual(counted('done', 'done', 'authorisation-required'), []);
});

test('a picture goes with its item, of which the client may have said no more than the numbers', () => {
  const item = makeItem(ItemType.ownAvatar, 0, 77, '1', { bart: { flags: 1, hash: new Uint8Array(16) } });
  const bare = makeItem(ItemType.buddy, 0, 77, '');
  const { answered } = asked(handle(routes, feedbag.deleteItems, { items: [bare] }, contextOf()), 'roster.edit');
  const removed = [itemFromWire(item, 1252)];
  assert.deepEqual(asked(answered({ results: ['done'], stamp: 7, removed }), 'pictures.claim').input, { kind: 'icon' });
  assert.deepEqual(packets(answered({ results: ['not-found'], stamp: 7, removed: [] })).length, 1);
});

test('an edit that could not be stored fails for every item', () => {
  const { refused } = asked(handle(routes, feedbag.updateItems, { items: [ANNA, WORK] }, contextOf()), 'roster.edit');
  const { results } = receivedOne(refused('unavailable'), feedbag.status);
  assert.equal(results.length, 2);
  assert.ok(results.every((result) => result !== 0));
});

test('a cluster marks an import from its beginning to its end', () => {
  assert.deepEqual(handle(routes, feedbag.startCluster, {}, contextOf()), [{ do: 'become', change: { edit: 'open' } }]);
  assert.deepEqual(handle(routes, feedbag.startCluster, { flags: 0x00010000 }, contextOf()), [{ do: 'become', change: { edit: 'importing' } }]);
  assert.deepEqual(handle(routes, feedbag.endCluster, true, contextOf()), [{ do: 'become', change: { edit: 'none' } }]);
  const importing = handle(routes, feedbag.insertItems, { items: [ANNA] }, contextOf({ state: { edit: 'importing' } }));
  assert.equal(asked(importing, 'roster.edit').input.importing, true);
});

test('another session hears of edits as they were made, between 13/11 and 13/12', () => {
  const [anna, work] = [itemFromWire(ANNA, 1252), itemFromWire(WORK, 1252)];
  const edits: readonly RosterEdit[] = [
    { do: 'add', item: work },
    { do: 'add', item: anna },
    { do: 'update', item: work },
    { do: 'remove', groupId: 1, itemId: 0x0c62, item: anna },
    { do: 'remove', groupId: 9, itemId: 0 },
    { do: 'add', item: anna },
  ];
  const sent = packets(renderEdits(contextOf({ state: { askedRoster: true } }), edits));
  assert.deepEqual(
    sent.map(({ declaration }) => declaration.subtype),
    [0x11, 0x08, 0x09, 0x0a, 0x08, 0x12],
  );
  assert.deepEqual(sent[1]?.value, { items: [WORK, ANNA] });
  assert.deepEqual(sent[2]?.value, { items: [WORK] });
  assert.deepEqual(sent[3]?.value, { items: [ANNA, makeItem(ItemType.group, 9, 0, '')] });
  for (const packet of sent) assert.ok(bytesOf(packet).length >= 10);
});

test('a session that never asked for the roster is not told of edits', () => {
  assert.deepEqual(renderEdits(contextOf(), [{ do: 'remove', groupId: 1, itemId: 1 }]), []);
});

test('a large edit is told in packets that fit', () => {
  const edits = Array.from(
    { length: 1_000 },
    (_, i): RosterEdit => ({ do: 'add', item: itemFromWire(makeItem(ItemType.buddy, 1, 1 + i, String(200_000 + i)), 1252) }),
  );
  const sent = packets(renderEdits(contextOf({ state: { askedRoster: true } }), edits));
  assert.ok(sent.length > 3);
  for (const packet of sent) assert.ok(bytesOf(packet).length + 6 <= 8_192);
});
