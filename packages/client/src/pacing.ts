/**
 * Keeps to the rates a server announces: what would be too fast waits here, in order, instead of being refused there.
 * @see oscar.md §3.3
 */
import { oservice } from '@seekyou/wire/oscar';
import type { Timers } from './connection.ts';

type Announced = Pick<oservice.RateClass, 'id' | 'window' | 'clear' | 'alert' | 'current' | 'max' | 'lastMs'>;

interface RateClass {
  window: number;
  max: number;
  /** The level we do not go below: between warned and clear, because the server's clock and the line add their own. */
  target: number;
  clear: number;
  level: number;
  last: number;
  limited: boolean;
  readonly queue: (() => void)[];
  cancel: (() => void) | undefined;
}

export class Pacing {
  private readonly timers: Timers;
  private readonly classes = new Map<number, RateClass>();
  private readonly classOf = new Map<number, RateClass>();

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /** SNACs that wait for their time. */
  get waiting(): number {
    let sum = 0;
    for (const one of this.classes.values()) sum += one.queue.length;
    return sum;
  }

  /** From 01/07. */
  announced({ classes, groups }: oservice.RateParamsReply): void {
    for (const one of classes) this.take(one);
    for (const { id, snacs } of groups) {
      const rate = this.classes.get(id);
      if (rate !== undefined) for (const { family, subtype } of snacs) this.classOf.set(keyOf(family, subtype), rate);
    }
  }

  /** From 01/0A. */
  changed({ code, classes }: oservice.RateParamChange): void {
    const { limited, cleared } = oservice.RateChange;
    for (const one of classes) {
      const rate = this.take(one);
      if (code === limited) rate.limited = true;
      if (code === cleared) rate.limited = false;
      this.next(rate);
    }
  }

  /** Calls `go` when this SNAC may leave: at once, or after those of its class that wait already. */
  pass(family: number, subtype: number, go: () => void): void {
    const rate = this.classOf.get(keyOf(family, subtype));
    if (rate === undefined) return go();
    rate.queue.push(go);
    if (rate.queue.length === 1) this.next(rate);
  }

  /** What waits does not go any more. */
  stop(): void {
    for (const rate of this.classes.values()) {
      rate.cancel?.();
      rate.queue.length = 0;
    }
  }

  private take(one: Announced): RateClass {
    const known = this.classes.get(one.id) ?? { level: 0, last: 0, window: 1, max: 0, target: 0, clear: 0, limited: false, queue: [], cancel: undefined };
    known.window = Math.max(1, one.window);
    known.max = one.max;
    known.clear = Math.min(one.clear, one.max);
    known.target = Math.min(one.max, Math.ceil((one.alert + one.clear) / 2));
    known.level = one.current;
    known.last = this.timers.now() - one.lastMs;
    this.classes.set(one.id, known);
    return known;
  }

  private next(rate: RateClass): void {
    rate.cancel?.();
    rate.cancel = undefined;
    for (let go = rate.queue[0]; go !== undefined; go = rate.queue[0]) {
      const now = this.timers.now();
      const wait = waitMs(rate, now);
      if (wait > 0) {
        rate.cancel = this.timers.after(wait, () => this.next(rate));
        return;
      }
      rate.level = levelAt(rate, now);
      rate.last = now;
      rate.limited = false;
      rate.queue.shift();
      go();
    }
  }
}

/** The level after one more SNAC at that time. */
function levelAt({ window, max, level, last }: RateClass, now: number): number {
  return Math.min(max, Math.floor(((window - 1) * level + Math.max(0, now - last)) / window));
}

/** How long until one more SNAC leaves the level where it should be. */
function waitMs(rate: RateClass, now: number): number {
  const target = rate.limited ? rate.clear : rate.target;
  if (levelAt(rate, now) >= target) return 0;
  return Math.max(1, rate.last + rate.window * target - (rate.window - 1) * rate.level - now);
}

const keyOf = (family: number, subtype: number): number => family * 0x10000 + subtype;
