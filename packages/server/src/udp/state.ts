/** What a UDP session knows about itself, and the shape of everything that handles its packets. */
import type { CommandInput, CommandName, CommandOutput, Limits, Refused, Session, Time, Uin } from '@seekyou/core';
import type { Assembly, Declaration, Version } from '@seekyou/wire/udp';
import type { AskEffect, BecomeEffect, Effect, SendEffect } from '../runtime/effects.ts';
import type { Noticed } from './notices.ts';
import type { Written } from './post.ts';
import { SparseMap } from './sparse-map.ts';

/**
 * Code page and oddities of the client are in `session.profile`, what it said about itself in `session.presence`. There may be
 * twenty thousand of these: what only some need is absent until they do.
 */
export interface UdpState {
  readonly version: Version;
  /** Its lists are there, as far as anybody can tell: it was announced, and hears of others. */
  readonly complete: boolean;
  /** Before that: which of its lists are there, as bits. */
  readonly lists?: number | undefined;
  /** Stored messages were asked for, or were due without being asked for. */
  readonly fetched: boolean;
  /** Changed in place: whom this client was told to be on line, and what of them. */
  readonly told: Pick<Map<Uin, Told>, 'get' | 'set' | 'delete' | 'size'>;
  /** About whom the service has said something of late. */
  readonly noticed?: Noticed;
  /** A packet that is coming in pieces. */
  readonly assembly?: Assembly | undefined;
}

/** What a client was told of a contact: what it is not told again. */
export interface Told {
  readonly word: number;
  readonly reach: string;
}

export function newState(version: Version): UdpState {
  return { version, complete: false, fetched: false, told: new SparseMap() };
}

/** One packet to send. Packets leave in the order in which they were said, and are repeated until the client acknowledges them. */
export interface OutgoingPacket {
  readonly declaration: Declaration<any>;
  readonly value: unknown;
  /** What it answers: its seq2 is repeated, and its acknowledgement goes first. */
  readonly request?: Request;
  /** Part of a conversation: is not sent before the one before it was acknowledged, because most clients show what comes first first. */
  readonly ordered?: boolean;
  /** Nothing is sent behind it before it was acknowledged. */
  readonly alone?: boolean;
  /** The client has it. Runs once; never, when the session ends before. */
  readonly acknowledged?: () => void;
  /** It left for the first time. */
  readonly written?: () => void;
  /** Parameters shared by everyone of the same version who gets the same value; made on first use. */
  readonly shared?: object;
}

/** What only sessions can do, asked for like what the core does. */
export interface FrontEndCommands {
  /** The packet being handled is not acknowledged: its client sends it again, and it counts as new then. */
  readonly 'packet.leave': { readonly input: void; readonly output: void };
  /** Whether something is known to be on its way: what came behind it is here already. */
  readonly 'packet.missing': { readonly input: void; readonly output: boolean };
  /** Stands behind all that a packet causes. */
  readonly 'packet.done': { readonly input: void; readonly output: void };
  /** To be said one after the other, behind all that people wrote before, as the client takes it. */
  readonly 'post.add': { readonly input: readonly Written[]; readonly output: void };
  /** Stands behind all that one message causes. */
  readonly 'post.done': { readonly input: void; readonly output: void };
}

export type UdpCommand = CommandName | keyof FrontEndCommands;
export type UdpEffect = Effect<UdpState, OutgoingPacket, UdpCommand>;

export interface UdpContext {
  readonly session: Session;
  readonly state: UdpState;
  readonly now: Time;
  readonly limits: Limits;
}

/** The numbers of the packet that is being answered. */
export interface Request {
  readonly command: number;
  readonly seq1: number;
  /** 0 in versions 1 and 2. */
  readonly seq2: number;
}

/**
 * Handles one packet. It is acknowledged when all effects are done, or before the first answer to it, whichever comes first: so
 * an acknowledgement follows the commit of what was asked of the core.
 */
export type Handler<T> = (context: UdpContext, message: T, request: Request) => readonly UdpEffect[];

/** A declared packet and what answers it. Each family's module exports `routes`. */
export interface Route {
  readonly declaration: Declaration<any>;
  readonly handle: Handler<any>;
}

export function on<T>(declaration: Declaration<T>, handle: Handler<T>): Route {
  return { declaration, handle };
}

/** An answer. */
export function reply<T>(request: Request, declaration: Declaration<T>, value: T, more: Partial<OutgoingPacket> = {}): SendEffect<OutgoingPacket> {
  return { do: 'send', packet: { declaration, value, request, ...more } };
}

/** Said unasked: seq2 is 0. */
export function say<T>(declaration: Declaration<T>, value: T, more: Partial<OutgoingPacket> = {}): SendEffect<OutgoingPacket> {
  return { do: 'send', packet: { declaration, value, ...more } };
}

export function ask<C extends CommandName>(
  command: C,
  input: CommandInput<C>,
  answered: (output: CommandOutput<C>) => readonly UdpEffect[],
  refused: (refused: Refused) => readonly UdpEffect[],
): UdpEffect {
  return { do: 'ask', command, input, answered: answered as (output: unknown) => readonly UdpEffect[], refused };
}

/** The packet being handled could not be acted upon now: no acknowledgement, so that its client sends it again. */
export function leave(): AskEffect<UdpState, OutgoingPacket, UdpCommand> {
  return { do: 'ask', command: 'packet.leave', input: undefined, answered: () => [], refused: () => [] };
}

/** @param how what to do, knowing whether something is on its way */
export function ifMissing(how: (missing: boolean) => readonly UdpEffect[]): UdpEffect {
  return { do: 'ask', command: 'packet.missing', input: undefined, answered: (missing) => how(missing === true), refused: () => [] };
}

/** What people wrote: each makes its packets when it has its turn. */
export function post(written: readonly Written[]): AskEffect<UdpState, OutgoingPacket, UdpCommand> {
  return { do: 'ask', command: 'post.add', input: written, answered: () => [], refused: () => [] };
}

export function become(change: Partial<UdpState>): BecomeEffect<UdpState> {
  return { do: 'become', change };
}
