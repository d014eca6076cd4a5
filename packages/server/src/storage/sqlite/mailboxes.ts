/**
 * Mailboxes, in SQL by hand: a message costs one query and one insert, and a query builder would be most of the cost.
 * `queries.test.ts` holds every statement to its index.
 */
import type { Statements } from './dialect.ts';
import { Fresh, type FreshMessage } from './fresh.ts';
import type { AppendRequest, Implementation, MessageRow } from './protocol.ts';
import { type Tally, Tallies } from './tallies.ts';

const RECIPIENT = `
  SELECT state, EXISTS (SELECT 1 FROM roster_item WHERE owner = ?1 AND uin = ?2 AND kind = 'ignore')
  FROM account WHERE uin = ?1`;
const REPEATED = 'SELECT id FROM message WHERE sender = ? AND sender_id = ? AND recipient = ?';
const INSERT = 'INSERT INTO message (recipient, sender, sent_at, size, sender_id, delivered_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)';
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
const ONE = 'SELECT id, sender, sent_at, body FROM message WHERE id = ?';
const SETTLE = 'UPDATE message SET delivered_at = ? WHERE id = ?';
const SETTLED = 'UPDATE settled SET last = ? WHERE one = 1';
const FRESH = 'SELECT id, recipient, sender, size FROM message WHERE id > (SELECT last FROM settled WHERE one = 1) AND delivered_at IS NULL ORDER BY id';
const LEFT_FRESH = 'UPDATE message SET delivered_at = 0 WHERE id > (SELECT last FROM settled WHERE one = 1) AND delivered_at IS NULL';
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
  ONE,
  SETTLE,
  FRESH,
  LEFT_FRESH,
  PRUNE_DELIVERED,
  PRUNE_SENT,
  ...REMOVE,
];

type Names = Extract<keyof Implementation<'writer'>, `mailboxes.${string}`>;

function isFull(tally: Tally, { from, size, messagesMax, bytesMax, perSenderMax }: AppendRequest): boolean {
  return tally.messages >= messagesMax || tally.bytes + size > bytesMax || (tally.bySender.get(from) ?? 0) >= perSenderMax;
}

export interface Mailboxes {
  readonly operations: Pick<Implementation<'writer'>, Names>;
  /** Forgets all messages to an account. */
  readonly remove: (uin: number) => void;
  /** Something was rolled back. */
  readonly rolledBack: () => void;
  /** Enters fresh messages into the indexes: a batch that is due, or what there is of them. False when there was nothing to do. */
  readonly settle: (which: 'due' | 'any') => boolean;
  readonly freshMessages: () => number;
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
  const one = arrays(ONE);
  const settleOne = prepare(SETTLE);
  const settled = prepare(SETTLED);
  const freshRows = arrays(FRESH);

  // Left by a process that was killed: nobody is known to have them.
  prepare(LEFT_FRESH).run();
  const fresh = new Fresh(now);

  const tallies = new Tallies((recipient) => {
    const tally: Tally = { messages: 0, bytes: 0, bySender: new Map() };
    for (const [sender, messages, bytes] of count.all(recipient) as unknown as [number, number, number][]) {
      tally.messages += messages;
      tally.bytes += bytes;
      tally.bySender.set(sender, messages);
    }
    for (const { sender, size, confirmedAt } of fresh.of(recipient)) {
      if (confirmedAt !== 0) continue;
      tally.messages++;
      tally.bytes += size;
      tally.bySender.set(sender, (tally.bySender.get(sender) ?? 0) + 1);
    }
    return tally;
  });

  const rows = (found: unknown[]): MessageRow[] => (found as Row[]).map(([id, from, sentAt, body]) => ({ id, from, sentAt, body }));

  /** What the indexes found, and the fresh ones that fit, in order of id. */
  function withFresh(found: MessageRow[], recipient: number, limit: number, fits: (message: FreshMessage) => boolean): MessageRow[] {
    const more = [...fresh.of(recipient)].filter(fits).slice(0, limit);
    if (more.length === 0) return found;
    const all = [...found, ...rows(more.map(({ id }) => one.get(id)))];
    return all.sort((a, b) => a.id - b.id).slice(0, limit);
  }

  function settle(which: 'due' | 'any'): boolean {
    if (which === 'due' ? !fresh.due : fresh.size === 0) return false;
    const batch = fresh.take(which === 'due' ? 'ripe' : 'any');
    const last = batch.at(-1);
    if (last === undefined) return false;
    for (const { id, confirmedAt } of batch) settleOne.run(confirmedAt === 0 ? WAITING : confirmedAt, id);
    settled.run(last.id);
    return true;
  }

  function settleAll(): void {
    while (settle('any'));
  }

  return {
    settle,
    freshMessages: () => fresh.size,
    operations: {
      'mailboxes.append': (request) => {
        const { from, to, senderId, size } = request;
        const recipient = recipientOf.get(to, from) as unknown as [state: string, ignores: number] | undefined;
        if (recipient === undefined || recipient[0] === 'deleted') return 'no-such-user';
        if (recipient[1] === 1) return 'ignored';
        if (senderId !== null) {
          const before = repeated.get(from, senderId, to) as unknown as [id: number] | undefined;
          if (before !== undefined) return -before[0];
        }
        if (request.limited && isFull(tallies.of(to), request)) return 'full';
        const id = Number(insert.run(to, from, request.sentAt, size, senderId, request.limited ? WAITING : null, request.body).lastInsertRowid);
        tallies.add(to, from, size);
        if (!request.limited) fresh.add(id, to, from, size);
        return id;
      },
      'mailboxes.pending': ({ uin, limit }) => withFresh(rows(pending.all(uin, limit)), uin, limit, ({ confirmedAt }) => confirmedAt === 0),
      'mailboxes.confirm': ({ uin, ranges, at }) => {
        tallies.forget(uin);
        const confirmedAt = Math.max(at, 1);
        const mark = (): void => {
          for (const { first, last } of ranges) {
            // Nearly always: what is in no index yet needs no statement.
            if (!fresh.confirm(uin, first, last, confirmedAt)) confirm.run(confirmedAt, uin, first, last);
          }
        };
        if (ranges.length > 1) atomically(mark);
        else mark();
      },
      'mailboxes.since': ({ uin, after, limit }) => withFresh(rows(since.all(uin, after, limit)), uin, limit, ({ id }) => id > after),
      'mailboxes.prune': ({ deliveredBefore, sentBefore, limit }) =>
        atomically(() => {
          tallies.forgetAll();
          settleAll();
          const delivered = Number(pruneDelivered.run(deliveredBefore, limit).changes);
          return delivered + Number(pruneSent.run(sentBefore, limit - delivered).changes);
        }),
    },
    remove: (uin) => {
      tallies.forget(uin);
      settleAll();
      for (const statement of remove) statement.run(uin);
    },
    rolledBack: () => {
      tallies.forgetAll();
      const stored = freshRows.all() as unknown as [id: number, recipient: number, sender: number, size: number][];
      fresh.replace(stored.map(([id, recipient, sender, size]) => ({ id, recipient, sender, size })));
    },
  };
}
