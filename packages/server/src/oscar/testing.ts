/** Surroundings for the tests of the families: a session as a value, and what a handler did with it. */
import assert from 'node:assert/strict';
import {
  asUin,
  type ClientProfile,
  type CommandInput,
  type CommandName,
  type CommandOutput,
  type MessageId,
  PEOPLE,
  type Presence,
  type PresenceView,
  type Refusal,
  refuse,
  type Session,
  type Status,
  type Uin,
} from '@seekyou/core';
import { decodeSnac, decodeSnacBody, encodeSnac, type SnacDeclaration } from '@seekyou/wire/oscar';
import { Answerable } from './answerable.ts';
import type { CounterName } from './counters.ts';
import { PEOPLE_RATES, RateMeter } from './rates.ts';
import { FETCH_GIVEN, type OscarContext, type OscarEffect, type OscarState, type OutgoingSnac, type Request, type Route } from './state.ts';

export const NOW = Date.UTC(2003, 5, 30, 9, 16, 48);

export const ALICE = asUin(100_001) as Uin;
export const BOB = asUin(100_002) as Uin;

export const ONLINE: Status = { availability: 'online', invisible: false, webAware: false, hideAddress: false, direct: 'all', word: 0 };

/** Reads Unicode, keeps its list on the server: Miranda, say. */
export const UNICODE_CLIENT: ClientProfile = {
  protocol: 'oscar',
  name: 'test',
  codepage: 1252,
  unicode: true,
  html: false,
  serverRoster: true,
  quirks: new Set(),
};
/** ICQ 2000: one code page, its own list. */
export const OLD_CLIENT: ClientProfile = { ...UNICODE_CLIENT, name: 'ICQ 2000', unicode: false, serverRoster: false, quirks: new Set(['ansi-reasons']) };
export const RUSSIAN_OLD_CLIENT: ClientProfile = { ...OLD_CLIENT, codepage: 1251 };
/** Ours. */
export const OWN_CLIENT: ClientProfile = { ...UNICODE_CLIENT, name: 'seekyou', protocol: 'own' };
/** Writes and reads HTML, otherwise an ICQ client. */
export const LIBPURPLE: ClientProfile = { ...UNICODE_CLIENT, name: 'libpurple', html: true };
export const AIM_CLIENT: ClientProfile = { ...LIBPURPLE, name: 'AIM', serverRoster: false, quirks: new Set(['plain-only']) };

export interface ContextParts {
  readonly uin?: Uin;
  readonly profile?: ClientProfile;
  readonly presence?: Partial<Presence>;
  readonly address?: string;
  readonly state?: Partial<OscarState>;
  readonly now?: number;
}

export type TestContext = OscarContext & { readonly written: MessageId[]; readonly confirmed: MessageId[] };

/** A session of Alice's unless said otherwise. `written` has the messages its transport took, `confirmed` those the client has. */
export function contextOf({
  uin = ALICE,
  profile = UNICODE_CLIENT,
  presence = {},
  address = '192.0.2.1',
  state = {},
  now = NOW,
}: ContextParts = {}): TestContext {
  const written: MessageId[] = [];
  const confirmed: MessageId[] = [];
  const session: Session = {
    id: '0123456789abcdef',
    uin,
    peer: { address, port: 40_000, known: true },
    signedOnAt: NOW - 77_000,
    presence: { status: ONLINE, capabilities: [], ...presence },
    instance: 1,
    ended: false,
    profile,
    written: (id) => written.push(id),
    confirmed: (id) => confirmed.push(id),
    heard: () => {},
    goodbye: () => {},
    leave: () => {},
    close: () => {},
  };
  return {
    session,
    state: { ...FRESH_STATE, answerable: new Answerable(), ...state },
    now,
    limits: PEOPLE,
    rates: new RateMeter(PEOPLE_RATES, now),
    written,
    confirmed,
  };
}

const FRESH_STATE: Omit<OscarState, 'answerable'> = {
  service: 0,
  software: { name: 'test', clientId: 0x010a, version: [0, 0, 0, 0], distribution: 0, language: 'en', country: 'us' },
  versions: new Map([[0x13, 4]]),
  online: true,
  askedRoster: false,
  usesRoster: false,
  icbmFlags: new Map(),
  writesUnicode: false,
  edit: 'none',
};

export function viewOf(uin: Uin = BOB, parts: Partial<PresenceView> = {}): PresenceView {
  return { uin, status: ONLINE, capabilities: [], signedOnAt: NOW - 77_000, createdAt: Date.UTC(2003, 0, 1), ...parts };
}

export const REQUEST_ID = 0x1234;

/** What the family does with a packet; the packet is encoded and decoded first, so it is one that clients can send. */
export function handle<T>(routes: readonly Route[], declaration: SnacDeclaration<T>, value: T, context: OscarContext): readonly OscarEffect[] {
  const route = routes.find((candidate) => candidate.declaration === declaration);
  assert.ok(route, 'no route for this packet');
  const { data } = decodeSnac(encodeSnac(declaration, value, REQUEST_ID));
  const request: Request = { family: declaration.family, subtype: declaration.subtype, requestId: REQUEST_ID, flags: 0 };
  return route.handle(context, decodeSnacBody(declaration, data), request);
}

/** The only effect but for what is counted, which asks the core. */
export function asked<C extends CommandName>(
  effects: readonly OscarEffect[],
  command: C,
): {
  readonly input: CommandInput<C>;
  readonly answered: (output: CommandOutput<C>) => readonly OscarEffect[];
  readonly refused: (refusal: Refusal) => readonly OscarEffect[];
} {
  const asks = effects.filter((effect) => effect.do === 'ask').filter((effect) => !isCount(effect));
  const [effect] = asks;
  assert.equal(asks.length, 1, 'one question');
  assert.ok(effect !== undefined && effect.command === command, `asks ${effect?.command}, not ${command}`);
  return { input: effect.input as CommandInput<C>, answered: effect.answered, refused: (refusal) => effect.refused(refuse(refusal)) };
}

/** The names of what is counted. */
export function countedIn(effects: readonly OscarEffect[]): readonly CounterName[] {
  return effects.flatMap((effect) => (effect.do === 'ask' && isCount(effect) ? [effect.input as CounterName] : []));
}

function isCount(effect: OscarEffect): boolean {
  return effect.do === 'ask' && effect.command === 'connection.count';
}

/** The packets of a list of nothing else but what is counted. */
export function packets(effects: readonly OscarEffect[]): readonly OutgoingSnac[] {
  return effects.flatMap((effect) => {
    if (isCount(effect)) return [];
    assert.ok(effect.do === 'send', `${effect.do} instead of a packet`);
    return effect.packet;
  });
}

/** The packets a fetch is answered with; behind them the core is told that this was all. */
export function fetchedPackets(effects: readonly OscarEffect[]): readonly OutgoingSnac[] {
  assert.equal(effects.at(-1), FETCH_GIVEN);
  return packets(effects.slice(0, -1));
}

/** Packets of one kind, as the client decodes them, and no others. */
export function received<T>(effects: readonly OscarEffect[], declaration: SnacDeclaration<T>): readonly T[] {
  return packets(effects).map((packet) => {
    assert.equal(packet.declaration, declaration);
    return decodeSnacBody(declaration, decodeSnac(bytesOf(packet)).data);
  });
}

/** Of lists with one packet. */
export function receivedOne<T>(effects: readonly OscarEffect[], declaration: SnacDeclaration<T>): T {
  const all = received(effects, declaration);
  assert.equal(all.length, 1);
  return all[0] as T;
}

/** A packet's SNAC as it would be sent. */
export function bytesOf({ declaration, value, requestId = 0x80000001, flags = 0, versionBlock }: OutgoingSnac): Uint8Array {
  return encodeSnac(declaration, value, requestId, flags, versionBlock);
}

/** `0a 0b` as bytes. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(text.trim().split(/\s+/), (digits) => Number.parseInt(digits, 16));
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
