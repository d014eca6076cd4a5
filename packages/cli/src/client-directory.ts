/** People in the line-mode client: what they tell, finding them, meeting by chance. */
import type { Client, OtherEmail, PersonDetails, PersonFound, PersonSearch, Topic } from '@seekyou/client';
import { harmless, harmlessLines } from './harmless.ts';

type Kind = 'text' | 'number' | 'flag' | 'numbers' | 'topics' | 'topic' | 'emails' | 'gender' | 'date' | 'offset' | 'direct';
type Fields<T> = Readonly<Record<string, Kind>> & { readonly [K in keyof T]?: Kind };

/** What `/set` can tell. */
export const DETAILS = {
  nickname: 'text',
  first: 'text',
  last: 'text',
  email: 'text',
  hideEmail: 'flag',
  otherEmails: 'emails',
  gender: 'gender',
  age: 'number',
  birthday: 'date',
  languages: 'numbers',
  city: 'text',
  state: 'text',
  street: 'text',
  zip: 'text',
  country: 'number',
  phone: 'text',
  fax: 'text',
  cellular: 'text',
  gmtOffset: 'offset',
  homepage: 'text',
  homepageCategory: 'topic',
  about: 'text',
  interests: 'topics',
  affiliations: 'topics',
  pasts: 'topics',
  originCity: 'text',
  originState: 'text',
  originCountry: 'number',
  company: 'text',
  department: 'text',
  position: 'text',
  occupation: 'number',
  workCity: 'text',
  workState: 'text',
  workStreet: 'text',
  workZip: 'text',
  workCountry: 'number',
  workPhone: 'text',
  workFax: 'text',
  workHomepage: 'text',
  authorisationRequired: 'flag',
  webAware: 'flag',
  directPermissions: 'direct',
  hideAddress: 'flag',
} as const satisfies Fields<PersonDetails & { readonly hideAddress: boolean }>;

const SEARCH = {
  uin: 'number',
  nickname: 'text',
  first: 'text',
  last: 'text',
  email: 'text',
  city: 'text',
  state: 'text',
  company: 'text',
  department: 'text',
  position: 'text',
  gender: 'gender',
  language: 'number',
  country: 'number',
  occupation: 'number',
  ageFrom: 'number',
  ageTo: 'number',
  interest: 'topic',
  affiliation: 'topic',
  past: 'topic',
  homepage: 'topic',
  keywords: 'text',
  onlineOnly: 'flag',
} as const satisfies Fields<PersonSearch>;

/** Says what is wrong with what was typed. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
}

/** How a value of each kind is written. */
export const FORMS: Readonly<Record<Kind, string>> = {
  text: 'a text',
  number: 'a number',
  flag: 'yes or no',
  numbers: 'up to three numbers, such as 44 50',
  topics: 'numbers with words, such as 104 chess; 113 jazz',
  topic: 'a number with words, such as 50 my cats',
  emails: 'addresses, such as ann@example.org; hidden ann@example.com',
  gender: '1 for female or 2 for male',
  date: 'YEAR-MONTH-DAY, such as 1974-05-31',
  offset: 'half hours west of Greenwich, -24 to 24, such as -2 for Central European Time',
  direct: '0 for anybody, 1 for contacts or 2 for nobody, because the server tells nobody your address',
};

/** What says that there is nothing any more. A permission is always one of three, a flag always yes or no. */
const NOTHING: Partial<Record<Kind, number | Topic>> = { number: 0, gender: 0, offset: -100, topic: { category: 0, text: '' } };

/** Or nothing. How many days a month has, the server knows. */
const DATE = /^(\d{4}-(0\d|1[0-2])-([0-2]\d|3[01]))?$/;

type Value = string | number | boolean | Topic | readonly number[] | readonly Topic[] | readonly OtherEmail[];

function valueOf(fields: Readonly<Record<string, Kind>>, name: string, text: string): Value {
  const kind = kindOf(fields, name);
  if (kind === 'text' || (kind === 'date' && DATE.test(text))) return text;
  if (kind === 'flag' && ['yes', 'no'].includes(text)) return text === 'yes';
  if (kind === 'number' && /^\d{1,10}$/.test(text)) return Number(text);
  if ((kind === 'gender' && /^[12]$/.test(text)) || (kind === 'direct' && /^[012]$/.test(text))) return Number(text);
  if (kind === 'offset' && /^-?\d{1,2}$/.test(text) && Math.abs(Number(text)) <= 24) return Number(text);
  if (kind === 'numbers' && /^(\d{1,5}( +\d{1,5}){0,2})?$/.test(text)) return text.split(/ +/).filter(Boolean).map(Number);
  if (kind === 'topics' && /^(\s*\d{1,5}( [^;]*)?(;|$))*$/.test(text)) return topicsFrom(text);
  if (kind === 'topic' && /^\d{1,5}( [^;]*)?$/.test(text)) return topicsFrom(text)[0] as Topic;
  if (kind === 'emails' && partsOf(text).every((part) => EMAIL.test(part))) return emailsFrom(text);
  throw new FieldError(`${name} is ${FORMS[kind]}, not ${text === '' ? 'nothing' : text}`);
}

function kindOf(fields: Readonly<Record<string, Kind>>, name: string): Kind {
  const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (kind === undefined) throw new FieldError(`${name} is none of ${Object.keys(fields).join(', ')}`);
  return kind;
}

const HIDDEN = /^hidden /;
const EMAIL = /^(hidden )?[^\s@]+@[^\s@]+$/;

function partsOf(text: string): string[] {
  return text
    .split(';')
    .map((part) => part.trim())
    .filter(Boolean);
}

/** `ann@example.org; hidden ann@example.com`. */
function emailsFrom(text: string): OtherEmail[] {
  return partsOf(text).map((part) => ({ address: part.replace(HIDDEN, ''), hidden: HIDDEN.test(part) }));
}

/** `104 chess; 113`. */
function topicsFrom(text: string): Topic[] {
  return partsOf(text).map((part) => ({ category: Number.parseInt(part, 10), text: part.replace(/^\d+\s*/, '') }));
}

/** `last="de Groot" city=Łódź onlineOnly`. @throws FieldError */
export function searchFrom(text: string): PersonSearch {
  const words = text.match(/\w+(?:=(?:"[^"]*"|\S*))?|\S+/g) ?? [];
  const given = words.map((word) => {
    // `onlineOnly` alone is enough.
    const [, name = word, value = kindOf(SEARCH, name) === 'flag' ? 'yes' : ''] = /^(\w+)(?:=(.*))?$/s.exec(word) ?? [];
    return [name, valueOf(SEARCH, name, value.replaceAll('"', ''))];
  });
  return Object.fromEntries(given) as PersonSearch;
}

/** @throws FieldError */
export async function tell(client: Client, field: string, value: string): Promise<void> {
  const none = value === '' ? NOTHING[kindOf(DETAILS, field)] : undefined;
  const told = none ?? valueOf(DETAILS, field, value);
  // It belongs to this client and not to its person.
  if (field === 'hideAddress') client.hideAddress(told === true);
  else await client.directory.tell({ [field]: told });
}

/** Only what was told. */
export async function info(client: Client, uin: number): Promise<Partial<PersonDetails> | null> {
  const details = await client.directory.info(uin);
  if (details === undefined) return null;
  const told = Object.entries(details).filter(([name, value]) => {
    if (name === 'gmtOffset') return value !== -100;
    if (name === 'homepageCategory') return details.homepageCategory.category !== 0 || details.homepageCategory.text !== '';
    return Array.isArray(value) ? value.length > 0 : value !== '' && value !== 0 && value !== false;
  });
  return Object.fromEntries(told) as Partial<PersonDetails>;
}

/** A group of ICQ's, 1 to 11. @throws FieldError */
export function groupFrom(text: string): number {
  const group = Number(text);
  if (!/^\d+$/.test(text) || group > 0xffff) throw new FieldError(`${text} is no group; 1 is the general one`);
  return group;
}

// ---------------------------------------------------------------- for people

export function infoLines(details: Partial<PersonDetails> | null): string[] {
  if (details === null) return ['there is nobody of this number'];
  return Object.entries(details).map(
    ([name, value]) => `${name.padEnd(22)} ${harmlessLines(typeof value === 'object' ? JSON.stringify(value) : String(value))}`,
  );
}

export function foundLines({ found, more }: { readonly found: readonly PersonFound[]; readonly more: boolean }): string[] {
  const lines = found.map((person) => {
    const names = harmless([person.first, person.last].filter((name) => name !== '').join(' '));
    const where = person.online === 'unknown' ? '' : person.online;
    return `${String(person.uin).padEnd(11)} ${harmless(person.nickname).padEnd(20)} ${names.padEnd(28)} ${harmless(person.email).padEnd(28)} ${where}`.trimEnd();
  });
  if (found.length === 0) return ['nobody was found'];
  return more ? [...lines, 'and others; say more about whom you look for'] : lines;
}
