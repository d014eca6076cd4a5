/** `npm run bench -- smoke`: every figure once, in its first form. */
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { range, type Target, type Tell } from '../load/crowd.ts';
import type { ScenarioName, ScenarioOptions, ScenarioResult } from '../load/scenarios.ts';
import { prepareAccounts } from './accounts.ts';
import {
  brokenFigure,
  fetchFigure,
  type Figure,
  latencyFigures,
  memoryFigure,
  messagesFigure,
  noticesFigure,
  rosterSignOnsFigure,
  signOnsFigure,
  statusFigure,
  storesFigure,
  tlsMemoryFigure,
} from './figures.ts';
import { type Fsync, FsyncMeter } from './fsync.ts';
import { Generator } from './generator.ts';
import { type ServerProcess, startFloor, startOurServer } from './processes.ts';
import { inTurns, type Rate, type Rounds } from './rounds.ts';

/** How much of everything. */
export interface Size {
  /** How often what is held against something else is measured in turns with it. */
  readonly rounds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly idleSessions: number;
  readonly idleTlsSessions: number;
  readonly watchers: number;
  readonly changes: number;
  readonly fetches: number;
  readonly fsyncMs: number;
}

export const FULL: Size = {
  rounds: 4,
  warmUpSeconds: 3,
  seconds: 10,
  idleSessions: 10_000,
  idleTlsSessions: 10_000,
  watchers: 3_000,
  changes: 10,
  fetches: 10,
  fsyncMs: 1_000,
};
export const SHORT: Size = {
  rounds: 2,
  warmUpSeconds: 1,
  seconds: 3,
  idleSessions: 2_000,
  idleTlsSessions: 1_000,
  watchers: 3_000,
  changes: 3,
  fetches: 3,
  fsyncMs: 400,
};

const ACCOUNTS = 10_000;
const CONTACTS = 50;
const PAIRS = 50;
const AT_ONCE = 50;
const RATE = 500;
/** Each writes less than a message a second at {@link RATE}: what the `people` profile must bear for hours. */
const LATENCY_PEOPLE = 600;
const STORE_SENDERS = 100;
const STORE_RECIPIENTS = 500;
const FETCHED = 200;
/** How long memory is left to settle before it is read. */
const SETTLE_MS = 3_000;

/** Who has accounts on the server that is measured, all with one password. */
export interface Population {
  readonly first: number;
  readonly count: number;
  readonly password: string;
}

export const OUR_POPULATION: Population = { first: 100_000, count: ACCOUNTS, password: 'bench123' };

export interface SmokeOptions {
  readonly size: Size;
  /** An empty directory on the disk that is to be measured. */
  readonly directory: string;
  readonly tell: Tell;
  readonly print: (figure: Figure) => void;
  /** Given to our server's Node, such as `--cpu-prof`. */
  readonly nodeArguments?: readonly string[];
  /** Figures whose group is named; absent: all. */
  readonly only?: ReadonlySet<Group>;
}

export const GROUPS = ['sign-ons', 'rosters', 'messages', 'latency', 'memory', 'status', 'stores', 'fetch'] as const;
export type Group = (typeof GROUPS)[number];

/** What the floor reached. */
interface Floor {
  ackP50Ms?: number;
  ackP99Ms?: number;
  memory?: number;
}

/** One server under measurement, with a generator of its own. */
class Bench {
  private readonly options: SmokeOptions;
  readonly target: Target;
  readonly population: Population;
  readonly profile: string;
  private readonly server: Pick<ServerProcess, 'memoryBytes'> | undefined;
  /** Where the server's database lies; absent: unknown, and durable figures stand without the disk's. */
  private readonly data: string | undefined;
  private readonly generator: Generator;

  constructor(
    options: SmokeOptions,
    target: Target,
    of: {
      readonly population: Population;
      readonly profile: string;
      readonly server: Pick<ServerProcess, 'memoryBytes'> | undefined;
      readonly data: string | undefined;
    },
  ) {
    this.options = options;
    this.target = target;
    this.population = of.population;
    this.profile = of.profile;
    this.server = of.server;
    this.data = of.data;
    this.generator = new Generator(options.tell);
  }

  uins(from: number, count: number): number[] {
    const { first, count: all } = this.population;
    return range(first + Math.min(from, all), Math.min(count, Math.max(0, all - from)));
  }

  run<N extends ScenarioName>(name: N, options: ScenarioOptions<N>): Promise<ScenarioResult<N>> {
    return this.generator.run(name, options);
  }

  stop(): Promise<void> {
    return this.generator.stop();
  }

  group(group: Group, name: string, measure: () => Promise<readonly Figure[]>): Promise<void> {
    return measureGroup(this.options, group, name, measure, this.profile);
  }

  /** Runs something with the disk measured right before and after it, for disks that have good and bad minutes. */
  async withDisk<T>(run: () => Promise<T>): Promise<[T, Fsync | undefined]> {
    if (this.data === undefined) return [await run(), undefined];
    const meter = new FsyncMeter(this.data);
    meter.measure(this.options.size.fsyncMs / 2);
    const result = await run();
    meter.measure(this.options.size.fsyncMs / 2);
    return [result, meter.result()];
  }

  // -------------------------------------------------------------- the measurements

  signOns(people: readonly number[]): Promise<ScenarioResult<'signOns'>> {
    const { warmUpSeconds, seconds } = this.options.size;
    return this.run('signOns', { target: this.target, uins: people, atOnce: AT_ONCE, warmUpSeconds, seconds });
  }

  /** @param round people of their own: what came in the last second of a measurement comes to its people again */
  pairs(round: number): Promise<ScenarioResult<'pairs'>> {
    const { warmUpSeconds, seconds } = this.options.size;
    const first = 2 * PAIRS * round;
    return this.run('pairs', { target: this.target, senders: this.uins(first, PAIRS), recipients: this.uins(first + PAIRS, PAIRS), warmUpSeconds, seconds });
  }

  latency(): Promise<ScenarioResult<'latency'>> {
    const { warmUpSeconds, seconds } = this.options.size;
    return this.run('latency', { target: this.target, uins: this.uins(0, LATENCY_PEOPLE), rate: RATE, warmUpSeconds, seconds });
  }

  stores(): Promise<ScenarioResult<'stores'>> {
    const { warmUpSeconds, seconds } = this.options.size;
    const senders = this.uins(0, STORE_SENDERS);
    return this.run('stores', { target: this.target, senders, recipients: this.uins(1_000, STORE_RECIPIENTS), warmUpSeconds, seconds });
  }

  fetch(): Promise<ScenarioResult<'fetchStored'>> {
    const recipients = this.uins(2_000, this.options.size.fetches);
    return this.run('fetchStored', { target: this.target, senders: this.uins(0, FETCHED), recipients });
  }

  status(watchers: number): Promise<ScenarioResult<'statusChanges'>> {
    const { changes } = this.options.size;
    return this.run('statusChanges', { target: this.target, subject: this.population.first, watchers: this.uins(1, watchers), changes });
  }

  /** Bytes an idle session costs. On a server that has just started: one that was busy has memory to spare. */
  async memory(sessions = this.options.size.idleSessions): Promise<{ readonly each: number; readonly sessions: number }> {
    const { server } = this;
    if (server === undefined) throw new Error('the memory of a server elsewhere cannot be read; name it with --pid');
    const { tell } = this.options;
    const { target } = this;
    // Code that runs for the first time takes memory that no session is to be charged with.
    await this.run('signOns', { target, uins: this.uins(0, 100), atOnce: 5, warmUpSeconds: 0, seconds: 2 });
    await settle();
    const before = server.memoryBytes();
    const { count } = await this.run('hold', { target, uins: this.uins(0, sessions) });
    tell(`${count} on line, letting memory settle`);
    await settle();
    const each = (server.memoryBytes() - before) / count;
    await this.run('release', undefined);
    return { each, sessions: count };
  }
}

/** Measures one group; what breaks is a figure that failed, and the run goes on. */
async function measureGroup(options: SmokeOptions, group: Group, name: string, measure: () => Promise<readonly Figure[]>, profile: string): Promise<void> {
  const { only, tell, print } = options;
  if (only !== undefined && !only.has(group)) return;
  tell(`${name} …`);
  const figures = await measure().catch((error: unknown) => [brokenFigure(name, error as Error, profile)]);
  for (const figure of figures) print(figure);
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));

// ---------------------------------------------------------------- the floor

async function measureFloor(options: SmokeOptions): Promise<Floor> {
  const floor: Floor = {};
  const wanted = (group: Group): boolean => options.only === undefined || options.only.has(group);
  if (wanted('memory')) {
    await onFloor(options, async (bench) => {
      floor.memory = (await bench.memory()).each;
    });
  }
  if (wanted('latency')) {
    await onFloor(options, async (bench) => {
      const { ackP50Ms, ackP99Ms } = await bench.latency();
      Object.assign(floor, { ackP50Ms, ackP99Ms });
    });
  }
  return floor;
}

async function onFloor<T>(options: SmokeOptions, measure: (bench: Bench) => Promise<T>): Promise<T> {
  options.tell('the floor');
  const server = await startFloor();
  const target = { address: server.address, password: OUR_POPULATION.password };
  const bench = new Bench(options, target, { population: OUR_POPULATION, profile: '-', server, data: undefined });
  try {
    return await measure(bench);
  } finally {
    await bench.stop();
    await server.stop();
  }
}

// ---------------------------------------------------------------- figures of any server

/** Runs something on the server under measurement, each time on another one where it is ours. */
type OnServer = <T>(measure: (bench: Bench) => Promise<T>) => Promise<T>;

async function peopleFigures(bench: Bench, options: SmokeOptions, floor: Floor): Promise<void> {
  const { profile } = bench;
  const with_ = (value: number | undefined): { readonly profile: string; readonly floor?: number } => ({
    profile,
    ...(value === undefined ? {} : { floor: value }),
  });
  await bench.group('sign-ons', 'sign-ons, empty rosters', async () => {
    const people = bench.uins(0, ACCOUNTS);
    const measured = await besideFloor(
      options,
      (floor) => floor.signOns(people),
      () => bench.signOns(people),
    );
    return [signOnsFigure(measured, profile)];
  });
  await bench.group('latency', `acknowledgements at ${RATE} messages/s`, async () => {
    const [result, fsync] = await bench.withDisk(() => bench.latency());
    return latencyFigures(result, RATE, fsync, { ...with_(floor.ackP50Ms), ...(floor.ackP99Ms === undefined ? {} : { floor99: floor.ackP99Ms }) });
  });
  await bench.group('fetch', `fetch of ${FETCHED} stored messages`, async () => [fetchFigure(await bench.fetch(), profile)]);
  await bench.group('status', 'status change', async () => {
    const fewWatchers = Math.floor(options.size.watchers / 3);
    const few = await bench.status(fewWatchers);
    const many = await bench.status(options.size.watchers);
    const watched = { watchers: options.size.watchers, lastMs: many.lastP50Ms };
    return [statusFigure(many, { watchers: fewWatchers, lastMs: few.lastP50Ms }, watched, profile)];
  });
}

async function memoryFigures(bench: Bench, floor: Floor): Promise<void> {
  await bench.group('memory', 'memory of idle sessions', async () => {
    const { each, sessions } = await bench.memory();
    return [memoryFigure(each, sessions, { profile: bench.profile, ...(floor.memory === undefined ? {} : { floor: floor.memory }) })];
  });
}

/** In turns with the floor, each time another. */
function besideFloor<T extends Rate>(
  options: SmokeOptions,
  onTheFloor: (bench: Bench) => Promise<Rate>,
  measure: () => Promise<T>,
  rounds = options.size.rounds,
): Promise<Rounds<T>> {
  return inTurns(rounds, () => onFloor(options, onTheFloor), measure);
}

async function messageFigures(options: SmokeOptions, { count }: Population, profile: string, onServer: OnServer): Promise<void> {
  // Each round has people of its own: a server elsewhere has perhaps not enough for all.
  const rounds = Math.max(1, Math.min(options.size.rounds, Math.floor(count / (2 * PAIRS))));
  const measure = async (): Promise<readonly Figure[]> => {
    let round = 0;
    const measured = await besideFloor(
      options,
      (floor) => floor.pairs(0),
      () =>
        onServer(async (bench) => {
          const [result, fsync] = await bench.withDisk(() => bench.pairs(round++));
          return { ...result, fsync };
        }),
      rounds,
    );
    return [messagesFigure(measured, PAIRS, profile)];
  };
  await measureGroup(options, 'messages', 'messages between pairs', measure, profile);
}

async function storeFigures(bench: Bench): Promise<void> {
  const { profile } = bench;
  await bench.group('stores', 'stores for people off line', async () => {
    const [result, fsync] = await bench.withDisk(() => bench.stores());
    return [storesFigure(result, STORE_SENDERS, fsync, profile)];
  });
}

/** In turns with sign-ons without rosters. */
async function rosterFigures(options: SmokeOptions, empty: string, full: string): Promise<void> {
  const signOns = (bench: Bench, what: string): Promise<ScenarioResult<'signOns'>> => {
    options.tell(`sign-ons, ${what}`);
    return bench.signOns(bench.uins(0, ROSTER_SIGNERS));
  };
  const offLine = await inTurns(
    options.size.rounds,
    () => onOurServer(options, empty, 'people', (bench) => signOns(bench, 'empty rosters')),
    () => onOurServer(options, full, 'people', (bench) => signOns(bench, '50 contacts, all off line')),
  );
  options.print(rosterSignOnsFigure(offLine, ACCOUNTS, 'people'));
  await onOurServer(options, full, 'people', async (bench) => {
    const before = await signOns(bench, '50 contacts, all off line');
    await bench.run('hold', { target: bench.target, uins: bench.uins(ROSTER_POPULAR, POPULAR) });
    options.tell('sign-ons, 25 of the 50 contacts on line');
    const result = await bench.signOns(bench.uins(ROSTER_SIGNERS, ROSTER_SIGNERS));
    await bench.run('release', undefined);
    options.print(noticesFigure(result, before.perSecond, 'people'));
  });
}

// ---------------------------------------------------------------- our server

/** The first thousand have contacts who never sign on; the next thousand have the popular ones among theirs. */
const ROSTER_SIGNERS = 1_000;
const ROSTER_POPULAR = 9_000;
const POPULAR = 25;

/** Contacts of the account at `index`, as indices: never one who signs on in the measurement of people off line. */
export function contactsOf(index: number): number[] {
  const strangers = ROSTER_POPULAR - 2 * ROSTER_SIGNERS;
  const popular = index >= ROSTER_SIGNERS && index < 2 * ROSTER_SIGNERS ? POPULAR : 0;
  return [
    ...range(ROSTER_POPULAR, popular),
    ...Array.from({ length: CONTACTS - popular }, (_, i) => 2 * ROSTER_SIGNERS + ((index * 53 + i * 131) % strangers)),
  ];
}

/** Measures the floor and then our server. */
export async function smoke(options: SmokeOptions): Promise<void> {
  const { directory, tell } = options;
  const wanted = (...groups: readonly Group[]): boolean => groups.some((group) => options.only === undefined || options.only.has(group));
  tell('the floor');
  const floor = await measureFloor(options);
  const empty = join(directory, 'empty');
  mkdirSync(empty);
  tell(`making ${ACCOUNTS} accounts`);
  await prepareAccounts({ data: empty, population: OUR_POPULATION, contacts: 'none', tell });
  if (wanted('memory')) await onOurServer(options, empty, 'people', (bench) => memoryFigures(bench, floor));
  if (wanted('memory')) await onOurServer(options, empty, 'people', (bench) => tlsMemoryFigures(bench, options), true);
  if (wanted('sign-ons', 'latency', 'fetch', 'status')) await onOurServer(options, empty, 'people', (bench) => peopleFigures(bench, options, floor));
  if (wanted('rosters')) {
    const full = join(directory, 'full');
    cpSync(empty, full, { recursive: true });
    tell(`making rosters of ${CONTACTS} contacts`);
    await prepareAccounts({ data: full, population: OUR_POPULATION, contacts: 'rosters', tell });
    await rosterFigures(options, empty, full).catch((error: unknown) => options.print(brokenFigure('sign-ons with rosters', error as Error, 'people')));
  }
  // Last: it leaves hundreds of thousands of messages in the database.
  await messageFigures(options, OUR_POPULATION, 'bench', (measure) => onOurServer(options, empty, 'bench', measure));
  if (wanted('stores')) await onOurServer(options, empty, 'bench', storeFigures);
}

async function tlsMemoryFigures(bench: Bench, options: SmokeOptions): Promise<void> {
  await bench.group('memory', 'memory of idle sessions over TLS', async () => {
    const { each, sessions } = await bench.memory(options.size.idleTlsSessions);
    return [tlsMemoryFigure(each, sessions, bench.profile)];
  });
}

async function onOurServer<T>(
  options: SmokeOptions,
  data: string,
  profile: 'people' | 'bench',
  measure: (bench: Bench) => Promise<T>,
  secure = false,
): Promise<T> {
  // A busy generator's handshake must not be taken for the silence of somebody who waits for a hello.
  const more = secure ? ['--greet-ms', '9000'] : [];
  const server = await startOurServer({ data, profile, more, ...(options.nodeArguments === undefined ? {} : { nodeArguments: options.nodeArguments }) });
  const target = { address: { ...server.address, secure }, password: OUR_POPULATION.password };
  const bench = new Bench(options, target, { population: OUR_POPULATION, profile, server, data });
  try {
    return await measure(bench);
  } finally {
    await bench.stop();
    await server.stop();
  }
}

// ---------------------------------------------------------------- any server

export interface AgainstOptions {
  readonly target: Target;
  readonly population: Population;
  /** Its process on this machine, for its memory. */
  readonly memoryBytes?: () => number;
}

/** Measures the floor and then a server that runs already, as far as the protocol shows it. */
export async function smokeAgainst(options: SmokeOptions, against: AgainstOptions): Promise<void> {
  options.tell('the floor');
  const floor = await measureFloor(options);
  const { target, population, memoryBytes } = against;
  const bench = new Bench(options, target, { population, profile: '?', server: memoryBytes === undefined ? undefined : { memoryBytes }, data: undefined });
  try {
    await memoryFigures(bench, floor);
    await peopleFigures(bench, options, floor);
    await messageFigures(options, population, bench.profile, (measure) => measure(bench));
    await storeFigures(bench);
  } finally {
    await bench.stop();
  }
}
