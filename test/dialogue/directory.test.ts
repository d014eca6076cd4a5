/** What people tell of themselves, finding each other, and leaving, over real sockets. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type PersonDetails, RequestRefused, type Topic } from '@seekyou/client';
import { decode } from '@seekyou/wire';
import { decodeSnacBody, icqMeta, location } from '@seekyou/wire/oscar';
import { dialogue, PASSWORD, type Person } from './stage.ts';

const DETAILS: Partial<PersonDetails> = {
  nickname: 'Żółw 🐢',
  first: 'Анна',
  last: '山田',
  email: 'anna@example.org',
  city: 'Łódź',
  street: 'ul. Długa 1',
  zip: '90-001',
  country: 48,
  phone: '+48 1',
  originCity: 'Москва',
  originCountry: 7,
  company: '株式会社',
  position: 'кодер',
  occupation: 5,
  workHomepage: 'http://work.example.org',
  homepage: 'http://example.org',
  gender: 1,
  birthday: '1974-05-31',
  languages: [44, 50],
  gmtOffset: -2,
  about: 'О себе\nżółć\n私について',
  interests: [{ category: 104, text: 'коды' }],
  affiliations: [{ category: 205, text: 'fans' }],
  pasts: [{ category: 303, text: 'МГУ' }],
  homepageCategory: { category: 50, text: 'мои коты' },
  webAware: true,
};

interface Tables {
  readonly countries: object;
  readonly countriesLater: object;
  readonly languages: object;
  readonly occupations: object;
  readonly interests: object;
  readonly affiliations: object;
  readonly pastBackgrounds: object;
  readonly randomChatGroups: object;
  readonly timezone: { readonly values: object };
}

const TABLES = JSON.parse(readFileSync(new URL('../../docs/protocol/icq-tables.json', import.meta.url), 'utf8')) as Tables;

/** Without 0, which says that nothing was told (of time zones it is Greenwich), and what two bytes cannot say. */
const codesIn = (table: object): readonly number[] =>
  Object.keys(table)
    .map(Number)
    .filter((code) => (code !== 0 || '-1' in table) && code <= 0xffff);

/** Nobody waits for rates here. */
const QUICKLY = { 'limits.profile': 'bench', 'limits.searches_at_once_max': 100_000 };

async function finds(who: Person, whom: Parameters<Person['client']['directory']['search']>[0]): Promise<number[]> {
  return (await who.client.directory.search(whom)).found.map(({ uin }) => uin);
}

dialogue('what somebody tells is found and read back unchanged', async ({ stage, alice, bob }) => {
  for (const person of [alice, bob]) await person.signsOn();
  await alice.client.directory.tell(DETAILS);
  const read = await bob.client.directory.info(alice.uin);
  assert.deepEqual({ ...read, ...DETAILS }, read);
  assert.equal(await bob.client.directory.info(99_999_999), undefined);
  const questions = [
    { uin: alice.uin },
    { nickname: 'ŻÓŁW 🐢' },
    { first: 'анна' },
    { first: 'Анна', last: '山田' },
    { email: 'anna@example.org' },
    { email: 'anna@*' },
    { city: 'łódź', country: 48 },
    { company: '*会社' },
    { keywords: 'коды' },
    { interest: { category: 104, text: 'код' } },
    { affiliation: { category: 205, text: '' }, past: { category: 303, text: '' } },
    { homepage: { category: 50, text: 'коты' } },
    { gender: 1, language: 50 },
    { occupation: 5, ageFrom: 20, ageTo: 120 },
    { first: 'анна', onlineOnly: true },
  ];
  for (const question of questions) assert.deepEqual(await finds(bob, question), [alice.uin], JSON.stringify(question));
  await assert.rejects(alice.client.directory.tell({ birthday: '1999-02-30', first: 'lost' }), RequestRefused);
  await stage.restart();
  await bob.signsOn();
  assert.deepEqual(await bob.client.directory.info(alice.uin), read);
});

dialogue('a hidden address is its owner’s own', async ({ alice, bob }) => {
  for (const person of [alice, bob]) await person.signsOn();
  await alice.client.directory.tell({ email: 'anna@example.org' });
  assert.deepEqual(await finds(bob, { email: 'anna@example.org' }), [alice.uin]);
  await alice.client.directory.tell({ hideEmail: true });
  assert.deepEqual(await finds(bob, { email: 'anna@example.org' }), []);
  assert.equal((await bob.client.directory.info(alice.uin))?.email, '');
  const own = await alice.client.directory.info(alice.uin);
  assert.deepEqual([own?.email, own?.hideEmail], ['anna@example.org', true]);
});

dialogue('other addresses are read and replaced as a list, and only their owner sees the hidden ones', async ({ alice, bob }) => {
  for (const person of [alice, bob]) await person.signsOn();
  const [shown, hidden] = [
    { address: 'anna@work.example', hidden: false },
    { address: 'anna@home.example', hidden: true },
  ];
  const read = async (who: Person): Promise<unknown> => (await who.client.directory.info(alice.uin))?.otherEmails;
  await alice.client.directory.tell({ email: 'anna@example.org', otherEmails: [shown, hidden] });
  assert.deepEqual([await read(alice), await read(bob)], [[shown, hidden], [shown]]);
  assert.equal((await bob.client.directory.info(alice.uin))?.email, 'anna@example.org');
  await alice.client.directory.tell({ otherEmails: [] });
  assert.deepEqual(await read(alice), []);
  await alice.client.directory.tell({ homepageCategory: { category: 50, text: '' } });
  await alice.client.directory.tell({ homepageCategory: { category: 0, text: '' } });
  assert.deepEqual((await bob.client.directory.info(alice.uin))?.homepageCategory, { category: 0, text: '' });
});

dialogue('what AIM tells its own directory is found in ours', async ({ alice, bob }) => {
  for (const person of [alice, bob]) await person.signsOn();
  const utf8 = new TextEncoder();
  const tlvs = { firstName: utf8.encode('Zażółć'), lastName: utf8.encode('Gęślą'), city: utf8.encode('Łódź') };
  assert.deepEqual(await alice.client.request(location.setDirInfo, { tlvs }, location.setDirReply, 'names'), { result: 1 });
  const interests = { interests: [utf8.encode('Music'), utf8.encode('жаба')] };
  assert.deepEqual(await alice.client.request(location.setKeywordInfo, { tlvs: interests }, location.setKeywordReply, 'interests'), { result: 1 });
  for (const question of [{ first: 'zażółć', last: 'gęślą' }, { city: 'łódź' }, { keywords: 'жаба' }])
    assert.deepEqual(await finds(bob, question), [alice.uin]);
  const read = await bob.client.directory.info(alice.uin);
  assert.deepEqual(
    read?.interests.map(({ text }) => text),
    ['', 'жаба'],
  );
  const tooLong = { tlvs: { firstName: new Uint8Array(8_000).fill(0x41) } };
  await assert.rejects(alice.client.request(location.setDirInfo, tooLong, location.setDirReply, 'names'), RequestRefused);
  assert.equal((await bob.client.directory.info(alice.uin))?.first, 'Zażółć');
});

dialogue(
  'each code of the tables, and each time zone, is read back and found as it was told',
  async ({ alice, bob }) => {
    for (const person of [alice, bob]) await person.signsOn();
    const [countries, later, languages, occupations] = [TABLES.countries, TABLES.countriesLater, TABLES.languages, TABLES.occupations].map(codesIn);
    const [interests, affiliations, pasts] = [TABLES.interests, TABLES.affiliations, TABLES.pastBackgrounds].map(codesIn);
    const zones = codesIn(TABLES.timezone.values);
    const places = [...(countries ?? []), ...(later ?? [])];
    assert.ok(places.length > 250 && zones.length === 49);
    const at = (codes: readonly number[] | undefined, index: number): number => codes?.[index % codes.length] ?? assert.fail('an empty table');
    const topic = (category: number): readonly [Topic] => [{ category, text: 'x' }];
    for (let round = 0; round < places.length / 3; round++) {
      const told = {
        country: at(places, round * 3),
        originCountry: at(places, round * 3 + 1),
        workCountry: at(places, round * 3 + 2),
        occupation: at(occupations, round),
        languages: [at(languages, round)],
        gmtOffset: at(zones, round),
        interests: topic(at(interests, round)),
        affiliations: topic(at(affiliations, round)),
        pasts: topic(at(pasts, round)),
      };
      await alice.client.directory.tell(told);
      const read = await bob.client.directory.info(alice.uin);
      assert.deepEqual({ ...read, ...told }, read);
      const { country, occupation } = told;
      assert.deepEqual(await finds(bob, { country, occupation, language: told.languages[0] as number }), [alice.uin], JSON.stringify(told));
      assert.deepEqual(await finds(bob, { country: country + 1, occupation }), []);
    }
    await alice.client.directory.tell({ gmtOffset: -100, languages: [], interests: [] });
    const read = await bob.client.directory.info(alice.uin);
    assert.deepEqual([read?.gmtOffset, read?.languages, read?.interests], [-100, [], []]);
  },
  QUICKLY,
);

dialogue(
  'two meet by chance, in each group those who are in it',
  async ({ stage, alice, bob }) => {
    const carol = await stage.person('carol');
    for (const person of [alice, bob, carol]) await person.signsOn();
    const groups = codesIn(TABLES.randomChatGroups);
    for (const [index, group] of groups.entries()) {
      const other = groups[(index + 1) % groups.length] as number;
      assert.equal(await bob.client.directory.meet(group), undefined);
      await alice.client.directory.meetable(group);
      await carol.client.directory.meetable(other);
      assert.equal(await bob.client.directory.meet(group), alice.uin, 'no longer in the group before');
      assert.equal(await bob.client.directory.meet(other), carol.uin);
      assert.equal(await alice.client.directory.meet(group), undefined, 'not oneself');
      for (const person of [alice, carol]) await person.client.directory.meetable(0);
      assert.equal(await bob.client.directory.meet(group), undefined);
    }
    await alice.client.directory.meetable(1);
    alice.client.setStatus('online', true);
    await alice.settles();
    assert.equal(await bob.client.directory.meet(1), undefined, 'invisible is not there to be met');
    alice.client.setStatus('online');
    await alice.settles();
    assert.equal(await bob.client.directory.meet(1), alice.uin);
    await alice.client.list('ignore', bob.uin, true);
    assert.equal(await bob.client.directory.meet(1), undefined, 'nor is who wants nothing of one');
    await alice.client.list('ignore', bob.uin, false);
    await alice.signsOff();
    assert.equal(await bob.client.directory.meet(1), undefined);
  },
  QUICKLY,
);

dialogue('who leaves for good is told so, and is gone', async ({ alice, bob }) => {
  for (const person of [alice, bob]) await person.signsOn();
  const data = icqMeta.encodeMetaRequest(icqMeta.unregister, { uin: alice.uin, password: new TextEncoder().encode(PASSWORD) });
  const block = { owner: alice.uin, type: icqMeta.IcqType.metaRequest, sequence: Uint8Array.of(2, 0), data };
  const [part] = await alice.client.gather(icqMeta.request, { block }, icqMeta.reply, 'leaving');
  assert.ok(part !== undefined);
  const answer = decode(icqMeta.metaReplyData, decodeSnacBody(icqMeta.reply, part.data).block?.data ?? new Uint8Array(0));
  assert.deepEqual([answer.subtype, answer.result], [0x00b4, icqMeta.MetaResult.success]);
  await alice.expects('the connection to close', (event) => event.type === 'closed');
  assert.equal(await bob.client.directory.info(alice.uin), undefined);
  await assert.rejects(alice.signsOn());
});
