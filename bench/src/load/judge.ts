/** Judges deliveries: what was acknowledged must arrive once, in the order of its pair, unchanged, at the right person. */
import { readDelivery, type ReadText } from './letter.ts';

export interface Verdict {
  readonly sent: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly lost: number;
  readonly repeated: number;
  readonly reordered: number;
  readonly changed: number;
  readonly misdelivered: number;
  /** Sent, and neither acknowledged nor refused. */
  readonly unanswered: number;
}

interface Pair {
  readonly sender: number;
  readonly recipient: number;
  sent: number;
  acknowledged: number;
  /** The counter that should come next. */
  next: number;
  /** Counters that were jumped over. */
  missing: Set<number> | undefined;
}

export class Judge {
  private readonly pairs: Pair[] = [];
  private delivered = 0;
  private repeated = 0;
  private reordered = 0;
  private changed = 0;
  private misdelivered = 0;
  private strangeAcks = 0;

  /** @returns the pair's number */
  pair(sender: number, recipient: number): number {
    return this.pairs.push({ sender, recipient, sent: 0, acknowledged: 0, next: 0, missing: undefined }) - 1;
  }

  /** Counts a letter. @returns its counter */
  sent(pair: number): number {
    return (this.pairs[pair] as Pair).sent++;
  }

  /** An acknowledgement. They come in order too, each once. */
  acknowledged(ack: ReadText): void {
    const pair = this.pairs[ack.pair];
    if (pair === undefined || ack.counter !== pair.acknowledged || ack.counter >= pair.sent) this.strangeAcks++;
    else pair.acknowledged++;
  }

  /** The data of a 04/07 that `recipient` received. @returns the letter, when it is one */
  heard(recipient: number, data: Buffer, from: number, to: number): ReadText | undefined {
    this.delivered++;
    const letter = readDelivery(data, from, to);
    if (letter === undefined) {
      this.changed++;
      return undefined;
    }
    const pair = this.pairs[letter.pair];
    if (pair === undefined || pair.recipient !== recipient || pair.sender !== letter.sender || letter.counter >= pair.sent) this.misdelivered++;
    else this.ordered(pair, letter.counter);
    return letter;
  }

  private ordered(pair: Pair, counter: number): void {
    if (counter === pair.next) pair.next++;
    else if (counter > pair.next) {
      pair.missing ??= new Set();
      while (pair.next < counter) pair.missing.add(pair.next++);
      pair.next++;
    } else if (pair.missing?.delete(counter) === true) this.reordered++;
    else this.repeated++;
  }

  /** When nothing is on its way any more. */
  verdict(): Verdict {
    let sent = 0;
    let acknowledged = 0;
    let lost = 0;
    for (const pair of this.pairs) {
      sent += pair.sent;
      acknowledged += pair.acknowledged;
      lost += Math.max(0, pair.acknowledged - pair.next) + (pair.missing?.size ?? 0);
    }
    const { delivered, repeated, reordered, changed, misdelivered } = this;
    return { sent, acknowledged, delivered, lost, repeated, reordered, changed, misdelivered, unanswered: sent - acknowledged + this.strangeAcks };
  }
}

/** What is wrong, in words; `undefined` when nothing is. */
export function faultsOf(verdict: Verdict): string | undefined {
  const { lost, repeated, reordered, changed, misdelivered, unanswered } = verdict;
  const faults = Object.entries({ lost, repeated, reordered, changed, misdelivered, unanswered }).filter(([, count]) => count > 0);
  return faults.length === 0 ? undefined : faults.map(([name, count]) => `${count} ${name}`).join(', ');
}
