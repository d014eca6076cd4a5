/** The directory as ICQ 99 asks it: what people say of themselves, and who says such things. META of version 5. @see icq-udp.md §19 */
import { commands, type Declaration, meta, type MetaValue, replies } from '@seekyou/wire/udp';
import { RequestRefused } from '../errors.ts';
import type { Heard } from './link.ts';
import { spelled, type Worded, worded } from './words.ts';

/** Sends and waits for all parts of an answer; `take` says which was the last. */
export type Ask = <T extends object>(declaration: Declaration<T>, value: T, take: (heard: Heard) => boolean, what: string) => Promise<void>;

export interface FullInfo {
  readonly general?: Worded<meta.GeneralInfo>;
  readonly more?: Worded<MetaValue<typeof meta.moreInfoAnswer>>;
  readonly homepage?: Worded<MetaValue<typeof meta.homepageCategoryAnswer>>;
  readonly work?: Worded<MetaValue<typeof meta.workInfoAnswer>>;
  readonly about?: Worded<MetaValue<typeof meta.aboutAnswer>>;
  readonly interests?: Worded<MetaValue<typeof meta.interestsAnswer>>;
  readonly affiliations?: Worded<MetaValue<typeof meta.affiliationsAnswer>>;
}

export type FindCriteria =
  | { readonly uin: number }
  | { readonly email: string }
  | { readonly pages: Partial<Worded<meta.WhitePages>> }
  | Partial<Record<'first' | 'last' | 'nick', string>>;

/** The answers to `fullInfo`, all of which always come. */
const FULL_INFO: readonly meta.MetaDeclaration<unknown>[] = [
  meta.generalInfo,
  meta.moreInfoAnswer,
  meta.homepageCategoryAnswer,
  meta.workInfoAnswer,
  meta.aboutAnswer,
  meta.interestsAnswer,
  meta.affiliationsAnswer,
];

const FIRST_PART = 200;
const NONE = 'failed';

const EMPTY_PAGES: Worded<meta.WhitePages> = {
  first: '',
  last: '',
  nick: '',
  email: '',
  ageFrom: 0,
  ageTo: 0,
  gender: 0,
  language: 0,
  city: '',
  state: '',
  country: 0,
  company: '',
  department: '',
  position: '',
  occupation: 0,
  past: 0,
  pastKeywords: '',
  interest: 0,
  interestKeywords: '',
  affiliation: 0,
  affiliationKeywords: '',
  homepage: 0,
  homepageKeywords: '',
  onlineOnly: 0,
};

/** All methods reject with `RequestRefused` when the server says no, and with `ClientError` when it says nothing. */
export class UdpDirectory {
  private readonly uin: number;
  private readonly codepage: number;
  private readonly ask: Ask;

  constructor(uin: number, codepage: number, ask: Ask) {
    this.uin = uin;
    this.codepage = codepage;
    this.ask = ask;
  }

  /** Everything the directory tells, in the forms of 99b. */
  async fullInfo(uin: number): Promise<FullInfo> {
    const parts = new Map<number, unknown>();
    // Some servers say of nobody that there is no first part, others that there is none at all.
    const isNobody = (): boolean => parts.get(FIRST_PART) === NONE;
    await this.requestMeta(meta.fullInfo, { uin }, (subtype, read) => {
      const part = FULL_INFO.find((one) => one.old === subtype);
      if (part !== undefined) parts.set(subtype, read(part) ?? NONE);
      return isNobody() || parts.size === FULL_INFO.length;
    });
    if (isNobody()) throw new RequestRefused(`details of ${uin}`, 0x14);
    const told = FULL_INFO.map(({ old = 0 }) => (parts.get(old) === NONE ? undefined : parts.get(old)));
    const [general, more, homepage, work, about, interests, affiliations] = told;
    return worded({ general, more, homepage, work, about, interests, affiliations }, this.codepage) as FullInfo;
  }

  async shortInfo(uin: number): Promise<Worded<MetaValue<typeof meta.shortInfoAnswer>>> {
    const [found] = await this.gatherMeta(meta.getShortInfo, { uin }, [], meta.shortInfoAnswer);
    if (found === undefined) throw new RequestRefused(`details of ${uin}`, 0x14);
    return found;
  }

  /** By number, mail address, names, or anything the white pages know. */
  async find(criteria: FindCriteria): Promise<readonly Worded<meta.FoundAnswer>[]> {
    if ('uin' in criteria) return this.gatherMeta(meta.searchUin, criteria, [meta.userFound], meta.lastUserFound);
    if ('pages' in criteria) return this.gatherMeta(meta.whitePages, { ...EMPTY_PAGES, ...criteria.pages }, [meta.whitePagesFound], meta.lastWhitePagesFound);
    if ('email' in criteria) return this.gatherMeta(meta.searchEmail, criteria, [meta.userFound], meta.lastUserFound);
    return this.gatherMeta(meta.searchName, { first: '', last: '', nick: '', ...criteria }, [meta.userFound], meta.lastUserFound);
  }

  setGeneral(value: Worded<MetaValue<typeof meta.setGeneral>>): Promise<void> {
    return this.change(meta.setGeneral, meta.generalSet, value);
  }

  setWork(value: Worded<MetaValue<typeof meta.setWork>>): Promise<void> {
    return this.change(meta.setWork, meta.workSet, value);
  }

  setMore(value: Worded<MetaValue<typeof meta.setMore>>): Promise<void> {
    return this.change(meta.setMore, meta.moreSet, value);
  }

  setAbout(about: string): Promise<void> {
    return this.change(meta.setAbout, meta.aboutSet, { about });
  }

  setInterests(interests: Worded<MetaValue<typeof meta.setInterests>>['interests']): Promise<void> {
    return this.change(meta.setInterests, meta.interestsSet, { interests });
  }

  setAffiliations(value: Worded<MetaValue<typeof meta.setAffiliations>>): Promise<void> {
    return this.change(meta.setAffiliations, meta.affiliationsSet, value);
  }

  setHomepageCategory(category: number, text: string): Promise<void> {
    return this.change(meta.setHomepageCategory, meta.homepageCategoryWasSet, { enabled: 1, category, text });
  }

  setSecurity(value: { readonly authorisationRequired: boolean; readonly webAware: boolean; readonly hideAddress: boolean }): Promise<void> {
    const bit = (on: boolean): number => (on ? 1 : 0);
    const { authorisationRequired, webAware, hideAddress } = value;
    return this.change(meta.setSecurity, meta.securitySet, {
      authorization: bit(!authorisationRequired),
      webAware: bit(webAware),
      directPermissions: bit(hideAddress),
    });
  }

  /** Of this session's own number. */
  setPassword(password: string): Promise<void> {
    return this.change(meta.setPassword, meta.passwordSet, { password });
  }

  /** The number is nobody's any more. */
  unregister(password: string): Promise<void> {
    return this.change(meta.unregister, meta.unregistered, { uin: this.uin, password });
  }

  private async change<T>(how: meta.MetaDeclaration<T>, answer: meta.MetaDeclaration<unknown>, value: Worded<T>): Promise<void> {
    let done = false;
    await this.requestMeta(how, value, (subtype, read) => {
      if (subtype !== answer.old) return false;
      done = read(answer) !== undefined;
      return true;
    });
    if (!done) throw new RequestRefused('a change', 0x0f);
  }

  private async gatherMeta<Q, A>(
    question: meta.MetaDeclaration<Q>,
    value: Worded<Q>,
    more: readonly meta.MetaDeclaration<A>[],
    last: meta.MetaDeclaration<A>,
  ): Promise<readonly Worded<A>[]> {
    const found: Worded<A>[] = [];
    await this.requestMeta(question, value, (subtype, read) => {
      const part = [...more, last].find((one) => one.old === subtype);
      const answer = part === undefined ? undefined : read(part);
      if (answer !== undefined) found.push(worded(answer as A, this.codepage));
      return subtype === last.old;
    });
    return found;
  }

  /** @param take `read` gives an answer's fields, nothing for a failure; true ends the wait */
  private requestMeta<Q>(
    question: meta.MetaDeclaration<Q>,
    value: Worded<Q>,
    take: (subtype: number, read: (declaration: meta.MetaDeclaration<unknown>) => unknown) => boolean,
  ): Promise<void> {
    const request = meta.encodeMetaRequest(question, 'new', spelled<Q>(value, this.codepage));
    const form = question.new === undefined ? 'old' : 'new';
    return this.ask(
      commands.metaUser,
      request,
      (heard) => {
        if (heard.declaration !== replies.metaUser) return false;
        const { subtype, data } = heard.value as { readonly subtype: number; readonly data: Uint8Array };
        return take(subtype, (declaration) => meta.decodeMetaAnswer(declaration, form, data).value);
      },
      'a question to the directory',
    );
  }
}
