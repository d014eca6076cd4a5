/** Sign-on and sign-off: which sessions of an account may stand beside each other. @see oscar.md §10.4 */
import type { EndReason } from '../events.ts';
import type { LiveSession, People } from '../inside.ts';
import type { Account } from '../ports.ts';
import { Refused, refuse, type Refusal } from '../refusals.ts';
import type { CorePorts, CoreSettings } from '../service.ts';
import type { SessionRequest } from '../session.ts';
import type { SessionId, Time, Uin } from '../words.ts';
import { CoreSession, type SessionHost } from './core-session.ts';
import type { Registry } from './registry.ts';

/** Why the session that was being opened is over already. */
const REFUSAL_FOR: Partial<Record<EndReason, Refusal>> = {
  'signed-on-elsewhere': 'too-many-sessions',
  'password-changed': 'wrong-credentials',
  'account-suspended': 'suspended',
  'account-removed': 'deleted',
};

/** What sign-on needs of the other rooms. */
export interface SessionsAround {
  readonly ports: CorePorts;
  readonly settings: CoreSettings;
  readonly registry: Registry;
  readonly people: People;
  readonly host: SessionHost;
  /** Finds out what is waiting for the session. */
  readonly arrive: (session: CoreSession) => Promise<void>;
  /** How long the account has to stay outside. */
  readonly waitMs: (uin: Uin) => number;
  /** The account, or where it signs on from, is banned. */
  readonly banned: (request: SessionRequest) => boolean;
  /** A session has been opened: tell the other nodes. */
  readonly opened: (session: CoreSession) => void;
  /** The account came or went. */
  readonly seen: (uin: Uin) => void;
}

/** A sign-on that waits for the store. */
interface Opening {
  readonly uin: Uin;
  overtaken: boolean;
}

export class Sessions {
  private readonly around: SessionsAround;
  private readonly openings = new Set<Opening>();
  private stopping = false;

  constructor(around: SessionsAround) {
    this.around = around;
  }

  async open(request: SessionRequest): Promise<CoreSession | Refused> {
    if (this.stopping) return refuse('unavailable');
    try {
      const account = await this.accountFor(request);
      return account instanceof Refused ? account : await this.openFor(request, account);
    } catch (error) {
      this.around.ports.report('a session could not be opened', error);
      return refuse('unavailable');
    }
  }

  /** Between the password and the session a minute may pass, in which the administrator changed things. */
  private async accountFor(request: SessionRequest): Promise<Account | Refused> {
    const opening: Opening = { uin: request.uin, overtaken: false };
    this.openings.add(opening);
    try {
      const account = await this.around.ports.store.accounts.find(request.uin);
      if (account === undefined || (request.verified !== undefined && !sameCredentials(account, request.verified))) {
        return refuse('wrong-credentials');
      }
      if (account.state !== 'active') return refuse(account.state);
      if (this.around.banned(request)) return refuse('suspended');
      const wait = this.around.waitMs(request.uin);
      if (wait > 0) return refuse('slow-down', wait);
      return opening.overtaken || this.stopping ? refuse('unavailable') : account;
    } finally {
      this.openings.delete(opening);
    }
  }

  private async openFor(request: SessionRequest, account: Account): Promise<CoreSession | Refused> {
    const { ports, registry, people, host } = this.around;
    if (!this.makeRoom(request)) return refuse('too-many-sessions');
    const id = hexadecimal(ports.chance.bytes(8));
    const session = new CoreSession(id, request, account, registry.freeInstance(request.uin), ports.clock.now(), host);
    registry.add(session);
    let arrived = false;
    try {
      const mail = this.around.arrive(session);
      // Whatever fails first is reported; the other failure must not go unhandled.
      mail.catch(() => undefined);
      await people.arrive(session);
      arrived = true;
      await mail;
    } catch (error) {
      session.ended = true;
      registry.remove(session);
      if (arrived) people.leave(session);
      throw error;
    }
    if (session.ended) {
      people.leave(session);
      return refuse((session.endReason && REFUSAL_FOR[session.endReason]) ?? 'unavailable');
    }
    session.stage = 'open';
    this.around.seen(session.uin);
    this.replaceOthers(session);
    this.around.opened(session);
    return session;
  }

  /** False when the account has as many sessions of this kind as it may. */
  private makeRoom(request: SessionRequest): boolean {
    const { registry, settings, ports } = this.around;
    const own = request.profile.protocol === 'own';
    if (!own && !request.coexist) return true;
    const alike = registry.of(request.uin).filter((session) => session.own === own);
    if (alike.length < (own ? settings.limits.ownSessionsMax : settings.limits.coexistingSessionsMax)) return true;
    const quietest = alike.reduce((a, b) => (b.lastHeardAt < a.lastHeardAt ? b : a));
    if (ports.clock.now() - quietest.lastHeardAt < settings.limits.quietSessionMs) return false;
    this.end(quietest, 'idle');
    return true;
  }

  /** A client that wants to be alone ends the old-client sessions that were there before it. */
  private replaceOthers(session: CoreSession): void {
    if (session.own || session.coexist) return;
    for (const other of this.around.registry.of(session.uin)) {
      if (other === session) break;
      if (!other.own) this.end(other, 'signed-on-elsewhere');
    }
  }

  /** The same, when the new session is on another node. Of two at the same moment the higher id stays. */
  openedElsewhere(uin: Uin, id: SessionId, at: Time): void {
    for (const session of this.around.registry.of(uin)) {
      const earlier = session.signedOnAt < at || (session.signedOnAt === at && session.id < id);
      if (!session.own && earlier) this.end(session, 'signed-on-elsewhere');
    }
  }

  /** Ends all sessions of an account but one, those that are being opened included. */
  endAccount(uin: Uin, reason: EndReason, except?: LiveSession): void {
    for (const opening of this.openings) if (opening.uin === uin) opening.overtaken = true;
    for (const session of this.around.registry.of(uin)) if (session !== except) this.end(session, reason);
  }

  /** Ends what fits. */
  endWhere(fits: (session: CoreSession) => boolean, reason: EndReason): void {
    for (const session of this.around.registry.all()) if (fits(session)) this.end(session, reason);
  }

  end(session: CoreSession, reason: EndReason): void {
    if (session.ended) return;
    session.end(reason);
    this.leave(session);
  }

  /** The session is over for everybody: by our decision, or because its connection is gone. */
  leave(session: CoreSession): void {
    session.ended = true;
    if (!this.around.registry.remove(session)) return;
    // One that is being opened is still arriving; `open` takes it back when it has.
    if (session.stage === 'opening') return;
    this.around.seen(session.uin);
    this.around.people.leave(session);
  }

  stop(reason: EndReason): void {
    this.stopping = true;
    for (const session of this.around.registry.all()) this.end(session, reason);
  }
}

function sameCredentials(a: Account, b: Account): boolean {
  return sameBytes(a.main.storedKey, b.main.storedKey) && sameBytes(a.old ?? NO_BYTES, b.old ?? NO_BYTES);
}

const NO_BYTES = new Uint8Array(0);

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
