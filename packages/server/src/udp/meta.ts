/** META: what ICQ 99, licq and mICQ ask, set and search with one command. @see icq-udp.md §19 */
import { asUin, type CommandInput, type Profile, type ProfileChanges, type SearchCriteria, type SearchResult, type Topic } from '@seekyou/core';
import { icqMeta } from '@seekyou/wire/oscar';
import { decodeText } from '@seekyou/wire/text';
import { commands, meta, type MetaDeclaration, type MetaForm, type MetaValue, replies } from '@seekyou/wire/udp';
import { readable } from '../runtime/readable.ts';
import { Quirk } from './clients.ts';
import {
  aboutChange,
  affiliationsChange,
  authorizationOf,
  detailsOf,
  foundNames,
  generalChange,
  homepageChange,
  interestsChange,
  moreChange,
  workChange,
} from './profile.ts';
import { secretOf } from './password.ts';
import { given } from './search.ts';
import { ask, type Handler, on, reply, type Request, type Route, type UdpContext, type UdpEffect } from './state.ts';

const { Authorization } = icqMeta;

/** A request that could be read, in its form: the answer has the same. */
interface Asked<T> {
  readonly context: UdpContext;
  readonly request: Request;
  readonly form: MetaForm;
  readonly value: T;
}

type MetaHandler<T> = (asked: Asked<T>) => readonly UdpEffect[];

interface MetaRoute {
  readonly declaration: MetaDeclaration<any>;
  /** What tells a client of a request that made no sense. */
  readonly failure: MetaDeclaration<any> | undefined;
  readonly handle: MetaHandler<any>;
}

function onMeta<T>(declaration: MetaDeclaration<T>, failure: MetaDeclaration<any> | undefined, handle: MetaHandler<T>): MetaRoute {
  return { declaration, failure, handle };
}

/** Unknown requests are acknowledged, and no more. */
const onMetaUser: Handler<{ readonly subtype: number; readonly data: Uint8Array }> = (context, { subtype, data }, request) => {
  const found = meta.metaRequestOf(subtype);
  const route = found && META_ROUTES.find((candidate) => candidate.declaration === found.declaration);
  if (found === undefined || route === undefined) return [];
  const value = readable(() => meta.decodeMeta(found.declaration, found.form, data));
  if (value !== undefined) return route.handle({ context, request, form: found.form, value });
  return route.failure === undefined ? [] : [failed(request, route.failure)];
};

function done<T>({ request, form }: Asked<unknown>, answer: MetaDeclaration<T>, value: T): UdpEffect {
  return reply(request, replies.metaUser, meta.encodeMetaAnswer(answer, form, value));
}

function failed(request: Request, answer: MetaDeclaration<any>): UdpEffect {
  return reply(request, replies.metaUser, meta.metaFailure(answer));
}

// ---------------------------------------------------------------- one's own details

type Empty = MetaDeclaration<{}>;

function onChange<T>(declaration: MetaDeclaration<T>, answer: Empty, changes: (value: T, codepage: number) => ProfileChanges): MetaRoute {
  return onMeta(declaration, answer, (asked) =>
    perform(asked, answer, 'profile.change', { changes: changes(asked.value, asked.context.session.profile.codepage) }),
  );
}

type Setting = 'profile.change' | 'account.permissions' | 'account.password' | 'account.unregister';

function perform<C extends Setting>(asked: Asked<unknown>, answer: Empty, command: C, input: CommandInput<C>): readonly UdpEffect[] {
  return [
    ask(
      command,
      input,
      () => [done(asked, answer, {})],
      () => [failed(asked.request, answer)],
    ),
  ];
}

const onSetSecurity: MetaHandler<{ readonly authorization: number; readonly webAware: number; readonly directPermissions: number }> = (asked) => {
  const { authorization, webAware, directPermissions } = asked.value;
  // COMPAT: licq says "hide address" before "web aware" (icq-udp.md §19.1).
  const [web, hide] = asked.context.session.profile.quirks.has(Quirk.licqOrder) ? [directPermissions, webAware] : [webAware, directPermissions];
  return perform(asked, meta.securitySet, 'account.permissions', {
    authorisationRequired: authorization === Authorization.required,
    webAware: web !== 0,
    hideAddress: hide !== 0,
  });
};

/** No password is asked for: the session is the only proof these protocols have. */
const onSetPassword: MetaHandler<{ readonly password: Uint8Array }> = (asked) =>
  perform(asked, meta.passwordSet, 'account.password', { password: secretOf(asked.value.password) });

/** The number is that of the session, or nobody's. */
const onUnregister: MetaHandler<{ readonly uin: number; readonly password: Uint8Array }> = (asked) =>
  asked.value.uin === asked.context.session.uin
    ? perform(asked, meta.unregistered, 'account.unregister', { password: secretOf(asked.value.password) })
    : [failed(asked.request, meta.unregistered)];

// ---------------------------------------------------------------- others' details

function withProfile(
  { request, value }: Asked<{ readonly uin: number }>,
  answer: MetaDeclaration<any>,
  told: (profile: Profile) => readonly UdpEffect[],
): readonly UdpEffect[] {
  const uin = asUin(value.uin);
  if (uin === undefined) return [failed(request, answer)];
  return [ask('profile.load', { uin }, told, () => [failed(request, answer)])];
}

/** All seven, empty ones too: licq counts them. */
const onFullInfo: MetaHandler<{ readonly uin: number }> = (asked) =>
  withProfile(asked, meta.generalInfo, (profile) => {
    const details = detailsOf(profile, asked.context);
    return [
      done(asked, meta.generalInfo, details.general),
      done(asked, meta.moreInfoAnswer, details.more),
      done(asked, meta.homepageCategoryAnswer, details.homepageCategory),
      done(asked, meta.workInfoAnswer, details.work),
      done(asked, meta.aboutAnswer, details.about),
      done(asked, meta.interestsAnswer, details.interests),
      done(asked, meta.affiliationsAnswer, details.affiliations),
    ];
  });

const onShortInfo: MetaHandler<{ readonly uin: number }> = (asked) =>
  withProfile(asked, meta.shortInfoAnswer, (profile) => {
    const { general, more } = detailsOf(profile, asked.context);
    const { nick, first, last, email, authorization } = general;
    return [done(asked, meta.shortInfoAnswer, { nick, first, last, email, authorization, zero: 0, gender: more.gender })];
  });

// ---------------------------------------------------------------- searches

/** Answers of one search: for each who was found, and for the last. */
interface FoundForms {
  readonly each: MetaDeclaration<meta.FoundAnswer>;
  readonly last: MetaDeclaration<meta.FoundAnswer>;
}

const PLAIN: FoundForms = { each: meta.userFound, last: meta.lastUserFound };
const PAGES: FoundForms = { each: meta.whitePagesFound, last: meta.lastWhitePagesFound };

/** @param others tried one after the other while nobody is found */
function search(asked: Asked<unknown>, forms: FoundForms, criteria: SearchCriteria, ...others: readonly SearchCriteria[]): readonly UdpEffect[] {
  const [next, ...rest] = others;
  const nobody = (): readonly UdpEffect[] => (next === undefined ? [failed(asked.request, forms.last)] : search(asked, forms, next, ...rest));
  if (Object.keys(criteria).length === 0) return nobody();
  return [ask('directory.search', { criteria }, (answer) => (answer.found.length === 0 ? nobody() : tell(asked, forms, answer)), nobody)];
}

function tell(asked: Asked<unknown>, forms: FoundForms, { found, more }: SearchResult): readonly UdpEffect[] {
  const { codepage } = asked.context.session.profile;
  return found.map((one, i) => {
    const person = { uin: one.uin, ...foundNames(one, codepage), authorization: authorizationOf(one.authorisationRequired), webAware: one.webAware ? 1 : 0 };
    return i === found.length - 1 ? done(asked, forms.last, { person, usersLeft: more ? 1 : 0 }) : done(asked, forms.each, { person });
  });
}

const onSearchUin: MetaHandler<{ readonly uin: number }> = (asked) => {
  const uin = asUin(asked.value.uin);
  return search(asked, PLAIN, uin === undefined ? {} : { uin });
};

const onSearchEmail: MetaHandler<{ readonly email: Uint8Array }> = (asked) => search(asked, PLAIN, given({ email: sayer(asked)(asked.value.email) }));

/** Sources differ about the order of the three (icq-udp.md §27). */
const onSearchName: MetaHandler<{ readonly first: Uint8Array; readonly last: Uint8Array; readonly nick: Uint8Array }> = (asked) => {
  const say = sayer(asked);
  const [one, two, three] = [say(asked.value.first), say(asked.value.last), say(asked.value.nick)];
  return search(asked, PLAIN, given({ first: one, last: two, nickname: three }), given({ nickname: one, first: two, last: three }));
};

/** Numbers that were not told come as 0 or as all ones. */
const onWhitePages: MetaHandler<MetaValue<typeof meta.whitePages>> = (asked) => {
  const { value } = asked;
  const say = sayer(asked);
  const topic = (category: number, words: Uint8Array): Topic | undefined =>
    told(category) === 0 && words.length === 0 ? undefined : { category: told(category), text: say(words) };
  return search(
    asked,
    PAGES,
    given({
      first: say(value.first),
      last: say(value.last),
      nickname: say(value.nick),
      email: say(value.email),
      ages: value.ageTo === 0 ? undefined : { from: value.ageFrom, to: value.ageTo },
      gender: value.gender > icqMeta.Gender.male ? 0 : value.gender,
      language: value.language === 0xff ? 0 : value.language,
      city: say(value.city),
      state: say(value.state),
      country: told(value.country),
      company: say(value.company),
      department: say(value.department),
      position: say(value.position),
      occupation: value.occupation === 0xff ? 0 : value.occupation,
      past: topic(value.past, value.pastKeywords),
      interest: topic(value.interest, value.interestKeywords),
      affiliation: topic(value.affiliation, value.affiliationKeywords),
      homepage: topic(value.homepage ?? 0, value.homepageKeywords ?? NO_WORDS),
      onlineOnly: value.onlineOnly !== 0,
    }),
  );
};

const NO_WORDS = new Uint8Array(0);

function told(number: number): number {
  return number === 0xffff ? 0 : number;
}

function sayer({ context }: Asked<unknown>): (bytes: Uint8Array) => string {
  return (bytes) => decodeText(bytes, context.session.profile.codepage).trim();
}

// ---------------------------------------------------------------- routes

/** COMPAT: the original server answers this with the number of the connection's other end (icq-udp.md §8.2). */
const onMetaLogin: MetaHandler<unknown> = ({ request }) => [reply(request, replies.silentTooLong, { data: Uint8Array.of(0xd0, 0x07, 0, 0, 0x46, 0) })];

const META_ROUTES: readonly MetaRoute[] = [
  onChange(meta.setGeneral, meta.generalSet, generalChange),
  onChange(meta.setWork, meta.workSet, workChange),
  onChange(meta.setMore, meta.moreSet, moreChange),
  onChange(meta.setAbout, meta.aboutSet, aboutChange),
  onChange(meta.setInterests, meta.interestsSet, interestsChange),
  onChange(meta.setAffiliations, meta.affiliationsSet, affiliationsChange),
  onChange(meta.setHomepageCategory, meta.homepageCategoryWasSet, homepageChange),
  onMeta(meta.setSecurity, meta.securitySet, onSetSecurity),
  onMeta(meta.setPassword, meta.passwordSet, onSetPassword),
  onMeta(meta.unregister, meta.unregistered, onUnregister),
  onMeta(meta.fullInfo, meta.generalInfo, onFullInfo),
  onMeta(meta.ownInfo, meta.generalInfo, onFullInfo),
  onMeta(meta.getShortInfo, meta.shortInfoAnswer, onShortInfo),
  onMeta(meta.searchName, meta.lastUserFound, onSearchName),
  onMeta(meta.searchUin, meta.lastUserFound, onSearchUin),
  onMeta(meta.searchEmail, meta.lastUserFound, onSearchEmail),
  onMeta(meta.whitePages, meta.lastWhitePagesFound, onWhitePages),
  onMeta(meta.metaLogin, undefined, onMetaLogin),
  onMeta(meta.usageStatistics, undefined, () => []),
];

export const routes: readonly Route[] = [on(commands.metaUser, onMetaUser)];
