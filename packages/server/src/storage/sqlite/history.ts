/**
 * What live messages leave behind once they are confirmed: entries of one recipient, packed by the batch they were settled
 * in. A row for each message, in three indexes, would be most of what the writing thread does; and a client that catches up
 * reads a recipient's messages one after the other anyway.
 */
import { Buffer } from 'node:buffer';
import type { Statements } from './dialect.ts';
import { asBuffer, entryAt, lengthAt } from './journal-format.ts';
import type { MessageRow } from './protocol.ts';

const ADD = 'INSERT INTO history (recipient, last, messages, delivered_at, entries) VALUES (?, ?, ?, ?, ?)';
const SINCE = 'SELECT entries FROM history WHERE recipient = ? AND last > ? ORDER BY last';
const OLD = 'SELECT recipient, last, messages FROM history INDEXED BY history_delivered_at WHERE delivered_at < ? ORDER BY delivered_at LIMIT ?';
const FORGET = 'DELETE FROM history WHERE recipient = ? AND last = ?';
const REMOVE = 'DELETE FROM history WHERE recipient = ?';

/** For tests that look at query plans. */
export const HISTORY_SQL: readonly string[] = [ADD, SINCE, OLD, FORGET, REMOVE];

export interface Packed {
  readonly recipient: number;
  /** Of its messages, the highest. */
  last: number;
  /** When the last of them was confirmed, milliseconds since 1970. */
  deliveredAt: number;
  readonly entries: Uint8Array[];
}

export class History {
  readonly #add;
  readonly #since;
  readonly #old;
  readonly #forget;
  readonly #remove;

  constructor(prepare: Statements) {
    this.#add = prepare(ADD);
    this.#since = prepare(SINCE);
    this.#old = prepare(OLD);
    this.#forget = prepare(FORGET);
    this.#remove = prepare(REMOVE);
  }

  add({ recipient, last, deliveredAt, entries }: Packed): void {
    this.#add.run(recipient, last, entries.length, deliveredAt, Buffer.concat(entries));
  }

  /** At most `limit` after `after`, in order of id. */
  since(recipient: number, after: number, limit: number): MessageRow[] {
    const rows: MessageRow[] = [];
    if (limit <= 0) return rows;
    for (const { entries } of this.#since.iterate(recipient, after) as Iterable<{ entries: Uint8Array }>) {
      const packed = asBuffer(entries);
      for (let at = 0; at < packed.length; at += lengthAt(packed, at)) {
        const { id, sender, sentAt, body } = entryAt(packed, at);
        if (id > after) rows.push({ id, from: sender, sentAt, body });
        if (rows.length >= limit) return rows;
      }
    }
    return rows;
  }

  /** Forgets packs that were delivered before, at most `limit` messages or one pack. @returns how many messages */
  prune(before: number, limit: number): number {
    let forgotten = 0;
    for (const { recipient, last, messages } of this.#old.all(before, limit) as unknown as { recipient: number; last: number; messages: number }[]) {
      if (forgotten > 0 && forgotten + messages > limit) break;
      this.#forget.run(recipient, last);
      forgotten += messages;
    }
    return forgotten;
  }

  remove(recipient: number): void {
    this.#remove.run(recipient);
  }
}
