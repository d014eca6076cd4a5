/**
 * New numbers. Nobody has proved the address such a request comes from, so what is given away is a number alone; the core makes the
 * account when somebody signs on to it, which only who got the answer can. @see icq-udp.md §10
 */
import { type NewAccount, type Peer, Refused, type Time, type Uin } from '@seekyou/core';
import { decodeText } from '@seekyou/wire/text';
import { commands, decodeParameters, replies } from '@seekyou/wire/udp';
import type { Surroundings } from './around.ts';
import { count } from './counters.ts';
import { newPassword } from './passwords.ts';
import type { Answer, Call, Strangers } from './strangers.ts';

/** A number that was given away. */
interface Given {
  readonly password: string;
  readonly at: Time;
  /** Where the request came from. */
  readonly place: string;
  /** Which request got it: repeated, it gets the same. */
  readonly key: string;
  cancelRepeat: () => void;
}

/** What a client asks for, whatever its version. */
interface Asked {
  readonly password: string;
  readonly nickname: string | undefined;
  /** The same in a repetition. */
  readonly key: string;
  readonly answer: (uin: Uin, password: string) => void;
  readonly refused: () => void;
}

const HOUR_MS = 3_600_000;
/** The answer may get lost, and most clients wait for it for ever. */
const REPEAT_MS: readonly number[] = [4_000, 10_000];
/** Of passwords and of cookies: none of them is mistaken for another on paper. */
const READABLE = 'abcdefghijkmnpqrstuvwxyz23456789';
const PASSWORD_LENGTH = 8;
/** More is not read from a form. */
const NICKNAME_MAX = 20;

export class Registrations {
  private readonly around: Surroundings;
  private readonly strangers: Strangers;
  private readonly given = new Map<Uin, Given>();
  /** Requests that wait for their number, and the addresses they came from. */
  private readonly asking = new Map<string, string>();
  /** When numbers were given away, and to whom; of the last hour. */
  private times: { readonly address: string; readonly at: Time }[] = [];

  constructor(around: Surroundings, strangers: Strangers) {
    this.around = around;
    this.strangers = strangers;
  }

  // ------------------------------------------------------------ what clients ask

  /** 0x03FC, versions 1, 2 and 5: the client brings a password along. */
  register(call: Call, peer: Peer): void {
    const { packet } = call;
    const { password, id = 0 } = decodeParameters(commands.regNewUser, packet.version, packet.parameters);
    const chosen = newPassword(password);
    if (chosen === undefined) return this.refuse(call, id);
    const answer = (given: Uin): void => sayNewNumber(this.strangers.unlimited(call), packet, given, id);
    this.give(call, peer, {
      password: chosen,
      nickname: undefined,
      key: `${packet.sessionId} ${packet.seq1} ${chosen}`,
      answer,
      refused: () => this.refuse(call, id),
    });
  }

  /** 0x05DC, versions 3 and 4: may one register? */
  showForm(call: Call): void {
    const { registration } = this.around.settings;
    const answer = this.strangers.answerTo(call);
    if (answer === undefined) return;
    answer.acknowledge();
    if (!this.isFree(call.from.address)) return;
    this.strangers.unlimited(call).say(replies.registrationInfo, { notes: WELCOME, open: registration === 'open' ? 1 : 0 });
  }

  /** 0x05E6, versions 3 and 4: the server chooses the password. */
  fillIn(call: Call, peer: Peer): void {
    const { packet } = call;
    const { nick } = decodeParameters(commands.registrationForm, packet.version, packet.parameters);
    const password = this.madeUp();
    this.give(call, peer, {
      password,
      nickname: decodeText(nick, this.around.settings.defaultCodepage).slice(0, NICKNAME_MAX),
      key: `${packet.seq1} form`,
      answer: (uin, chosen) => {
        const text = asBytes(`Your ICQ number is ${uin}.\r\nYour password is ${chosen}.\r\nSign on with them within ten minutes.`);
        this.strangers.unlimited(call).acknowledge().say(replies.registrationAccepted, { text });
      },
      refused: () => this.refuse(call, 0),
    });
  }

  /** The client has the answer. */
  acknowledged(call: Call): void {
    if (this.given.size === 0 || call.packet.seq1 !== 0) return;
    for (const given of this.given.values()) if (given.place === placeOf(call)) given.cancelRepeat();
  }

  // ------------------------------------------------------------ who comes back

  /** Somebody proved to have the password of this number. */
  proved(uin: Uin): void {
    const given = this.given.get(uin);
    if (given === undefined) return;
    given.cancelRepeat();
    this.given.delete(uin);
    count(this.around.counters, 'udp_registrations_real');
  }

  private accountOf({ password, nickname }: Asked): NewAccount {
    const named = nickname === undefined || nickname === '' ? {} : { nickname };
    // What went over the wire in the clear is an old password. Where those are separate, nobody knows the main one yet.
    return this.around.settings.oldClients === 'own' ? { password: this.madeUp(3), oldPassword: password, ...named } : { password, ...named };
  }

  // ------------------------------------------------------------ giving

  private give(call: Call, peer: Peer, asked: Asked): void {
    this.forgetOld();
    const key = `${placeOf(call)} ${asked.key}`;
    for (const [uin, known] of this.given) if (known.key === key) return this.answerAgain(call, asked, uin, known);
    if (this.asking.has(key)) return;
    if (this.around.settings.oldClients === 'off' || this.around.settings.clearSignOn !== 'all' || !this.isFree(call.from.address)) return asked.refused();
    this.asking.set(key, call.from.address);
    void this.around.core.reserve(this.accountOf(asked), peer).then((reserved) => {
      this.asking.delete(key);
      if (reserved instanceof Refused) return asked.refused();
      this.hand(call, reserved.uin, { ...asked, key });
      return undefined;
    });
  }

  /** A copy of the request, which anybody can have sent any number of times: it counts like any other of a stranger. */
  private answerAgain(call: Call, { answer }: Asked, uin: Uin, { password }: Given): void {
    if (this.strangers.answerTo(call) !== undefined) answer(uin, password);
  }

  private hand(call: Call, uin: Uin, { password, key, answer }: Asked): void {
    const { clock, counters, log } = this.around;
    const at = clock.now();
    const repeat = (): void => answer(uin, password);
    const timers = REPEAT_MS.map((ms) => clock.after(ms, repeat));
    const cancelRepeat = (): void => {
      for (const cancel of timers) cancel();
    };
    this.times.push({ address: call.from.address, at });
    this.given.set(uin, { password, at, place: placeOf(call), key, cancelRepeat });
    count(counters, 'udp_registrations');
    log.info({ uin, peer: call.from.address }, 'a number was given to a client');
    repeat();
  }

  private refuse(call: Call, id: number): void {
    count(this.around.counters, 'udp_registrations_refused');
    const answer = this.strangers.answerTo(call);
    if (answer === undefined) return;
    if (call.packet.version === 5) answer.acknowledge({ result: replies.Result.failed, id });
    else answer.acknowledge().say(replies.tryAgain, {});
  }

  /** Whether this address, and everybody together, may have another number. */
  private isFree(address: string): boolean {
    const { clock, limits } = this.around;
    const since = clock.now() - HOUR_MS;
    this.times = this.times.filter(({ at }) => at > since);
    const addresses = [...this.times.map((time) => time.address), ...this.asking.values()];
    const own = addresses.filter((one) => one === address).length;
    return own < limits.udpRegistrationsPerAddressPerHour && addresses.length < limits.udpRegistrationsPerHour;
  }

  private forgetOld(): void {
    const since = this.around.clock.now() - this.around.limits.udpRegistrationMs;
    for (const [uin, given] of this.given) if (given.at <= since) this.given.delete(uin);
  }

  private madeUp(times = 1): string {
    return Array.from(this.around.chance.bytes(PASSWORD_LENGTH * times), (byte) => READABLE.charAt(byte & 31)).join('');
  }
}

/** The new number is in the header, and in versions 1 and 2 among the parameters. */
function sayNewNumber(answer: Answer, packet: Call['packet'], uin: Uin, id: number): void {
  if (packet.version <= 2) {
    answer.acknowledge().say(replies.newUin, { requestSeq: packet.seq1, uin });
    return;
  }
  answer.acknowledge({ result: replies.Result.done, id }, { uin: 0 });
  // COMPAT: the first server spoke version 3 here; mICQ and icqlib read only version 5 (icq-udp.md §8.3).
  answer.say(replies.newUin, { id }, { uin, format: 3 });
  answer.say(replies.newUin, { id }, { uin });
}

const placeOf = ({ from }: Call): string => `${from.address}/${from.port}`;

function asBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const WELCOME = asBytes('seekyou');
