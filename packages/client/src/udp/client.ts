/**
 * A user signed on over UDP: version 5 as people use it, versions 2 to 4 as far as a conversation goes.
 *
 * Everything that happens comes as an event; everything a person does is a method that resolves when the server has it.
 */
import { isInvisible, statusName, type StatusName } from '@seekyou/wire/oscar';
import { commands, type Declaration, MessageType, replies, type SearchUser, TextCode, type UserFound, type UserOnline } from '@seekyou/wire/udp';
import { BackOff } from '../back-off.ts';
import type { ClientEvent, SeenStatus } from '../client.ts';
import { ClientError, PASSING, RequestRefused } from '../errors.ts';
import type { Server } from '../login.ts';
import { UdpDirectory } from './directory.ts';
import type { Heard, Numbers, UdpLink } from './link.ts';
import type { UdpPlatform } from './platform.ts';
import { ANSWER_MS_MAX, openLink, passwordBytes, refusalIn, signOn, type SignOnOptions, statusWord, type UdpVersion } from './sign-on.ts';
import { happened, type SharedContact, saidIn } from '../typed-messages.ts';
import { contactLists, joinFields, shortened, spelled, TEXT_BYTES_MAX, textParts, type Worded, worded } from './words.ts';

/** Those of the other clients, and what only these hear. */
export type UdpEvent =
  | ClientEvent
  /** Everybody on the contact list who is on line was told. */
  | { readonly type: 'contacts-told' }
  /** No more stored messages. */
  | { readonly type: 'stored-told' };

export interface UdpConnectOptions extends SignOnOptions {
  readonly server: Server;
  /** Default: 5. */
  readonly version?: UdpVersion;
  /** Windows code page of all text; 1252. */
  readonly codepage?: number;
  /** Comes back by itself when the server is lost, or stops. Default: no. */
  readonly reconnect?: boolean;
  /** The server forgets these with the session. */
  readonly contacts?: readonly number[];
  readonly visible?: readonly number[];
  readonly invisibleTo?: readonly number[];
  /** Whether to ask for stored messages, as all but ICQ 99b and licq do. Default: true. */
  readonly asksForStored?: boolean;
}

/** Contacts in one packet. */
const LIST_MAX = 100;
const KEEP_ALIVE_SECONDS = { least: 10, usual: 110, most: 120 } as const;
/** Events kept for who does not listen yet. */
const EARLY_MAX = 10_000;
const OFFLINE: SeenStatus = { status: 'offline', invisible: false };
const VISIBLE = 2;
const INVISIBLE = 1;
/**
 * Nothing tells a server that stops from an account that signs on elsewhere. Who is sent away again so soon after coming back
 * gives way: somebody else wants to be here.
 */
const SENT_AWAY_AGAIN_MS = 30_000;

interface Waiting extends Numbers {
  readonly requestSeq: number;
  /** True: the last part of the answer. */
  readonly take: (heard: Heard) => boolean;
  readonly fail: (error: Error) => void;
  readonly cancel: () => void;
}

export type FoundUser = Worded<Omit<UserFound, 'requestSeq'>>;

export class UdpClient {
  readonly uin: number;
  readonly version: UdpVersion;
  readonly codepage: number;
  /** Everything people say of themselves. Version 5. */
  readonly directory: UdpDirectory;
  private link!: UdpLink;
  private readonly platform: UdpPlatform;
  private readonly options: UdpConnectOptions;
  private listener: ((event: UdpEvent) => void) | undefined;
  private readonly early: UdpEvent[] = [];
  private readonly seen = new Map<number, SeenStatus>();
  private readonly watched: Set<number>;
  private readonly lists: Readonly<Record<'visible' | 'invisible', Set<number>>>;
  private status: Required<Pick<SignOnOptions, 'status' | 'invisible'>>;
  private password: string;
  private randomGroup = 0;
  private readonly waiting = new Set<Waiting>();
  private lastStored: number | undefined;
  private requestSeq = 0;
  private stopKeepAlive: () => void = () => {};
  private over = false;
  private leaving = false;
  private readonly backOff: BackOff;
  private stopWaiting: () => void = () => {};
  private cameBackAt: number | undefined;
  private isSentAway = false;

  constructor(platform: UdpPlatform, options: UdpConnectOptions) {
    const { uin, version = 5, codepage = 1252, contacts = [], visible = [], invisibleTo = [] } = options;
    this.uin = uin;
    this.version = version;
    this.codepage = codepage;
    this.platform = platform;
    this.options = options;
    this.watched = new Set(contacts);
    this.lists = { visible: new Set(visible), invisible: new Set(invisibleTo) };
    this.status = { status: options.status ?? 'online', invisible: options.invisible ?? false };
    this.password = options.password;
    this.backOff = new BackOff(platform.chance);
    this.directory = new UdpDirectory(uin, codepage, (declaration, value, take, what) => this.request(declaration, value, take, what));
  }

  listen(listener: (event: UdpEvent) => void): void {
    this.listener = listener;
    for (const event of this.early.splice(0)) listener(event);
  }

  statusOf(uin: number): SeenStatus {
    return this.seen.get(uin) ?? OFFLINE;
  }

  /** Whom this session watches. */
  contacts(): readonly number[] {
    return [...this.watched];
  }

  // -------------------------------------------------------------- messages

  /** Sends a text, in as many messages as it takes; resolves when the server has all of them. */
  async send(to: number, text: string): Promise<void> {
    for (const part of textParts(text, this.codepage)) await this.say(to, MessageType.text, part);
  }

  sendUrl(to: number, url: string, caption: string): Promise<void> {
    return this.say(to, MessageType.url, this.fitting(caption, [], [url]));
  }

  /** In as many messages as it takes. */
  async sendContacts(to: number, contacts: readonly SharedContact[]): Promise<void> {
    for (const list of contactLists(contacts, this.codepage)) await this.say(to, MessageType.contacts, list);
  }

  /** "Please let me add you." Version 5 clients send it to strangers with a command of its own. */
  requestAuthorisation(to: number, reason: string): Promise<void> {
    return this.say(to, MessageType.authRequest, this.fitting(reason, ['', '', '', '', '1']), commands.msgToNewUser);
  }

  answerAuthorisation(to: number, granted: boolean, reason = ''): Promise<void> {
    const text = granted ? new Uint8Array(0) : this.fitting(reason);
    return this.say(to, granted ? MessageType.authGranted : MessageType.authDenied, text, commands.msgToNewUser);
  }

  /** A text between other fields, cut where it is too long for a packet. */
  private fitting(text: string, before: readonly string[] = [], after: readonly string[] = []): Uint8Array {
    return shortened(text, this.codepage, (cut) => joinFields([...before, cut, ...after], this.codepage));
  }

  private async say(to: number, type: number, text: Uint8Array, how: typeof commands.sendMessage = commands.sendMessage): Promise<void> {
    if (text.length > TEXT_BYTES_MAX) throw new RequestRefused('a message', 0x0a);
    await this.link.send(how, { to, type, text }).acknowledged;
  }

  // -------------------------------------------------------------- presence and lists

  async setStatus(status: StatusName, invisible = false): Promise<void> {
    this.status = { status, invisible };
    await this.link.send(commands.statusChange, { status: statusWord(status, invisible) }).acknowledged;
  }

  /** Watches one more; for this session. */
  async add(uin: number): Promise<void> {
    this.watched.add(uin);
    await this.link.send(commands.addToList, { uin }).acknowledged;
  }

  /** Puts somebody on a list for this session. Taking off is known from version 4 on; in versions before it nothing happens. */
  async list(name: 'visible' | 'invisible', uin: number, on: boolean): Promise<void> {
    if (on) this.lists[name].add(uin);
    else this.lists[name].delete(uin);
    if (this.version >= 4) {
      const list = name === 'visible' ? VISIBLE : INVISIBLE;
      await this.link.send(commands.updateList, { uin, list, add: on ? 1 : 0 }).acknowledged;
    } else if (on) {
      await this.link.send(name === 'visible' ? commands.visibleList : commands.invisibleList, { uins: [uin] }).acknowledged;
    }
  }

  // -------------------------------------------------------------- people

  /** By number, or by any of the names and the mail address. */
  async search(
    whom: { readonly uin: number } | Partial<Record<'nick' | 'first' | 'last' | 'email', string>>,
  ): Promise<{ readonly people: readonly FoundUser[]; readonly more: boolean }> {
    const people: FoundUser[] = [];
    let more = false;
    const take = ({ declaration, value }: Heard): boolean => {
      if (declaration === replies.userFound) people.push(this.people(value as UserFound));
      if (declaration !== replies.endOfSearch) return false;
      more = (value as { readonly more: number }).more !== 0;
      return true;
    };
    if ('uin' in whom) await this.request(commands.searchUin, { uin: whom.uin }, take, 'a search');
    else await this.request(commands.searchUser, spelled<SearchUser>({ nick: '', first: '', last: '', email: '', ...whom }, this.codepage), take, 'a search');
    return { people, more };
  }

  /** What everybody may know. @throws RequestRefused when there is nobody of that number */
  info(uin: number): Promise<Worded<replies.Found>> {
    return this.infoBy(commands.infoReq, replies.infoReply, uin);
  }

  extendedInfo(uin: number): Promise<Worded<replies.ExtInfoReply>> {
    return this.infoBy(commands.extInfoReq, replies.extInfoReply, uin);
  }

  private async infoBy<T>(how: typeof commands.infoReq, answer: Declaration<T>, uin: number): Promise<Worded<T>> {
    let found: unknown;
    await this.request(
      how,
      { uin },
      ({ declaration, value }) => {
        if (declaration === answer) found = value;
        return declaration === answer || declaration === replies.infoFail || declaration === replies.invalidUin;
      },
      `details of ${uin}`,
    );
    if (found === undefined) throw new RequestRefused(`details of ${uin}`, 0x14);
    return worded(found as T, this.codepage);
  }

  /** Nickname, names and mail address of oneself: without META. */
  async setInfo(names: Worded<Pick<replies.Found, 'nick' | 'first' | 'last' | 'email'>>): Promise<void> {
    const own = spelled<Pick<replies.Found, 'nick' | 'first' | 'last' | 'email'>>(names, this.codepage);
    const [done, failed] = this.version === 2 ? [replies.updateBasicOk, replies.updateBasicFailed] : [replies.updateInfoOk, replies.updateInfoFailed];
    if (this.version === 2) await this.confirmed(commands.newUserInfo, { ...own, ones: Uint8Array.of(1, 1, 1) }, done, failed);
    else await this.confirmed(commands.updateInfo, own, done, failed);
  }

  /** Whether others must ask before they add us. Answers differ too much between servers to wait for one. */
  async setAuthorisationRequired(required: boolean): Promise<void> {
    if (this.version >= 3) await this.link.send(commands.authUpdate, { authorization: required ? 0 : 1 }).acknowledged;
  }

  /** Of this session's own number. Version 5 hears whether it was done; to the others the acknowledgement has to do. */
  async changePassword(password: string): Promise<void> {
    if (this.version === 5) await this.directory.setPassword(password);
    else await this.link.send(commands.changePassword, { ...this.numbered(), password: passwordBytes(password) }).acknowledged;
    this.password = password;
  }

  // -------------------------------------------------------------- random chat

  /** 0 leaves. Version 4 and 5. */
  async joinRandom(group: number): Promise<void> {
    this.randomGroup = group;
    await this.link.send(commands.randSet, { group }).acknowledged;
  }

  /** Somebody of the group; nobody's address. */
  async findRandom(group: number): Promise<number | undefined> {
    let uin = 0;
    const take = ({ declaration, value }: Heard): boolean => {
      if (declaration === replies.randUser) uin = (value as { readonly uin: number }).uin;
      return declaration === replies.randUser;
    };
    await this.request(commands.randSearch, { group }, take, 'a random person');
    return uin === 0 ? undefined : uin;
  }

  // -------------------------------------------------------------- leaving

  /** Signs off. Once, and whether or not the server hears it. */
  close(): void {
    this.leave(new ClientError('closed', 'signed off'), () =>
      this.link.sendOnce(commands.sendTextCode, { code: new TextEncoder().encode(TextCode.disconnected), five: 5 }),
    );
  }

  /** Falls silent, as a machine does that lost its line. */
  destroy(): void {
    this.leave(new ClientError('closed', 'dropped'), () => {});
  }

  private leave(error: ClientError, lastWord: () => void): void {
    this.leaving = true;
    this.stopWaiting();
    if (this.link.ended !== undefined) return this.ended(error);
    lastWord();
    return this.link.close(error);
  }

  /** A command of any declared kind, for scripts and tests; resolves when the server has it. */
  async command<T>(declaration: Declaration<T>, value: T): Promise<void> {
    await this.link.send(declaration, value).acknowledged;
  }

  // -------------------------------------------------------------- set-up

  /** @internal From nothing to the last list. @throws ClientError */
  async arrive(): Promise<void> {
    const link = await openLink(this.platform, this.options.server, this.version, this.uin);
    this.link = link;
    try {
      if (this.leaving) throw new ClientError('closed', 'signed off');
      await this.setUp(link);
    } catch (error) {
      link.close(new ClientError('closed', 'dropped'));
      throw error;
    }
    this.backOff.cameOnline(this.platform.timers.now());
    link.onLost = (error) => this.lost(error);
    if (link.ended !== undefined) this.lost(link.ended);
  }

  /** In the order of the version (§9.1). */
  private async setUp(link: UdpLink): Promise<void> {
    const { intervalSeconds } = await signOn(link, this.platform, { uin: this.uin, password: this.password, ...this.status });
    link.listen((heard) => this.heard(heard));
    link.onTrouble = (packet, message) => this.emit({ type: 'trouble', packet, message });
    if (this.options.asksForStored ?? true) await link.send(commands.login1, { padding: this.padding() }).acknowledged;
    await this.upload(commands.contactList, [...this.watched]);
    await this.upload(commands.invisibleList, [...this.lists.invisible]);
    await this.upload(commands.visibleList, [...this.lists.visible]);
    if (this.randomGroup !== 0) await this.joinRandom(this.randomGroup);
    this.keepAlive(clamp(intervalSeconds));
  }

  /** Of as many packets as it takes. Empty ones are said too: a server waits no longer for who has said all three (§9.1). */
  private async upload(list: typeof commands.contactList, uins: readonly number[]): Promise<void> {
    for (let packet = 0; packet === 0 || packet * LIST_MAX < uins.length; packet++) {
      await this.link.send(list, { uins: uins.slice(packet * LIST_MAX, (packet + 1) * LIST_MAX) }).acknowledged;
    }
  }

  private padding(): Uint8Array {
    return this.version === 5 ? this.link.random() : new Uint8Array(0);
  }

  private keepAlive(seconds: number): void {
    this.stopKeepAlive = this.platform.timers.after(seconds * 1000, () => {
      this.link.send(commands.keepAlive, { padding: this.padding() }).acknowledged.catch(() => {});
      this.keepAlive(seconds);
    });
  }

  // -------------------------------------------------------------- asking

  private numbered(): { readonly requestSeq?: number } {
    if (this.version > 2) return {};
    this.requestSeq = (this.requestSeq + 1) & 0xffff;
    return { requestSeq: this.requestSeq };
  }

  /** Sends and waits for all parts of an answer. */
  private request<T extends object>(declaration: Declaration<T>, value: T, take: (heard: Heard) => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const numbered = this.numbered();
      const { acknowledged, ...numbers } = this.link.send(declaration, { ...value, ...numbered });
      const settle = (settled: () => void): void => {
        waiting.cancel();
        this.waiting.delete(waiting);
        settled();
      };
      const waiting: Waiting = {
        ...numbers,
        requestSeq: numbered.requestSeq ?? 0,
        take: (heard) => {
          if (!take(heard)) return false;
          settle(resolve);
          return true;
        },
        fail: (error) => settle(() => reject(error)),
        cancel: this.platform.timers.after(ANSWER_MS_MAX, () =>
          waiting.fail(new ClientError('timeout', `${what}: no answer from the server within ${ANSWER_MS_MAX / 1000} s`)),
        ),
      };
      this.waiting.add(waiting);
      acknowledged.catch((error: unknown) => waiting.fail(error as Error));
    });
  }

  private async confirmed<T extends object>(declaration: Declaration<T>, value: T, done: Declaration<any>, failed: Declaration<any>): Promise<void> {
    let isDone = false;
    const take = (heard: Heard): boolean => {
      isDone ||= heard.declaration === done;
      return isDone || heard.declaration === failed;
    };
    await this.request(declaration, value, take, 'a change');
    if (!isDone) throw new RequestRefused('a change', 0x0f);
  }

  // -------------------------------------------------------------- hearing

  private emit(event: UdpEvent): void {
    if (this.listener !== undefined) this.listener(event);
    else if (this.early.length < EARLY_MAX) this.early.push(event);
  }

  private heard(heard: Heard): void {
    const refusal = refusalIn(heard);
    if (refusal !== undefined) {
      this.isSentAway = heard.declaration === replies.goAway;
      return this.link.close(refusal);
    }
    const tell = HEARD.get(heard.declaration);
    if (tell !== undefined) return tell(this, heard.value as never);
    for (const waiting of this.waiting) if (answers(heard, waiting) && waiting.take(heard)) return undefined;
    return undefined;
  }

  /** @internal */
  readonly on = {
    online: ({ uin, status: word }: UserOnline): void => this.on.status({ uin, status: word }),
    status: ({ uin, status: word }: { readonly uin: number; readonly status: number }): void => {
      const status: SeenStatus = { status: statusName(word), invisible: isInvisible(word) };
      this.seen.set(uin, status);
      this.emit({ type: 'presence', uin, status });
    },
    offline: ({ uin }: { readonly uin: number }): void => {
      this.seen.delete(uin);
      this.emit({ type: 'presence', uin, status: OFFLINE });
    },
    message: ({ from, type, text, time }: Letter): void => {
      if (time !== undefined) this.lastStored = time;
      const said = saidIn(type, text, this.codepage);
      const when = { time: new Date(time === undefined ? this.platform.timers.now() : time * 1000).toISOString(), stored: time !== undefined };
      if (said === undefined) this.emit({ type: 'trouble', packet: `message type ${type}`, message: 'not known' });
      else this.emit(happened(from, said, when));
    },
    storedTold: (): void => {
      this.emit({ type: 'stored-told' });
      // Groupware names the last one, and says nothing when there was none (§16).
      if (this.version === 3 && this.lastStored === undefined) return;
      const parameters = this.version === 3 ? { lastTime: this.lastStored as number } : { padding: this.padding() };
      this.link.send(commands.ackMessages, parameters).acknowledged.catch(() => {});
    },
    contactsTold: (): void => this.emit({ type: 'contacts-told' }),
  };

  private people(value: UserFound): FoundUser {
    const { requestSeq: _requestSeq, ...found } = value;
    return worded(found, this.codepage);
  }

  // -------------------------------------------------------------- the end, and coming back

  private lost(error: ClientError): void {
    this.stopKeepAlive();
    for (const waiting of this.waiting) waiting.fail(error);
    const now = this.platform.timers.now();
    const isUnwanted = this.isSentAway && this.cameBackAt !== undefined && now - this.cameBackAt < SENT_AWAY_AGAIN_MS;
    this.isSentAway = false;
    if (this.leaving || this.options.reconnect !== true || !PASSING.has(error.code) || isUnwanted) return this.ended(error);
    this.seen.clear();
    const inMs = this.backOff.nextMs(now, error.retryMs);
    this.stopWaiting = this.platform.timers.after(inMs, () => void this.comeBack());
    return this.emit({ type: 'reconnecting', error, inMs });
  }

  private async comeBack(): Promise<void> {
    try {
      await this.arrive();
    } catch (error) {
      return this.lost(error instanceof ClientError ? error : new ClientError('refused', (error as Error).message, { cause: error }));
    }
    if (this.link.ended !== undefined) return undefined;
    this.cameBackAt = this.platform.timers.now();
    return this.emit({ type: 'reconnected' });
  }

  private ended(error: ClientError): void {
    if (this.over) return;
    this.over = true;
    this.stopKeepAlive();
    for (const waiting of this.waiting) waiting.fail(error);
    this.emit({ type: 'closed', error });
  }
}

interface Letter {
  readonly from: number;
  readonly type: number;
  readonly text: Uint8Array;
  /** Unix seconds of a stored one. */
  readonly time?: number;
}

const HEARD = new Map<Declaration<any>, (client: UdpClient, value: never) => void>([
  [replies.userOnline, (client, value) => client.on.online(value)],
  [replies.statusUpdate, (client, value) => client.on.status(value)],
  [replies.userOffline, (client, value) => client.on.offline(value)],
  [replies.sysDeliveredMess, (client, value) => client.on.message(value)],
  [replies.recvMessage, (client, value) => client.on.message(value)],
  [replies.endOfMessages, (client) => client.on.storedTold()],
  [replies.endOfContactList, (client) => client.on.contactsTold()],
]);

/** Answers repeat the request's seq2, or the number of versions 1 and 2; some servers send 0. */
function answers({ seq2, value }: Heard, waiting: Waiting): boolean {
  const { requestSeq } = value as { readonly requestSeq?: number };
  if (waiting.requestSeq !== 0) return requestSeq === undefined || requestSeq === waiting.requestSeq;
  return seq2 === waiting.seq2 || seq2 === 0;
}

function clamp(seconds: number): number {
  if (seconds === 0) return KEEP_ALIVE_SECONDS.usual;
  return Math.min(Math.max(seconds, KEEP_ALIVE_SECONDS.least), KEEP_ALIVE_SECONDS.most);
}

/** Signs on and uploads the lists. @throws ClientError */
export async function connectUdp(platform: UdpPlatform, options: UdpConnectOptions): Promise<UdpClient> {
  const client = new UdpClient(platform, options);
  await client.arrive();
  return client;
}
