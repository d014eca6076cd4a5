/** Surroundings for the tests of the families: a session as a value, and what a handler did with it. */
import assert from 'node:assert/strict';
import {
  asUin,
  type ClientProfile,
  type CommandInput,
  type CommandName,
  type CommandOutput,
  type Message,
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
import { encodeText } from '@seekyou/wire/text';
import { type Declaration, decodeParameters, encodeParameters, type Version } from '@seekyou/wire/udp';
import type { Written } from './post.ts';
import { newState, type OutgoingPacket, type Request, type Route, type UdpContext, type UdpEffect, type UdpState } from './state.ts';

export const NOW = Date.UTC(2003, 5, 30, 9, 16, 48);

export const ALICE = asUin(100_001) as Uin;
export const BOB = asUin(100_002) as Uin;

export const ONLINE: Status = { availability: 'online', invisible: false, webAware: false, hideAddress: false, direct: 'all', word: 0 };

export const LATIN_CLIENT: ClientProfile = {
  protocol: 'udp',
  name: 'mICQ',
  codepage: 1252,
  unicode: false,
  html: false,
  serverRoster: false,
  quirks: new Set(),
};
export const RUSSIAN_CLIENT: ClientProfile = { ...LATIN_CLIENT, codepage: 1251 };

export const VERSIONS: readonly Version[] = [2, 3, 4, 5];

export interface ContextParts {
  readonly uin?: Uin;
  readonly version?: Version;
  readonly profile?: ClientProfile;
  readonly presence?: Partial<Presence>;
  readonly state?: Partial<UdpState>;
  readonly now?: number;
}

export type TestContext = UdpContext & { readonly confirmed: MessageId[] };

/** A complete session of Alice's with version 5 unless said otherwise. `confirmed` has the messages its client acknowledged. */
export function contextOf({ uin = ALICE, version = 5, profile = LATIN_CLIENT, presence = {}, state = {}, now = NOW }: ContextParts = {}): TestContext {
  const confirmed: MessageId[] = [];
  const session: Session = {
    id: '0123456789abcdef',
    uin,
    peer: { address: '192.0.2.1', port: 40_000, known: true },
    signedOnAt: NOW - 77_000,
    presence: { status: ONLINE, capabilities: [], ...presence },
    instance: 1,
    ended: false,
    profile,
    written: () => {},
    confirmed: (id) => confirmed.push(id),
    heard: () => {},
    goodbye: () => {},
    leave: () => {},
    close: () => {},
  };
  return { session, state: { ...newState(version), complete: true, ...state }, now, limits: PEOPLE, confirmed };
}

export function viewOf(uin: Uin = BOB, parts: Partial<PresenceView> = {}): PresenceView {
  return { uin, status: ONLINE, capabilities: [], signedOnAt: NOW - 77_000, createdAt: Date.UTC(2003, 0, 1), ...parts };
}

export function messageOf(body: Message['body'], parts: Partial<Message> = {}): Message {
  return { id: 1, from: BOB, to: ALICE, sentAt: NOW - 60_000, body, ...parts };
}

const SEQ2 = 7;

/** What the family does with a packet; its parameters are encoded and decoded first, so it is one that clients can send. */
export function handle<T>(routes: readonly Route[], declaration: Declaration<T>, value: T, context: UdpContext): readonly UdpEffect[] {
  const route = routes.find((candidate) => candidate.declaration === declaration);
  assert.ok(route, 'no route for this packet');
  const { version } = context.state;
  const parameters = encodeParameters(declaration, version, value);
  const request: Request = { command: declaration.code, seq1: 5, seq2: version <= 2 ? 0 : SEQ2 };
  return route.handle(context, decodeParameters(declaration, version, parameters), request);
}

export interface Asked<C extends CommandName> {
  readonly input: CommandInput<C>;
  readonly answered: (output: CommandOutput<C>) => readonly UdpEffect[];
  readonly refused: (refusal: Refusal) => readonly UdpEffect[];
}

/** The only question among the effects. */
export function asked<C extends CommandName>(effects: readonly UdpEffect[], command: C): Asked<C> {
  const asks = effects.filter((effect) => effect.do === 'ask');
  const [effect] = asks;
  assert.equal(asks.length, 1, 'one question');
  assert.ok(effect !== undefined && effect.command === command, `asks ${effect?.command}, not ${command}`);
  return { input: effect.input as CommandInput<C>, answered: effect.answered, refused: (refusal) => effect.refused(refuse(refusal)) };
}

/** What goes to the post, as the packets it makes there in the end. */
export function posted(effects: readonly UdpEffect[]): readonly OutgoingPacket[] {
  return effects.flatMap((effect) => {
    assert.ok(effect.do === 'ask' && effect.command === 'post.add', `${effect.do} instead of the post`);
    return (effect.input as readonly Written[]).flatMap((written) => packets(written()));
  });
}

/** The packets of a list of nothing else. */
export function packets(effects: readonly UdpEffect[]): readonly OutgoingPacket[] {
  return effects.map((effect) => {
    assert.ok(effect.do === 'send', `${effect.do} instead of a packet`);
    return effect.packet;
  });
}

/** Packets of one kind, as a client of this version decodes them, and no others. */
export function received<T>(effects: readonly UdpEffect[], declaration: Declaration<T>, version: Version = 5): readonly T[] {
  return packets(effects).map((packet) => {
    assert.equal(packet.declaration, declaration);
    return decodeParameters(declaration, version, encodeParameters(declaration, version, packet.value as T));
  });
}

export function receivedOne<T>(effects: readonly UdpEffect[], declaration: Declaration<T>, version: Version = 5): T {
  const all = received(effects, declaration, version);
  assert.equal(all.length, 1, 'one packet');
  return all[0] as T;
}

/** The timer of this name. */
export function timerOf(effects: readonly UdpEffect[], name: string): Extract<UdpEffect, { readonly do: 'timer' }> {
  const found = effects.find((effect) => effect.do === 'timer' && effect.name === name);
  assert.ok(found !== undefined && found.do === 'timer', `no timer ${name}`);
  return found;
}

/** Text in a code page. */
export function said(text: string, codepage = 1252): Uint8Array {
  return encodeText(text, codepage).bytes;
}
