/**
 * How fast a client may send: as fast as over OSCAR, with the same averages. No packet of these protocols says "too fast", so what
 * is above the limit is not acknowledged, as if it had been lost: its client sends it again some seconds later, which is slower.
 * Who floods all the same is thrown out, and stays outside for a while.
 *
 * A class has a level in milliseconds, a moving average of the time between its packets; with `W` the window and `Δ` the time since
 * the last one, `level' = min(max, ((W − 1) · level + Δ) / W)`.
 */
import type { Time } from '@seekyou/core';
import { commands } from '@seekyou/wire/udp';

interface Rule {
  readonly window: number;
  /** A limited class is free again from here. */
  readonly clear: number;
  readonly limit: number;
  readonly disconnect: number;
  readonly max: number;
}

/** A message every second for hours, and 180 in one go; some 1,100 other packets at once; the largest lists in single steps. */
const OTHERS: Rule = { window: 500, clear: 1_000, limit: 600, disconnect: 300, max: 6_000 };
const MESSAGES: Rule = { window: 80, clear: 1_000, limit: 600, disconnect: 300, max: 6_000 };
const LISTS: Rule = { window: 3_000, clear: 120, limit: 60, disconnect: 0, max: 60_000 };

// What is in a piece is not known yet: it may be a message.
const RULE_OF: ReadonlyMap<number, Rule> = new Map([
  ...[commands.sendMessage, commands.msgToNewUser, commands.tcpRequest, commands.fragment].map(({ code }) => [code, MESSAGES] as const),
  ...[commands.contactList, commands.visibleList, commands.invisibleList, commands.addToList, commands.updateList].map(({ code }) => [code, LISTS] as const),
]);

interface Level {
  readonly rule: Rule;
  value: number;
  last: Time;
  limited: boolean;
}

/** The levels of one account. */
export class RateMeter {
  // Most clients only ever send signs of life.
  private readonly levels: Level[] = [];

  count(command: number, now: Time): 'pass' | 'drop' | 'disconnect' {
    const rule = RULE_OF.get(command) ?? OTHERS;
    let level = this.levels.find((one) => one.rule === rule);
    if (level === undefined) this.levels.push((level = { rule, value: rule.max, last: now, limited: false }));
    level.value = valueAt(level, now);
    level.last = now;
    if (level.value < rule.disconnect) return 'disconnect';
    level.limited = level.value < (level.limited ? rule.clear : rule.limit);
    return level.limited ? 'drop' : 'pass';
  }

  /** More than half of what some class may have at once is used up. */
  isWorn(now: Time): boolean {
    return this.levels.some((level) => valueAt(level, now) < level.rule.max / 2);
  }
}

function valueAt({ rule, value, last }: Level, now: Time): number {
  return Math.min(rule.max, ((rule.window - 1) * value + Math.max(0, now - last)) / rule.window);
}
