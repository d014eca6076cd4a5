/** How a client begins: it says that it is new on a machine, tries its password, signs on. @see icq-udp.md §9, §11 */
import { isIPv4 } from 'node:net';
import { type Account, asUin, type Peer, type Refusal, Refused, type Session, type Time, type Uin } from '@seekyou/core';
import { formatEndpoint } from '@seekyou/net';
import { type ClientPacket, commands, decodeParameters, type Login, replies, type Version } from '@seekyou/wire/udp';
import type { Surroundings } from './around.ts';
import { presenceOf, profileOf } from './clients.ts';
import { count } from './counters.ts';
import { proofOf } from './passwords.ts';
import { learnCodepage } from './profile.ts';
import { refuseSignOn } from './refusals.ts';
import type { Registrations } from './registration.ts';
import { type SessionHost, type SignedOn, UdpSession } from './session.ts';
import type { SessionTable } from './session-table.ts';
import { ask, reply, type UdpEffect } from './state.ts';
import { type Answer, type Call, sourceOf, type Strangers } from './strangers.ts';

export interface SignOnParts {
  readonly around: Surroundings;
  readonly table: SessionTable;
  readonly host: SessionHost;
  readonly strangers: Strangers;
  readonly registrations: Registrations;
}

/** A sign-on as all versions have it. */
interface Attempt {
  readonly uin: Uin;
  readonly password: Uint8Array;
  /** Version 1 says nothing about itself. */
  readonly login: Login | undefined;
}

/** Copies of a sign-on that come later are sign-ons of their own. */
const REPEATED_MS = 60_000;
/** A sign-on heard so long ago may be one by chance. */
const REMEMBERED_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
/** Numbers whose replacements are counted; more at once is no accident. */
const REPLACED_MAX = 10_000;
/** When a client was sent the list of departments. `owed`: the number of its request, which is yet to be acknowledged. */
interface Listed {
  readonly at: Time;
  readonly owed?: number;
}

/** Clients that were sent one lately. */
const LISTED_MAX = 1_000;
/** Of the list, as of all that is said to strangers. */
const LIST_NUMBER = 0;

export class SignOns {
  private readonly parts: SignOnParts;
  /** Being checked: whose, and where they are. */
  private readonly underWay = new Map<string, ClientPacket>();
  private readonly replaced = new Map<Uin, Time[]>();
  /** Sign-ons of version 5, by what is theirs alone. */
  private readonly heard = new Map<string, { readonly source: string; readonly at: Time }>();
  /** COMPAT: ICQ 98a takes a sign-on's reply for a repetition when it has the number of the list of departments before it. */
  private readonly listed = new Map<string, Listed>();

  constructor(parts: SignOnParts) {
    this.parts = parts;
  }

  /** Whether this client is signing on again, right where it is. */
  isUnderWay(session: UdpSession): boolean {
    return this.underWay.has(placeOf(session.uin, formatEndpoint(session.at.address, session.at.port)));
  }

  /** 0x04EC: a number is new to this machine. There is nothing to do. */
  greet(call: Call): void {
    const { packet } = call;
    const read = decodeParameters(commands.newUser1, packet.version, packet.parameters);
    const id = 'secondId' in read ? read.secondId : undefined;
    this.parts.strangers.answerTo(call)?.acknowledge(packet.version === 5 ? { result: replies.Result.done, id: id ?? 0, one: 1 } : {});
  }

  /** 0x03F2: are number and password right? Whoever is signed on with them stays so. */
  async tryPassword(call: Call, peer: Peer): Promise<void> {
    const { packet } = call;
    const { password } = decodeParameters(commands.getDeps, packet.version, packet.parameters);
    const uin = asUin(packet.uin);
    const refusal = await this.checked(call, () => this.verify(uin, password, peer));
    if (refusal === undefined) return;
    const answer = this.parts.strangers.answerTo(call);
    if (refusal instanceof Refused) {
      refuseSignOn(call, answer, refusal.refusal);
      return;
    }
    if (answer === undefined) return;
    if (packet.version < 3) answer.acknowledge();
    else this.sayDepartments(call, answer);
  }

  /** The client has the list: what it asked for is acknowledged now, if there was no room for that before. Not twice, so nothing goes round. */
  acknowledged(call: Call): void {
    const place = endpointOf(call);
    const listed = this.listed.get(place);
    if (listed?.owed === undefined || call.packet.seq1 !== LIST_NUMBER) return;
    this.listed.set(place, { at: listed.at });
    this.parts.strangers.answerTo(call)?.acknowledge({}, { seq1: listed.owed });
  }

  /** 0x03E8, and 0x03F2 of version 1. */
  async signOn(call: Call, peer: Peer): Promise<void> {
    const { packet } = call;
    const attempt = attemptOf(packet);
    if (this.isRepeated(call, attempt)) return;
    const opened = await this.checked(call, () => this.open(call, attempt, peer));
    if (!(opened instanceof Refused)) return;
    count(this.parts.around.counters, 'udp_sign_ons_refused');
    refuseSignOn(call, this.parts.strangers.answerTo(call), opened.refusal);
  }

  // ------------------------------------------------------------ steps

  /** One at a time for a client, and not too many in all. `undefined`: it is being done already, or was dropped. */
  private async checked<T>(call: Call, check: () => Promise<T>): Promise<T | undefined> {
    const { around } = this.parts;
    const place = placeOf(call.packet.uin, endpointOf(call));
    if (this.underWay.has(place)) return undefined;
    if (this.underWay.size >= around.limits.udpSignOnsMax) {
      count(around.counters, 'udp_sign_ons_dropped');
      return undefined;
    }
    this.underWay.set(place, call.packet);
    try {
      return await check();
    } finally {
      this.underWay.delete(place);
    }
  }

  /** A copy of the sign-on of a session that is there. */
  private isRepeated({ packet, from, port }: Call, attempt: Attempt | undefined): boolean {
    const session = this.parts.table.of(packet.uin);
    if (session === undefined || session.port !== port || session.at.address !== from.address || session.at.port !== from.port) return false;
    const { version, sessionId, seq1, command } = session.login;
    if (version !== packet.version || sessionId !== packet.sessionId || seq1 !== packet.seq1 || command !== packet.command) return false;
    const now = this.parts.around.clock.now();
    if (now - session.signedOnAt >= REPEATED_MS) return false;
    // Only version 5 chooses its numbers: in the others a client that starts anew looks like its own copy, but for its clock and port.
    if (version < 5 && session.isWelcomed) {
      const start = startOf(attempt?.login);
      if (start.time !== session.login.start.time || start.port !== session.login.start.port) return false;
      if (start.time === 0 && now - session.loginHeardAt >= this.parts.around.limits.udpNextCopyMs) return false;
    }
    session.receivedLoginAgain(packet);
    return true;
  }

  private async verify(uin: Uin | undefined, password: Uint8Array, peer: Peer): Promise<Account | Refused> {
    const { core, settings } = this.parts.around;
    if (settings.clearSignOn !== 'all') return new Refused('old-clients-off');
    if (uin === undefined) return new Refused('wrong-credentials');
    const account = await core.verify({ uin, proof: proofOf(password) }, peer);
    if (!(account instanceof Refused)) this.parts.registrations.proved(uin);
    return account;
  }

  private async open(call: Call, attempt: Attempt | undefined, peer: Peer): Promise<Refused | undefined> {
    const { table } = this.parts;
    if (attempt === undefined) return new Refused('wrong-credentials');
    const { uin, password } = attempt;
    const account = await this.verify(uin, password, peer);
    if (account instanceof Refused) return account;
    if (this.isReplayed(call, attempt)) {
      count(this.parts.around.counters, 'udp_sign_ons_replayed');
      // Should it be the client itself after all, it takes new numbers for its next try.
      return new Refused('slow-down');
    }
    const busy = this.tooBusy(call, table.of(uin));
    return busy === undefined ? this.begin(call, attempt, account, peer) : new Refused(busy);
  }

  /**
   * Signed on before, byte for byte, from another address: somebody recorded it. Versions 1 to 4 have nothing to tell that by: their
   * numbers begin anew each time.
   */
  private isReplayed({ packet, from }: Call, attempt: Attempt): boolean {
    const heard = packet.version < 5 ? undefined : this.heard.get(keyOf(packet, attempt));
    if (heard === undefined || heard.source === sourceOf(from.address)) return false;
    if (this.parts.around.clock.now() - heard.at >= REMEMBERED_MS) return false;
    // Who waits for the answer repeats his sign-on, and a translator on the way may have several addresses.
    const session = this.parts.table.of(attempt.uin);
    const isWaiting = session?.isWelcomed === false && session.login.sessionId === packet.sessionId && session.login.seq1 === packet.seq1;
    return !isWaiting;
  }

  private tooBusy(call: Call, old: UdpSession | undefined): Refusal | undefined {
    const { around, table } = this.parts;
    if (old === undefined) return table.size >= around.limits.udpSessionsMax ? 'unavailable' : undefined;
    const isSamePlace = old.at.address === call.from.address;
    return isSamePlace || this.mayReplace(old.uin) ? undefined : 'slow-down';
  }

  private mayReplace(uin: Uin): boolean {
    const now = this.parts.around.clock.now();
    const times = (this.replaced.get(uin) ?? []).filter((at) => now - at < MINUTE_MS);
    if (times.length >= this.parts.around.limits.udpReplacementsPerMinute) return false;
    remember(this.replaced, uin, [...times, now], REPLACED_MAX);
    return true;
  }

  private async begin(call: Call, attempt: Attempt, account: Account, peer: Peer): Promise<Refused | undefined> {
    const { around, table, host } = this.parts;
    const { uin, login } = attempt;
    const { packet, port } = call;
    const { version } = packet;
    const marks = login;
    const profile = profileOf({ version, marks, accountCodepage: account.codepage, defaultCodepage: around.settings.defaultCodepage });
    const session = new UdpSession(host, {
      port,
      from: peer,
      login: { ...headerOf(packet, uin), start: startOf(login) },
      first: version === 4 && this.wasListed(call) ? 1 : 0,
    });
    const opened = await around.core.open({ uin, peer, profile, coexist: false, verified: account, receive: session.event });
    if (opened instanceof Refused) return opened;
    table.add(session);
    if (version === 5) {
      const heard = { source: sourceOf(call.from.address), at: session.signedOnAt };
      remember(this.heard, keyOf(packet, attempt), heard, around.limits.udpSignOnsRememberedMax);
    }
    count(around.counters, 'udp_sign_ons');
    around.log.info({ uin, peer: peer.address, version, client: profile.name }, 'signed on');
    const learning = account.codepage === undefined ? [learnCodepage(opened)] : [];
    session.begin(opened, [...this.welcome(opened, packet, login, peer), ...learning]);
    return undefined;
  }

  private welcome(session: Session, packet: ClientPacket, login: Login | undefined, peer: Peer): readonly UdpEffect[] {
    const { limits } = this.parts.around;
    const value = {
      uin: session.uin,
      address: peer.known && isIPv4(peer.address) ? peer.address : '0.0.0.0',
      loginSeq: login?.loginSeq ?? 0,
      intervalSeconds: Math.floor(limits.udpKeepAliveMs / 1000),
    };
    const welcome = reply(packet, replies.loginReply, value, { alone: true });
    return login === undefined ? [welcome] : [welcome, ask('presence.set', presenceOf(login), nothing, nothing)];
  }

  /** The list comes first: nobody repeats what was acknowledged, and in versions 3 and 4 there is room for one of the two. */
  private sayDepartments(call: Call, answer: Answer): void {
    const { packet } = call;
    if (packet.version === 5) answer.say(replies.depsList, { tail: new Uint8Array(0) }, { format: 3 });
    // One department and none in it: the only list that ICQ 98a is known to accept (icq-udp.md §9.3).
    else answer.say(replies.depsList, { tail: replies.NO_DEPARTMENTS });
    const isAcknowledged = answer.say(replies.ack, {}, { seq1: packet.seq1 });
    const listed = { at: this.parts.around.clock.now(), ...(isAcknowledged ? {} : { owed: packet.seq1 }) };
    remember(this.listed, endpointOf(call), listed, LISTED_MAX);
  }

  private wasListed(call: Call): boolean {
    const listed = this.listed.get(endpointOf(call));
    return listed !== undefined && this.parts.around.clock.now() - listed.at < REPEATED_MS;
  }
}

const nothing = (): readonly UdpEffect[] => [];

/** `undefined` for a number that no account can have. */
function attemptOf(packet: ClientPacket): Attempt | undefined {
  const uin = asUin(packet.uin);
  if (uin === undefined) return undefined;
  if (packet.command === commands.login.code) {
    const login = decodeParameters(commands.login, packet.version, packet.parameters);
    return { uin, password: login.password, login };
  }
  return { uin, password: decodeParameters(commands.loginV1, packet.version, packet.parameters).password, login: undefined };
}

/** Without the parameters: nothing keeps the password. */
function headerOf(
  { version, command, sessionId, seq1, seq2 }: ClientPacket,
  uin: Uin,
): { version: Version; command: number; uin: Uin; sessionId: number; seq1: number; seq2: number } {
  return { version, command, uin, sessionId, seq1, seq2 };
}

/** When and where a client says that it began to listen; 0 when it does not. */
function startOf(login: Login | undefined): SignedOn['login']['start'] {
  return { time: login?.time ?? 0, port: login?.port ?? 0 };
}

/** What a client chooses anew for each sign-on, and the time it gives: not all of them draw their numbers well. */
function keyOf({ uin, sessionId, seq1 }: ClientPacket, { login }: Attempt): string {
  return `${uin} ${sessionId} ${seq1} ${startOf(login).time}`;
}

function endpointOf({ from }: Call): string {
  return formatEndpoint(from.address, from.port);
}

function placeOf(uin: number, endpoint: string): string {
  return `${uin} ${endpoint}`;
}

function remember<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  for (const [oldest] of map) {
    if (map.size <= max) break;
    map.delete(oldest);
  }
}
