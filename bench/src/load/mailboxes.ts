/** Messages for people who are off line: how fast they are stored, and how fast they are fetched. */
import { Crowd, measureFor, seconds, type Target, type Tell, within } from './crowd.ts';
import { Judge, type Verdict } from './judge.ts';
import { Letter, readAck } from './letter.ts';
import { Samples } from './samples.ts';
import type { HeardSnac, Session } from './session.ts';

const ICBM = 0x04;
const ERROR = 0x01;
const DELIVERY = 0x07;
const ACK = 0x0c;

const DRAIN_SECONDS_MAX = 20;

export interface StoresOptions {
  readonly target: Target;
  readonly senders: readonly number[];
  /** Off line. Enough of them that no mailbox fills: each sender writes to all in turn. */
  readonly recipients: readonly number[];
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface StoresResult {
  readonly perSecond: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly verdict: Verdict;
}

/** Hears the senders: acknowledgements, and refusals, which end the run. */
function senderHears(crowd: Crowd, acknowledged: (session: Session, snac: HeardSnac) => void): (session: Session, snac: HeardSnac) => void {
  return (session, snac) => {
    if (snac.family !== ICBM) return;
    if (snac.subtype === ERROR) crowd.fail(new Error(`a message of ${session.uin} was refused with code ${snac.data.readUInt16BE(snac.from)}`));
    if (snac.subtype === ACK) acknowledged(session, snac);
  };
}

/** Each sender has one message on its way. Afterwards the recipients sign on, fetch, and every message is judged. @throws Error */
export async function stores(options: StoresOptions, tell: Tell): Promise<StoresResult> {
  const { target, senders, recipients } = options;
  const judge = new Judge();
  const crowd = new Crowd();
  const samples = new Samples(1 << 16);
  // The pair of sender s and recipient r is s × recipients + r.
  for (const sender of senders) for (const recipient of recipients) judge.pair(sender, recipient);
  const letters = senders.map(() => new Letter(0, recipients[0] as number));
  const sentAt = new Float64Array(senders.length);
  const turns = senders.map((_, s) => s * Math.floor(recipients.length / senders.length));
  let phase: 'warm-up' | 'measure' | 'over' = 'warm-up';
  let count = 0;
  let open = senders.length;
  const drained = Promise.withResolvers<void>();
  let sessions: Session[] = [];

  const go = (s: number): void => {
    const turn = turns[s] as number;
    turns[s] = turn + 1;
    const r = turn % recipients.length;
    const pair = s * recipients.length + r;
    const letter = letters[s] as Letter;
    letter.redirect(pair, recipients[r] as number);
    sentAt[s] = performance.now();
    (sessions[s] as Session).line.send(letter.write(judge.sent(pair)));
  };
  const hear = senderHears(crowd, (_session, snac) => {
    const ack = readAck(snac.data, snac.from);
    judge.acknowledged(ack);
    const s = Math.floor(ack.pair / recipients.length);
    if (phase === 'measure') {
      count++;
      samples.add(performance.now() - (sentAt[s] as number));
    }
    if (phase !== 'over') go(s);
    else if (--open === 0) drained.resolve();
  });

  sessions = await crowd.signOn({ target, uins: senders, hear, tell });
  for (const s of senders.keys()) go(s);
  await crowd.or(seconds(options.warmUpSeconds));
  phase = 'measure';
  const elapsed = await measureFor(
    options.seconds,
    (pause) => crowd.or(seconds(pause)),
    (ms) => tell(`${Math.round((count * 1000) / ms)} stored/s`),
  );
  phase = 'over';
  await crowd.or(within(drained.promise, DRAIN_SECONDS_MAX));
  await crowd.signOff();
  await fetchAll(target, recipients, judge, tell);
  const [ackP50Ms, ackP99Ms] = samples.percentiles([0.5, 0.99]);
  return { perSecond: (count * 1000) / elapsed, ackP50Ms, ackP99Ms, verdict: judge.verdict() };
}

/** Everybody fetches what waits for him. */
async function fetchAll(target: Target, uins: readonly number[], judge: Judge, tell: Tell): Promise<void> {
  const crowd = new Crowd();
  const hear = (session: Session, snac: HeardSnac): void => {
    if (snac.family === ICBM && snac.subtype === DELIVERY) judge.heard(session.uin, snac.data, snac.from, snac.to);
  };
  await crowd.signOn({ target, uins, hear, tell });
  await crowd.signOff();
}

export interface FetchOptions {
  readonly target: Target;
  /** Each writes one message to each recipient. */
  readonly senders: readonly number[];
  readonly recipients: readonly number[];
}

export interface FetchResult {
  /** From the flight with 01/02 and 04/10 to 04/17, the stored messages in between. */
  readonly p50Ms: number;
  readonly maxMs: number;
  readonly messagesEach: number;
  readonly verdict: Verdict;
}

/** Recipients sign on one after another and fetch a message of every sender. @throws Error */
export async function fetchStored(options: FetchOptions, tell: Tell): Promise<FetchResult> {
  const { target, senders, recipients } = options;
  const judge = new Judge();
  const crowd = new Crowd();
  let waiting = 0;
  let all = Promise.withResolvers<void>();
  const hear = senderHears(crowd, (_session, snac) => {
    judge.acknowledged(readAck(snac.data, snac.from));
    if (--waiting === 0) all.resolve();
  });
  const sessions = await crowd.signOn({ target, uins: senders, hear, tell });
  for (const recipient of recipients) {
    tell(`writing to ${recipient}`);
    all = Promise.withResolvers();
    waiting = sessions.length;
    for (const session of sessions) {
      const pair = judge.pair(session.uin, recipient);
      session.line.send(new Letter(pair, recipient).write(judge.sent(pair)));
    }
    // One message a second is what a person may write for hours.
    await crowd.or(Promise.all([all.promise, seconds(1)]));
  }
  await crowd.signOff();

  const samples = new Samples();
  for (const recipient of recipients) {
    const reader = new Crowd();
    const [session] = await reader.signOn({
      target,
      uins: [recipient],
      tell,
      hear: ({ uin }, snac) => {
        if (snac.family === ICBM && snac.subtype === DELIVERY) judge.heard(uin, snac.data, snac.from, snac.to);
      },
    });
    if (session !== undefined) samples.add(session.fetchedAt - session.fetchStartedAt);
    await reader.signOff();
  }
  const [p50Ms] = samples.percentiles([0.5]);
  return { p50Ms, maxMs: samples.max(), messagesEach: senders.length, verdict: judge.verdict() };
}
