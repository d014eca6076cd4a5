/** Sessions, found by UIN, source and session id together. @see icq-udp.md §4.1, §7 */
import { type DatagramPort, type Endpoint } from '@seekyou/net';
import type { ClientPacket } from '@seekyou/wire/udp';
import type { UdpSession } from './session.ts';

/**
 * `moved`: a session of version 5 whose packet comes from another port of its address. `forged`: somebody who should know better,
 * or packets from before a sign-on. `none`: nobody we know.
 */
export type Found = { readonly is: 'session' | 'moved'; readonly session: UdpSession } | { readonly is: 'forged' | 'none' };

export class SessionTable {
  // A sign-on over UDP ends the others of its account, so there is one at most.
  private readonly sessions = new Map<number, UdpSession>();
  /** Of version 5. Clients choose their ids, so the last to have one has it. */
  private readonly byId = new Map<number, UdpSession>();

  get size(): number {
    return this.sessions.size;
  }

  all(): Iterable<UdpSession> {
    return this.sessions.values();
  }

  of(uin: number): UdpSession | undefined {
    return this.sessions.get(uin);
  }

  add(session: UdpSession): void {
    this.sessions.set(session.uin, session);
    if (session.login.sessionId !== 0) this.byId.set(session.login.sessionId, session);
  }

  remove(session: UdpSession): void {
    if (this.sessions.get(session.uin) === session) this.sessions.delete(session.uin);
    if (this.byId.get(session.login.sessionId) === session) this.byId.delete(session.login.sessionId);
  }

  /** The session right here that counts this packet among its own, though it names nobody: mICQ registers so (icq-udp.md §10.1). */
  ofNobody({ version, uin, sessionId }: ClientPacket, from: Endpoint, port: DatagramPort): UdpSession | undefined {
    const session = uin === 0 ? this.byId.get(sessionId) : undefined;
    if (session === undefined || session.login.version !== version || session.port !== port) return undefined;
    return session.at.address === from.address && session.at.port === from.port ? session : undefined;
  }

  find(packet: ClientPacket, from: Endpoint, port: DatagramPort): Found {
    const session = this.sessions.get(packet.uin);
    if (session === undefined || session.at.address !== from.address || session.port !== port) return NONE;
    const { version, sessionId } = session.login;
    const isHere = session.at.port === from.port;
    if (version !== packet.version) return NONE;
    if (sessionId !== packet.sessionId) return isHere ? FORGED : NONE;
    if (isHere) return { is: 'session', session };
    // Versions 2 to 4 have nothing that only their client knows.
    return version === 5 && session.isSuccessor(packet) ? { is: 'moved', session } : NONE;
  }
}

const NONE: Found = { is: 'none' };
const FORGED: Found = { is: 'forged' };
