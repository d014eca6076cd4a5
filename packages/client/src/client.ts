/**
 * A signed-on user: roster, presence, messages.
 *
 * Everything that happens comes as an event; everything a person does is a method that resolves when the server has done it.
 */
import { decode, encode, WireError } from '@seekyou/wire';
import {
  buddy,
  Capability,
  decodeSnacBody,
  ErrorCode,
  feedbag,
  FlapChannel,
  icbm,
  isInvisible,
  login,
  location,
  oservice,
  own,
  privacy,
  rendezvous,
  type Snac,
  type SnacDeclaration,
  snacName,
  statusBits,
  StatusBit,
  StatusFlag,
  statusName,
  type StatusName,
} from '@seekyou/wire/oscar';
import { fragmentsFromText, textFromFragments } from '@seekyou/wire/text';
import { OwnAccount, type Secret } from './account.ts';
import { Avatars } from './avatars.ts';
import { AwayTexts } from './away-texts.ts';
import { BackOff } from './back-off.ts';
import type { OscarConnection } from './connection.ts';
import { ClientError, PASSING, RequestRefused } from './errors.ts';
import { Directory } from './directory.ts';
import { type Contact, Roster } from './feedbag.ts';
import { confirmByMeta, fetchByMeta, timeOf } from './icq-meta.ts';
import { addressOf, type Credentials, open, openOn, type Platform, type Server, type SignedOn, signOn, type SignOnMethod } from './login.ts';
import { type RoomEvent, Rooms } from './rooms.ts';
import { signOnSecurely } from './scram.ts';
import type { RosterChange } from './services.ts';
import { acceptedKeys, dialTrusted, type Trust } from './trust.ts';
import { happened, saidByPlugin, saidIn, type SharedContact } from './typed-messages.ts';

const { ItemType, ItemResult } = feedbag;

/** A contact's status as a person reads it. */
export interface SeenStatus {
  readonly status: StatusName | 'offline';
  readonly invisible: boolean;
  readonly idleMinutes?: number;
}

export type ClientEvent =
  | { readonly type: 'presence'; readonly uin: number; readonly status: SeenStatus }
  /** `time` is when it was sent: ISO 8601 UTC; `stored`: it waited for us. */
  | { readonly type: 'message'; readonly from: number; readonly text: string; readonly time: string; readonly stored: boolean }
  | { readonly type: 'url'; readonly from: number; readonly url: string; readonly caption: string; readonly time: string; readonly stored: boolean }
  | { readonly type: 'contacts'; readonly from: number; readonly contacts: readonly SharedContact[]; readonly time: string; readonly stored: boolean }
  /** A web pager, an e-mail, or the server itself; who wrote it, if that is told. */
  | {
      readonly type: 'notice';
      readonly from: number;
      readonly name: string;
      readonly email: string;
      readonly text: string;
      readonly time: string;
      readonly stored: boolean;
    }
  | { readonly type: 'typing'; readonly from: number; readonly typing: 'begun' | 'paused' | 'finished' | 'closed' }
  | { readonly type: 'authorisation-asked'; readonly from: number; readonly reason: string }
  | { readonly type: 'authorisation-answered'; readonly from: number; readonly granted: boolean; readonly reason: string }
  | { readonly type: 'added-by'; readonly from: number }
  | RoomEvent
  /** Another session of ours changed the roster. */
  | { readonly type: 'roster' }
  /** The server warned that we are about to be too fast, or limits us. */
  | { readonly type: 'rate'; readonly limited: boolean }
  /** A packet of the server could not be read and was passed over. */
  | { readonly type: 'trouble'; readonly packet: string; readonly message: string }
  /** The connection broke; the next attempt begins in so many milliseconds. Until `reconnected` nobody is known to be on line. */
  | { readonly type: 'reconnecting'; readonly error: ClientError; readonly inMs: number }
  | { readonly type: 'reconnected' }
  /** It is over, and stays so. */
  | { readonly type: 'closed'; readonly error: ClientError };

export interface ConnectOptions extends Credentials, Trust {
  readonly server: Server;
  /**
   * `require` (the default): TLS, a key that is accepted, and a proof of the password that tells nobody anything.
   * `off`: an old server, to which the password goes barely hidden, and all text in the clear.
   */
  readonly tls?: 'require' | 'off';
  /** Comes back by itself when the connection breaks. Default: no. */
  readonly reconnect?: boolean;
  /** How an old server is told the password. */
  readonly method?: SignOnMethod;
  readonly status?: StatusName;
  readonly invisible?: boolean;
  /** Nobody is told this client's address. */
  readonly hideAddress?: boolean;
  /** Windows code page for what comes without a charset; 1252. */
  readonly codepage?: number;
  /** What earlier sessions of this user have received; give the same set to the next one. */
  readonly delivered?: Set<number>;
  /** `lastMessage` of this user's last session here: what came since, another client of his may have taken meanwhile. Our servers keep it 30 days. */
  readonly after?: number;
}

/** How often we say that we are still here. */
const KEEP_ALIVE_MS = 60_000;
/** How many ids of messages are remembered to tell repetitions. */
const DELIVERED_MAX = 10_000;
/** Events kept for who does not listen yet: a full mailbox and a full roster. */
const EARLY_MAX = 10_000;
/** What 04/05 of any server allows. */
export const MESSAGE_BYTES_MAX = 7_900;

export class Client {
  readonly uin: number;
  readonly roster = new Roster();
  readonly rooms: Rooms;
  readonly avatars: Avatars;
  readonly awayTexts: AwayTexts;
  readonly directory: Directory;
  readonly account: OwnAccount;
  private readonly secret: Secret;
  /** Set it before events are expected; those of the sign-on itself are kept until then. */
  private listener: ((event: ClientEvent) => void) | undefined;
  private readonly early: ClientEvent[] = [];
  private readonly seen = new Map<number, SeenStatus>();
  private readonly options: ConnectOptions;
  /** The present one; a new one each time the client came back. */
  private connection!: OscarConnection;
  /** Of the key the server had when we signed on: it must not change while we are away, unless several were named. */
  private fingerprint: string | undefined;
  private readonly backOff: BackOff;
  /** The last edit of the roster: the next one begins when it is over, for its ids are chosen from what is there. */
  private editing: Promise<unknown> = Promise.resolve();
  /** Messages that came in the piece that is being read. */
  private arrived: number[] = [];
  /** Ids of messages that arrived, oldest first; shared by the sessions of one user, so that a new one knows what the last had. */
  private readonly delivered: Set<number>;
  /** The highest of them; and up to which one all have arrived, as far as our server has told. */
  private highest: number | undefined;
  private cursor: number | undefined;
  private catchingUp = true;
  private readonly platform: Platform;
  private readonly codepage: number;
  private status: { readonly status: StatusName; readonly invisible: boolean };
  private addressHidden: boolean;
  private stopKeepAlive: () => void = () => {};
  private stopWaiting: () => void = () => {};
  /** The person has had enough. */
  private leaving = false;
  private closed = false;

  constructor(platform: Platform, options: ConnectOptions) {
    this.uin = options.uin;
    this.options = options;
    this.platform = platform;
    this.delivered = options.delivered ?? new Set();
    this.highest = this.cursor = options.after;
    this.codepage = options.codepage ?? 1252;
    this.status = { status: options.status ?? 'online', invisible: options.invisible ?? false };
    this.addressHidden = options.hideAddress ?? false;
    this.rooms = new Rooms(this, { random: platform.random, now: () => platform.timers.now(), codepage: this.codepage }, (event) => this.emit(event));
    this.avatars = new Avatars(this, this.roster, platform);
    this.awayTexts = new AwayTexts(this, platform, this.codepage);
    this.directory = new Directory(this, this.codepage);
    this.secret = { password: options.password, proof: undefined };
    this.account = new OwnAccount(this, this.secret, platform);
    this.backOff = new BackOff(() => (platform.random(1)[0] as number) / 0xff);
  }

  listen(listener: (event: ClientEvent) => void): void {
    this.listener = listener;
    for (const event of this.early.splice(0)) listener(event);
  }

  /** What we know of a contact's presence. */
  statusOf(uin: number): SeenStatus {
    return this.seen.get(uin) ?? OFFLINE;
  }

  /** Our server's id of the last message up to which this client has everything; `after` of the next one. Other servers have none. */
  get lastMessage(): number | undefined {
    return this.cursor;
  }

  contacts(): Contact[] {
    return this.roster.contacts();
  }

  // -------------------------------------------------------------- doing

  /**
   * Sends a message; resolves when the server has stored it.
   *
   * @param senderId 16 bytes; to send again what was not acknowledged before a line broke, use the same: our server stores it once
   * @throws RequestRefused, ClientError
   */
  async send(to: number, text: string, senderId: Uint8Array = this.platform.random(16)): Promise<void> {
    const what = `a message to ${to}`;
    // A character has at least one byte, and what is far too long has no encoding at all.
    if (text.length > MESSAGE_BYTES_MAX) throw new RequestRefused(what, 0x0a);
    const imData = encode(icbm.fragments, fragmentsFromText(text.replaceAll(/\r?\n/g, '\r\n'), { unicode: true, codepage: this.codepage }));
    if (imData.length > MESSAGE_BYTES_MAX) throw new RequestRefused(what, 0x0a);
    await this.request(
      icbm.channelMsgToHost,
      {
        cookie: this.platform.random(8),
        channel: icbm.Channel.plain,
        recipient: String(to),
        tlvs: { imData, requestHostAck: true, store: true, senderId },
      },
      icbm.hostAck,
      what,
    );
  }

  typing(to: number, typing: 'begun' | 'paused' | 'finished' | 'closed'): void {
    this.connection.send(icbm.clientEvent, { cookie: new Uint8Array(8), channel: icbm.Channel.plain, screenName: String(to), event: icbm.TypingEvent[typing] });
  }

  setStatus(status: StatusName, invisible = false): void {
    this.status = { status, invisible };
    const bits = statusBits(status) | (invisible ? StatusBit.invisible : 0) | (this.addressHidden ? StatusFlag.hideIp : 0);
    this.connection.send(oservice.setNicknameFields, { tlvs: { status: bits } });
    // Other clients say in the roster, too, who is invisible, and leave it there. Where they did not it stays as it is (oscar.md §7.1, §10.1).
    const settled = this.editRoster('who sees us', () => {
      const item = this.roster.visibilityToChange(this.status.invisible);
      return item === undefined ? undefined : [feedbag.updateItems, item];
    });
    // When the line broke the next sign-on does it.
    settled.catch(() => {});
  }

  /** Nobody is told the address of this client, or contacts are again; until it signs off for good. */
  hideAddress(hidden: boolean): void {
    this.addressHidden = hidden;
    this.setStatus(this.status.status, this.status.invisible);
  }

  setIdle(idleSeconds: number): void {
    this.connection.send(oservice.idleNotification, { idleSeconds });
  }

  /**
   * Adds a contact. When its owner wants to be asked, `reason` is sent to him and the contact is added waiting; who waits
   * already is asked about again.
   *
   * @returns whether it waits for authorisation
   * @throws RequestRefused, ClientError
   */
  add(uin: number, nickname?: string, reason = ''): Promise<{ readonly awaiting: boolean }> {
    return this.inTurn(() => this.addNow(uin, nickname, reason));
  }

  private async addNow(uin: number, nickname: string | undefined, reason: string): Promise<{ readonly awaiting: boolean }> {
    if (this.roster.find(ItemType.buddy, uin) !== undefined) {
      const awaiting = this.contacts().find((contact) => contact.uin === uin)?.awaiting ?? false;
      if (awaiting) await this.requestAuthorisation(uin, reason);
      return { awaiting };
    }
    const group = this.roster.group();
    if (group.isNew) await this.edit('add', feedbag.insertItems, group.item);
    const added = await this.tryEdit(feedbag.insertItems, this.roster.newContact(group.item.groupId, uin, nickname, false));
    if (added === ItemResult.success) return { awaiting: false };
    if (added === ItemResult.invalid) throw new RequestRefused(`adding ${uin}`, ErrorCode.incorrectFormat, 'there is no such UIN, or it cannot be added');
    if (added !== ItemResult.authorizationRequired) throw editRefused(`adding ${uin}`, added);
    // First the question: nobody shall wait in the list who was never asked.
    await this.requestAuthorisation(uin, reason);
    await this.edit(`adding ${uin}`, feedbag.insertItems, this.roster.newContact(group.item.groupId, uin, nickname, true));
    return { awaiting: true };
  }

  async remove(uin: number): Promise<void> {
    await this.editRoster(`removing ${uin}`, () => {
      const item = this.roster.find(ItemType.buddy, uin);
      return item === undefined ? undefined : [feedbag.deleteItems, item];
    });
    this.seen.delete(uin);
  }

  async rename(uin: number, nickname: string): Promise<void> {
    await this.editRoster(`renaming ${uin}`, () => {
      const item = this.roster.find(ItemType.buddy, uin);
      if (item === undefined) throw new RequestRefused(`renaming ${uin}`, ErrorCode.noMatch, `${uin} is not in your contacts`);
      return [feedbag.updateItems, Roster.renamed(item, nickname)];
    });
  }

  /** Puts somebody on a list of ours, or takes him off. */
  async list(name: 'visible' | 'invisible' | 'ignore', uin: number, on: boolean): Promise<void> {
    const type = { visible: ItemType.permit, invisible: ItemType.deny, ignore: ItemType.ignore }[name];
    await this.editRoster(`the ${name} list`, () => {
      const item = this.roster.find(type, uin);
      if (on) return item === undefined ? [feedbag.insertItems, this.roster.newListEntry(type, uin)] : undefined;
      return item === undefined ? undefined : [feedbag.deleteItems, item];
    });
  }

  /** Resolves when the server has taken it. @throws RequestRefused, ClientError */
  requestAuthorisation(uin: number, reason: string): Promise<void> {
    const question = { screenName: String(uin), reason: utf8.encode(reason), charsets: 0 };
    return this.connection.submit(feedbag.requestAuthorize, question, `asking ${uin} for authorisation`, () => this.askRights());
  }

  /** Resolves when the server has taken it. @throws RequestRefused, ClientError */
  answerAuthorisation(uin: number, granted: boolean, reason = ''): Promise<void> {
    const answer = { screenName: String(uin), granted: granted ? 1 : 0, reason: utf8.encode(reason), charsets: 0 };
    return this.connection.submit(feedbag.respondAuthorize, answer, `answering ${uin}`, () => this.askRights());
  }

  /** Every server of rosters answers this. */
  private askRights(): Promise<unknown> {
    return this.request(feedbag.rightsQuery, { flags: 0x000f }, feedbag.rightsReply, 'asking for rights');
  }

  /** Signs off. */
  close(): void {
    this.leaving = true;
    this.rooms.leaveAll();
    this.connection.close();
    this.stopWaiting();
    this.finish(new ClientError('closed', 'signed off'));
  }

  /** Drops the connection for good, as a broken line would. */
  destroy(): void {
    this.leaving = true;
    const error = new ClientError('closed', 'dropped');
    this.connection.destroy(error);
    this.stopWaiting();
    this.finish(error);
  }

  /** A packet of any declared kind: for scripts and tests that need more than this class offers. */
  request<Q, A>(question: SnacDeclaration<Q>, value: Q, answer: SnacDeclaration<A>, what: string): Promise<A> {
    return this.connection.request(question, value, answer, what);
  }

  /** @internal */
  gather<Q>(question: SnacDeclaration<Q>, value: Q, answer: SnacDeclaration<any>, what: string): Promise<readonly Snac[]> {
    return this.connection.gather(question, value, [answer], what);
  }

  /** @internal */
  say<T>(declaration: SnacDeclaration<T>, value: T): void {
    this.connection.send(declaration, value);
  }

  /** @internal A connection to another address of the same server, trusted alike. @throws ClientError */
  async beside(address: string): Promise<OscarConnection> {
    const place = addressOf(address, this.options.server);
    if (this.options.tls === 'off') return open(this.platform, place);
    const { transport } = await dialTrusted(this.platform, place, keysAfter(this.options, this.fingerprint), {});
    return openOn(this.platform, transport);
  }

  /** @internal */
  editRoster(what: string, change: () => RosterChange | undefined): Promise<void> {
    return this.inTurn(async () => {
      const edit = change();
      if (edit !== undefined) await this.edit(what, ...edit);
    });
  }

  // -------------------------------------------------------------- set-up (oscar.md §3.1)

  /** @internal From nothing to on line. @throws ClientError, RequestRefused */
  async arrive(): Promise<void> {
    const options = { ...this.options, password: this.secret.password };
    const { connection, cookie, fingerprint, proof } = await connectionFor(this.platform, options, this.fingerprint);
    this.fingerprint = fingerprint;
    this.secret.proof = proof;
    this.connection = connection;
    try {
      await this.setUp(connection, cookie);
    } catch (error) {
      connection.destroy(new ClientError('closed', 'dropped'));
      throw error;
    }
    this.backOff.cameOnline(this.platform.timers.now());
    connection.onClosed = (error) => this.lost(error);
    if (connection.ended !== undefined) this.lost(connection.ended);
    else if (this.leaving) connection.close();
  }

  /** From the cookie to 01/02. */
  private async setUp(connection: OscarConnection, cookie: Uint8Array): Promise<void> {
    connection.onSignOff = (payload) => this.signedOff(payload);
    connection.onRead = () => this.confirmArrived();
    const online = new Promise<void>((resolve, reject) => {
      connection.onSnac = (snac) => (snac.family === 0x01 && snac.subtype === oservice.hostOnline.subtype ? resolve() : this.heard(snac));
      connection.onClosed = reject;
    });
    connection.sendFrame(FlapChannel.hello, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs: { cookie } }));
    await online;
    connection.onSnac = (snac) => this.heard(snac);
    await this.request(oservice.clientVersions, { versions: VERSIONS }, oservice.hostVersions, 'agreeing on versions');
    const rates = await this.request(oservice.rateParamsQuery, {}, oservice.rateParamsReply, 'asking for rates');
    connection.send(oservice.rateParamsSubAdd, { classes: rates.classes.map((one) => one.id) });
    connection.pacing.announced(rates);
    await Promise.all([
      this.request(location.rightsQuery, { tlvs: {} }, location.rightsReply, 'asking for rights'),
      this.request(buddy.rightsQuery, { tlvs: {} }, buddy.rightsReply, 'asking for rights'),
      this.request(icbm.parameterQuery, {}, icbm.parameterReply, 'asking for message limits'),
      this.request(privacy.rightsQuery, { tlvs: {} }, privacy.rightsReply, 'asking for rights'),
      this.askRights(),
      // What another session of ours edits meanwhile may come in the same piece, right behind.
      connection.gather(feedbag.query, {}, [feedbag.reply], 'loading the roster', (parts) => this.roster.load(parts)),
    ]);
    connection.send(icbm.addParameters, { channel: 0, flags: 0x0b, lengthMax: 8000, senderWarningMax: 999, receiverWarningMax: 999, intervalMs: 0 });
    connection.send(location.setInfo, { tlvs: { capabilities: CAPABILITIES, ...this.awayTexts.told() } });
    connection.send(feedbag.use, {});
    this.setStatus(this.status.status, this.status.invisible);
    connection.send(oservice.clientOnline, { families: VERSIONS.map((one) => ({ ...one, toolId: 0x0110, toolVersion: 0x0001 })) });
    await this.fetchStored();
    this.keepAlive();
  }

  private async fetchStored(): Promise<void> {
    this.catchingUp = true;
    try {
      // One fetch brings a limited number; where nothing more came there is nothing more.
      let before: number | undefined;
      do {
        before = this.highest;
        const tlvs = this.cursor === undefined ? {} : { after: this.cursor };
        await this.connection.gather(icbm.offlineRetrieve, { tlvs }, [icbm.offlineRetrieveReply], 'fetching stored messages');
        this.cursor = this.highest;
      } while (this.highest !== before);
      this.catchingUp = false;
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      // Servers before 2006 know another way.
      for (const stored of await fetchByMeta(this.connection, this.uin)) {
        const { sender, messageType, flags, text, plugin } = stored;
        this.typed(sender, { uin: sender, type: messageType, flags, text, tail: plugin }, timeOf(stored), true);
      }
      confirmByMeta(this.connection, this.uin);
    }
  }

  private keepAlive(): void {
    this.stopKeepAlive = this.platform.timers.after(KEEP_ALIVE_MS, () => {
      this.connection.keepAlive();
      this.keepAlive();
    });
  }

  // -------------------------------------------------------------- hearing

  private emit(event: ClientEvent): void {
    if (this.listener !== undefined) this.listener(event);
    else if (this.early.length < EARLY_MAX) this.early.push(event);
  }

  private heard(snac: Snac): void {
    try {
      HEARD.get(snacName(snac))?.(this, snac);
    } catch (error) {
      // One packet that cannot be read is no reason to lose the connection with all the others.
      if (!(error instanceof WireError)) throw error;
      this.emit({ type: 'trouble', packet: snacName(snac), message: error.message });
    }
  }

  /** @internal */
  readonly on = {
    arrived: (info: buddy.Arrived): void => {
      const uin = Number(info.screenName);
      const word = info.tlvs.status ?? 0;
      const status: SeenStatus = {
        status: statusName(word),
        invisible: isInvisible(word),
        ...(info.tlvs.idleMinutes === undefined ? {} : { idleMinutes: info.tlvs.idleMinutes }),
      };
      this.seen.set(uin, status);
      this.avatars.seen(uin, info.tlvs.items);
      this.emit({ type: 'presence', uin, status });
    },
    departed: (info: buddy.Departed): void => {
      const uin = Number(info.screenName);
      this.seen.delete(uin);
      this.avatars.gone(uin);
      this.emit({ type: 'presence', uin, status: OFFLINE });
    },
    message: (message: icbm.ChannelMsgToClient): void => {
      if (this.arrivedBefore(message.tlvs.messageId)) return;
      const from = Number(message.sender.screenName);
      const stored = message.tlvs.sendTime !== undefined;
      const time = new Date(message.tlvs.sendTime === undefined ? this.platform.timers.now() : message.tlvs.sendTime * 1000).toISOString();
      if (message.channel === icbm.Channel.plain && message.tlvs.imData !== undefined) {
        const { text } = textFromFragments(decode(icbm.fragments, message.tlvs.imData), this.codepage);
        this.emit({ type: 'message', from, text, time, stored });
      } else if (message.channel === icbm.Channel.typed && message.tlvs.data !== undefined) {
        this.typed(from, decode(icbm.channel4Data, message.tlvs.data), time, stored);
      } else if (message.channel === icbm.Channel.rendezvous && message.tlvs.data !== undefined) {
        const envelope = decode(rendezvous.rendezvousEnvelope, message.tlvs.data);
        if (envelope.capability === Capability.chatRooms) this.rooms.invited(from, envelope);
      }
    },
    typing: (event: icbm.ClientEvent): void => {
      const found = Object.entries(icbm.TypingEvent).find(([, code]) => code === event.event)?.[0] as 'begun' | undefined;
      if (found !== undefined) this.emit({ type: 'typing', from: Number(event.screenName), typing: found });
    },
    asked: (request: feedbag.DeliveredText): void => {
      if (this.arrivedBefore(request.tlvs.messageId)) return;
      this.emit({ type: 'authorisation-asked', from: Number(request.screenName), reason: fromUtf8.decode(request.reason) });
    },
    answered: (answer: feedbag.DeliveredAnswer): void => {
      if (this.arrivedBefore(answer.tlvs.messageId)) return;
      const from = Number(answer.screenName);
      const granted = answer.granted === 1;
      // Taking the mark away is what starts presence (oscar.md §7.3 step 5).
      const allowed = (): RosterChange | undefined => {
        const item = this.roster.find(ItemType.buddy, from);
        return item === undefined ? undefined : [feedbag.updateItems, Roster.allowed(item)];
      };
      const settled = granted ? this.editRoster('the granted contact', allowed) : Promise.resolve();
      void settled.catch(() => {}).then(() => this.emit({ type: 'authorisation-answered', from, granted, reason: fromUtf8.decode(answer.reason) }));
    },
    addedBy: (notice: feedbag.YouWereAdded): void => {
      if (!this.arrivedBefore(notice.tlvs.messageId)) this.emit({ type: 'added-by', from: Number(notice.screenName) });
    },
    edited: (subtype: number, items: readonly feedbag.FeedbagItem[]): void => {
      if (subtype === feedbag.deleteItems.subtype) this.roster.remove(items);
      else this.roster.put(items);
      this.emit({ type: 'roster' });
    },
    rate: (change: oservice.RateParamChange): void => {
      this.connection.pacing.changed(change);
      const { RateChange } = oservice;
      if (change.code === RateChange.warning || change.code === RateChange.limited) this.emit({ type: 'rate', limited: change.code === RateChange.limited });
    },
  };

  /** Whether a message of our server's had arrived before; the server is told either way. */
  private arrivedBefore(messageId: number | undefined): boolean {
    if (messageId === undefined) return false;
    this.arrived.push(messageId);
    this.highest = Math.max(this.highest ?? 0, messageId);
    if (!this.catchingUp) this.cursor = this.highest;
    if (this.delivered.has(messageId)) return true;
    this.delivered.add(messageId);
    if (this.delivered.size > DELIVERED_MAX) this.delivered.delete(this.delivered.values().next().value as number);
    return false;
  }

  /** One packet for all messages that came together. */
  private confirmArrived(): void {
    if (this.arrived.length === 0) return;
    const messageIds = this.arrived;
    this.arrived = [];
    this.connection.send(own.delivered, { messageIds });
  }

  /** Channel 4: what clients of the ICQ 99 kind send. */
  private typed(from: number, data: icbm.Channel4Data, time: string, stored: boolean): void {
    const said = data.type === icbm.MessageType.plugin ? saidByPlugin(data.tail, this.codepage) : saidIn(data.type, data.text, this.codepage);
    // The other's program asks ours for a text; it has said nothing. Who is asked through the server answers there.
    if (data.type >= icbm.MessageType.autoOnline && data.type <= icbm.MessageType.autoFreeForChat) return;
    // It was confirmed or is about to be: somebody has to hear of it.
    if (said === undefined) this.emit({ type: 'trouble', packet: `message type ${data.type}`, message: `sent by ${from}, not known` });
    else this.emit(happened(from, said, { time, stored }));
  }

  /** After the edits before it. */
  private inTurn<T>(edit: () => Promise<T>): Promise<T> {
    const attempt = async (): Promise<T> => {
      try {
        return await edit();
      } catch (error) {
        // Another session of ours was first with the id, or with the entry itself: once more, with what is there now.
        if (error instanceof AlreadyThere) return edit();
        throw error;
      }
    };
    const done = this.editing.then(attempt);
    this.editing = done.catch(() => {});
    return done;
  }

  private async tryEdit(how: SnacDeclaration<feedbag.Items>, item: feedbag.FeedbagItem): Promise<number> {
    this.connection.send(feedbag.startCluster, {});
    const { results } = await this.request(how, { items: [item] }, feedbag.status, 'changing the roster');
    this.connection.send(feedbag.endCluster, {});
    const result = results[0] ?? ItemResult.invalid;
    if (result === ItemResult.alreadyExists && how === feedbag.insertItems) this.roster.noteTaken(item);
    if (result === ItemResult.success) {
      if (how === feedbag.deleteItems) this.roster.remove([item]);
      else this.roster.put([item]);
    }
    return result;
  }

  private async edit(what: string, how: SnacDeclaration<feedbag.Items>, item: feedbag.FeedbagItem): Promise<void> {
    const result = await this.tryEdit(how, item);
    if (result !== ItemResult.success) throw editRefused(what, result);
  }

  private signedOff(payload: Uint8Array): void {
    const { reason } = decode(login.signOffNotice, payload);
    const error =
      reason === login.SignOffReason.signedOnElsewhere
        ? new ClientError('signed-on-elsewhere', 'this UIN signed on from another place')
        : reason === login.SignOffReason.accountDeleted
          ? new ClientError('refused', 'the account was removed')
          : new ClientError('closed', 'the server ended the session');
    this.connection.destroy(error);
  }

  // -------------------------------------------------------------- the end, and coming back

  private lost(error: ClientError): void {
    this.stopKeepAlive();
    this.rooms.lost();
    this.awayTexts.lost(error);
    this.seen.clear();
    this.arrived = [];
    if (this.leaving || this.options.reconnect !== true || !PASSING.has(error.code)) return this.finish(error);
    const inMs = this.backOff.nextMs(this.platform.timers.now(), error.retryMs);
    this.stopWaiting = this.platform.timers.after(inMs, () => void this.comeBack());
    this.emit({ type: 'reconnecting', error, inMs });
  }

  private async comeBack(): Promise<void> {
    try {
      await this.arrive();
    } catch (error) {
      return this.lost(error instanceof ClientError ? error : new ClientError('refused', (error as Error).message, { cause: error }));
    }
    await this.rooms.comeBack();
    if (this.connection.ended === undefined && !this.leaving) this.emit({ type: 'reconnected' });
    return undefined;
  }

  private finish(error: ClientError): void {
    if (this.closed) return;
    this.closed = true;
    this.stopKeepAlive();
    this.emit({ type: 'closed', error });
  }
}

const OFFLINE: SeenStatus = { status: 'offline', invisible: false };
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

/** What we announce; 01/17 and 01/02. */
const VERSIONS = [
  { family: 0x01, version: 4 },
  { family: 0x13, version: 4 },
  { family: 0x02, version: 1 },
  { family: 0x03, version: 1 },
  { family: 0x15, version: 1 },
  { family: 0x04, version: 1 },
  { family: 0x09, version: 1 },
] as const;

const CAPABILITIES = [Capability.utf8, Capability.aimInterop, Capability.typing, Capability.chatRooms, Capability.seekyou];

function heard<T>(declaration: SnacDeclaration<T>, tell: (client: Client, value: T, snac: Snac) => void): [string, (client: Client, snac: Snac) => void] {
  return [snacName(declaration), (client, snac) => tell(client, decodeSnacBody(declaration, snac.data), snac)];
}

const HEARD = new Map([
  heard(buddy.arrived, (client, info) => client.on.arrived(info)),
  heard(buddy.departed, (client, info) => client.on.departed(info)),
  heard(icbm.channelMsgToClient, (client, message) => client.on.message(message)),
  heard(icbm.clientEvent, (client, event) => client.on.typing(event)),
  heard(icbm.clientErr, (client, answer) => client.awayTexts.answered(answer)),
  heard(feedbag.authorizeRequested, (client, request) => client.on.asked(request)),
  heard(feedbag.authorizeResponded, (client, answer) => client.on.answered(answer)),
  // Who is allowed before he asked may take it for an answer, as clients do that know no other word for it.
  heard(feedbag.preAuthorized, (client, notice) => client.on.answered({ ...notice, granted: 1 })),
  heard(feedbag.youWereAdded, (client, notice) => client.on.addedBy(notice)),
  heard(feedbag.insertItems, (client, { items }, snac) => client.on.edited(snac.subtype, items)),
  heard(feedbag.updateItems, (client, { items }, snac) => client.on.edited(snac.subtype, items)),
  heard(feedbag.deleteItems, (client, { items }, snac) => client.on.edited(snac.subtype, items)),
  heard(oservice.bartReply, (client, reply) => client.avatars.told(reply)),
  heard(oservice.rateParamChange, (client, change) => client.on.rate(change)),
]);

/** An item stands under this id, or one for the same person. */
class AlreadyThere extends RequestRefused {}

function editRefused(what: string, result: number): RequestRefused {
  if (result === ItemResult.alreadyExists) return new AlreadyThere(what, ErrorCode.incorrectFormat, 'it is in the list already');
  if (result === ItemResult.notFound) return new RequestRefused(what, ErrorCode.noMatch, 'it is not in the list');
  return new RequestRefused(what, result === ItemResult.limitExceeded ? ErrorCode.listOverflow : ErrorCode.incorrectFormat);
}

/** Signs on and sets up. @throws ClientError, RequestRefused */
export async function connect(platform: Platform, options: ConnectOptions): Promise<Client> {
  const client = new Client(platform, options);
  await client.arrive();
  return client;
}

/** Signs on, and opens the connection the session lives on. */
async function connectionFor(
  platform: Platform,
  options: ConnectOptions,
  before: string | undefined,
): Promise<Omit<SignedOn, 'bos'> & { readonly connection: OscarConnection }> {
  const { server } = options;
  if (options.tls === 'off') {
    const { bos, cookie } = await signOn(platform, server, options, options.method ?? 'hashed');
    return { cookie, connection: await open(platform, bos) };
  }
  const trust = before === undefined || options.pins !== undefined ? options : { pins: [before] };
  const { bos, ...signedOn } = await signOnSecurely(platform, server, options, trust);
  const { transport } = await dialTrusted(platform, bos, keysAfter(options, signedOn.fingerprint), {});
  return { ...signedOn, connection: await openOn(platform, transport) };
}

/** What the server may show once it had this key: that one again, or any of those a person named, who expects it to change. */
function keysAfter({ server, pins }: ConnectOptions, fingerprint: string | undefined): readonly string[] {
  if (pins !== undefined) return acceptedKeys({ pins }, server) ?? [];
  return fingerprint === undefined ? [] : [fingerprint];
}
