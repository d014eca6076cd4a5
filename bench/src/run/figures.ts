/** The figures of a run: what was measured, what was asked for, and the line that says both. */
import type { Verdict } from '../load/judge.ts';
import { faultsOf } from '../load/judge.ts';
import type { Fsync } from './fsync.ts';
import type { Rounds } from './rounds.ts';

/** `failed`: a message was lost, repeated, reordered or changed, or the measurement itself broke. */
export type Standing = 'ok' | 'below' | 'no bar' | 'failed';

export interface Figure {
  readonly name: string;
  /** With its unit. */
  readonly value: string;
  readonly bar: string;
  readonly aim: string;
  readonly standing: Standing;
  /** `limits.profile` of the server, `-` where there is none. */
  readonly profile: string;
  /** What the value has to be read with: the floor, the disk. */
  readonly beside: string;
}

/** Fewer share what the process needs for itself among them: the bar is for so many. */
const MEMORY_SESSIONS = 10_000;
/** From here on a disk is fast enough for the bars that are absolute. */
const FAST_FSYNC = 2_000;

export const whole = (value: number): string => Math.round(value).toLocaleString('en');
const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
const ratio = (value: number, to: number): string => (value / to).toFixed(2);
const disk = (fsync: Fsync): string => `fsync ${whole(fsync.perSecond)}/s, ${fsync.p50Ms.toFixed(2)}/${fsync.p99Ms.toFixed(2)} ms`;

/** Of the best round of both; behind it each round for itself. */
function share({ best, reference, shares }: Rounds<{ readonly perSecond: number }>, of: string): string {
  const each = shares.length === 1 ? '' : `, in turns ${shares.map((one) => one.toFixed(2)).join(' ')}`;
  return `${ratio(best.perSecond, reference)} of ${of} ${whole(reference)}${each}`;
}

function besides(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join('; ');
}

/** A judge's objections go before any speed. */
function judged(figure: Figure, verdict: Verdict): Figure {
  const faults = faultsOf(verdict);
  return faults === undefined ? figure : { ...figure, standing: 'failed', beside: besides(`FAILED: ${faults}`, figure.beside) };
}

const atLeast = (value: number, bar: number): Standing => (value >= bar ? 'ok' : 'below');
const atMost = (value: number, bar: number): Standing => (value <= bar ? 'ok' : 'below');

export interface Against {
  readonly profile: string;
  /** The floor's value of the same figure, when it was measured. */
  readonly floor?: number;
}

export interface SignOnsMeasured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export function signOnsFigure(rounds: Rounds<SignOnsMeasured>, profile: string): Figure {
  const { perSecond, p50Ms, p99Ms } = rounds.best;
  return {
    name: 'sign-ons/s, 50 at once, empty rosters',
    value: whole(perSecond),
    bar: '≥ 1,000',
    aim: '2,000',
    standing: atLeast(perSecond, 1_000),
    profile,
    beside: besides(share(rounds, 'floor'), `each ${ms(p50Ms)}/${ms(p99Ms)}`),
  };
}

export function rosterSignOnsFigure(rounds: Rounds<{ readonly perSecond: number }>, accounts: number, profile: string): Figure {
  const { best, reference } = rounds;
  return {
    name: `sign-ons/s, ${whole(accounts)} × 50 contacts, all off line`,
    value: whole(best.perSecond),
    bar: '≥ 0.8 of empty',
    aim: '1.0',
    standing: atLeast(best.perSecond, 0.8 * reference),
    profile,
    beside: share(rounds, 'empty'),
  };
}

export function noticesFigure(result: { readonly perSecond: number; readonly noticesEach: number }, offLine: number, profile: string): Figure {
  const extraUs = (1e6 / result.perSecond - 1e6 / offLine) / Math.max(1, result.noticesEach);
  return {
    name: 'sign-ons/s, 25 of the 50 on line',
    value: whole(result.perSecond),
    bar: 'linear in notices',
    aim: '',
    standing: 'no bar',
    profile,
    beside: `${result.noticesEach.toFixed(1)} notices each, ${Math.max(0, extraUs).toFixed(1)} µs a notice`,
  };
}

export interface MessagesMeasured {
  readonly perSecond: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly verdict: Verdict;
}

/** Held against the floor or, when that is slower, the disk. A fault in any round is a fault. */
export function messagesFigure(rounds: Rounds<MessagesMeasured & { readonly fsync: Fsync | undefined }>, pairs: number, profile: string): Figure {
  const { best, reference } = rounds;
  const { perSecond, ackP50Ms, ackP99Ms, fsync } = best;
  const limit = Math.min(reference, fsync === undefined ? Infinity : pairs * fsync.perSecond);
  const absolute = fsync !== undefined && fsync.perSecond >= FAST_FSYNC ? 20_000 : 0;
  const bar = Math.max(0.5 * limit, absolute);
  const figure: Figure = {
    name: `messages/s, ${pairs} pairs, durable and judged`,
    value: whole(perSecond),
    bar: `≥ ${whole(bar)}`,
    aim: whole(0.8 * limit),
    standing: atLeast(perSecond, bar),
    profile,
    beside: besides(share(rounds, 'floor'), `ack ${ms(ackP50Ms)}/${ms(ackP99Ms)}`, fsync === undefined ? undefined : disk(fsync)),
  };
  return rounds.all.reduce((judgedSoFar, { verdict }) => judged(judgedSoFar, verdict), figure);
}

export interface LatencyMeasured extends MessagesMeasured {
  readonly deliveryP50Ms: number;
  readonly deliveryP99Ms: number;
}

export function latencyFigures(result: LatencyMeasured, rate: number, fsync: Fsync | undefined, against: Against & { readonly floor99?: number }): Figure[] {
  const beside = besides(`delivery ${ms(result.deliveryP50Ms)}/${ms(result.deliveryP99Ms)}`, fsync === undefined ? undefined : disk(fsync));
  const one = (part: 'p50' | 'p99', value: number, bar: number | undefined, aim: string, floor: number | undefined): Figure =>
    judged(
      {
        name: `acknowledgement ${part} at ${rate} messages/s`,
        value: ms(value),
        bar: bar === undefined ? '' : `≤ ${ms(bar)}`,
        aim,
        standing: bar === undefined ? 'no bar' : atMost(value, bar),
        profile: against.profile,
        beside: besides(floor === undefined ? undefined : `floor ${ms(floor)}`, beside),
      },
      result.verdict,
    );
  const bar50 = fsync === undefined ? undefined : 0.5 + 1.5 * fsync.p50Ms;
  const bar99 = fsync === undefined ? undefined : 3 + 2 * fsync.p99Ms;
  return [
    one('p50', result.ackP50Ms, bar50, fsync === undefined ? '' : ms(fsync.p50Ms + 0.3), against.floor),
    one('p99', result.ackP99Ms, bar99, '', against.floor99),
  ];
}

export function statusFigure(
  result: { readonly lastP50Ms: number; readonly lastMaxMs: number; readonly extra: number },
  few: Watched,
  many: Watched,
  profile: string,
): Figure {
  return {
    name: `status change to ${whole(many.watchers)} watchers, last one`,
    value: ms(result.lastP50Ms),
    bar: '≤ 100 ms',
    aim: '40 ms',
    standing: atMost(result.lastP50Ms, 100),
    profile,
    beside: besides(
      `worst ${ms(result.lastMaxMs)}`,
      `${((many.lastMs * 1000) / many.watchers).toFixed(1)} µs a watcher, ${((few.lastMs * 1000) / few.watchers).toFixed(1)} with ${whole(few.watchers)}`,
      result.extra === 0 ? undefined : `${result.extra} notices too many`,
    ),
  };
}

export interface Watched {
  readonly watchers: number;
  readonly lastMs: number;
}

export function memoryFigure(bytesEach: number, sessions: number, { profile, floor }: Against): Figure {
  return {
    name: `memory of an idle session, ${whole(sessions)} on line`,
    value: `${(bytesEach / 1024).toFixed(1)} KB`,
    bar: sessions < MEMORY_SESSIONS ? '≤ 20 KB at 10,000' : '≤ 20 KB',
    aim: '12 KB',
    standing: sessions < MEMORY_SESSIONS ? 'no bar' : atMost(bytesEach, 20 * 1024),
    profile,
    beside: floor === undefined ? '' : `floor ${(floor / 1024).toFixed(1)} KB`,
  };
}

/** Over TLS: keys and buffers of OpenSSL beside the session. */
export function tlsMemoryFigure(bytesEach: number, sessions: number, profile: string): Figure {
  return {
    name: `memory of an idle session over TLS, ${whole(sessions)} on line`,
    value: `${(bytesEach / 1024).toFixed(1)} KB`,
    bar: sessions < MEMORY_SESSIONS ? '≤ 80 KB at 10,000' : '≤ 80 KB',
    aim: '65 KB',
    standing: sessions < MEMORY_SESSIONS ? 'no bar' : atMost(bytesEach, 80 * 1024),
    profile,
    beside: '',
  };
}

export function storesFigure(result: MessagesMeasured, senders: number, fsync: Fsync | undefined, profile: string): Figure {
  const bar = fsync !== undefined && fsync.perSecond >= FAST_FSYNC ? 10_000 : undefined;
  return judged(
    {
      name: `durable stores/s for people off line, ${senders} senders`,
      value: whole(result.perSecond),
      bar: fsync === undefined ? '' : bar === undefined ? '(slow disk)' : `≥ ${whole(bar)}`,
      aim: '30,000',
      standing: bar === undefined ? 'no bar' : atLeast(result.perSecond, bar),
      profile,
      beside: besides(`ack ${ms(result.ackP50Ms)}/${ms(result.ackP99Ms)}`, fsync === undefined ? undefined : disk(fsync)),
    },
    result.verdict,
  );
}

export function fetchFigure(
  result: { readonly p50Ms: number; readonly maxMs: number; readonly messagesEach: number; readonly verdict: Verdict },
  profile: string,
): Figure {
  return judged(
    {
      name: `fetch ${result.messagesEach} stored messages at sign-on`,
      value: ms(result.p50Ms),
      bar: '≤ 6 ms',
      aim: '3 ms',
      standing: atMost(result.p50Ms, 6),
      profile,
      beside: `worst ${ms(result.maxMs)}`,
    },
    result.verdict,
  );
}

/** A measurement that broke. */
export function brokenFigure(name: string, error: Error, profile: string): Figure {
  return { name, value: '-', bar: '', aim: '', standing: 'failed', profile, beside: `FAILED: ${error.message.split('\n')[0]}` };
}

// ---------------------------------------------------------------- printing

const COLUMNS = [
  { title: 'figure', width: 48, right: false },
  { title: 'value', width: 10, right: true },
  { title: 'bar', width: 18, right: true },
  { title: 'aim', width: 8, right: true },
  { title: '', width: 6, right: false },
  { title: 'limits', width: 6, right: false },
  { title: 'beside', width: 0, right: false },
] as const;

function row(cells: readonly string[]): string {
  return COLUMNS.map(({ width, right }, i) => (right ? (cells[i] as string).padStart(width) : (cells[i] as string).padEnd(width)))
    .join('  ')
    .trimEnd();
}

export function tableHead(): string {
  return [row(COLUMNS.map(({ title }) => title)), row(COLUMNS.map(({ width }) => '-'.repeat(Math.max(width, 6))))].join('\n');
}

export function tableRow({ name, value, bar, aim, standing, profile, beside }: Figure): string {
  return row([name, value, bar, aim, standing, profile, beside]);
}
