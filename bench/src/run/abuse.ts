/**
 * `npm run bench -- abuse`: what people who write to each other feel of a flood against the server, held against what they
 * feel of the same flood against a port that discards it. The two take turns, because machines have good and bad minutes, and the
 * best round of each counts: neighbours only make rounds worse. Each round has attackers of its own, whom nobody knows yet.
 */
import { resolve } from 'node:path';
import { range, type Target, type Tell } from '../load/crowd.ts';
import { type FloodKind, type FloodOptions, type FloodResult, FLOODS } from '../load/flood.ts';
import { faultsOf } from '../load/judge.ts';
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

/** One flood at a time, and then all of them at once. */
export const TRIALS = [...FLOODS, 'everything'] as const;
export type Trial = (typeof TRIALS)[number];

export const ABUSE_FULL: AbuseSize = { rounds: 5, warmUpSeconds: 1, seconds: 6 };
export const ABUSE_SHORT: AbuseSize = { rounds: 3, warmUpSeconds: 0.5, seconds: 3 };

export interface AbuseOptions extends Pick<SmokeOptions, 'directory' | 'tell' | 'print' | 'nodeArguments'> {
  readonly size: AbuseSize;
  readonly floods?: ReadonlySet<Trial>;
}

const POPULATION: Population = { first: 100_000, count: 1_000, password: 'bench123' };
/** Who writes to whom while it floods: each less than a message a second, as people do. */
const PEOPLE = 200;
const PEOPLE_RATE = 150;
const ATTACKERS = 20;
/** Others come from 127.0.0.1, which is another network. */
const ATTACKERS_FROM = range(1, 8).map((last) => `127.66.0.${last}`);

/** A flood of each kind as one machine on a local network makes it without effort, connections or packets a second. */
const PER_SECOND: Readonly<Record<FloodKind, number>> = {
  connections: 500,
  'sign-ons': 300,
  datagrams: 2_000,
  registrations: 100,
  messages: 2_000,
  searches: 1_000,
};

/** A server without UDP. */
const NOWHERE = { host: '127.0.0.1', port: 9 };

/** Everything at once, each with less. */
const MIXTURE = 0.3;

export const RATIO_MAX = 2;
export const TURN_MS_MAX = 20;
/** More than before the flood, after it. Queues and buffers of connections that are still being closed. */
export const MEMORY_BYTES_MAX = 128 * 1024 * 1024;

interface Round {
  readonly p99Ms: number;
  readonly flood: FloodResult;
}

/** What people and the server felt. */
export interface Felt {
  readonly control: readonly Round[];
  readonly flooded: readonly Round[];
  /** Of the server, before the first flood and after the last. */
  readonly memory: { readonly before: number; readonly after: number };
  readonly turnMs: number;
}

export async function abuse(options: AbuseOptions): Promise<readonly Figure[]> {
  const { directory, tell, print } = options;
  const figures: Figure[] = [];
  await prepare(directory, tell);
  for (const kind of TRIALS) {
    if (options.floods?.has(kind) === false) continue;
    const found = await feel(options, kind).then(
      (felt) => figuresOf(kind, felt),
      (error: unknown) => [brokenFigure(`flood of ${kind}`, error as Error, 'people')],
    );
    for (const figure of found) print(figure);
    figures.push(...found);
  }
  return figures;
}

export function prepare(directory: string, tell: Tell): Promise<void> {
  tell(`making ${POPULATION.count} accounts`);
  return prepareAccounts({ data: directory, population: POPULATION, contacts: 'none', tell });
}

/** On a server of its own, so that nothing is left of the flood before it. */
export async function feel(options: Omit<AbuseOptions, 'print' | 'floods'>, kind: Trial): Promise<Felt> {
  const { directory, size, tell, nodeArguments = [] } = options;
  const server = await startOurServer({ data: directory, profile: 'people', nodeArguments });
  const discard = await startDiscard(resolve(import.meta.dirname, '../load/discard.ts'));
  const around: Around = {
    size,
    target: { address: server.address, password: POPULATION.password },
    server,
    people: new Generator(() => {}),
    attackers: new Generator(tell),
  };
  try {
    const control: Round[] = [];
    const flooded: Round[] = [];
    // The first round warms everything up.
    await oneRound(around, floodsOf(kind, around, 0, discard));
    const before = server.memoryBytes();
    for (let turn = 0; turn < size.rounds; turn++) {
      control.push(await oneRound(around, floodsOf(kind, around, turn, discard)));
      flooded.push(await oneRound(around, floodsOf(kind, around, turn)));
    }
    return { control, flooded, memory: { before, after: server.memoryBytes() }, turnMs: await longestTurnMs(server) };
  } finally {
    await Promise.all([around.people.stop(), around.attackers.stop()]);
    await Promise.all([server.stop(), discard.stop()]);
  }
}

interface Around {
  readonly size: AbuseSize;
  readonly target: Target;
  readonly server: ServerProcess;
  readonly people: Generator;
  readonly attackers: Generator;
}

function floodsOf(kind: Trial, { size, target, server }: Around, turn: number, discard?: ServerProcess): FloodOptions[] {
  const kinds = kind === 'everything' ? FLOODS : [kind];
  return kinds.map((one, i) => ({
    kind: one,
    target,
    perSecond: PER_SECOND[one] * (kind === 'everything' ? MIXTURE : 1),
    // Longer than the measurement, signing on and draining included.
    seconds: size.warmUpSeconds + size.seconds + 1,
    uins: range(POPULATION.first + (turn * FLOODS.length + i) * ATTACKERS, ATTACKERS),
    from: ATTACKERS_FROM,
    udp: (discard ?? server).udp ?? NOWHERE,
    ...(discard === undefined ? {} : { discard: discard.address }),
  }));
}

async function oneRound({ size, target, people, attackers }: Around, all: readonly FloodOptions[]): Promise<Round> {
  // The last ones: the first are attackers.
  const uins = range(POPULATION.first + POPULATION.count - PEOPLE, PEOPLE);
  const latency = people.run('latency', { target, uins, rate: PEOPLE_RATE, warmUpSeconds: size.warmUpSeconds, seconds: size.seconds });
  const [{ ackP99Ms, deliveryP99Ms, verdict }, flood] = await Promise.all([latency, attackers.run('floods', all)]);
  const faults = faultsOf(verdict);
  if (faults !== undefined) throw new Error(faults);
  return { p99Ms: Math.max(ackP99Ms, deliveryP99Ms), flood };
}

const bestOf = (rounds: readonly Round[]): number => Math.min(...rounds.map(({ p99Ms }) => p99Ms));

/** How many times as long as in the control run the slowest hundredth of the others' messages took. */
export function ratioOf({ control, flooded }: Pick<Felt, 'control' | 'flooded'>): number {
  return bestOf(flooded) / bestOf(control);
}

export function figuresOf(kind: string, { control, flooded, memory, turnMs }: Felt): Figure[] {
  const [quiet, loud] = [bestOf(control), bestOf(flooded)];
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
  const grown = Math.max(0, memory.after - memory.before);
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
