/** People in the line-mode client: what they tell, finding them, meeting by chance. */
import type { Client, PersonDetails, PersonFound, PersonSearch, Topic } from '@seekyou/client';
import { harmless, harmlessLines } from './harmless.ts';

type Kind = 'text' | 'number' | 'flag' | 'numbers' | 'topics';
type Fields<T> = Readonly<Record<string, Kind>> & { readonly [K in keyof T]?: Kind };

const DETAILS = {
  nickname: 'text',
  first: 'text',
  last: 'text',
  email: 'text',
  hideEmail: 'flag',
  gender: 'number',
  age: 'number',
  birthday: 'text',
  languages: 'numbers',
  city: 'text',
  state: 'text',
  street: 'text',
  zip: 'text',
  country: 'number',
  phone: 'text',
  fax: 'text',
  cellular: 'text',
  gmtOffset: 'number',
  homepage: 'text',
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
  directPermissions: 'number',
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
  gender: 'number',
  language: 'number',
  country: 'number',
  occupation: 'number',
  ageFrom: 'number',
  ageTo: 'number',
  keywords: 'text',
  onlineOnly: 'flag',
} as const satisfies Fields<PersonSearch>;

/** Says what is wrong with what was typed. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
}

const WANTED: Readonly<Record<Kind, string>> = {
  text: 'a text',
  number: 'a number',
  flag: 'yes or no',
  numbers: 'up to three numbers, such as 44 50',
  topics: 'numbers with words, such as 104 chess; 113 jazz',
};

function valueOf(fields: Readonly<Record<string, Kind>>, name: string, text: string): string | number | boolean | readonly number[] | readonly Topic[] {
  const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (kind === undefined) throw new FieldError(`${name} is none of ${Object.keys(fields).join(', ')}`);
  if (kind === 'text') return text;
  if (kind === 'flag' && ['yes', 'no', ''].includes(text)) return text !== 'no';
  if (kind === 'number' && /^-?\d{1,10}$/.test(text)) return Number(text);
  if (kind === 'numbers' && /^(\d{1,5}( +\d{1,5}){0,2})?$/.test(text)) return text.split(/ +/).filter(Boolean).map(Number);
  if (kind === 'topics' && /^(\s*\d{1,5}( [^;]*)?(;|$))*$/.test(text)) return topicsFrom(text);
  throw new FieldError(`${name} is ${WANTED[kind]}, not ${text === '' ? 'nothing' : text}`);
}

/** `104 chess; 113`. */
function topicsFrom(text: string): Topic[] {
  const parts = text.split(';').map((part) => part.trim());
  return parts.filter(Boolean).map((part) => ({ category: Number.parseInt(part, 10), text: part.replace(/^\d+\s*/, '') }));
}

/** `last="de Groot" city=Łódź onlineOnly`. @throws FieldError */
export function searchFrom(text: string): PersonSearch {
  const words = text.match(/\w+(?:=(?:"[^"]*"|\S*))?|\S+/g) ?? [];
  const given = words.map((word) => {
    const [, name = word, value = ''] = /^(\w+)(?:=(.*))?$/s.exec(word) ?? [];
    return [name, valueOf(SEARCH, name, value.replaceAll('"', ''))];
  });
  return Object.fromEntries(given) as PersonSearch;
}

/** @throws FieldError */
export async function tell(client: Client, field: string, value: string): Promise<void> {
  const told = valueOf(DETAILS, field, value);
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
