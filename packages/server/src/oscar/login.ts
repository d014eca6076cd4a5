/** Signing on: the roasted password of channel 1, and the MD5 challenge of family 17. @see oscar.md §2 */
import { hash } from 'node:crypto';
import {
  type Account,
  type CreatedAccount,
  parseUin,
  type Peer,
  type Refusal,
  type Refused,
  type ScramChallenge,
  type ScramProof,
  type ScramProved,
  type ScramVerifier,
  type SignOn,
  type Time,
  type Uin,
} from '@seekyou/core';
import { type HashForm, login, loginHash, type SnacDeclaration, unroast } from '@seekyou/wire/oscar';
import type { AskEffect, Effect } from '../runtime/effects.ts';
import { CLOSE_AFTER_ANSWER_MS } from '../runtime/limits.ts';
import { softwareFrom } from './clients.ts';
import { AUTH_ERRORS } from './refusal-codes.ts';
import type { ScramExchange } from './scram.ts';
import type { ClientSoftware, OutgoingSnac, Request } from './state.ts';

/** What an unencrypted client may use: nothing, the MD5 challenge, or that and the roasted password. */
export type ClearSignOn = 'off' | 'challenge' | 'all';

export interface LoginSettings {
  readonly clearSignOn: ClearSignOn;
  /** How long a key may be answered. */
  readonly keyMs: number;
  /** A page about what went wrong, told with a refusal. */
  readonly helpUrl?: string;
}

/** What a connection knows before there is a session. */
export interface LoginState {
  /** From 17/07; good for one 17/02 of the same account. */
  readonly challenge: { readonly uin: number; readonly key: string; readonly at: Time } | undefined;
  /** After 5359/11. */
  readonly scram?: ScramExchange;
  /** The answer is on its way; what still comes is not looked at. */
  readonly answered: boolean;
}

export const LOGIN_START: LoginState = { challenge: undefined, answered: false };

export interface LoginContext {
  readonly state: LoginState;
  readonly now: Time;
  readonly peer: Peer;
  /** The connection is encrypted. */
  readonly secure: boolean;
  /** What only the two ends of an encrypted connection know. */
  readonly channelBinding?: Uint8Array | undefined;
  readonly settings: LoginSettings;
}

/** A frame of channel 4: the answer to a roasted sign-on, or the empty one that ends an MD5 sign-on. */
export interface ClosingFrame {
  readonly channel4: login.LoginAnswer;
}

export type LoginPacket = OutgoingSnac | ClosingFrame;

/** What the connection does for these handlers. */
export interface LoginCommands {
  /** Fresh printable characters. */
  'login.key': { readonly input: void; readonly output: string };
  'login.verify': { readonly input: SignOn; readonly output: Account };
  'login.scram-start': { readonly input: { readonly uin: Uin }; readonly output: ScramChallenge };
  'login.scram-finish': { readonly input: ScramProof; readonly output: ScramProved };
  /** The client's connection is not the one that arrives here: for the log. */
  'login.intercepted': { readonly input: { readonly uin: Uin }; readonly output: void };
  /** A cookie and where to go with it. Refused `no-address`. */
  'login.admit': {
    readonly input: { readonly account: Account; readonly software: ClientSoftware; readonly coexist: boolean };
    readonly output: { readonly address: string; readonly cookie: Uint8Array };
  };
  'login.register-own': { readonly input: { readonly verifier: ScramVerifier }; readonly output: CreatedAccount };
  'login.register': { readonly input: { readonly password: string }; readonly output: CreatedAccount };
}
export type LoginCommand = keyof LoginCommands;
export type LoginEffect = Effect<LoginState, LoginPacket, LoginCommand>;

export interface LoginRoute {
  readonly declaration: SnacDeclaration<any>;
  readonly handle: (context: LoginContext, message: any, request: Request) => readonly LoginEffect[];
}

export function onLogin<T>(
  declaration: SnacDeclaration<T>,
  handle: (context: LoginContext, message: T, request: Request) => readonly LoginEffect[],
): LoginRoute {
  return { declaration, handle };
}

export function askLogin<C extends LoginCommand>(
  command: C,
  input: LoginCommands[C]['input'],
  answered: (output: LoginCommands[C]['output']) => readonly LoginEffect[],
  refused: (refused: Refused) => readonly LoginEffect[],
): AskEffect<LoginState, LoginPacket, LoginCommand> {
  return { do: 'ask', command, input, answered: answered as (output: unknown) => readonly LoginEffect[], refused };
}

// ---------------------------------------------------------------- proofs

const md5 = (data: Uint8Array): Uint8Array => hash('md5', data, 'buffer');

/** Old passwords are ASCII, so one byte is one character. */
function bytesOf(password: string): Uint8Array {
  return Uint8Array.from(password, (char) => char.charCodeAt(0));
}

/** Takes the same time wherever the two differ. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let i = 0; i < Math.max(one.length, other.length); i++) difference |= (one[i] ?? 0) ^ (other[i] ?? 0);
  return difference === 0;
}

/** TLV 02 of channel 1 holds this password. */
export function roastedProof(roasted: Uint8Array): SignOn['proof'] {
  const given = unroast(roasted);
  return (password) => sameBytes(given, bytesOf(password));
}

/** TLV 25 of 17/02 is the hash of this password with our key. */
export function hashProof(given: Uint8Array, key: string, form: HashForm): SignOn['proof'] {
  const keyBytes = bytesOf(key);
  return (password) => sameBytes(given, loginHash(md5, keyBytes, bytesOf(password), form));
}

// ---------------------------------------------------------------- answers

type Answer = (answer: login.LoginAnswer) => readonly LoginEffect[];

/** The last that is said to a sign-on; the client closes, or we do a little later. */
export function endingWith(...packets: readonly LoginPacket[]): readonly LoginEffect[] {
  return [
    ...packets.map((packet): LoginEffect => ({ do: 'send', packet })),
    { do: 'become', change: { answered: true } },
    { do: 'timer', name: 'goodbye', ms: CLOSE_AFTER_ANSWER_MS, run: () => [{ do: 'close', last: [], why: 'the sign-on was answered' }] },
  ];
}

const onChannel4: Answer = (answer) => endingWith({ channel4: answer });

function onFamily17(request: Request): Answer {
  return (answer) => endingWith({ declaration: login.loginReply, value: answer, requestId: request.requestId }, { channel4: {} });
}

function failure(settings: LoginSettings, uin: string | undefined, refusal: Refusal): login.LoginAnswer {
  return {
    ...(uin === undefined ? {} : { uin: uin.slice(0, UIN_LENGTH_MAX) }),
    ...(settings.helpUrl === undefined ? {} : { url: settings.helpUrl }),
    error: AUTH_ERRORS[refusal],
    debug: 1,
  };
}

/** What a client calls itself goes back to it, but no novel. */
const UIN_LENGTH_MAX = 32;

interface Attempt {
  readonly uin: string | undefined;
  readonly proof: SignOn['proof'] | undefined;
  readonly software: ClientSoftware;
  readonly coexist: boolean;
  readonly wantsTls: boolean;
}

/** Checks, admits, answers. A missing password and a name that is no UIN are answered like a wrong password. */
function signOn({ settings }: LoginContext, attempt: Attempt, answer: Answer): readonly LoginEffect[] {
  const { software, coexist } = attempt;
  const uin = parseUin(attempt.uin ?? '');
  const refused = (refusal: Refusal): readonly LoginEffect[] => answer(failure(settings, attempt.uin, refusal));
  if (uin === undefined || attempt.proof === undefined) return refused('wrong-credentials');
  return [
    askLogin(
      'login.verify',
      { uin, proof: attempt.proof },
      (account) => [
        askLogin(
          'login.admit',
          { account, software, coexist },
          ({ address, cookie }) => answer({ uin: String(uin), address, cookie, ...(attempt.wantsTls ? { tls: login.TlsState.none } : {}) }),
          ({ refusal }) => refused(refusal),
        ),
      ],
      ({ refusal }) => refused(refusal),
    ),
  ];
}

// ---------------------------------------------------------------- handlers

/** The first frame of a connection that carries TLV 01: sign-on with a roasted password. */
export function onRoasted(context: LoginContext, { tlvs }: login.FlapHello): readonly LoginEffect[] {
  const { settings, secure } = context;
  if (!secure && settings.clearSignOn !== 'all') return onChannel4(failure(settings, tlvs.uin, 'old-clients-off'));
  const attempt: Attempt = {
    uin: tlvs.uin,
    // ICQ2000b leaves TLV 02 out when it has no password stored.
    proof: tlvs.roastedPassword === undefined ? undefined : roastedProof(tlvs.roastedPassword),
    software: softwareFrom(tlvs),
    coexist: tlvs.multipleSessions === login.MultipleSessions.many,
    wantsTls: tlvs.tls !== undefined,
  };
  return signOn(context, attempt, onChannel4);
}

/** Every name gets a key, so that nobody learns here which accounts exist. */
function onKeyRequest(context: LoginContext, { uin }: login.KeyRequest, request: Request): readonly LoginEffect[] {
  const { settings, secure, now } = context;
  if (!secure && settings.clearSignOn === 'off') return onFamily17(request)(failure(settings, uin, 'old-clients-off'));
  return [
    askLogin(
      'login.key',
      undefined,
      (key) => [
        { do: 'become', change: { challenge: { uin: parseUin(uin ?? '') ?? 0, key, at: now } } },
        { do: 'send', packet: { declaration: login.keyReply, value: { key: bytesOf(key) }, requestId: request.requestId } },
      ],
      ({ refusal }) => onFamily17(request)(failure(settings, uin, refusal)),
    ),
  ];
}

function onLoginRequest(context: LoginContext, tlvs: login.LoginRequest, request: Request): readonly LoginEffect[] {
  const { state, settings, now } = context;
  const answer = onFamily17(request);
  const { challenge } = state;
  const stale = challenge === undefined || now - challenge.at >= settings.keyMs || parseUin(tlvs.uin ?? '') !== challenge.uin;
  if (stale || tlvs.hash === undefined) return answer(failure(settings, tlvs.uin, 'wrong-credentials'));
  const attempt: Attempt = {
    uin: tlvs.uin,
    proof: hashProof(tlvs.hash, challenge.key, tlvs.md5WithHashedPassword === undefined ? 'old' : 'new'),
    software: softwareFrom(tlvs),
    coexist: tlvs.multipleSessions === login.MultipleSessions.many,
    wantsTls: tlvs.tls !== undefined,
  };
  return [{ do: 'become', change: { challenge: undefined } }, ...signOn(context, attempt, answer)];
}

export const routes: readonly LoginRoute[] = [onLogin(login.keyRequest, onKeyRequest), onLogin(login.loginRequest, onLoginRequest)];
