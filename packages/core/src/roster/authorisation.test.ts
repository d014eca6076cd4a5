import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { add, contact, friends, item, remove, Town, type TownSession, update } from '../presence/town.ts';
import { refuse, Refused } from '../refusals.ts';
import { testSettings, uin } from '../testing.ts';

const alice = uin(20_001);
const bob = uin(20_002);
const carol = uin(20_003);
const nobody = uin(99_999);

/** Alice has an empty group, Bob requires authorisation, Carol does not. */
async function town(settings: ConstructorParameters<typeof Town>[0] = {}): Promise<Town> {
  const made = new Town(settings);
  await made.moveIn(alice, {}, friends());
  await made.moveIn(bob, { authorisationRequired: true });
  await made.moveIn(carol, {});
  return made;
}

const refusal = (answer: unknown): string | undefined => (answer instanceof Refused ? answer.refusal : undefined);

test('adding somebody who requires it, as oscar.md §7.3 tells it', async () => {
  const place = await town();
  const a = await place.signOn(alice);
  const b = await place.signOn(bob);
  assert.deepEqual(await place.edit(a, add(contact(bob))), ['authorisation-required']);
  await place.ask(a, 'authorisation.request', { to: bob, reason: 'please' });
  assert.deepEqual(await place.edit(a, add(contact(bob, { awaiting: true }))), ['done']);
  assert.deepEqual(a.hears(), []);
  assert.deepEqual(place.mail, [{ from: alice, to: bob, body: { kind: 'auth-request', reason: 'please' } }]);

  place.post();
  await place.ask(b, 'authorisation.answer', { to: alice, granted: true, reason: 'gladly' });
  assert.deepEqual(place.mail.at(0), { from: bob, to: alice, body: { kind: 'auth-granted', reason: 'gladly' } });
  assert.deepEqual(place.post(), [`${bob} → ${alice} auth-granted`, `${alice} → ${bob} added`]);
  const [edited] = a.events;
  assert.ok(edited?.type === 'roster-edited');
  assert.deepEqual(edited.edits, [{ do: 'update', item: contact(bob, { awaiting: false }) }]);
  assert.deepEqual(a.hears(), ['roster-edited', `+${bob}`]);
  assert.deepEqual(await place.edit(a, update(contact(bob))), ['done'], 'her client may say so too');
  assert.deepEqual([a.hears(), place.post()], [[], []]);
  assert.deepEqual((await place.store.rosters.load(bob)).granted, [alice]);
});

test('a denial leaves the contact waiting, and takes back what was given', async () => {
  const place = await town();
  const a = await place.signOn(alice);
  const b = await place.signOn(bob);
  await place.edit(a, add(contact(bob, { awaiting: true })));
  await place.ask(b, 'authorisation.answer', { to: alice, granted: false, reason: 'no' });
  assert.deepEqual(place.post(), [`${bob} → ${alice} auth-denied`]);
  await place.edit(a, update(contact(bob)));
  assert.deepEqual(a.hears(), []);
  await place.ask(b, 'authorisation.answer', { to: alice, granted: true, reason: '' });
  assert.deepEqual(a.hears(), ['roster-edited', `+${bob}`]);
  await place.ask(b, 'authorisation.answer', { to: alice, granted: false, reason: '' });
  assert.deepEqual(a.hears(), [`-${bob}`]);
  assert.deepEqual((await place.store.rosters.load(bob)).granted, []);
});

test('a grant is remembered when the contact is removed', async () => {
  const place = await town();
  const a = await place.signOn(alice);
  const b = await place.signOn(bob);
  await place.ask(b, 'authorisation.grant', { to: alice, reason: 'before you ask' });
  assert.deepEqual(place.mail, [{ from: bob, to: alice, body: { kind: 'pre-authorised', reason: 'before you ask' } }]);
  for (const edit of [add(contact(bob)), remove(contact(bob)), add(contact(bob))]) assert.deepEqual(await place.edit(a, edit), ['done']);
  assert.deepEqual(a.hears(), [`+${bob}`, `+${bob}`]);
});

test('a grant counts at once for whoever follows without a mark', async () => {
  const place = await town();
  const b = await place.signOn(bob);
  const a = await place.signOn(alice, { roster: false });
  await place.ask(a, 'contacts.add', { uins: [bob], temporary: false });
  assert.deepEqual(a.hears(), []);
  await place.ask(b, 'authorisation.grant', { to: alice, reason: '' });
  assert.deepEqual(a.hears(), [`+${bob}`]);
});

describe('the mark goes with the grant', () => {
  test('for somebody off line', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    await place.edit(a, add(contact(bob, { awaiting: true, attributes: Uint8Array.of(0, 0x66, 0, 0) })));
    const { stamp } = await place.ask(a, 'roster.load', undefined);
    place.signOff(a);
    const b = await place.signOn(bob);
    place.store.reset();
    await place.ask(b, 'authorisation.answer', { to: alice, granted: true, reason: '' });
    assert.deepEqual(Object.fromEntries(place.store.counts), {
      'rosters.standing': 1,
      'rosters.grant': 1,
      'rosters.load': 1,
      'rosters.save': 1,
    });
    const again = await place.signOn(alice);
    assert.deepEqual(again.hears(), [`+${bob}`]);
    const roster = await place.ask(again, 'roster.load', undefined);
    assert.equal(roster.items.find((one) => one.uin === bob)?.awaiting, false);
    assert.ok(roster.stamp > stamp, 'so that her client fetches the list again');
  });

  test('for somebody whose clients keep their own lists', async () => {
    const place = await town();
    await place.store.rosters.save(alice, { put: [contact(bob, { awaiting: true })], remove: [], stamp: 6 });
    const a = await place.signOn(alice, { roster: false });
    const b = await place.signOn(bob);
    await place.ask(b, 'authorisation.grant', { to: alice, reason: '' });
    assert.equal((await place.store.rosters.load(alice)).items.find((one) => one.uin === bob)?.awaiting, false);
    assert.deepEqual(a.hears(), []);
    assert.equal(place.parts.rosters.size, 2, 'nothing stays open that nobody uses');
  });
});

describe('asking', () => {
  test('again within ten minutes is answered and goes nowhere', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    const ask = (): Promise<unknown> => place.run(a, 'authorisation.request', { to: bob, reason: 'please' });
    assert.equal(await ask(), undefined);
    place.clock.advance(testSettings.limits.requestRepeatMs - 1);
    assert.equal(await ask(), undefined);
    assert.deepEqual(place.post(), [`${alice} → ${bob} auth-request`]);
    place.clock.advance(1);
    assert.equal(await ask(), undefined);
    assert.deepEqual(place.post(), [`${alice} → ${bob} auth-request`]);
  });

  test('somebody who let one in already asks him nothing', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    const b = await place.signOn(bob);
    await place.edit(a, add(contact(bob, { awaiting: true })));
    await place.ask(b, 'authorisation.answer', { to: alice, granted: true, reason: '' });
    place.post();
    assert.equal(await place.run(a, 'authorisation.request', { to: bob, reason: 'the other half of the question' }), undefined);
    assert.deepEqual(place.post(), []);
  });

  test('whoever let one in is not asked, and answers at once, whether he is there or not', async () => {
    for (const there of [true, false]) {
      const place = await town();
      const b = await place.signOn(bob);
      await place.ask(b, 'authorisation.grant', { to: alice, reason: '' });
      if (!there) place.signOff(b);
      const a = await place.signOn(alice);
      place.post();
      const ask = (): Promise<unknown> => place.run(a, 'authorisation.request', { to: bob, reason: 'once more' });
      assert.equal(await ask(), undefined);
      assert.deepEqual(place.post(), [`${bob} → ${alice} auth-granted`]);
      place.clock.advance(testSettings.limits.requestRepeatMs - 1);
      assert.equal(await ask(), undefined);
      assert.deepEqual(place.post(), [], 'both halves of a question have one answer');
      place.clock.advance(1);
      await ask();
      assert.deepEqual(place.post(), [`${bob} → ${alice} auth-granted`]);
    }
  });

  test('after the permission was taken back is a question', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    const b = await place.signOn(bob);
    await place.ask(b, 'authorisation.answer', { to: alice, granted: true, reason: '' });
    await place.ask(b, 'authorisation.withdraw', { from: alice });
    place.post();
    await place.ask(a, 'authorisation.request', { to: bob, reason: '' });
    assert.deepEqual(place.post(), [`${alice} → ${bob} auth-request`]);
  });

  test('the same answer again goes nowhere, until one is asked again or thinks better of it', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    const b = await place.signOn(bob);
    const answers = (granted: boolean): Promise<unknown> => place.ask(b, 'authorisation.answer', { to: alice, granted, reason: '' });
    for (const granted of [false, false, true, true]) await answers(granted);
    assert.deepEqual(place.post(), [`${bob} → ${alice} auth-denied`, `${bob} → ${alice} auth-granted`]);
    await answers(false);
    await place.ask(a, 'authorisation.request', { to: bob, reason: '' });
    await answers(false);
    assert.deepEqual(place.post(), [`${bob} → ${alice} auth-denied`, `${alice} → ${bob} auth-request`, `${bob} → ${alice} auth-denied`]);
    place.clock.advance(testSettings.limits.requestRepeatMs);
    await answers(false);
    assert.equal(place.post().length, 1);
  });

  test('an answer is news again when what it said was changed by another way', async () => {
    const place = await town();
    const a = await place.signOn(alice, { roster: false });
    const b = await place.signOn(bob);
    await place.ask(a, 'contacts.add', { uins: [bob], temporary: false });
    const answers = (granted: boolean): Promise<unknown> => place.ask(b, 'authorisation.answer', { to: alice, granted, reason: '' });
    await answers(false);
    await place.ask(b, 'authorisation.grant', { to: alice, reason: '' });
    await answers(false);
    assert.deepEqual(place.post(), [`${bob} → ${alice} auth-denied`, `${bob} → ${alice} pre-authorised`, `${bob} → ${alice} auth-denied`]);
    assert.deepEqual([a.hears(), (await place.store.rosters.load(bob)).granted], [[`+${bob}`, `-${bob}`], []]);
    await answers(true);
    await place.ask(b, 'authorisation.withdraw', { from: alice });
    await answers(true);
    assert.deepEqual(place.post(), [`${bob} → ${alice} auth-granted`, `${bob} → ${alice} auth-granted`]);
    assert.deepEqual([a.hears(), (await place.store.rosters.load(bob)).granted], [[`+${bob}`, `-${bob}`, `+${bob}`], [alice]]);
  });

  test('again after an answer is a new question', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    const b = await place.signOn(bob);
    await place.ask(a, 'authorisation.request', { to: bob, reason: '' });
    await place.ask(b, 'authorisation.answer', { to: alice, granted: false, reason: '' });
    await place.ask(a, 'authorisation.request', { to: bob, reason: '' });
    assert.equal(place.post().length, 3);
  });

  test('again after it could not be delivered is allowed', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    place.sendFails = refuse('mailbox-full');
    assert.equal(refusal(await place.run(a, 'authorisation.request', { to: bob, reason: '' })), 'mailbox-full');
    place.sendFails = new Error('broken');
    await assert.rejects(place.run(a, 'authorisation.request', { to: bob, reason: '' }), /broken/);
    place.sendFails = undefined;
    await place.ask(a, 'authorisation.request', { to: bob, reason: '' });
    assert.equal(place.post().length, 1);
  });

  describe('many people', () => {
    const { requestsAtOnceMax, requestMs } = testSettings.limits;

    /** Asks so many people for the first time, and says what came of it. */
    async function ask(place: Town, a: TownSession, count: number): Promise<{ readonly asked: number; readonly refused: readonly string[] }> {
      const refused: string[] = [];
      for (let n = 0; n < count; n++) {
        const to = uin(40_000 + place.accounts.size);
        await place.moveIn(to, { authorisationRequired: true });
        refused.push(...[refusal(await place.run(a, 'authorisation.request', { to, reason: '' }))].filter((one) => one !== undefined));
      }
      return { asked: place.post().length, refused };
    }

    test('at once is what somebody does who brings his list along; then there is one now and then', async () => {
      const place = await town();
      const a = await place.signOn(alice);
      assert.deepEqual(await ask(place, a, requestsAtOnceMax), { asked: requestsAtOnceMax, refused: [] });
      assert.deepEqual(await ask(place, a, 2), { asked: 0, refused: ['slow-down', 'slow-down'] });
      place.clock.advance(requestMs);
      assert.deepEqual(await ask(place, a, 2), { asked: 1, refused: ['slow-down'] });
      place.clock.advance(60_000);
      assert.deepEqual(await ask(place, a, 6), { asked: 5, refused: ['slow-down'] });
    });

    test('are asked no faster by signing on again', async () => {
      const place = await town();
      const a = await place.signOn(alice);
      await ask(place, a, requestsAtOnceMax);
      place.signOff(a);
      assert.deepEqual(await ask(place, await place.signOn(alice), 1), { asked: 0, refused: ['slow-down'] });
    });

    test('nobody is slowed down by what goes to nobody, and whoever was refused may ask once there is time', async () => {
      const place = await town();
      const a = await place.signOn(alice);
      const b = await place.signOn(bob);
      for (let n = 0; n < 3 * requestsAtOnceMax; n++) assert.equal(await place.run(a, 'authorisation.request', { to: carol, reason: '' }), undefined);
      assert.deepEqual(await ask(place, a, requestsAtOnceMax - 1), { asked: requestsAtOnceMax, refused: [] });
      const askBob = (): Promise<unknown> => place.run(a, 'authorisation.request', { to: bob, reason: '' });
      assert.deepEqual([refusal(await askBob()), place.post()], ['slow-down', []]);
      place.clock.advance(requestMs);
      assert.deepEqual([refusal(await askBob()), place.post()], [undefined, [`${alice} → ${bob} auth-request`]]);
      await place.ask(b, 'authorisation.answer', { to: alice, granted: true, reason: '' });
      assert.equal(await askBob(), undefined, 'he answered');
    });
  });
});

describe('what is refused', () => {
  test('oneself, long reasons, numbers nobody has', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    const long = 'я'.repeat(testSettings.limits.reasonBytesMax / 2);
    const cases: readonly [Promise<unknown>, string | undefined][] = [
      [place.run(a, 'authorisation.request', { to: alice, reason: '' }), 'bad-input'],
      [place.run(a, 'authorisation.grant', { to: alice, reason: '' }), 'bad-input'],
      [place.run(a, 'authorisation.withdraw', { from: alice }), 'bad-input'],
      [place.run(a, 'authorisation.request', { to: bob, reason: `${long}.` }), 'too-large'],
      [place.run(a, 'authorisation.answer', { to: bob, granted: true, reason: `${long}.` }), 'too-large'],
      [place.run(a, 'authorisation.request', { to: bob, reason: long }), undefined],
      [place.run(a, 'authorisation.request', { to: nobody, reason: '' }), 'no-such-user'],
      [place.run(a, 'authorisation.grant', { to: nobody, reason: '' }), 'no-such-user'],
      [place.run(a, 'authorisation.answer', { to: nobody, granted: false, reason: '' }), 'no-such-user'],
      [place.run(a, 'authorisation.withdraw', { from: nobody }), undefined],
    ];
    for (const [answer, expected] of cases) assert.equal(refusal(await answer), expected);
    assert.deepEqual((await place.store.rosters.load(alice)).granted, []);
  });

  test('more grants than anybody needs', async () => {
    const place = await town({ limits: { ...testSettings.limits, grantsMax: 1 } });
    const b = await place.signOn(bob);
    await place.ask(b, 'authorisation.grant', { to: alice, reason: '' });
    await place.ask(b, 'authorisation.grant', { to: alice, reason: '' });
    assert.equal(refusal(await place.run(b, 'authorisation.grant', { to: carol, reason: '' })), 'list-full');
  });
});

describe('taking oneself off another’s list', () => {
  test('removes only one’s own entries there, and the permission', async () => {
    const place = await town();
    const a = await place.signOn(alice);
    const sibling = await place.signOn(alice);
    const b = await place.signOn(bob);
    await place.ask(b, 'authorisation.grant', { to: alice, reason: '' });
    await place.edit(a, add(contact(bob)), add(contact(carol)), add(item('deny', bob)));
    a.hears();
    sibling.hears();
    place.post();
    await place.ask(b, 'authorisation.withdraw', { from: alice });
    for (const session of [a, sibling]) {
      const [event] = session.events;
      assert.ok(event?.type === 'roster-edited');
      assert.deepEqual(event.edits, [{ ...remove(contact(bob)), item: contact(bob) }]);
      assert.deepEqual(session.hears(), ['roster-edited']);
    }
    const left = (await place.store.rosters.load(alice)).items.map(({ kind, uin: whom }) => [kind, whom]);
    assert.deepEqual(left, [
      ['group', undefined],
      ['contact', carol],
      ['deny', bob],
    ]);
    assert.deepEqual((await place.store.rosters.load(bob)).granted, []);
    assert.deepEqual(place.post(), [], 'nobody is written to');
    await place.ask(b, 'presence.set', { idleSince: 1 });
    assert.deepEqual(a.hears(), []);
    assert.deepEqual(await place.edit(a, add(contact(bob))), ['authorisation-required']);
  });

  test('works while the other is off line', async () => {
    const place = await town();
    await place.store.rosters.save(alice, { put: [contact(bob), contact(carol)], remove: [], stamp: 6 });
    const b = await place.signOn(bob);
    await place.ask(b, 'authorisation.withdraw', { from: alice });
    assert.deepEqual(
      (await place.store.rosters.load(alice)).items.map((one) => one.uin),
      [undefined, carol],
    );
    assert.equal(place.parts.rosters.size, 1);
  });

  test('hides from whoever listed one in his client', async () => {
    const place = await town();
    const b = await place.signOn(bob);
    const a = await place.signOn(alice, { roster: false });
    await place.ask(a, 'contacts.add', { uins: [bob], temporary: false });
    await place.ask(b, 'authorisation.grant', { to: alice, reason: '' });
    a.hears();
    await place.ask(b, 'authorisation.withdraw', { from: alice });
    assert.deepEqual(a.hears(), [`-${bob}`]);
  });
});
