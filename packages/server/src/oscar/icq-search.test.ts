import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { icqMeta } from '@seekyou/wire/oscar';
import { ANNA, type Answered, type Asker, BORIS, CHIE, contentOf, directoryTown } from './icq-testing.ts';
import { ascii, hex } from './testing.ts';

const { MetaResult } = icqMeta;
const none = new Uint8Array(0);
const NO_TLVS: icqMeta.InfoTlvs = { extra: [] };
const ANYBODY: Parameters<typeof icqMeta.searchWhitePages.body.write>[1] = {
  first: none,
  last: none,
  nick: none,
  email: none,
  ageFrom: 0,
  ageTo: 0,
  gender: 0,
  language: 0,
  city: none,
  state: none,
  country: 0,
  company: none,
  department: none,
  position: none,
  occupation: 0,
  past: 0,
  pastKeywords: none,
  interest: 0,
  interestKeywords: none,
  affiliation: 0,
  affiliationKeywords: none,
  homepage: 0,
  homepageKeywords: none,
  onlineOnly: 0,
};

/** Anna and Boris have told something, Chie asks. */
async function town(profile: Parameters<Awaited<ReturnType<typeof directoryTown>>['asker']>[1] = {}): Promise<Asker> {
  const { asker } = await directoryTown();
  const [anna, boris] = [await asker(ANNA), await asker(BORIS)];
  const told = async (one: Asker, tlvs: Partial<icqMeta.InfoTlvs>): Promise<void> => {
    assert.equal(await one.result(icqMeta.setInfoTlvs, { ...NO_TLVS, ...tlvs }), MetaResult.success);
  };
  await told(anna, {
    nick: ascii('anna'),
    first: ascii('Anna'),
    last: ascii('Nowak'),
    emails: [{ email: ascii('anna@example.org'), hidden: 0 }],
    city: ascii('Warszawa'),
    country: 48,
    gender: 1,
    birthday: { year: 1974, month: 5, day: 31 },
    languages: [50],
    occupation: 5,
    company: ascii('Acme'),
    interests: [{ category: 104, keywords: ascii('codes') }],
    past: [{ category: 303, keywords: ascii('school') }],
    affiliations: [{ category: 205, keywords: ascii('fans') }],
    homepageCategory: { category: 50, keywords: ascii('home') },
    webAware: 1,
  });
  await told(boris, {
    nick: ascii('boris'),
    first: ascii('Boris'),
    last: ascii('Nowak'),
    emails: [{ email: ascii('boris@example.org'), hidden: 0 }],
    gender: 2,
    authorization: 0,
  });
  return asker(CHIE, profile);
}

function uinsOf(answers: readonly Answered[]): number[] {
  if (answers.length === 1 && answers[0]?.result === MetaResult.noData) {
    assert.deepEqual([answers[0].subtype, answers[0].data], [0x01ae, none]);
    return [];
  }
  return answers.map((answer, index) => {
    const last = index === answers.length - 1;
    assert.equal(answer.flags, last ? 0 : 1);
    return contentOf(answer, last ? icqMeta.searchFoundLast : icqMeta.searchFound).person.uin;
  });
}

describe('white pages', () => {
  test('answer every form of the question', async () => {
    const chie = await town();
    const finds = async <T>(declaration: icqMeta.MetaRequest<T>, value: T): Promise<number[]> => uinsOf(await chie.asks(declaration, value));
    const both = [ANNA, BORIS];
    const details = { first: none, last: ascii('nowak'), nick: none };
    assert.deepEqual(await finds(icqMeta.searchByUin, { uin: ANNA }), [ANNA]);
    assert.deepEqual(await finds(icqMeta.searchByUin, { uin: 99_999 }), []);
    assert.deepEqual(await finds(icqMeta.searchByUin, { uin: 3 }), []);
    assert.deepEqual(await finds(icqMeta.searchByUinTlv, { ...NO_TLVS, uin: BORIS }), [BORIS]);
    assert.deepEqual(await finds(icqMeta.searchByUinTlv, NO_TLVS), []);
    assert.deepEqual(await finds(icqMeta.searchByDetails, details), both);
    assert.deepEqual(await finds(icqMeta.searchByDetails, { ...details, email: ascii('boris@example.org') }), [BORIS]);
    assert.deepEqual(await finds(icqMeta.searchByDetails, { ...details, last: ascii('now*') }), []);
    assert.deepEqual(await finds(icqMeta.searchByDetailsWild, { ...details, last: ascii('now*') }), both);
    assert.deepEqual(await finds(icqMeta.searchByEmail, { email: ascii('ANNA@example.org') }), [ANNA]);
    assert.deepEqual(await finds(icqMeta.searchByEmailWild, { email: ascii('*@example.*') }), both);
    assert.deepEqual(await finds(icqMeta.searchByEmailTlv, { ...NO_TLVS, emails: [{ email: ascii('boris@example.org') }] }), [BORIS]);
    assert.deepEqual(await finds(icqMeta.searchByEmailTlv, NO_TLVS), []);
    assert.deepEqual(await finds(icqMeta.searchWhitePages, { ...ANYBODY, last: ascii('Nowak'), gender: 2 }), [BORIS]);
    assert.deepEqual(await finds(icqMeta.searchWhitePagesWild, { ...ANYBODY, city: ascii('wars*') }), [ANNA]);
  });

  test('every field of 0533 and of 055F counts', async () => {
    const chie = await town();
    const fixed: readonly Partial<typeof ANYBODY>[] = [
      { first: ascii('anna') },
      { nick: ascii('anna') },
      { email: ascii('anna@example.org') },
      { ageFrom: 23, ageTo: 29 },
      { gender: 1 },
      { language: 50 },
      { city: ascii('Warszawa') },
      { country: 48 },
      { company: ascii('ACME') },
      { occupation: 5 },
      { past: 303 },
      { past: 0, pastKeywords: ascii('school') },
      { interest: 104, interestKeywords: ascii('code') },
      { affiliation: 205 },
      { homepage: 50, homepageKeywords: ascii('home') },
      { last: ascii('nowak'), onlineOnly: 1 },
    ];
    for (const wanted of fixed) assert.deepEqual(uinsOf(await chie.asks(icqMeta.searchWhitePages, { ...ANYBODY, ...wanted })), [ANNA], JSON.stringify(wanted));
    const tlvs: readonly Partial<icqMeta.InfoTlvs>[] = [
      { uin: ANNA },
      { first: ascii('ann*') },
      { nick: ascii('anna') },
      { emails: [{ email: ascii('anna@*'), hidden: 0 }] },
      { ages: { from: 23, to: 29 } },
      { age: 26 },
      { gender: 1 },
      { languages: [50] },
      { city: ascii('wars*') },
      { country: 48 },
      { company: ascii('acm*') },
      { occupation: 5 },
      { past: [{ category: 303, keywords: none }] },
      { past: [{ category: 205, keywords: none }] },
      { affiliations: [{ category: 205, keywords: none }] },
      { affiliations: [{ category: 303, keywords: none }] },
      { interests: [{ category: 104, keywords: ascii('codes') }] },
      { homepageCategory: { category: 50, keywords: none } },
      { keywords: ascii('school') },
      { last: ascii('nowak'), onlineOnly: 1 },
    ];
    for (const wanted of tlvs)
      assert.deepEqual(uinsOf(await chie.asks(icqMeta.searchWhitePagesTlv, { ...NO_TLVS, ...wanted })), [ANNA], JSON.stringify(wanted));
  });

  test('climm and libicq2000 write an occupation in one byte, and climm a country in its own way', async () => {
    // As climm 0.7.1 sent it: 50 to 59 years, female, language 44, Łódź, łódzkie, country 48. Here for 20 to 29 and Warszawa.
    const question = (country: string): Uint8Array =>
      hex(
        `33 05 01 00 00 01 00 00 01 00 00 01 00 00 14 00 1d 00 01 32 09 00 57 61 72 73 7a 61 77 61 00 01 00 00 ${country} 01 00 00 01 00 00 01 00 00 ` +
          '00 00 00 01 00 00 00 00 01 00 00 00 00 01 00 00 00 00 01 00 00 00',
      );
    const found = async (name: string, country: string): Promise<unknown> => uinsOf(await (await town({ name })).says(question(country)));
    assert.deepEqual(await found('climm', '00 30'), [ANNA]);
    assert.deepEqual(await found('libicq2000', '30 00'), [ANNA]);
    assert.deepEqual(await found('ICQ 2000', '30 00'), []);
  });

  test('show who was found in records without padding, but for ICQ 5', async () => {
    const both = { first: none, last: ascii('nowak'), nick: none };
    const lengths = async (name: string): Promise<number[]> => {
      const answers = await (await town({ name })).asks(icqMeta.searchByDetails, both);
      return answers.map(({ data }) => data.length - 2 - ((data[0] as number) | ((data[1] as number) << 8)));
    };
    assert.deepEqual(await lengths('libicq2000'), [0, 4]);
    assert.deepEqual(await lengths('ICQ 5.1'), [12, 4 + 8]);
    const [first, last] = await (await town()).asks(icqMeta.searchByDetails, both);
    assert.deepEqual(contentOf(first, icqMeta.searchFound).person, {
      uin: ANNA,
      nick: ascii('anna'),
      first: ascii('Anna'),
      last: ascii('Nowak'),
      email: ascii('anna@example.org'),
      authorization: 1,
      online: icqMeta.FoundOnline.online,
      gender: 1,
      age: 26,
    });
    const found = contentOf(last, icqMeta.searchFoundLast);
    assert.deepEqual([found.notReturned, found.person.authorization, found.person.online], [0, 0, icqMeta.FoundOnline.unknown]);
  });

  test('nobody is found by a question that fits everybody', async () => {
    const chie = await town();
    const details = { first: none, last: none, nick: none };
    for (const last of ['', '*', '**', '*a', 'a*b', '?*']) {
      assert.deepEqual(uinsOf(await chie.asks(icqMeta.searchByDetailsWild, { ...details, last: ascii(last) })), [], last);
    }
    assert.deepEqual(uinsOf(await chie.asks(icqMeta.searchWhitePages, ANYBODY)), []);
    assert.deepEqual(uinsOf(await chie.asks(icqMeta.searchWhitePagesTlv, NO_TLVS)), []);
    assert.deepEqual(uinsOf(await chie.asks(icqMeta.searchWhitePagesTlv, { ...NO_TLVS, onlineOnly: 1 })), []);
  });

  test('a question nobody can mean is refused', async () => {
    const chie = await town();
    const huge = new Uint8Array(60_000).fill(0x2a);
    for (const declaration of [icqMeta.searchByEmail, icqMeta.searchByEmailWild]) {
      const [refused] = await chie.asks(declaration, { email: huge });
      assert.deepEqual([refused?.subtype, refused?.result], [0x01ae, MetaResult.failed]);
    }
    for (const bytes of ['33 05', '33 05 ff ff 00', '5f 05 40 01 ff ff 00', '29 05 ff 7f 41', '1f 05 01 02']) {
      const [answer, ...others] = await chie.says(hex(bytes));
      assert.deepEqual([answer?.subtype, answer?.result, answer?.data, others], [0x01ae, MetaResult.failed, none, []], bytes);
    }
    // COMPAT: QIP 2005 says 6 for the length of 4 bytes.
    assert.deepEqual(uinsOf(await chie.says(hex('69 05 36 01 06 00 a1 86 01 00'))), [ANNA]);
  });
});
