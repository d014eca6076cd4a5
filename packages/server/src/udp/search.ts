/** Looking for people with the commands of versions 2 to 4, which version 5 has too. @see icq-udp.md §18.1, §23 */
import { asUin, type FoundPerson, parseUin, type SearchCriteria, type SearchText } from '@seekyou/core';
import { icqMeta } from '@seekyou/wire/oscar';
import { commands, replies, type SearchUser } from '@seekyou/wire/udp';
import { decodeText } from '@seekyou/wire/text';
import { authorizationOf, foundNames } from './profile.ts';
import { ask, type Handler, on, reply, type Request, type Route, type UdpContext, type UdpEffect } from './state.ts';

const { FoundOnline } = icqMeta;

/** The number that version 2 puts in front of a request and wants back. */
interface Numbered {
  readonly requestSeq?: number;
}

const onSearchUin: Handler<Numbered & { readonly uin: number }> = (context, { uin: number, requestSeq }, request) => {
  const uin = asUin(number);
  return uin === undefined ? [ended(request, requestSeq, 0)] : search(context, { uin }, request, requestSeq);
};

/** The mail address alone, or names that all have to match. */
const onSearchUser: Handler<SearchUser> = (context, { nick, first, last, email, requestSeq }, request) => {
  const say = (bytes: Uint8Array): string => decodeText(bytes, context.session.profile.codepage).trim();
  const criteria = given(email.length > 0 ? { email: say(email) } : { nickname: say(nick), first: say(first), last: say(last) });
  return Object.keys(criteria).length === 0 ? [ended(request, requestSeq, 0)] : search(context, criteria, request, requestSeq);
};

/** Without what was left empty; `*` stands for anything in what is left. */
export function given(criteria: { readonly [K in keyof SearchCriteria]?: SearchCriteria[K] | undefined }): SearchCriteria {
  const told = Object.entries(criteria).filter(([, value]) => value !== '' && value !== undefined && value !== 0 && value !== false);
  const isWild = told.some(([, value]) => typeof value === 'string' && value.includes('*'));
  return Object.fromEntries(isWild ? [...told, ['wildcards', true]] : told);
}

function search(context: UdpContext, criteria: SearchCriteria, request: Request, requestSeq: number | undefined): readonly UdpEffect[] {
  return [
    ask(
      'directory.search',
      { criteria },
      ({ found, more }) => [...found.map((person) => foundOne(context, person, request, requestSeq)), ended(request, requestSeq, more ? 1 : 0)],
      () => [ended(request, requestSeq, 0)],
    ),
  ];
}

function foundOne({ session }: UdpContext, person: FoundPerson, request: Request, requestSeq: number | undefined): UdpEffect {
  const names = foundNames(person, session.profile.codepage);
  return reply(request, replies.userFound, {
    ...repeated(requestSeq),
    uin: person.uin,
    ...names,
    authorization: authorizationOf(person.authorisationRequired),
    online: ONLINE[person.online],
  });
}

const ONLINE = { offline: FoundOnline.offline, online: FoundOnline.online, hidden: FoundOnline.unknown } as const;

function ended(request: Request, requestSeq: number | undefined, more: number): UdpEffect {
  return reply(request, replies.endOfSearch, { ...repeated(requestSeq), more });
}

export function repeated(requestSeq: number | undefined): Numbered {
  return requestSeq === undefined ? {} : { requestSeq };
}

// ---------------------------------------------------------------- Groupware

const { SearchCriterion, SearchMode } = commands;

type Criteria = { -readonly [K in keyof SearchCriteria]: SearchCriteria[K] };

interface GroupwareSearch {
  readonly criteria: readonly { readonly criterion: number; readonly mode: number; readonly value: Uint8Array }[];
}

const onGroupwareSearch: Handler<GroupwareSearch> = (context, { criteria: pairs }, request) => {
  const criteria: Criteria = {};
  for (const { criterion, mode, value } of pairs) {
    const text = decodeText(value, context.session.profile.codepage).trim();
    if (text === '') continue;
    // "All others" is a question for a company's list, not for a directory; nor does it know everything Groupware does.
    const isKnown = mode !== SearchMode.containsNot && mode !== SearchMode.isNot && add(criteria, criterion, mode, text);
    if (!isKnown) return [ended(request, undefined, 0)];
  }
  const asked = given(criteria);
  return Object.keys(asked).length === 0 ? [ended(request, undefined, 0)] : search(context, asked, request, undefined);
};

/** False for criteria that nobody keeps here. */
function add(criteria: Criteria, criterion: number, mode: number, text: string): boolean {
  const field = TEXT_CRITERIA.get(criterion);
  const uin = criterion === SearchCriterion.uin ? parseUin(text) : undefined;
  if (field !== undefined) criteria[field] = patternOf(mode, text);
  else if (uin !== undefined) criteria.uin = uin;
  else if (criterion === SearchCriterion.age) criteria.ages = { from: Number(text) || 0, to: Number(text) || 0 };
  else if (criterion === SearchCriterion.country) criteria.country = Number(text) || 0;
  else return false;
  return true;
}

const TEXT_CRITERIA = new Map<number, SearchText>([
  [SearchCriterion.nick, 'nickname'],
  [SearchCriterion.first, 'first'],
  [SearchCriterion.last, 'last'],
  [SearchCriterion.email, 'email'],
  [SearchCriterion.company, 'company'],
  [SearchCriterion.title, 'position'],
  [SearchCriterion.department, 'department'],
  [SearchCriterion.city, 'city'],
  [SearchCriterion.state, 'state'],
]);

function patternOf(mode: number, text: string): string {
  if (mode === SearchMode.contains) return `*${text}*`;
  if (mode === SearchMode.begins) return `${text}*`;
  return mode === SearchMode.ends ? `*${text}` : text;
}

export const routes: readonly Route[] = [
  on(commands.searchUin, onSearchUin),
  on(commands.searchUser, onSearchUser),
  on(commands.groupwareSearch, onGroupwareSearch),
];
