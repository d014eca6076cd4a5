/**
 * Kills a real server in the middle of its work and accounts for every acknowledged message: in the store exactly once and
 * unchanged, and delivered after the restart.
 */
import { Chance } from '../chance.ts';
import { keepAliveFrame } from '../load/frames.ts';
import { Crowd, range, seconds, type Target, type Tell } from '../load/crowd.ts';
import { Letter, readAck, readDelivery, textOf } from '../load/letter.ts';
import { type HeardSnac, Session } from '../load/session.ts';
import { prepareAccounts } from '../run/accounts.ts';
import { type ServerProcess, startOurServer } from '../run/processes.ts';
import { readMailboxes, type StoredText } from './mailboxes.ts';

const ICBM = 0x04;
const ERROR = 0x01;
const DELIVERY = 0x07;
const ACK = 0x0c;

const SENDERS = 20;
const ON_LINE = 10;
const OFF_LINE = 10;
const POPULATION = { first: 100_000, count: SENDERS + ON_LINE + OFF_LINE, password: 'crash123' };
const SENDER_UINS = range(POPULATION.first, SENDERS);
const ON_LINE_UINS = range(POPULATION.first + SENDERS, ON_LINE);
const OFF_LINE_UINS = range(POPULATION.first + SENDERS + ON_LINE, OFF_LINE);
const RECIPIENT_UINS = [...ON_LINE_UINS, ...OFF_LINE_UINS];

/** The server is killed at some moment in between. */
const KILL_AFTER_MS = { min: 100, max: 2_000 };
const CONFIRM_SECONDS = 1.3;
/** A load that would fill mailboxes is not what is tested here. */
const NO_MAILBOX_LIMITS = ['messages-max', 'bytes-max', 'per-sender-max'].flatMap((name) => [`--limits-mailbox-${name}`, String(2 ** 31)]);

export interface RoundReport {
  readonly round: number;
  readonly killedAfterMs: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly stored: number;
  /** Messages that came again after the restart though they had arrived: the connection broke before that was confirmed. */
  readonly again: number;
  /** What is wrong, in words. */
  readonly faults: readonly string[];
}

/** A message by the numbers in its text; its pair is sender × recipients + recipient. */
const keyOf = (pair: number, counter: number): number => pair * 0x1000000 + counter;

export class CrashTest {
  private readonly data: string;
  private readonly chance: Chance;
  private readonly tell: Tell;
  private readonly counters = new Uint32Array(SENDERS * RECIPIENT_UINS.length);
  private readonly sent = new Set<number>();
  private readonly acknowledged = new Set<number>();
  /** Deliveries, with how often. */
  private readonly delivered = new Map<number, number>();
  private readonly stored = new Set<number>();
  /** Fetched by a client that stayed long enough and signed off: these may never come again. */
  private readonly settled = new Set<number>();
  /** Per recipient, the last message of the store that was accounted for. */
  private readonly cursors = new Map<number, number>();
  private faults: string[] = [];

  constructor(data: string, chance: Chance, tell: Tell) {
    this.data = data;
    this.chance = chance;
    this.tell = tell;
  }

  async prepare(): Promise<void> {
    await prepareAccounts({ data: this.data, population: POPULATION, contacts: 'none', tell: this.tell });
  }

  /** Load, kill, look into the store, restart, fetch. Faults are in the report; @throws Error when the server does not come back */
  async round(round: number): Promise<RoundReport> {
    this.faults = [];
    const before = { sent: this.sent.size, acknowledged: this.acknowledged.size, stored: this.stored.size };
    const killedAfterMs = await this.loadAndKill();
    this.account(await readMailboxes(this.data, this.cursors, RECIPIENT_UINS));
    const again = await this.restartAndFetch();
    return {
      round,
      killedAfterMs,
      sent: this.sent.size - before.sent,
      acknowledged: this.acknowledged.size - before.acknowledged,
      stored: this.stored.size - before.stored,
      again,
      faults: this.faults,
    };
  }

  // -------------------------------------------------------------- load

  private async start(): Promise<[ServerProcess, Target]> {
    const server = await startOurServer({ data: this.data, profile: 'bench', more: NO_MAILBOX_LIMITS });
    return [server, { address: server.address, password: POPULATION.password }];
  }

  private async loadAndKill(): Promise<number> {
    const [server, target] = await this.start();
    const crowd = new Crowd();
    const letters = SENDER_UINS.map(() => new Letter(0, RECIPIENT_UINS[0] as number));
    let killed = false;
    const go = (session: Session): void => {
      const sender = session.uin - POPULATION.first;
      const recipient = this.chance.below(RECIPIENT_UINS.length);
      const pair = sender * RECIPIENT_UINS.length + recipient;
      const counter = this.counters[pair] as number;
      this.counters[pair] = counter + 1;
      this.sent.add(keyOf(pair, counter));
      const letter = letters[sender] as Letter;
      letter.redirect(pair, RECIPIENT_UINS[recipient] as number);
      session.line.send(letter.write(counter));
    };
    const hear = (session: Session, snac: HeardSnac): void => {
      if (snac.family !== ICBM) return;
      if (snac.subtype === DELIVERY) this.heard(session, snac);
      else if (snac.subtype === ACK) {
        const { pair, counter } = readAck(snac.data, snac.from);
        this.acknowledged.add(keyOf(pair, counter));
        if (!killed) go(session);
      } else if (snac.subtype === ERROR) this.faults.push(`a message of ${session.uin} was refused with code ${snac.data.readUInt16BE(snac.from)}`);
    };
    await crowd.signOn({ target, uins: ON_LINE_UINS, hear, tell: this.tell });
    for (const session of await crowd.signOn({ target, uins: SENDER_UINS, hear, tell: this.tell })) go(session);
    const { min, max } = KILL_AFTER_MS;
    const killedAfterMs = Math.round(this.chance.between(min, max));
    await crowd.or(seconds(killedAfterMs / 1000));
    killed = true;
    await server.kill();
    // What the kernel had taken from the server still arrives.
    await seconds(0.2);
    for (const session of crowd.sessions) session.drop();
    return killedAfterMs;
  }

  private heard({ uin }: Session, snac: HeardSnac): void {
    const letter = readDelivery(snac.data, snac.from, snac.to);
    if (letter === undefined) return void this.faults.push(`${uin} received a changed message`);
    const { pair, counter, sender } = letter;
    const key = keyOf(pair, counter);
    const right = sender === SENDER_UINS[Math.floor(pair / RECIPIENT_UINS.length)] && uin === RECIPIENT_UINS[pair % RECIPIENT_UINS.length];
    if (!right || !this.sent.has(key)) this.faults.push(`${uin} received a message that was not written to him`);
    if (this.settled.has(key)) this.faults.push(`${nameOf(key)} came again though its delivery was confirmed`);
    this.delivered.set(key, (this.delivered.get(key) ?? 0) + 1);
    return undefined;
  }

  // -------------------------------------------------------------- accounts

  /** Looks at what the store holds beyond the last look. */
  private account(found: ReadonlyMap<number, readonly StoredText[]>): void {
    for (const [uin, messages] of found) {
      const last = new Map<number, number>();
      for (const { from, text, id } of messages) {
        this.cursors.set(uin, id);
        const pair = Number.parseInt(text.slice(0, 8), 16);
        const counter = Number.parseInt(text.slice(-17, -9), 16);
        const key = keyOf(pair, counter);
        if (text !== textOf(pair, counter)) this.faults.push(`message ${id} of ${uin} is not as it was written: ${JSON.stringify(text)}`);
        else if (!this.sent.has(key) || from !== SENDER_UINS[Math.floor(pair / RECIPIENT_UINS.length)])
          this.faults.push(`message ${id} of ${uin} was never sent`);
        else if (this.stored.has(key)) this.faults.push(`message ${pair}/${counter} is stored twice`);
        else if ((last.get(pair) ?? -1) > counter) this.faults.push(`message ${pair}/${counter} is stored before its predecessor`);
        last.set(pair, counter);
        this.stored.add(key);
      }
    }
    const lost = [...this.acknowledged.difference(this.stored)];
    if (lost.length > 0) this.faults.push(`${lost.length} acknowledged messages are not in the store, such as ${nameOf(lost[0] as number)}`);
    const unstored = [...this.delivered.keys()].filter((key) => !this.stored.has(key));
    if (unstored.length > 0) this.faults.push(`${unstored.length} messages were delivered and are not in the store, such as ${nameOf(unstored[0] as number)}`);
  }

  /** Everybody signs on again; nothing that was stored may be missing then. @returns how many came again */
  private async restartAndFetch(): Promise<number> {
    const [server, target] = await this.start();
    const before = new Map(this.delivered);
    const crowd = new Crowd();
    const hear = (session: Session, snac: HeardSnac): void => {
      if (snac.family === ICBM && snac.subtype === DELIVERY) this.heard(session, snac);
    };
    const sessions = await crowd.signOn({ target, uins: RECIPIENT_UINS, hear, tell: this.tell });
    // A frame more than a second after the delivery confirms it.
    await crowd.or(seconds(CONFIRM_SECONDS));
    for (const session of sessions) session.line.sendCopy(keepAliveFrame);
    await crowd.signOff();
    await server.stop();
    let again = 0;
    for (const [key, times] of this.delivered) {
      const earlier = before.get(key) ?? 0;
      if (times > earlier && earlier > 0) again++;
      if (times - earlier > 1) this.faults.push(`${nameOf(key)} was fetched ${times - earlier} times at one sign-on`);
    }
    const missing = [...this.stored].filter((key) => !this.delivered.has(key));
    if (missing.length > 0) this.faults.push(`${missing.length} stored messages were never delivered, such as ${nameOf(missing[0] as number)}`);
    for (const key of this.stored) this.settled.add(key);
    return again;
  }
}

function nameOf(key: number): string {
  const pair = Math.floor(key / 0x1000000);
  const from = SENDER_UINS[Math.floor(pair / RECIPIENT_UINS.length)];
  return `number ${key % 0x1000000} from ${from} to ${RECIPIENT_UINS[pair % RECIPIENT_UINS.length]}`;
}
