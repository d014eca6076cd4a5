/** From the store to the client, and back with the news that it arrived: who gets a message when, and what confirms it. */
import type { SessionEvent } from '../events.ts';
import type { People } from '../inside.ts';
import type { CorePorts, CoreSettings } from '../service.ts';
import type { CoreSession } from '../sessions/core-session.ts';
import type { Registry } from '../sessions/registry.ts';
import type { Message, MessageId, Time } from '../words.ts';
import type { Confirmations } from './confirmations.ts';
import { Mail } from './mail.ts';

/** A session whose live messages wait for a fetch, and until when. */
interface Deadline {
  readonly session: CoreSession;
  readonly at: Time;
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

  /** What the store has for this client and it was not given yet. */
  async fetch(session: CoreSession): Promise<readonly Message[]> {
    const pending = await this.pending(session);
    if (session.ended) return [];
    const { mail } = session;
    const fresh = pending.filter((message) => mail?.has(message.id) !== true && !this.around.confirmations.holds(session.uin, message.id));
    if (fresh.length > 0) this.mailOf(session).fetched(fresh);
    // Only after the front end has seen the answer: what waited comes later than what it gives.
    if (mail?.unfetched !== undefined) this.around.ports.clock.after(0, () => this.stopWaiting(session));
    return fresh;
  }

  fetched(session: CoreSession): void {
    for (const id of session.mail?.takeLastFetch() ?? []) this.confirm(session, id);
  }

  stop(): void {
    this.cancelTimer?.();
    this.deadlines.length = 0;
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
        this.stopWaiting(due.session);
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

  closed(session: CoreSession, clean: boolean): void {
    if (clean) this.confirmWritten(session, this.around.ports.clock.now());
    session.mail = undefined;
  }

  /** What was written long enough ago for the client to have read it. Others than OSCAR clients say so themselves. */
  private confirmWritten(session: CoreSession, now: Time): void {
    if (session.mail === undefined || session.profile.protocol !== 'oscar') return;
    const until = now - this.around.settings.limits.confirmAfterMs;
    for (const id of session.mail.takeWrittenUntil(until)) this.confirm(session, id);
  }

  /** For the account: what one of its clients has is delivered, whatever becomes of the others. */
  private confirm(session: CoreSession, id: MessageId): void {
    this.around.confirmations.add(session.uin, id);
    for (const other of this.around.registry.of(session.uin)) if (other !== session) other.mail?.take(id);
  }
}
