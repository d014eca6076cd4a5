/** What an OSCAR connection knows about itself, and the shape of everything that handles its packets. */
import type { CommandInput, CommandName, CommandOutput, Limits, Refused, RoomId, Session, Time, Uin } from '@seekyou/core';
import type { SnacDeclaration } from '@seekyou/wire/oscar';
import type { BecomeEffect, CloseEffect, Effect, SendEffect } from '../runtime/effects.ts';
import type { Answerable } from './answerable.ts';
import type { CounterName } from './counters.ts';
import type { RateMeter } from './rates.ts';

/** What the client said about itself when it signed on (oscar.md §2.1). Used for quirks and names, never for trust. */
export interface ClientSoftware {
  readonly name: string;
  readonly clientId: number;
  readonly version: readonly [major: number, minor: number, lesser: number, build: number];
  readonly distribution: number;
  readonly language: string;
  readonly country: string;
}

export interface OscarState {
  /** 0 on BOS; on a service connection the family it was opened for. */
  readonly service: number;
  /** Of a connection of family 0E: the room it is for. */
  readonly room?: RoomId;
  readonly software: ClientSoftware;
  /** From 01/17: family → version. */
  readonly versions: ReadonlyMap<number, number>;
  /** 01/02 came. */
  readonly online: boolean;
  /** 13/04 or 13/05 came: presence then waits for 13/07. */
  readonly askedRoster: boolean;
  /** 13/07 came. */
  readonly usesRoster: boolean;
  /** 04/02 flags by channel; 0 is the default for all. */
  readonly icbmFlags: ReadonlyMap<number, number>;
  /** It wrote a message in UCS-2: so it reads them, whatever it announced (bitlbee announces nothing of the kind). */
  readonly writesUnicode: boolean;
  /** Between 13/11 and 13/12, and whether it is an import. */
  readonly edit: 'none' | 'open' | 'importing';
  /** What this client was given, and may answer. */
  readonly answerable: Answerable;
}

/** One SNAC to send. `requestId` absent: the server says it unasked. */
export interface OutgoingSnac {
  readonly declaration: SnacDeclaration<any>;
  readonly value: unknown;
  readonly requestId?: number;
  readonly flags?: number;
  /** Sent in the block of flag 0x8000, to clients that announced this family at version 2 or later. */
  readonly versionBlock?: number;
  /** Runs when the transport took the frame. */
  readonly written?: () => void;
  /** An encoding shared by everyone who gets the same value; made on first use. */
  readonly shared?: object;
}

/** What only connections can do, asked for like what the core does. */
export interface FrontEndCommands {
  /** A cookie for a connection beside this session, and where to show it. Refused `no-address`. */
  readonly 'service.open': {
    readonly input: { readonly family: number; readonly room?: RoomId };
    readonly output: { readonly address: string; readonly cookie: Uint8Array };
  };
  /** Whether the user knows his old clients' password. Refused `wrong-credentials`, `slow-down`. */
  readonly 'session.proves': { readonly input: { readonly uin: Uin; readonly password: Uint8Array }; readonly output: void };
  /** Counts something a monitor may want to know. */
  readonly 'connection.count': { readonly input: CounterName; readonly output: void };
  /** Says something on the session's own connection. */
  readonly 'session.say': { readonly input: OutgoingSnac; readonly output: void };
}

export type OscarCommand = CommandName | keyof FrontEndCommands;
export type OscarEffect = Effect<OscarState, OutgoingSnac, OscarCommand>;

export interface OscarContext {
  readonly session: Session;
  readonly state: OscarState;
  readonly now: Time;
  readonly limits: Limits;
  /** How fast this client may send. */
  readonly rates: RateMeter;
}

/** The numbers of the SNAC that is being answered. */
export interface Request {
  readonly family: number;
  readonly subtype: number;
  readonly requestId: number;
  readonly flags: number;
}

export type Handler<T> = (context: OscarContext, message: T, request: Request) => readonly OscarEffect[];

/** A declared packet and what answers it. Each family's module exports `routes`. */
export interface Route {
  readonly declaration: SnacDeclaration<any>;
  readonly handle: Handler<any>;
}

export function on<T>(declaration: SnacDeclaration<T>, handle: Handler<T>): Route {
  return { declaration, handle };
}

/** An answer: echoes the request's id. */
export function reply<T>(request: Request, declaration: SnacDeclaration<T>, value: T, flags = 0): SendEffect<OutgoingSnac> {
  return { do: 'send', packet: { declaration, value, requestId: request.requestId, flags } };
}

/** Said unasked. */
export function say<T>(declaration: SnacDeclaration<T>, value: T, more: Partial<OutgoingSnac> = {}): SendEffect<OutgoingSnac> {
  return { do: 'send', packet: { declaration, value, ...more } };
}

export function ask<C extends CommandName>(
  command: C,
  input: CommandInput<C>,
  answered: (output: CommandOutput<C>) => readonly OscarEffect[],
  refused: (refused: Refused) => readonly OscarEffect[],
): OscarEffect;
export function ask<C extends keyof FrontEndCommands>(
  command: C,
  input: FrontEndCommands[C]['input'],
  answered: (output: FrontEndCommands[C]['output']) => readonly OscarEffect[],
  refused: (refused: Refused) => readonly OscarEffect[],
): OscarEffect;
export function ask(
  command: OscarCommand,
  input: unknown,
  answered: (output: never) => readonly OscarEffect[],
  refused: (refused: Refused) => readonly OscarEffect[],
): OscarEffect {
  return { do: 'ask', command, input, answered: answered as (output: unknown) => readonly OscarEffect[], refused };
}

export function counted(name: CounterName): OscarEffect {
  return ask(
    'connection.count',
    name,
    () => [],
    () => [],
  );
}

/** Stands behind everything that a fetch gave. */
export const FETCH_GIVEN: OscarEffect = ask(
  'messages.given',
  undefined,
  () => [],
  () => [],
);

export function become(change: Partial<OscarState>): BecomeEffect<OscarState> {
  return { do: 'become', change };
}

export type OscarClose = CloseEffect<OutgoingSnac>;
