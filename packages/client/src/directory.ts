/** What people tell of themselves, and finding them: family 15 of OSCAR. @see oscar.md §9.3–§9.8 */
import { decode, WireError } from '@seekyou/wire';
import { decodeSnacBody, ErrorCode, icqMeta, type Snac, type SnacDeclaration } from '@seekyou/wire/oscar';
import { decodeUtf8Or } from '@seekyou/wire/text';
import { RequestRefused } from './errors.ts';

const { Authorization, FoundOnline, IcqType, MetaResult } = icqMeta;

/** A code of ICQ's tables, and words about it. */
export interface Topic {
  readonly category: number;
  readonly text: string;
}

/** An address beside the one that stands with the name. */
export interface OtherEmail {
  readonly address: string;
  /** Others do not see it, and do not find it. */
  readonly hidden: boolean;
}

/** What somebody tells of himself. Texts may be empty, numbers are those of ICQ's tables, 0 when nothing was told. */
export interface PersonDetails {
  readonly nickname: string;
  readonly first: string;
  readonly last: string;
  readonly email: string;
  /** Others do not see the address, and do not find it. */
  readonly hideEmail: boolean;
  readonly otherEmails: readonly OtherEmail[];
  readonly city: string;
  readonly state: string;
  readonly street: string;
  readonly zip: string;
  readonly country: number;
  readonly phone: string;
  readonly fax: string;
  readonly cellular: string;
  readonly originCity: string;
  readonly originState: string;
  readonly originCountry: number;
  readonly company: string;
  readonly department: string;
  readonly position: string;
  readonly occupation: number;
  readonly workCity: string;
  readonly workState: string;
  readonly workStreet: string;
  readonly workZip: string;
  readonly workCountry: number;
  readonly workPhone: string;
  readonly workFax: string;
  readonly workHomepage: string;
  readonly homepage: string;
  /** Where ICQ's catalogue of homepages has it; category 0 and no text: nowhere. */
  readonly homepageCategory: Topic;
  /** 1 female, 2 male. */
  readonly gender: number;
  readonly age: number;
  /** `1974-05-31`; empty when it was not told. */
  readonly birthday: string;
  readonly languages: readonly number[];
  /** Half hours west of Greenwich; −100 when it was not told. */
  readonly gmtOffset: number;
  readonly about: string;
  readonly interests: readonly Topic[];
  readonly affiliations: readonly Topic[];
  readonly pasts: readonly Topic[];
  /** Others have to ask before they add this person. */
  readonly authorisationRequired: boolean;
  /** May be shown to everybody as on line. */
  readonly webAware: boolean;
  /** Who may connect to this person's client directly: 0 anybody, 1 contacts, 2 nobody, since the server tells nobody its address. */
  readonly directPermissions: number;
}

/** Whom to look for; all of it has to fit. `*` in texts stands for anything. */
export interface PersonSearch {
  readonly uin?: number;
  readonly nickname?: string;
  readonly first?: string;
  readonly last?: string;
  readonly email?: string;
  readonly city?: string;
  readonly state?: string;
  readonly company?: string;
  readonly department?: string;
  readonly position?: string;
  readonly gender?: number;
  readonly language?: number;
  readonly country?: number;
  readonly occupation?: number;
  readonly ageFrom?: number;
  readonly ageTo?: number;
  /** Of a category, with these words in it; either may be left empty. */
  readonly interest?: Topic;
  readonly affiliation?: Topic;
  readonly past?: Topic;
  readonly homepage?: Topic;
  /** Words in interests and the like. */
  readonly keywords?: string;
  readonly onlineOnly?: boolean;
}

export interface PersonFound {
  readonly uin: number;
  readonly nickname: string;
  readonly first: string;
  readonly last: string;
  readonly email: string;
  readonly authorisationRequired: boolean;
  /** `unknown`: this person does not tell strangers. */
  readonly online: 'online' | 'offline' | 'unknown';
  readonly gender: number;
  readonly age: number;
}

/** What the directory needs of the session. */
export interface Asking {
  readonly uin: number;
  /** All parts of an answer. @throws RequestRefused, ClientError */
  gather<Q>(question: SnacDeclaration<Q>, value: Q, answer: SnacDeclaration<any>, what: string): Promise<readonly Snac[]>;
}

interface Answer {
  readonly subtype: number;
  readonly result: number;
  readonly data: Uint8Array;
}

const utf8 = new TextEncoder();

export class Directory {
  private readonly session: Asking;
  /** For servers that do not answer in UTF-8. */
  private readonly codepage: number;

  constructor(session: Asking, codepage: number) {
    this.session = session;
    this.codepage = codepage;
  }

  /** What somebody tells of himself; `undefined` when there is nobody of this number. @throws RequestRefused */
  async info(uin: number): Promise<PersonDetails | undefined> {
    const what = `information about ${uin}`;
    const parts = await this.ask(icqMeta.fullInfoRequest, { uin }, what);
    if (parts[0]?.result === MetaResult.noData) return undefined;
    // A server that fails says so in this part alone: that is not somebody who has told nothing.
    this.check(
      parts.find(({ subtype }) => subtype === icqMeta.basicInfoReply.subtype),
      what,
    );
    const part = <T>(declaration: icqMeta.MetaReply<T>): T | undefined => {
      const found = parts.find(({ subtype, result }) => subtype === declaration.subtype && result === MetaResult.success);
      return found === undefined ? undefined : decode(declaration.body, found.data);
    };
    return this.detailsFrom(part);
  }

  private detailsFrom(part: <T>(declaration: icqMeta.MetaReply<T>) => T | undefined): PersonDetails {
    const text = (bytes: Uint8Array | undefined): string => this.text(bytes);
    const topics = (list: readonly { readonly category: number; readonly keywords: Uint8Array }[] = []): Topic[] =>
      list.map(({ category, keywords }) => ({ category, text: text(keywords) }));
    const basic = part(icqMeta.basicInfoReply);
    const more = part(icqMeta.moreInfoReply);
    const work = part(icqMeta.workInfoReply);
    const background = part(icqMeta.backgroundInfoReply);
    const page = part(icqMeta.homepageInfoReply)?.homepage;
    const others = part(icqMeta.emailsInfoReply)?.emails ?? [];
    return {
      nickname: text(basic?.nick),
      first: text(basic?.first),
      last: text(basic?.last),
      email: text(basic?.email),
      hideEmail: basic?.hideEmail === 1,
      otherEmails: others.map(({ email, hidden }) => ({ address: text(email), hidden: hidden === 1 })),
      city: text(basic?.city),
      state: text(basic?.state),
      street: text(basic?.street),
      zip: text(basic?.zip),
      country: basic?.country ?? 0,
      phone: text(basic?.phone),
      fax: text(basic?.fax),
      cellular: text(basic?.cellular),
      originCity: text(more?.originCity),
      originState: text(more?.originState),
      originCountry: more?.originCountry ?? 0,
      company: text(work?.company),
      department: text(work?.department),
      position: text(work?.position),
      occupation: work?.occupation ?? 0,
      workCity: text(work?.city),
      workState: text(work?.state),
      workStreet: text(work?.street),
      workZip: text(work?.zip),
      workCountry: work?.country ?? 0,
      workPhone: text(work?.phone),
      workFax: text(work?.fax),
      workHomepage: text(work?.webPage),
      homepage: text(more?.homepage),
      homepageCategory: { category: page?.category ?? 0, text: text(page?.text) },
      gender: more?.gender ?? 0,
      age: more?.age ?? 0,
      birthday: more === undefined ? '' : dateText(more.birthYear, more.birthMonth, more.birthDay),
      languages: more === undefined ? [] : [more.language1, more.language2, more.language3].filter((language) => language !== 0),
      gmtOffset: basic?.gmtOffset ?? -100,
      about: text(part(icqMeta.aboutInfoReply)?.about),
      interests: topics(part(icqMeta.interestsInfoReply)?.interests),
      affiliations: topics(background?.affiliations),
      pasts: topics(background?.past),
      authorisationRequired: basic?.authorization === Authorization.required,
      webAware: basic?.webAware === 1,
      directPermissions: basic?.directPermissions ?? 0,
    };
  }

  /** Tells others about oneself; what is absent stays as it was. @throws RequestRefused when the server takes none of it */
  async tell(details: Partial<PersonDetails>): Promise<void> {
    const what = 'your details';
    // The flag of an address goes with it; an address without the flag leaves that as it was.
    const email = details.hideEmail !== undefined && details.email === undefined ? (await this.own(what)).email : details.email;
    const tlvs = tlvsOf({ ...details, ...(email === undefined ? {} : { email }) });
    // Each has a packet of its own.
    const { directPermissions, otherEmails, ...others } = details;
    const isAlone = directPermissions !== undefined || otherEmails !== undefined;
    if (!isAlone || Object.keys(others).length > 0) await this.change(icqMeta.setInfoTlvs, tlvs, what);
    if (otherEmails !== undefined) {
      const emails = otherEmails.map(({ address, hidden }) => ({ hidden: Number(hidden), email: utf8.encode(address) }));
      await this.change(icqMeta.setEmailsInfo, { emails }, what);
    }
    if (directPermissions !== undefined) await this.permit(directPermissions, what);
  }

  /** Its packet sets the other permissions too: they stay as they are. */
  private async permit(directPermissions: number, what: string): Promise<void> {
    const { authorisationRequired, webAware } = await this.own(what);
    const authorization = authorisationRequired ? Authorization.required : Authorization.notRequired;
    await this.change(icqMeta.setPermissions, { authorization, webAware: Number(webAware), directPermissions, last: 0 }, what);
  }

  private async own(what: string): Promise<PersonDetails> {
    const details = await this.info(this.session.uin);
    if (details === undefined) throw new RequestRefused(what, ErrorCode.requestDenied);
    return details;
  }

  /** Who fits, at most 40; `more`: there are others. @throws RequestRefused when the question is none, or comes too soon */
  async search(whom: PersonSearch): Promise<{ readonly found: readonly PersonFound[]; readonly more: boolean }> {
    const what = 'the search';
    const answers = await this.ask(icqMeta.searchWhitePagesTlv, searchTlvs(whom), what);
    if (answers[0]?.result === MetaResult.noData) return { found: [], more: false };
    let more = false;
    const found = answers.map((answer) => {
      this.check(answer, what);
      const { person, notReturned } = decode(icqMeta.searchFoundLast.body, answer.data);
      more ||= answer.subtype === icqMeta.searchFoundLast.subtype && (notReturned ?? 0) > 0;
      return this.personFrom(person);
    });
    return { found, more };
  }

  private personFrom(person: icqMeta.FoundPerson): PersonFound {
    return {
      uin: person.uin,
      nickname: this.text(person.nick),
      first: this.text(person.first),
      last: this.text(person.last),
      email: this.text(person.email),
      authorisationRequired: person.authorization === Authorization.required,
      online: person.online === FoundOnline.online ? 'online' : person.online === FoundOnline.offline ? 'offline' : 'unknown',
      gender: person.gender ?? 0,
      age: person.age ?? 0,
    };
  }

  /** From now on others may meet us by chance, in one of ICQ's groups; 0 ends it. */
  meetable(group: number): Promise<void> {
    return this.change(icqMeta.setRandomGroup, { group, directConnection: new Uint8Array(20) }, 'random chat');
  }

  /** Somebody of a group, whoever; `undefined` when there is nobody. */
  async meet(group: number): Promise<number | undefined> {
    const what = 'random chat';
    const [answer] = await this.ask(icqMeta.randomSearch, { group }, what);
    if (answer?.result === MetaResult.noData) return undefined;
    return decode(icqMeta.randomFound.body, this.check(answer, what).data).uin;
  }

  // -------------------------------------------------------------- asking

  /** @internal */
  async change<T>(declaration: icqMeta.MetaRequest<T>, value: T, what: string): Promise<void> {
    const [answer] = await this.ask(declaration, value, what);
    this.check(answer, what);
  }

  private check(answer: Answer | undefined, what: string): Answer {
    if (answer?.result !== MetaResult.success) throw new RequestRefused(what, ErrorCode.requestDenied);
    return answer;
  }

  private async ask<T>(declaration: icqMeta.MetaRequest<T>, value: T, what: string): Promise<readonly Answer[]> {
    const block = { owner: this.session.uin, type: IcqType.metaRequest, sequence: Uint8Array.of(2, 0), data: said(declaration, value, what) };
    const parts = await this.session.gather(icqMeta.request, { block }, icqMeta.reply, what);
    return parts.map((part) => {
      const { block: answered } = decodeSnacBody(icqMeta.reply, part.data);
      if (answered?.type !== IcqType.metaReply) throw new WireError('bad-value', -1, `${what}: the answer is none`);
      return decode(icqMeta.metaReplyData, answered.data);
    });
  }

  private text(bytes: Uint8Array | undefined): string {
    return bytes === undefined ? '' : decodeUtf8Or(bytes, this.codepage);
  }
}

/** @throws RequestRefused when a number or a text is more than the packet can say */
function said<T>(declaration: icqMeta.MetaRequest<T>, value: T, what: string): Uint8Array {
  try {
    return icqMeta.encodeMetaRequest(declaration, value);
  } catch (error) {
    throw error instanceof WireError ? new RequestRefused(what, ErrorCode.incorrectFormat) : error;
  }
}

// ---------------------------------------------------------------- TLVs

function tlvsOf(details: Partial<PersonDetails>): icqMeta.InfoTlvs {
  const { email, hideEmail, birthday, languages, interests, affiliations, pasts, homepageCategory, authorisationRequired, webAware } = details;
  return {
    ...present({
      ...textsOf(details),
      gender: details.gender,
      age: details.age,
      country: details.country,
      originCountry: details.originCountry,
      workCountry: details.workCountry,
      occupation: details.occupation,
      gmtOffset: details.gmtOffset,
      // 0: none any more.
      languages: languages?.length === 0 ? [0] : languages,
      emails: email === undefined ? undefined : [{ email: utf8.encode(email), ...(hideEmail === undefined ? {} : { hidden: Number(hideEmail) }) }],
      birthday: birthday === undefined ? undefined : dateFrom(birthday),
      interests: categoriesOf(interests),
      affiliations: categoriesOf(affiliations),
      past: categoriesOf(pasts),
      homepageCategory: homepageCategory === undefined ? undefined : categoryOf(homepageCategory),
      authorization: authorisationRequired === undefined ? undefined : authorisationRequired ? Authorization.required : Authorization.notRequired,
      webAware: webAware === undefined ? undefined : Number(webAware),
    }),
    extra: [],
  };
}

/** Field → TLV. */
const TEXTS = {
  nickname: 'nick',
  first: 'first',
  last: 'last',
  city: 'city',
  state: 'state',
  street: 'street',
  zip: 'zip',
  phone: 'phone',
  fax: 'fax',
  cellular: 'cellular',
  originCity: 'originCity',
  originState: 'originState',
  company: 'company',
  department: 'department',
  position: 'position',
  workCity: 'workCity',
  workState: 'workState',
  workStreet: 'workStreet',
  workZip: 'workZip',
  workPhone: 'workPhone',
  workFax: 'workFax',
  workHomepage: 'workWebPage',
  homepage: 'homepage',
  about: 'about',
} as const satisfies Partial<Record<keyof PersonDetails, keyof icqMeta.InfoTlvs>>;

function textsOf(details: Partial<PersonDetails>): Partial<icqMeta.InfoTlvs> {
  const given = Object.entries(TEXTS).flatMap(([field, tlv]) => {
    const text = details[field as keyof typeof TEXTS];
    return text === undefined ? [] : [[tlv, utf8.encode(text)]];
  });
  return Object.fromEntries(given) as Partial<icqMeta.InfoTlvs>;
}

/** An empty entry says that there is none any more. */
function categoriesOf(topics: readonly Topic[] | undefined): { category: number; keywords: Uint8Array }[] | undefined {
  if (topics === undefined) return undefined;
  const given = topics.length === 0 ? [{ category: 0, text: '' }] : topics;
  return given.map(categoryOf);
}

function categoryOf({ category, text }: Topic): { category: number; keywords: Uint8Array } {
  return { category, keywords: utf8.encode(text) };
}

function searchTlvs(whom: PersonSearch): icqMeta.InfoTlvs {
  const { uin, nickname, first, last, email, city, state, company, department, position, keywords, language, ageFrom, ageTo } = whom;
  const { interest, affiliation, past, homepage } = whom;
  const bytes = (text: string | undefined): Uint8Array | undefined => (text === undefined ? undefined : utf8.encode(text));
  return {
    ...present({
      uin,
      nick: bytes(nickname),
      first: bytes(first),
      last: bytes(last),
      emails: email === undefined ? undefined : [{ email: utf8.encode(email), hidden: 0 }],
      city: bytes(city),
      state: bytes(state),
      company: bytes(company),
      department: bytes(department),
      position: bytes(position),
      interests: categoriesOf(interest && [interest]),
      affiliations: categoriesOf(affiliation && [affiliation]),
      past: categoriesOf(past && [past]),
      homepageCategory: homepage === undefined ? undefined : categoryOf(homepage),
      keywords: bytes(keywords),
      gender: whom.gender,
      country: whom.country,
      occupation: whom.occupation,
      languages: language === undefined ? undefined : [language],
      ages: ageFrom === undefined && ageTo === undefined ? undefined : { from: ageFrom ?? 0, to: ageTo ?? 0 },
      onlineOnly: whom.onlineOnly === true ? 1 : undefined,
    }),
    extra: [],
  };
}

function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function dateText(year: number, month: number, day: number): string {
  if (year === 0 && month === 0) return '';
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

function dateFrom(text: string): { year: number; month: number; day: number } {
  const [year = 0, month = 0, day = 0] = text === '' ? [] : text.split('-').map(Number);
  return { year, month, day };
}
