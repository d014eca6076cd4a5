/** One session in memory. There may be ten thousand idle ones: what only some need is made when they need it. */
import type { EndReason, SessionEvent } from '../events.ts';
import type { AccountFacts, LiveSession } from '../inside.ts';
import type { Mail } from '../messages/mail.ts';
import type { Account } from '../ports.ts';
import type { SessionRequest } from '../session.ts';
import type { ClientProfile, MessageId, Peer, Presence, SessionId, Time, Uin } from '../words.ts';

/** Before the client has said anything. */
const NEW_PRESENCE: Presence = {
  status: { availability: 'online', invisible: false, webAware: false, hideAddress: false, direct: 'contacts', word: 0 },
  capabilities: [],
};

/** Where sessions report what happens at their front end. */
export interface SessionHost {
  written(session: CoreSession, id: MessageId): void;
  confirmed(session: CoreSession, id: MessageId): void;
  heard(session: CoreSession, drained: boolean): void;
  left(session: CoreSession): void;
  closed(session: CoreSession, clean: boolean): void;
  /** The front end broke its promise not to throw. */
  failed(error: unknown): void;
}

export class CoreSession implements LiveSession {
  readonly id: SessionId;
  readonly uin: Uin;
  readonly peer: Peer;
  readonly coexist: boolean;
  readonly signedOnAt: Time;
  readonly instance: number;
  profile: ClientProfile;
  account: AccountFacts;
  presence: Presence = NEW_PRESENCE;
  ready = false;
  ended = false;
  /** `opening` until its front end has it, `leaving` when nothing is written to its client any more, `closed` when its front end is gone. */
  stage: 'opening' | 'open' | 'leaving' | 'closed' = 'opening';
  endReason: EndReason | undefined;
  lastHeardAt: Time;
  /** Messages on their way to this client; made for the first one. */
  mail: Mail | undefined;
  private readonly host: SessionHost;
  private readonly receive: (event: SessionEvent) => void;
  /** A command of this session is being started: events have to wait. */
  private starting = false;
  private waiting: SessionEvent[] | undefined;

  constructor(id: SessionId, request: SessionRequest, account: Account, instance: number, now: Time, host: SessionHost) {
    this.id = id;
    this.uin = request.uin;
    this.peer = request.peer;
    this.profile = request.profile;
    this.coexist = request.coexist;
    this.account = factsOf(account);
    this.instance = instance;
    this.signedOnAt = now;
    this.lastHeardAt = now;
    this.receive = request.receive;
    this.host = host;
  }

  /** Our own clients stand beside the old ones and have rules of their own. */
  get own(): boolean {
    return this.profile.protocol === 'own';
  }

  written(id: MessageId): void {
    this.host.written(this, id);
  }

  confirmed(id: MessageId): void {
    this.host.confirmed(this, id);
  }

  heard(drained: boolean): void {
    this.host.heard(this, drained);
  }

  goodbye(): void {
    if (this.stage !== 'open') return;
    this.stage = 'leaving';
    this.host.heard(this, true);
  }

  leave(): void {
    if (this.stage !== 'closed') this.host.left(this);
  }

  close(clean: boolean): void {
    if (this.stage === 'closed') return;
    this.stage = 'closed';
    this.host.closed(this, clean);
  }

  emit(event: SessionEvent): void {
    if (!this.ended) this.post(event);
  }

  /** The last event a session gets. */
  end(reason: EndReason): void {
    if (this.ended) return;
    this.ended = true;
    this.endReason = reason;
    // A front end that has not got its session yet is told by the answer.
    if (this.stage === 'open' || this.stage === 'leaving') this.post({ type: 'ended', reason });
  }

  commandStarts(): void {
    this.starting = true;
  }

  commandStarted(): void {
    this.starting = false;
    if (this.waiting !== undefined) this.flushLater();
  }

  private flushLater(): void {
    void Promise.resolve().then(() => this.flush());
  }

  private post(event: SessionEvent): void {
    if (this.starting || this.waiting !== undefined) (this.waiting ??= []).push(event);
    else this.hand(event);
  }

  private flush(): void {
    const events = this.waiting ?? [];
    // Grows while it is read, when an event causes others.
    for (let next = 0; next < events.length; next++) this.hand(events[next] as SessionEvent);
    this.waiting = undefined;
  }

  private hand(event: SessionEvent): void {
    try {
      this.receive(event);
    } catch (error) {
      this.host.failed(error);
    }
  }
}

/** Ten thousand verifiers are ten megabytes, and secrets are better kept in one place. */
export function factsOf({ uin, state, createdAt, nickname, codepage, authorisationRequired, hideAddress, lastSeenAt, pictures }: Account): AccountFacts {
  return {
    uin,
    state,
    createdAt,
    nickname,
    authorisationRequired,
    hideAddress,
    ...(codepage === undefined ? {} : { codepage }),
    ...(lastSeenAt === undefined ? {} : { lastSeenAt }),
    ...(pictures === undefined ? {} : { pictures }),
  };
}
