import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encode } from '@seekyou/wire';
import { icqMeta } from '@seekyou/wire/oscar';
import { decodeText, encodeText } from '@seekyou/wire/text';
import { ANNA, type Answered, type Asker, BORIS, contentOf, directoryTown } from './icq-testing.ts';
import { ascii, hex } from './testing.ts';

const { MetaResult } = icqMeta;
const none = new Uint8Array(0);

const NO_BASIC = {
  nick: none,
  first: none,
  last: none,
  email: none,
  city: none,
  state: none,
  phone: none,
  fax: none,
  street: none,
  cellular: none,
  zip: none,
  country: 0,
  gmtOffset: -100,
};
const NO_TLVS: icqMeta.InfoTlvs = { extra: [] };

async function two(profile: Parameters<Awaited<ReturnType<typeof directoryTown>>['asker']>[1] = {}): Promise<{ anna: Asker; boris: Asker }> {
  const town = await directoryTown();
  return { anna: await town.asker(ANNA, profile), boris: await town.asker(BORIS, profile) };
}

async function full(asker: Asker, uin: number): Promise<readonly Answered[]> {
  const blocks = await asker.asks(icqMeta.fullInfoRequest, { uin });
  assert.deepEqual(
    blocks.map(({ subtype, flags }) => [subtype, flags]),
    icqMeta.FULL_INFO.map(({ subtype }, index) => [subtype, index === icqMeta.FULL_INFO.length - 1 ? 0 : 1]),
  );
  return blocks;
}

describe('what somebody tells', () => {
  test('is read by others as it was written, part by part', async () => {
    const { anna, boris } = await two({ codepage: 1251 });
    const text = (words: string): Uint8Array => encodeText(words, 1251).bytes;
    const basic = {
      ...NO_BASIC,
      nick: text('Аня'),
      first: text('Анна'),
      last: text('Каренина'),
      email: ascii('anna@example.org'),
      city: text('Москва'),
      country: 7,
      gmtOffset: -6,
    };
    assert.equal(await anna.result(icqMeta.setBasicInfo, { ...basic, hideEmail: 0 }), MetaResult.success);
    const work = {
      ...NO_BASIC,
      company: text('Почта'),
      department: text('А'),
      position: text('Б'),
      occupation: 5,
      country: 7,
      webPage: ascii('http://example.org'),
    };
    const { city, state, phone, fax, street, zip, country, company, department, position, occupation, webPage } = work;
    const workSet = { city, state, phone, fax, street, zip, country, company, department, position, occupation, webPage };
    assert.equal(await anna.result(icqMeta.setWorkInfo, workSet), MetaResult.success);
    const more = {
      age: 0,
      gender: 1,
      homepage: ascii('http://anna.example.org'),
      birthYear: 1974,
      birthMonth: 5,
      birthDay: 31,
      language1: 44,
      language2: 12,
      language3: 0,
    };
    assert.equal(await anna.result(icqMeta.setMoreInfo, more), MetaResult.success);
    assert.equal(await anna.result(icqMeta.setAboutInfo, { about: text('О себе') }), MetaResult.success);
    const interests = [
      { category: 104, keywords: text('коды') },
      { category: 113, keywords: none },
    ];
    assert.equal(await anna.result(icqMeta.setInterestsInfo, { interests: [...interests, { category: 0, keywords: none }] }), MetaResult.success);
    const background = { past: [{ category: 303, keywords: text('МГУ') }], affiliations: [{ category: 200, keywords: none }] };
    assert.equal(await anna.result(icqMeta.setBackgroundInfo, background), MetaResult.success);
    assert.equal(await anna.result(icqMeta.setHomepageCategory, { enabled: 1, category: 50, text: text('дом'), last: 0 }), MetaResult.success);

    const [block1, block2, block3, block4, block5, block6, block7, block8] = await full(boris, ANNA);
    assert.deepEqual(contentOf(block1, icqMeta.basicInfoReply), { ...basic, authorization: 1, webAware: 0, directPermissions: 0, hideEmail: 0 });
    assert.deepEqual(contentOf(block2, icqMeta.moreInfoReply), {
      ...more,
      age: 26,
      zero: 0,
      originCity: none,
      originState: none,
      originCountry: 0,
      marital: 0,
      padding: new Uint8Array(4),
    });
    assert.deepEqual(contentOf(block3, icqMeta.emailsInfoReply), { emails: [] });
    assert.deepEqual(contentOf(block4, icqMeta.homepageInfoReply), { homepage: { category: 50, text: text('дом') } });
    assert.deepEqual(contentOf(block5, icqMeta.workInfoReply), workSet);
    assert.deepEqual(contentOf(block6, icqMeta.aboutInfoReply), { about: text('О себе') });
    assert.deepEqual(contentOf(block7, icqMeta.interestsInfoReply), { interests });
    assert.deepEqual(contentOf(block8, icqMeta.backgroundInfoReply), background);
    const [short, ...others] = await boris.asks(icqMeta.shortInfoRequest, { uin: ANNA });
    assert.deepEqual(others, []);
    const { nick, first, last, email } = basic;
    assert.deepEqual(contentOf(short, icqMeta.shortInfoReply), { nick, first, last, email, authorization: 1, zero: 0, gender: 1 });
  });

  test('reaches clients of other code pages and of UTF-8', async () => {
    const town = await directoryTown();
    const russian = await town.asker(ANNA, { codepage: 1251 });
    await russian.result(icqMeta.setAboutInfo, { about: encodeText('Привет', 1251).bytes });
    const seen = async (codepage: number): Promise<string> => {
      const reader = await town.asker(BORIS, { codepage });
      return decodeText(contentOf((await full(reader, ANNA))[5], icqMeta.aboutInfoReply).about, codepage);
    };
    assert.deepEqual([await seen(65_001), await seen(1252)], ['Привет', '??????']);
    const japanese = await town.asker(ANNA, { codepage: 932 });
    await japanese.result(icqMeta.setAboutInfo, { about: new TextEncoder().encode('山田 Żółw') });
    assert.equal(await seen(65_001), '山田 Żółw');
    assert.equal(await seen(932), '山田 Zo?w'.replace('?', 'l'));
  });

  test('of a hidden address only its owner reads it', async () => {
    const { anna, boris } = await two();
    const email = ascii('anna@example.org');
    await anna.result(icqMeta.setBasicInfo, { ...NO_BASIC, email, hideEmail: 1 });
    // A client that does not say keeps it hidden.
    await anna.result(icqMeta.setBasicInfo, { ...NO_BASIC, email });
    const own = contentOf((await full(anna, ANNA))[0], icqMeta.basicInfoReply);
    assert.deepEqual([own.email, own.hideEmail], [email, 1]);
    assert.deepEqual(contentOf((await full(boris, ANNA))[0], icqMeta.basicInfoReply).email, none);
    assert.deepEqual(contentOf((await boris.asks(icqMeta.shortInfoRequest, { uin: ANNA }))[0], icqMeta.shortInfoReply).email, none);
  });

  test('an address stays as hidden as it was for who does not say', async () => {
    const { anna, boris } = await two();
    const shown = async (): Promise<string> => decodeText(contentOf((await full(boris, ANNA))[0], icqMeta.basicInfoReply).email, 1252);
    const tells = (email: string, hidden?: number): Promise<number> =>
      anna.result(icqMeta.setInfoTlvs, { ...NO_TLVS, emails: [{ email: ascii(email), ...(hidden === undefined ? {} : { hidden }) }] });
    await tells('old@example.org', 1);
    assert.equal(await tells('new@example.org'), MetaResult.success);
    assert.equal(await shown(), '');
    assert.deepEqual(await anna.result(icqMeta.setBasicInfo, { ...NO_BASIC, email: ascii('newer@example.org') }), MetaResult.success);
    assert.equal(await shown(), '');
    await tells('newer@example.org', 0);
    await tells('newest@example.org');
    assert.equal(await shown(), 'newest@example.org');
    // Another session hides it while this one, which does not say, is answered.
    const said = anna.result(icqMeta.setBasicInfo, { ...NO_BASIC, email: ascii('newest@example.org') });
    assert.deepEqual(await Promise.all([said, tells('newest@example.org', 1)]), [MetaResult.success, MetaResult.success]);
    assert.equal(await shown(), '');
  });

  test('of more addresses only those are shown that may be', async () => {
    const { anna } = await two({ name: 'ICQ 2003b' });
    const emails = [undefined, undefined, 0, 1].map((hidden, index) => ({ email: ascii(`${index}@example.org`), ...(hidden === undefined ? {} : { hidden }) }));
    assert.equal(await anna.result(icqMeta.setInfoTlvs, { ...NO_TLVS, emails }), MetaResult.success);
    const [basic, , others] = await full(anna, ANNA);
    assert.equal(contentOf(basic, icqMeta.basicInfoReply).hideEmail, 0);
    assert.deepEqual(
      contentOf(others, icqMeta.emailsInfoReply).emails.map(({ hidden }) => hidden),
      [1, 0, 1],
    );
  });

  test('more addresses go to clients that read them alike', async () => {
    const town = await directoryTown();
    const anna = await town.asker(ANNA);
    const emails = [
      { hidden: 0, email: ascii('a@example.org') },
      { hidden: 1, email: ascii('b@example.org') },
      { hidden: 0, email: ascii('c@example.org') },
    ];
    assert.equal(await anna.result(icqMeta.setEmailsInfo, { emails }), MetaResult.success);
    const seen = async (name: string): Promise<number> => {
      const boris = await town.asker(BORIS, { name });
      return contentOf((await full(boris, ANNA))[2], icqMeta.emailsInfoReply).emails.length;
    };
    assert.deepEqual([await seen('ICQ 2003b'), await seen('ICQ 6'), await seen('ICQ 2000'), await seen('climm'), await seen('libpurple')], [2, 2, 0, 0, 0]);
    const own = await town.asker(ANNA, { name: 'ICQ 2003b' });
    assert.deepEqual(contentOf((await full(own, ANNA))[2], icqMeta.emailsInfoReply).emails, emails);
  });

  test('of nobody is one part, and the last', async () => {
    const { anna } = await two();
    for (const declaration of [icqMeta.fullInfoRequest, icqMeta.fullInfo2Request, icqMeta.ownInfoRequest]) {
      for (const uin of [99_999, 0, 1, 0xffffffff]) {
        assert.deepEqual(await anna.asks(declaration, { uin }), [{ subtype: 0x00c8, result: 0x32, data: none, flags: 0 }]);
      }
    }
    assert.deepEqual(await anna.asks(icqMeta.shortInfoRequest, { uin: 99_999 }), [{ subtype: 0x0104, result: 0x32, data: none, flags: 0 }]);
  });
});

describe('changes in TLVs', () => {
  test('touch what is in them and nothing else', async () => {
    const { anna, boris } = await two();
    await anna.result(icqMeta.setBasicInfo, { ...NO_BASIC, nick: ascii('anna'), city: ascii('Here'), hideEmail: 0 });
    const tlvs: icqMeta.InfoTlvs = {
      ...NO_TLVS,
      first: ascii('Anna'),
      emails: [{ email: ascii('anna@example.org'), hidden: 0 }],
      zipNumber: 12_345,
      languages: [12, 50],
      birthday: { year: 1974, month: 5, day: 31 },
      company: ascii('Acme'),
      originCity: ascii('There'),
      authorization: 0,
      webAware: 1,
      gmtOffset: -2,
    };
    assert.equal(await anna.result(icqMeta.setInfoTlvs, tlvs), MetaResult.success);
    const [block1, block2, , , block5] = await full(boris, ANNA);
    const basic = contentOf(block1, icqMeta.basicInfoReply);
    assert.deepEqual(
      [basic.nick, basic.first, basic.city, basic.zip, basic.email].map((text) => decodeText(text, 1252)),
      ['anna', 'Anna', 'Here', '12345', 'anna@example.org'],
    );
    assert.deepEqual([basic.authorization, basic.webAware, basic.gmtOffset], [0, 1, -2]);
    const more = contentOf(block2, icqMeta.moreInfoReply);
    assert.deepEqual([more.language1, more.language2, more.language3, more.birthYear, decodeText(more.originCity, 1252)], [12, 50, 0, 1974, 'There']);
    assert.equal(decodeText(contentOf(block5, icqMeta.workInfoReply).company, 1252), 'Acme');
  });

  test('know the past from affiliations by their codes', async () => {
    const { anna, boris } = await two();
    const affiliation = { category: 205, keywords: ascii('fans') };
    const past = { category: 303, keywords: ascii('school') };
    for (const lists of [
      { past: [past], affiliations: [affiliation] },
      { past: [affiliation], affiliations: [past] },
    ]) {
      assert.equal(await anna.result(icqMeta.setInfoTlvs, { ...NO_TLVS, ...lists }), MetaResult.success);
      assert.deepEqual(contentOf((await full(boris, ANNA))[7], icqMeta.backgroundInfoReply), { past: [past], affiliations: [affiliation] });
    }
    assert.equal(await anna.result(icqMeta.setInfoTlvs, { ...NO_TLVS, past: [{ category: 0, keywords: none }] }), MetaResult.success);
    assert.deepEqual(contentOf((await full(boris, ANNA))[7], icqMeta.backgroundInfoReply), { past: [], affiliations: [affiliation] });
  });

  test('take a homepage out of the catalogue with an empty entry', async () => {
    const { anna, boris } = await two();
    const topic = { category: 50, keywords: ascii('home') };
    for (const [homepageCategory, told] of [
      [topic, { homepage: { category: 50, text: ascii('home') } }],
      [{ category: 0, keywords: none }, {}],
    ] as const) {
      assert.equal(await anna.result(icqMeta.setInfoTlvs, { ...NO_TLVS, homepageCategory }), MetaResult.success);
      assert.deepEqual(contentOf((await full(boris, ANNA))[3], icqMeta.homepageInfoReply), told);
    }
  });

  test('hold no codes beyond the tables, and are refused whole', async () => {
    const { anna, boris } = await two();
    const beyond = [{ category: 65_535, keywords: none }];
    for (const codes of [
      { country: 65_535 },
      { originCountry: 59_939 },
      { workCountry: 10_000 },
      { occupation: 100 },
      { languages: [12, 73] },
      { marital: 256 },
      { interests: beyond },
      { past: beyond },
      { affiliations: [{ category: 299, keywords: none }, ...beyond] },
    ])
      assert.equal(await anna.result(icqMeta.setInfoTlvs, { ...NO_TLVS, first: ascii('Anna'), ...codes }), MetaResult.failed, JSON.stringify(codes));
    assert.equal(contentOf((await full(boris, ANNA))[0], icqMeta.basicInfoReply).first.length, 0);
    // The last of each, and those of later clients.
    const last = { country: 59_938, originCountry: 59_946, workCountry: 61_891, occupation: 99, languages: [72], marital: 255 };
    const topics = {
      interests: [{ category: 150, keywords: none }],
      past: [{ category: 399, keywords: none }],
      affiliations: [{ category: 299, keywords: none }],
    };
    assert.equal(await anna.result(icqMeta.setInfoTlvs, { ...NO_TLVS, ...last, ...topics }), MetaResult.success);
  });

  test('may be permissions alone, as libpurple sends them', async () => {
    const { anna } = await two();
    assert.equal(await anna.result(icqMeta.setInfoTlvs, { ...NO_TLVS, authorization: 0, webAware: 1 }), MetaResult.success);
    assert.equal(await anna.result(icqMeta.setInfoTlvs, NO_TLVS), MetaResult.success);
  });
});

describe('what cannot be', () => {
  test('is refused, and nothing is lost', async () => {
    const { anna, boris } = await two();
    await anna.result(icqMeta.setAboutInfo, { about: ascii('before') });
    const more = { age: 0, gender: 1, homepage: none, birthYear: 1999, birthMonth: 2, birthDay: 29, language1: 0, language2: 0, language3: 0 };
    assert.equal(await anna.result(icqMeta.setMoreInfo, more), MetaResult.failed);
    assert.equal(await anna.result(icqMeta.setMoreInfo, { ...more, birthDay: 28, gender: 200 }), MetaResult.failed);
    assert.equal(await anna.result(icqMeta.setAboutInfo, { about: new Uint8Array(60_000).fill(0x41) }), MetaResult.failed);
    assert.equal(await anna.result(icqMeta.setBasicInfo, { ...NO_BASIC, nick: new Uint8Array(60_000).fill(0x41), hideEmail: 0 }), MetaResult.failed);
    const [, more2, , , , about] = await full(boris, ANNA);
    assert.deepEqual([contentOf(about, icqMeta.aboutInfoReply).about, contentOf(more2, icqMeta.moreInfoReply).birthYear], [ascii('before'), 0]);
  });

  test('lengths that lie and zeros that are missing break nothing', async () => {
    const { anna, boris } = await two();
    await anna.result(icqMeta.setAboutInfo, { about: ascii('before') });
    const broken = [
      '06 04',
      '06 04 ff ff 41',
      '06 04 10 00 41 00',
      '0b 04 ff',
      '10 04 ff 01 00 ff ff',
      '1a 04 03',
      'ea 03 ff ff',
      '3a 0c 54 01 ff ff 41',
      '24 04 00',
    ];
    for (const bytes of broken) {
      const [answered, ...others] = await anna.says(hex(bytes));
      assert.deepEqual([answered?.result, answered?.data, others], [MetaResult.failed, none, []], bytes);
    }
    // No NUL, and a length of nothing at all: clients write both.
    assert.deepEqual((await anna.says(hex('06 04 02 00 68 69')))[0]?.result, MetaResult.success);
    assert.deepEqual(contentOf((await full(boris, ANNA))[5], icqMeta.aboutInfoReply).about, ascii('hi'));
    assert.deepEqual((await anna.says(hex('06 04 00 00')))[0]?.result, MetaResult.success);
    const about = (await full(boris, ANNA))[5];
    assert.deepEqual(about?.data, encode(icqMeta.aboutInfoReply.body, { about: none }), 'never without its NUL');
    assert.deepEqual(about?.data, hex('01 00 00'));
  });
});
