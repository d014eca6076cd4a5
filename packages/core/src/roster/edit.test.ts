import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PEOPLE } from '../limits.ts';
import { add, contact, friends, group, item, remove, update, visibility } from '../presence/town.ts';
import { uin } from '../testing.ts';
import type { EditResult, RosterEdit, RosterItem, Uin } from '../words.ts';
import { applyEdits, contactsToAsk, type Edited, type EditRules, type Permission } from './edit.ts';
import { type FileKey, Roster } from './roster.ts';

const bob = uin(20_002);
const carol = uin(20_003);
const dave = uin(20_004);

function rules(permissions: Readonly<Record<number, Permission>> = {}, more: Partial<EditRules> = {}): EditRules {
  return { limits: PEOPLE, importing: false, permission: (contactUin: Uin) => permissions[contactUin] ?? 'authorised', ...more };
}

function edit(items: readonly RosterItem[], edits: readonly RosterEdit[], by: EditRules = rules()): Edited & { readonly roster: Roster } {
  const roster = Roster.of(items);
  return { ...applyEdits(roster, edits, by, new Map()), roster };
}

const resultsOf = (items: readonly RosterItem[], edits: readonly RosterEdit[], by: EditRules = rules()): readonly EditResult[] =>
  edit(items, edits, by).results;

describe('one result per edit', () => {
  test('each edit is applied by itself, and later ones see earlier ones', () => {
    const { results, roster, done } = edit(friends(bob), [
      add(contact(carol)),
      add(contact(carol, { itemId: 9 })),
      add(contact(dave, { groupId: 2 })),
      add(group(2)),
      add(contact(dave, { groupId: 2 })),
      update(contact(bob, { nickname: 'Bob' })),
      remove(contact(carol)),
      remove(contact(carol)),
    ]);
    assert.deepEqual(results, ['done', 'exists', 'bad-item', 'done', 'done', 'done', 'done', 'not-found']);
    assert.deepEqual(
      roster.ordered().map(({ groupId, itemId, nickname }) => [groupId, itemId, nickname]),
      [
        [1, 0, undefined],
        [1, contact(bob).itemId, 'Bob'],
        [2, 0, undefined],
        [2, contact(dave).itemId, undefined],
      ],
    );
    assert.equal(done.length, 5);
  });

  test('a key that is taken exists', () => {
    assert.deepEqual(resultsOf(friends(bob), [add(contact(carol, { itemId: contact(bob).itemId })), add(group(1))]), ['exists', 'exists']);
  });

  test('a contact may be in two groups, as while it is moved, but not twice in one', () => {
    const { results, roster } = edit(
      [...friends(bob), group(2)],
      [add(contact(bob, { groupId: 2 })), add(contact(bob, { groupId: 2, itemId: 7 })), remove(contact(bob))],
    );
    assert.deepEqual(results, ['done', 'exists', 'done']);
    assert.equal(roster.follows(bob), true);
  });

  test('what is not there is not found', () => {
    assert.deepEqual(resultsOf(friends(bob), [update(contact(carol)), remove(contact(carol))]), ['not-found', 'not-found']);
  });

  test('a contact needs its group', () => {
    assert.deepEqual(resultsOf([], [add(contact(bob)), add(contact(bob, { groupId: 0 }))]), ['bad-item', 'bad-item']);
    assert.deepEqual(resultsOf([group(0, '')], [add(contact(bob, { groupId: 0 }))]), ['done']);
  });

  test('an item keeps its sort and its person', () => {
    const deny = item('deny', bob);
    const edits = [update({ ...deny, kind: 'permit', type: 2 }), update({ ...deny, uin: carol }), update({ ...deny, type: 4 }), update(deny)];
    assert.deepEqual(resultsOf([deny], edits), ['bad-item', 'bad-item', 'bad-item', 'done']);
  });

  test('items that make no sense are bad', () => {
    const nameless = { itemId: 1, name: 'somebody' };
    const bad: readonly RosterItem[] = [
      item('contact', undefined, { ...nameless, groupId: 1 }),
      item('ignore', undefined, nameless),
      contact(bob, { itemId: 0, groupId: 9 }),
      group(-1),
      { ...group(2), itemId: 1 },
      item('other', undefined, { itemId: 0x10000 }),
      item('other', undefined, { type: 1.5 }),
      item('other', undefined, { attributes: new Uint8Array(PEOPLE.rosterItemBytesMax + 1) }),
      contact(bob, { nickname: 'я'.repeat(PEOPLE.rosterItemBytesMax / 2) }),
    ];
    for (const one of bad) assert.deepEqual(resultsOf(friends(), [add(one)]), ['bad-item'], JSON.stringify(one).slice(0, 200));
    assert.deepEqual(resultsOf([], [add(item('other', undefined, { attributes: new Uint8Array(PEOPLE.rosterItemBytesMax) }))]), ['done']);
    assert.deepEqual(resultsOf(friends(bob), [update(contact(bob, { nickname: 'x'.repeat(PEOPLE.rosterItemBytesMax) }))]), ['bad-item']);
  });

  test('what is kept is a copy: the buffer it came in is used again', () => {
    const attributes = Uint8Array.of(1, 2, 3);
    const { roster } = edit(friends(), [add(contact(bob, { attributes }))]);
    attributes.fill(0);
    assert.deepEqual(roster.at(contact(bob))?.attributes, Uint8Array.of(1, 2, 3));
  });
});

describe('groups', () => {
  test('a group takes its contacts along, and other sessions are told of each', () => {
    const { results, roster, done } = edit([...friends(bob, carol), group(2), contact(dave, { groupId: 2 }), item('deny', bob)], [remove(group(1))]);
    assert.deepEqual(results, ['done']);
    assert.deepEqual(
      roster.ordered().map((left) => left.kind),
      ['group', 'contact', 'deny'],
    );
    const removed = done.map((one) => (one.do === 'remove' ? one.item?.name : undefined));
    assert.deepEqual(removed, [String(bob), String(carol), 'group 1'], 'contacts first, then the group, each with what it was');
  });

  test('a roster is read master group first, groups before their contacts, lists last', () => {
    const roster = Roster.of([item('deny', bob), contact(dave, { groupId: 2 }), contact(bob), visibility('all'), group(2), group(1), group(0, '')]);
    assert.deepEqual(
      roster.ordered().map(({ kind, groupId }) => `${kind} ${groupId}`),
      ['group 0', 'group 1', 'contact 1', 'group 2', 'contact 2', 'deny 0', 'visibility 0'],
    );
  });
});

describe('authorisation', () => {
  const asking = rules({ [bob]: 'required', [carol]: 'authorised', [dave]: 'unknown' });

  test('whoever requires it is not added without, but may be awaited', () => {
    const { results, roster } = edit(friends(), [add(contact(bob)), add(contact(bob, { awaiting: true })), add(contact(carol))], asking);
    assert.deepEqual(results, ['authorisation-required', 'done', 'done']);
    assert.deepEqual([roster.hasContact(bob), roster.follows(bob), roster.follows(carol)], [true, false, true]);
  });

  test('whoever does not require it is followed at once, whatever mark the client sets', () => {
    const { results, roster, done } = edit(friends(), [add(contact(carol, { awaiting: true }))], asking);
    assert.deepEqual(results, ['done']);
    assert.equal(roster.follows(carol), true);
    assert.deepEqual(
      done.map((one) => one.do === 'add' && one.item.awaiting),
      [false],
    );
  });

  test('a number nobody has is told at once, unless it is awaited', () => {
    assert.deepEqual(resultsOf(friends(), [add(contact(dave)), add(contact(dave, { awaiting: true }))], asking), ['bad-item', 'done']);
  });

  test('an import keeps everybody and lets nobody in unasked', () => {
    const { results, roster, done } = edit(friends(), [add(contact(bob)), add(contact(carol)), add(contact(dave))], { ...asking, importing: true });
    assert.deepEqual(results, ['done', 'done', 'done']);
    assert.deepEqual(
      [bob, carol, dave].map((one) => roster.follows(one)),
      [false, true, false],
    );
    assert.deepEqual(
      done.map((one) => one.do === 'add' && one.item.awaiting === true),
      [true, false, true],
    );
  });

  test('a client cannot take the mark away before the other has agreed', () => {
    const before = [...friends(), contact(bob, { awaiting: true }), contact(carol, { awaiting: true })];
    const { results, roster, done } = edit(before, [update(contact(bob, { nickname: 'Bob' })), update(contact(carol))], asking);
    assert.deepEqual(results, ['done', 'done']);
    assert.deepEqual([roster.at(contact(bob))?.awaiting, roster.at(contact(bob))?.nickname], [true, 'Bob'], 'the rest of the edit counts');
    assert.equal(roster.follows(carol), true);
    assert.deepEqual(
      done.map((one) => one.do === 'update' && one.item.awaiting === true),
      [true, false],
    );
  });

  test('nor by removing and adding again, nor in another group', () => {
    const before = [...friends(), group(2), contact(bob, { awaiting: true })];
    assert.deepEqual(resultsOf(before, [add(contact(bob, { groupId: 2 })), remove(contact(bob)), add(contact(bob))], asking), [
      'authorisation-required',
      'done',
      'authorisation-required',
    ]);
  });

  test('only contacts whose permission matters are asked for', () => {
    const roster = Roster.of([...friends(bob), contact(carol, { awaiting: true })]);
    const asked = contactsToAsk(roster, [
      update(contact(bob, { nickname: 'Bob' })),
      update(contact(carol)),
      add(contact(dave)),
      add(item('deny', uin(30_000))),
      remove(contact(bob)),
    ]);
    assert.deepEqual([...asked], [carol, dave]);
  });
});

describe('limits', () => {
  const few = rules({}, { limits: { ...PEOPLE, contactsMax: 2, rosterListMax: 1, rosterItemsMax: 6 } });

  test('contacts are counted by people, so a full list can be rearranged', () => {
    assert.deepEqual(resultsOf([...friends(bob, carol), group(2)], [add(contact(dave)), add(contact(bob, { groupId: 2 }))], few), ['list-full', 'done']);
  });

  test('each list has its own limit', () => {
    const edits = [add(item('deny', bob)), add(item('deny', carol)), add(item('permit', carol)), add(item('ignore', carol)), add(item('ignore', dave))];
    assert.deepEqual(resultsOf([], edits, few), ['done', 'list-full', 'done', 'done', 'list-full']);
    assert.deepEqual(resultsOf([item('deny', bob)], [add(item('deny', bob, { itemId: 5 }))], few), ['done'], 'the same person again is nobody more');
  });

  test('and so has the whole', () => {
    const edits = Array.from({ length: 7 }, (_, n) => add(item('other', undefined, { itemId: n + 1 })));
    assert.deepEqual(resultsOf([], edits, few), ['done', 'done', 'done', 'done', 'done', 'done', 'list-full']);
  });

  test('there are as many groups as clients are told, and the master group beside them', () => {
    const two = rules({}, { limits: { ...PEOPLE, groupsMax: 2 } });
    const edits = [add(group(1)), add(group(2)), add(group(3)), add(group(0, '')), update(group(1, 'friends')), add(group(3)), remove(group(2)), add(group(3))];
    assert.deepEqual(resultsOf([], edits, two), ['done', 'done', 'list-full', 'done', 'done', 'list-full', 'done', 'done']);
    assert.equal(Roster.of([group(0, ''), group(1)]).copy().groupCount, 1);
  });

  test('there is one visibility item', () => {
    assert.deepEqual(resultsOf([], [add(visibility('all')), add({ ...visibility('nobody'), itemId: 5 })]), ['done', 'list-full']);
  });
});

test('what stood under each touched key is noted once', () => {
  const old = new Map<FileKey, RosterItem | undefined>();
  const roster = Roster.of(friends(bob));
  applyEdits(roster, [update(contact(bob, { nickname: 'B' })), remove(contact(bob)), add(contact(carol)), remove(contact(carol))], rules(), old);
  assert.deepEqual(
    [...old.values()].map((one) => one?.name),
    [String(bob), undefined],
  );
});

test('a copy of a roster leads its own life', () => {
  const roster = Roster.of([...friends(bob), item('deny', bob), visibility('nobody')]);
  const copy = roster.copy();
  for (const one of [contact(bob), item('deny', bob), visibility('nobody')]) copy.delete(one);
  assert.deepEqual([roster.follows(bob), roster.denies(bob), roster.mode, roster.size], [true, true, 'nobody', 4]);
  assert.deepEqual([copy.follows(bob), copy.denies(bob), copy.mode, copy.size], [false, false, 'not-denied', 1]);
});
