/**
 * Rates: how fast a client may send, announced in 01/07 and enforced as announced. @see oscar.md §3.3
 *
 * A class has a level in milliseconds, a moving average of the time between its SNACs: with `W` the window and `Δ` the time
 * since the last one, `level' = min(max, ((W − 1) · level + Δ) / W)`. Sending steadily every `Δ` ms lets it settle at `Δ`.
 */
import type { Time } from '@seekyou/core';
import { oservice } from '@seekyou/wire/oscar';

type RateClass = oservice.RateClass;

/** Thresholds are levels: milliseconds between SNACs, on average. */
export interface RateRule {
  readonly id: number;
  readonly window: number;
  /** A limited class is free again from here. */
  readonly clear: number;
  /** Below it the client is warned. */
  readonly alert: number;
  /** Below it SNACs are refused. */
  readonly limit: number;
  /** Below it the connection ends. */
  readonly disconnect: number;
  readonly max: number;
  /** Whether overruns are answered, or dropped without a word. */
  readonly overrun: 'refuse' | 'drop';
}

/** Which class a SNAC belongs to; those not named here belong to class 1. */
export const RateClassId = { others: 1, lists: 2, messages: 3, directory: 4, typing: 5 } as const;

/**
 * For people. A person may write a message and a typing notice every second for hours, and 180 of them in one go; a client may
 * ask for 900 things at once, and upload the largest roster in single steps. What stays below these averages is a machine.
 */
export const PEOPLE_RATES: readonly RateRule[] = [
  { id: RateClassId.others, window: 500, clear: 1_000, alert: 800, limit: 600, disconnect: 300, max: 6_000, overrun: 'refuse' },
  // Wide enough for 10,000 at once: 3,000 items, each with its begin and end. Nobody is cut off while his list is half sent.
  { id: RateClassId.lists, window: 3_000, clear: 120, alert: 90, limit: 60, disconnect: 0, max: 60_000, overrun: 'refuse' },
  { id: RateClassId.messages, window: 80, clear: 1_000, alert: 800, limit: 600, disconnect: 300, max: 6_000, overrun: 'refuse' },
  { id: RateClassId.directory, window: 20, clear: 5_500, alert: 5_300, limit: 4_200, disconnect: 3_000, max: 8_000, overrun: 'refuse' },
  { id: RateClassId.typing, window: 80, clear: 1_000, alert: 800, limit: 600, disconnect: 0, max: 6_000, overrun: 'drop' },
];

/** For measuring: the same classes without thresholds. */
export const BENCH_RATES: readonly RateRule[] = PEOPLE_RATES.map((rule) => ({ ...rule, clear: 0, alert: 0, limit: 0, disconnect: 0 }));

// ---------------------------------------------------------------- who belongs where

/** Everything a client of any of the families on BOS may send: AIM's refuse to send what is in no class. */
const SENT_BY_CLIENTS: readonly (readonly [family: number, first: number, last: number])[] = [
  [0x01, 0x01, 0x21],
  [0x02, 0x01, 0x15],
  [0x03, 0x01, 0x10],
  [0x04, 0x01, 0x17],
  [0x06, 0x01, 0x03],
  [0x08, 0x01, 0x02],
  [0x09, 0x01, 0x0b],
  [0x0a, 0x01, 0x03],
  [0x0b, 0x01, 0x04],
  [0x0c, 0x01, 0x03],
  [0x13, 0x01, 0x28],
  [0x15, 0x01, 0x03],
  [0x5359, 0x02, 0x02],
  [0x5359, 0x17, 0x17],
  [0x5359, 0x19, 0x19],
];

/** On connections for one family. */
const SENT_TO_SERVICES: typeof SENT_BY_CLIENTS = [
  [0x07, 0x01, 0x09],
  [0x0d, 0x01, 0x09],
  [0x0e, 0x01, 0x09],
  [0x0f, 0x01, 0x05],
  [0x10, 0x01, 0x07],
];

const EXCEPTIONS: readonly (readonly [id: number, family: number, first: number, last: number])[] = [
  [RateClassId.lists, 0x03, 0x04, 0x05],
  [RateClassId.lists, 0x03, 0x0f, 0x10],
  [RateClassId.lists, 0x09, 0x05, 0x08],
  [RateClassId.lists, 0x09, 0x0a, 0x0b],
  [RateClassId.lists, 0x13, 0x08, 0x12],
  // A client answers each envelope it is given by itself: others must not be able to talk it into its limit.
  [RateClassId.lists, 0x04, 0x0b, 0x0b],
  // Our own clients acknowledge what they are given.
  [RateClassId.lists, 0x5359, 0x02, 0x02],
  [RateClassId.messages, 0x02, 0x05, 0x05],
  [RateClassId.messages, 0x04, 0x06, 0x06],
  // Each brings somebody a text.
  [RateClassId.messages, 0x13, 0x14, 0x14],
  [RateClassId.messages, 0x13, 0x18, 0x18],
  [RateClassId.messages, 0x13, 0x1a, 0x1a],
  [RateClassId.directory, 0x02, 0x09, 0x09],
  [RateClassId.directory, 0x02, 0x0b, 0x0b],
  [RateClassId.messages, 0x0e, 0x05, 0x05],
  [RateClassId.directory, 0x0a, 0x02, 0x02],
  [RateClassId.directory, 0x0d, 0x07, 0x07],
  [RateClassId.directory, 0x0f, 0x02, 0x02],
  // A client fetches the pictures of a whole list when it signs on.
  [RateClassId.lists, 0x10, 0x04, 0x06],
  [RateClassId.typing, 0x04, 0x14, 0x14],
];

const keyOf = (family: number, subtype: number): number => family * 0x10000 + subtype;

const exceptionOf = new Map(
  EXCEPTIONS.flatMap(([id, family, first, last]) => Array.from({ length: last - first + 1 }, (_, i) => [keyOf(family, first + i), id] as const)),
);

export function rateClassOf(family: number, subtype: number): number {
  return exceptionOf.get(keyOf(family, subtype)) ?? RateClassId.others;
}

const membersOf = (families: typeof SENT_BY_CLIENTS): readonly { readonly family: number; readonly subtype: number }[] =>
  families.flatMap(([family, first, last]) => Array.from({ length: last - first + 1 }, (_, i) => ({ family, subtype: first + i })));

const members = membersOf(SENT_BY_CLIENTS);

type Groups = oservice.RateParamsReply['groups'];

/**
 * As many groups as classes, in their order: libicq2000 reads exactly so many.
 *
 * @param service 0 on BOS; on a connection for one family that and family 01
 */
export function rateGroups(rules: readonly RateRule[], service = 0): Groups {
  const here =
    service === 0 ? members : [...members.filter(({ family }) => family === 0x01), ...membersOf(SENT_TO_SERVICES.filter(([family]) => family === service))];
  return rules.map(({ id }) => ({ id, snacs: here.filter(({ family, subtype }) => rateClassOf(family, subtype) === id) }));
}

// ---------------------------------------------------------------- one connection

export interface RateNotice {
  /** Of `RateChange`: 2 warning, 3 limited, 4 cleared. */
  readonly code: number;
  readonly record: RateClass;
}

export interface RateVerdict {
  readonly do: 'pass' | 'refuse' | 'drop' | 'disconnect';
  /** To be sent first. */
  readonly notice?: RateNotice;
}

const PASS: RateVerdict = { do: 'pass' };

interface Level {
  level: number;
  last: Time;
  state: 'clear' | 'warned' | 'limited';
}

/** Of these, coming back is no way out. Signing on needs the others, and must not be what keeps somebody out. */
const REMEMBERED: ReadonlySet<number> = new Set([RateClassId.messages, RateClassId.directory, RateClassId.typing]);

/** The levels of one connection. */
export class RateMeter {
  private readonly rules: readonly RateRule[];
  private readonly since: Time;
  /** By rule; made when the first SNAC of a class comes. */
  private readonly levels: (Level | undefined)[];
  private limitedCount = 0;

  /** @param before another meter of the same rules; what it remembers goes on here */
  constructor(rules: readonly RateRule[], now: Time, before?: RateMeter) {
    this.rules = rules;
    this.since = now;
    this.levels = rules.map(() => undefined);
    if (before !== undefined) this.goOnFrom(before, now);
  }

  /** What another meter of the same rules remembers goes on here, where it is worse. */
  goOnFrom(other: RateMeter, now: Time): void {
    for (const [at, rule] of this.rules.entries()) {
      const [mine, level] = [this.levels[at], other.levels[at]];
      if (level === undefined || !REMEMBERED.has(rule.id)) continue;
      if (mine === undefined || next(rule, level, now) < next(rule, mine, now)) this.levels[at] = { ...level };
    }
    this.limitedCount = this.levels.filter((level) => level?.state === 'limited').length;
  }

  /** More than half of what some class that is remembered may have at once is used up. */
  isWorn(now: Time): boolean {
    return this.rules.some((rule, at) => {
      const level = this.levels[at];
      return level !== undefined && REMEMBERED.has(rule.id) && rule.limit > 0 && next(rule, level, now) < rule.max / 2;
    });
  }

  /** Some class is limited: ask `cleared` from time to time. */
  get limited(): boolean {
    return this.limitedCount > 0;
  }

  /** Counts one SNAC. */
  count(family: number, subtype: number, now: Time): RateVerdict {
    const id = rateClassOf(family, subtype);
    let at = 0;
    while (at < this.rules.length && this.rules[at]?.id !== id) at++;
    const rule = this.rules[at];
    if (rule === undefined) return PASS;
    const level = (this.levels[at] ??= { level: rule.max, last: this.since, state: 'clear' });
    level.level = next(rule, level, now);
    level.last = Math.max(level.last, now);
    if (level.level < rule.disconnect) return { do: 'disconnect' };
    const before = level.state;
    level.state = stateAfter(rule, level);
    if (before !== 'limited' && level.state === 'limited') this.limitedCount++;
    if (before === 'limited' && level.state !== 'limited') this.limitedCount--;
    return this.verdict(at, before, level, now);
  }

  /** Classes whose limit has passed. Clients that obey (libpurple) send nothing of a limited class until they are told. */
  cleared(now: Time): readonly RateNotice[] {
    return this.rules.flatMap((rule, at) => {
      const level = this.levels[at];
      if (level?.state !== 'limited' || next(rule, level, now) < rule.clear) return [];
      level.state = 'clear';
      this.limitedCount--;
      return rule.overrun === 'drop' ? [] : [{ code: oservice.RateChange.cleared, record: this.record(at, now) }];
    });
  }

  /** The classes as 01/07 and 01/0A tell them. */
  records(now: Time): readonly RateClass[] {
    return this.rules.map((_, at) => this.record(at, now));
  }

  /** @param service 0 on BOS */
  groups(service: number): Groups {
    return service === 0 ? groupsOf(this.rules) : rateGroups(this.rules, service);
  }

  private verdict(at: number, before: Level['state'], level: Level, now: Time): RateVerdict {
    const silent = this.rules[at]?.overrun === 'drop';
    const passes = level.state !== 'limited';
    if (level.state === before || silent) return passes ? PASS : { do: silent ? 'drop' : 'refuse' };
    const { warning, limited, cleared } = oservice.RateChange;
    const code = level.state === 'limited' ? limited : level.state === 'warned' ? warning : before === 'limited' ? cleared : undefined;
    const notice = code === undefined ? {} : { notice: { code, record: this.record(at, now) } };
    return { do: passes ? 'pass' : 'refuse', ...notice };
  }

  private record(at: number, now: Time): RateClass {
    const { overrun: _, ...rule } = this.rules[at] as RateRule;
    const level = this.levels[at];
    const lastMs = Math.min(0xffffffff, Math.max(0, now - (level?.last ?? this.since)));
    // libpurple sends nothing of a class whose state is not 0, so only a limited one has 1.
    return { ...rule, current: level?.level ?? rule.max, lastMs, state: level?.state === 'limited' ? 1 : 0 };
  }
}

function next(rule: RateRule, { level, last }: Level, now: Time): number {
  return Math.min(rule.max, Math.floor(((rule.window - 1) * level + Math.max(0, now - last)) / rule.window));
}

/** Nobody is limited who was not warned by an earlier SNAC, and a warning is repeated only after the class was clear again. */
function stateAfter(rule: RateRule, { level, state }: Level): Level['state'] {
  if (state === 'limited') return level >= rule.clear ? 'clear' : 'limited';
  if (level < rule.limit) return state === 'warned' ? 'limited' : 'warned';
  if (level < rule.alert) return 'warned';
  return state === 'warned' && level < rule.clear ? 'warned' : 'clear';
}

const groupCache = new WeakMap<readonly RateRule[], Groups>();

function groupsOf(rules: readonly RateRule[]): Groups {
  let groups = groupCache.get(rules);
  if (groups === undefined) {
    groups = rateGroups(rules);
    groupCache.set(rules, groups);
  }
  return groups;
}
