/** People for the matrix: whatever their client speaks, they do and hear the same things. */
import assert from 'node:assert/strict';
import { type Client, connect, nodePlatform } from '@seekyou/client';
import { connectUdp, nodeUdpPlatform, type UdpClient, type UdpEvent, type UdpVersion } from '@seekyou/client/udp';
import { encode } from '@seekyou/wire';
import { icbm, type StatusName } from '@seekyou/wire/oscar';
import { encodeText } from '@seekyou/wire/text';
import { PASSWORD } from './stage.ts';

/** Far beyond what anything here takes; a test that waits longer has failed. */
const PATIENCE_MS = 30_000;

export interface Places {
  readonly oscar: { readonly host: string; readonly port: number };
  readonly udp: { readonly host: string; readonly port: number };
}

/** Somebody with an account, signed on or not. */
export abstract class Actor {
  readonly name: string;
  readonly uin: number;
  readonly codepage: number;
  protected readonly places: Places;
  private events: UdpEvent[] = [];
  private waiting: (() => void) | undefined;

  constructor(name: string, uin: number, codepage: number, places: Places) {
    this.name = name;
    this.uin = uin;
    this.codepage = codepage;
    this.places = places;
  }

  abstract signsOn(watched?: readonly Actor[]): Promise<void>;
  abstract signsOff(): void;
  abstract says(to: Actor, text: string): Promise<void>;
  abstract saysUrl(to: Actor, url: string, caption: string): Promise<void>;
  abstract asks(to: Actor, reason: string): Promise<void>;
  abstract answers(to: Actor, granted: boolean, reason: string): Promise<void>;
  abstract becomes(status: StatusName): Promise<void>;
  /** Everything the server had for this person has arrived. */
  abstract settles(): Promise<void>;

  protected readonly hearing = (event: UdpEvent): void => {
    this.events.push(event);
    this.waiting?.();
  };

  /** Takes the first event that fits out of what came, or waits for it. */
  async expects(what: string, fits: (event: UdpEvent) => boolean): Promise<UdpEvent> {
    const give = Date.now() + PATIENCE_MS;
    for (;;) {
      const at = this.events.findIndex(fits);
      if (at >= 0) return this.events.splice(at, 1)[0] as UdpEvent;
      const left = give - Date.now();
      if (left <= 0) assert.fail(`${this.name} waited ${PATIENCE_MS / 1000} s for ${what}; came instead: ${JSON.stringify(this.events)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The next message from that person; it must be this one. */
  async hears(from: Actor, text: string, stored: boolean): Promise<void> {
    const event = await this.expects(`"${text}" from ${from.name}`, (one) => one.type === 'message' && one.from === from.uin);
    assert.deepEqual(event.type === 'message' && [event.text, event.stored], [text, stored], `${this.name} hears ${from.name}`);
  }

  async hearsUrl(from: Actor, url: string, caption: string): Promise<void> {
    const event = await this.expects(`${url} from ${from.name}`, (one) => one.type === 'url' && one.from === from.uin);
    assert.deepEqual(event.type === 'url' && [event.url, event.caption], [url, caption], `${this.name} hears ${from.name}`);
  }

  async isAsked(by: Actor, reason: string): Promise<void> {
    const event = await this.expects(`a request of ${by.name}`, (one) => one.type === 'authorisation-asked' && one.from === by.uin);
    assert.equal(event.type === 'authorisation-asked' && event.reason, reason);
  }

  async isAnswered(by: Actor, granted: boolean, reason: string): Promise<void> {
    const event = await this.expects(`an answer of ${by.name}`, (one) => one.type === 'authorisation-answered' && one.from === by.uin);
    assert.deepEqual(event.type === 'authorisation-answered' && [event.granted, event.reason], [granted, reason]);
  }

  async sees(whom: Actor, status: string): Promise<void> {
    await this.expects(`${whom.name} ${status}`, (one) => one.type === 'presence' && one.uin === whom.uin && one.status.status === status);
  }

  /** No message is left unheard. */
  async hearsNothingMore(): Promise<void> {
    await this.settles();
    const spoken = new Set(['message', 'url', 'authorisation-asked', 'authorisation-answered', 'contacts', 'notice', 'trouble', 'closed']);
    assert.deepEqual(
      this.events.filter(({ type }) => spoken.has(type)),
      [],
      `${this.name} hears nothing more`,
    );
  }
}

export class OscarActor extends Actor {
  private client: Client | undefined;

  override async signsOn(watched: readonly Actor[] = []): Promise<void> {
    this.client = await connect(nodePlatform(), { server: this.places.oscar, uin: this.uin, password: PASSWORD, tls: 'off', codepage: this.codepage });
    this.client.listen(this.hearing);
    for (const { uin } of watched) if (!this.client.contacts().some((contact) => contact.uin === uin)) await this.client.add(uin);
  }

  private get line(): Client {
    assert.ok(this.client !== undefined, `${this.name} is not signed on`);
    return this.client;
  }

  override signsOff(): void {
    this.client?.close();
  }

  override says(to: Actor, text: string): Promise<void> {
    return this.line.send(to.uin, text);
  }

  override async saysUrl(to: Actor, url: string, caption: string): Promise<void> {
    const text = Uint8Array.of(...encodeText(caption, this.codepage).bytes, 0xfe, ...encodeText(url, this.codepage).bytes);
    const data = encode(icbm.channel4Data, { uin: this.uin, type: icbm.MessageType.url, flags: 0, text, tail: new Uint8Array(0) });
    const message = { cookie: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), channel: icbm.Channel.typed, recipient: String(to.uin) };
    await this.line.request(icbm.channelMsgToHost, { ...message, tlvs: { data, requestHostAck: true, store: true } }, icbm.hostAck, 'a URL');
  }

  override async asks(to: Actor, reason: string): Promise<void> {
    await this.line.requestAuthorisation(to.uin, reason);
    return this.settles();
  }

  override async answers(to: Actor, granted: boolean, reason: string): Promise<void> {
    await this.line.answerAuthorisation(to.uin, granted, reason);
    return this.settles();
  }

  override becomes(status: StatusName): Promise<void> {
    this.line.setStatus(status);
    return this.settles();
  }

  override async settles(): Promise<void> {
    await this.line.request(icbm.parameterQuery, {}, icbm.parameterReply, 'a question to settle');
  }
}

export class UdpActor extends Actor {
  private readonly version: UdpVersion;
  private client: UdpClient | undefined;

  constructor(version: UdpVersion, ...person: ConstructorParameters<typeof Actor>) {
    super(...person);
    this.version = version;
  }

  override async signsOn(watched: readonly Actor[] = []): Promise<void> {
    const contacts = watched.map(({ uin }) => uin);
    const { version, uin, codepage } = this;
    this.client = await connectUdp(nodeUdpPlatform(), { server: this.places.udp, version, uin, password: PASSWORD, codepage, contacts });
    this.client.listen(this.hearing);
  }

  private get line(): UdpClient {
    assert.ok(this.client !== undefined, `${this.name} is not signed on`);
    return this.client;
  }

  override signsOff(): void {
    this.client?.close();
  }

  override says(to: Actor, text: string): Promise<void> {
    return this.line.send(to.uin, text);
  }

  override saysUrl(to: Actor, url: string, caption: string): Promise<void> {
    return this.line.sendUrl(to.uin, url, caption);
  }

  override asks(to: Actor, reason: string): Promise<void> {
    return this.line.requestAuthorisation(to.uin, reason);
  }

  override answers(to: Actor, granted: boolean, reason: string): Promise<void> {
    return this.line.answerAuthorisation(to.uin, granted, reason);
  }

  override becomes(status: StatusName): Promise<void> {
    return this.line.setStatus(status);
  }

  /** The server answers in order: what came before this answer is there. */
  override async settles(): Promise<void> {
    await this.line.info(this.uin);
  }
}
