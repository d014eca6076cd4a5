/** Searches, details, passwords and random chat, against the real core: what one client sets another reads. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EMPTY_PROFILE, entryOf, type ProfileEmail, Refused, type Store, type Uin } from '@seekyou/core';
import { memoryStore } from '@seekyou/core/testing';
import { icqMeta } from '@seekyou/wire/oscar';
import { decodeText, encodeText } from '@seekyou/wire/text';
import { commands, meta, type MetaDeclaration, type MetaForm, replies, type Version } from '@seekyou/wire/udp';
import { ascii, latin, PASSWORD, type TestClient, type Told, VERSIONS, world, type World } from './test-world.ts';

const { Authorization, FoundOnline } = icqMeta;
const NONE = new Uint8Array(0);

interface Town extends World {
  readonly store: Store;
}

async function town(): Promise<Town> {
  const store = memoryStore();
  return { ...(await world({ store })), store };
}

async function accountIn({ core, store }: Town, codepage: number, nickname = ''): Promise<Uin> {
  const created = await core.admin.create({ password: PASSWORD, authorisationRequired: false });
  assert.ok(!(created instanceof Refused));
  const { uin } = created;
  await core.admin.set(uin, { codepage });
  await store.profiles.save(uin, { nickname, profile: EMPTY_PROFILE, entry: entryOf(nickname, EMPTY_PROFILE) });
  return uin;
}

/** Answers of META: their numbers, and their data. */
const answers = (told: readonly Told[]): readonly { readonly subtype: number; readonly data: Uint8Array; readonly seq2: number }[] =>
  told.filter(({ name }) => name === 'metaUser').map(({ value, packet }) => ({ ...value, seq2: packet.seq2 }));

async function asks<T>(place: World, client: TestClient, declaration: MetaDeclaration<T>, form: MetaForm, value: T): Promise<ReturnType<typeof answers>> {
  client.take();
  client.say(commands.metaUser, meta.encodeMetaRequest(declaration, form, value));
  await place.passes(500);
  return answers(client.take());
}

const read = <T>(declaration: MetaDeclaration<T>, form: MetaForm, { subtype, data }: { readonly subtype: number; readonly data: Uint8Array }): T => {
  assert.equal(subtype, declaration.old);
  const { result, value } = meta.decodeMetaAnswer(declaration, form, data);
  assert.equal(result, replies.Result.done);
  return value as T;
};

const FULL: readonly MetaDeclaration<any>[] = [
  meta.generalInfo,
  meta.moreInfoAnswer,
  meta.homepageCategoryAnswer,
  meta.workInfoAnswer,
  meta.aboutAnswer,
  meta.interestsAnswer,
  meta.affiliationsAnswer,
];

// ---------------------------------------------------------------- META

const SAMPLES: readonly (readonly [codepage: number, name: string, city: string])[] = [
  [1252, 'Jörg Müller', 'Zürich'],
  [1251, 'Иван Ильич', 'Москва'],
  [1250, 'Łukasz Żółć', 'Łódź'],
  [932, '山田太郎', '東京'],
];

describe('META', () => {
  for (const [codepage, name, city] of SAMPLES) {
    for (const form of ['old', 'new'] as const) {
      test(`details in code page ${codepage}, set and read in the ${form} form`, async () => {
        const place = await town();
        const alice = await place.online(await accountIn(place, codepage));
        const bob = await place.online(await accountIn(place, codepage));
        const say = (text: string): Uint8Array => encodeText(text, codepage).bytes;
        const general = {
          nick: say(name),
          first: say(name),
          last: say('x'),
          email: ascii('a@example.org'),
          email2: ascii('b@example.org'),
          email3: NONE,
          city: say(city),
          state: NONE,
          phone: ascii('+1 23'),
          fax: NONE,
          street: say(city),
          cellular: NONE,
          zip: ascii('12345'),
          country: 7,
          gmtOffset: -6,
        };
        const work = {
          city: say(city),
          state: NONE,
          phone: NONE,
          fax: NONE,
          street: NONE,
          zip: ascii('99'),
          country: 48,
          company: say(name),
          department: NONE,
          position: say('boss'),
          occupation: 5,
          webPage: ascii('http://work/'),
        };
        const more = {
          age: 0,
          gender: 1,
          homepage: ascii('http://me/'),
          birthYear: 1974,
          birthMonth: 5,
          birthDay: 31,
          language1: 12,
          language2: 0,
          language3: 7,
        };
        const sets: readonly (readonly [MetaDeclaration<any>, unknown, MetaDeclaration<any>])[] = [
          [meta.setGeneral, general, meta.generalSet],
          [meta.setWork, work, meta.workSet],
          [meta.setMore, more, meta.moreSet],
          [meta.setAbout, { about: say(`${name}\r\n${city}`) }, meta.aboutSet],
          [meta.setInterests, { interests: [{ category: 101, keywords: say(city) }] }, meta.interestsSet],
          [meta.setAffiliations, { past: [{ category: 300, keywords: say(city) }], affiliations: [] }, meta.affiliationsSet],
          [meta.setHomepageCategory, { enabled: 1, category: 3, text: say(name) }, meta.homepageCategoryWasSet],
        ];
        for (const [declaration, value, answer] of sets) {
          const [done, ...others] = await asks(place, alice, declaration, form, value);
          assert.deepEqual([done?.subtype, [...(done?.data ?? [])], others.length], [answer.old, [replies.Result.done], 0]);
        }

        const seq2 = bob.seq2;
        const told = await asks(place, bob, meta.fullInfo, form, { uin: alice.uin });
        assert.deepEqual(
          told.map(({ subtype }) => subtype),
          FULL.map(({ old }) => old),
        );
        assert.ok(
          told.every((answer) => answer.seq2 === seq2),
          'licq finds its request by this number',
        );
        const [generalTold, moreTold, pageTold, workTold, aboutTold, interestsTold, affiliationsTold] = FULL.map((declaration, i) =>
          read(declaration, form, told[i] as (typeof told)[number]),
        );
        assert.deepEqual(generalTold, { ...general, authorization: Authorization.notRequired, webAware: 0, hideAddress: 0 });
        assert.deepEqual(workTold, work);
        assert.equal(moreTold.age, new Date(place.clock.now()).getUTCFullYear() - 1974 - (isBeforeBirthday(place.clock.now()) ? 1 : 0));
        assert.deepEqual({ ...moreTold, age: 0 }, more);
        assert.deepEqual(aboutTold, { about: say(`${name}\r\n${city}`) });
        assert.deepEqual(interestsTold, { interests: [{ category: 101, keywords: say(city) }] });
        assert.deepEqual(affiliationsTold, { past: [{ category: 300, keywords: say(city) }], affiliations: [] });
        assert.deepEqual(pageTold, { homepage: { category: 3, text: say(name) } });
      });
    }
  }

  const isBeforeBirthday = (now: number): boolean => new Date(now) < new Date(Date.UTC(new Date(now).getUTCFullYear(), 4, 31));

  test('who has told nothing has all seven answers too', async () => {
    const place = await town();
    const alice = await place.online(await place.account());
    for (const [declaration, form] of [
      [meta.fullInfo, 'old'],
      [meta.ownInfo, 'new'],
    ] as const) {
      const told = await asks(place, alice, declaration, form, { uin: alice.uin });
      FULL.forEach((answer, i) => read(answer, form, told[i] as (typeof told)[number]));
      assert.equal(told.length, FULL.length);
    }
  });

  test('a language that does not fit ends nobody’s session', async () => {
    const place = await town();
    const [alice, bob] = [await place.online(await accountIn(place, 1252)), await place.online(await accountIn(place, 1252))];
    const profile = { ...EMPTY_PROFILE, languages: [300, 255, 12] as const };
    await place.store.profiles.save(alice.uin as Uin, { nickname: '', profile, entry: entryOf('', profile) });
    for (const client of [alice, bob]) {
      const told = await asks(place, client, meta.fullInfo, 'new', { uin: alice.uin });
      assert.equal(told.length, FULL.length);
      const { language1, language2, language3 } = read(meta.moreInfoAnswer, 'new', told[1] as (typeof told)[number]);
      assert.deepEqual([language1, language2, language3], [0, 255, 12]);
      assert.equal(place.core.admin.sessionsOf(client.uin as Uin).length, 1);
    }
  });

  test('a hidden mail address is told to nobody else', async () => {
    const place = await town();
    const [alice, bob] = [await place.online(await place.account()), await place.online(await place.account())];
    const general = { nick: ascii('al'), first: NONE, last: NONE, email: ascii('a@example.org'), email2: NONE, email3: NONE, city: NONE, state: NONE };
    const rest = { phone: NONE, fax: NONE, street: NONE, cellular: NONE, zip: NONE, country: 0xffff, gmtOffset: -100, hideEmail: 1 };
    await asks(place, alice, meta.setGeneral, 'new', { ...general, ...rest });
    const [short] = await asks(place, bob, meta.getShortInfo, 'old', { uin: alice.uin });
    assert.deepEqual(read(meta.shortInfoAnswer, 'old', short as NonNullable<typeof short>).email, NONE);
    const [own] = await asks(place, alice, meta.ownInfo, 'new', { uin: alice.uin });
    const { email, country } = read(meta.generalInfo, 'new', own as NonNullable<typeof own>);
    assert.deepEqual([latin(email), country], ['a@example.org', 0xffff]);
  });

  test('what was hidden by other means stays hidden from clients that cannot say so', async () => {
    const place = await town();
    const bob = await place.online(await place.account());
    const addresses = ['a@example.org', 'b@example.org', 'c@example.org'];
    const [email, email2, email3] = addresses.map(ascii) as [Uint8Array, Uint8Array, Uint8Array];
    const names = { nick: ascii('al'), first: NONE, last: NONE, email };
    const rest = { city: NONE, state: NONE, phone: NONE, fax: NONE, street: NONE, cellular: NONE, zip: NONE, country: 0xffff, gmtOffset: -100 };
    const general = { ...names, email2, email3, ...rest };
    const changes: readonly (readonly [(alice: TestClient) => void, hidden: boolean])[] = [
      [(alice) => alice.say(commands.updateInfo, names), true],
      [(alice) => alice.say(commands.newUserInfo, { ...names, ones: Uint8Array.of(1, 1, 1) }), true],
      [(alice) => alice.say(commands.metaUser, meta.encodeMetaRequest(meta.setGeneral, 'old', general)), true],
      [(alice) => alice.say(commands.metaUser, meta.encodeMetaRequest(meta.setGeneral, 'new', { ...general, hideEmail: 1 })), true],
      [(alice) => alice.say(commands.metaUser, meta.encodeMetaRequest(meta.setGeneral, 'new', { ...general, hideEmail: 0 })), false],
    ];
    for (const [change, hidden] of changes) {
      const uin = await place.account();
      const [one, two, three] = addresses.map((address) => ({ address, hidden: true })) as [ProfileEmail, ProfileEmail, ProfileEmail];
      const profile = { ...EMPTY_PROFILE, email: one, secondaryEmail: two, oldEmail: three };
      await place.store.profiles.save(uin, { nickname: 'al', profile, entry: entryOf('al', profile) });
      change(await place.online(uin));
      await place.passes(500);
      const [told] = await asks(place, bob, meta.fullInfo, 'new', { uin });
      const shown = read(meta.generalInfo, 'new', told as NonNullable<typeof told>);
      assert.deepEqual([shown.email, shown.email2, shown.email3].map(latin), [hidden ? '' : 'a@example.org', '', '']);
    }
  });

  test('unknown people and requests that make no sense are failures of the answer that is waited for', async () => {
    const place = await town();
    const alice = await place.online(await place.account());
    for (const [declaration, answer] of [
      [meta.fullInfo, meta.generalInfo],
      [meta.getShortInfo, meta.shortInfoAnswer],
      [meta.searchUin, meta.lastUserFound],
    ] as const) {
      for (const uin of [999_999, 12]) {
        assert.deepEqual(
          (await asks(place, alice, declaration, 'old', { uin })).map(({ subtype, data }) => [subtype, [...data]]),
          [[answer.old, [replies.Result.failed]]],
        );
      }
    }
    alice.take();
    alice.say(commands.metaUser, { subtype: 1001, data: Uint8Array.of(0xff, 0xff, 1) });
    alice.say(commands.metaUser, { subtype: 4242, data: NONE });
    alice.say(commands.metaUser, meta.encodeMetaRequest(meta.metaLogin, 'old', {}));
    await place.passes(200);
    const told = alice.take();
    assert.deepEqual(
      told.map(({ name }) => name).filter((name) => name !== 'ack'),
      ['metaUser', 'silentTooLong'],
    );
    assert.deepEqual([...(answers(told)[0]?.data ?? [])], [replies.Result.failed]);
    assert.equal(told.filter(({ name }) => name === 'ack').length, 3, 'everything is acknowledged');
  });

  test('nobody unregisters another, or himself with a wrong password', async () => {
    const place = await town();
    const [alice, bob] = [await place.online(await place.account()), await place.online(await place.account())];
    for (const [uin, password] of [
      [bob.uin, PASSWORD],
      [alice.uin, 'guess'],
    ] as const) {
      const [failed] = await asks(place, alice, meta.unregister, 'old', { uin, password: ascii(password) });
      assert.deepEqual([failed?.subtype, [...(failed?.data ?? [])]], [180, [replies.Result.failed]]);
    }
    await asks(place, alice, meta.unregister, 'old', { uin: alice.uin, password: ascii(PASSWORD) });
    assert.equal(place.core.admin.sessionsOf(alice.uin as Uin).length, 0);
  });

  test('the password is that of the session’s account', async () => {
    const place = await town();
    const uin = await place.account();
    const alice = await place.online(uin);
    const [done] = await asks(place, alice, meta.setPassword, 'old', { password: ascii('newpass1') });
    assert.deepEqual([done?.subtype, [...(done?.data ?? [])]], [170, [replies.Result.done]]);
    const [failed] = await asks(place, alice, meta.setPassword, 'old', { password: ascii('much too long') });
    assert.deepEqual([...(failed?.data ?? [])], [replies.Result.failed]);
    const again = place.client(uin);
    again.signOn('newpass1');
    await place.passes(50);
    assert.deepEqual(again.names(), ['ack', 'loginReply']);
  });

  test('permissions, in the order of most programs and in that of licq', async () => {
    const place = await town();
    const [plain, licq] = [await place.account(), await place.account()];
    const one = await place.online(plain);
    await asks(place, one, meta.setSecurity, 'old', { authorization: 0, webAware: 1, directPermissions: 0 });
    const two = place.client(licq);
    two.signOn(PASSWORD, { tail: { zero: 0, x2: 0x013f0002, webPort: 80, features: 3, build: 0x7d0003ec, infoTime: 0, statusTime: 0, extra: NONE } });
    await place.passes(50);
    await asks(place, two, meta.setSecurity, 'old', { authorization: 1, webAware: 0, directPermissions: 1 });
    for (const [uin, authorization, webAware] of [
      [plain, Authorization.required, 1],
      [licq, Authorization.notRequired, 1],
    ] as const) {
      const [told] = await asks(place, one, meta.fullInfo, 'new', { uin });
      const general = read(meta.generalInfo, 'new', told as NonNullable<typeof told>);
      assert.deepEqual([general.authorization, general.webAware], [authorization, webAware]);
    }
  });
});

test('whether the address is hidden is told as it is, whoever said so', async () => {
  const place = await town();
  const uin = await place.account();
  const [alice, bob] = [await place.online(uin), await place.online(await place.account())];
  const hides = async (): Promise<unknown[]> => {
    const [told] = await asks(place, bob, meta.fullInfo, 'new', { uin });
    return [read(meta.generalInfo, 'new', told as NonNullable<typeof told>).hideAddress, (await place.core.admin.show(uin))?.hideAddress];
  };
  assert.deepEqual(await hides(), [0, false]);
  const profile = { ...EMPTY_PROFILE, directPermissions: 1 };
  await place.store.profiles.save(uin, { nickname: '', profile, entry: entryOf('', profile) });
  assert.deepEqual(await hides(), [0, false], 'contacts may connect');
  for (const directPermissions of [1, 0]) {
    await asks(place, alice, meta.setSecurity, 'old', { authorization: 0, webAware: 1, directPermissions });
    assert.deepEqual(await hides(), [directPermissions, directPermissions === 1]);
  }
  await place.core.admin.set(uin, { hideAddress: true });
  assert.deepEqual(await hides(), [1, true]);
});

// ---------------------------------------------------------------- searches

async function people(place: Town, count: number): Promise<readonly Uin[]> {
  const uins: Uin[] = [];
  for (let i = 0; i < count; i++) uins.push(await accountIn(place, 1251, 'Иван'));
  return uins;
}

describe('searches', () => {
  for (const version of VERSIONS) {
    test(`version ${version} finds by number, mail address and names, case aside`, async () => {
      const place = await town();
      const uin = await accountIn(place, 1251, 'Иван');
      const ivan = await place.online(uin, { version });
      ivan.say(commands.updateInfo, numbered(version, { nick: bytes('Иван'), first: bytes('Иван'), last: bytes('Ильич'), email: ascii('ivan@example.org') }));
      await place.passes(100);
      const names = { nick: NONE, first: NONE, last: NONE, email: NONE };
      for (const wanted of [{ nick: bytes('ИВАН') }, { first: bytes('иван'), last: bytes('ильич') }, { email: ascii('IVAN@example.org') }]) {
        const [found, ended] = await searched(place, ivan, () => ivan.say(commands.searchUser, numbered(version, { ...names, ...wanted })));
        assert.deepEqual([found?.name, found?.value.uin, decodeText(found?.value.nick, 1251)], ['userFound', uin, 'Иван']);
        assert.deepEqual([found?.value.authorization, ended?.name, ended?.value.more], [Authorization.notRequired, 'endOfSearch', 0]);
        if (version >= 4) assert.ok([FoundOnline.online, FoundOnline.offline, FoundOnline.unknown].includes(found?.value.online));
        if (version === 2) assert.deepEqual([found?.value.requestSeq, ended?.value.requestSeq], [77, 77]);
        else assert.equal(found?.packet.seq2, ivan.seq2 - 1);
      }
      if (version === 3) return; // Groupware has a search of its own
      const [found] = await searched(place, ivan, () => ivan.say(commands.searchUin, numbered(version, { uin })));
      assert.equal(found?.value.uin, uin);
      for (const nobody of [999_999, 3]) {
        const told = await searched(place, ivan, () => ivan.say(commands.searchUin, numbered(version, { uin: nobody })));
        assert.deepEqual(
          told.map(({ name }) => name),
          ['endOfSearch'],
        );
      }
      const nothing = await searched(place, ivan, () => ivan.say(commands.searchUser, numbered(version, names)));
      assert.deepEqual(
        nothing.map(({ name }) => name),
        ['endOfSearch'],
      );
    });
  }

  const bytes = (text: string): Uint8Array => encodeText(text, 1251).bytes;
  const numbered = <T extends object>(version: Version, value: T): T & { readonly requestSeq?: number } =>
    version === 2 ? { requestSeq: 77, ...value } : value;
  const searched = async (place: World, client: TestClient, search: () => unknown): Promise<readonly Told[]> => {
    client.take();
    search();
    await place.passes(2_000);
    return client.take().filter(({ name }) => name !== 'ack' && name !== 'endOfContactList');
  };

  test('forty are told, then that there are more', async () => {
    const place = await town();
    const uins = await people(place, 42);
    const alice = await place.online(uins[0] as Uin);
    const told = await searched(place, alice, () => alice.say(commands.searchUser, { nick: bytes('иван'), first: NONE, last: NONE, email: NONE }));
    assert.equal(told.length, 41);
    assert.deepEqual([told.at(-1)?.name, told.at(-1)?.value.more], ['endOfSearch', 1]);
  });

  for (const form of ['old', 'new'] as const) {
    test(`META finds by name under either order, and ends with the last one, in the ${form} form`, async () => {
      const place = await town();
      const uins = await people(place, 2);
      const alice = await place.online(uins[0] as Uin);
      for (const value of [
        { first: NONE, last: NONE, nick: bytes('Иван') },
        { first: bytes('Иван'), last: NONE, nick: NONE },
      ]) {
        const told = await asks(place, alice, meta.searchName, form, value);
        assert.deepEqual(
          told.map(({ subtype }) => subtype),
          [400, 410],
        );
        assert.equal(read(meta.userFound, form, told[0] as (typeof told)[number]).person.uin, uins[0]);
        assert.deepEqual(read(meta.lastUserFound, form, told[1] as (typeof told)[number]).usersLeft, 0);
      }
      const [one] = await asks(place, alice, meta.searchUin, form, { uin: uins[1] as number });
      assert.equal(read(meta.lastUserFound, form, one as NonNullable<typeof one>).person.uin, uins[1]);
      const [nobody] = await asks(place, alice, meta.searchEmail, form, { email: ascii('nobody@example.org') });
      assert.deepEqual([nobody?.subtype, [...(nobody?.data ?? [])]], [410, [replies.Result.failed]]);
    });

    test(`white pages, in the ${form} form`, async () => {
      const place = await town();
      const uins = await people(place, 2);
      const alice = await place.online(uins[0] as Uin);
      await asks(place, alice, meta.setInterests, 'old', { interests: [{ category: 110, keywords: bytes('шахматы') }] });
      const nobody = { first: NONE, last: NONE, nick: NONE, email: NONE, ageFrom: 0, ageTo: 0, gender: 0, language: 0, city: NONE, state: NONE, country: 0 };
      const atWork = { company: NONE, department: NONE, position: NONE, occupation: 0, past: 0, pastKeywords: NONE, interest: 0, interestKeywords: NONE };
      const anybody = { ...nobody, ...atWork, affiliation: 0, affiliationKeywords: NONE, homepage: 0, homepageKeywords: NONE, onlineOnly: 0 };
      const told = await asks(place, alice, meta.whitePages, form, { ...anybody, interest: 110, interestKeywords: bytes('Шахматы') });
      assert.deepEqual(
        told.map(({ subtype }) => subtype),
        [430],
      );
      const { person, usersLeft } = read(meta.lastWhitePagesFound, form, told[0] as (typeof told)[number]);
      assert.deepEqual([person.uin, usersLeft], [uins[0], 0]);
      const [everybody] = await asks(place, alice, meta.whitePages, form, anybody);
      assert.deepEqual([everybody?.subtype, [...(everybody?.data ?? [])]], [430, [replies.Result.failed]], 'a search for everybody finds nobody');
    });
  }

  test('Groupware searches in its own way', async () => {
    const place = await town();
    const uins = await people(place, 2);
    const alice = await place.online(uins[0] as Uin, { version: 3 });
    const { SearchCriterion, SearchMode } = commands;
    const pair = (criterion: number, mode: number, value: Uint8Array): object => ({ marker: 0xff, criterion, zero: 0, mode, value });
    const cases: readonly (readonly [readonly object[], number])[] = [
      [[pair(SearchCriterion.nick, SearchMode.begins, bytes('Ива'))], 2],
      [[pair(SearchCriterion.nick, SearchMode.is, bytes('Иван'))], 2],
      [[pair(SearchCriterion.nick, SearchMode.contains, bytes('ван')), pair(SearchCriterion.uin, SearchMode.is, ascii(String(uins[1])))], 1],
      [[pair(SearchCriterion.nick, SearchMode.isNot, bytes('Пётр'))], 0],
      [[pair(SearchCriterion.workCountry, SearchMode.is, ascii('7'))], 0],
      [[], 0],
    ];
    for (const [criteria, found] of cases) {
      const told = await searched(place, alice, () => alice.say(commands.groupwareSearch, { criteria } as never));
      assert.deepEqual([told.length, told.at(-1)?.name], [found + 1, 'endOfSearch']);
    }
  });
});

// ---------------------------------------------------------------- the old commands

describe('details before META', () => {
  const bytes = (text: string): Uint8Array => encodeText(text, 1251).bytes;

  for (const version of VERSIONS) {
    test(`version ${version} sets and reads them`, async () => {
      const place = await town();
      const uin = await accountIn(place, 1251);
      const alice = await place.online(uin, { version });
      const numbers = version === 2 ? { requestSeq: 9 } : {};
      const names = { nick: bytes('Алиса'), first: bytes('Алиса'), last: bytes('Льюис'), email: ascii('al@example.org') };
      const more = {
        city: bytes('Оксфорд'),
        country: 44,
        gmtOffset: 0,
        state: NONE,
        age: 22,
        gender: 1,
        phone: ascii('1'),
        homepage: NONE,
        about: bytes('я'),
        zip: 77,
      };
      alice.say(commands.newUserInfo, { ...numbers, ...names, ones: Uint8Array.of(1, 1, 1) });
      alice.say(commands.updateInfo, { ...numbers, ...names });
      alice.say(commands.updateExtInfo, { ...numbers, ...more });
      alice.say(commands.infoReq, { ...numbers, uin });
      alice.say(commands.extInfoReq, { ...numbers, uin });
      alice.say(commands.infoReq, { ...numbers, uin: 999_999 });
      await place.passes(500);
      const told = alice.take().filter(({ name }) => name !== 'ack');
      assert.deepEqual(
        told.map(({ name }) => name),
        [
          'updateBasicOk',
          version === 2 ? 'updateBasicOk' : 'updateInfoOk',
          'updateExtOk',
          'infoReply',
          'extInfoReply',
          version === 3 ? 'invalidUin' : 'infoFail',
        ],
      );
      assert.deepEqual(told[3]?.value, { ...numbers, uin, ...names, authorization: Authorization.notRequired });
      assert.deepEqual(told[4]?.value, { ...numbers, uin, ...more, gmtOffset: version === 2 ? -2 : 0 });
      assert.deepEqual(told[5]?.value, { uin: 999_999 });
    });
  }

  test('whether others have to ask is answered in each version’s way', async () => {
    for (const [version, answer] of [
      [3, 'authUpdateAnswer'],
      [4, 'authUpdateDone'],
      [5, 'authUpdateDone'],
    ] as const) {
      const place = await town();
      const uin = await place.account();
      const alice = await place.online(uin, { version });
      alice.say(commands.authUpdate, { authorization: 0 });
      alice.say(commands.infoReq, { uin });
      await place.passes(200);
      const told = alice.take().filter(({ name }) => name !== 'ack');
      assert.deepEqual([told[0]?.name, told[1]?.value.authorization], [answer, Authorization.required]);
    }
  });

  test('a new password, in the words of versions 2 and 3', async () => {
    for (const version of [2, 3] as const) {
      const place = await town();
      const uin = await place.account();
      const alice = await place.online(uin, { version });
      alice.say(commands.changePassword, { ...(version === 2 ? { requestSeq: 4 } : {}), password: ascii('newpass1') });
      await place.passes(200);
      assert.deepEqual(
        alice.take().map(({ name }) => name),
        version === 3 ? ['ack', 'passwordSet'] : ['ack'],
      );
      alice.say(commands.changePassword, { ...(version === 2 ? { requestSeq: 5 } : {}), password: NONE });
      await place.passes(200);
      assert.match(alice.texts.join(''), /the old one stays/);
      const again = place.client(uin, { version });
      again.signOn('newpass1');
      await place.passes(50);
      assert.deepEqual(again.names(), ['ack', 'loginReply']);
    }
  });

  test('who comes from a new address waits a minute before there is a new password', async () => {
    for (const version of VERSIONS) {
      const place = await town();
      const uin = await place.account();
      await place.online(uin, { version, at: { address: '198.51.100.1', port: 4_001 } });
      const thief = await place.online(uin, { version, at: { address: '203.0.113.66', port: 4_001 } });
      thief.say(commands.contactList, { uins: [] });
      await place.passes(3_000);
      const change = (): Uint8Array =>
        version === 5
          ? thief.say(commands.metaUser, meta.encodeMetaRequest(meta.setPassword, 'old', { password: ascii('newpass1') }))
          : thief.say(commands.changePassword, { ...(version === 2 ? { requestSeq: 5 } : {}), password: ascii('newpass1') });
      // From somewhere else than either.
      const proves = async (password: string): Promise<boolean> => {
        const account = await place.core.verify({ uin, proof: (known) => known === password }, { address: '192.0.2.77', port: 1, known: true });
        return !(account instanceof Refused);
      };
      change();
      await place.passes(200);
      if (version === 5) assert.deepEqual(answers(thief.told)[0]?.data, Uint8Array.of(replies.Result.failed));
      else assert.match(thief.texts.join(''), /Try again in a minute/);
      assert.equal(await proves(PASSWORD), true);
      await place.passes(60_000);
      change();
      await place.passes(200);
      assert.equal(await proves('newpass1'), true);
    }
  });

  test('Groupware sets and reads its own layouts', async () => {
    const place = await town();
    const uin = await accountIn(place, 1251, 'Анна');
    const anna = await place.online(uin, { version: 3 });
    const work = {
      street: bytes('Невский'),
      city: NONE,
      state: NONE,
      country: 7,
      company: bytes('Завод'),
      title: NONE,
      department: 0,
      phone: NONE,
      fax: NONE,
      pager: NONE,
      zip: 5,
    };
    const born = { gender: 1, age: 0xffff, birthDay: 31, birthMonth: 5, birthYear: 0 };
    const home = { street: NONE, city: bytes('Питер'), state: NONE, country: 7, phone: NONE, fax: NONE, cellular: ascii('9'), zip: 0, ...born };
    anna.say(commands.setWorkInfo, work);
    anna.say(commands.setHomeInfo, home);
    anna.say(commands.setHomePage, { text: ascii('http://home/') });
    anna.say(commands.setWorkPage, { text: ascii('http://work/') });
    anna.say(commands.setNotes, { text: bytes('о себе') });
    anna.say(commands.getFullInfo, { uin });
    anna.say(commands.getNotes, { uin });
    anna.say(commands.getFullInfo, { uin: 999_999 });
    await place.passes(500);
    const told = anna.take().filter(({ name }) => name !== 'ack');
    assert.deepEqual(
      told.map(({ name }) => name),
      [
        'workInfoSet',
        'homeInfoSet',
        'homePageSet',
        'workPageSet',
        'notesSet',
        'basicInfo',
        'workInfoReply',
        'workPage',
        'homeInfoReply',
        'homePage',
        'notes',
        'invalidUin',
      ],
    );
    assert.equal(decodeText(told[5]?.value.nick, 1251), 'Анна');
    assert.deepEqual(told[6]?.value, work);
    assert.deepEqual(told[8]?.value, { ...home, zero: 0 });
    assert.deepEqual([latin(told[7]?.value.url), latin(told[9]?.value.url)], ['http://work/', 'http://home/']);
    assert.deepEqual(told[10]?.value, { text: bytes('о себе'), updated: 0, lastLogin: 0, address: '0.0.0.0' });
  });
});

// ---------------------------------------------------------------- code pages

test('who set no code page types in that of his country', async () => {
  const place = await town();
  const [uin, other] = [await place.account(), await accountIn(place, 1251)];
  await place.store.profiles.save(uin, {
    nickname: '',
    profile: { ...EMPTY_PROFILE, home: { ...EMPTY_PROFILE.home, country: 7 } },
    entry: entryOf('', EMPTY_PROFILE),
  });
  const [ivan, boris] = [await place.online(uin), await place.online(other)];
  await place.passes(6_000);
  ivan.say(commands.sendMessage, { to: other, type: 1, text: encodeText('привет', 1251).bytes });
  boris.say(commands.sendMessage, { to: uin, type: 1, text: encodeText('и тебе', 1251).bytes });
  await place.passes(200);
  assert.deepEqual(
    [...boris.texts, ...ivan.texts].map((text) => decodeText(ascii(text), 1251)),
    ['привет', 'и тебе'],
  );
  assert.deepEqual(
    place.core.admin.sessionsOf(uin).map(({ profile }) => profile.codepage),
    [1251],
  );
});

// ---------------------------------------------------------------- random chat

test('random chat finds somebody of the group, never his address', async () => {
  const place = await town();
  const [alice, bob] = [await place.online(await place.account()), await place.online(await place.account())];
  await place.passes(6_000);
  alice.take();
  bob.say(commands.randSet, { group: 4 });
  alice.say(commands.randSearch, { group: 4 });
  alice.say(commands.randSearch, { group: 5 });
  bob.say(commands.randSet, { group: 0 });
  await place.passes(200);
  alice.say(commands.randSearch, { group: 4 });
  await place.passes(200);
  const told = alice.take().filter(({ name }) => name === 'randUser');
  assert.deepEqual(
    told.map(({ value, packet }) => [value.uin, packet.parameters.length]),
    [
      [bob.uin, 37],
      [0, 4],
      [0, 4],
    ],
  );
  assert.deepEqual([told[0]?.value.address, told[0]?.value.port, told[0]?.value.ownAddress], ['0.0.0.0', 0, '0.0.0.0']);
});
