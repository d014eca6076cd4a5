/** What people say to each other: stored, then announced; or passed on to who is there. */
import type { CommandInput } from '../commands.ts';
import type { SessionEvent, UserNotice } from '../events.ts';
import type { People } from '../inside.ts';
import type { Appended, MailboxLimits, MessageDraft } from '../ports.ts';
import { type Refused, refuse } from '../refusals.ts';
import { viewFrom } from '../presence/view.ts';
import type { CorePorts, CoreSettings } from '../service.ts';
import type { CoreSession } from '../sessions/core-session.ts';
import type { Registry } from '../sessions/registry.ts';
import type { Body, MessageId, Passing, PresenceView, Time, Uin } from '../words.ts';
import { writtenBytes } from './body-size.ts';
import type { Delivery } from './delivery.ts';

/** An envelope wraps a message, in UTF-16 perhaps. */
const ENVELOPE_FACTOR = 2;
const SENDER_ID = /^[0-9a-f]{32}$/i;

export interface Sent {
  readonly id: MessageId;
  readonly sentAt: Time;
}

export interface MessagesAround {
  readonly ports: CorePorts;
  readonly settings: CoreSettings;
  readonly registry: Registry;
  readonly people: Pick<People, 'viewFor' | 'sees' | 'ignores'>;
  readonly delivery: Delivery;
  readonly publish: (uin: Uin, notice: UserNotice) => void;
}

type Envelope = Extract<Passing, { readonly kind: 'envelope' }>;

/** What says nothing in words is for clients that speak as its author's does. */
function hasUseFor({ profile }: CoreSession, { fallback = '' }: Envelope, author: CoreSession): boolean {
  return fallback !== '' || (profile.protocol === 'udp') === (author.profile.protocol === 'udp');
}

export class Messages {
  private readonly around: MessagesAround;
  private readonly mailboxLimits: MailboxLimits;
  private storedHere = 0;
  private lastId: MessageId = 0;

  constructor(around: MessagesAround) {
    const { limits } = around.settings;
    this.around = around;
    this.mailboxLimits = { messagesMax: limits.mailboxMessagesMax, bytesMax: limits.mailboxBytesMax, perSenderMax: limits.mailboxPerSenderMax };
  }

  get stored(): number {
    return this.storedHere;
  }

  // --------------------------------------------------------------- stored

  send(session: CoreSession, { to, body, senderId }: CommandInput<'messages.send'>): Refused | Promise<Sent | Refused> {
    if (writtenBytes(body) > this.around.settings.limits.messageBytesMax) return refuse('too-large');
    if (senderId !== undefined && !SENDER_ID.test(senderId)) return refuse('bad-input');
    if (this.around.people.ignores(session.uin, to)) return refuse('you-ignore-them');
    return this.say(session.uin, to, body, senderId);
  }

  /** The one message path: check and store, announce, deliver. Rejects when the store fails. */
  say(from: Uin, to: Uin, body: Body, senderId?: string): Promise<Sent | Refused> {
    const sentAt = this.around.ports.clock.now();
    const here = this.isHere(to) && !this.isHidden(from, to);
    const checked = here && !this.around.people.ignores(to, from);
    const draft: MessageDraft =
      senderId === undefined ? { from, to, body, sentAt, limited: !here, checked } : { from, to, body, sentAt, limited: !here, checked, senderId };
    return this.around.ports.store.mailboxes.append(draft, this.mailboxLimits).then((appended) => this.appended(appended, draft));
  }

  private appended(appended: Appended, draft: MessageDraft): Sent | Refused | Promise<Sent> {
    if (appended.outcome !== 'stored') return this.notStored(appended, draft);
    const { id } = appended;
    const { from, to, sentAt, body } = draft;
    this.storedHere++;
    this.lastId = Math.max(this.lastId, id);
    const message = { id, from, to, sentAt, body };
    this.around.publish(to, { type: 'message.stored', message });
    this.around.delivery.deliver(message);
    return { id, sentAt };
  }

  private notStored(appended: Exclude<Appended, { outcome: 'stored' }>, draft: MessageDraft): Sent | Refused | Promise<Sent> {
    switch (appended.outcome) {
      case 'repeated':
        return this.sentBefore(appended.id, draft);
      case 'ignored':
        // Looks like any other: the next number, although nothing has it.
        return { id: ++this.lastId, sentAt: draft.sentAt };
      case 'no-such-user':
        return refuse('no-such-user');
      case 'full':
        return refuse('mailbox-full');
      default:
        return appended satisfies never;
    }
  }

  private async sentBefore(id: MessageId, draft: MessageDraft): Promise<Sent> {
    const [message] = await this.around.ports.store.mailboxes.since(draft.to, id - 1, 1);
    return { id, sentAt: message?.id === id ? message.sentAt : draft.sentAt };
  }

  // ------------------------------------------------------------ passed on

  pass(session: CoreSession, { to, passing, needs, concealed }: CommandInput<'messages.pass'>): Refused | undefined {
    switch (passing.kind) {
      case 'typing':
        return this.passTyping(session.uin, to, passing);
      case 'envelope':
        if (passing.bytes.length > this.around.settings.limits.messageBytesMax * ENVELOPE_FACTOR) return refuse('too-large');
        return this.passEnvelope(session, to, passing, needs, concealed);
      default:
        return passing satisfies never;
    }
  }

  /** Nobody is told when it does not arrive. */
  private passTyping(from: Uin, to: Uin, passing: Passing): undefined {
    if (this.around.people.ignores(from, to)) return;
    this.around.publish(to, { type: 'passing', from, to, passing });
    this.passHere(from, to, passing);
  }

  /** To the sessions of this node; ignored senders are dropped where the recipient is. */
  passHere(from: Uin, to: Uin, passing: Passing): void {
    if (!this.around.people.ignores(to, from)) this.handTo(this.readyOf(to), from, passing, this.around.people.viewFor(to, from));
  }

  private passEnvelope(session: CoreSession, to: Uin, passing: Envelope, needs: string | undefined, concealed: boolean): Refused | undefined {
    const { people } = this.around;
    const from = session.uin;
    if (people.ignores(from, to)) return refuse('you-ignore-them');
    const hidden = this.isHidden(from, to);
    if (concealed && hidden) return refuse('off-line');
    if (people.ignores(to, from)) return undefined;
    const refused = this.handToAble(session, to, passing, needs);
    return hidden ? undefined : refused;
  }

  private handToAble(session: CoreSession, to: Uin, passing: Envelope, needs: string | undefined): Refused | undefined {
    const ready = this.readyOf(to);
    if (ready.length === 0) return refuse('off-line');
    const able = ready.filter((other) => hasUseFor(other, passing, session) && (needs === undefined || other.presence.capabilities.includes(needs)));
    if (able.length === 0) return refuse('not-supported-by-client');
    const view = this.around.people.viewFor(to, session.uin);
    const sender = view === undefined ? undefined : viewFrom(session, view);
    if (needs === undefined) return this.handTo(able, session.uin, passing, sender);
    // An offer is for one client: two of them would both answer it (oscar.md §10.4).
    return this.handTo([able.reduce((a, b) => (b.lastHeardAt >= a.lastHeardAt ? b : a))], session.uin, passing, sender);
  }

  private handTo(sessions: readonly CoreSession[], from: Uin, passing: Passing, sender: PresenceView | undefined): undefined {
    const event: SessionEvent = sender === undefined ? { type: 'passing', from, passing } : { type: 'passing', from, passing, sender };
    for (const session of sessions) session.emit(event);
  }

  /** Off line for somebody who is on line himself, or as good as that: he must not be able to tell which (oscar.md §10.1). */
  private isHidden(from: Uin, to: Uin): boolean {
    return this.around.registry.of(from).length > 0 && !this.around.people.sees(from, to);
  }

  private isHere(uin: Uin): boolean {
    for (const session of this.around.registry.of(uin)) if (session.ready) return true;
    return false;
  }

  private readyOf(uin: Uin): readonly CoreSession[] {
    return this.around.registry.of(uin).filter((session) => session.ready);
  }
}
