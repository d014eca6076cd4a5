/**
 * One UDP session as the client counts it: what it sends is repeated until it is acknowledged, one packet at a time; what
 * the server sends is taken once and in order. @see icq-udp.md §4, §6
 */
import type { DatagramPort, Endpoint } from '@seekyou/net';
import { type Chance, WireError } from '@seekyou/wire';
import {
  assemble,
  type Assembly,
  buildClientPacket,
  chooseCheck,
  commands,
  type Declaration,
  decodeParameters,
  decodeReply,
  encodeParameters,
  isPacket,
  parseServerPacket,
  replies,
  type ServerPacket,
  unpackMulti,
  type Version,
} from '@seekyou/wire/udp';
import type { Timers } from '../connection.ts';
import { ClientError, RequestRefused } from '../errors.ts';

/**
 * Waits before a packet is sent again; after the last one, a minute in all, the server counts as gone. More often than clients of
 * the time: on a line that loses a fifth both ways, seven attempts give up once in a thousand packets, fourteen in a million.
 */
export const RESEND_MS: readonly number[] = [1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 6_000, 6_000, 6_000, 6_000, 6_000, 6_000, 6_000, 6_000];
/** Servers read 1,500 bytes of a datagram at most, and what they do not read they do not acknowledge. */
const PARAMETERS_BYTES_MAX = 1_400;
/** Packets that came too early and are kept until those before them came. */
const EARLY_MAX = 32;

/** The numbers a command went out with; answers repeat them. */
export interface Numbers {
  readonly seq1: number;
  readonly seq2: number;
}

/** A packet of the server, its layout known. */
export interface Heard extends Numbers {
  readonly declaration: Declaration<unknown>;
  readonly name: string;
  readonly value: unknown;
  /** Of the header; 0 in versions 1 and 2. */
  readonly uin: number;
}

export interface LinkOptions {
  readonly version: Version;
  /** 0 while registering. */
  readonly uin: number;
  readonly port: DatagramPort;
  readonly server: Endpoint;
  readonly timers: Timers;
  readonly chance: Chance;
}

interface Sending extends Numbers {
  readonly command: number;
  readonly parameters: Uint8Array;
  /** Of the acknowledgement. */
  readonly acknowledged: (parameters: Uint8Array) => void;
  readonly failed: (error: ClientError) => void;
  attempts: number;
}

/** Sent once, outside the sequence, and never acknowledged (§6.1, 5). */
const WORDS: ReadonlySet<Declaration<any>> = new Set<Declaration<any>>([
  replies.badPass,
  replies.tryAgain,
  replies.notConnected,
  replies.goAway,
  replies.loginErr,
]);

/** Come before a session is there, acknowledged and outside its sequence. */
const BEFORE: ReadonlySet<Declaration<any>> = new Set<Declaration<any>>([
  replies.newUin,
  replies.depsList,
  replies.registrationInfo,
  replies.registrationAccepted,
]);

/** Carry seq2 0 (§4.2). */
const UNCOUNTED: ReadonlySet<Declaration<any>> = new Set<Declaration<any>>([commands.keepAlive, commands.sendTextCode]);

export class UdpLink {
  readonly version: Version;
  /** Chosen for each session; 0 below version 5. */
  readonly sessionId: number;
  /** What could not be read, and was passed over. */
  onTrouble: (packet: string, message: string) => void = () => {};
  onLost: (error: ClientError) => void = () => {};
  private readonly uin: number;
  private readonly port: DatagramPort;
  private readonly server: Endpoint;
  private readonly timers: Timers;
  private readonly chance: Chance;
  private seq1: number;
  private seq2 = 1;
  private readonly queue: Sending[] = [];
  private cancelResend: () => void = () => {};
  /** The next number of the server's; unknown until the sign-on is answered. */
  private expected: number | undefined;
  private readonly early = new Map<number, ServerPacket>();
  private assembly: Assembly | undefined;
  private over: ClientError | undefined;
  private listener: ((heard: Heard) => void) | undefined;
  private readonly unheard: Heard[] = [];

  constructor({ version, uin, port, server, timers, chance }: LinkOptions) {
    this.version = version;
    this.uin = uin;
    this.port = port;
    this.server = server;
    this.timers = timers;
    this.chance = chance;
    this.sessionId = version === 5 ? 1 + Math.floor(chance() * 0x3fffffff) : 0;
    this.seq1 = version === 5 ? Math.floor(chance() * 0x4000) : 1;
  }

  /** Why it is over, once it is. */
  get ended(): ClientError | undefined {
    return this.over;
  }

  /**
   * Sends a command until it is acknowledged. Commands leave one after another: the next when the one before it arrived.
   *
   * @returns its numbers at once, and when it was acknowledged, with what the acknowledgement carried
   * @throws RequestRefused, WireError for what fits into no packet; it takes no number then
   */
  send<T>(declaration: Declaration<T>, value: T): Numbers & { readonly acknowledged: Promise<Uint8Array> } {
    const parameters = encodeParameters(declaration, this.version, value);
    if (parameters.length > PARAMETERS_BYTES_MAX) throw new RequestRefused(`a packet of ${parameters.length} bytes`, 0x0a);
    const numbers = this.next(UNCOUNTED.has(declaration));
    const acknowledged = new Promise<Uint8Array>((resolve, reject) => {
      if (this.over !== undefined) return reject(this.over);
      const filled = parameters.length === 0 && this.version === 5 ? this.random() : parameters;
      this.queue.push({ ...numbers, command: declaration.code, parameters: filled, acknowledged: resolve, failed: reject, attempts: 0 });
      if (this.queue.length === 1) this.transmit();
      return undefined;
    });
    return { ...numbers, acknowledged };
  }

  /** Sends once, and nobody waits: for the last word. */
  sendOnce<T>(declaration: Declaration<T>, value: T): void {
    if (this.over !== undefined) return;
    this.put(declaration.code, this.next(UNCOUNTED.has(declaration)), encodeParameters(declaration, this.version, value));
  }

  /** Four random bytes: what version 5 clients send where there is nothing to say. */
  random(): Uint8Array {
    return Uint8Array.from({ length: 4 }, () => Math.floor(this.chance() * 0x100));
  }

  /** Who hears everything but acknowledgements, once and in order. What comes while nobody does is kept. */
  listen(listener: ((heard: Heard) => void) | undefined): void {
    this.listener = listener;
    // A listener may step back with what it hears.
    while (this.listener !== undefined && this.unheard.length > 0) this.listener(this.unheard.shift() as Heard);
  }

  /** @param from anything that does not come from the server is not looked at */
  received(bytes: Uint8Array, from: Endpoint): void {
    if (this.over !== undefined || from.address !== this.server.address || from.port !== this.server.port) return;
    const packet = parseServerPacket(bytes);
    if (!isPacket(packet) || !this.isForUs(packet)) return;
    if (packet.command === replies.ack.code) this.acknowledged(packet);
    else this.taken(packet);
  }

  /** Over, for this reason; everything that waits fails with it. */
  close(error: ClientError): void {
    if (this.over !== undefined) return;
    this.over = error;
    this.cancelResend();
    for (const sending of this.queue.splice(0)) sending.failed(error);
    void this.port.close();
    this.onLost(error);
  }

  // -------------------------------------------------------------- sending

  private next(uncounted: boolean): Numbers {
    const { seq1, seq2 } = this;
    this.seq1 = (seq1 + 1) & 0xffff;
    if (this.version < 3) return { seq1, seq2: 0 };
    if (this.version < 5) return { seq1, seq2: uncounted ? 0 : seq1 };
    if (!uncounted) this.seq2 = (seq2 + 1) & 0xffff;
    return { seq1, seq2: uncounted ? 0 : seq2 };
  }

  private transmit(): void {
    const [sending] = this.queue;
    if (sending === undefined) return;
    const wait = RESEND_MS[sending.attempts++];
    if (wait === undefined) return this.close(new ClientError('timeout', 'the server does not answer any more'));
    this.put(sending.command, sending, sending.parameters);
    this.cancelResend = this.timers.after(wait, () => this.transmit());
    return undefined;
  }

  private put(command: number, { seq1, seq2 }: Numbers, parameters: Uint8Array): void {
    const packet = { version: this.version, command, seq1, seq2, uin: this.uin, sessionId: this.sessionId, parameters };
    this.port.send(buildClientPacket(packet, chooseCheck(this.version, parameters.length, this.chance)), this.server);
  }

  /** Late acknowledgements of what was sent twice are for nobody. */
  private acknowledged(packet: ServerPacket): void {
    const [sending] = this.queue;
    if (sending === undefined || packet.seq1 !== sending.seq1) return;
    this.cancelResend();
    this.queue.shift();
    sending.acknowledged(packet.parameters);
    if (this.queue.length > 0) this.transmit();
  }

  // -------------------------------------------------------------- hearing

  private isForUs(packet: ServerPacket): boolean {
    if (packet.version === 5) return this.version === 5 && packet.sessionId === this.sessionId;
    if (packet.version <= 2) return packet.version === this.version;
    return this.version >= 3 && (packet.uin === this.uin || this.uin === 0);
  }

  private taken(packet: ServerPacket): void {
    const { code } = replies.loginReply;
    if (declaredIn(WORDS, packet.command)) return this.tell(packet);
    if (declaredIn(BEFORE, packet.command)) {
      this.acknowledge(packet);
      return this.tell(packet);
    }
    // Servers begin with 0 or, after other answers, with 1: the answer to the sign-on says which.
    if (this.expected === undefined && packet.command === code) this.expected = packet.seq1;
    if (this.expected === undefined) return undefined;
    return this.inOrder(packet, this.expected);
  }

  private inOrder(packet: ServerPacket, expected: number): void {
    const ahead = ((packet.seq1 - expected) << 16) >> 16;
    if (ahead < 0) return this.acknowledge(packet);
    if (ahead > 0) {
      // Not acknowledged yet: what is acknowledged counts as read.
      if (ahead <= EARLY_MAX) this.early.set(packet.seq1, packet);
      return undefined;
    }
    for (let next: ServerPacket | undefined = packet; next !== undefined; next = this.takeEarly()) {
      this.expected = (next.seq1 + 1) & 0xffff;
      this.acknowledge(next);
      this.open(next);
    }
    return undefined;
  }

  private takeEarly(): ServerPacket | undefined {
    const packet = this.early.get(this.expected as number);
    if (packet !== undefined) this.early.delete(packet.seq1);
    return packet;
  }

  /** An acknowledgement is sent once and has no number of its own. */
  private acknowledge({ seq1, seq2 }: Numbers): void {
    const parameters = this.version === 5 ? this.random() : new Uint8Array(0);
    this.put(commands.ack.code, { seq1, seq2: this.version < 3 ? 0 : seq2 }, parameters);
  }

  /** Packets inside packets come out. */
  private open(packet: ServerPacket): void {
    try {
      if (packet.command === replies.multiPacket.code && this.version === 5) {
        for (const inner of unpackMulti(packet.parameters)) this.tell(inner);
      } else if (packet.command === replies.fragment.code && this.version === 3) this.fragment(packet);
      else this.tell(packet);
    } catch (error) {
      this.trouble(packet, error);
    }
  }

  private fragment(packet: ServerPacket): void {
    const got = assemble(this.assembly, packet.seq2, packet.parameters, this.timers.now());
    this.assembly = 'assembly' in got ? got.assembly : undefined;
    if ('assembly' in got) return;
    const whole = parseServerPacket(got.packet);
    if (isPacket(whole)) this.tell(whole);
  }

  private tell(packet: ServerPacket): void {
    try {
      const heard = decodeReply(this.version, packet);
      if (heard === undefined) return this.onTrouble(`0x${packet.command.toString(16).padStart(4, '0')}`, 'not known');
      const { declaration, name, value } = heard;
      this.unheard.push({ declaration, name, value, seq1: packet.seq1, seq2: packet.seq2, uin: packet.uin });
      return this.listen(this.listener);
    } catch (error) {
      return this.trouble(packet, error);
    }
  }

  /** One packet that cannot be read is no reason to lose the others. */
  private trouble(packet: ServerPacket, error: unknown): void {
    if (!(error instanceof WireError)) throw error;
    this.onTrouble(`0x${packet.command.toString(16).padStart(4, '0')}`, error.message);
  }
}

function declaredIn(declarations: ReadonlySet<Declaration<any>>, command: number): boolean {
  for (const { code } of declarations) if (code === command) return true;
  return false;
}

/** What the acknowledgement of a registration or of `newUser1` says. @throws WireError */
export function readAck(parameters: Uint8Array): { readonly result?: number; readonly id?: number } {
  return decodeParameters(replies.ack, 5, parameters);
}
