/** Messages between people who are on line: as fast as they go, and at a steady rate. */
import { Crowd, measureFor, seconds, type Target, type Tell, within } from './crowd.ts';
import { Judge, type Verdict } from './judge.ts';
import { Letter, readAck } from './letter.ts';
import { Samples } from './samples.ts';
import type { HeardSnac, Session } from './session.ts';

const ICBM = 0x04;
const ERROR = 0x01;
const DELIVERY = 0x07;
const ACK = 0x0c;

/** Longest wait for what is still on its way at the end. */
const DRAIN_SECONDS_MAX = 20;

export interface PairsOptions {
  readonly target: Target;
  readonly senders: readonly number[];
  readonly recipients: readonly number[];
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface MessagesResult {
  readonly perSecond: number;
  /** From the write to the acknowledgement. */
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly verdict: Verdict;
}

interface Loop {
  readonly session: Session;
  readonly letter: Letter;
  readonly pair: number;
  sentAt: number;
  /** Acknowledgement and delivery of the letter on its way. */
  waitingFor: number;
}

/** What a sender hears that is no acknowledgement: a refusal ends the run. */
function refusal(session: Session, snac: HeardSnac): Error | undefined {
  if (snac.family !== ICBM || snac.subtype !== ERROR) return undefined;
  return new Error(`a message of ${session.uin} was refused with code ${snac.data.readUInt16BE(snac.from)}`);
}

/** Each pair has one message on its way; the next leaves when that one was acknowledged and has arrived. @throws Error */
export async function pairs(options: PairsOptions, tell: Tell): Promise<MessagesResult> {
  const judge = new Judge();
  const crowd = new Crowd();
  const samples = new Samples(1 << 16);
  const loops: Loop[] = [];
  let phase: 'warm-up' | 'measure' | 'over' = 'warm-up';
  let count = 0;
  let open = 0;
  const drained = Promise.withResolvers<void>();

  const go = (loop: Loop): void => {
    loop.waitingFor = 2;
    loop.sentAt = performance.now();
    loop.session.line.send(loop.letter.write(judge.sent(loop.pair)));
  };
  const arrived = (loop: Loop): void => {
    if (--loop.waitingFor > 0) return;
    if (phase === 'measure') count++;
    if (phase !== 'over') go(loop);
    else if (--open === 0) drained.resolve();
  };
  const hearSender = (session: Session, snac: HeardSnac): void => {
    const refused = refusal(session, snac);
    if (refused !== undefined) crowd.fail(refused);
    if (snac.family !== ICBM || snac.subtype !== ACK) return;
    const ack = readAck(snac.data, snac.from);
    judge.acknowledged(ack);
    const loop = loops[ack.pair];
    if (loop === undefined) return;
    if (phase === 'measure') samples.add(performance.now() - loop.sentAt);
    arrived(loop);
  };
  const hearRecipient = (session: Session, snac: HeardSnac): void => {
    if (snac.family !== ICBM || snac.subtype !== DELIVERY) return;
    const letter = judge.heard(session.uin, snac.data, snac.from, snac.to);
    const loop = letter === undefined ? undefined : loops[letter.pair];
    if (loop !== undefined) arrived(loop);
  };

  const { target, senders, recipients } = options;
  const sending = await crowd.signOn({ target, uins: senders, hear: hearSender, tell });
  await crowd.signOn({ target, uins: recipients, hear: hearRecipient, tell });
  for (const [i, session] of sending.entries()) {
    const recipient = recipients[i] as number;
    const pair = judge.pair(session.uin, recipient);
    loops.push({ session, pair, letter: new Letter(pair, recipient), sentAt: 0, waitingFor: 0 });
  }
  open = loops.length;
  for (const loop of loops) go(loop);
  await crowd.or(seconds(options.warmUpSeconds));
  phase = 'measure';
  const elapsed = await measureFor(
    options.seconds,
    (pause) => crowd.or(seconds(pause)),
    (ms) => tell(`${Math.round((count * 1000) / ms)} messages/s`),
  );
  phase = 'over';
  await crowd.or(within(drained.promise, DRAIN_SECONDS_MAX));
  await crowd.signOff();
  const [ackP50Ms, ackP99Ms] = samples.percentiles([0.5, 0.99]);
  return { perSecond: (count * 1000) / elapsed, ackP50Ms, ackP99Ms, verdict: judge.verdict() };
}

export interface LatencyOptions {
  readonly target: Target;
  /** Each writes to the next, the last to the first. */
  readonly uins: readonly number[];
  /** Messages a second, all together. */
  readonly rate: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface LatencyResult extends MessagesResult {
  readonly deliveryP50Ms: number;
  readonly deliveryP99Ms: number;
}

/** Messages leave by the clock, whatever became of those before. @throws Error when the server falls a whole round behind */
export async function latency(options: LatencyOptions, tell: Tell): Promise<LatencyResult> {
  const { target, uins, rate } = options;
  const judge = new Judge();
  const crowd = new Crowd();
  const acks = new Samples(1 << 14);
  const deliveries = new Samples(1 << 14);
  const letters = uins.map((uin, i) => {
    const recipient = uins[(i + 1) % uins.length] as number;
    return new Letter(judge.pair(uin, recipient), recipient);
  });
  const sentAt = new Float64Array(uins.length);
  const waiting = new Uint8Array(uins.length);
  let measuring = false;

  const hear = (session: Session, snac: HeardSnac): void => {
    if (snac.family !== ICBM) return;
    const now = performance.now();
    const refused = refusal(session, snac);
    if (refused !== undefined) crowd.fail(refused);
    if (snac.subtype === ACK) {
      const ack = readAck(snac.data, snac.from);
      judge.acknowledged(ack);
      waiting[ack.pair] = 0;
      if (measuring) acks.add(now - (sentAt[ack.pair] as number));
    } else if (snac.subtype === DELIVERY) {
      const letter = judge.heard(session.uin, snac.data, snac.from, snac.to);
      if (measuring && letter !== undefined) deliveries.add(now - (sentAt[letter.pair] as number));
    }
  };

  const sessions = await crowd.signOn({ target, uins, hear, tell });
  let turn = 0;
  const send = (): void => {
    const index = turn++ % sessions.length;
    if (waiting[index] === 1) {
      crowd.fail(new Error(`the server had not acknowledged a message after ${(sessions.length / rate).toFixed(1)} s`));
      return;
    }
    waiting[index] = 1;
    const frame = (letters[index] as Letter).write(judge.sent(index));
    sentAt[index] = performance.now();
    (sessions[index] as Session).line.send(frame);
  };
  const started = performance.now();
  const clock = setInterval(() => {
    const due = Math.floor(((performance.now() - started) * rate) / 1000);
    for (let late = due - turn; late > 0; late--) send();
  }, 1);
  try {
    await crowd.or(seconds(options.warmUpSeconds));
    measuring = true;
    tell(`${rate} messages/s for ${options.seconds} s`);
    await crowd.or(seconds(options.seconds));
    measuring = false;
  } finally {
    clearInterval(clock);
  }
  await crowd.or(seconds(2));
  await crowd.signOff();
  const [ackP50Ms, ackP99Ms] = acks.percentiles([0.5, 0.99]);
  const [deliveryP50Ms, deliveryP99Ms] = deliveries.percentiles([0.5, 0.99]);
  return { perSecond: acks.size / options.seconds, ackP50Ms, ackP99Ms, deliveryP50Ms, deliveryP99Ms, verdict: judge.verdict() };
}
