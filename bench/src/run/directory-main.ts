/** The process that fills a directory and searches it while messages are stored: takes one order from its parent, and ends. */
import { asUin, entryOf, EMPTY_PROFILE, type DirectoryQuery, type StoredProfile, type Uin } from '@seekyou/core';
import { createDataDirectory, createLog, createSecrets, dataFiles, loadConfig, loadOrCreateKey, openService } from '@seekyou/server';
import { Chance } from '../chance.ts';
import type { DirectoryOrder, DirectoryResult, SearchFigure } from './directory.ts';

type Store = Awaited<ReturnType<typeof openService>>['store'];

const AT_ONCE = 500;
const FIRST = 1_000_000;
const MESSAGES_A_SECOND = 500;
const FOUND = 41;

const FIRST_NAMES = ['Anna', 'Борис', 'Żaneta', '花子', 'Ivan', 'Maria', 'Jan', 'Olga', 'Piotr', 'John', 'Анна', 'Сергей', 'Łukasz', '太郎', 'Eva', 'Tom'];
const SYLLABLES = ['ko', 'va', 'lyn', 'mar', 'tes', 'чен', 'ски', 'row', 'wój', 'бер', 'sen', 'da', 'mo', 'ri', 'ta', 'неж'];
const CITIES = ['Москва', 'Warszawa', 'Łódź', '東京', 'Berlin', 'New York', 'Praha', 'Київ', 'Haifa', 'Tel Aviv', 'Wien', 'Омск'];
const COUNTRIES = [7, 48, 81, 49, 1, 42, 380, 972, 43, 44, 33, 39, 34, 55, 86];

/** Names that few share, names that many do, and codes like those people choose. */
function profileOf(index: number, chance: Chance): { readonly nickname: string; readonly profile: StoredProfile } {
  const pick = <T>(from: readonly T[]): T => from[chance.below(from.length)] as T;
  // Some are chosen far more often than others.
  const often = <T>(from: readonly T[]): T => from[Math.min(chance.below(from.length), chance.below(from.length))] as T;
  const last = pick(SYLLABLES) + pick(SYLLABLES) + pick(SYLLABLES);
  const nickname = `${pick(SYLLABLES)}${pick(SYLLABLES)}${chance.below(10_000)}`;
  const year = 1940 + chance.below(60);
  return {
    nickname,
    profile: {
      ...EMPTY_PROFILE,
      first: often(FIRST_NAMES),
      last,
      email: { address: `${nickname}.${index}@${pick(['example.org', 'example.com', 'mail.example.net'])}`, hidden: chance.below(4) === 0 },
      home: { ...EMPTY_PROFILE.home, city: often(CITIES), country: often(COUNTRIES) },
      gender: chance.below(3),
      birthday: { year, month: 1 + chance.below(12), day: 1 + chance.below(28) },
      languages: [1 + chance.below(59), chance.below(3) === 0 ? 12 : 0, 0],
      work: { ...EMPTY_PROFILE.work, occupation: chance.below(28), company: chance.below(5) === 0 ? `${pick(SYLLABLES)} & co` : '' },
      interests: [{ category: 100 + chance.below(50), text: `${pick(SYLLABLES)} ${pick(SYLLABLES)}` }],
      webAware: chance.below(2) === 0,
    },
  };
}

async function fill(store: Store, count: number, keyFile: string, chance: Chance): Promise<void> {
  const secrets = createSecrets(loadOrCreateKey(keyFile));
  const main = await secrets.verifier('bench123');
  for (let at = 0; at < count; at += AT_ONCE) {
    const people = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, i) => at + i);
    await Promise.all(people.map((index) => tell(index)));
    if (at % (AT_ONCE * 20) === 0) process.send?.({ progress: `${at} of ${count} profiles` });
  }

  async function tell(index: number): Promise<void> {
    const uin = uinAt(index);
    const { nickname, profile } = profileOf(index, chance);
    const account = { uin, state: 'active', createdAt: 0, main, nickname: '', authorisationRequired: false, hideAddress: false } as const;
    const [made, saved] = await Promise.all([
      store.accounts.create(account),
      store.profiles.save(uin, { nickname, profile, entry: entryOf(nickname, profile) }),
    ]);
    if (!made || !saved) throw new Error(`${uin} could not be made`);
  }
}

const uinAt = (index: number): Uin => asUin(FIRST + index) as Uin;

const NOTHING: DirectoryQuery = { texts: [], topics: [], keywords: '', gender: 0, language: 0, country: 0, occupation: 0 };

/** Each kind of question, and the worst we could think of. */
function questions(count: number): readonly { readonly name: string; readonly query: DirectoryQuery }[] {
  const exact = (field: 'nickname' | 'first' | 'last' | 'email' | 'city', text: string): DirectoryQuery['texts'][number] => ({
    field,
    pattern: { text, wild: false },
  });
  const wild = (field: 'nickname' | 'first' | 'last' | 'email' | 'city' | 'company', text: string): DirectoryQuery['texts'][number] => ({
    field,
    pattern: { text, wild: true },
  });
  const today = new Date();
  const born = (years: number): number => (today.getUTCFullYear() - years) * 10_000 + 101;
  const among = {
    uins: Array.from({ length: 5_000 }, (_, i) => uinAt((i * 17) % count)),
    webAware: Array.from({ length: 5_000 }, (_, i) => uinAt((i * 31) % count)),
  };
  return [
    { name: 'by number', query: { ...NOTHING, uin: uinAt(count >> 1) } },
    { name: 'by address', query: { ...NOTHING, texts: [exact('email', 'nobody@example.org')] } },
    { name: 'a rare name', query: { ...NOTHING, texts: [exact('last', 'kovalyn')] } },
    { name: 'a common name', query: { ...NOTHING, texts: [exact('first', 'anna')] } },
    { name: 'a common name in a city', query: { ...NOTHING, texts: [exact('first', 'anna'), exact('city', 'омск')], gender: 1 } },
    { name: 'details nobody has', query: { ...NOTHING, texts: [exact('first', 'anna'), exact('city', 'nowhere')] } },
    { name: 'beginning*', query: { ...NOTHING, texts: [wild('nickname', 'kova*')] } },
    { name: '*part*', query: { ...NOTHING, texts: [wild('nickname', '*lyn99*')] } },
    { name: '*part of everybody*', query: { ...NOTHING, texts: [wild('email', '*example*')] } },
    { name: '*part of everybody*, and a city nobody is in', query: { ...NOTHING, texts: [wild('email', '*example*'), wild('city', '*qqq*')] } },
    { name: 'a*z of everybody', query: { ...NOTHING, texts: [wild('email', 'k*e*x*a*m*p*l*e*q*')] } },
    { name: '*part* that is in no index', query: { ...NOTHING, texts: [wild('city', '*zzzz*')] } },
    { name: 'short pieces', query: { ...NOTHING, texts: [wild('nickname', '*q*x*z*')] } },
    { name: 'numbers many have', query: { ...NOTHING, gender: 1, country: 7 } },
    { name: 'numbers nobody has', query: { ...NOTHING, gender: 1, country: 999, language: 58 } },
    { name: 'ages', query: { ...NOTHING, ages: { from: 18, to: 22, bornFrom: born(22), bornTo: born(18) }, gender: 2, occupation: 27, language: 59 } },
    { name: 'an interest', query: { ...NOTHING, topics: [{ kind: 'interest', category: 104, words: 'кот' }] } },
    { name: 'keywords', query: { ...NOTHING, keywords: 'неж мо' } },
    { name: 'short keywords', query: { ...NOTHING, keywords: 'qx' } },
    { name: 'on line', query: { ...NOTHING, gender: 1, country: 999, among } },
  ];
}

async function measure(store: Store, count: number, rounds: number): Promise<DirectoryResult> {
  const messages = new Messages(store);
  messages.start();
  const searches: SearchFigure[] = [];
  // The reading thread starts with the first.
  await store.directory.search({ ...NOTHING, uin: uinAt(0) }, FOUND);
  for (const { name, query } of questions(count)) {
    const times: number[] = [];
    let found = 0;
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      found = (await store.directory.search(query, FOUND)).length;
      times.push(performance.now() - began);
      await messages.breath();
    }
    searches.push({ name, found, ...spread(times) });
    process.send?.({ progress: `searched ${name}` });
  }
  await messages.stop();
  const worst = questions(count).map(({ query }) => query);
  const quiet: Spread[] = [];
  const flooded: Spread[] = [];
  // They take turns, because machines have good and bad minutes.
  for (let turn = 0; turn < TURNS; turn++) {
    quiet.push(await messagesDuring(store, rounds * 100, () => Promise.resolve()));
    flooded.push(await messagesDuring(store, rounds * 100, (at) => store.directory.search(worst[at % worst.length] as DirectoryQuery, FOUND)));
  }
  return { searches, quiet: middle(quiet), flooded: middle(flooded) };
}

const TURNS = 5;

interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function middle(turns: readonly Spread[]): Spread {
  return turns.toSorted((a, b) => a.p99Ms - b.p99Ms)[Math.floor(turns.length / 2)] as Spread;
}

/** Searches one after the other, as fast as they are answered, while messages are stored. */
async function messagesDuring(store: Store, milliseconds: number, search: (turn: number) => Promise<unknown>): Promise<Spread> {
  const messages = new Messages(store);
  messages.start();
  const end = performance.now() + milliseconds;
  for (let turn = 0; performance.now() < end; turn++) {
    await search(turn);
    if (turn % 8 === 0) await messages.breath();
  }
  await messages.stop();
  return spread(messages.times);
}

/** Five hundred a second, to people who are off line. */
class Messages {
  readonly times: number[] = [];
  private readonly store: Store;
  private timer: NodeJS.Timeout | undefined;
  private readonly pending = new Set<Promise<void>>();

  constructor(store: Store) {
    this.store = store;
  }

  start(): void {
    this.timer = setInterval(() => {
      const one = this.send().finally(() => this.pending.delete(one));
      this.pending.add(one);
    }, 1_000 / MESSAGES_A_SECOND);
  }

  /** Lets the timer run. */
  breath(): Promise<void> {
    return new Promise((resolve) => void setImmediate(resolve));
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.pending);
  }

  private async send(): Promise<void> {
    const began = performance.now();
    const [from, to] = [uinAt(this.times.length % 1_000), uinAt(1_000 + (this.times.length % 1_000))];
    const draft = { from, to, body: { kind: 'text', text: 'hello' }, sentAt: Date.now(), limited: false } as const;
    await this.store.mailboxes.append(draft, { messagesMax: Infinity, bytesMax: Infinity, perSenderMax: Infinity });
    this.times.push(performance.now() - began);
  }
}

function spread(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

async function carryOut({ data, count, rounds, seed }: DirectoryOrder): Promise<DirectoryResult> {
  const config = loadConfig({ options: { data }, environment: {} });
  createDataDirectory(data);
  const files = dataFiles(data);
  const service = await openService(config, files, createLog(config));
  await fill(service.store, count, files.secretKey, new Chance(seed));
  const result = await measure(service.store, count, rounds);
  await service.close();
  return result;
}

process.once('message', (order: DirectoryOrder) => {
  carryOut(order).then(
    (result) => process.send?.({ result }, () => process.exit(0)),
    (error: unknown) => {
      process.stderr.write(`${(error as Error).stack}\n`);
      process.exit(1);
    },
  );
});
