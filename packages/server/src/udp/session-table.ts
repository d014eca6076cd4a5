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
  }

  remove(session: UdpSession): void {
    if (this.sessions.get(session.uin) === session) this.sessions.delete(session.uin);
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
