/**
 * How long this process keeps to itself at a time. A turn is one callback of the event loop with everything that follows from
 * it before the next one may run, promises included. While it lasts nobody else is served.
 */
import { performance } from 'node:perf_hooks';
import type { Time } from '@seekyou/core';

export const TURN_KINDS = ['input', 'answers', 'timer'] as const;
/** What began it: something came from the network, the database answered, time passed. */
export type TurnKind = (typeof TURN_KINDS)[number];

/** Upper ends of the histogram's classes. */
export const TURN_MS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100] as const;

export interface TurnFigures {
  readonly count: number;
  readonly sumMs: number;
  readonly maxMs: number;
  /** For each of {@link TURN_MS} how many took at most so long, and all of them at the end. */
  readonly atMost: readonly number[];
}

/** Time by the wall and by this thread's use of a processor, in milliseconds; and the time of day. */
export interface TurnClock {
  wall(): number;
  cpu(): number;
  day(): Time;
}

const PROCESS_CLOCK: TurnClock = {
  wall: () => performance.now(),
  cpu: () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  },
  day: () => Date.now(),
};

/** Asking for the processor's time costs ten times as much as the wall's. */
const CPU_ASKED_MS = 2;

interface Kind {
  count: number;
  sumMs: number;
  maxMs: number;
  readonly classes: number[];
}

export class TurnRecorder {
  private readonly clock: TurnClock;
  private kinds = newKinds();
  private kind: TurnKind | undefined;
  private beganAt = 0;
  private cpuAt = 0;
  private cpuAskedAt = Number.NEGATIVE_INFINITY;
  /** The callback that began the turn has not returned. */
  private inCallback = false;
  private watched = false;
  /** When the turn began, once somebody asked. */
  private day: Time | undefined;
  // Made once: a turn allocates nothing.
  private readonly returned = (): void => {
    this.inCallback = false;
  };
  private readonly pollOver = (): void => {
    this.watched = false;
    this.day = undefined;
    this.over(this.clock.wall());
  };

  constructor(clock: TurnClock = PROCESS_CLOCK) {
    this.clock = clock;
  }

  /**
   * Says that a callback of the event loop begins. Its end is found by itself: at the next one, promises of this one included,
   * or when the event loop has been through all that was ready. Within a callback that is being recorded it does nothing.
   */
  begin(kind: TurnKind): void {
    if (this.inCallback) return;
    const now = this.clock.wall();
    this.over(now);
    this.inCallback = true;
    this.kind = kind;
    this.beganAt = now;
    this.day = undefined;
    if (this.beganAt - this.cpuAskedAt >= CPU_ASKED_MS) {
      this.cpuAskedAt = this.beganAt;
      this.cpuAt = this.clock.cpu();
    }
    // Ticks would tell more exactly, and cost more than all the rest: Node looks through their queue after each callback.
    queueMicrotask(this.returned);
    if (this.watched) return;
    this.watched = true;
    setImmediate(this.pollOver);
  }

  /**
   * The time of day, read once in a turn: a message asks for it six times on its way, and a turn that lasts so long that it
   * matters is told by the figures.
   */
  now(): Time {
    if (!this.watched) return this.clock.day();
    return (this.day ??= this.clock.day());
  }

  figures(kind: TurnKind): TurnFigures {
    const { count, sumMs, maxMs, classes } = this.kinds[kind];
    let total = 0;
    return { count, sumMs, maxMs, atMost: classes.map((inClass) => (total += inClass)) };
  }

  /** The longest of all kinds. */
  get maxMs(): number {
    return Math.max(...TURN_KINDS.map((kind) => this.kinds[kind].maxMs));
  }

  /** Begins anew, the turn that is under way included: what the start of a server takes keeps nobody waiting. */
  forget(): void {
    this.kinds = newKinds();
    this.kind = undefined;
  }

  private over(now: number): void {
    const kind = this.kind === undefined ? undefined : this.kinds[this.kind];
    this.kind = undefined;
    if (kind === undefined) return;
    const wall = now - this.beganAt;
    // On a busy machine the system gives the processor to others in the middle of a turn; that is not ours.
    const ms = wall < CPU_ASKED_MS ? wall : Math.min(wall, this.clock.cpu() - this.cpuAt);
    kind.count++;
    kind.sumMs += ms;
    if (ms > kind.maxMs) kind.maxMs = ms;
    let at = 0;
    while (at < TURN_MS.length && ms > (TURN_MS[at] as number)) at++;
    kind.classes[at] = (kind.classes[at] as number) + 1;
  }
}

function newKinds(): Record<TurnKind, Kind> {
  return { input: newKind(), answers: newKind(), timer: newKind() };
}

function newKind(): Kind {
  return { count: 0, sumMs: 0, maxMs: 0, classes: Array<number>(TURN_MS.length + 1).fill(0) };
}

/** There is one event loop, so there is one recorder. */
export const turns = new TurnRecorder();
