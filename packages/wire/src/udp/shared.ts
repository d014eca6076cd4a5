/** Blocks that packets of both directions carry. */
import { lnts } from '../oscar/strings.ts';
import { le, struct, u8, type Value } from '../schema.ts';
import { usual, yearOf1900 } from './layouts.ts';

/** A message: its type, see {@link MessageType}, and its text in the sender's code page. */
export const messageBody = { type: le.u16, text: lnts };

/** `type` of messages. @see icq-udp.md §15.2 */
export const MessageType = {
  text: 0x0001,
  chatRequest: 0x0002,
  fileRequest: 0x0003,
  url: 0x0004,
  authRequest: 0x0006,
  authDenied: 0x0007,
  authGranted: 0x0008,
  fromServer: 0x0009,
  added: 0x000c,
  webPager: 0x000d,
  emailExpress: 0x000e,
  contacts: 0x0013,
  broadcast: 0x0014,
  extended: 0x001a,
  /** Set in addition when it went to several people. */
  toSeveral: 0x8000,
} as const;

/** What `sendTextCode` says. */
export const TextCode = { disconnected: 'B_USER_DISCONNECTED', messageAck: 'B_MESSAGE_ACK', keepAliveAck: 'B_KEEPALIVE_ACK' } as const;

/** Groupware: where somebody works. */
export const workInfo = struct({
  street: lnts,
  city: lnts,
  state: lnts,
  country: le.u16,
  company: lnts,
  title: lnts,
  department: le.u32,
  phone: lnts,
  fax: lnts,
  pager: lnts,
  zip: le.u32,
});
export type WorkInfo = Value<typeof workInfo>;

/** Groupware: where somebody lives. */
export const homeInfo = struct({
  street: lnts,
  city: lnts,
  state: lnts,
  country: le.u16,
  phone: lnts,
  fax: lnts,
  cellular: lnts,
  zip: le.u32,
  gender: u8,
  age: le.u16,
  birthDay: u8,
  birthMonth: u8,
  birthYear: yearOf1900,
  zero: usual(u8, 0),
});
export type HomeInfo = Value<typeof homeInfo>;
