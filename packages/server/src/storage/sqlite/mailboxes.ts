/**
 * Mailboxes, in SQL by hand: a message costs one query and one insert, and a query builder would be most of the cost.
 * `queries.test.ts` holds every statement to its index.
 */
import type { Statements } from './dialect.ts';
import type { AppendRequest, Implementation, MessageRow } from './protocol.ts';
import { type Tally, Tallies } from './tallies.ts';

const RECIPIENT = `
  SELECT state, EXISTS (SELECT 1 FROM roster_item WHERE owner = ?1 AND uin = ?2 AND kind = 'ignore')
  FROM account WHERE uin = ?1`;
const REPEATED = 'SELECT id FROM message WHERE sender = ? AND sender_id = ? AND recipient = ?';
const INSERT = 'INSERT INTO message (recipient, sender, sent_at, size, sender_id, body) VALUES (?, ?, ?, ?, ?, ?)';
const TALLY = 'SELECT sender, count(*), sum(size) FROM message INDEXED BY message_waiting WHERE recipient = ? AND delivered_at IS NULL GROUP BY sender';

const PENDING = `
  SELECT id, sender, sent_at, body FROM message INDEXED BY message_waiting
  WHERE recipient = ? AND delivered_at IS NULL ORDER BY id LIMIT ?`;
const CONFIRM = 'UPDATE message INDEXED BY message_waiting SET delivered_at = ? WHERE recipient = ? AND id BETWEEN ? AND ? AND delivered_at IS NULL';
const SINCE = `
  SELECT id, sender, sent_at, body FROM message INDEXED BY message_waiting
  WHERE recipient = ?1 AND id > ?2 AND delivered_at IS NULL
  UNION ALL
  SELECT id, sender, sent_at, body FROM message INDEXED BY message_delivered
  WHERE recipient = ?1 AND id > ?2 AND delivered_at IS NOT NULL
  ORDER BY id LIMIT ?3`;
const PRUNE_DELIVERED = `
  DELETE FROM message WHERE id IN (
    SELECT id FROM message INDEXED BY message_delivered_at WHERE delivered_at < ? AND delivered_at IS NOT NULL LIMIT ?)`;
const PRUNE_SENT = 'DELETE FROM message WHERE id IN (SELECT id FROM message INDEXED BY message_sent_at WHERE sent_at < ? LIMIT ?)';
const REMOVE = [
  'DELETE FROM message INDEXED BY message_waiting WHERE recipient = ? AND delivered_at IS NULL',
  'DELETE FROM message INDEXED BY message_delivered WHERE recipient = ? AND delivered_at IS NOT NULL',
];

/** For tests that look at query plans. */
export const MAILBOX_SQL: readonly string[] = [RECIPIENT, REPEATED, INSERT, TALLY, PENDING, CONFIRM, SINCE, PRUNE_DELIVERED, PRUNE_SENT, ...REMOVE];

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
}

type Row = readonly [id: number, sender: number, sentAt: number, body: Uint8Array];
type Atomically = <T>(run: () => T) => T;

/** @param atomically runs several statements so that all or none of them count */
export function mailboxesOn(prepare: Statements, atomically: Atomically): Mailboxes {
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

  const tallies = new Tallies((recipient) => {
    const tally: Tally = { messages: 0, bytes: 0, bySender: new Map() };
    for (const [sender, messages, bytes] of count.all(recipient) as unknown as [number, number, number][]) {
      tally.messages += messages;
      tally.bytes += bytes;
      tally.bySender.set(sender, messages);
    }
    return tally;
  });

  const rows = (found: unknown[]): MessageRow[] => (found as Row[]).map(([id, from, sentAt, body]) => ({ id, from, sentAt, body }));

  return {
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
        const { lastInsertRowid } = insert.run(to, from, request.sentAt, size, senderId, request.body);
        tallies.add(to, from, size);
        return Number(lastInsertRowid);
      },
      'mailboxes.pending': ({ uin, limit }) => rows(pending.all(uin, limit)),
      'mailboxes.confirm': ({ uin, ranges, at }) => {
        tallies.forget(uin);
        const mark = (): void => {
          for (const { first, last } of ranges) confirm.run(at, uin, first, last);
        };
        if (ranges.length > 1) atomically(mark);
        else mark();
      },
      'mailboxes.since': ({ uin, after, limit }) => rows(since.all(uin, after, limit)),
      'mailboxes.prune': ({ deliveredBefore, sentBefore, limit }) =>
        atomically(() => {
          tallies.forgetAll();
          const delivered = Number(pruneDelivered.run(deliveredBefore, limit).changes);
          return delivered + Number(pruneSent.run(sentBefore, limit - delivered).changes);
        }),
    },
    remove: (uin) => {
      tallies.forget(uin);
      for (const statement of remove) statement.run(uin);
    },
    rolledBack: () => tallies.forgetAll(),
  };
}
