import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode, encode } from '@seekyou/wire';
import { icqMeta } from '@seekyou/wire/oscar';
import { ANNA, type Answered, type Asker, BORIS, contentOf, directoryTown } from './icq-testing.ts';
import { ascii, hex } from './testing.ts';

const { DirectorySubtype, MetaResult } = icqMeta;
const none = new Uint8Array(0);

function packet(subtype: number, body: Uint8Array): icqMeta.DirectoryPacket {
  return { family: icqMeta.DIRECTORY_FAMILY, subtype, flags: 0, requestId: 0x1234, zero: 0, codepage: 0, two: 2, body };
}

function queryFor(who: Partial<icqMeta.DirectoryFields>): icqMeta.DirectoryPacket {
  return packet(DirectorySubtype.query, encode(icqMeta.directoryQueryBody, { kind: icqMeta.DirectoryKind.withInterests, count: 1, who: { ...who } }));
}

function updateOf(fields: Partial<icqMeta.DirectoryFields>): icqMeta.DirectoryPacket {
  return packet(DirectorySubtype.update, encode(icqMeta.directoryUpdateBody, { kind: 3, fields: { ...fields } }));
}

function shown(answers: readonly Answered[]): icqMeta.DirectoryFields[] {
  return answers.flatMap((answer, index) => {
    const last = index === answers.length - 1;
    const inner = contentOf(answer, last ? icqMeta.directoryFoundLast : icqMeta.directoryFound);
    assert.deepEqual([inner.family, inner.subtype, inner.requestId, answer.flags], [0x05b9, DirectorySubtype.queryReply, 0x1234, last ? 0 : 1]);
    const body = decode(icqMeta.directoryReplyBody, inner.body);
    assert.deepEqual([body.result, body.count, body.items.length], [1, answers.length, 1]);
    return body.items;
  });
}

async function two(): Promise<{ readonly anna: Asker; readonly boris: Asker }> {
  const { asker } = await directoryTown();
  return { anna: await asker(ANNA), boris: await asker(BORIS) };
}

const FIELDS = {
  first: 'Анна',
  last: 'Żółw',
  nick: '山田',
  gender: 1,
  home: [{ street: 'ul. Długa 1', city: 'Łódź', state: '', zip: '90-001', country: 48 }],
  phones: [
    { number: '+48 1', kind: 1 },
    { number: '+48 3', kind: 3 },
    { number: '+48 5', kind: 5 },
  ],
  homepage: 'http://example.org',
  work: [{ position: 'кодер', company: 'Acme', department: '', webPage: '', industry: 10 }],
  interests: [{ text: 'коды', category: 104 }],
  language1: 44,
  language2: 50,
  language3: 0,
  marital: 10,
  gmtOffset: Uint8Array.of(0xfe),
  about: 'О себе\n私について',
  authorization: 0,
  // 31 May 1974.
  birthday: 27_180,
  webAware: 1,
} as const;

describe('the directory of ICQ 6', () => {
  test('takes what somebody tells and shows it to others, in UTF-8', async () => {
    const { anna, boris } = await two();
    const [answer, ...others] = await anna.asks(icqMeta.directoryUpdate, updateOf({ ...FIELDS, email: 'anna@example.org' }));
    assert.deepEqual(others, []);
    const inner = contentOf(answer, icqMeta.directoryUpdated);
    assert.deepEqual([inner.subtype, inner.requestId, decode(icqMeta.directoryReplyBody, inner.body).result], [DirectorySubtype.updateReply, 0x1234, 1]);

    const [fields] = shown(await boris.asks(icqMeta.directoryQuery, queryFor({ uin: String(ANNA) })));
    const { first, last, nick, gender, homepage, about, birthday, interests, authorization, webAware, email, home, phones, work, gmtOffset } =
      fields ?? assert.fail();
    assert.deepEqual([first, last, nick, gender, homepage, about], ['Анна', 'Żółw', '山田', 1, FIELDS.homepage, FIELDS.about]);
    assert.deepEqual([birthday, interests, authorization, webAware, email, phones], [27_180, FIELDS.interests, 0, 1, 'anna@example.org', FIELDS.phones]);
    assert.deepEqual(home, [{ street: 'ul. Długa 1', city: 'Łódź', zip: '90-001', country: 48 }]);
    assert.deepEqual(work, [{ position: 'кодер', company: 'Acme', industry: 10 }]);
    assert.deepEqual(gmtOffset, Uint8Array.of(0xfe));

    const [block1, block2] = await boris.asks(icqMeta.fullInfoRequest, { uin: ANNA });
    assert.deepEqual(contentOf(block1, icqMeta.basicInfoReply).gmtOffset, -2);
    const { birthYear, birthMonth, birthDay } = contentOf(block2, icqMeta.moreInfoReply);
    assert.deepEqual([birthYear, birthMonth, birthDay], [1974, 5, 31]);
  });

  test('changes only what it is told', async () => {
    const { anna, boris } = await two();
    await anna.asks(icqMeta.directoryUpdate, updateOf(FIELDS));
    await anna.asks(icqMeta.directoryUpdate, updateOf({ about: 'later' }));
    const [fields] = shown(await boris.asks(icqMeta.directoryQuery, queryFor({ uin: String(ANNA) })));
    assert.deepEqual([fields?.about, fields?.first, fields?.authorization], ['later', 'Анна', 0]);
  });

  test('may hold a language that other packets cannot tell', async () => {
    const { anna, boris } = await two();
    await anna.asks(icqMeta.directoryUpdate, updateOf({ language1: 300, language2: 255, language3: 12 }));
    const [, more] = await boris.asks(icqMeta.fullInfoRequest, { uin: ANNA });
    const { language1, language2, language3 } = contentOf(more, icqMeta.moreInfoReply);
    assert.deepEqual([language1, language2, language3], [0, 255, 12]);
  });

  test('leaves an address hidden that was hidden', async () => {
    const { anna, boris } = await two();
    const email = 'anna@example.org';
    await anna.asks(icqMeta.setInfoTlvs, { emails: [{ email: ascii(email), hidden: 1 }] });
    await anna.asks(icqMeta.directoryUpdate, updateOf({ first: 'Анна', email }));
    const shownTo = async (one: Asker): Promise<string | undefined> => shown(await one.asks(icqMeta.directoryQuery, queryFor({ uin: String(ANNA) })))[0]?.email;
    assert.deepEqual([await shownTo(boris), await shownTo(anna)], [undefined, email]);
  });

  test('finds people by what they told, each in a packet', async () => {
    const { anna, boris } = await two();
    for (const one of [anna, boris]) await one.asks(icqMeta.directoryUpdate, updateOf({ first: 'Анна', home: [{ city: 'Łódź' }] }));
    const found = shown(await boris.asks(icqMeta.directoryQuery, queryFor({ first: 'анна', home: [{ city: 'łódź' }] })));
    assert.deepEqual(
      found.map(({ uin }) => uin),
      [String(ANNA), String(BORIS)],
    );
  });

  test('answers what it does not know with a failure', async () => {
    const { anna } = await two();
    const failure = { subtype: 0x0fb4, result: MetaResult.failed, data: none, flags: 0 };
    for (const who of [{ uin: '99999' }, { uin: 'x' }, { token: hex('01 02') }, {}])
      assert.deepEqual(await anna.asks(icqMeta.directoryQuery, queryFor(who)), [failure]);
    assert.deepEqual(await anna.asks(icqMeta.directoryQuery, packet(DirectorySubtype.query, hex('00 03 00'))), [failure]);
    for (const bytes of ['a0 0f', 'a0 0f ff ff 05', 'a0 0f 00 00']) assert.deepEqual(await anna.says(hex(bytes)), [failure], bytes);
    const refused = { ...failure, subtype: 0x0fdc };
    assert.deepEqual(await anna.asks(icqMeta.directoryUpdate, packet(DirectorySubtype.update, hex('00 03 ff ff'))), [refused]);
    // A day that is none was not told; one that is still to come is wrong.
    for (const birthday of [1e300, -1e9, Number.NaN, 0]) {
      assert.equal((await anna.asks(icqMeta.directoryUpdate, updateOf({ birthday })))[0]?.result, MetaResult.success, String(birthday));
    }
    assert.deepEqual(await anna.asks(icqMeta.directoryUpdate, updateOf({ birthday: 1e6 })), [refused]);
    assert.deepEqual(await anna.asks(icqMeta.directoryUpdate, updateOf({ about: 'x'.repeat(5_000) })), [refused]);
  });
});
