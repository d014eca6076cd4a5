/**
 * One listener for everything: FLAP, TLS with FLAP or HTTP inside, HTTP, and the PROXY protocol before any of them.
 *
 * ICQ's servers speak first, everybody else's clients do. So who stays silent for a moment is greeted as an ICQ client; what he says
 * afterwards may still turn out to be TLS, on a line so slow that it looked like silence.
 */
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { plainAddress } from './address.ts';
import { ProxyHeaderError, readProxyHeader } from './proxy-protocol.ts';
import { type Speech, speechOf } from './sniff.ts';
import { listenSockets, type TcpListener } from './tcp.ts';
import { TcpTransport } from './tcp-transport.ts';
import type { Endpoint, PeerEndpoint, Transport, TransportLimits, TransportUser } from './transport.ts';

/** Who is at the other end of a connection, and of which. */
export interface Visit {
  readonly peer: PeerEndpoint;
  readonly local: Endpoint;
  /** Where the peer meant to connect, by the word of a relay. */
  readonly destination?: Endpoint;
  readonly secure: boolean;
}

export const DOOR_EVENTS = {
  door_connections: 'connections that were accepted',
  door_refused_full: 'closed at once because too many have not said what they want',
  door_refused_banned: 'closed without a word because their network is banned',
  door_greeted: 'greeted as ICQ clients because they said nothing',
  door_greeted_at_once: 'greeted almost without waiting because they had just signed on',
  door_greeted_tls: 'connections that spoke TLS after they were greeted',
  door_proxy_missing: 'connections of relays without a PROXY header, closed',
  door_proxy_unwanted: 'PROXY headers of somebody who is no relay of ours, closed',
  door_proxy_bad: 'PROXY headers that make no sense, closed',
  door_tls: 'TLS handshakes that succeeded',
  door_tls_failed: 'TLS handshakes that failed',
  door_tls_broken: 'TLS connections that broke after their handshake: records nobody encrypted, or a second handshake',
  door_http: 'connections that speak HTTP',
  door_unknown: 'connections that speak nothing we know, closed',
  door_timeouts: 'connections closed because what they speak did not become clear',
} as const;
export type DoorEvent = keyof typeof DOOR_EVENTS;

export interface DoorLimits extends TransportLimits {
  /** For the first bytes, and for those after a handshake. */
  readonly firstBytesMs: number;
  readonly handshakeMs: number;
  readonly proxyHeaderMs: number;
}

export interface DoorOptions {
  readonly limits: DoorLimits;
  readonly clock: { after(ms: number, run: () => void): () => void };
  /** Relays that must say for whom they connect; nobody else may. */
  readonly isRelay: (address: string) => boolean;
  /** How long the silence of somebody at this address is left alone, in the clear or inside TLS. */
  readonly greetMs: (port: number, address: string, secure: boolean) => number;
  /** False for who is not to be spoken to. */
  readonly admits: (address: string) => boolean;
  /** Takes a place for a connection that has not said what it wants; the answer gives it back. `undefined`: there is none left. */
  readonly enters: (address: string) => (() => void) | undefined;
  /** Whether a silent client at this address is greeted almost without waiting. Asked once for a connection that is silent. */
  readonly greetsAtOnce: (address: string) => boolean;
  readonly count: (event: DoorEvent) => void;
  /** Must not throw. The hello is the receiver's to send. */
  readonly onFlap: (transport: Transport) => void;
  /** An HTTP connection, its first bytes unread: they come in the next turn. Must not throw. */
  readonly onHttp: (socket: Duplex, visit: Visit) => void;
}

/** What both ends prove in a TLS handshake. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

export interface DoorListenOptions {
  readonly host?: string;
  readonly port: number;
}

export interface FrontDoor {
  /** @throws ConnectionError as `listenTcp` */
  listen(options: DoorListenOptions): Promise<TcpListener>;
  /** For handshakes from now on. @throws when key and certificate do not belong together */
  useIdentity(identity: Identity): void;
  /** Connections that have not said what they want. */
  readonly undecided: number;
  /** Ends those of them who are no longer admitted. */
  dismissBanned(): void;
  /** Ends those. */
  close(): void;
}

/** Inside TLS, a client may say beforehand which it will speak. */
const ICQ = 'icq';
const HTTP = 'http/1.1';
/** A second handshake on one connection has no use, and cost servers much. */
const RULES = { minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_RENEGOTIATION } as const;
const BINDING_LABEL = 'EXPORTER-Channel-Binding';
const BINDING_BYTES = 32;
const TLS_HANDSHAKE = 0x16;
/** A program that encrypts has its connection, makes its keys and speaks, all within a millisecond or two. */
const GREET_EXPECTED_MS = 3;

export function createFrontDoor(options: DoorOptions, identity: Identity): FrontDoor {
  const { limits, count } = options;
  const undecided = new Set<Hall>();
  /** Handshakes under way, by the ends of their connection: TLS hands us another socket than it was given. */
  const shaking = new Map<string, { readonly guest: Guest; readonly socket: Socket }>();
  const tls: TlsServer = createTlsServer({
    ...identity,
    ...RULES,
    handshakeTimeout: limits.handshakeMs,
    ALPNProtocols: [ICQ, HTTP],
  });
  tls.on('secureConnection', secured);
  tls.on('tlsClientError', (_error, socket) => {
    count('door_tls_failed');
    socket.destroy();
  });

  const house: House = { options, undecided, shakeHands };

  function accept(socket: Socket): void {
    count('door_connections');
    const address = plainAddress(socket.remoteAddress ?? '');
    const peer = { address, port: socket.remotePort ?? 0, known: true };
    const local = { address: plainAddress(socket.localAddress ?? ''), port: socket.localPort ?? 0 };
    const relay = options.isRelay(address);
    new Hall(house, socket, { visit: { peer, local, secure: false }, relay, leaves: nothing }).receive(relay);
  }

  function shakeHands(socket: Socket, guest: Guest): void {
    const ends = endsOf(socket);
    shaking.set(ends, { guest, socket });
    socket.once('close', () => {
      if (shaking.delete(ends)) guest.leaves();
    });
    tls.emit('connection', socket);
  }

  function secured(socket: TLSSocket): void {
    const ends = endsOf(socket);
    const guest = shaking.get(ends)?.guest;
    shaking.delete(ends);
    if (guest === undefined) {
      socket.destroy();
      return;
    }
    count('door_tls');
    socket.on('error', broken);
    const hall = new Hall(house, socket, { ...guest, visit: { ...guest.visit, secure: true } });
    if (socket.alpnProtocol === HTTP) hall.take('http');
    else if (socket.alpnProtocol === ICQ) hall.take('flap');
    else hall.enter();
  }

  /** That the peer is gone is no fault of the encryption. */
  function broken({ code }: NodeJS.ErrnoException): void {
    if (code?.startsWith('ERR_SSL_') === true) count('door_tls_broken');
  }

  return {
    listen: (at) => listenSockets({ ...at, onSocket: accept }),
    useIdentity: (next) => tls.setSecureContext({ ...next, ...RULES }),
    get undecided() {
      return undecided.size + shaking.size;
    },
    dismissBanned: () => {
      for (const hall of undecided) hall.reconsider();
      for (const { guest, socket } of shaking.values()) {
        if (options.admits(guest.visit.peer.address)) continue;
        count('door_refused_banned');
        socket.destroy();
      }
    },
    close: () => {
      for (const hall of undecided) hall.leave();
    },
  };
}

function nothing(): void {}

function endsOf(socket: Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
}

// ---------------------------------------------------------------- one connection, until it is clear what it speaks

interface House {
  readonly options: DoorOptions;
  readonly undecided: Set<Hall>;
  readonly shakeHands: (socket: Socket, guest: Guest) => void;
}

interface Guest {
  readonly visit: Visit;
  /** Brought by a relay: is never greeted at once, since its address stands for many. */
  readonly relay: boolean;
  /** Gives its place back. */
  readonly leaves: () => void;
}

class Hall {
  private readonly house: House;
  private readonly socket: Socket;
  private guest: Guest;
  private headerDue = false;
  private came: Uint8Array = new Uint8Array(0);
  private readonly timers: (() => void)[] = [];

  constructor(house: House, socket: Socket, guest: Guest) {
    this.house = house;
    this.socket = socket;
    this.guest = guest;
  }

  /** Somebody came in. @param headerDue it has to say first for whom it connects */
  receive(headerDue: boolean): void {
    if (headerDue) {
      this.headerDue = true;
      this.listen(this.house.options.limits.proxyHeaderMs);
    } else if (this.admit()) this.enter();
  }

  /** It has a place, and is awaited to speak. */
  enter(): void {
    this.listen(this.house.options.limits.firstBytesMs);
    this.awaitSpeech();
  }

  private listen(ms: number): void {
    this.house.undecided.add(this);
    this.socket.on('data', this.heard);
    this.socket.on('error', this.leave);
    this.socket.on('close', this.leave);
    this.expect(ms);
  }

  /** So long it may take until more is clear. */
  private expect(ms: number): void {
    this.after(ms, () => this.refuse('door_timeouts'));
  }

  /** Whether whoever it is may come in, and there is a place. */
  private admit(): boolean {
    const { options } = this.house;
    const { address } = this.guest.visit.peer;
    if (!options.admits(address)) {
      this.refuse('door_refused_banned');
      return false;
    }
    const leaves = options.enters(address);
    if (leaves === undefined) {
      this.refuse('door_refused_full');
      return false;
    }
    this.guest = { ...this.guest, leaves };
    return true;
  }

  /** Somebody was banned meanwhile. Of a relay it is not known yet whom it brings. */
  reconsider(): void {
    if (!this.headerDue && !this.house.options.admits(this.guest.visit.peer.address)) this.refuse('door_refused_banned');
  }

  /** It is clear what it speaks. */
  take(speech: Exclude<Speech, 'proxy' | 'unknown'>): void {
    const { options, shakeHands } = this.house;
    this.part();
    if (this.came.length > 0) this.socket.unshift(this.came);
    if (speech !== 'tls') this.guest.leaves();
    switch (speech) {
      case 'flap':
        options.onFlap(this.transport());
        break;
      case 'tls':
        shakeHands(this.socket, this.guest);
        break;
      case 'http':
        options.count('door_http');
        options.onHttp(this.socket, this.guest.visit);
        this.socket.resume();
        break;
      default:
        speech satisfies never;
    }
  }

  readonly leave = (): void => {
    this.part();
    this.guest.leaves();
    this.socket.on('error', nothing);
    this.socket.destroy();
  };

  private readonly heard = (chunk: Buffer): void => {
    this.came = this.came.length === 0 ? chunk : Buffer.concat([this.came, chunk]);
    if (this.headerDue && !this.readHeader()) return;
    const speech = speechOf(this.came);
    switch (speech) {
      case undefined:
        break;
      case 'flap':
      case 'http':
        this.take(speech);
        break;
      case 'unknown':
        this.refuse('door_unknown');
        break;
      case 'proxy':
        this.refuse('door_proxy_unwanted');
        break;
      case 'tls':
        // TLS inside TLS is nothing we know.
        if (this.guest.visit.secure) this.refuse('door_unknown');
        else this.take('tls');
        break;
      default:
        speech satisfies never;
    }
  };

  /** False while there is nothing more to do with what came. */
  private readHeader(): boolean {
    try {
      const header = readProxyHeader(this.came);
      if (header === undefined) return false;
      this.headerDue = false;
      this.came = this.came.subarray(header.length);
      if (header.ends === undefined) {
        // The relay's own address says nothing about whoever it brings.
        const { visit } = this.guest;
        this.guest = { ...this.guest, visit: { ...visit, peer: { ...visit.peer, known: false } } };
      } else {
        const { source, destination } = header.ends;
        this.guest = { ...this.guest, visit: { ...this.guest.visit, peer: { ...source, known: true }, destination } };
      }
    } catch (error) {
      if (!(error instanceof ProxyHeaderError)) throw error;
      this.refuse(speechOf(this.came) === 'proxy' ? 'door_proxy_bad' : 'door_proxy_missing');
      return false;
    }
    if (!this.admit()) return false;
    // Whoever was brought has the time of somebody who comes himself.
    this.cancelTimers();
    this.expect(this.house.options.limits.firstBytesMs);
    this.awaitSpeech();
    return this.came.length > 0;
  }

  /** Silence is an ICQ client waiting for its server. */
  private awaitSpeech(): void {
    const { options } = this.house;
    const { visit, relay } = this.guest;
    // What has arrived meanwhile is read first: a busy server must not take a client for silent. Behind a timer the next immediate
    // follows a look at the sockets.
    const greetMs = options.greetMs((visit.destination ?? visit.local).port, visit.peer.address, visit.secure);
    this.after(greetMs, () => this.inTurn(() => this.greet('door_greeted')));
    if (relay || visit.secure) return;
    const greetExpected = (): void => {
      if (this.came.length === 0 && options.greetsAtOnce(visit.peer.address)) this.greet('door_greeted_at_once');
    };
    this.after(GREET_EXPECTED_MS, () => this.inTurn(greetExpected));
  }

  private greet(how: DoorEvent): void {
    if (this.came.length > 0) return;
    this.house.options.count(how);
    this.take('flap');
  }

  private inTurn(run: () => void): void {
    const turn = setImmediate(run);
    this.timers.push(() => clearImmediate(turn));
  }

  private after(ms: number, run: () => void): void {
    this.timers.push(this.house.options.clock.after(ms, run));
  }

  private cancelTimers(): void {
    for (const cancel of this.timers.splice(0)) cancel();
  }

  private refuse(why: DoorEvent): void {
    this.house.options.count(why);
    this.leave();
  }

  private part(): void {
    this.house.undecided.delete(this);
    this.cancelTimers();
    this.socket.off('data', this.heard).off('error', this.leave).off('close', this.leave);
    this.socket.pause();
  }

  private transport(): Transport {
    const { limits } = this.house.options;
    const { socket } = this;
    const { visit } = this.guest;
    if (visit.secure) return new SecureTransport(socket as TLSSocket, limits, visit);
    // Was it greeted, its first bytes are still to come.
    const later = this.came.length > 0 ? undefined : (freed: Socket): void => this.turnsOutTls(freed);
    return new ClearTransport(socket, limits, visit, later);
  }

  private turnsOutTls(socket: Socket): void {
    const { options, shakeHands } = this.house;
    options.count('door_greeted_tls');
    const leaves = options.enters(this.guest.visit.peer.address);
    if (leaves === undefined) {
      options.count('door_refused_full');
      socket.on('error', nothing).destroy();
    } else shakeHands(socket, { ...this.guest, leaves });
  }
}

// ---------------------------------------------------------------- transports

/** Its socket was read before, and stopped. */
class DoorTransport extends TcpTransport {
  override readonly peer: PeerEndpoint;
  override readonly local: Endpoint;
  readonly destination?: Endpoint;

  constructor(socket: Socket, limits: TransportLimits, visit: Visit) {
    super(socket, limits);
    this.peer = visit.peer;
    this.local = visit.local;
    if (visit.destination !== undefined) this.destination = visit.destination;
  }

  override attach(user: TransportUser): void {
    super.attach(user);
    this.resume();
  }
}

class ClearTransport extends DoorTransport {
  private tls: ((socket: Socket) => void) | undefined;

  /** @param tls takes the socket over when its first bytes begin a handshake */
  constructor(socket: Socket, limits: TransportLimits, visit: Visit, tls: ((socket: Socket) => void) | undefined) {
    super(socket, limits, visit);
    this.tls = tls;
  }

  override received(chunk: Buffer): void {
    const { tls } = this;
    if (tls === undefined) {
      super.received(chunk);
      return;
    }
    this.tls = undefined;
    if (chunk[0] !== TLS_HANDSHAKE) super.received(chunk);
    else {
      const socket = this.release();
      socket.pause();
      socket.unshift(chunk);
      tls(socket);
    }
  }
}

class SecureTransport extends DoorTransport {
  override readonly secure = true;
  readonly channelBinding?: Uint8Array;

  constructor(socket: TLSSocket, limits: TransportLimits, visit: Visit) {
    super(socket, limits, visit);
    // RFC 9266 §4.2: sound in TLS 1.3 alone.
    if (socket.getProtocol() === 'TLSv1.3') {
      this.channelBinding = new Uint8Array(socket.exportKeyingMaterial(BINDING_BYTES, BINDING_LABEL, Buffer.alloc(0)));
    }
  }
}
