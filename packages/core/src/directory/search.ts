/** Finding people: what is asked, and what is found. Names are compared folded, so that case and width do not matter. */
import type { Limits } from '../limits.ts';
import type { Time, Uin } from '../words.ts';
import { ageOf, type Profile, type StoredProfile, type Topic } from './profile.ts';

export const SEARCH_TEXTS = ['nickname', 'first', 'last', 'email', 'city', 'state', 'company', 'department', 'position'] as const;
/** A text that is compared as a whole. */
export type SearchText = (typeof SEARCH_TEXTS)[number];

export const SEARCH_TOPICS = ['interest', 'affiliation', 'past', 'homepage'] as const;
/** A category, and words that stand somewhere in its text. */
export type SearchTopic = (typeof SEARCH_TOPICS)[number];

/** What somebody looks for; all of it has to fit. Absent, empty and 0: whatever. */
export type SearchCriteria = { readonly [K in SearchText]?: string } & { readonly [K in SearchTopic]?: Topic } & {
  readonly uin?: Uin;
  /** `*` in texts stands for anything, and for nothing. */
  readonly wildcards?: boolean;
  /** In years, both included. */
  readonly ages?: { readonly from: number; readonly to: number };
  readonly gender?: number;
  readonly language?: number;
  readonly country?: number;
  readonly occupation?: number;
  /** Words that stand somewhere in any of the topics' texts. */
  readonly keywords?: string;
  /** Only those who are shown as on line. */
  readonly onlineOnly?: boolean;
};

/** Whether somebody found is on line; `hidden`: he does not tell strangers. */
export type FoundOnline = 'online' | 'offline' | 'hidden';

export interface FoundPerson {
  readonly uin: Uin;
  readonly nickname: string;
  readonly first: string;
  readonly last: string;
  /** Empty when its owner hides it. */
  readonly email: string;
  readonly authorisationRequired: boolean;
  readonly online: FoundOnline;
  readonly gender: number;
  readonly age: number;
  readonly webAware: boolean;
}

/** At most 40, in order of UIN. */
export interface SearchResult {
  readonly found: readonly FoundPerson[];
  /** There are others who fit. */
  readonly more: boolean;
}

// ---------------------------------------------------------------- as the store is asked

/** Letters beside `*` that a text with wildcards needs: a directory is not for reading from one end to the other. */
export const WILDCARD_CHARACTERS_MIN = 3;
export const FOUND_MAX = 40;

/** Folded, ready to be compared. */
export interface SearchPattern {
  /** With `*` when `wild`. */
  readonly text: string;
  readonly wild: boolean;
}

/** Days as numbers like 19740531. */
export interface Ages {
  readonly bornFrom: number;
  readonly bornTo: number;
  readonly from: number;
  readonly to: number;
}

export interface DirectoryQuery {
  readonly uin?: Uin;
  readonly texts: readonly { readonly field: SearchText; readonly pattern: SearchPattern }[];
  readonly topics: readonly { readonly kind: SearchTopic; readonly category: number; readonly words: string }[];
  /** Folded; empty: whatever. */
  readonly keywords: string;
  readonly ages?: Ages;
  readonly gender: number;
  readonly language: number;
  readonly country: number;
  readonly occupation: number;
  /** Nobody but these, and of the second only who is web-aware. */
  readonly among?: { readonly uins: readonly Uin[]; readonly webAware: readonly Uin[] };
}

/** What a directory keeps to search in: nothing hidden is in it. Texts are folded. */
export interface DirectoryEntry {
  readonly texts: Readonly<Record<Exclude<SearchText, 'email'>, string>>;
  readonly emails: readonly string[];
  readonly topics: readonly { readonly kind: SearchTopic; readonly category: number; readonly words: string }[];
  readonly gender: number;
  readonly languages: readonly number[];
  readonly country: number;
  readonly occupation: number;
  /** Like 19740531, with zeros for what was not told. */
  readonly born: number;
  /** As told, for those who did not tell when they were born. */
  readonly age: number;
  readonly webAware: boolean;
}

/**
 * Text as it is compared: compatibility forms and case are one, as are runs of blanks. Well-formed, without control characters.
 * A Σ is a σ wherever it stands: `*` would end a word. Databases hold such texts: whoever changes this has to fold them again.
 */
export function folded(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}

export function entryOf(nickname: string, profile: StoredProfile): DirectoryEntry {
  const { first, last, home, work, birthday } = profile;
  const topics = [
    ...profile.interests.map((topic) => topicEntry('interest', topic)),
    ...profile.affiliations.map((topic) => topicEntry('affiliation', topic)),
    ...profile.pasts.map((topic) => topicEntry('past', topic)),
    ...(profile.homepageTopic === undefined ? [] : [topicEntry('homepage', profile.homepageTopic)]),
  ];
  return {
    texts: {
      nickname: folded(nickname),
      first: folded(first),
      last: folded(last),
      city: folded(home.city),
      state: folded(home.state),
      company: folded(work.company),
      department: folded(work.department),
      position: folded(work.position),
    },
    emails: shownEmails(profile).map(folded),
    topics,
    gender: profile.gender,
    languages: profile.languages.filter((language) => language !== 0),
    country: home.country,
    occupation: work.occupation,
    born: birthday.year * 10_000 + birthday.month * 100 + birthday.day,
    age: birthday.year === 0 ? profile.age : 0,
    webAware: profile.webAware,
  };
}

function topicEntry(kind: SearchTopic, { category, text }: Topic): DirectoryEntry['topics'][number] {
  return { kind, category, words: folded(text) };
}

/** Each once. */
function shownEmails({ email, secondaryEmail, oldEmail, moreEmails }: StoredProfile): string[] {
  const shown = [email, secondaryEmail, oldEmail, ...moreEmails].filter(({ address, hidden }) => address !== '' && !hidden);
  return [...new Set(shown.map(({ address }) => address))];
}

/** `undefined` when there is nothing to look for, or so little that everybody would be found. `too-large`: nobody means that. */
export function queryOf(criteria: SearchCriteria, limits: Pick<Limits, 'profileTextBytesMax'>, now: Time): DirectoryQuery | 'too-large' | undefined {
  const given = [...SEARCH_TEXTS.map((field) => criteria[field] ?? ''), ...SEARCH_TOPICS.map((kind) => criteria[kind]?.text ?? ''), criteria.keywords ?? ''];
  // A character is at most three bytes in UTF-8 for each unit of its string.
  if (given.some((text) => text.length > limits.profileTextBytesMax)) return 'too-large';
  const texts = SEARCH_TEXTS.flatMap((field) => {
    const pattern = patternOf(criteria[field] ?? '', criteria.wildcards === true);
    return pattern === undefined ? [] : [{ field, pattern }];
  });
  if (texts.some(({ pattern }) => pattern.wild && lettersIn(pattern.text.replaceAll('*', '')) < WILDCARD_CHARACTERS_MIN)) return undefined;
  const topics = SEARCH_TOPICS.flatMap((kind) => {
    const { category = 0, text = '' } = criteria[kind] ?? {};
    const words = folded(text.replaceAll('*', ' '));
    return category === 0 && words === '' ? [] : [{ kind, category, words }];
  });
  const ages = criteria.ages === undefined ? undefined : agesOf(criteria.ages, now);
  const { uin, gender = 0, language = 0, country = 0, occupation = 0 } = criteria;
  const keywords = folded((criteria.keywords ?? '').replaceAll('*', ' '));
  const asksNothing = uin === undefined && texts.length + topics.length === 0 && keywords === '' && ages === undefined;
  if (asksNothing && gender + language + country + occupation === 0) return undefined;
  return { ...(uin === undefined ? {} : { uin }), texts, topics, keywords, ...(ages === undefined ? {} : { ages }), gender, language, country, occupation };
}

/** Hangul and ideographs say as much as two letters of an alphabet. */
function lettersIn(text: string): number {
  return Array.from(text).reduce((sum, character) => sum + (character >= '\u1100' ? 2 : 1), 0);
}

function patternOf(text: string, wildcards: boolean): SearchPattern | undefined {
  const plain = folded(text);
  if (!wildcards || !plain.includes('*')) return plain === '' ? undefined : { text: plain, wild: false };
  const pattern = plain.replaceAll(/\*+/g, '*');
  return pattern === '*' ? undefined : { text: pattern, wild: true };
}

/** Born so many years ago, by the calendar. Who asks for 0 to 0 does not ask. */
function agesOf({ from, to }: { readonly from: number; readonly to: number }, now: Time): Ages | undefined {
  if (from <= 0 && to <= 0) return undefined;
  const today = new Date(now);
  const date = today.getUTCFullYear() * 10_000 + (today.getUTCMonth() + 1) * 100 + today.getUTCDate();
  const oldest = to <= 0 ? 0xffff : to;
  return { bornFrom: Math.max(1, date - (oldest + 1) * 10_000 + 1), bornTo: date - from * 10_000, from: Math.max(1, from), to: oldest };
}

/** The rules of a search but for `uin` and `among`, which every store follows; the memory store by this very function. */
export function fits(entry: DirectoryEntry, query: DirectoryQuery): boolean {
  const { ages } = query;
  return (
    query.texts.every(({ field, pattern }) => (field === 'email' ? entry.emails : [entry.texts[field]]).some((text) => matches(text, pattern))) &&
    query.topics.every(({ kind, category, words }) =>
      entry.topics.some((topic) => topic.kind === kind && (category === 0 || topic.category === category) && topic.words.includes(words)),
    ) &&
    (query.keywords === '' || entry.topics.some(({ words }) => words.includes(query.keywords))) &&
    (ages === undefined || isAged(entry, ages)) &&
    (query.gender === 0 || entry.gender === query.gender) &&
    (query.language === 0 || entry.languages.includes(query.language)) &&
    (query.country === 0 || entry.country === query.country) &&
    (query.occupation === 0 || entry.occupation === query.occupation)
  );
}

function isAged({ born, age }: DirectoryEntry, { bornFrom, bornTo, from, to }: Ages): boolean {
  return born >= 10_000 ? born >= bornFrom && born <= bornTo : age >= from && age <= to;
}

/** In time that grows with the text, whatever the pattern: the pieces between wildcards, each where it comes first. */
function matches(text: string, { text: pattern, wild }: SearchPattern): boolean {
  if (!wild) return text === pattern;
  const pieces = pattern.split('*');
  const [first = '', last = ''] = [pieces[0], pieces.at(-1)];
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** The profile is as others see it. */
export function foundPersonOf(uin: Uin, profile: Profile, online: FoundOnline, now: Time): FoundPerson {
  const { nickname, first, last, authorisationRequired, gender, webAware } = profile;
  return { uin, nickname, first, last, email: profile.email.address, authorisationRequired, online, gender, age: ageOf(profile, now), webAware };
}
