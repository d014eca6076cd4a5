/** Away texts: what people have to say of their status. @see oscar.md §4, §6.4.2, §10.2 */
import { decode, encode } from '@seekyou/wire';
import { Capability, icbm, location, rendezvous } from '@seekyou/wire/oscar';
import { decodeUcs2, decodeUtf8Or, plainFromHtml } from '@seekyou/wire/text';
import type { SeenStatus } from './client.ts';
import { ANSWER_MS_MAX, type Timers } from './connection.ts';
import { ClientError, RequestRefused } from './errors.ts';
import type { Beside } from './services.ts';

const { Channel, ClientErrReason, MessageFlag, MessageType } = icbm;
/** What our servers take; there is no answer to tell of more. */
const AWAY_BYTES_MAX = 4_096;
const MEDIA_TYPE = 'text/plain; charset="utf-8"';
const NOTHING = new Uint8Array(0);
const utf8 = new TextEncoder();

/** Old clients have one text for each status and are asked for the one they are in. */
const QUESTION: Readonly<Record<SeenStatus['status'], number>> = {
  offline: MessageType.autoAway,
  online: MessageType.autoAway,
  away: MessageType.autoAway,
  'not-available': MessageType.autoNotAvailable,
  occupied: MessageType.autoOccupied,
  'do-not-disturb': MessageType.autoDoNotDisturb,
  'free-for-chat': MessageType.autoFreeForChat,
};

export interface AwayTextsPlatform {
  readonly random: (bytes: number) => Uint8Array;
  readonly timers: Timers;
}

interface Waiting {
  readonly uin: number;
  readonly answered: (text: string) => void;
  readonly failed: (error: ClientError) => void;
}

export class AwayTexts {
  private readonly session: Beside & { statusOf(uin: number): SeenStatus };
  private readonly platform: AwayTextsPlatform;
  private readonly codepage: number;
  private own = NOTHING;
  /** By the cookies of the questions. */
  private readonly waiting = new Map<string, Waiting>();

  constructor(session: Beside & { statusOf(uin: number): SeenStatus }, platform: AwayTextsPlatform, codepage: number) {
    this.session = session;
    this.platform = platform;
    this.codepage = codepage;
  }

  /** Says why we are away, until we sign off; an empty text takes it back. The server tells it to who asks. @throws RequestRefused */
  set(text: string): void {
    const away = utf8.encode(text);
    if (away.length > AWAY_BYTES_MAX) throw new RequestRefused('your away text', 0x0a);
    this.own = away;
    this.session.say(location.setInfo, { tlvs: { awayType: MEDIA_TYPE, away } });
  }

  /** @internal For every sign-on. */
  told(): location.SetInfo['tlvs'] {
    return this.own.length === 0 ? {} : { awayType: MEDIA_TYPE, away: this.own };
  }

  /**
   * What somebody has to say of his status; empty when it is nothing. The server may know; else his client is asked.
   *
   * @throws RequestRefused when he is not seen on line, ClientError when his client does not answer
   */
  async of(uin: number): Promise<string> {
    const what = `the away text of ${uin}`;
    const { tlvs } = await this.session.request(
      location.userInfoQuery,
      { type: location.InfoType.away, screenName: String(uin) },
      location.userInfoReply,
      what,
    );
    if (tlvs.away !== undefined && tlvs.away.length > 0) return this.words(tlvs.awayType ?? '', tlvs.away);
    try {
      return await this.ask(uin, what);
    } catch (error) {
      // He is there, but his client has no such texts.
      if (error instanceof RequestRefused) return '';
      throw error;
    }
  }

  private words(mediaType: string, bytes: Uint8Array): string {
    const text = /charset="?unicode-2-0/i.test(mediaType) ? decodeUcs2(bytes) : decodeUtf8Or(bytes, this.codepage);
    return /aolrtf|html/i.test(mediaType) ? plainFromHtml(text) : text;
  }

  /** Client to client. */
  private async ask(uin: number, what: string): Promise<string> {
    const cookie = this.platform.random(8);
    const service = encode(rendezvous.relayData, {
      header: { version: 9, signature: new Uint8Array(16), unknown: 0, features: 3, kind: 4, sequence: 0xffff },
      header2: { sequence: 0xffff, zeros: new Uint8Array(12) },
      type: QUESTION[this.session.statusOf(uin).status],
      flags: MessageFlag.auto,
      status: 0,
      priority: 1,
      text: NOTHING,
      tail: NOTHING,
    });
    const data = encode(rendezvous.rendezvousData, {
      type: rendezvous.RendezvousType.request,
      cookie,
      capability: Capability.serverRelay,
      tlvs: { sequence: 1, requestHostCheck: true, service },
    });
    const message = { cookie, channel: Channel.rendezvous, recipient: String(uin), tlvs: { data, requestHostAck: true as const } };
    const answer = this.answerTo(cookie, uin, what);
    // Nobody waits for it when the question is refused.
    answer.text.catch(() => undefined);
    try {
      await this.session.request(icbm.channelMsgToHost, message, icbm.hostAck, what);
      return await answer.text;
    } finally {
      answer.forget();
    }
  }

  private answerTo(cookie: Uint8Array, uin: number, what: string): { readonly text: Promise<string>; readonly forget: () => void } {
    const key = cookie.join();
    let cancel = (): void => {};
    const text = new Promise<string>((answered, failed) => {
      this.waiting.set(key, { uin, answered, failed });
      cancel = this.platform.timers.after(ANSWER_MS_MAX, () => failed(new ClientError('timeout', `${what}: no answer from that client within 30 s`)));
    });
    const forget = (): void => {
      this.waiting.delete(key);
      cancel();
    };
    return { text, forget };
  }

  /** @internal Somebody's client answered something. */
  answered({ cookie, screenName, channel, reason, data }: icbm.ClientErr): void {
    const waiting = this.waiting.get(cookie.join());
    if (waiting === undefined || waiting.uin !== Number(screenName)) return;
    const isAnswer = channel === Channel.rendezvous && reason === ClientErrReason.channelSpecific;
    waiting.answered(isAnswer ? decodeUtf8Or(decode(rendezvous.relayData, data).text, this.codepage) : '');
  }

  /** @internal The session is over. */
  lost(error: ClientError): void {
    for (const waiting of this.waiting.values()) waiting.failed(error);
  }
}
