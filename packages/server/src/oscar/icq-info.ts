/** What people tell of themselves, in ICQ's own packets: written in parts, read all at once. @see oscar.md §9.3, §9.4, §9.7 */
import { ageOf, asUin, type CommandInput, type Profile, type ProfileEmail, type Topic } from '@seekyou/core';
import { icqMeta, SnacFlag } from '@seekyou/wire/oscar';
import { type Asked, bytesOf, metaAnswer, metaRefusal, metaResult, type MetaRoute, onMeta, said, textOf, written } from './icq-talk.ts';
import { ask, type OscarEffect } from './state.ts';

const { Authorization, MetaResult } = icqMeta;

type Changes = CommandInput<'profile.change'>['changes'];
type Permissions = CommandInput<'account.permissions'>;

// ---------------------------------------------------------------- reading

function loaded(asked: Asked, number: number, missing: number, answered: (profile: Profile) => readonly OscarEffect[]): readonly OscarEffect[] {
  const uin = asUin(number);
  if (uin === undefined) return [metaResult(asked, missing, MetaResult.noData)];
  return [ask('profile.load', { uin }, answered, metaRefusal(asked, missing))];
}

/** Clients end their waiting at the part without the flag. */
function fullInfo(asked: Asked, { uin }: icqMeta.UinQuestion): readonly OscarEffect[] {
  return loaded(asked, uin, icqMeta.basicInfoReply.subtype, (profile) => [
    metaAnswer(asked, icqMeta.basicInfoReply, basicInfo(asked, profile), SnacFlag.more),
    metaAnswer(asked, icqMeta.moreInfoReply, moreInfo(asked, profile), SnacFlag.more),
    metaAnswer(asked, icqMeta.emailsInfoReply, { emails: emailsFor(asked, profile) }, SnacFlag.more),
    metaAnswer(asked, icqMeta.homepageInfoReply, homepageInfo(asked, profile), SnacFlag.more),
    metaAnswer(asked, icqMeta.workInfoReply, workInfo(asked, profile), SnacFlag.more),
    metaAnswer(asked, icqMeta.aboutInfoReply, { about: bytesOf(asked, profile.about) }, SnacFlag.more),
    metaAnswer(asked, icqMeta.interestsInfoReply, { interests: topicsFor(asked, profile.interests) }, SnacFlag.more),
    metaAnswer(asked, icqMeta.backgroundInfoReply, {
      past: topicsFor(asked, profile.pasts),
      affiliations: topicsFor(asked, profile.affiliations),
    }),
  ]);
}

function shortInfo(asked: Asked, { uin }: icqMeta.UinQuestion): readonly OscarEffect[] {
  return loaded(asked, uin, icqMeta.shortInfoReply.subtype, (profile) => {
    const { nickname: nick, first, last, email, gender } = profile;
    const texts = written(asked, { nick, first, last, email: email.address });
    return [metaAnswer(asked, icqMeta.shortInfoReply, { ...texts, authorization: authorizationOf(profile), zero: 0, gender })];
  });
}

export function authorizationOf({ authorisationRequired }: Pick<Profile, 'authorisationRequired'>): number {
  return authorisationRequired ? Authorization.required : Authorization.notRequired;
}

function basicInfo(asked: Asked, profile: Profile): Parameters<typeof icqMeta.basicInfoReply.body.write>[1] {
  const { nickname: nick, first, last, email, home } = profile;
  const { city, state, phone, fax, street, cellular, zip, country } = home;
  return {
    ...written(asked, { nick, first, last, email: email.address, city, state, phone, fax, street, cellular, zip, country }),
    gmtOffset: profile.gmtOffset,
    authorization: authorizationOf(profile),
    webAware: Number(profile.webAware),
    directPermissions: profile.directPermissions,
    hideEmail: Number(email.hidden),
  };
}

function moreInfo(asked: Asked, profile: Profile): Parameters<typeof icqMeta.moreInfoReply.body.write>[1] {
  const { gender, homepage, birthday, languages, origin } = profile;
  const [language1, language2, language3] = languages;
  return {
    ...written(asked, { homepage, originCity: origin.city, originState: origin.state }),
    age: ageOf(profile, asked.context.now),
    gender,
    birthYear: birthday.year,
    birthMonth: birthday.month,
    birthDay: birthday.day,
    language1: languageOf(language1),
    language2: languageOf(language2),
    language3: languageOf(language3),
    zero: 0,
    originCountry: origin.country,
    marital: 0,
    // COMPAT: ICQ 5 shows an error without these; nobody else looks at them.
    padding: new Uint8Array(4),
  };
}

/** One byte here; codes beyond came with clients that read them elsewhere. */
function languageOf(code: number): number {
  return code > 0xff ? 0 : code;
}

/** COMPAT: licq and libicq2000 expect addresses without a flag, libpurple and bitlbee a wider count; nothing reads alike for all. */
const READS_EMAILS = /^ICQ (200[1-3]|Lite|[4-9])|^seekyou$/;

function emailsFor(asked: Asked, { secondaryEmail, oldEmail, moreEmails }: Profile): { readonly hidden: number; readonly email: Uint8Array }[] {
  if (!READS_EMAILS.test(asked.context.session.profile.name)) return [];
  const emails = [secondaryEmail, oldEmail, ...moreEmails].filter(({ address }) => address !== '');
  return emails.map(({ address, hidden }) => ({ hidden: Number(hidden), email: bytesOf(asked, address) }));
}

function homepageInfo(asked: Asked, { homepageTopic }: Profile): { readonly homepage?: icqMeta.HomepageCategory } {
  if (homepageTopic === undefined) return {};
  return { homepage: { category: homepageTopic.category, text: bytesOf(asked, homepageTopic.text) } };
}

function workInfo(asked: Asked, { work }: Profile): Parameters<typeof icqMeta.workInfoReply.body.write>[1] {
  const { city, state, phone, fax, street, zip, country, company, department, position, occupation, homepage } = work;
  return written(asked, { city, state, phone, fax, street, zip, country, company, department, position, occupation, webPage: homepage });
}

type Category = { readonly category: number; readonly keywords: Uint8Array };

function topicsFor(asked: Asked, topics: readonly Topic[]): Category[] {
  return topics.map(({ category, text }) => ({ category, keywords: bytesOf(asked, text) }));
}

function topicsFrom(asked: Asked, categories: readonly Category[]): Topic[] {
  return categories.map(({ category, keywords }) => ({ category, text: textOf(asked, keywords) }));
}

// ---------------------------------------------------------------- writing

/** Tells the directory, and then the client: its packet is a result and nothing more. */
function change(asked: Asked, subtype: number, changes: Changes): readonly OscarEffect[] {
  return [ask('profile.change', { changes }, () => [metaResult(asked, subtype)], metaRefusal(asked, subtype))];
}

/** A part that is written whole. */
function changing<T>(declaration: icqMeta.MetaRequest<T>, changesOf: (asked: Asked, value: T) => Changes): MetaRoute {
  return onMeta(declaration, (asked, value) => change(asked, declaration.reply as number, changesOf(asked, value)));
}

const setBasicInfo = changing(icqMeta.setBasicInfo, (asked, value) => {
  const { nick, first, last, email, city, state, phone, fax, street, cellular, zip, country, gmtOffset, hideEmail } = said(asked, value);
  return {
    nickname: nick,
    first,
    last,
    email: firstEmail(email, hideEmail),
    home: { city, state, phone, fax, street, cellular, zip, country },
    gmtOffset,
  };
});

/** Who does not say whether it may be shown, as older clients, leaves that as it was. */
function firstEmail(address: string, hidden: number | undefined): Partial<ProfileEmail> {
  return { address, ...(hidden === undefined ? {} : { hidden: hidden === 1 }) };
}

const setWorkInfo = changing(icqMeta.setWorkInfo, (asked, value) => {
  const { webPage, ...work } = said(asked, value);
  return { work: { ...work, homepage: webPage } };
});

const setMoreInfo = changing(icqMeta.setMoreInfo, (asked, value) => {
  const { age, gender, homepage, birthYear, birthMonth, birthDay, language1, language2, language3 } = said(asked, value);
  return { age, gender, homepage, birthday: { year: birthYear, month: birthMonth, day: birthDay }, languages: [language1, language2, language3] };
});

const setAboutInfo = changing(icqMeta.setAboutInfo, (asked, { about }) => ({ about: textOf(asked, about) }));

const NO_EMAIL: ProfileEmail = { address: '', hidden: false };

/** All but the first, which stands with the name. */
function otherEmails(emails: readonly ProfileEmail[]): Changes {
  const [secondaryEmail = NO_EMAIL, oldEmail = NO_EMAIL, ...moreEmails] = emails.filter(({ address }) => address !== '');
  return { secondaryEmail, oldEmail, moreEmails };
}

const setEmailsInfo = changing(icqMeta.setEmailsInfo, (asked, { emails }) =>
  otherEmails(emails.map(({ email, hidden }) => ({ address: textOf(asked, email), hidden: hidden === 1 }))),
);

const setInterestsInfo = changing(icqMeta.setInterestsInfo, (asked, { interests }) => ({ interests: topicsFrom(asked, interests) }));

const setBackgroundInfo = changing(icqMeta.setBackgroundInfo, (asked, { past, affiliations }) => ({
  pasts: topicsFrom(asked, past),
  affiliations: topicsFrom(asked, affiliations),
}));

const setHomepageCategory = changing(icqMeta.setHomepageCategory, (asked, { enabled, category, text }) => ({
  homepageTopic: enabled === 0 ? undefined : { category, text: textOf(asked, text) },
}));

// ---------------------------------------------------------------- in TLVs

/** Only what is in it changes. Permissions have a command of their own. */
function setInfoTlvs(asked: Asked, tlvs: icqMeta.InfoTlvs): readonly OscarEffect[] {
  const subtype = icqMeta.setInfoTlvs.reply as number;
  // Nobody writes another's.
  const isAnothers = tlvs.uin !== undefined && tlvs.uin !== asked.context.session.uin;
  if (isAnothers || !areCodes(tlvs)) return [metaResult(asked, subtype, MetaResult.failed)];
  const changes = changesFrom(asked, tlvs);
  const permissions = permissionsFrom(tlvs);
  const failed = metaRefusal(asked, subtype);
  const done = (): readonly OscarEffect[] => [metaResult(asked, subtype)];
  const permit = (): readonly OscarEffect[] => (Object.keys(permissions).length === 0 ? done() : [ask('account.permissions', permissions, done, failed)]);
  return Object.keys(changes).length === 0 ? permit() : [ask('profile.change', { changes }, permit, failed)];
}

/** The highest codes of ICQ's tables (icq-tables.json). What is missing below them is taken: later clients may have it. */
const CODE_MAX = { country: 9_999, occupation: 99, language: 72, marital: 255, topic: 399 } as const;
/** Countries of later clients, beyond all others. */
const COUNTRIES_BEYOND: ReadonlySet<number> = new Set([59_938, 59_946, 61_891]);

/** Whether all numbers can be codes of something. The catalogue of homepages is not known whole. */
function areCodes({ country, originCountry, workCountry, occupation, languages, marital, interests, past, affiliations }: icqMeta.InfoTlvs): boolean {
  const upTo = (max: number, codes: readonly (number | undefined)[]): boolean => codes.every((code = 0) => code <= max);
  const countries = [country, originCountry, workCountry].filter((code) => code !== undefined && !COUNTRIES_BEYOND.has(code));
  const topics = [interests, past, affiliations].flatMap((list = []) => list.map(({ category }) => category));
  return (
    upTo(CODE_MAX.country, countries) &&
    upTo(CODE_MAX.occupation, [occupation]) &&
    upTo(CODE_MAX.language, languages ?? []) &&
    upTo(CODE_MAX.marital, [marital]) &&
    upTo(CODE_MAX.topic, topics)
  );
}

function permissionsFrom({ authorization, webAware }: icqMeta.InfoTlvs): Permissions {
  return {
    ...(authorization === undefined ? {} : { authorisationRequired: authorization === Authorization.required }),
    ...(webAware === undefined ? {} : { webAware: webAware !== 0 }),
  };
}

function changesFrom(asked: Asked, tlvs: icqMeta.InfoTlvs): Changes {
  const { nick, first, last, homepage, about, gmtOffset, gender, age, marital } = said(asked, tlvs);
  const { languages, birthday, homepageCategory } = tlvs;
  return {
    ...defined({ nickname: nick, first, last, homepage, about, gmtOffset, gender, age, marital, birthday }),
    ...nested('home', homeFrom(asked, tlvs)),
    ...nested('origin', originFrom(asked, tlvs)),
    ...nested('work', workFrom(asked, tlvs)),
    ...emailsFrom(asked, tlvs),
    ...topicLists(asked, tlvs),
    ...(languages === undefined ? {} : { languages: [languages[0] ?? 0, languages[1] ?? 0, languages[2] ?? 0] as const }),
    ...(homepageCategory === undefined ? {} : { homepageTopic: topicsFrom(asked, [homepageCategory])[0] }),
  };
}

function homeFrom(asked: Asked, tlvs: icqMeta.InfoTlvs): object {
  const { city, state, country, street, zip, zipNumber, phone, fax, cellular } = said(asked, tlvs);
  return defined({ city, state, country, street, zip: zipOf(zip, zipNumber), phone, fax, cellular });
}

function originFrom(asked: Asked, tlvs: icqMeta.InfoTlvs): object {
  const { originCity, originState, originCountry } = said(asked, tlvs);
  return defined({ city: originCity, state: originState, country: originCountry });
}

function workFrom(asked: Asked, tlvs: icqMeta.InfoTlvs): object {
  const { company, department, position, occupation, workCity, workState, workCountry, workStreet, workZip, workZipNumber, workPhone, workFax, workWebPage } =
    said(asked, tlvs);
  return defined({
    company,
    department,
    position,
    occupation,
    city: workCity,
    state: workState,
    country: workCountry,
    street: workStreet,
    zip: zipOf(workZip, workZipNumber),
    phone: workPhone,
    fax: workFax,
    homepage: workWebPage,
  });
}

/** COMPAT: climm says a code as a number, and in the text of the other TLV nothing. */
function zipOf(text: string | undefined, number: number | undefined): string | undefined {
  return text === undefined || text === '' ? (number === undefined || number === 0 ? text : String(number)) : text;
}

/** The first is the one that stands with the name; who sends but one says nothing of the others. */
function emailsFrom(asked: Asked, { emails }: icqMeta.InfoTlvs): Changes {
  if (emails === undefined) return {};
  const [first, ...others] = emails;
  const email = first === undefined ? NO_EMAIL : firstEmail(textOf(asked, first.email), first.hidden);
  if (others.length === 0) return { email };
  // These move up when one is taken out, so nothing stays as it was: what nobody says may be shown is not.
  return { email, ...otherEmails(others.map((one) => ({ address: textOf(asked, one.email), hidden: (one.hidden ?? 1) === 1 }))) };
}

/** Clients disagree which of the two numbers is which; the codes tell: those of affiliations are 2xx, those of the past 3xx. */
function topicLists(asked: Asked, { interests, past, affiliations }: icqMeta.InfoTlvs): Changes {
  const isIn = (hundred: number, { category }: Topic): boolean => Math.floor(category / 100) === hundred;
  const [pasts, others] = [topicsFrom(asked, past ?? []), topicsFrom(asked, affiliations ?? [])];
  const asPast = [...pasts.filter((topic) => !isIn(2, topic)), ...others.filter((topic) => isIn(3, topic))];
  const asAffiliations = [...others.filter((topic) => !isIn(3, topic)), ...pasts.filter((topic) => isIn(2, topic))];
  const moved = pasts.some((topic) => isIn(2, topic)) || others.some((topic) => isIn(3, topic));
  return {
    ...(interests === undefined ? {} : { interests: topicsFrom(asked, interests) }),
    ...(past === undefined && !moved ? {} : { pasts: asPast }),
    ...(affiliations === undefined && !moved ? {} : { affiliations: asAffiliations }),
  };
}

/** Without the fields nobody mentioned. */
export function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

export function nested<K extends string>(name: K, fields: object): { [N in K]?: object } {
  return Object.keys(fields).length === 0 ? {} : ({ [name]: fields } as { [N in K]?: object });
}

export const infoRoutes: readonly MetaRoute[] = [
  onMeta(icqMeta.fullInfoRequest, fullInfo, icqMeta.basicInfoReply.subtype),
  onMeta(icqMeta.fullInfo2Request, fullInfo, icqMeta.basicInfoReply.subtype),
  onMeta(icqMeta.ownInfoRequest, fullInfo, icqMeta.basicInfoReply.subtype),
  onMeta(icqMeta.shortInfoRequest, shortInfo),
  setBasicInfo,
  setWorkInfo,
  setMoreInfo,
  setAboutInfo,
  setEmailsInfo,
  setInterestsInfo,
  setBackgroundInfo,
  setHomepageCategory,
  onMeta(icqMeta.setInfoTlvs, setInfoTlvs),
];
