/** The directory as ICQ 6 and today's Miranda ask it: a packet in a packet, texts in UTF-8. @see oscar.md §9.9 */
import { type FoundPerson, type Profile, type ProfileChanges, parseUin, type SearchCriteria, type Topic, type Uin } from '@seekyou/core';
import { decode, encode } from '@seekyou/wire';
import { icqMeta, SnacFlag } from '@seekyou/wire/oscar';
import { readable } from '../runtime/readable.ts';
import { authorizationOf, defined, nested } from './icq-info.ts';
import { type Asked, metaAnswer, metaRefusal, metaResult, type MetaRoute, onMeta } from './icq-talk.ts';
import { ask, counted, type OscarEffect } from './state.ts';

const { Authorization, DIRECTORY_FAMILY, DirectoryKind, DirectorySubtype, MetaResult } = icqMeta;

type Fields = icqMeta.DirectoryFields;

const FOUND_WELL = 1;
const PHONE = { home: 1, work: 2, cellular: 3, fax: 4, workFax: 5 } as const;

// ---------------------------------------------------------------- asking

function query(asked: Asked, packet: icqMeta.DirectoryPacket): readonly OscarEffect[] {
  const body = readable(() => decode(icqMeta.directoryQueryBody, packet.body));
  if (body === undefined) return [failed(asked)];
  const uin = body.who.uin === undefined ? undefined : parseUin(body.who.uin);
  if (uin !== undefined) return load(asked, packet, uin, body.kind);
  const criteria = criteriaOf(body.who);
  return [
    ask(
      'directory.search',
      { criteria },
      ({ found }) => list(asked, packet, found),
      () => [failed(asked)],
    ),
  ];
}

function failed(asked: Asked): OscarEffect {
  return metaResult(asked, icqMeta.directoryFoundLast.subtype, MetaResult.failed);
}

function load(asked: Asked, packet: icqMeta.DirectoryPacket, uin: Uin, kind: number): readonly OscarEffect[] {
  return [
    ask(
      'profile.load',
      { uin },
      (profile) => [found(asked, packet, icqMeta.directoryFoundLast, [fieldsOf(uin, profile, kind)])],
      () => [failed(asked)],
    ),
  ];
}

/** Each in a packet of its own: readers take one at a time. */
function list(asked: Asked, packet: icqMeta.DirectoryPacket, people: readonly FoundPerson[]): readonly OscarEffect[] {
  if (people.length === 0) return [failed(asked)];
  return people.map((person, index) => {
    const last = index === people.length - 1;
    return found(asked, packet, last ? icqMeta.directoryFoundLast : icqMeta.directoryFound, [personFields(person)], people.length, last ? 0 : SnacFlag.more);
  });
}

function found(
  asked: Asked,
  packet: icqMeta.DirectoryPacket,
  declaration: typeof icqMeta.directoryFound,
  items: readonly Fields[],
  count = items.length,
  flags = 0,
): OscarEffect {
  const body = encode(icqMeta.directoryReplyBody, { ...NO_ERROR, count, pages: 1, items });
  return metaAnswer(asked, declaration, { ...headerOf(packet), subtype: DirectorySubtype.queryReply, body }, flags);
}

const NO_ERROR = { result: FOUND_WELL, error: new Uint8Array(0), unknown: new Uint8Array(16) };

function headerOf({ requestId }: icqMeta.DirectoryPacket): Omit<icqMeta.DirectoryPacket, 'subtype' | 'body'> {
  return { family: DIRECTORY_FAMILY, flags: 0, requestId, zero: 0, codepage: 0, two: 2 };
}

function criteriaOf({ first, last, nick, email, gender, home, language1, work, interests }: Fields): SearchCriteria {
  const [lives] = home ?? [];
  const [works] = work ?? [];
  const [likes] = interests ?? [];
  return {
    ...defined({ first, last, nickname: nick, email, gender, language: language1 }),
    ...defined({ city: lives?.city, state: lives?.state, country: lives?.country }),
    ...defined({ company: works?.company, department: works?.department, position: works?.position }),
    ...(likes === undefined ? {} : { interest: topicOf(likes) }),
    wildcards: true,
  };
}

function topicOf({ text = '', category = 0 }: { readonly text?: string; readonly category?: number }): Topic {
  return { category, text };
}

// ---------------------------------------------------------------- showing

function personFields(person: FoundPerson): Fields {
  const { uin, nickname: nick, first, last, email, gender, webAware } = person;
  return {
    uin: String(uin),
    ...filled({ email, first, last, nick }),
    ...(gender === 0 ? {} : { gender }),
    authorization: authorizationOf(person),
    webAware: Number(webAware),
    extra: [],
  };
}

function fieldsOf(uin: Uin, profile: Profile, kind: number): Fields {
  const { nickname: nick, first, last, email, gender, homepage, about, marital, webAware, languages, birthday } = profile;
  const [language1, language2, language3] = languages;
  return {
    uin: String(uin),
    ...filled({ email: email.address, first, last, nick }),
    gender,
    home: [addressOf(profile.home)],
    origin: [addressOf({ ...profile.origin, street: '', zip: '' })],
    language1,
    language2,
    language3,
    phones: phonesOf(profile),
    ...filled({ homepage }),
    work: [workOf(profile)],
    ...(kind === DirectoryKind.short ? {} : { interests: profile.interests.map(({ category, text }) => ({ ...filled({ text }), category, extra: [] })) }),
    marital,
    gmtOffset: Uint8Array.of(profile.gmtOffset & 0xff),
    ...filled({ about }),
    authorization: authorizationOf(profile),
    ...(birthday.year === 0 || birthday.month === 0 || birthday.day === 0 ? {} : { birthday: daysOf(birthday) }),
    webAware: Number(webAware),
    extra: [],
  };
}

type TextFields<T> = { [K in keyof T]?: string };

/** What was not told is not sent. */
function filled<T extends Readonly<Record<string, string>>>(texts: T): TextFields<T> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== '')) as TextFields<T>;
}

function addressOf({ street, city, state, zip, country }: Pick<Profile['home'], 'street' | 'city' | 'state' | 'zip' | 'country'>) {
  return { ...filled({ street, city, state, zip }), ...(country === 0 ? {} : { country }), extra: [] };
}

function workOf({ work }: Profile) {
  const { position, company, department, homepage: webPage, industry } = work;
  return { ...filled({ position, company, department, webPage }), ...(industry === 0 ? {} : { industry }), extra: [] };
}

function phonesOf({ home, work }: Profile) {
  const phones = [
    { number: home.phone, kind: PHONE.home },
    { number: work.phone, kind: PHONE.work },
    { number: home.cellular, kind: PHONE.cellular },
    { number: home.fax, kind: PHONE.fax },
    { number: work.fax, kind: PHONE.workFax },
  ];
  return phones.filter(({ number }) => number !== '').map((phone) => ({ ...phone, extra: [] }));
}

const DAY_MS = 24 * 3600_000;
/** Day 0: 30 December 1899. */
const DAY_ZERO = Date.UTC(1899, 11, 30);

function daysOf({ year, month, day }: Profile['birthday']): number {
  return Math.round((Date.UTC(year, month - 1, day) - DAY_ZERO) / DAY_MS);
}

function birthdayFrom(days: number): Profile['birthday'] {
  // Nobody was born on day 0, nor on one that is none: not told.
  const at = new Date(DAY_ZERO + Math.floor(days) * DAY_MS);
  if (days === 0 || Number.isNaN(at.getTime())) return { year: 0, month: 0, day: 0 };
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() };
}

// ---------------------------------------------------------------- changing

function update(asked: Asked, packet: icqMeta.DirectoryPacket): readonly OscarEffect[] {
  const subtype = icqMeta.directoryUpdated.subtype;
  const body = readable(() => decode(icqMeta.directoryUpdateBody, packet.body));
  if (body === undefined) return [metaResult(asked, subtype, MetaResult.failed)];
  const { fields } = body;
  // Nobody writes another's.
  if (fields.uin !== undefined && fields.uin !== String(asked.context.session.uin)) {
    return [counted('oscar_snacs_forged'), metaResult(asked, subtype, MetaResult.failed)];
  }
  const permissions = {
    ...(fields.authorization === undefined ? {} : { authorisationRequired: fields.authorization === Authorization.required }),
    ...(fields.webAware === undefined ? {} : { webAware: fields.webAware !== 0 }),
  };
  const done = (): readonly OscarEffect[] => {
    const answered = encode(icqMeta.directoryReplyBody, { ...NO_ERROR, count: 0, pages: 0, items: [] });
    return [metaAnswer(asked, icqMeta.directoryUpdated, { ...headerOf(packet), subtype: DirectorySubtype.updateReply, body: answered })];
  };
  const refusal = metaRefusal(asked, subtype);
  const permit = (): readonly OscarEffect[] => (Object.keys(permissions).length === 0 ? done() : [ask('account.permissions', permissions, done, refusal)]);
  return [ask('profile.change', { changes: changesFrom(fields) }, permit, refusal)];
}

function changesFrom(fields: Fields): ProfileChanges {
  const { first, last, nick, homepage, about, gender, marital, interests, birthday, language1, language2, language3 } = fields;
  const [home] = fields.home ?? [];
  const [origin] = fields.origin ?? [];
  const [work] = fields.work ?? [];
  const address = fields.email ?? fields.pendingEmail;
  const languages = language1 === undefined ? undefined : ([language1, language2 ?? 0, language3 ?? 0] as const);
  const zone = fields.gmtOffset?.at(-1);
  const phones = phonesFrom(fields);
  return {
    ...defined({ first, last, nickname: nick, homepage, about, gender, marital, languages }),
    ...(address === undefined ? {} : { email: { address } }),
    ...(birthday === undefined ? {} : { birthday: birthdayFrom(birthday) }),
    ...(interests === undefined ? {} : { interests: interests.map(topicOf) }),
    ...(zone === undefined ? {} : { gmtOffset: (zone << 24) >> 24 }),
    ...nested('home', { ...placeFrom(home), ...phones.home }),
    ...nested('origin', placeFrom(origin)),
    ...nested('work', { ...workFrom(work), ...phones.work }),
  };
}

type Written = NonNullable<Fields['home']>[number];

/** A list is written whole: what is missing in it is gone. */
function placeFrom(place: Written | undefined): object {
  if (place === undefined) return {};
  const { street = '', city = '', state = '', zip = '', country = 0 } = place;
  return { street, city, state, zip, country };
}

function workFrom(work: NonNullable<Fields['work']>[number] | undefined): object {
  if (work === undefined) return {};
  const { position = '', company = '', department = '', webPage: homepage = '', industry = 0 } = work;
  return { position, company, department, homepage, industry };
}

function phonesFrom({ phones }: Fields): { readonly home: object; readonly work: object } {
  if (phones === undefined) return { home: {}, work: {} };
  const number = (kind: number): string => phones.find((phone) => phone.kind === kind)?.number ?? '';
  return {
    home: { phone: number(PHONE.home), fax: number(PHONE.fax), cellular: number(PHONE.cellular) },
    work: { phone: number(PHONE.work), fax: number(PHONE.workFax) },
  };
}

export const directoryRoutes: readonly MetaRoute[] = [onMeta(icqMeta.directoryQuery, query), onMeta(icqMeta.directoryUpdate, update)];
