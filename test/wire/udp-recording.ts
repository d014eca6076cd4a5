/**
 * Sessions of UDP clients, kept as text: what the client sent, what the server said, and what somebody else did meanwhile.
 *
 *     origin: …                          about the program
 *     account: 100001 secret12 codepage=1251
 *
 *     # mICQ signs on                    for people
 *     @ says привет                      done by bob, who has a client of ours
 *     > login                            sent by the client; its bytes follow
 *       05 00 …
 *     < loginReply                       said by the server
 *       05 00 …
 */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { commandOf, isPacket, parseClientPacket, parseServerPacket, replyOf, type ServerPacket } from '@seekyou/wire/udp';
import { hexLines } from './recording.ts';

export type UdpEvent =
  | { readonly do: 'note'; readonly text: string }
  | { readonly do: 'act'; readonly text: string }
  | { readonly do: 'say'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly do: 'hear'; readonly name: string; readonly bytes: Uint8Array };

export interface UdpRecording {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly events: readonly UdpEvent[];
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

const MARKS = { note: '#', act: '@', say: '>', hear: '<' } as const;

export function formatUdpRecording({ headers, events }: UdpRecording): string {
  const head = headers.map(([name, value]) => `${name}: ${value}`);
  const body = events.flatMap((event) =>
    'bytes' in event
      ? [`${MARKS[event.do]} ${event.name}`, ...hexLines(event.bytes).map((line) => `  ${line}`)]
      : [...(event.do === 'note' ? [''] : []), `${MARKS[event.do]} ${event.text}`],
  );
  return `${[...head, ...body].join('\n')}\n`;
}

export function parseUdpRecording(text: string): UdpRecording {
  const headers: (readonly [string, string])[] = [];
  const events: UdpEvent[] = [];
  let hex = '';
  let packet: { readonly do: 'say' | 'hear'; readonly name: string } | undefined;
  const finish = (): void => {
    if (packet !== undefined) events.push({ ...packet, bytes: Uint8Array.from(Buffer.from(hex, 'hex')) });
    packet = undefined;
    hex = '';
  };
  for (const line of text.split('\n')) {
    if (line.startsWith('  ')) {
      hex += line.replaceAll(' ', '');
      continue;
    }
    finish();
    const mark = line[0];
    const words = line.slice(2);
    if (mark === MARKS.note) events.push({ do: 'note', text: words });
    else if (mark === MARKS.act) events.push({ do: 'act', text: words });
    else if (mark === MARKS.say) packet = { do: 'say', name: words };
    else if (mark === MARKS.hear) packet = { do: 'hear', name: words };
    else if (line !== '') headers.push([line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
  }
  finish();
  return { headers, events };
}

// ---------------------------------------------------------------- recording

export interface UdpRecorder {
  /** Where the client has to connect. */
  readonly port: number;
  note(text: string): void;
  act(text: string): void;
  /** What happened so far; acknowledgements of the server are left out. */
  stop(): readonly UdpEvent[];
}

/** Stands between a client and a server on this machine. */
export async function recordUdp(server: Address): Promise<UdpRecorder> {
  const events: UdpEvent[] = [];
  const [near, far] = [await bound(), await bound()];
  let client: Address | undefined;
  near.on('message', (data, from) => {
    const bytes = Uint8Array.from(data);
    client = { host: from.address, port: from.port };
    events.push({ do: 'say', name: clientName(bytes), bytes });
    far.send(bytes, server.port, server.host);
  });
  far.on('message', (data) => {
    const bytes = Uint8Array.from(data);
    const packet = serverPacket(bytes);
    if (nameOf(packet) !== 'ack') events.push({ do: 'hear', name: nameOf(packet), bytes });
    if (client !== undefined) near.send(bytes, client.port, client.host);
  });
  const stop = (): readonly UdpEvent[] => {
    near.close();
    far.close();
    return events;
  };
  return { port: near.address().port, note: (text) => events.push({ do: 'note', text }), act: (text) => events.push({ do: 'act', text }), stop };
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

function clientName(bytes: Uint8Array): string {
  const packet = parseClientPacket(bytes);
  assert.ok(isPacket(packet), 'the client sends packets');
  return commandOf(packet.version, packet.command)?.name ?? packet.command.toString(16);
}

function serverPacket(bytes: Uint8Array): ServerPacket {
  const packet = parseServerPacket(bytes);
  assert.ok(isPacket(packet), 'the server sends packets');
  return packet;
}

function nameOf({ version, command }: ServerPacket): string {
  return replyOf(version, command)?.name ?? command.toString(16);
}

// ---------------------------------------------------------------- playing

/** What the server said again, in the place of what it once said: the two are for comparing. */
export type Compare = (name: string, once: ServerPacket, now: ServerPacket) => void;

export interface UdpReplay {
  readonly server: Address;
  readonly act: (text: string) => Promise<void>;
  readonly compare: Compare;
  readonly patienceMs: number;
}

/** Sends what the client sent, and waits before each step for everything it had been told by then. */
export async function replayUdp({ events }: UdpRecording, { server, act, compare, patienceMs }: UdpReplay): Promise<void> {
  const socket = await bound();
  const heard: ServerPacket[] = [];
  let wake = (): void => {};
  socket.on('message', (data) => {
    heard.push(serverPacket(Uint8Array.from(data)));
    wake();
  });
  try {
    for (const event of events) {
      if (event.do === 'say') socket.send(event.bytes, server.port, server.host);
      else if (event.do === 'act') await act(event.text);
      else if (event.do === 'hear') compare(event.name, serverPacket(event.bytes), await expected(event.name, serverPacket(event.bytes)));
    }
  } finally {
    socket.close();
  }

  async function expected(name: string, { command, seq2 }: ServerPacket): Promise<ServerPacket> {
    const until = Date.now() + patienceMs;
    for (;;) {
      const at = heard.findIndex((packet) => packet.command === command && packet.seq2 === seq2);
      if (at >= 0) return heard.splice(at, 1)[0] as ServerPacket;
      const left = until - Date.now();
      assert.ok(left > 0, `the client waited for ${name}; it heard ${heard.map(nameOf).join(', ')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
