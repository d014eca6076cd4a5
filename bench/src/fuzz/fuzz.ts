/** Bad sessions against a live server, in batches; after each, people who behave must not have noticed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Chance } from '../chance.ts';
import { range, type Tell } from '../load/crowd.ts';
import { Letter, readDelivery } from '../load/letter.ts';
import { type HeardSnac, type Session, signOn } from '../load/session.ts';
import { prepareAccounts } from '../run/accounts.ts';
import { type ServerProcess, startOurServer } from '../run/processes.ts';
import { clientSpecimens, goldenSpecimens, recordedSpecimens } from './corpus.ts';
import { badSession, type Deed, type FuzzPlace } from './sessions.ts';

const POPULATION = { first: 100_000, count: 54, password: 'fuzz1234' };
const WITNESSES = [100_000, 100_001] as const;
const RECORDED = [100_002, 100_003] as const;
const OTHERS = range(100_004, 50);

const SESSIONS_PER_BATCH = 40;
/** What two people must not notice is a server that is busy with others. */
const EXCHANGE_MS_MAX = 2_000;
/** A person writes a message a second; the witnesses keep to it. */
const BATCH_MS_MIN = 1_000;
const ERROR_LEVEL = 50;

export interface BatchReport {
  readonly batch: number;
  readonly seed: number;
  readonly sessions: number;
  readonly bytes: number;
  readonly exchangeMs: number;
  readonly memoryBytes: number;
  /** What is wrong, in words. */
  readonly faults: readonly string[];
}

export class FuzzTest {
  private readonly data: string;
  private readonly tell: Tell;
  private readonly errors: string[] = [];
  private server: ServerProcess | undefined;
  private place: FuzzPlace | undefined;
  private witnesses: readonly Session[] = [];
  private readonly lost: string[] = [];
  private letters = 0;
  private logLines = 0;
  private heard: (counter: number) => void = () => {};

  constructor(data: string, tell: Tell) {
    this.data = data;
    this.tell = tell;
  }

  /** @throws Error */
  async prepare(): Promise<{ readonly specimens: number }> {
    await prepareAccounts({ data: this.data, population: POPULATION, contacts: 'none', tell: this.tell });
    this.server = await startOurServer({ data: this.data, profile: 'people', log: (line) => this.logged(line) });
    const { address, udp } = this.server;
    if (udp === undefined) throw new Error('the server does not speak UDP');
    const { password } = POPULATION;
    const [one, other] = RECORDED.map((uin) => ({ uin, password })) as [{ uin: number; password: string }, { uin: number; password: string }];
    const specimens = [...goldenSpecimens(), ...clientSpecimens(), ...(await recordedSpecimens(address, one, other))];
    this.place = { address, udp, password, uins: OTHERS, specimens };
    const witness = (uin: number): Promise<Session> =>
      signOn({
        address,
        password: Buffer.from(password),
        uin,
        waitsForHello: true,
        hear: (session, snac) => this.witnessHears(session, snac),
        lost: (session, why) => this.lost.push(`witness ${session.uin} was thrown out: ${why.message}`),
      });
    this.witnesses = await Promise.all(WITNESSES.map(witness));
    return { specimens: specimens.length };
  }

  /** A batch repeats with its seed alone, whatever came before. */
  async batch(batch: number, seed: number): Promise<BatchReport> {
    const chance = new Chance(seed);
    const started = performance.now();
    const place = this.place as FuzzPlace;
    const deeds = await Promise.all(Array.from({ length: SESSIONS_PER_BATCH }, (_, i) => badSession(place, new Chance(chance.below(0x100000000) + i))));
    await delay(Math.max(0, BATCH_MS_MIN - (performance.now() - started)));
    const faults: string[] = [];
    const exchangeMs = await this.exchange(faults);
    await this.health(faults);
    // Sign-ons are logged: silence would mean that errors go unheard too.
    if (this.logLines === 0) faults.push('the server’s log could not be read');
    faults.push(...this.lost.splice(0), ...this.errors.splice(0).map((line) => `the server logged an error: ${line}`));
    if (faults.length > 0) this.writeDown(seed, deeds);
    return {
      batch,
      seed,
      sessions: deeds.length,
      bytes: deeds.reduce((sum, { sent }) => sum + sent.reduce((bytes, piece) => bytes + piece.length, 0), 0),
      exchangeMs,
      memoryBytes: this.memory(),
      faults,
    };
  }

  /** @throws Error when the server does not end well */
  async stop(): Promise<void> {
    for (const witness of this.witnesses) await Promise.race([witness.signOff(), delay(EXCHANGE_MS_MAX)]);
    await this.server?.stop();
  }

  async kill(): Promise<void> {
    await this.server?.kill();
  }

  // -------------------------------------------------------------- judging

  private logged(line: string): void {
    try {
      const { level } = JSON.parse(line) as { level: number };
      this.logLines++;
      if (level >= ERROR_LEVEL) this.errors.push(line);
    } catch {
      // What the server says to people is no log.
    }
  }

  private witnessHears({ uin }: Session, snac: HeardSnac): void {
    if (snac.family !== 0x04 || snac.subtype !== 0x07) return;
    const letter = readDelivery(snac.data, snac.from, snac.to);
    // Bad sessions write to witnesses too; a letter is known by its sender.
    if (letter !== undefined && letter.sender === WITNESSES[0] && uin === WITNESSES[1]) this.heard(letter.counter);
  }

  /** The first witness writes, the second must hear. @returns how long it took, NaN when it did not happen */
  private async exchange(faults: string[]): Promise<number> {
    const counter = this.letters++;
    const heard = Promise.withResolvers<number>();
    this.heard = (got) => {
      if (got === counter) heard.resolve(performance.now());
    };
    const started = performance.now();
    this.witnesses[0]?.line.send(new Letter(0, WITNESSES[1]).write(counter));
    const at = await Promise.race([heard.promise, delay(EXCHANGE_MS_MAX).then(() => undefined)]);
    if (at === undefined) faults.push(`the witnesses could not exchange a message within ${EXCHANGE_MS_MAX} ms`);
    return (at ?? Number.NaN) - started;
  }

  private async health(faults: string[]): Promise<void> {
    try {
      const response = await fetch(`http://${this.server?.admin}/healthz`, { signal: AbortSignal.timeout(EXCHANGE_MS_MAX) });
      if (response.status !== 200) faults.push(`/healthz answers ${response.status}`);
    } catch (error) {
      faults.push(`/healthz does not answer: ${(error as Error).message}`);
    }
  }

  private memory(): number {
    try {
      return this.server?.memoryBytes() ?? Number.NaN;
    } catch {
      return Number.NaN;
    }
  }

  /** What was sent in a batch that went wrong, one session a line. */
  private writeDown(seed: number, deeds: readonly Deed[]): void {
    const lines = deeds.map(({ kind, uin, sent }) => JSON.stringify({ kind, uin, sent: sent.map((piece) => piece.toString('hex')) }));
    writeFileSync(join(this.data, `batch-${seed}.jsonl`), `${lines.join('\n')}\n`);
  }
}
