/**
 * One connection, one queue: inputs are handled one at a time and in order. While the core is being asked, further inputs
 * wait; what the core announces does not.
 */
import { type Clock, Refused } from '@seekyou/core';
import type { AskEffect, Effect } from './effects.ts';

/** What the runner works for: a connection of some protocol. */
export interface RunnerHost<I, S, P, C extends string> {
  /** The pure part: what an input asks for. May throw. */
  handle(input: I): readonly Effect<S, P, C>[];
  send(packet: P): void;
  become(change: Partial<S>): void;
  /** The command's output or `Refused`, now or later. Must not reject. */
  ask(command: C, input: unknown): unknown;
  close(last: readonly P[], why: string): void;
  /** So much is waiting to be sent that answers should wait too. */
  congested(): boolean;
  /** A handler failed: our mistake. `input` is what it was handling, `undefined` for announcements and timers. */
  failed(error: unknown, input: I | undefined): void;
  /** Nothing is being handled and nothing waits: more input is welcome, or `leave` is done. Said after every input that had to wait. */
  idle(): void;
}

/** Effects that are being carried out, with what remains of the lists around them. */
interface Strand<I, S, P, C extends string> {
  readonly input: I | undefined;
  readonly inputStrand: boolean;
  /** Mostly nothing remains, and nothing is made for it. */
  rest: Remains<S, P, C>[] | undefined;
}

interface Remains<S, P, C extends string> {
  readonly effects: readonly Effect<S, P, C>[];
  readonly from: number;
}

export class SessionRunner<I, S, P, C extends string> {
  private readonly host: RunnerHost<I, S, P, C>;
  private readonly clock: Clock;
  private queue: I[] = [];
  /** An input is being handled: it asked the core, or waits for the reader. */
  private busy = false;
  private held: Strand<I, S, P, C> | undefined;
  private timers: Map<string, () => void> | undefined;
  /** Nothing more is taken or announced. */
  private closed = false;
  private stopped = false;

  constructor(host: RunnerHost<I, S, P, C>, clock: Clock) {
    this.host = host;
    this.clock = clock;
  }

  /** Inputs that wait. */
  get waiting(): number {
    return this.queue.length;
  }

  /** An input is being handled. */
  get isBusy(): boolean {
    return this.busy;
  }

  /** Handles an input, after those before it. */
  take(input: I): void {
    if (this.closed) return;
    if (this.busy) this.queue.push(input);
    else this.handle(input);
  }

  /** Carries out effects that no input caused, at once. */
  announce(effects: readonly Effect<S, P, C>[]): void {
    if (this.closed || effects.length === 0) return;
    try {
      this.begin(effects, undefined, false);
    } catch (error) {
      this.host.failed(error, undefined);
    }
  }

  /** The reader has taken what piled up: answers that waited for it go on. */
  drained(): void {
    const strand = this.held;
    if (strand === undefined || this.stopped) return;
    this.held = undefined;
    this.carryOn(strand, undefined, undefined);
  }

  /** Takes and announces nothing more; what was taken is handled to its end, and nobody is to be waited for. Then `idle` is said. */
  leave(): void {
    this.closed = true;
    this.drained();
    if (!this.busy && !this.stopped) this.host.idle();
  }

  /** Forgets inputs, timers and pending answers. */
  stop(): void {
    this.closed = true;
    this.stopped = true;
    this.queue = [];
    this.held = undefined;
    for (const cancel of this.timers?.values() ?? []) cancel();
    this.timers = undefined;
  }

  private handle(input: I): void {
    try {
      this.begin(this.host.handle(input), input, true);
    } catch (error) {
      this.busy = false;
      this.host.failed(error, input);
    }
  }

  private next(): void {
    while (!this.busy && !this.stopped && this.queue.length > 0) this.handle(this.queue.shift() as I);
    if (!this.busy && !this.stopped) this.host.idle();
  }

  private begin(effects: readonly Effect<S, P, C>[], input: I | undefined, inputStrand: boolean): void {
    // Most inputs are answered at once; a strand is only made for those that are not.
    const stoppedAt = this.run(effects, 0, inputStrand);
    if (stoppedAt === DONE) return;
    const strand: Strand<I, S, P, C> = { input, inputStrand, rest: undefined };
    if (inputStrand) this.busy = true;
    this.suspend(strand, effects, stoppedAt);
  }

  /** Carries out effects up to one that has to wait; returns its index, or `DONE`. */
  private run(effects: readonly Effect<S, P, C>[], from: number, inputStrand: boolean): number {
    for (let i = from; i < effects.length; i++) {
      if (this.stopped) return DONE;
      const effect = effects[i] as Effect<S, P, C>;
      switch (effect.do) {
        case 'send':
          if (inputStrand && this.host.congested()) return i;
          this.host.send(effect.packet);
          break;
        case 'become':
          this.host.become(effect.change);
          break;
        case 'timer':
          this.setTimer(effect.name, effect.ms, effect.run);
          break;
        case 'close':
          this.host.close(effect.last, effect.why);
          this.stop();
          return DONE;
        case 'ask':
          return i;
      }
    }
    return DONE;
  }

  /** The effect at `at` has to wait: for an answer, or for the reader. */
  private suspend(strand: Strand<I, S, P, C>, effects: readonly Effect<S, P, C>[], at: number): void {
    const effect = effects[at] as Effect<S, P, C>;
    if (effect.do !== 'ask') {
      (strand.rest ??= []).push({ effects, from: at });
      this.held = strand;
      return;
    }
    if (at + 1 < effects.length) (strand.rest ??= []).push({ effects, from: at + 1 });
    const answer = this.host.ask(effect.command, effect.input);
    const answered = (output: unknown): void => this.carryOn(strand, effect, output);
    if (answer instanceof Promise) void answer.then(answered);
    else answered(answer);
  }

  /** @param asked what was answered, if it is not the reader it waited for */
  private carryOn(strand: Strand<I, S, P, C>, asked: AskEffect<S, P, C> | undefined, output: unknown): void {
    if (this.stopped) return;
    try {
      this.resume(strand, asked === undefined ? [] : output instanceof Refused ? asked.refused(output) : asked.answered(output));
    } catch (error) {
      this.over(strand);
      this.host.failed(error, strand.input);
    }
    this.next();
  }

  private resume(strand: Strand<I, S, P, C>, effects: readonly Effect<S, P, C>[]): void {
    let list = effects;
    let from = 0;
    for (;;) {
      const stoppedAt = this.run(list, from, strand.inputStrand);
      if (stoppedAt !== DONE) {
        this.suspend(strand, list, stoppedAt);
        return;
      }
      const rest = strand.rest?.pop();
      if (rest === undefined) break;
      list = rest.effects;
      from = rest.from;
    }
    this.over(strand);
  }

  private over(strand: Strand<I, S, P, C>): void {
    if (strand.inputStrand) this.busy = false;
  }

  private setTimer(name: string, ms: number, run: () => readonly Effect<S, P, C>[]): void {
    this.timers?.get(name)?.();
    if (ms === 0) {
      this.forgetTimer(name);
      return;
    }
    this.timers ??= new Map();
    const cancel = this.clock.after(ms, () => {
      this.forgetTimer(name);
      if (this.stopped) return;
      try {
        this.begin(run(), undefined, false);
      } catch (error) {
        this.host.failed(error, undefined);
      }
    });
    this.timers.set(name, cancel);
  }

  /** Most sessions have a timer or two in their first seconds, and none afterwards. */
  private forgetTimer(name: string): void {
    this.timers?.delete(name);
    if (this.timers?.size === 0) this.timers = undefined;
  }
}

const DONE = -1;
