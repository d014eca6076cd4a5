/** White pages: every form in which ICQ asked for people, and the two in which they are shown. @see oscar.md §9.3, §9.5–§9.7 */
import { asUin, type FoundOnline, type FoundPerson, type SearchCriteria, type SearchResult } from '@seekyou/core';
import { icqMeta, SnacFlag } from '@seekyou/wire/oscar';
import { authorizationOf, defined } from './icq-info.ts';
import { type Asked, metaAnswer, metaResult, type MetaRoute, onMeta, said, textOf, written } from './icq-talk.ts';
import { ask, type OscarEffect } from './state.ts';

const { FoundOnline: ShownOnline, MetaResult } = icqMeta;

const ONLINE = { offline: ShownOnline.offline, online: ShownOnline.online, hidden: ShownOnline.unknown } satisfies Record<FoundOnline, number>;

const LAST = icqMeta.searchFoundLast.subtype;

function search(asked: Asked, criteria: SearchCriteria): readonly OscarEffect[] {
  return [
    ask(
      'directory.search',
      { criteria },
      (result) => shown(asked, result),
      // What asks for nothing finds nobody; who asks too often is told that it failed.
      ({ refusal }) => [metaResult(asked, LAST, refusal === 'bad-input' ? MetaResult.noData : MetaResult.failed)],
    ),
  ];
}

function shown(asked: Asked, { found, more }: SearchResult): readonly OscarEffect[] {
  if (found.length === 0) return [metaResult(asked, LAST, MetaResult.noData)];
  // COMPAT: ICQ 5 hangs without these zeros; libicq2000 misreads what has any.
  const [zeros, lastZeros] = asked.context.session.profile.name.startsWith('ICQ 5') ? [12, 8] : [0, 0];
  return found.map((one, index) => {
    const person = personOf(asked, one);
    if (index < found.length - 1) return metaAnswer(asked, icqMeta.searchFound, { person, padding: new Uint8Array(zeros) }, SnacFlag.more);
    // Nobody counts the others: there is at least one.
    return metaAnswer(asked, icqMeta.searchFoundLast, { person, notReturned: Number(more), padding: new Uint8Array(lastZeros) });
  });
}

function personOf(asked: Asked, person: FoundPerson): icqMeta.FoundPerson {
  const { uin, nickname: nick, first, last, email, gender, age, online } = person;
  return { uin, ...written(asked, { nick, first, last, email }), authorization: authorizationOf(person), online: ONLINE[online], gender, age };
}

// ---------------------------------------------------------------- questions

function byUin(asked: Asked, { uin: number }: { readonly uin?: number }): readonly OscarEffect[] {
  const uin = asUin(number ?? 0);
  return uin === undefined ? [metaResult(asked, LAST, MetaResult.noData)] : search(asked, { uin });
}

type Details = Parameters<typeof icqMeta.searchByDetails.body.write>[1];

function byDetails(asked: Asked, details: Details, wildcards: boolean): readonly OscarEffect[] {
  const { nick: nickname, ...others } = said(asked, details);
  return search(asked, { ...defined({ nickname, ...others }), wildcards });
}

function byEmail(asked: Asked, email: Uint8Array | undefined, wildcards: boolean): readonly OscarEffect[] {
  return search(asked, { email: email === undefined ? '' : textOf(asked, email), wildcards });
}

type WhitePages = Parameters<typeof icqMeta.searchWhitePages.body.write>[1];

/**
 * COMPAT: climm 0.7.1 (and mICQ before it) and libicq2000 0.3.2 write the occupation, always 0, in one byte; what follows reads
 * as a past nobody can have, and is empty. climm and mICQ write the country big-endian besides.
 */
function repaired({ context }: Asked, pages: WhitePages): WhitePages {
  const { name } = context.session.profile;
  const { country, past } = pages;
  if (!/^(climm|mICQ|libicq2000)/.test(name) || past !== 0x0100) return pages;
  const swapped = ((country & 0xff) << 8) | (country >>> 8);
  return { ...pages, country: name.startsWith('libicq2000') ? country : swapped, occupation: 0, past: 0 };
}

function byWhitePages(asked: Asked, pages: WhitePages, wildcards: boolean): readonly OscarEffect[] {
  const { nick, first, last, email, city, state, company, department, position, ...more } = said(asked, repaired(asked, pages));
  return search(asked, {
    nickname: nick,
    first,
    last,
    email,
    city,
    state,
    company,
    department,
    position,
    wildcards,
    ages: { from: more.ageFrom, to: more.ageTo },
    gender: more.gender,
    language: more.language,
    country: more.country,
    occupation: more.occupation,
    past: { category: more.past, text: more.pastKeywords },
    interest: { category: more.interest, text: more.interestKeywords },
    affiliation: { category: more.affiliation, text: more.affiliationKeywords },
    homepage: { category: more.homepage, text: more.homepageKeywords },
    onlineOnly: more.onlineOnly === 1,
  });
}

function byTlvs(asked: Asked, tlvs: icqMeta.InfoTlvs): readonly OscarEffect[] {
  const { nick, first, last, city, state, company, department, position, gender, country, occupation, keywords } = said(asked, tlvs);
  const uin = tlvs.uin === undefined ? undefined : asUin(tlvs.uin);
  const [email] = tlvs.emails ?? [];
  const ages = tlvs.ages ?? (tlvs.age === undefined ? undefined : { from: tlvs.age, to: tlvs.age });
  return search(asked, {
    ...defined({ uin, nickname: nick, first, last, city, state, company, department, position, gender, country, occupation, keywords, ages }),
    ...defined({ email: email === undefined ? undefined : textOf(asked, email.email), language: tlvs.languages?.[0] }),
    ...topicsOf(asked, tlvs),
    onlineOnly: tlvs.onlineOnly === 1,
    wildcards: true,
  });
}

/** Clients disagree which number is the past's and which the affiliations'; the codes tell. */
function topicsOf(asked: Asked, { interests, past, affiliations, homepageCategory }: icqMeta.InfoTlvs): SearchCriteria {
  const asTopic = (one: { readonly category: number; readonly keywords: Uint8Array } | undefined): { category: number; text: string } | undefined =>
    one === undefined ? undefined : { category: one.category, text: textOf(asked, one.keywords) };
  const [a, b] = [past?.[0], affiliations?.[0]];
  const swapped = (a !== undefined && Math.floor(a.category / 100) === 2) || (b !== undefined && Math.floor(b.category / 100) === 3);
  return defined({
    interest: asTopic(interests?.[0]),
    past: asTopic(swapped ? b : a),
    affiliation: asTopic(swapped ? a : b),
    homepage: asTopic(homepageCategory),
  });
}

export const searchRoutes: readonly MetaRoute[] = [
  onMeta(icqMeta.searchByUin, byUin),
  onMeta(icqMeta.searchByUinTlv, byUin),
  onMeta(icqMeta.searchByDetails, (asked, details) => byDetails(asked, details, false)),
  onMeta(icqMeta.searchByDetailsWild, (asked, details) => byDetails(asked, details, true)),
  onMeta(icqMeta.searchByEmail, (asked, { email }) => byEmail(asked, email, false)),
  onMeta(icqMeta.searchByEmailWild, (asked, { email }) => byEmail(asked, email, true)),
  onMeta(icqMeta.searchByEmailTlv, (asked, { emails }) => byEmail(asked, emails?.[0]?.email, false)),
  onMeta(icqMeta.searchWhitePages, (asked, pages) => byWhitePages(asked, pages, false)),
  onMeta(icqMeta.searchWhitePagesWild, (asked, pages) => byWhitePages(asked, pages, true)),
  onMeta(icqMeta.searchWhitePagesTlv, byTlvs),
];
