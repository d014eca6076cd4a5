/** A client of the UDP protocols by hand: it acknowledges what it gets, keeps every byte, and repeats nothing by itself. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import {
  buildClientPacket,
  chooseCheck,
  commands,
  type Declaration,
  encodeParameters,
  isPacket,
  type Login,
  parseServerPacket,
  replies,
  type ServerPacket,
  type Version,
} from '@seekyou/wire/udp';
import type { Place, Who } from './raw-client.ts';

/** Far beyond what anything here takes. */
const PATIENCE_MS = 15_000;
const PADDING = { padding: Uint8Array.of(1, 2, 3, 4) };

export class RawUdpClient {
  readonly bytes: Buffer[] = [];
  private readonly socket: Socket;
  private readonly version: Version;
  private readonly uin: number;
  private readonly chance: () => number;
  private readonly sessionId: number;
  private readonly came: ServerPacket[] = [];
  private seq1: number;
  private seq2 = 1;
  private wake: () => void = () => {};

  private constructor(socket: Socket, uin: number, version: Version, chance: () => number) {
    this.socket = socket;
    this.uin = uin;
    this.version = version;
    this.chance = chance;
    this.sessionId = version === 5 ? 0x10000000 + Math.floor(chance() * 0x1fffffff) : 0;
    this.seq1 = version === 5 ? Math.floor(chance() * 0x3fff) : 1;
    socket.on('message', (bytes) => this.heard(bytes));
  }

  /** @param chance from 0 to 1, for what clients choose */
  static async signsOn(
    server: Place,
    who: Who,
    { version = 5 as Version, chance = Math.random, ...more }: Partial<Login> & { version?: Version; chance?: () => number } = {},
  ): Promise<RawUdpClient> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind({ port: 0, ...(server.from === undefined ? {} : { address: server.from }) }, resolve));
    await new Promise<void>((resolve) => socket.connect(server.port, server.host, resolve));
    const client = new RawUdpClient(socket, who.uin, version, chance);
    client.say(commands.login, {
      time: 0,
      port: 0,
      password: Uint8Array.from(who.password, (character) => character.charCodeAt(0)),
      x1: 0x98,
      address: '10.0.0.2',
      tcpFlag: commands.TcpFlag.direct,
      status: 0,
      tcpVersion: 3,
      tail: version === 5 ? { x2: 0x98_0010, webPort: 0, features: 3, build: 0, extra: new Uint8Array(0) } : { extra: new Uint8Array(8) },
      ...(version <= 2 ? { loginSeq: 1 } : {}),
      ...more,
    } as Login);
    await client.expect(replies.loginReply);
    return client;
  }

  /** @returns the sequence number its acknowledgement repeats */
  say<T>(declaration: Declaration<T>, value: T): number {
    const { seq1 } = this;
    this.send(declaration, value, seq1, this.seq2);
    this.seq1 = (this.seq1 + 1) & 0xffff;
    this.seq2 = (this.seq2 + 1) & 0xffff;
    return seq1;
  }

  /** Takes the first packet of its kind out of what came, or waits for it. */
  async expect({ code }: { readonly code: number }, fits: (packet: ServerPacket) => boolean = () => true): Promise<ServerPacket> {
    const give = Date.now() + PATIENCE_MS;
    for (;;) {
      const at = this.came.findIndex((packet) => packet.command === code && fits(packet));
      if (at >= 0) return this.came.splice(at, 1)[0] as ServerPacket;
      const left = give - Date.now();
      if (left <= 0) assert.fail(`packet ${code.toString(16)} did not come; came: ${this.came.map(({ command }) => command.toString(16)).join(' ')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Everything the server had for this client has come: nothing new in two questions and answers. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < 2; ) {
      const before = this.bytes.length;
      const seq1 = this.say(commands.keepAlive, PADDING);
      await this.expect(replies.ack, (packet) => packet.seq1 === seq1);
      quiet = this.bytes.length === before + 1 ? quiet + 1 : 0;
    }
  }

  destroy(): void {
    this.socket.close();
  }

  private heard(bytes: Buffer): void {
    this.bytes.push(bytes);
    const packet = parseServerPacket(new Uint8Array(bytes));
    assert.ok(isPacket(packet), 'the server sends packets');
    this.came.push(packet);
    const needsNoAnswer = [replies.ack.code, replies.notConnected.code, replies.goAway.code].includes(packet.command);
    if (!needsNoAnswer) this.send(commands.ack, PADDING, packet.seq1, packet.seq2);
    this.wake();
  }

  private send<T>(declaration: Declaration<T>, value: T, seq1: number, seq2: number): void {
    const { version, uin, sessionId } = this;
    const parameters = encodeParameters(declaration, version, value);
    const packet = { version, command: declaration.code, seq1, seq2: version <= 2 ? 0 : seq2, uin, sessionId, parameters };
    this.socket.send(buildClientPacket(packet, version <= 2 ? 'zero' : chooseCheck(version, parameters.length, this.chance)));
  }
}
