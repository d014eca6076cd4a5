import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { add, contact, friends, group, item, remove, Town, update, visibility } from '../presence/town.ts';
import { refuse, Refused } from '../refusals.ts';
import { settled, testSettings, uin } from '../testing.ts';
import { StoreFailed } from '../ports.ts';
import type { RosterEdit } from '../words.ts';
import { MOVED_WITHIN_MS } from './added-notices.ts';

const alice = uin(20_001);
const bob = uin(20_002);
const carol = uin(20_003);
const nobody = uin(99_999);

/** Bob lists Alice; Alice has an empty group; Carol requires authorisation. */
async function town(): Promise<Town> {
  const made = new Town();
  await made.moveIn(alice, {}, friends());
  await made.moveIn(bob, {}, friends(alice));
  await made.moveIn(carol, { authorisationRequired: true });
  return made;
}

describe('edits of the server roster', () => {
  test('an edit is stored before it is answered, in one operation', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    place.store.reset();
    const answer = await place.ask(a, 'roster.edit', { edits: [add(contact(bob)), add(group(2)), add(contact(bob))], importing: false });
    assert.deepEqual(answer.results, ['done', 'done', 'exists']);
    assert.deepEqual(Object.fromEntries(place.store.counts), { 'rosters.standing': 1, 'rosters.save': 1 });
    const stored = await place.store.rosters.load(alice);
    assert.deepEqual([stored.items.length, stored.stamp], [3, answer.stamp]);
    assert.equal(answer.stamp, Math.floor(place.clock.now() / 1000));
  });

  test('what is refused whole is not stored and keeps the stamp', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    place.store.reset();
    const answer = await place.ask(a, 'roster.edit', { edits: [remove(contact(bob))], importing: false });
    assert.deepEqual([answer.results, answer.stamp, place.store.total], [['not-found'], 5, 0]);
  });

  test('the stamp grows with every edit, by seconds or by more than the clock', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    const stamps: number[] = [];
    for (const n of [1, 2, 3]) {
      const { stamp } = await place.ask(a, 'roster.edit', { edits: [add(group(n + 1))], importing: false });
      stamps.push(stamp);
    }
    place.clock.advance(60_000);
    stamps.push((await place.ask(a, 'roster.edit', { edits: [remove(group(2))], importing: false })).stamp);
    const start = Math.floor(place.clock.now() / 1000) - 60;
    assert.deepEqual(stamps, [start, start + 1, start + 2, start + 60]);
    assert.equal((await place.ask(a, 'roster.load', undefined)).stamp, start + 60);
  });

  test('a roster that was never edited has a stamp too', async () => {
    const place = await town();
    const c = await place.signOn(carol);
    assert.deepEqual((await place.ask(c, 'roster.load', undefined)).items, []);
    assert.ok((await place.ask(c, 'roster.load', undefined)).stamp > 0);
  });

  test('requests that come during a commit share the next one, in order', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    place.store.reset();
    const edits = Array.from({ length: 100 }, (_, n) => add(group(n + 2)));
    const answers = await Promise.all(edits.map(async (one) => place.parts.people.commands['roster.edit'](a, { edits: [one], importing: false })));
    const stamps = answers.map((answer) => (answer instanceof Refused ? 0 : answer.stamp));
    assert.ok(
      stamps.every((stamp, n) => n === 0 || stamp === (stamps[n - 1] ?? 0) + 1),
      'strictly growing',
    );
    assert.ok((place.store.counts.get('rosters.save') ?? 0) <= 2);
    assert.equal((await place.store.rosters.load(alice)).items.length, 101);
  });

  test('two sessions that add the same key: one of them is told that it exists', async () => {
    const place = await town();
    const one = await place.signOn(alice);
    const two = await place.signOn(alice);
    const results = await Promise.all([place.edit(one, add(contact(bob))), place.edit(two, add(contact(bob)))]);
    assert.deepEqual(results, [['done'], ['exists']]);
  });

  test('a contact who signs off while others are asked about is still somebody', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    const b = await place.signOn(bob);
    const answer = place.parts.people.commands['roster.edit'](a, { edits: [add(contact(bob)), add(contact(carol))], importing: false });
    place.signOff(b);
    assert.deepEqual(((await answer) as { results: unknown }).results, ['done', 'authorisation-required']);
  });

  test('a thousand contacts are uploaded in one request, one operation, and asked about together', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    const uins = Array.from({ length: 1000 }, (_, n) => uin(50_000 + n));
    for (const one of uins) await place.moveIn(one);
    place.store.reset();
    const results = await place.edit(a, ...uins.map((one, n) => add(contact(one, { itemId: n + 1 }))));
    assert.ok(results.every((result) => result === 'done'));
    assert.deepEqual(Object.fromEntries(place.store.counts), { 'rosters.standing': 1000, 'rosters.save': 1 });
    await place.moveIn(nobody);
    assert.deepEqual(await place.edit(a, add(contact(nobody, { itemId: 2000 }))), ['list-full']);
  });

  test('when the store fails nothing has changed and the next edit works', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    const b = await place.signOn(bob);
    a.hears();
    place.storeFails = new StoreFailed('full', 'no space');
    await assert.rejects(place.edit(a, add(contact(bob))), { code: 'full' });
    assert.deepEqual(a.hears(), []);
    place.storeFails = undefined;
    assert.equal((await place.ask(a, 'roster.load', undefined)).items.length, 1);
    assert.deepEqual(await place.edit(a, add(contact(bob))), ['done']);
    assert.deepEqual(a.hears(), [`+${bob}`]);
    assert.equal(b.ended, false);
  });

  test('an edit that outlives its session is stored', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    const answer = place.parts.people.commands['roster.edit'](a, { edits: [add(contact(bob))], importing: false });
    place.signOff(a);
    await answer;
    await settled();
    assert.equal((await place.store.rosters.load(alice)).items.length, 2);
    assert.equal(place.parts.rosters.size, 0);
  });
});

test('a client reads the answer to its edit before the presence that comes of it', async () => {
  const place = await town();
  const a = await place.signOn(alice);
  await place.signOn(bob);
  const order: string[] = [];
  a.emit = (event) => void order.push(event.type);
  const answer = place.parts.people.commands['roster.edit'](a, { edits: [add(contact(bob))], importing: false });
  await Promise.resolve(answer).then(() => order.push('answer'));
  await settled();
  assert.deepEqual(order, ['answer', 'presence']);
});

describe('other sessions of the account', () => {
  test('hear of the edits that were done, in the form they took, unless they never asked for the roster', async () => {
    const place = await town();
    const author = await place.signOn(alice);
    const sibling = await place.signOn(alice, { roster: false });
    const old = await place.signOn(alice, { roster: false });
    await place.ask(sibling, 'roster.load', undefined);
    for (const session of [author, sibling, old]) session.hears();
    const answer = await place.ask(author, 'roster.edit', { edits: [add(contact(carol)), add(contact(bob)), remove(group(9))], importing: true });
    assert.deepEqual([author.hears(), old.hears()], [[], []]);
    const heard = sibling.events.at(0);
    assert.ok(heard?.type === 'roster-edited');
    assert.equal(heard.stamp, answer.stamp);
    assert.deepEqual(
      heard.edits.map((edit) => edit.do === 'add' && [edit.item.name, edit.item.awaiting]),
      [
        [String(carol), true],
        [String(bob), undefined],
      ],
    );
    sibling.hears();
    await place.edit(author, remove(group(1)));
    assert.deepEqual(
      sibling.events.flatMap((event) => (event.type === 'roster-edited' ? event.edits.map((edit) => edit.do) : event.type)),
      ['remove', 'remove', 'remove'],
    );
  });

  test('hear of the edit before they hear of the new contact’s presence', async () => {
    const place = await town();
    await place.signOn(bob);
    const author = await place.signOn(alice);
    const sibling = await place.signOn(alice);
    sibling.hears();
    await place.edit(author, add(contact(bob)));
    assert.deepEqual([author.hears(), sibling.hears()], [[`+${bob}`], ['roster-edited', `+${bob}`]]);
  });
});

describe('what an edit does to presence', () => {
  test('a new contact is shown, a removed one is no longer followed', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    const b = await place.signOn(bob);
    await place.edit(a, add(contact(bob)));
    assert.deepEqual(a.hears(), [`+${bob}`]);
    await place.edit(a, remove(contact(bob)));
    await place.ask(b, 'presence.set', { idleSince: 1 });
    assert.deepEqual(a.hears(), []);
  });

  test('lists and mode act at once on those they mean', async () => {
    const place = await town();
    await place.change(carol, { authorisationRequired: false });
    const a = await place.signOn(alice);
    const b = await place.signOn(bob);
    const c = await place.signOn(carol);
    await place.ask(c, 'contacts.add', { uins: [alice], temporary: false });
    b.hears();
    c.hears();
    const steps: readonly [RosterEdit, string[], string[]][] = [
      [add(item('deny', bob)), [`-${alice}`], []],
      [remove(item('deny', bob)), [`+${alice}`], []],
      [add(item('ignore', bob)), [`-${alice}`], []],
      [remove(item('ignore', bob)), [`+${alice}`], []],
      [add(visibility('permitted')), [`-${alice}`], [`-${alice}`]],
      [add(item('permit', bob)), [`+${alice}`], []],
      [update(visibility('nobody')), [`-${alice}`], []],
      [update(visibility('contacts')), [], []],
      [add(contact(carol)), [], [`+${alice}`]],
      [add(contact(bob)), [`+${alice}`], []],
      [update(visibility('not-denied')), [], []],
    ];
    for (const [edit, bobHears, carolHears] of steps) {
      assert.deepEqual(await place.edit(a, edit), ['done']);
      assert.deepEqual([b.hears(), c.hears()], [bobHears, carolHears], JSON.stringify(edit));
    }
  });

  test('ignoring somebody also hides him', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    await place.signOn(bob);
    await place.edit(a, add(contact(bob)));
    a.hears();
    await place.edit(a, add(item('ignore', bob)));
    assert.deepEqual(a.hears(), [`-${bob}`]);
    assert.deepEqual([place.parts.people.ignores(alice, bob), place.parts.people.ignores(bob, alice)], [true, false]);
  });

  test('a contact that is marked as awaiting again is seen to go', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    await place.signOn(bob);
    await place.edit(a, add(contact(bob)));
    a.hears();
    await place.edit(a, update(contact(bob, { awaiting: true })));
    assert.deepEqual(a.hears(), [`-${bob}`]);
    await place.edit(a, update(contact(bob)));
    assert.deepEqual(a.hears(), [`+${bob}`]);
  });

  test('one may list oneself', async () => {
    const place = await town();
    await place.change(alice, { authorisationRequired: true });
    const a = await place.signOn(alice);
    assert.deepEqual(await place.edit(a, add(contact(alice))), ['done']);
    assert.deepEqual(a.hears(), [`+${alice}`]);
    assert.deepEqual(place.post(), []);
  });
});

describe('"you were added"', () => {
  test('is said once when somebody is added', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    await place.edit(a, add(contact(bob)));
    assert.deepEqual(place.post(), [`${alice} → ${bob} added`]);
    await place.edit(a, update(contact(bob, { nickname: 'Bob' })));
    await place.edit(a, add(group(2)), add(contact(bob, { groupId: 2 })), remove(contact(bob)));
    assert.deepEqual(place.post(), []);
  });

  test('is not said of a contact that is only moved, in whatever order', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    await place.edit(a, add(contact(bob)), add(group(2)));
    place.post();
    await place.edit(a, remove(contact(bob)));
    place.clock.advance(MOVED_WITHIN_MS - 1);
    await place.edit(a, add(contact(bob, { groupId: 2 })));
    assert.deepEqual(place.post(), []);
    await place.edit(a, remove(contact(bob, { groupId: 2 })));
    place.clock.advance(MOVED_WITHIN_MS);
    await place.edit(a, add(contact(bob)));
    assert.deepEqual(place.post(), [`${alice} → ${bob} added`], 'later it is a new contact');
  });

  test('is not said by imports, nor while authorisation is awaited', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    await place.ask(a, 'roster.edit', { edits: [add(contact(bob)), add(contact(carol))], importing: true });
    assert.deepEqual(place.post(), []);
    await place.store.rosters.grant(carol, alice);
    await place.edit(a, update(contact(carol)));
    assert.deepEqual(place.post(), [`${alice} → ${carol} added`]);
  });

  test('does not hold up the edit when it cannot be sent', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    place.sendFails = refuse('mailbox-full');
    assert.deepEqual(await place.edit(a, add(contact(bob))), ['done']);
    assert.deepEqual(place.problems, []);
    place.sendFails = new StoreFailed('full', 'no space');
    await place.store.accounts.update(carol, { authorisationRequired: false });
    assert.deepEqual(await place.edit(a, add(contact(carol))), ['done']);
    assert.deepEqual(place.problems, [place.sendFails]);
  });
});

describe('lists that clients keep', () => {
  test('take what fits and say when there is more', async () => {
    const small = new Town({ limits: { ...testSettings.limits, contactsMax: 2, rosterListMax: 1 } });
    for (const one of [alice, bob, carol]) await small.moveIn(one);
    const a = await small.signOn(alice, { roster: false });
    await small.signOn(bob);
    await small.signOn(carol);
    const full = await small.run(a, 'contacts.add', { uins: [bob, nobody, bob, carol], temporary: false });
    assert.ok(full instanceof Refused && full.refusal === 'list-full');
    assert.deepEqual(a.hears(), [`+${bob}`]);
    await small.ask(a, 'contacts.add', { uins: [bob], temporary: false });
    const hidden = await small.run(a, 'visibility.edit', { list: 'invisible', do: 'add', uins: [bob, carol] });
    assert.ok(hidden instanceof Refused && hidden.refusal === 'list-full');
    assert.deepEqual([small.view(bob, alice) === undefined, small.view(carol, alice) === undefined], [true, false]);
  });

  test('do not get round authorisation', async () => {
    const place = await town();
    await place.signOn(carol);
    const a = await place.signOn(alice, { roster: false });
    await place.ask(a, 'contacts.add', { uins: [carol], temporary: false });
    await place.ask(a, 'contacts.add', { uins: [carol], temporary: true });
    assert.deepEqual(a.hears(), []);
  });
});
