/**
 * What live messages become in the database: entries of one recipient, packed by the batch they were settled in. A row for
 * each message, in three indexes, would be most of what the writing thread does; and whoever reads a mailbox reads it in order
 * anyway. A pack is delivered as a whole or waits as a whole. Packs of one recipient do not overlap.
 */
import { Buffer } from 'node:buffer';
import type { IdRange } from '@seekyou/core';
import type { Statements } from './dialect.ts';
import { firstWhere } from './first-where.ts';
import { asBuffer, type Entry, entryAt, lengthAt } from './journal-format.ts';

const ADD = 'INSERT INTO history (recipient, last, messages, delivered_at, sent_at, entries) VALUES (?, ?, ?, ?, ?, ?)';
const SINCE = 'SELECT entries FROM history WHERE recipient = ? AND last > ? ORDER BY last';
const WAITING = 'SELECT last, entries FROM history INDEXED BY history_waiting WHERE recipient = ? AND last >= ? AND delivered_at = 0 ORDER BY last';
const DELIVERED = 'UPDATE history SET delivered_at = ? WHERE recipient = ? AND last = ?';
const FORGET = 'DELETE FROM history WHERE recipient = ? AND last = ?';
const REMOVE = 'DELETE FROM history WHERE recipient = ?';
const OLD_DELIVERED = `
  SELECT recipient, last, messages FROM history INDEXED BY history_age
  WHERE delivered_at > 0 AND delivered_at < ? ORDER BY delivered_at LIMIT ?`;
const OLD_WAITING = `
  SELECT recipient, last, messages FROM history INDEXED BY history_age
  WHERE delivered_at = 0 AND sent_at < ? ORDER BY sent_at LIMIT ?`;

/** For tests that look at query plans. */
export const HISTORY_SQL: readonly string[] = [ADD, SINCE, WAITING, DELIVERED, FORGET, REMOVE, OLD_DELIVERED, OLD_WAITING];

/** Messages of one recipient, in order of id. */
export interface Pack {
  readonly recipient: number;
  /** The last one's id. */
  readonly last: number;
  /** When the last of them was confirmed, milliseconds since 1970; 0: they wait. */
  readonly deliveredAt: number;
  /** When the last one was sent. */
  readonly sentAt: number;
  /** Of each its entry. */
  readonly entries: readonly Uint8Array[];
}

interface Old {
  readonly recipient: number;
  readonly last: number;
  readonly messages: number;
}

export interface History {
  add(pack: Pack): void;
  /** Delivered or not, at most `limit` after `after`, in order of id. */
  since(recipient: number, after: number, limit: number): Entry[];
  /** At most `limit` that wait, in order of id. */
  waiting(recipient: number, limit: number): Entry[];
  /**
   * Marks packs as delivered. Of a pack only a part of which was, nothing remains here: its messages are given to `unpack`, as
   * waiting.
   *
   * @param ranges both ends included; of one recipient, so they may name messages of others
   * @returns the ranges that are not done with
   */
  confirm(recipient: number, ranges: readonly IdRange[], at: number, unpack: (entry: Entry) => void): readonly IdRange[];
  /** Forgets packs that were delivered, or were sent and still wait, before; at most `limit` messages or one pack. @returns how many messages */
  prune(deliveredBefore: number, sentBefore: number, limit: number): number;
  remove(recipient: number): void;
}

export function historyOn(prepare: Statements): History {
  const waitingFrom = (recipient: number, lowest: number): Row[] => prepare(WAITING).all(recipient, lowest) as unknown as Row[];

  function forgetSome(found: unknown[], limit: number): number {
    let forgotten = 0;
    for (const { recipient, last, messages } of found as Old[]) {
      if (forgotten > 0 && forgotten + messages > limit) break;
      prepare(FORGET).run(recipient, last);
      forgotten += messages;
    }
    return forgotten;
  }

  return {
    add({ recipient, last, deliveredAt, sentAt, entries }) {
      prepare(ADD).run(recipient, last, entries.length, deliveredAt, sentAt, packed(entries));
    },
    since: (recipient, after, limit) => firstOf(prepare(SINCE).iterate(recipient, after) as Iterable<Row>, after, limit),
    waiting: (recipient, limit) => firstOf(waitingFrom(recipient, 0), 0, limit),
    confirm(recipient, ranges, at, unpack) {
      const sorted = ranges.toSorted((a, b) => a.first - b.first);
      const done = new Set<number>();
      for (const { last, entries } of waitingFrom(recipient, sorted[0]?.first ?? 0)) {
        const messages = [...entriesIn(asBuffer(entries))];
        const confirmed = messages.filter(({ id }) => isIn(sorted, id));
        if (confirmed.length === 0) continue;
        if (confirmed.length === messages.length) {
          prepare(DELIVERED).run(at, recipient, last);
          for (const { id } of messages) done.add(id);
        } else {
          prepare(FORGET).run(recipient, last);
          messages.forEach(unpack);
        }
      }
      return done.size === 0 ? ranges : ranges.filter(({ first, last }) => first !== last || !done.has(first));
    },
    prune(deliveredBefore, sentBefore, limit) {
      const delivered = forgetSome(prepare(OLD_DELIVERED).all(deliveredBefore, limit), limit);
      if (delivered >= limit) return delivered;
      return delivered + forgetSome(prepare(OLD_WAITING).all(sentBefore, limit - delivered), limit - delivered);
    },
    remove: (recipient) => void prepare(REMOVE).run(recipient),
  };
}

/** Most packs have some ten kilobytes; larger ones are made anew. */
const SCRATCH_BYTES = 256 * 1024;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/** Only valid until the next call: a statement copies what it is given, and a pack of its own for each is garbage by the megabyte. */
function packed(entries: readonly Uint8Array[]): Buffer {
  const length = entries.reduce((sum, entry) => sum + entry.length, 0);
  if (length > SCRATCH_BYTES) return Buffer.concat(entries);
  let at = 0;
  for (const entry of entries) {
    scratch.set(entry, at);
    at += entry.length;
  }
  return scratch.subarray(0, length);
}

interface Row {
  readonly last: number;
  readonly entries: Uint8Array;
}

function firstOf(packs: Iterable<Row>, after: number, limit: number): Entry[] {
  const found: Entry[] = [];
  if (limit <= 0) return found;
  for (const { entries } of packs) {
    for (const entry of entriesIn(asBuffer(entries))) {
      if (entry.id > after) found.push(entry);
      if (found.length >= limit) return found;
    }
  }
  return found;
}

function* entriesIn(packed: Buffer): Iterable<Entry> {
  for (let at = 0; at < packed.length; at += lengthAt(packed, at)) yield entryAt(packed, at);
}

/** @param ranges in order, and none in another */
function isIn(ranges: readonly IdRange[], id: number): boolean {
  const found = ranges[firstWhere(ranges.length, (n) => (ranges[n] as IdRange).last >= id)];
  return found !== undefined && found.first <= id;
}
