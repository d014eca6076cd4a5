/**
 * META: what ICQ 99 asks and sets with one command, and its answers. Each in an old form and, mostly, in the one of 99b; the
 * values are the same, so that only the form says which was asked.
 *
 * Blocks that OSCAR took over unchanged are those of `oscar/icq-info.ts`. @see icq-udp.md §19
 */
import { WireError } from '../errors.ts';
import {
  aboutInfo,
  backgroundInfo,
  homepageCategory,
  homepageCategorySet,
  interestsInfo,
  moreInfoSet,
  permissions,
  shortInfo,
  workInfo,
} from '../oscar/icq-info.ts';
import { lnts } from '../oscar/strings.ts';
import { Reader, type Trace } from '../reader.ts';
import { bytes, bytesOf, encode, i8, type Layout, le, optional, rest, struct, u8, type Value, within } from '../schema.ts';
import { nothing, u32orU16, usual, yearOf1900, zipNumber } from './layouts.ts';
import { Result } from './replies.ts';

/** `old` is ICQ 99a's and what mICQ and icqlib speak; `new` 99b's and licq's. */
export type MetaForm = 'old' | 'new';

export interface MetaDeclaration<T> {
  readonly from: 'client' | 'server';
  readonly ref: string;
  /** Numbers of both forms; absent where a form has none of its own. */
  readonly old?: number;
  readonly new?: number;
  readonly oldBody: Layout<T>;
  readonly newBody: Layout<T>;
}

/** What a declared META request or answer carries. */
export type MetaValue<D> = D extends MetaDeclaration<infer T> ? T : never;

interface MetaSpec<T> {
  readonly old?: number;
  readonly new?: number;
  /** What differs, where it does. */
  readonly oldBody?: Layout<T>;
  readonly body: Layout<T>;
}

function request<T>({ oldBody, body, ...numbers }: MetaSpec<T>): MetaDeclaration<T> {
  return { from: 'client', ref: 'icq-udp.md §19.1', ...numbers, oldBody: oldBody ?? body, newBody: body };
}

/** An answer has one number; its form is the request's. */
function answer<T>(subtype: number, body: Layout<T>, oldBody: Layout<T> = body): MetaDeclaration<T> {
  return { from: 'server', ref: 'icq-udp.md §19.2', old: subtype, new: subtype, oldBody, newBody: body };
}

// ---------------------------------------------------------------- blocks

const generalTexts = {
  nick: lnts,
  first: lnts,
  last: lnts,
  email: lnts, // primary
  email2: lnts,
  email3: lnts, // the old one
  city: lnts,
  state: lnts,
  phone: lnts,
  fax: lnts,
  street: lnts,
  cellular: lnts,
};

const generalNumbers = { country: le.u16, gmtOffset: i8 }; // half hours west of Greenwich, −100 not told

const workOld: Layout<Value<typeof workInfo>> = struct({
  city: lnts,
  state: lnts,
  phone: lnts,
  fax: lnts,
  street: lnts,
  zip: zipNumber,
  country: le.u16,
  company: lnts,
  department: lnts,
  position: lnts,
  occupation: le.u16,
  webPage: lnts,
});

const moreOld: Layout<Value<typeof moreInfoSet>> = struct({
  age: le.u16,
  gender: u8,
  homepage: lnts,
  birthYear: yearOf1900,
  birthMonth: u8,
  birthDay: u8,
  language1: u8,
  language2: u8,
  language3: u8,
});

const names = { nick: lnts, first: lnts, last: lnts, email: lnts };
const ofUin = struct({ uin: le.u32 });

// ---------------------------------------------------------------- requests

export const setGeneral = request({
  old: 1000,
  new: 1001,
  oldBody: struct({ ...generalTexts, zip: zipNumber, ...generalNumbers, hideEmail: optional(u8) }),
  body: struct({ ...generalTexts, zip: lnts, ...generalNumbers, hideEmail: optional(u8) }),
});
export const setWork = request({ old: 1010, new: 1011, oldBody: workOld, body: workInfo });
export const setMore = request({ old: 1020, new: 1021, oldBody: moreOld, body: moreInfoSet });
export const setAbout = request({ old: 1030, body: aboutInfo });
export const setInterests = request({ old: 1040, body: interestsInfo });
export const setAffiliations = request({ old: 1050, body: backgroundInfo });
/** `directPermissions` is "hide my address"; licq sends it before `webAware`. */
export const setSecurity = request({ old: 1060, body: permissions });
export const setPassword = request({ old: 1070, body: struct({ password: lnts }) });
export const setHomepageCategory = request({ old: 1090, body: homepageCategorySet });

/** Answered by general, more, homepage category, work, about, interests and affiliations: all seven. */
export const fullInfo = request({ old: 1200, new: 1201, body: ofUin });
/** The same about oneself; licq uses it for everybody. */
export const ownInfo = request({ old: 1230, new: 1231, body: ofUin });
export const getShortInfo = request({ old: 1210, body: ofUin });
export const unregister = request({ old: 1220, body: struct({ uin: le.u32, password: lnts }) });

/** Sources differ about the order: the first may also be the nickname, and so on. */
export const searchName = request({ old: 1300, new: 1301, body: struct({ first: lnts, last: lnts, nick: lnts }) });
export const searchUin = request({ old: 1310, new: 1311, body: ofUin });
export const searchEmail = request({ old: 1320, new: 1321, body: struct({ email: lnts }) });

const pagesAfterLanguage = {
  city: lnts,
  state: lnts,
  country: le.u16,
  company: lnts,
  department: lnts,
  position: lnts,
  occupation: u8,
  past: le.u16,
  pastKeywords: lnts,
  interest: le.u16,
  interestKeywords: lnts,
  affiliation: le.u16,
  affiliationKeywords: lnts,
};

const pagesBeforeLanguage = { first: lnts, last: lnts, nick: lnts, email: lnts, ageFrom: le.u16, ageTo: le.u16, gender: u8 };

const pagesTail = { homepage: le.u16, homepageKeywords: lnts, onlineOnly: u8 };
const pages = struct({ ...pagesBeforeLanguage, language: u8, ...pagesAfterLanguage, ...pagesTail });
const pagesOld = struct({ ...pagesBeforeLanguage, language: u8, ...pagesAfterLanguage, onlineOnly: u8 });
const pagesOfMicq = struct({ ...pagesBeforeLanguage, language: le.u16, ...pagesAfterLanguage, ...pagesTail });

/** Zero and empty: whoever. */
export type WhitePages = Value<typeof pagesOld> & { readonly homepage?: number; readonly homepageKeywords?: Uint8Array };

/** The first of these that fits to the last byte; where none does, the last one that can be read at all. */
function whicheverFits(written: Layout<WhitePages>, ...others: readonly Layout<WhitePages>[]): Layout<WhitePages> {
  return {
    ...written,
    read(r) {
      const [from, layouts] = [r.at, [written, ...others]];
      const fits = layouts.find((layout) => leftAfter(layout, r, from) === 0) ?? layouts.find((layout) => leftAfter(layout, r, from) !== undefined);
      return (fits ?? written).read(r);
    },
    write: (w, value) => (value.homepage === undefined ? written : pages).write(w, value),
  };
}

function leftAfter(layout: Layout<unknown>, r: Reader, from: number): number | undefined {
  const probe = new Reader(r.data, from, r.end);
  try {
    layout.read(probe);
    return probe.left;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** COMPAT: mICQ sends the language as u16, and licq and mICQ the homepage in the old form too. */
export const whitePages = request<WhitePages>({
  old: 1330,
  new: 1331,
  oldBody: whicheverFits(pagesOld, pages, pagesOfMicq),
  body: whicheverFits(pages, pagesOfMicq, pagesOld),
});

export const usageStatistics = request({ old: 1720, body: struct({ data: bytes(rest) }) });
export const metaLogin = request({ old: 2000, body: nothing });

// ---------------------------------------------------------------- answers

export const generalSet = answer(100, nothing);
export const workSet = answer(110, nothing);
export const moreSet = answer(120, nothing);
export const aboutSet = answer(130, nothing);
export const interestsSet = answer(140, nothing);
export const affiliationsSet = answer(150, nothing);
export const securitySet = answer(160, nothing);
export const passwordSet = answer(170, nothing);
export const unregistered = answer(180, nothing);
export const homepageCategoryWasSet = answer(190, nothing);

const generalFlags = {
  authorization: u8, // Authorization of icq-info.ts: 0 required, 1 not
  webAware: u8,
  hideAddress: u8,
};

export const generalInfo = answer(
  200,
  struct({ ...generalTexts, zip: lnts, ...generalNumbers, ...generalFlags }),
  struct({ ...generalTexts, zip: zipNumber, ...generalNumbers, ...generalFlags }),
);
export type GeneralInfo = Value<typeof generalInfo.newBody>;

export const workInfoAnswer = answer(210, workInfo, workOld);
export const moreInfoAnswer = answer(220, moreInfoSet, moreOld);
export const aboutAnswer = answer(230, aboutInfo);
export const interestsAnswer = answer(240, interestsInfo);
export const affiliationsAnswer = answer(250, backgroundInfo);
/** Which of the last two is the gender is not settled. */
export const shortInfoAnswer = answer(260, shortInfo);
export const homepageCategoryAnswer = answer(270, homepageCategory);

export interface FoundPerson {
  readonly uin: number;
  readonly nick: Uint8Array;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
  readonly email: Uint8Array;
  readonly authorization: number;
  readonly webAware: number;
}

export interface FoundAnswer {
  readonly person: FoundPerson;
  /** With the last one: how many were found and not told. */
  readonly usersLeft?: number;
}

const person = { uin: le.u32, ...names, authorization: u8, webAware: u8 };
const foundNew: Layout<FoundAnswer> = struct({
  person: within(bytesOf(le.u16), struct({ ...person, zero: usual(u8, 0) })),
  usersLeft: optional(u32orU16),
});
const foundOld: Layout<FoundAnswer> = struct({ person: struct(person), usersLeft: optional(u32orU16) });

export const userFound = answer<FoundAnswer>(400, foundNew, foundOld);
/** Nobody found: this, failed. */
export const lastUserFound = answer<FoundAnswer>(410, foundNew, foundOld);
export const whitePagesFound = answer<FoundAnswer>(420, foundNew, foundOld);
export const lastWhitePagesFound = answer<FoundAnswer>(430, foundNew, foundOld);

// ---------------------------------------------------------------- look-ups and doors

const REQUESTS = {
  setGeneral,
  setWork,
  setMore,
  setAbout,
  setInterests,
  setAffiliations,
  setSecurity,
  setPassword,
  setHomepageCategory,
  fullInfo,
  ownInfo,
  getShortInfo,
  unregister,
  searchName,
  searchUin,
  searchEmail,
  whitePages,
  usageStatistics,
  metaLogin,
} satisfies Record<string, MetaDeclaration<unknown>>;

const ANSWERS = {
  generalSet,
  workSet,
  moreSet,
  aboutSet,
  interestsSet,
  affiliationsSet,
  securitySet,
  passwordSet,
  unregistered,
  homepageCategoryWasSet,
  generalInfo,
  workInfoAnswer,
  moreInfoAnswer,
  aboutAnswer,
  interestsAnswer,
  affiliationsAnswer,
  shortInfoAnswer,
  homepageCategoryAnswer,
  userFound,
  lastUserFound,
  whitePagesFound,
  lastWhitePagesFound,
} satisfies Record<string, MetaDeclaration<unknown>>;

export interface MetaFound {
  readonly name: string;
  readonly declaration: MetaDeclaration<unknown>;
  readonly form: MetaForm;
}

const requests = new Map<number, MetaFound>();
for (const [name, declaration] of Object.entries(REQUESTS) as [string, MetaDeclaration<unknown>][]) {
  if (declaration.old !== undefined) requests.set(declaration.old, { name, declaration, form: 'old' });
  if (declaration.new !== undefined) requests.set(declaration.new, { name, declaration, form: 'new' });
}

const answers = new Map<number, { readonly name: string; readonly declaration: MetaDeclaration<unknown> }>();
for (const [name, declaration] of Object.entries(ANSWERS) as [string, MetaDeclaration<unknown>][]) answers.set(declaration.old ?? 0, { name, declaration });

/** What a request's number means; undefined for an unknown one. */
export function metaRequestOf(subtype: number): MetaFound | undefined {
  return requests.get(subtype);
}

export function metaAnswerOf(subtype: number): { readonly name: string; readonly declaration: MetaDeclaration<unknown> } | undefined {
  return answers.get(subtype);
}

export function metaLayout<T>(declaration: MetaDeclaration<T>, form: MetaForm): Layout<T> {
  return form === 'old' ? declaration.oldBody : declaration.newBody;
}

/** Reads the data of the command `metaUser`. @throws WireError; offsets count from the start of the data */
export function decodeMeta<T>(declaration: MetaDeclaration<T>, form: MetaForm, data: Uint8Array, trace?: Trace): T {
  return metaLayout(declaration, form).read(new Reader(data, 0, data.length, trace));
}

/** The parameters of the command `metaUser`. Without a number in this form, the other one's. */
export function encodeMetaRequest<T>(declaration: MetaDeclaration<T>, form: MetaForm, value: T): { readonly subtype: number; readonly data: Uint8Array } {
  return { subtype: numberOf(declaration, form), data: encode(metaLayout(declaration, form), value) };
}

/** The parameters of the reply `metaUser`: done. */
export function encodeMetaAnswer<T>(declaration: MetaDeclaration<T>, form: MetaForm, value: T): { readonly subtype: number; readonly data: Uint8Array } {
  const body = encode(metaLayout(declaration, form), value);
  const data = new Uint8Array(1 + body.length);
  data[0] = Result.done;
  data.set(body, 1);
  return { subtype: numberOf(declaration, form), data };
}

/** The parameters of the reply `metaUser`: not done; no fields. */
export function metaFailure(declaration: MetaDeclaration<unknown>, result: number = Result.failed): { readonly subtype: number; readonly data: Uint8Array } {
  return { subtype: numberOf(declaration, 'new'), data: Uint8Array.of(result) };
}

export interface MetaAnswer<T> {
  /** {@link Result} */
  readonly result: number;
  /** Absent when it is not `done`. */
  readonly value?: T;
}

/** Reads the data of the reply `metaUser`. @throws WireError */
export function decodeMetaAnswer<T>(declaration: MetaDeclaration<T>, form: MetaForm, data: Uint8Array): MetaAnswer<T> {
  const r = new Reader(data);
  const result = r.u8();
  return result === Result.done ? { result, value: metaLayout(declaration, form).read(r) } : { result };
}

function numberOf(declaration: MetaDeclaration<unknown>, form: MetaForm): number {
  return declaration[form] ?? declaration.old ?? 0;
}
