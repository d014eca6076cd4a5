/**
 * How messages are stored. Those to people who are there to take them are fresh: the journal has them first. The writing
 * thread stores the others, since it knows who exists, who ignores whom and how full a mailbox is; and those the journal has
 * no room for. Ids are given here, so that they grow whichever way a message goes.
 */
import { type Appended, bodyBytes, type MailboxLimits, type MessageDraft } from '@seekyou/core';
import { encodeBody } from './body.ts';
import type { Journal } from './journal.ts';
import type { Entry } from './journal-format.ts';
import type { Link } from './link.ts';
import type { AppendReply, AppendRequest } from './protocol.ts';

type Unnumbered = Omit<Entry, 'id'>;

interface How {
  /** Goes to the journal, if it has room. */
  readonly fresh: boolean;
  readonly limited: boolean;
  readonly limits: MailboxLimits;
}

export class Appends {
  readonly #journal: Journal;
  readonly #writer: Pick<Link, 'call' | 'lastId'>;
  #lastId: number;
  /** Of each sender, messages on their way to the writing thread: his next one must not overtake them. */
  readonly #withWriter = new Map<number, number>();
  /** By our own senders' ids. */
  readonly #onTheirWay = new Map<string, Promise<Appended>>();

  constructor(journal: Journal, writer: Pick<Link, 'call' | 'lastId'>) {
    this.#journal = journal;
    this.#writer = writer;
    this.#lastId = writer.lastId;
  }

  append(draft: MessageDraft, limits: MailboxLimits): Promise<Appended> {
    // Encoded at once: what the caller does with its bytes afterwards changes nothing.
    const message: Unnumbered = {
      recipient: draft.to,
      sender: draft.from,
      sentAt: draft.sentAt,
      size: bodyBytes(draft.body),
      senderId: draft.senderId ?? null,
      body: encodeBody(draft.body),
    };
    const how: How = { fresh: draft.checked === true, limited: draft.limited, limits };
    return message.senderId === null ? this.#append(message, how) : this.#appendOnce(message, message.senderId, how);
  }

  /** When all that was asked to be stored until now is known to the writing thread, or refused. */
  async known(): Promise<void> {
    if (this.#journal.busy) await this.#journal.written();
  }

  /** When the journal has, or will not get, all that was asked to be stored; called when nothing more is asked. */
  async ended(): Promise<void> {
    // Of those with a sender's id some are not in the journal yet: whether they are repeated is asked first.
    await Promise.allSettled(this.#onTheirWay.values());
    await this.known();
  }

  #append(message: Unnumbered, how: How): Promise<Appended> {
    if (how.fresh && !this.#withWriter.has(message.sender) && this.#journal.takes(message)) return this.#journal.append(++this.#lastId, message);
    return this.#appendByWriter(message, how);
  }

  async #appendByWriter(message: Unnumbered, how: How): Promise<Appended> {
    const { sender } = message;
    this.#withWriter.set(sender, (this.#withWriter.get(sender) ?? 0) + 1);
    try {
      await this.known();
      return appendedFrom(await this.#writer.call('mailboxes.append', requestOf(++this.#lastId, message, how)));
    } finally {
      const left = (this.#withWriter.get(sender) ?? 1) - 1;
      if (left === 0) this.#withWriter.delete(sender);
      else this.#withWriter.set(sender, left);
    }
  }

  async #appendOnce(message: Unnumbered, senderId: string, how: How): Promise<Appended> {
    const key = `${message.sender} ${senderId} ${message.recipient}`;
    const other = this.#onTheirWay.get(key);
    if (other !== undefined) {
      const appended = await other;
      return appended.outcome === 'stored' ? { outcome: 'repeated', id: appended.id } : appended;
    }
    const mine = how.fresh ? this.#appendUnlessRepeated(message, senderId, how) : this.#append(message, how);
    this.#onTheirWay.set(key, mine);
    try {
      return await mine;
    } finally {
      this.#onTheirWay.delete(key);
    }
  }

  async #appendUnlessRepeated(message: Unnumbered, senderId: string, how: How): Promise<Appended> {
    const before = await this.#writer.call('mailboxes.repeated', { from: message.sender, senderId, to: message.recipient });
    return before === undefined ? this.#append(message, how) : { outcome: 'repeated', id: before };
  }
}

function requestOf(id: number, { sender, recipient, sentAt, senderId, size, body }: Unnumbered, { limited, limits }: How): AppendRequest {
  const { messagesMax, bytesMax, perSenderMax } = limits;
  return { id, from: sender, to: recipient, sentAt, senderId, limited, messagesMax, bytesMax, perSenderMax, size, body };
}

function appendedFrom(reply: AppendReply): Appended {
  if (typeof reply !== 'number') return { outcome: reply };
  return reply > 0 ? { outcome: 'stored', id: reply } : { outcome: 'repeated', id: -reply };
}
