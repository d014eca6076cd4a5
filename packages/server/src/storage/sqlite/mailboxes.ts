/**
 * Mailboxes, in SQL by hand: a message costs one query and one insert, and a query builder would be most of the cost.
 * `service.test.ts` holds every statement to its index.
 */
import type { Statements } from './dialect.ts';
import { Fresh, type FreshMessage } from './fresh.ts';
import { HISTORY_SQL, historyOn } from './history.ts';
import { asBuffer, type Entry, senderAt, sizeAt } from './journal-format.ts';
import type { AppendRequest, Implementation, MessageRow } from './protocol.ts';
import { type Tally, Tallies } from './tallies.ts';

const RECIPIENT = `
  SELECT state, EXISTS (SELECT 1 FROM roster_item WHERE owner = ?1 AND uin = ?2 AND kind = 'ignore')
  FROM account WHERE uin = ?1`;
const REPEATED = 'SELECT id FROM message WHERE sender = ? AND sender_id = ? AND recipient = ?';
const INSERT = 'INSERT INTO message (id, recipient, sender, sent_at, size, sender_id, delivered_at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)';
const TALLY = 'SELECT sender, count(*), sum(size) FROM message INDEXED BY message_waiting WHERE recipient = ? AND delivered_at = 0 GROUP BY sender';

const PENDING = `
  SELECT id, sender, sent_at, body FROM message INDEXED BY message_waiting
  WHERE recipient = ? AND delivered_at = 0 ORDER BY id LIMIT ?`;
const CONFIRM = 'UPDATE message INDEXED BY message_waiting SET delivered_at = ? WHERE recipient = ? AND id BETWEEN ? AND ? AND delivered_at = 0';
const SINCE = `
  SELECT id, sender, sent_at, body FROM message INDEXED BY message_waiting
  WHERE recipient = ?1 AND id > ?2 AND delivered_at = 0
  UNION ALL
  SELECT id, sender, sent_at, body FROM message INDEXED BY message_delivered
  WHERE recipient = ?1 AND id > ?2 AND delivered_at > 0
  ORDER BY id LIMIT ?3`;
const SETTLED = 'SELECT last FROM settled WHERE one = 1';
const SETTLE = 'UPDATE settled SET last = ? WHERE one = 1';
const LAST_ID = "SELECT seq FROM sqlite_sequence WHERE name = 'message'";
const PRUNE_DELIVERED = `
  DELETE FROM message WHERE id IN (
    SELECT id FROM message INDEXED BY message_delivered_at WHERE delivered_at < ? AND delivered_at > 0 LIMIT ?)`;
const PRUNE_SENT = 'DELETE FROM message WHERE id IN (SELECT id FROM message INDEXED BY message_sent_at WHERE sent_at < ? LIMIT ?)';
const REMOVE = [
  'DELETE FROM message INDEXED BY message_waiting WHERE recipient = ? AND delivered_at = 0',
  'DELETE FROM message INDEXED BY message_delivered WHERE recipient = ? AND delivered_at > 0',
];

/** For tests that look at query plans. */
export const MAILBOX_SQL: readonly string[] = [
  RECIPIENT,
  REPEATED,
  INSERT,
  TALLY,
  PENDING,
  CONFIRM,
  SINCE,
  SETTLED,
  SETTLE,
  PRUNE_DELIVERED,
  PRUNE_SENT,
  ...REMOVE,
  ...HISTORY_SQL,
];

type Names = Extract<keyof Implementation<'writer'>, `mailboxes.${string}`>;

function isFull(tally: Tally, { from, size, messagesMax, bytesMax, perSenderMax }: AppendRequest): boolean {
  return tally.messages >= messagesMax || tally.bytes + size > bytesMax || (tally.bySender.get(from) ?? 0) >= perSenderMax;
}

export interface Mailboxes {
  readonly operations: Pick<Implementation<'writer'>, Names>;
  /** Forgets all messages to an account. */
  readonly remove: (uin: number) => void;
  /** Fresh messages, which the journal has. */
  readonly enter: (entries: Uint8Array) => void;
  /** What `enter` was given and is not needed any more. */
  readonly emptied: () => readonly Uint8Array[];
  /** @param synced whether the disk has it */
  readonly committed: (synced: boolean) => void;
  /** Something was rolled back. */
  readonly rolledBack: () => void;
  /** Takes fresh messages into the database: a batch that is due, or what there is of them. False when there was nothing to do. */
  readonly settle: (which: 'due' | 'any') => boolean;
  readonly freshMessages: () => number;
  /** Writes how far it has come, for the sake of the sync that follows. */
  readonly mark: () => void;
  /** Fresh messages were committed that the disk may not have. */
  readonly unsynced: () => boolean;
  /** The last fresh message that was taken into the database, committed and synced. */
  readonly settledTo: () => number;
  /** Of any message ever stored here. */
  readonly lastId: () => number;
}

type Row = readonly [id: number, sender: number, sentAt: number, body: Uint8Array];
type Atomically = <T>(run: () => T) => T;

/** Of `delivered_at`. */
const WAITING = 0;

/**
 * @param atomically runs several statements so that all or none of them count
 * @param now milliseconds on a clock that never goes back
 */
export function mailboxesOn(prepare: Statements, atomically: Atomically, now: () => number): Mailboxes {
  const arrays = (sql: string): ReturnType<Statements> => {
    const statement = prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  const recipientOf = arrays(RECIPIENT);
  const repeated = arrays(REPEATED);
  const insert = prepare(INSERT);
  const count = arrays(TALLY);
  const pending = arrays(PENDING);
  const confirm = prepare(CONFIRM);
  const since = arrays(SINCE);
  const pruneDelivered = prepare(PRUNE_DELIVERED);
  const pruneSent = prepare(PRUNE_SENT);
  const remove = REMOVE.map(prepare);
  const settledTo = prepare(SETTLED);
  const settleTo = prepare(SETTLE);
  const lastId = prepare(LAST_ID);
  const history = historyOn(prepare);
  const fresh = new Fresh(now);
  const lastSettled = (): number => (settledTo.get() as { last: number }).last;
  let settledId = lastSettled();
  let unsynced = false;
  let marked = false;

  const tallies = new Tallies((recipient) => {
    const tally: Tally = { messages: 0, bytes: 0, bySender: new Map() };
    for (const [sender, messages, bytes] of count.all(recipient) as unknown as [number, number, number][]) {
      tally.messages += messages;
      tally.bytes += bytes;
      tally.bySender.set(sender, messages);
    }
    const unsettled = fresh.of(recipient).filter(({ confirmedAt }) => confirmedAt === 0);
    for (const { sender, size } of [...history.waiting(recipient, Number.POSITIVE_INFINITY), ...unsettled]) {
      tally.messages++;
      tally.bytes += size;
      tally.bySender.set(sender, (tally.bySender.get(sender) ?? 0) + 1);
    }
    return tally;
  });

  const rows = (found: unknown[]): MessageRow[] => (found as Row[]).map(([id, from, sentAt, body]) => ({ id, from, sentAt, body }));

  /** What was found here and there, in order of id. */
  function inOrder(limit: number, ...found: readonly (readonly MessageRow[])[]): readonly MessageRow[] {
    const some = found.filter((one) => one.length > 0);
    if (some.length <= 1) return some[0]?.slice(0, limit) ?? [];
    return some
      .flat()
      .sort((a, b) => a.id - b.id)
      .slice(0, limit);
  }

  const rowOf = ({ id, sender, sentAt, body }: Entry): MessageRow => ({ id, from: sender, sentAt, body });

  function freshRows(recipient: number, fits: (message: FreshMessage) => boolean): MessageRow[] {
    return fresh.of(recipient).filter(fits).map(rowOf);
  }

  function settle(which: 'due' | 'any'): boolean {
    if (which === 'due' ? !fresh.due : fresh.size === 0) return false;
    const { from, to } = fresh.take(which === 'due' ? 'ripe' : 'any');
    if (from === to) return false;
    const packs = new Map<number, Pack>();
    const waiting: number[] = [];
    for (let place = from; place < to; place++) {
      const confirmedAt = fresh.confirmedAt(place);
      // Those of our own senders must be found by their ids again.
      if (fresh.isNamed(place)) insertRow(fresh.entry(place), confirmedAt);
      else if (confirmedAt !== 0) pack(packs, fresh.recipient(place), place, confirmedAt);
      else waiting.push(place);
    }
    const delivered = new Set(packs.keys());
    for (const place of waiting) {
      const recipient = fresh.recipient(place);
      // A pack of what waits would overlap with that of what was delivered.
      if (delivered.has(recipient)) insertRow(fresh.entry(place), WAITING);
      else pack(packs, recipient, place, WAITING);
    }
    for (const [recipient, { places, deliveredAt }] of packs) {
      const last = fresh.entry(places.at(-1) as number);
      history.add({ recipient, last: last.id, sentAt: last.sentAt, deliveredAt, entries: places.map((place) => fresh.bytes(place)) });
    }
    settleTo.run(fresh.entry(to - 1).id);
    return true;
  }

  function insertRow({ id, recipient, sender, sentAt, size, senderId, body }: Entry, deliveredAt: number): void {
    insert.run(id, recipient, sender, sentAt, size, senderId, deliveredAt, body);
  }

  function settleAll(): void {
    while (settle('any'));
  }

  function mark(): void {
    settleTo.run(lastSettled());
    marked = true;
  }

  function repetitionOf(from: number, senderId: string, to: number): number | undefined {
    const before = repeated.get(from, senderId, to) as unknown as [id: number] | undefined;
    return before?.[0] ?? fresh.sentAs(from, senderId, to);
  }

  return {
    settle,
    freshMessages: () => fresh.size,
    settledTo: () => settledId,
    lastId: () => Math.max((lastId.get() as { seq: number } | undefined)?.seq ?? 0, lastSettled()),
    enter: (entries) => {
      const all = asBuffer(entries);
      fresh.enter(all, (recipient, at) => tallies.add(recipient, senderAt(all, at), sizeAt(all, at)));
    },
    emptied: () => fresh.takeEmptied(),
    operations: {
      'mailboxes.append': (request) => {
        const { id, from, to, senderId, size } = request;
        const recipient = recipientOf.get(to, from) as unknown as [state: string, ignores: number] | undefined;
        if (recipient === undefined || recipient[0] === 'deleted') return 'no-such-user';
        if (recipient[1] === 1) return 'ignored';
        const before = senderId === null ? undefined : repetitionOf(from, senderId, to);
        if (before !== undefined) return -before;
        if (request.limited && isFull(tallies.of(to), request)) return 'full';
        insert.run(id, to, from, request.sentAt, size, senderId, WAITING, request.body);
        tallies.add(to, from, size);
        return id;
      },
      'mailboxes.repeated': ({ from, senderId, to }) => repetitionOf(from, senderId, to),
      'mailboxes.pending': ({ uin, limit }) =>
        inOrder(
          limit,
          rows(pending.all(uin, limit)),
          history.waiting(uin, limit).map(rowOf),
          freshRows(uin, ({ confirmedAt }) => confirmedAt === 0),
        ),
      'mailboxes.confirm': ({ uin, ranges, at }) => {
        tallies.forget(uin);
        const confirmedAt = Math.max(at, 1);
        // Nearly always all: what is not in the database yet needs no statement.
        const settled = ranges.filter(({ first, last }) => !fresh.confirm(uin, first, last, confirmedAt));
        if (settled.length === 0) return;
        atomically(() => {
          const left = history.confirm(uin, settled, confirmedAt, (entry) => insertRow(entry, WAITING));
          for (const { first, last } of left) confirm.run(confirmedAt, uin, first, last);
        });
      },
      'mailboxes.since': ({ uin, after, limit }) =>
        inOrder(
          limit,
          rows(since.all(uin, after, limit)),
          history.since(uin, after, limit).map(rowOf),
          freshRows(uin, ({ id }) => id > after),
        ),
      'mailboxes.prune': ({ deliveredBefore, sentBefore, limit }) =>
        atomically(() => {
          tallies.forgetAll();
          settleAll();
          // What was delivered live was sent a moment before.
          let forgotten = history.prune(Math.max(deliveredBefore, sentBefore), sentBefore, limit);
          forgotten += Number(pruneDelivered.run(deliveredBefore, Math.max(limit - forgotten, 0)).changes);
          return forgotten + Number(pruneSent.run(sentBefore, Math.max(limit - forgotten, 0)).changes);
        }),
      'mailboxes.settle': () =>
        atomically(() => {
          settleAll();
          mark();
        }),
    },
    remove: (uin) => {
      tallies.forget(uin);
      settleAll();
      for (const statement of remove) statement.run(uin);
      history.remove(uin);
    },
    mark,
    unsynced: () => unsynced,
    committed: (synced) => {
      // A commit that changed nothing waits for nothing.
      const wrote = fresh.committed() || marked;
      marked = false;
      if (!wrote) return;
      unsynced = !synced;
      if (synced) settledId = lastSettled();
    },
    rolledBack: () => {
      marked = false;
      tallies.forgetAll();
      fresh.undone(lastSettled());
    },
  };
}

/** Messages of one recipient that are packed together. */
interface Pack {
  readonly places: number[];
  deliveredAt: number;
}

function pack(packs: Map<number, Pack>, recipient: number, place: number, confirmedAt: number): void {
  const found = packs.get(recipient);
  if (found === undefined) {
    packs.set(recipient, { places: [place], deliveredAt: confirmedAt });
    return;
  }
  found.places.push(place);
  found.deliveredAt = Math.max(found.deliveredAt, confirmedAt);
}
