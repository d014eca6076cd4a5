/**
 * Recordings as pcap files, for dissectors: each connection as Ethernet, IPv4 and TCP, with right sequence numbers and checksums.
 *
 * The server's port is written as 5190, whatever it was, because that is the port dissectors know.
 */
import type { Side, WireEvent } from './recording.ts';

const SERVER_PORT = 5190;
const CLIENT_IP = [127, 0, 0, 1] as const;
const SERVER_IP = [127, 0, 0, 1] as const;
/** What a segment carries on an ordinary Ethernet; frames then lie across segments, as they do outside. */
const SEGMENT_BYTES_MAX = 1_448;
const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const PSH = 0x08;
const ACK = 0x10;

/** @returns a whole file: classic pcap, microseconds, Ethernet */
export function pcapOf(events: readonly WireEvent[]): Uint8Array {
  const file = new Bytes();
  file.u32le(0xa1b2c3d4);
  file.u16le(2);
  file.u16le(4);
  file.u32le(0);
  file.u32le(0);
  file.u32le(0xffff);
  file.u32le(1);
  const conversations = new Map<number, Conversation>();
  for (const event of events) {
    if (event.type === 'note') continue;
    if (event.type === 'open') conversations.set(event.connection, new Conversation(event.clientPort));
    const conversation = conversations.get(event.connection);
    for (const packet of conversation?.packetsOf(event) ?? []) {
      file.u32le(Math.floor(event.atMs / 1000));
      file.u32le(Math.floor((event.atMs % 1000) * 1000));
      file.u32le(packet.length);
      file.u32le(packet.length);
      file.bytes(packet);
    }
  }
  return file.take();
}

/** The state of one TCP connection: what each side has sent. */
class Conversation {
  private readonly clientPort: number;
  private readonly next: Record<Side, number> = { client: 1_000, server: 2_000 };
  private readonly ended: Record<Side, boolean> = { client: false, server: false };
  private ids = 0;

  constructor(clientPort: number) {
    this.clientPort = clientPort;
  }

  packetsOf(event: WireEvent): Uint8Array[] {
    if (event.type === 'open') return [this.packet('client', SYN), this.packet('server', SYN | ACK), this.packet('client', ACK)];
    if (event.type === 'note') return [];
    const { from } = event;
    const other = from === 'client' ? 'server' : 'client';
    if (this.ended[from]) return [];
    if (event.type === 'close') {
      this.ended[from] = true;
      if (event.how === 'reset') this.ended[other] = true;
      return event.how === 'reset' ? [this.packet(from, RST | ACK)] : [this.packet(from, FIN | ACK), this.packet(other, ACK)];
    }
    const packets: Uint8Array[] = [];
    for (let at = 0; at < event.bytes.length; at += SEGMENT_BYTES_MAX) {
      packets.push(this.packet(from, PSH | ACK, event.bytes.subarray(at, at + SEGMENT_BYTES_MAX)));
    }
    packets.push(this.packet(other, ACK));
    return packets;
  }

  private packet(from: Side, flags: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
    const fromClient = from === 'client';
    const sequence = this.next[from];
    const tcp = new Bytes();
    tcp.u16(fromClient ? this.clientPort : SERVER_PORT);
    tcp.u16(fromClient ? SERVER_PORT : this.clientPort);
    tcp.u32(sequence);
    tcp.u32((flags & ACK) === 0 ? 0 : this.next[fromClient ? 'server' : 'client']);
    tcp.u16((5 << 12) | flags);
    tcp.u16(0xffff);
    tcp.u16(0);
    tcp.u16(0);
    tcp.bytes(data);
    this.next[from] = (sequence + data.length + ((flags & (SYN | FIN)) === 0 ? 0 : 1)) >>> 0;
    return this.ip(from, tcp.take());
  }

  private ip(from: Side, tcp: Uint8Array): Uint8Array {
    const [source, target] = from === 'client' ? [CLIENT_IP, SERVER_IP] : [SERVER_IP, CLIENT_IP];
    const pseudo = new Bytes();
    pseudo.bytes(source);
    pseudo.bytes(target);
    pseudo.u16(6);
    pseudo.u16(tcp.length);
    pseudo.bytes(tcp);
    put16(tcp, 16, checksum(pseudo.take()));

    const header = new Bytes();
    header.u16(0x4500);
    header.u16(20 + tcp.length);
    header.u16((this.ids++ * 2 + (from === 'client' ? 1 : 0)) & 0xffff);
    header.u16(0x4000);
    header.u16((64 << 8) | 6);
    header.u16(0);
    header.bytes(source);
    header.bytes(target);
    const ip = header.take();
    put16(ip, 10, checksum(ip));

    const ethernet = new Bytes();
    const hosts = [
      [2, 0, 0, 0, 0, 1],
      [2, 0, 0, 0, 0, 2],
    ] as const;
    ethernet.bytes(from === 'client' ? hosts[1] : hosts[0]);
    ethernet.bytes(from === 'client' ? hosts[0] : hosts[1]);
    ethernet.u16(0x0800);
    ethernet.bytes(ip);
    ethernet.bytes(tcp);
    return ethernet.take();
  }
}

/** RFC 1071. */
function checksum(data: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 2) sum += ((data[i] as number) << 8) | (data[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function put16(data: Uint8Array, at: number, value: number): void {
  data[at] = value >>> 8;
  data[at + 1] = value;
}

/** Grows by parts. */
class Bytes {
  private readonly parts: Uint8Array[] = [];

  bytes(data: Uint8Array | readonly number[]): void {
    this.parts.push(Uint8Array.from(data));
  }
  u16(value: number): void {
    this.bytes([value >>> 8, value]);
  }
  u32(value: number): void {
    this.bytes([value >>> 24, value >>> 16, value >>> 8, value]);
  }
  u16le(value: number): void {
    this.bytes([value, value >>> 8]);
  }
  u32le(value: number): void {
    this.bytes([value, value >>> 8, value >>> 16, value >>> 24]);
  }

  take(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.parts));
  }
}
