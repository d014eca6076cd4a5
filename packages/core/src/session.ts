/** One signed-on client. The core keeps these; a front end holds one and renders what it is told. */
import type { SessionEvent } from './events.ts';
import type { Account } from './ports.ts';
import type { ClientProfile, MessageId, Peer, Presence, SessionId, Time, Uin } from './words.ts';

export interface SessionRequest {
  readonly uin: Uin;
  readonly peer: Peer;
  readonly profile: ClientProfile;
  /** May stand beside other old-client sessions (OSCAR TLV 4A = 1). */
  readonly coexist: boolean;
  /** What `verify` answered, perhaps a minute ago: refused `wrong-credentials` when the password was changed since. */
  readonly verified?: Account;
  /** Called for every event, in order, never while a command of the session is being started. Must not throw. */
  readonly receive: (event: SessionEvent) => void;
}

/** What a front end sees of its session. */
export interface Session {
  readonly id: SessionId;
  readonly uin: Uin;
  readonly peer: Peer;
  readonly signedOnAt: Time;
  readonly presence: Presence;
  /** Sessions of this account, first is 1: OSCAR's instance number. */
  readonly instance: number;
  readonly ended: boolean;
  /** May be replaced once the client has said what it can do. */
  profile: ClientProfile;
  /** Reports that the transport took a delivered message. */
  written(id: MessageId): void;
  /** Reports that the client acknowledged a message itself (UDP ACK, our own clients). */
  confirmed(id: MessageId): void;
  /**
   * Reports an inbound frame. `drained`: our send queue to this client is empty. Confirms what was written at least
   * `confirmAfterMs` before.
   */
  heard(drained: boolean): void;
  /**
   * We end the connection: the session is over for everybody. `close` follows when the connection is gone, and confirms if that is
   * within `partingMs`.
   */
  leave(): void;
  /**
   * The client has closed the connection in good order, which confirms as an inbound frame does, and what it said before is still being
   * handled. `close` follows, and confirms nothing.
   */
  goodbye(): void;
  /** The connection is gone. `clean`: the client closed it (FIN), which confirms as an inbound frame does. */
  close(clean: boolean): void;
}
