/** From the store to the client, and back with the news that it arrived: who gets a message when, and what confirms it. */
import type { SessionEvent } from '../events.ts';
import type { People } from '../inside.ts';
import type { CorePorts, CoreSettings } from '../service.ts';
import type { CoreSession } from '../sessions/core-session.ts';
import type { Registry } from '../sessions/registry.ts';
import type { Message, MessageId, Time, Uin } from '../words.ts';
import type { Confirmations } from './confirmations.ts';
import { Mail } from './mail.ts';

/** A session whose live messages wait for a fetch, and until when. */
interface Deadline {
  readonly session: CoreSession;
  readonly at: Time;
}

/** A session we ended, whose client may still close its side in good order. */
interface Parting {
  readonly session: CoreSession;
  readonly over: Promise<void>;
  readonly end: () => void;
}

export interface DeliveryAround {
  readonly ports: CorePorts;
  readonly settings: CoreSettings;
  readonly registry: Registry;
  readonly people: Pick<People, 'viewFor'>;
  readonly confirmations: Confirmations;
  /** The message is about this session, and for the others of its account. */
  readonly withholds: (session: CoreSession, message: Message) => boolean;
  /** The session does not keep up. */
  readonly overrun: (session: CoreSession) => void;
}

export class Delivery {
  private readonly around: DeliveryAround;
  /** In order of time, because all wait equally long. */
  private readonly deadlines: Deadline[] = [];
  private cancelTimer: (() => void) | undefined;
  private readonly parting = new Map<Uin, readonly Parting[]>();

  constructor(around: DeliveryAround) {
    this.around = around;
  }

  // ------------------------------------------------------------ to clients

  /** Finds out whose stored messages wait for a new session. */
  async arrive(session: CoreSession): Promise<void> {
    for (const message of await this.pending(session)) this.mailOf(session).waitForFetch(message.from);
  }

  /** A message was stored: gives it to the sessions of its recipient that are here. */
  deliver(message: Message): void {
    const sessions = this.around.registry.of(message.to);
    let event: SessionEvent | undefined;
    for (const session of sessions) {
      if (this.around.withholds(session, message)) continue;
      if (this.mustWait(session, message)) this.hold(session, message);
      else this.give(session, (event ??= this.eventOf(message)), message.id);
    }
  }

  /** The client can be told things now. What came while it was signing on waits only for what is stored. */
  ready(session: CoreSession): void {
    const { mail } = session;
    if (mail === undefined) return;
    this.release(session, mail);
    if (mail.unfetched === undefined) return;
    this.deadlines.push({ session, at: this.around.ports.clock.now() + this.around.settings.limits.fetchWaitMs });
    this.watchDeadlines();
  }

  /** What the store has for this client and it was not given yet. @param after the last message the client has, if it says so */
  async fetch(session: CoreSession, after?: MessageId): Promise<readonly Message[]> {
    if (session.mail !== undefined) session.mail.fetching = true;
    const fresh = await this.fresh(session, after).catch((error: unknown) => {
      if (session.mail !== undefined) session.mail.fetching = false;
      throw error;
    });
    if (fresh.length > 0) this.mailOf(session).fetched(fresh);
    // The UDP front end takes the whole answer at once and does not say `given`.
    if (session.profile.protocol === 'udp' && session.mail !== undefined) this.around.ports.clock.after(0, () => this.given(session));
    return fresh;
  }

  /** What the last fetch gave is on its way, and nothing can overtake it: what waited for it follows. */
  given(session: CoreSession): void {
    this.stopWaiting(session);
  }

  fetched(session: CoreSession): void {
    const { mail } = session;
    // Who asked, said so and left all at once was perhaps never given them.
    const ids = session.stage === 'leaving' ? mail?.takeLastFetch((id) => mail.wasWritten(id)) : mail?.takeLastFetch();
    for (const id of ids ?? []) this.confirm(session, id);
  }

  stop(): void {
    this.cancelTimer?.();
    this.deadlines.length = 0;
    for (const partings of this.parting.values()) for (const { end } of partings) end();
    this.parting.clear();
  }

  private async fresh(session: CoreSession, after: MessageId | undefined): Promise<readonly Message[]> {
    // Sign-on ends an older session, whose client has perhaps read what it did not confirm. It says so when it closes, a moment after
    // the new client asks: who asks waits for that, or would be given it a second time. Where the older connection is dead nothing is
    // said, and the wait costs `partingMs`.
    await Promise.all((this.parting.get(session.uin) ?? []).map(({ over }) => over));
    const pending = (await this.pending(session)).filter((message) => !this.around.confirmations.holds(session.uin, message.id));
    const all = after === undefined ? pending : inOrder(pending, await this.since(session, after));
    if (session.ended) return [];
    return all.filter((message) => session.mail?.has(message.id) !== true);
  }

  /** Whoever else of the account has confirmed them. */
  private async since(session: CoreSession, after: MessageId): Promise<readonly Message[]> {
    const messages = await this.around.ports.store.mailboxes.since(session.uin, after, this.around.settings.limits.fetchMessagesMax);
    return messages.filter((message) => !this.around.withholds(session, message));
  }

  private async pending(session: CoreSession): Promise<readonly Message[]> {
    await this.around.confirmations.flush(session.uin);
    const pending = await this.around.ports.store.mailboxes.pending(session.uin, this.around.settings.limits.fetchMessagesMax);
    return pending.filter((message) => !this.around.withholds(session, message));
  }

  private mailOf(session: CoreSession): Mail {
    return (session.mail ??= new Mail());
  }

  private mustWait(session: CoreSession, message: Message): boolean {
    return !session.ready || session.mail?.holdsFrom(message.from) === true;
  }

  private hold(session: CoreSession, message: Message): void {
    const mail = this.mailOf(session);
    if (mail.held.length < this.around.settings.limits.heldMessagesMax) mail.held.push(message);
    else mail.waitForFetch(message.from);
  }

  private give(session: CoreSession, event: SessionEvent, id: MessageId): void {
    const mail = this.mailOf(session);
    if (mail.has(id)) return;
    if (mail.size >= this.around.settings.limits.unconfirmedMessagesMax) {
      this.around.overrun(session);
      return;
    }
    mail.give(id);
    session.emit(event);
  }

  private eventOf(message: Message): SessionEvent {
    const sender = this.around.people.viewFor(message.to, message.from);
    return sender === undefined ? { type: 'message', message } : { type: 'message', message, sender };
  }

  /** Nothing waits for a fetch any longer. */
  private stopWaiting(session: CoreSession): void {
    const { mail } = session;
    if (mail === undefined) return;
    mail.unfetched = undefined;
    mail.fetching = false;
    if (session.ready) this.release(session, mail);
  }

  /** Gives what need not wait, in order. */
  private release(session: CoreSession, mail: Mail): void {
    const held = mail.held;
    mail.held = held.filter((message) => mail.unfetched?.has(message.from) === true);
    for (const message of held) {
      if (mail.unfetched?.has(message.from) !== true) this.give(session, this.eventOf(message), message.id);
    }
  }

  private watchDeadlines(): void {
    const next = this.deadlines[0];
    if (next === undefined) return;
    this.cancelTimer ??= this.around.ports.clock.after(next.at - this.around.ports.clock.now(), () => {
      this.cancelTimer = undefined;
      const now = this.around.ports.clock.now();
      for (let due = this.deadlines[0]; due !== undefined && due.at <= now; due = this.deadlines[0]) {
        this.deadlines.shift();
        // What is being given to a slow reader must not be overtaken however long it takes; but the fetch may fail.
        if (due.session.mail?.fetching === true) this.deadlines.push({ session: due.session, at: now + this.around.settings.limits.fetchWaitMs });
        else this.stopWaiting(due.session);
      }
      this.watchDeadlines();
    });
  }

  // ---------------------------------------------------------- from clients

  written(session: CoreSession, id: MessageId): void {
    session.mail?.written(id, this.around.ports.clock.now());
  }

  confirmed(session: CoreSession, id: MessageId): void {
    // A client cannot confirm what it was not given.
    if (session.mail?.take(id) === true) this.confirm(session, id);
  }

  heard(session: CoreSession, drained: boolean): void {
    const now = this.around.ports.clock.now();
    session.lastHeardAt = now;
    if (drained) this.confirmWritten(session, now);
  }

  /** The session is over. If we ended it, the client has `partingMs` to close its side, which confirms what was written. */
  left(session: CoreSession): void {
    const { mail, uin } = session;
    mail?.leave();
    if (mail === undefined || mail.size === 0 || !confirmsByFrames(session)) return;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const cancel = this.around.ports.clock.after(this.around.settings.limits.partingMs, () => this.closed(session, false));
    const end = (): void => {
      cancel();
      resolve();
    };
    this.parting.set(uin, [...(this.parting.get(uin) ?? []), { session, over, end }]);
  }

  closed(session: CoreSession, clean: boolean): void {
    if (clean) this.confirmWritten(session, this.around.ports.clock.now());
    session.mail = undefined;
    this.parted(session);
  }

  private parted(session: CoreSession): void {
    const partings = this.parting.get(session.uin);
    if (partings === undefined) return;
    const left = partings.filter((parting) => parting.session !== session);
    if (left.length > 0) this.parting.set(session.uin, left);
    else this.parting.delete(session.uin);
    for (const parting of partings) if (parting.session === session) parting.end();
  }

  /** What was written long enough ago for the client to have read it. */
  private confirmWritten(session: CoreSession, now: Time): void {
    if (session.mail === undefined || !confirmsByFrames(session)) return;
    const until = now - this.around.settings.limits.confirmAfterMs;
    for (const id of session.mail.takeWrittenUntil(until)) this.confirm(session, id);
  }

  /** For the account: what one of its clients has is delivered, whatever becomes of the others. */
  private confirm(session: CoreSession, id: MessageId): void {
    this.around.confirmations.add(session.uin, id);
    for (const other of this.around.registry.of(session.uin)) if (other !== session) other.mail?.take(id);
  }
}

/** Each once. */
function inOrder(...lists: readonly (readonly Message[])[]): readonly Message[] {
  const byId = new Map(lists.flat().map((message) => [message.id, message]));
  return [...byId.values()].sort((a, b) => a.id - b.id);
}

/** Its frames, and how it closes, tell what it has read. Others than OSCAR clients say so themselves. */
function confirmsByFrames({ profile }: CoreSession): boolean {
  return profile.protocol === 'oscar';
}
