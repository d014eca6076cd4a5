import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Client, HERE, OWN, Place, refusalOf } from '../core-testing.ts';
import type { LiveSession } from '../inside.ts';
import { Refused } from '../refusals.ts';
import { uin } from '../testing.ts';
import type { Status } from '../words.ts';
import type { ProfileChanges, Profile } from './profile.ts';
import type { FoundPerson, SearchCriteria } from './search.ts';

const ALICE = 20_001;
const BOB = 20_002;
const CAROL = 20_003;

type Town = { readonly place: Place; readonly alice: Client; readonly bob: Client };

async function town(options: ConstructorParameters<typeof Place>[0] = {}): Promise<Town> {
  const place = new Place(options);
  await place.accounts(ALICE, BOB, CAROL);
  return { place, alice: await place.signsOn(ALICE), bob: await place.signsOn(BOB) };
}

function some<T>(answer: T | Refused): T {
  if (answer instanceof Refused) assert.fail(answer.refusal);
  return answer;
}

async function tells(client: Client, changes: ProfileChanges): Promise<void> {
  some(await client.asks('profile.change', { changes }));
}

async function reads(client: Client, of: number): Promise<Profile> {
  return some(await client.asks('profile.load', { uin: uin(of) }));
}

async function finds(client: Client, criteria: SearchCriteria): Promise<readonly FoundPerson[]> {
  return some(await client.asks('directory.search', { criteria })).found;
}

async function sees(client: Client, of: number): Promise<FoundPerson['online'] | undefined> {
  return (await finds(client, { uin: uin(of) }))[0]?.online;
}

async function isNow(client: Client, status: Partial<Status>): Promise<void> {
  await client.asks('presence.set', { status: { ...client.session.presence.status, ...status } });
}

describe('a profile', () => {
  test('is empty at first, and then what was told', async () => {
    const { alice, bob } = await town();
    assert.equal((await reads(bob, ALICE)).gmtOffset, -100);
    await tells(alice, { nickname: 'Żółw', home: { city: 'Łódź' }, languages: [50, 12, 0] });
    await tells(alice, { first: 'Анна', home: { country: 48 } });
    const profile = await reads(bob, ALICE);
    assert.deepEqual([profile.nickname, profile.first, profile.home.city, profile.home.country], ['Żółw', 'Анна', 'Łódź', 48]);
    assert.deepEqual(profile.languages, [50, 12, 0]);
  });

  test('of nobody is not there', async () => {
    const { alice, place } = await town();
    assert.equal(refusalOf(await alice.asks('profile.load', { uin: uin(99_999) })), 'no-such-user');
    await place.core.admin.suspend(uin(CAROL), true);
    assert.equal(refusalOf(await alice.asks('profile.load', { uin: uin(CAROL) })), 'no-such-user');
  });

  test('keeps every change of many at once', async () => {
    const { alice } = await town();
    await Promise.all([tells(alice, { first: 'A' }), tells(alice, { last: 'B' }), tells(alice, { home: { city: 'C' } }), tells(alice, { home: { zip: 'D' } })]);
    const { first, last, home } = await reads(alice, ALICE);
    assert.deepEqual([first, last, home.city, home.zip], ['A', 'B', 'C', 'D']);
  });

  test('shows hidden addresses to its owner alone, and no search finds them', async () => {
    const { alice, bob } = await town();
    const hidden = { address: 'anna@example.org', hidden: true };
    await tells(alice, { email: hidden, moreEmails: [hidden, { address: 'open@example.org', hidden: false }] });
    assert.deepEqual((await reads(alice, ALICE)).email, hidden);
    const shown = await reads(bob, ALICE);
    assert.deepEqual([shown.email.address, shown.moreEmails], ['', [{ address: 'open@example.org', hidden: false }]]);
    assert.deepEqual(await finds(bob, { email: 'anna@example.org' }), []);
    assert.deepEqual(
      (await finds(bob, { email: 'open@example.org' })).map(({ uin: found, email }) => [found, email]),
      [[ALICE, '']],
    );
  });

  test('a new address is hidden as the old one was, unless the change says otherwise', async () => {
    const { alice, bob } = await town();
    await tells(alice, { email: { address: 'anna@example.org', hidden: true } });
    await tells(alice, { email: { address: 'new@example.org' } });
    assert.deepEqual((await reads(alice, ALICE)).email, { address: 'new@example.org', hidden: true });
    assert.equal((await reads(bob, ALICE)).email.address, '');
    await tells(alice, { email: { hidden: false } });
    assert.equal((await reads(bob, ALICE)).email.address, 'new@example.org');
  });

  test('does not take what cannot be, and keeps what was', async () => {
    const { alice } = await town();
    await tells(alice, { birthday: { year: 1974, month: 2, day: 28 }, gender: 1 });
    const impossible: readonly [ProfileChanges, string][] = [
      [{ birthday: { year: 1999, month: 2, day: 29 } }, 'bad-input'],
      [{ birthday: { year: 1999, month: 13, day: 1 } }, 'bad-input'],
      [{ birthday: { year: 2050, month: 1, day: 1 } }, 'bad-input'],
      [{ birthday: { year: 12, month: 1, day: 1 } }, 'bad-input'],
      [{ birthday: { year: 1999, month: 0, day: 3 } }, 'bad-input'],
      [{ gender: 3 }, 'bad-input'],
      [{ gender: -1 }, 'bad-input'],
      [{ age: -5 }, 'bad-input'],
      [{ home: { country: -1 } }, 'bad-input'],
      [{ gmtOffset: 1.5 }, 'bad-input'],
      [{ home: { country: 65_536 } }, 'bad-input'],
      [{ home: { city: 'x'.repeat(65_536) } }, 'too-large'],
      [{ interests: [{ category: 1, text: 'ы'.repeat(257) }] }, 'too-large'],
      [{ about: 'x'.repeat(4_097) }, 'too-large'],
    ];
    for (const [changes, why] of impossible) {
      assert.equal(refusalOf(await alice.asks('profile.change', { changes: { ...changes, first: 'lost' } })), why, JSON.stringify(changes).slice(0, 80));
    }
    const { birthday, gender, first } = await reads(alice, ALICE);
    assert.deepEqual([birthday, gender, first], [{ year: 1974, month: 2, day: 28 }, 1, '']);
    await tells(alice, { birthday: { year: 2000, month: 2, day: 29 }, gmtOffset: 99, about: 'x'.repeat(4_096) });
    assert.equal((await reads(alice, ALICE)).gmtOffset, -100);
  });

  test('has no homepage in a catalogue when neither category nor words are told', async () => {
    const { alice } = await town();
    await tells(alice, { homepageTopic: { category: 50, text: '' } });
    await tells(alice, { first: 'Anna' });
    assert.deepEqual((await reads(alice, ALICE)).homepageTopic, { category: 50, text: '' });
    await tells(alice, { homepageTopic: { category: 0, text: '' } });
    assert.equal((await reads(alice, ALICE)).homepageTopic, undefined);
  });

  test('tells how old somebody is on this very day', async () => {
    const { alice, bob } = await town();
    // The clock stands at 3 February 2001.
    const aged = async (changes: ProfileChanges): Promise<number | undefined> => {
      await tells(alice, changes);
      return (await finds(bob, { uin: uin(ALICE) }))[0]?.age;
    };
    assert.equal(await aged({ age: 33 }), 33);
    assert.equal(await aged({ birthday: { year: 1974, month: 2, day: 3 } }), 27);
    assert.equal(await aged({ birthday: { year: 1974, month: 2, day: 4 } }), 26);
    assert.equal(await aged({ birthday: { year: 1974, month: 0, day: 0 } }), 27);
  });
});

describe('a search', () => {
  test('that asks for nothing or for everybody is refused', async () => {
    const { alice } = await town();
    for (const criteria of [{}, { nickname: '' }, { nickname: '*', wildcards: true }, { nickname: '*a*', wildcards: true }, { ages: { from: 0, to: 0 } }]) {
      assert.equal(refusalOf(await alice.asks('directory.search', { criteria })), 'bad-input', JSON.stringify(criteria));
    }
    assert.equal(refusalOf(await alice.asks('directory.search', { criteria: { nickname: 'x'.repeat(65_536) } })), 'too-large');
  });

  test('finds 40 at most, and says when there are more', async () => {
    const place = new Place();
    for (let number = 30_000; number < 30_041; number++) await place.account(number, { nickname: 'same' });
    const client = await place.signsOn(30_000);
    const all = some(await client.asks('directory.search', { criteria: { nickname: 'same' }, limit: 1_000 }));
    assert.deepEqual([all.found.length, all.more], [40, true]);
    await place.core.admin.remove(uin(30_040));
    const rest = some(await client.asks('directory.search', { criteria: { nickname: 'same' } }));
    assert.deepEqual([rest.found.length, rest.more], [40, false]);
  });

  test('says of strangers only what they want everybody to know', async () => {
    const { alice, bob } = await town();
    assert.equal(await sees(bob, ALICE), 'hidden');
    await alice.asks('account.permissions', { webAware: true });
    assert.equal(await sees(bob, ALICE), 'online');
    await isNow(alice, { invisible: true });
    assert.equal(await sees(bob, ALICE), 'offline');
    await alice.asks('account.permissions', { webAware: false });
    assert.equal(await sees(bob, ALICE), 'hidden');
    await isNow(alice, { invisible: false, webAware: true });
    assert.equal(await sees(bob, ALICE), 'online');
    alice.session.close(true);
    assert.equal(await sees(bob, ALICE), 'hidden');
  });

  test('shows those who know each other to each other', async () => {
    const { alice, bob } = await town();
    await bob.asks('contacts.add', { uins: [uin(ALICE)], temporary: false });
    assert.equal(await sees(bob, ALICE), 'hidden');
    await alice.asks('contacts.add', { uins: [uin(BOB)], temporary: false });
    assert.equal(await sees(bob, ALICE), 'online');
    await alice.asks('visibility.edit', { list: 'invisible', do: 'add', uins: [uin(BOB)] });
    assert.equal(await sees(bob, ALICE), 'hidden');
  });

  test('for those who are on line finds nobody else', async () => {
    const { alice, bob, place } = await town();
    const carol = await place.signsOn(CAROL);
    for (const client of [alice, bob, carol]) await tells(client, { nickname: 'same' });
    await alice.asks('account.permissions', { webAware: true });
    await isNow(bob, { webAware: true });
    const found = async (): Promise<number[]> => (await finds(carol, { nickname: 'same', onlineOnly: true })).map((person) => person.uin);
    assert.deepEqual(await found(), [ALICE, BOB, CAROL]);
    await isNow(bob, { invisible: true });
    assert.deepEqual(await found(), [ALICE, CAROL]);
    alice.session.close(true);
    assert.deepEqual(await found(), [CAROL]);
  });
});

describe('one’s own account', () => {
  test('permissions are kept, and others feel them at once', async () => {
    const { alice, bob } = await town();
    await bob.asks('contacts.add', { uins: [uin(ALICE)], temporary: false });
    bob.events.length = 0;
    some(await alice.asks('account.permissions', { authorisationRequired: true, hideAddress: true, directPermissions: 2 }));
    assert.deepEqual(bob.events, [{ type: 'absence', uin: ALICE }]);
    const { authorisationRequired, directPermissions, webAware } = await reads(alice, ALICE);
    assert.deepEqual([authorisationRequired, directPermissions, webAware], [true, 2, false]);
    assert.equal((await finds(bob, { uin: uin(ALICE) }))[0]?.authorisationRequired, true);
    assert.equal(refusalOf(await alice.asks('account.permissions', { directPermissions: 3 })), 'bad-input');
  });

  test('whether the address is hidden is one thing, however it is said', async () => {
    const { place, alice, bob } = await town();
    const hides = async (): Promise<unknown[]> => {
      const { directPermissions } = await reads(bob, ALICE);
      return [directPermissions, (await place.core.admin.show(uin(ALICE)))?.hideAddress, (alice.session as LiveSession).account.hideAddress];
    };
    const kept = async (): Promise<number | undefined> => (await place.store.profiles.load(uin(ALICE)))?.directPermissions;
    assert.deepEqual(await hides(), [0, false, false]);
    some(await alice.asks('account.permissions', { directPermissions: 1 }));
    assert.deepEqual(await hides(), [1, false, false]);
    some(await alice.asks('account.permissions', { directPermissions: 2 }));
    assert.deepEqual([await hides(), await kept()], [[2, true, true], 1]);
    // Another change does not store what was read.
    await tells(alice, { first: 'Anna' });
    some(await alice.asks('account.permissions', { webAware: true }));
    assert.deepEqual([await hides(), await kept()], [[2, true, true], 1]);
    some(await alice.asks('account.permissions', { hideAddress: false }));
    assert.deepEqual(await hides(), [1, false, false]);
    await place.core.admin.set(uin(ALICE), { hideAddress: true });
    assert.deepEqual(await hides(), [2, true, true]);
    some(await alice.asks('account.permissions', { directPermissions: 0 }));
    assert.deepEqual(await hides(), [0, false, false]);
  });

  test('whom nobody may connect to directly is without an address for others at once', async () => {
    const { alice, bob } = await town();
    for (const [client, other] of [
      [alice, BOB],
      [bob, ALICE],
    ] as const)
      await client.asks('contacts.add', { uins: [uin(other)], temporary: false });
    const address = async (directPermissions: number): Promise<unknown> => {
      bob.events.length = 0;
      some(await alice.asks('account.permissions', { directPermissions }));
      return bob.events.map((event) => (event.type === 'presence' ? event.view.externalAddress : event.type));
    };
    assert.deepEqual(await address(2), [undefined]);
    assert.deepEqual(await address(2), [], 'nothing new');
    assert.deepEqual(await address(1), [HERE.address]);
  });

  test('a new password counts at once, and other sessions end', async () => {
    const { place, alice } = await town();
    const other = await place.signsOn(ALICE, { coexist: true });
    some(await alice.asks('account.password', { password: 'changed' }));
    assert.deepEqual([alice.endings, other.endings], [[], ['password-changed']]);
    assert.equal(refusalOf(await place.verify(ALICE, 'secret')), 'wrong-credentials');
    assert.equal(refusalOf(await place.verify(ALICE, 'changed')), undefined);
    assert.ok(place.audited.some((event) => event.event === 'password-changed' && event.by === 'owner'));
  });

  test('a sign-on that was checked before the password changed comes too late', async () => {
    const { place, alice } = await town();
    const verified = await place.verify(ALICE, 'secret');
    assert.ok(!(verified instanceof Refused));
    some(await alice.asks('account.password', { password: 'changed' }));
    await assert.rejects(place.opens(ALICE, { verified }), /wrong-credentials/);
  });

  test('passwords old clients cannot say are refused to them', async () => {
    const { alice } = await town();
    for (const password of ['', 'ninechars', 'ключ', 'x'.repeat(65_536)]) {
      assert.equal(refusalOf(await alice.asks('account.password', { password })), 'bad-password');
    }
  });

  test('who proved an old password changes no other', async () => {
    const place = new Place();
    const created = some(await place.core.admin.create({ uin: uin(ALICE), password: 'a long main password', oldPassword: 'old' }));
    const alice = await place.signsOn(created.uin);
    const before = (await place.core.admin.show(uin(ALICE)))?.main;
    some(await alice.asks('account.password', { password: 'new' }));
    assert.deepEqual((await place.core.admin.show(uin(ALICE)))?.main, before);
    // Anybody can say that his client is ours.
    const own = await place.signsOn(ALICE, { profile: OWN });
    some(await own.asks('account.password', { password: 'newer' }));
    assert.deepEqual((await place.core.admin.show(uin(ALICE)))?.main, before);
    assert.equal(refusalOf(await place.verify(ALICE, 'newer')), undefined);
  });

  test('where both are one, both change', async () => {
    const place = new Place();
    some(await place.core.admin.create({ uin: uin(ALICE), password: 'same' }));
    const alice = await place.signsOn(ALICE);
    some(await alice.asks('account.password', { password: 'other' }));
    const account = await place.core.admin.show(uin(ALICE));
    assert.ok(account !== undefined && (await place.secrets.proves('other', account.main)));
    assert.equal(refusalOf(await place.verify(ALICE, 'other')), undefined);
  });

  test('leaves for good with its password, and with no other', async () => {
    const { place, alice, bob } = await town();
    await tells(alice, { nickname: 'gone' });
    assert.equal(refusalOf(await alice.asks('account.unregister', { password: 'wrong' })), 'wrong-credentials');
    assert.deepEqual(alice.endings, []);
    some(await alice.asks('account.unregister', { password: 'secret' }));
    assert.deepEqual(alice.endings, [], 'not before the answer');
    await place.passes(0);
    assert.deepEqual(alice.endings, ['account-removed']);
    assert.deepEqual(await finds(bob, { nickname: 'gone' }), []);
    assert.equal(await place.core.admin.show(uin(ALICE)), undefined);
    assert.ok(place.audited.some(({ event }) => event === 'account-removed'));
  });
});

describe('random chat', () => {
  test('finds somebody else of the group, while he is there', async () => {
    const { alice, bob } = await town();
    assert.equal(refusalOf(await bob.asks('random.find', { group: 1 })), 'off-line');
    some(await alice.asks('random.join', { group: 1 }));
    assert.deepEqual(some(await bob.asks('random.find', { group: 1 })), { uin: ALICE, group: 1 });
    assert.equal(refusalOf(await bob.asks('random.find', { group: 2 })), 'off-line');
    assert.equal(refusalOf(await alice.asks('random.find', { group: 1 })), 'off-line', 'not himself');
    some(await alice.asks('random.join', { group: 2 }));
    assert.equal(refusalOf(await bob.asks('random.find', { group: 1 })), 'off-line', 'one group at a time');
    await alice.asks('random.leave', undefined);
    assert.equal(refusalOf(await bob.asks('random.find', { group: 2 })), 'off-line');
    some(await alice.asks('random.join', { group: 2 }));
    alice.session.close(true);
    assert.equal(refusalOf(await bob.asks('random.find', { group: 2 })), 'off-line');
  });

  test('is for those who can be seen', async () => {
    const { alice, bob } = await town();
    some(await alice.asks('random.join', { group: 1 }));
    await isNow(alice, { invisible: true });
    assert.equal(refusalOf(await bob.asks('random.find', { group: 1 })), 'off-line');
    await isNow(alice, { invisible: false });
    const item = { groupId: 0, itemId: 7, kind: 'ignore', type: 14, name: String(BOB), uin: uin(BOB), attributes: new Uint8Array(0) } as const;
    some(await alice.asks('roster.edit', { edits: [{ do: 'add', item }], importing: false }));
    assert.equal(refusalOf(await bob.asks('random.find', { group: 1 })), 'off-line');
  });

  test('there are only so many groups', async () => {
    const { alice } = await town();
    for (const group of [0, -1, 1.5, 65_536]) assert.equal(refusalOf(await alice.asks('random.join', { group })), 'bad-input');
  });
});
