/** The storage contract of profiles and searches, part of `storeContract`. */
import assert from 'node:assert/strict';
import { EMPTY_PROFILE, type StoredProfile } from '../directory/profile.ts';
import { entryOf, queryOf, type SearchCriteria } from '../directory/search.ts';
import { PEOPLE } from '../limits.ts';
import type { Store } from '../ports.ts';
import type { Uin } from '../words.ts';

type Check = (what: string, run: (store: Store) => Promise<void>) => void;

const alice = 10_001 as Uin;
const bob = 10_002 as Uin;
const carol = 10_003 as Uin;
const nobody = 99_999 as Uin;
const NOW = Date.UTC(2003, 5, 30);

interface Told extends Partial<Omit<StoredProfile, 'home' | 'work'>> {
  readonly nickname?: string;
  readonly home?: Partial<StoredProfile['home']>;
  readonly work?: Partial<StoredProfile['work']>;
}

function profileOf(told: Told): StoredProfile {
  const { home, work, ...others } = told;
  delete (others as { nickname?: string }).nickname;
  return { ...EMPTY_PROFILE, ...others, home: { ...EMPTY_PROFILE.home, ...home }, work: { ...EMPTY_PROFILE.work, ...work } };
}

async function tells(store: Store, uin: Uin, told: Told): Promise<void> {
  const nickname = told.nickname ?? '';
  const profile = profileOf(told);
  assert.equal(await store.profiles.save(uin, { nickname, profile, entry: entryOf(nickname, profile) }), true);
}

type Among = { readonly uins: readonly Uin[]; readonly webAware: readonly Uin[] };

async function finds(store: Store, criteria: SearchCriteria, limit = 40, among?: Among): Promise<number[]> {
  const query = queryOf(criteria, PEOPLE, NOW);
  if (query === undefined || query === 'too-large') assert.fail('the question is none');
  const found = await store.directory.search(among === undefined ? query : { ...query, among }, limit);
  return found.map(({ uin }) => uin);
}

const shown = (address: string): StoredProfile['email'] => ({ address, hidden: false });

export function directoryContract(check: Check): void {
  profiles(check);
  texts(check);
  numbersAndTopics(check);
  changes(check);
}

function profiles(check: Check): void {
  check('a profile comes back as it was told, with its nickname', async (store) => {
    const told: Told = {
      nickname: 'Żółw',
      first: 'Анна',
      last: '山田 \ud83d',
      email: { address: 'anna@example.org', hidden: true },
      moreEmails: [shown('a@example.org')],
      home: { city: 'Łódź', country: 48, zip: "'; --" },
      work: { company: 'a\0b', occupation: 5 },
      birthday: { year: 1974, month: 5, day: 31 },
      languages: [50, 44, 12],
      interests: [{ category: 104, text: 'коды' }],
      homepageTopic: { category: 50, text: '' },
      about: 'x'.repeat(4_000),
      webAware: true,
    };
    assert.equal(await store.profiles.load(alice), undefined);
    await tells(store, alice, told);
    assert.deepEqual(await store.profiles.load(alice), profileOf(told));
    assert.equal((await store.accounts.find(alice))?.nickname, 'Żółw');
  });

  check('nobody tells anything of an account that does not exist', async (store) => {
    assert.equal(await store.profiles.save(nobody, { nickname: '', profile: EMPTY_PROFILE, entry: entryOf('', EMPTY_PROFILE) }), false);
    assert.equal(await store.profiles.load(nobody), undefined);
  });

  check('who is found is shown as he is remembered', async (store) => {
    await tells(store, alice, { nickname: 'Anna', first: 'Анна' });
    const query = queryOf({ uin: alice }, PEOPLE, NOW);
    if (query === undefined || query === 'too-large') assert.fail('the question is none');
    const expected = { uin: alice, nickname: 'Anna', authorisationRequired: false, profile: profileOf({ first: 'Анна' }) };
    assert.deepEqual(await store.directory.search(query, 1), [expected]);
  });
}

function texts(check: Check): void {
  check('a number finds its account, whether it has told anything or not', async (store) => {
    assert.deepEqual(await finds(store, { uin: bob }), [bob]);
    assert.deepEqual(await finds(store, { uin: nobody }), []);
    assert.deepEqual(await finds(store, { uin: bob, gender: 1 }), []);
    assert.deepEqual(await finds(store, { uin: bob, nickname: 'anna' }), []);
  });

  check('names are found however they are written', async (store) => {
    await tells(store, alice, { nickname: 'ŻÓŁW', first: 'Анна', last: '山田' });
    await tells(store, bob, { nickname: 'ｗｉｄｅ', first: 'анна' });
    assert.deepEqual(await finds(store, { nickname: 'żółw' }), [alice]);
    assert.deepEqual(await finds(store, { nickname: 'WIDE' }), [bob]);
    assert.deepEqual(await finds(store, { first: ' АННА ' }), [alice, bob]);
    assert.deepEqual(await finds(store, { first: 'АННА', last: '山田' }), [alice]);
    assert.deepEqual(await finds(store, { first: 'Анн' }), []);
  });

  check('addresses are found whole, hidden ones not at all', async (store) => {
    await tells(store, alice, { email: { address: 'anna@example.org', hidden: true }, moreEmails: [shown('second@example.org')] });
    await tells(store, bob, { email: shown('Bob@Example.org'), oldEmail: shown('anna@example.com') });
    assert.deepEqual(await finds(store, { email: 'anna@example.org' }), []);
    assert.deepEqual(await finds(store, { email: 'second@example.org' }), [alice]);
    assert.deepEqual(await finds(store, { email: 'bob@example.ORG' }), [bob]);
    assert.deepEqual(await finds(store, { email: '*@example.*', wildcards: true }), [alice, bob]);
    assert.deepEqual(await finds(store, { email: 'anna@*', wildcards: true }), [bob]);
  });

  check('wildcards stand for anything, all else for itself', async (store) => {
    await tells(store, alice, { nickname: 'Annabelle', home: { city: 'Warszawa' } });
    await tells(store, bob, { nickname: 'ann[a]?', home: { city: 'Warka' } });
    await tells(store, carol, { nickname: '"joanna"', home: { city: 'Санкт-Петербург' } });
    const matching = (nickname: string): Promise<number[]> => finds(store, { nickname, wildcards: true });
    assert.deepEqual(await matching('ann*'), [alice, bob]);
    assert.deepEqual(await matching('*ann*'), [alice, bob, carol]);
    assert.deepEqual(await matching('*nna"'), [carol]);
    assert.deepEqual(await matching('*ANNA*'), [alice, carol]);
    assert.deepEqual(await matching('a*b*e'), [alice]);
    assert.deepEqual(await matching('*a*b*e'), [alice]);
    assert.deepEqual(await matching('ann[a]?'), [bob]);
    assert.deepEqual(await matching('ann[a]?*'), [bob]);
    assert.deepEqual(await matching('annabelle*'), [alice]);
    assert.deepEqual(await matching('ann[abc]*'), []);
    assert.deepEqual(await matching('ann?belle*'), []);
    assert.deepEqual(await matching('*"joa*'), [carol]);
    assert.deepEqual(await finds(store, { city: 'wars*', wildcards: true }), [alice]);
    assert.deepEqual(await finds(store, { city: '*петер*', wildcards: true }), [carol]);
    assert.deepEqual(await finds(store, { city: 'war*', nickname: '*ann*', wildcards: true }), [alice, bob]);
    assert.deepEqual(await finds(store, { nickname: 'ann*' }), [], 'without them it is a name');
  });

  check('Greek is found however it is written, and where a word ends does not matter', async (store) => {
    await tells(store, alice, { nickname: 'ΔΙΟΝΥΣΙΟΣ', home: { city: 'Αθήνας' }, interests: [{ category: 104, text: 'Ο ΚΟΣΜΟΣ ΜΑΣ' }] });
    await tells(store, bob, { nickname: 'Διονύσης' });
    for (const nickname of ['ΔΙΟΝΥΣ*', 'διονυσ*', 'διονυς*', '*ΣΙΟΣ', '*νυσιος', 'διονυσιοσ']) {
      assert.deepEqual(await finds(store, { nickname, wildcards: true }), [alice], nickname);
    }
    assert.deepEqual(await finds(store, { city: 'ΑΘΉΝΑΣ*', wildcards: true }), [alice]);
    assert.deepEqual(await finds(store, { keywords: 'κοσμοσ' }), [alice]);
  });

  check('at most as many are found as were asked for', async (store) => {
    for (const person of [alice, bob, carol]) await tells(store, person, { nickname: 'same' });
    assert.equal((await finds(store, { nickname: 'same' }, 2)).length, 2);
    assert.equal((await finds(store, { nickname: 'sam*', wildcards: true }, 2)).length, 2);
  });
}

function numbersAndTopics(check: Check): void {
  check('numbers narrow a search, or are one', async (store) => {
    await tells(store, alice, { first: 'Anna', gender: 1, home: { country: 7 }, languages: [12, 44, 0], birthday: { year: 1974, month: 7, day: 1 } });
    await tells(store, bob, { first: 'Anna', gender: 2, home: { country: 7 }, work: { occupation: 5, company: 'Acme' }, age: 29 });
    assert.deepEqual(await finds(store, { first: 'anna', gender: 1 }), [alice]);
    assert.deepEqual(await finds(store, { country: 7 }), [alice, bob]);
    assert.deepEqual(await finds(store, { country: 7, occupation: 5 }), [bob]);
    assert.deepEqual(await finds(store, { language: 44 }), [alice]);
    assert.deepEqual(await finds(store, { company: 'ACME', country: 48 }), []);
    // On the 30th of June Anna, born on the 1st of July, is still 28.
    assert.deepEqual(await finds(store, { ages: { from: 28, to: 28 } }), [alice]);
    assert.deepEqual(await finds(store, { ages: { from: 29, to: 39 } }), [bob]);
    assert.deepEqual(await finds(store, { ages: { from: 18, to: 0 } }), [alice, bob]);
  });

  check('topics are found by category and by words of them', async (store) => {
    await tells(store, alice, { interests: [{ category: 104, text: 'Old Computers' }], pasts: [{ category: 303, text: 'Politechnika' }] });
    await tells(store, bob, { interests: [{ category: 104, text: 'go' }], homepageTopic: { category: 50, text: 'computers' } });
    assert.deepEqual(await finds(store, { interest: { category: 104, text: '' } }), [alice, bob]);
    assert.deepEqual(await finds(store, { interest: { category: 104, text: 'computer' } }), [alice]);
    assert.deepEqual(await finds(store, { interest: { category: 104, text: 'GO' } }), [bob]);
    assert.deepEqual(await finds(store, { interest: { category: 0, text: 'computers' } }), [alice]);
    assert.deepEqual(await finds(store, { past: { category: 0, text: 'go' } }), []);
    assert.deepEqual(await finds(store, { past: { category: 303, text: 'TECH' } }), [alice]);
    assert.deepEqual(await finds(store, { homepage: { category: 50, text: '' } }), [bob]);
    assert.deepEqual(await finds(store, { affiliation: { category: 200, text: '' } }), []);
    assert.deepEqual(await finds(store, { keywords: 'computers' }), [alice, bob]);
    assert.deepEqual(await finds(store, { keywords: 'technik', interest: { category: 104, text: '' } }), [alice]);
  });

  check('among some nobody else is found', async (store) => {
    for (const person of [alice, bob, carol]) await tells(store, person, { nickname: 'same', gender: 1, webAware: person !== bob });
    const among = { uins: [], webAware: [alice, bob] };
    assert.deepEqual(await finds(store, { nickname: 'same' }, 40, among), [alice]);
    assert.deepEqual(await finds(store, { gender: 1 }, 40, { uins: [bob], webAware: [alice] }), [alice, bob]);
    assert.deepEqual(await finds(store, { gender: 1 }, 40, { uins: [], webAware: [] }), []);
  });
}

function changes(check: Check): void {
  check('what is told anew replaces what was told', async (store) => {
    await tells(store, alice, { nickname: 'before', email: shown('before@example.org'), gender: 1, interests: [{ category: 104, text: 'before' }] });
    await tells(store, alice, { nickname: 'after' });
    for (const gone of [{ nickname: 'before' }, { email: '*before*', wildcards: true }, { gender: 1 }, { keywords: 'before' }]) {
      assert.deepEqual(await finds(store, gone), [], JSON.stringify(gone));
    }
    assert.deepEqual(await finds(store, { nickname: 'after' }), [alice]);
  });

  check('an account is found by the name its administrator gives it', async (store) => {
    await tells(store, alice, { nickname: 'before', first: 'Anna' });
    await store.accounts.update(alice, { nickname: 'Renamed' });
    await store.accounts.update(bob, { nickname: 'Renamed' });
    assert.deepEqual(await finds(store, { nickname: 'renamed' }), [alice, bob]);
    assert.deepEqual(await finds(store, { nickname: '*name*', wildcards: true }), [alice, bob]);
    assert.deepEqual(await finds(store, { nickname: 'before' }), []);
    assert.deepEqual(await finds(store, { first: '*ann*', wildcards: true }), [alice]);
  });

  check('who may not sign on is not found, and who is gone leaves nothing', async (store) => {
    for (const person of [alice, bob]) await tells(store, person, { nickname: 'same', email: shown('same@example.org'), gender: 2 });
    await store.accounts.update(alice, { state: 'suspended' });
    assert.deepEqual(await finds(store, { nickname: 'same' }), [bob]);
    assert.deepEqual(await finds(store, { uin: alice }), []);
    const account = await store.accounts.find(bob);
    await store.accounts.remove(bob);
    if (account !== undefined) await store.accounts.create({ ...account, nickname: '' });
    assert.equal(await store.profiles.load(bob), undefined);
    for (const gone of [{ nickname: 'same' }, { email: '*same*', wildcards: true }, { gender: 2 }]) {
      assert.deepEqual(await finds(store, gone), [], JSON.stringify(gone));
    }
  });
}
