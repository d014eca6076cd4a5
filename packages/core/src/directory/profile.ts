/**
 * What people tell of themselves. Texts are Unicode and may be empty; numbers are those of ICQ's own tables
 * (docs/protocol/icq-tables.json), 0 when nothing was told.
 */
import type { Limits } from '../limits.ts';
import type { Time } from '../words.ts';

export interface ProfileEmail {
  readonly address: string;
  /** Shown to its owner alone, and not found by it. */
  readonly hidden: boolean;
}

/** A code of a table, and words of one's own about it. */
export interface Topic {
  readonly category: number;
  readonly text: string;
}

/** Each part is 0 when it was not told. */
export interface Birthday {
  readonly year: number;
  /** 1–12. */
  readonly month: number;
  readonly day: number;
}

export interface Place {
  readonly city: string;
  readonly state: string;
  readonly country: number;
}

export interface Home extends Place {
  readonly street: string;
  readonly zip: string;
  readonly phone: string;
  readonly fax: string;
  readonly cellular: string;
}

export interface Work extends Place {
  readonly street: string;
  readonly zip: string;
  readonly phone: string;
  readonly fax: string;
  readonly company: string;
  readonly department: string;
  readonly position: string;
  readonly occupation: number;
  readonly industry: number;
  readonly homepage: string;
}

export interface Profile {
  readonly nickname: string;
  readonly first: string;
  readonly last: string;
  readonly email: ProfileEmail;
  readonly secondaryEmail: ProfileEmail;
  readonly oldEmail: ProfileEmail;
  readonly moreEmails: readonly ProfileEmail[];
  readonly home: Home;
  readonly origin: Place;
  readonly work: Work;
  /** Half hours west of Greenwich, −24 to 24; `GMT_OFFSET_UNKNOWN` when it was not told. */
  readonly gmtOffset: number;
  /** 1 female, 2 male. */
  readonly gender: number;
  /** In years, as told; who told his year of birth is as old as that says, see `ageOf`. */
  readonly age: number;
  readonly birthday: Birthday;
  readonly homepage: string;
  readonly languages: readonly [number, number, number];
  readonly marital: number;
  readonly about: string;
  /** At most 4 are kept of each list. */
  readonly interests: readonly Topic[];
  readonly affiliations: readonly Topic[];
  readonly pasts: readonly Topic[];
  /** Where ICQ's own catalogue of homepages has this one; absent: nowhere. */
  readonly homepageTopic?: Topic;
  /** May be shown as on line to people who are not contacts, in searches and on pages. */
  readonly webAware: boolean;
  /**
   * Whom old clients are to let connect directly: 0 anybody, 1 contacts, `DIRECT_NOBODY`. The last is the account's `hideAddress`,
   * which alone is kept of it: the store has 0 or 1. Changed by `account.permissions`.
   */
  readonly directPermissions: number;
  /** Needs to be asked before others add him. Changed by `account.permissions`. */
  readonly authorisationRequired: boolean;
}

/** Parts to replace; within `home`, `work`, `origin` and the three addresses, fields that are absent stay. `undefined` for a topic removes it. */
export type ProfileChanges = {
  readonly [K in keyof Omit<Profile, PartlyChanged | 'homepageTopic' | 'authorisationRequired' | 'webAware' | 'directPermissions'>]?: Profile[K];
} & {
  readonly [K in PartlyChanged]?: Partial<Profile[K]>;
} & {
  readonly homepageTopic?: Topic | undefined;
};

type PartlyChanged = 'home' | 'work' | 'origin' | 'email' | 'secondaryEmail' | 'oldEmail';

/** What the store keeps of a profile beside the account, which has the nickname and the need for authorisation. */
export type StoredProfile = Omit<Profile, 'nickname' | 'authorisationRequired'>;

export const GMT_OFFSET_UNKNOWN = -100;
/** The server gives nobody the address. */
export const DIRECT_NOBODY = 2;

/** Topics of each kind that are kept. */
export const TOPICS_MAX = 4;
/** Addresses beside the three that have a name. */
export const MORE_EMAILS_MAX = 10;

const NO_EMAIL: ProfileEmail = { address: '', hidden: false };
const NOWHERE: Place = { city: '', state: '', country: 0 };

/** Of somebody who has told nothing. */
export const EMPTY_PROFILE: StoredProfile = {
  first: '',
  last: '',
  email: NO_EMAIL,
  secondaryEmail: NO_EMAIL,
  oldEmail: NO_EMAIL,
  moreEmails: [],
  home: { ...NOWHERE, street: '', zip: '', phone: '', fax: '', cellular: '' },
  origin: NOWHERE,
  work: { ...NOWHERE, street: '', zip: '', phone: '', fax: '', company: '', department: '', position: '', occupation: 0, industry: 0, homepage: '' },
  gmtOffset: GMT_OFFSET_UNKNOWN,
  gender: 0,
  age: 0,
  birthday: { year: 0, month: 0, day: 0 },
  homepage: '',
  languages: [0, 0, 0],
  marital: 0,
  about: '',
  interests: [],
  affiliations: [],
  pasts: [],
  webAware: false,
  directPermissions: 0,
};

/** As somebody else may read it. */
export function shownToOthers(profile: Profile): Profile {
  return {
    ...profile,
    email: shownEmail(profile.email),
    secondaryEmail: shownEmail(profile.secondaryEmail),
    oldEmail: shownEmail(profile.oldEmail),
    moreEmails: profile.moreEmails.filter(({ hidden }) => !hidden),
  };
}

function shownEmail(email: ProfileEmail): ProfileEmail {
  return email.hidden ? NO_EMAIL : email;
}

/** Years, 0 when nobody can tell. */
export function ageOf({ birthday, age }: Pick<Profile, 'birthday' | 'age'>, now: Time): number {
  if (birthday.year === 0) return age;
  const today = new Date(now);
  const years = today.getUTCFullYear() - birthday.year;
  const month = today.getUTCMonth() + 1;
  const before = month < birthday.month || (month === birthday.month && today.getUTCDate() < birthday.day);
  return Math.max(0, before ? years - 1 : years);
}

const YEAR_MIN = 1850;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** A day somebody can have been born on, as far as it was told. */
export function isBirthday({ year, month, day }: Birthday, now: Time): boolean {
  if (year !== 0 && (year < YEAR_MIN || year > new Date(now).getUTCFullYear())) return false;
  if (month === 0) return day === 0;
  const days = DAYS[month - 1];
  if (days === undefined || day < 0 || day > days) return false;
  const leap = year === 0 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
  return month !== 2 || day !== 29 || leap;
}

/** Why changes cannot be taken as they are. */
export function faultOf(
  changes: ProfileChanges,
  limits: Pick<Limits, 'profileBytesMax' | 'profileTextBytesMax'>,
  now: Time,
): 'too-large' | 'bad-input' | undefined {
  const { about = '', gmtOffset = 0, ...others } = changes;
  if (textsIn(others).some((text) => bytesOf(text) > limits.profileTextBytesMax) || bytesOf(about) > limits.profileBytesMax) return 'too-large';
  if ((changes.moreEmails?.length ?? 0) > MORE_EMAILS_MAX) return 'too-large';
  if (!numbersIn(others).every((number) => Number.isInteger(number) && number >= 0 && number <= 0xffff)) return 'bad-input';
  if (!Number.isInteger(gmtOffset)) return 'bad-input';
  if (changes.gender !== undefined && changes.gender > 2) return 'bad-input';
  if (changes.birthday !== undefined && !isBirthday(changes.birthday, now)) return 'bad-input';
  return undefined;
}

/** Both halves of everything: what was, and what changes. A time zone nobody has is one nobody told. */
export function changedProfile(before: Profile, changes: ProfileChanges): Profile {
  const { homepageTopic: _, ...kept } = before;
  const wanted = 'homepageTopic' in changes ? changes.homepageTopic : before.homepageTopic;
  const [topic] = topicsKept(wanted === undefined ? [] : [wanted]);
  const { homepageTopic: _changed, ...others } = changes;
  const after: Profile = {
    ...kept,
    ...others,
    home: { ...before.home, ...changes.home },
    work: { ...before.work, ...changes.work },
    origin: { ...before.origin, ...changes.origin },
    email: { ...before.email, ...changes.email },
    secondaryEmail: { ...before.secondaryEmail, ...changes.secondaryEmail },
    oldEmail: { ...before.oldEmail, ...changes.oldEmail },
    interests: topicsKept(changes.interests ?? before.interests),
    affiliations: topicsKept(changes.affiliations ?? before.affiliations),
    pasts: topicsKept(changes.pasts ?? before.pasts),
    moreEmails: (changes.moreEmails ?? before.moreEmails).filter(({ address }) => address !== ''),
    ...(topic === undefined ? {} : { homepageTopic: topic }),
  };
  return Math.abs(after.gmtOffset) <= 24 ? after : { ...after, gmtOffset: GMT_OFFSET_UNKNOWN };
}

/** Clients fill their four lines with nothing; that is no interest. */
function topicsKept(topics: readonly Topic[]): readonly Topic[] {
  return topics.filter(({ category, text }) => category !== 0 || text !== '').slice(0, TOPICS_MAX);
}

const encoder = new TextEncoder();

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}
