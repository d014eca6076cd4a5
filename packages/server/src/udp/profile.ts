/**
 * What people tell of themselves, as UDP clients say it and read it: texts in their code page, no longer than they can hold, and
 * the numbers of ICQ's tables. @see icq-udp.md §2, §18.3, §19, §23
 */
import {
  ageOf,
  DIRECT_NOBODY,
  type FoundPerson,
  GMT_OFFSET_UNKNOWN,
  type Place,
  type Profile,
  type ProfileChanges,
  type Session,
  type Topic,
} from '@seekyou/core';
import { icqMeta } from '@seekyou/wire/oscar';
import { codepageForCountry, decodeText, encodedLength, encodeText, splitText } from '@seekyou/wire/text';
import type { ExtInfoReply, HomeInfo, meta, MetaValue, UpdateExtInfo, WorkInfo } from '@seekyou/wire/udp';
import { ask, type UdpContext, type UdpEffect } from './state.ts';

const { Authorization, Gender } = icqMeta;

/** licq reads search answers into 64 bytes. */
const TEXT_BYTES_MAX = 62;
/** One packet has no room for more. */
const ABOUT_BYTES_MAX = 450;
const UNKNOWN = 0xffff;
const UNKNOWN_ZIP = 0xffffffff;

// ---------------------------------------------------------------- texts and numbers

/** As much of a text as fits. */
function sayer(codepage: number): (text: string, bytesMax?: number) => Uint8Array {
  return (text, bytesMax = TEXT_BYTES_MAX) => {
    const [fitting = ''] = splitText(text.replaceAll('\0', ''), bytesMax, (piece) => encodedLength(piece, codepage));
    return encodeText(fitting, codepage).bytes;
  };
}

function reader(codepage: number): (bytes: Uint8Array) => string {
  return (bytes) => decodeText(bytes, codepage).trim();
}

export function authorizationOf(required: boolean): number {
  return required ? Authorization.required : Authorization.notRequired;
}

function told(number: number): number {
  return number === UNKNOWN ? 0 : number;
}

function orUnknown(number: number): number {
  return number === 0 ? UNKNOWN : number;
}

function genderFrom(number: number): number {
  return number <= Gender.male ? number : Gender.unknown;
}

/** Digits, as far as the old packets can say them. */
function zipFrom(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

function zipText(zip: number): string {
  return zip === 0 || zip === UNKNOWN_ZIP ? '' : String(zip);
}

/** Without a month there is no day. */
function birthdayFrom(year: number, month: number, day: number): Profile['birthday'] {
  return { year, month, day: month === 0 ? 0 : day };
}

// ---------------------------------------------------------------- names

export interface Names {
  readonly nick: Uint8Array;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
  readonly email: Uint8Array;
}

/** Of somebody a search has found. */
export function foundNames({ nickname, first, last, email }: FoundPerson, codepage: number): Names {
  const say = sayer(codepage);
  return { nick: say(nickname), first: say(first), last: say(last), email: say(email) };
}

/** As the old commands set them. What was hidden stays so. */
export function namesChange({ nick, first, last, email }: Names, codepage: number): ProfileChanges {
  const read = reader(codepage);
  return { nickname: read(nick), first: read(first), last: read(last), email: { address: read(email) } };
}

// ---------------------------------------------------------------- META

/** Everything the seven answers of META tell. @see icq-udp.md §19.2 */
export interface Details {
  readonly general: meta.GeneralInfo;
  readonly work: MetaValue<typeof meta.workInfoAnswer>;
  readonly more: MetaValue<typeof meta.moreInfoAnswer>;
  readonly about: MetaValue<typeof meta.aboutAnswer>;
  readonly interests: MetaValue<typeof meta.interestsAnswer>;
  readonly affiliations: MetaValue<typeof meta.affiliationsAnswer>;
  readonly homepageCategory: MetaValue<typeof meta.homepageCategoryAnswer>;
}

export function detailsOf(profile: Profile, { session, now }: Pick<UdpContext, 'session' | 'now'>): Details {
  const say = sayer(session.profile.codepage);
  const { homepageTopic } = profile;
  return {
    general: generalOf(profile, say),
    work: workOf(profile, say),
    more: moreOf(profile, say, now),
    about: { about: say(profile.about, ABOUT_BYTES_MAX) },
    interests: { interests: topicsOf(profile.interests, say) },
    affiliations: { past: topicsOf(profile.pasts, say), affiliations: topicsOf(profile.affiliations, say) },
    homepageCategory: homepageTopic === undefined ? {} : { homepage: { category: homepageTopic.category, text: say(homepageTopic.text) } },
  };
}

type Say = ReturnType<typeof sayer>;

function generalOf(profile: Profile, say: Say): Details['general'] {
  const { home } = profile;
  return {
    nick: say(profile.nickname),
    first: say(profile.first),
    last: say(profile.last),
    email: say(profile.email.address),
    email2: say(profile.secondaryEmail.address),
    email3: say(profile.oldEmail.address),
    city: say(home.city),
    state: say(home.state),
    phone: say(home.phone),
    fax: say(home.fax),
    street: say(home.street),
    cellular: say(home.cellular),
    zip: say(home.zip),
    country: orUnknown(home.country),
    gmtOffset: profile.gmtOffset,
    authorization: authorizationOf(profile.authorisationRequired),
    webAware: profile.webAware ? 1 : 0,
    hideAddress: profile.directPermissions === DIRECT_NOBODY ? 1 : 0,
  };
}

function workOf({ work }: Profile, say: Say): Details['work'] {
  return {
    city: say(work.city),
    state: say(work.state),
    phone: say(work.phone),
    fax: say(work.fax),
    street: say(work.street),
    zip: say(work.zip),
    country: orUnknown(work.country),
    company: say(work.company),
    department: say(work.department),
    position: say(work.position),
    occupation: work.occupation,
    webPage: say(work.homepage),
  };
}

function moreOf(profile: Profile, say: Say, now: number): Details['more'] {
  const { birthday, languages } = profile;
  return {
    age: ageOf(profile, now),
    gender: profile.gender,
    homepage: say(profile.homepage),
    birthYear: birthday.year,
    birthMonth: birthday.month,
    birthDay: birthday.day,
    language1: languageOf(languages[0]),
    language2: languageOf(languages[1]),
    language3: languageOf(languages[2]),
  };
}

/** One byte here; codes beyond came with clients that read them elsewhere. */
function languageOf(code: number): number {
  return code > 0xff ? 0 : code;
}

function topicsOf(topics: readonly Topic[], say: Say): Details['interests']['interests'] {
  return topics.map(({ category, text }) => ({ category, keywords: say(text) }));
}

function topicsFrom(categories: Details['interests']['interests'], codepage: number): readonly Topic[] {
  return categories.map(({ category, keywords }) => ({ category, text: reader(codepage)(keywords) }));
}

/** Only of the first address it can be said whether it is hidden. */
export function generalChange(value: MetaValue<typeof meta.setGeneral>, codepage: number): ProfileChanges {
  const read = reader(codepage);
  return {
    nickname: read(value.nick),
    first: read(value.first),
    last: read(value.last),
    email: { address: read(value.email), ...(value.hideEmail === undefined ? {} : { hidden: value.hideEmail === 1 }) },
    secondaryEmail: { address: read(value.email2) },
    oldEmail: { address: read(value.email3) },
    home: {
      ...placeFrom(value, read),
      phone: read(value.phone),
      fax: read(value.fax),
      street: read(value.street),
      cellular: read(value.cellular),
      zip: read(value.zip),
    },
    gmtOffset: value.gmtOffset,
  };
}

interface PlaceBytes {
  readonly city: Uint8Array;
  readonly state: Uint8Array;
  readonly country: number;
}

function placeFrom({ city, state, country }: PlaceBytes, read: (bytes: Uint8Array) => string): Place {
  return { city: read(city), state: read(state), country: told(country) };
}

export function workChange(value: Details['work'], codepage: number): ProfileChanges {
  const read = reader(codepage);
  return {
    work: {
      ...placeFrom(value, read),
      phone: read(value.phone),
      fax: read(value.fax),
      street: read(value.street),
      zip: read(value.zip),
      company: read(value.company),
      department: read(value.department),
      position: read(value.position),
      occupation: value.occupation,
      homepage: read(value.webPage),
    },
  };
}

export function moreChange(value: Details['more'], codepage: number): ProfileChanges {
  return {
    age: told(value.age),
    gender: genderFrom(value.gender),
    homepage: reader(codepage)(value.homepage),
    birthday: birthdayFrom(value.birthYear, value.birthMonth, value.birthDay),
    languages: [value.language1, value.language2, value.language3],
  };
}

export function aboutChange({ about }: Details['about'], codepage: number): ProfileChanges {
  return { about: decodeText(about, codepage) };
}

export function interestsChange({ interests }: Details['interests'], codepage: number): ProfileChanges {
  return { interests: topicsFrom(interests, codepage) };
}

export function affiliationsChange({ past, affiliations }: Details['affiliations'], codepage: number): ProfileChanges {
  return { pasts: topicsFrom(past, codepage), affiliations: topicsFrom(affiliations, codepage) };
}

export function homepageChange({ enabled, category, text }: MetaValue<typeof meta.setHomepageCategory>, codepage: number): ProfileChanges {
  return { homepageTopic: enabled === 0 ? undefined : { category, text: reader(codepage)(text) } };
}

// ---------------------------------------------------------------- the old packets

/** Version 2 has no time zone: it says whether a country was told. */
const COUNTRY_TOLD = -2;

export function extInfoOf(profile: Profile, { session, state, now }: UdpContext): Omit<ExtInfoReply, 'uin' | 'requestSeq'> {
  const say = sayer(session.profile.codepage);
  const { home } = profile;
  const countryTold = home.country === 0 ? GMT_OFFSET_UNKNOWN : COUNTRY_TOLD;
  const zip = zipFrom(home.zip);
  return {
    city: say(home.city),
    country: orUnknown(home.country),
    gmtOffset: state.version <= 2 ? countryTold : profile.gmtOffset,
    state: say(home.state),
    age: orUnknown(ageOf(profile, now)),
    gender: profile.gender,
    phone: say(home.phone),
    homepage: say(profile.homepage),
    about: say(profile.about, ABOUT_BYTES_MAX),
    zip: zip === 0 ? UNKNOWN_ZIP : zip,
  };
}

export function extInfoChange(value: UpdateExtInfo, { session, state }: UdpContext): ProfileChanges {
  const { codepage } = session.profile;
  const read = reader(codepage);
  return {
    home: { ...placeFrom(value, read), phone: read(value.phone), ...(value.zip === undefined ? {} : { zip: zipText(value.zip) }) },
    ...(state.version <= 2 ? {} : { gmtOffset: value.gmtOffset }),
    age: told(value.age),
    gender: genderFrom(value.gender),
    homepage: read(value.homepage),
    about: decodeText(value.about, codepage),
  };
}

// ---------------------------------------------------------------- Groupware

/** Departments and pagers are what only Groupware has. */
export function groupwareWorkOf({ work }: Profile, codepage: number): WorkInfo {
  const say = sayer(codepage);
  return {
    street: say(work.street),
    city: say(work.city),
    state: say(work.state),
    country: orUnknown(work.country),
    company: say(work.company),
    title: say(work.position),
    department: 0,
    phone: say(work.phone),
    fax: say(work.fax),
    pager: say(''),
    zip: zipFrom(work.zip),
  };
}

export function groupwareWorkChange(value: WorkInfo, codepage: number): ProfileChanges {
  const read = reader(codepage);
  return {
    work: {
      ...placeFrom(value, read),
      street: read(value.street),
      company: read(value.company),
      position: read(value.title),
      phone: read(value.phone),
      fax: read(value.fax),
      zip: zipText(value.zip),
    },
  };
}

export function groupwareHomeOf(profile: Profile, codepage: number, now: number): HomeInfo {
  const say = sayer(codepage);
  const { home, birthday } = profile;
  return {
    street: say(home.street),
    city: say(home.city),
    state: say(home.state),
    country: orUnknown(home.country),
    phone: say(home.phone),
    fax: say(home.fax),
    cellular: say(home.cellular),
    zip: zipFrom(home.zip),
    gender: profile.gender,
    age: orUnknown(ageOf(profile, now)),
    birthDay: birthday.day,
    birthMonth: birthday.month,
    birthYear: birthday.year,
  };
}

export function groupwareHomeChange(value: HomeInfo, codepage: number): ProfileChanges {
  const read = reader(codepage);
  return {
    home: {
      ...placeFrom(value, read),
      street: read(value.street),
      phone: read(value.phone),
      fax: read(value.fax),
      cellular: read(value.cellular),
      zip: zipText(value.zip),
    },
    gender: genderFrom(value.gender),
    age: told(value.age),
    birthday: birthdayFrom(value.birthYear, value.birthMonth, value.birthDay),
  };
}

/** One text of somebody's. */
export function textOf(text: string, codepage: number, bytesMax?: number): Uint8Array {
  return sayer(codepage)(text, bytesMax);
}

/** Where somebody lives says what he types in, unless his account says it (icq-udp.md §21). */
export function learnCodepage(session: Session): UdpEffect {
  return ask(
    'profile.load',
    { uin: session.uin },
    ({ home }) => {
      const codepage = codepageForCountry(home.country);
      if (codepage !== undefined) session.profile = { ...session.profile, codepage };
      return [];
    },
    () => [],
  );
}
