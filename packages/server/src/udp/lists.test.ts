import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands, type Declaration, replies } from '@seekyou/wire/udp';
import { Quirk } from './clients.ts';
import { awaitLists, FULL_LIST, LISTS_DONE_MS, LISTS_SETTLE_MS, LISTS_WAIT_MS, routes } from './lists.ts';
import { FETCH_TIMER } from './stored.ts';
import { world } from './test-world.ts';
import { ALICE, asked, BOB, contextOf, type ContextParts, handle, LATIN_CLIENT, received, timerOf } from './testing.ts';

/** What a timer does when nothing is missing. */
function completes({ run }: { readonly run: () => ReturnType<typeof handle> }): ReturnType<typeof handle> {
  const [question, ...more] = run();
  assert.ok(question?.do === 'ask' && question.command === 'packet.missing' && more.length === 0);
  assert.deepEqual(
    question.answered(true).map((effect) => effect.do === 'timer' && [effect.name, effect.ms]),
    [['lists', LISTS_SETTLE_MS]],
    'it waits on while something is missing',
  );
  return question.answered(false);
}

const FRESH: ContextParts = { state: { complete: false } };
const hasTimer = (effects: ReturnType<typeof handle>, name: string): boolean => effects.some((effect) => effect.do === 'timer' && effect.name === name);

test('a contact list adds to what is watched, without oneself and without numbers that are nobody’s', () => {
  const effects = handle(routes, commands.contactList, { uins: [BOB, ALICE, 666, 0] }, contextOf());
  assert.deepEqual(asked(effects, 'contacts.add').input, { uins: [BOB], temporary: false });
  assert.deepEqual(asked(handle(routes, commands.addToList, { uin: BOB }, contextOf()), 'contacts.add').input, { uins: [BOB], temporary: false });
});

test('a client is shown to nobody until its lists have settled, and waits for X1 until it has heard who is there', () => {
  for (const list of [commands.contactList, commands.visibleList, commands.invisibleList]) {
    const timer = timerOf(handle(routes, list, { uins: [BOB] }, contextOf(FRESH)), 'lists');
    assert.equal(timer.ms, LISTS_SETTLE_MS);
    const effects = completes(timer);
    assert.deepEqual(effects[0], { do: 'become', change: { complete: true, lists: undefined } });
    const after = timerOf(asked(effects, 'presence.ready').answered(undefined), 'list-end');
    assert.deepEqual(received(after.run(), replies.endOfContactList), [{ uin: ALICE }]);
  }
});

test('with the end of the third list a client is complete at once, whatever their order', async (t) => {
  const full = Array.from({ length: FULL_LIST }, (_, i) => 100_100 + i);
  const bitsOf = (effects: ReturnType<typeof handle>): number => {
    const changes = effects.flatMap((effect) => (effect.do === 'become' && effect.change.lists !== undefined ? [effect.change.lists] : []));
    assert.equal(changes.length, 1);
    return changes[0] as number;
  };
  const cases: readonly (readonly [string, readonly (readonly [Declaration<{ uins: readonly number[] }>, readonly number[]])[], boolean])[] = [
    [
      'version 4',
      [
        [commands.contactList, [BOB]],
        [commands.visibleList, []],
        [commands.invisibleList, []],
      ],
      true,
    ],
    [
      'version 5',
      [
        [commands.contactList, full],
        [commands.contactList, []],
        [commands.invisibleList, [BOB]],
        [commands.visibleList, []],
      ],
      true,
    ],
    [
      'more may follow',
      [
        [commands.contactList, []],
        [commands.visibleList, []],
        [commands.invisibleList, full],
      ],
      false,
    ],
    [
      'more may follow from icqlib',
      [
        [commands.contactList, []],
        [commands.visibleList, []],
        [commands.invisibleList, full.slice(0, 64)],
      ],
      false,
    ],
    [
      'mICQ sends its visible list as a second invisible one',
      [
        [commands.contactList, []],
        [commands.invisibleList, []],
        [commands.invisibleList, []],
      ],
      false,
    ],
  ];
  for (const [name, lists, isAtOnce] of cases) {
    await t.test(name, () => {
      let bits = 0;
      let ms = -1;
      for (const [declaration, uins] of lists) {
        const effects = handle(routes, declaration, { uins }, contextOf({ state: { complete: false, lists: bits } }));
        bits = bitsOf(effects);
        ms = timerOf(effects, 'lists').ms;
        if (declaration !== lists.at(-1)?.[0]) assert.equal(ms, LISTS_SETTLE_MS, 'not before the last');
      }
      assert.equal(ms, isAtOnce ? LISTS_DONE_MS : LISTS_SETTLE_MS);
    });
  }
});

test('who brings no list is complete after a while', () => {
  const { session } = contextOf(FRESH);
  const timer = timerOf(awaitLists(session, 5), 'lists');
  assert.equal(timer.ms, LISTS_WAIT_MS);
  asked(completes(timer), 'presence.ready');
});

test('nobody is complete as long as something is missing that may be the invisible list', async () => {
  const place = await world();
  const [bob, carol] = [await place.online(await place.account()), await place.online(await place.account())];
  const uin = await place.account();
  for (const watcher of [bob, carol]) watcher.say(commands.contactList, { uins: [uin] });
  await place.passes(3_000);
  for (const watcher of [bob, carol]) watcher.take();
  const alice = await place.online(uin);
  alice.say(commands.contactList, { uins: [] });
  // Lost; its client sends it again after ten seconds, and the visible list does not wait for that.
  alice.mute = true;
  const lost = alice.say(commands.invisibleList, { uins: [bob.uin] });
  alice.mute = false;
  alice.say(commands.visibleList, { uins: [] });
  await place.passes(10_000);
  assert.deepEqual(carol.names(), [], 'nobody sees her yet');
  alice.send(lost);
  await place.passes(2_000);
  assert.deepEqual(carol.names(), ['userOnline']);
  assert.deepEqual(bob.names(), [], 'and he never does');
});

test('later lists end with X1 too, which has no number in versions 3 and 4', () => {
  for (const [version, value] of [
    [2, { uin: ALICE }],
    [3, {}],
    [4, {}],
    [5, { uin: ALICE }],
  ] as const) {
    const effects = handle(routes, commands.contactList, { uins: [BOB] }, contextOf({ version }));
    assert.deepEqual(received(timerOf(effects, 'list-end').run(), replies.endOfContactList, version), [value]);
  }
});

test('version 5 clients that do not ask for stored messages get them after the last list', () => {
  const effects = handle(routes, commands.contactList, { uins: [BOB] }, contextOf(FRESH));
  const timer = timerOf(effects, FETCH_TIMER);
  assert.equal(timer.ms, LISTS_SETTLE_MS);
  asked(timer.run(), 'messages.fetch');

  const full = Array.from({ length: FULL_LIST }, (_, i) => 100_100 + i);
  assert.equal(hasTimer(handle(routes, commands.contactList, { uins: full }, contextOf(FRESH)), FETCH_TIMER), false, 'more lists follow');
  assert.equal(hasTimer(handle(routes, commands.contactList, { uins: [BOB] }, contextOf({ state: { fetched: true } })), FETCH_TIMER), false);
  assert.equal(hasTimer(handle(routes, commands.contactList, { uins: [BOB] }, contextOf({ ...FRESH, version: 4 })), FETCH_TIMER), false);
});

test('visible and invisible lists count side by side', () => {
  for (const [declaration, list] of [
    [commands.visibleList, 'visible'],
    [commands.invisibleList, 'invisible'],
  ] as const) {
    const { input } = asked(handle(routes, declaration, { uins: [BOB, 3] }, contextOf()), 'visibility.edit');
    assert.deepEqual(input, { list, do: 'add', uins: [BOB], sideBySide: true });
  }
});

test('one entry of a list is changed by the number its client has for it', () => {
  const licq = { ...LATIN_CLIENT, quirks: new Set([Quirk.licqOrder]) };
  const cases = [
    [LATIN_CLIENT, 2, 1, 'visible', 'add'],
    [LATIN_CLIENT, 1, 1, 'invisible', 'add'],
    [LATIN_CLIENT, 0, 0, 'invisible', 'remove'],
    [licq, 1, 0, 'visible', 'remove'],
    [licq, 0, 1, 'invisible', 'add'],
  ] as const;
  for (const [profile, list, add, expected, verb] of cases) {
    const { input } = asked(handle(routes, commands.updateList, { uin: BOB, list, add }, contextOf({ profile })), 'visibility.edit');
    assert.deepEqual(input, { list: expected, do: verb, uins: [BOB], sideBySide: true });
  }
  assert.deepEqual(handle(routes, commands.updateList, { uin: BOB, list: 9, add: 1 }, contextOf()), []);
});
