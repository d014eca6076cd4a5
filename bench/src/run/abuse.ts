/**
 * `npm run bench -- abuse`: what people who write to each other feel of a flood against the server, held against what they
 * feel of the same flood against a port that discards it. The two take turns, because machines have good and bad minutes.
 */
import { resolve } from 'node:path';
import { range, type Target } from '../load/crowd.ts';
import { type FloodKind, type FloodResult, FLOODS } from '../load/flood.ts';
import { prepareAccounts } from './accounts.ts';
import { brokenFigure, type Figure, whole } from './figures.ts';
import { Generator } from './generator.ts';
import { type ServerProcess, startDiscard, startOurServer } from './processes.ts';
import type { Population, SmokeOptions } from './smoke.ts';

export interface AbuseSize {
  readonly rounds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export const ABUSE_FULL: AbuseSize = { rounds: 5, warmUpSeconds: 1, seconds: 6 };
export const ABUSE_SHORT: AbuseSize = { rounds: 3, warmUpSeconds: 0.5, seconds: 3 };

export interface AbuseOptions extends Pick<SmokeOptions, 'directory' | 'tell' | 'print' | 'nodeArguments'> {
  readonly size: AbuseSize;
  readonly floods?: ReadonlySet<FloodKind>;
}

const POPULATION: Population = { first: 100_000, count: 1_000, password: 'bench123' };
/** Who writes to whom while it floods: each less than a message a second, as people do. */
const PEOPLE = 200;
const PEOPLE_RATE = 150;
const ATTACKERS = 20;
/** Others come from 127.0.0.1, which is another network. */
const ATTACKERS_FROM = range(1, 8).map((last) => `127.66.0.${last}`);

/** A flood of each kind as one machine on a local network makes it without effort, connections or packets a second. */
const PER_SECOND: Readonly<Record<FloodKind, number>> = { connections: 500, 'sign-ons': 300, registrations: 100, messages: 2_000, searches: 1_000 };

const RATIO_MAX = 2;
const TURN_MS_MAX = 20;
/** More than before the flood, after it. Queues and buffers of connections that are still being closed. */
const MEMORY_BYTES_MAX = 128 * 1024 * 1024;

interface Round {
  readonly p99Ms: number;
  readonly flood: FloodResult;
}

export async function abuse(options: AbuseOptions): Promise<readonly Figure[]> {
  const { directory, tell, print } = options;
  const figures: Figure[] = [];
  tell(`making ${POPULATION.count} accounts`);
  await prepareAccounts({ data: directory, population: POPULATION, contacts: 'none', tell });
  for (const kind of FLOODS) {
    if (options.floods !== undefined && !options.floods.has(kind)) continue;
    const found = await oneKind(options, kind).catch((error: unknown) => [brokenFigure(`flood of ${kind}`, error as Error, 'people')]);
    for (const figure of found) print(figure);
    figures.push(...found);
  }
  return figures;
}

/** On a server of its own, so that nothing is left of the flood before it. */
async function oneKind(options: AbuseOptions, kind: FloodKind): Promise<Figure[]> {
  const { directory, size, tell, nodeArguments = [] } = options;
  const server = await startOurServer({ data: directory, profile: 'people', nodeArguments, more: ['--audit-log', 'off'] });
  const discard = await startDiscard(resolve(import.meta.dirname, '../load/discard.ts'));
  const people = new Generator(() => {});
  const attackers = new Generator(tell);
  try {
    const target: Target = { address: server.address, password: POPULATION.password };
    const round = (on: Parameters<typeof oneRound>[0]['discard']): Promise<Round> => oneRound({ kind, size, target, people, attackers, discard: on });
    const control: Round[] = [];
    const flooded: Round[] = [];
    await round(discard.address);
    const before = server.memoryBytes();
    for (let turn = 0; turn < size.rounds; turn++) {
      control.push(await round(discard.address));
      flooded.push(await round(undefined));
    }
    return figuresOf(kind, control, flooded, { before, after: server.memoryBytes(), turnMs: await longestTurnMs(server) });
  } finally {
    await Promise.all([people.stop(), attackers.stop()]);
    await Promise.all([server.stop(), discard.stop()]);
  }
}

async function oneRound({
  kind,
  size,
  target,
  people,
  attackers,
  discard,
}: {
  readonly kind: FloodKind;
  readonly size: AbuseSize;
  readonly target: Target;
  readonly people: Generator;
  readonly attackers: Generator;
  readonly discard: ServerProcess['address'] | undefined;
}): Promise<Round> {
  const uins = range(POPULATION.first + ATTACKERS, PEOPLE);
  const latency = people.run('latency', { target, uins, rate: PEOPLE_RATE, warmUpSeconds: size.warmUpSeconds, seconds: size.seconds });
  const flood = attackers.run('flood', {
    kind,
    target,
    perSecond: PER_SECOND[kind],
    // Longer than the measurement, signing on and draining included.
    seconds: size.warmUpSeconds + size.seconds + 1,
    uins: range(POPULATION.first, ATTACKERS),
    from: ATTACKERS_FROM,
    ...(discard === undefined ? {} : { discard }),
  });
  const [{ ackP99Ms, deliveryP99Ms }, sent] = await Promise.all([latency, flood]);
  return { p99Ms: Math.max(ackP99Ms, deliveryP99Ms), flood: sent };
}

interface Seen {
  readonly before: number;
  readonly after: number;
  readonly turnMs: number;
}

export function figuresOf(kind: FloodKind, control: readonly Round[], flooded: readonly Round[], { before, after, turnMs }: Seen): Figure[] {
  const [quiet, loud] = [middle(control.map(({ p99Ms }) => p99Ms)), middle(flooded.map(({ p99Ms }) => p99Ms))];
  const sent = (rounds: readonly Round[]): string => whole(middle(rounds.map(({ flood }) => flood.sent)));
  const ended = whole(middle(flooded.map(({ flood }) => flood.ended)));
  const one = (name: string, value: string, bar: string, reached: boolean, beside: string): Figure => ({
    name: `flood of ${kind}: ${name}`,
    value,
    bar,
    aim: '',
    standing: reached ? 'ok' : 'below',
    profile: 'people',
    beside,
  });
  const grown = Math.max(0, after - before);
  return [
    one(
      "others' p99 against discard's",
      `${(loud / quiet).toFixed(2)} ×`,
      `≤ ${RATIO_MAX} ×`,
      loud <= RATIO_MAX * quiet,
      `${loud.toFixed(1)} ms against ${quiet.toFixed(1)} ms; ${sent(flooded)} sent, ${ended} thrown out, ${sent(control)} discarded`,
    ),
    one('longest turn', `${turnMs.toFixed(1)} ms`, `≤ ${TURN_MS_MAX} ms`, turnMs <= TURN_MS_MAX, ''),
    one('memory grown', `${(grown / 1024 / 1024).toFixed(0)} MB`, `≤ ${MEMORY_BYTES_MAX / 1024 / 1024} MB`, grown <= MEMORY_BYTES_MAX, ''),
  ];
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Since the server started. */
export async function longestTurnMs({ admin }: Pick<ServerProcess, 'admin'>): Promise<number> {
  const text = await (await fetch(`http://${admin}/metrics`)).text();
  const found = [...text.matchAll(/^seekyou_turn_seconds_max\{kind="\w+"\} (\S+)$/gm)].map((match) => Number(match[1]));
  if (found.length === 0) throw new Error('the server does not tell how long its turns are');
  return Math.max(...found) * 1000;
}
