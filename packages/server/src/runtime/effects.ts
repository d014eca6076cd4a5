/**
 * What a handler may do. Handlers are pure: they get a context and a packet and return effects;
 * the session runner owns sockets, clocks and the core.
 */
import type { CommandInput, CommandName, CommandOutput, Refused } from '@seekyou/core';

/** `S` is a connection's state, `P` what its protocol sends, `C` what it may ask: the core's commands once there is a session. */
export type Effect<S, P, C extends string = CommandName> = SendEffect<P> | AskEffect<S, P, C> | BecomeEffect<S> | TimerEffect<S, P, C> | CloseEffect<P>;

export interface SendEffect<P> {
  readonly do: 'send';
  readonly packet: P;
}

/**
 * Asks the core. The answer's effects follow, then those that stand after this one in its list;
 * the connection handles its next input after all of them.
 */
export interface AskEffect<S, P, C extends string = CommandName> {
  readonly do: 'ask';
  readonly command: C;
  readonly input: unknown;
  readonly answered: (output: unknown) => readonly Effect<S, P, C>[];
  readonly refused: (refused: Refused) => readonly Effect<S, P, C>[];
}

export interface BecomeEffect<S> {
  readonly do: 'become';
  readonly change: Partial<S>;
}

/** Runs once after `ms`; another timer of the same name replaces it, 0 ms cancels it. */
export interface TimerEffect<S, P, C extends string = CommandName> {
  readonly do: 'timer';
  readonly name: string;
  readonly ms: number;
  readonly run: () => readonly Effect<S, P, C>[];
}

/** Sends `last`, flushes, and closes without resetting the connection. Nothing after it happens. */
export interface CloseEffect<P> {
  readonly do: 'close';
  readonly last: readonly P[];
  /** For the log. */
  readonly why: string;
}

export function ask<C extends CommandName, S, P>(
  command: C,
  input: CommandInput<C>,
  answered: (output: CommandOutput<C>) => readonly Effect<S, P>[],
  refused: (refused: Refused) => readonly Effect<S, P>[],
): AskEffect<S, P> {
  return { do: 'ask', command, input, answered: answered as (output: unknown) => readonly Effect<S, P>[], refused };
}

export function become<S>(change: Partial<S>): BecomeEffect<S> {
  return { do: 'become', change };
}
