/** What the service tells a person in words, because no packet says it: as message of the server, type 9. @see icq-udp.md §15.2 */
import { type Refusal, SYSTEM, type Time } from '@seekyou/core';
import { replies } from '@seekyou/wire/udp';
import { systemLetters } from './bodies.ts';
import { become, say, type UdpContext, type UdpEffect } from './state.ts';

/** One to a person about the same other; clients resend, and people try again. */
export const NOTICE_EVERY_MS = 60_000;
/** Others remembered; a client that writes to more at once is told about some twice. */
const REMEMBERED_MAX = 100;

/** When this client was last told about whom. */
export class Noticed {
  private readonly at = new Map<number, Time>();

  /** Whether it is time to say something about this one, which it then was. */
  due(about: number, now: Time): boolean {
    const last = this.at.get(about);
    if (last !== undefined && now - last < NOTICE_EVERY_MS) return false;
    this.at.delete(about);
    this.at.set(about, now);
    for (const [oldest] of this.at) {
      if (this.at.size <= REMEMBERED_MAX) break;
      this.at.delete(oldest);
    }
    return true;
  }
}

const NOT_DELIVERED = {
  'no-such-user': 'there is no such user.',
  'off-line': 'he is off line.',
  'you-ignore-them': 'you ignore him.',
  'mailbox-full': 'too many messages are waiting for him already.',
  'too-large': 'it is too long.',
  'bad-input': 'it makes no sense.',
  'not-allowed': 'it is not allowed.',
  'not-supported-by-client': 'this server does not connect clients for chat or files.',
  'list-full': 'a list is full.',
  'slow-down': 'you are too fast; wait a little.',
  'wrong-credentials': 'you are not signed on.',
  suspended: 'the account is suspended.',
  deleted: 'the account is gone.',
  'old-clients-off': 'old clients may not do that here.',
  'too-many-sessions': 'there are too many sessions.',
  'too-many-from-address': 'there are too many sessions.',
  'registration-closed': 'registration is closed.',
  'bad-password': 'the password is wrong.',
  'no-address': 'the server is not set up for it.',
  'no-such-room': 'there is no such room.',
  'no-such-picture': 'there is no such picture.',
  unavailable: 'the server cannot keep it now; try again later.',
} satisfies Record<Refusal, string>;

/** "Your message to 100002 was not delivered", and why. At most once a minute about the same person. */
export function noticeOf({ session, state, now }: UdpContext, to: number, refusal: Refusal): readonly UdpEffect[] {
  const noticed = state.noticed ?? new Noticed();
  if (!noticed.due(to, now)) return [];
  const said = noticeFor({ session }, `Your message to ${to} was not delivered: ${NOT_DELIVERED[refusal]}`);
  return [become({ noticed }), ...said];
}

/** A line of the service's own. */
export function noticeFor({ session }: Pick<UdpContext, 'session'>, line: string): readonly UdpEffect[] {
  return systemLetters(line, session.profile).map(({ type, text }) => say(replies.sysDeliveredMess, { from: SYSTEM, type, text }, { ordered: true }));
}
