/** What the floor answers to the set-up, encoded once. */
import { encodeSnac, feedbag, icbm, location, login, oservice, privacy, buddy, type SnacDeclaration } from '@seekyou/wire/oscar';
import { encode } from '@seekyou/wire';

const FAMILIES = [0x01, 0x02, 0x03, 0x04, 0x06, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x13, 0x15];

/** The whole SNAC; its request id is filled in when it is sent. */
function body<T>(declaration: SnacDeclaration<T>, value: T): Uint8Array {
  return encodeSnac(declaration, value, 0);
}

const numbers = ({ family, subtype }: { readonly family: number; readonly subtype: number }): number => family * 0x10000 + subtype;

const rates = { id: 1, window: 80, clear: 1000, alert: 800, limit: 600, disconnect: 300, current: 6000, max: 6000, lastMs: 0, state: 3 };
const versions = { versions: FAMILIES.map((family) => ({ family, version: family === 0x01 || family === 0x13 ? 4 : 1 })) };

/** Question → answer, both by `family × 65,536 + subtype`. */
export const ANSWERS: ReadonlyMap<number, Uint8Array> = new Map([
  [numbers(oservice.clientVersions), body(oservice.hostVersions, versions)],
  [
    numbers(oservice.rateParamsQuery),
    body(oservice.rateParamsReply, { classes: [rates], groups: [{ id: 1, snacs: [{ family: icbm.channelMsgToHost.family, subtype: 0x06 }] }] }),
  ],
  [numbers(oservice.userInfoQuery), body(oservice.userInfoUpdate, { screenName: '0', warningLevel: 0, tlvs: { userClass: 0x50, status: 0 } })],
  [numbers(location.rightsQuery), body(location.rightsReply, { tlvs: {} })],
  [numbers(buddy.rightsQuery), body(buddy.rightsReply, { tlvs: { contactsMax: 1000 } })],
  [
    numbers(icbm.parameterQuery),
    body(icbm.parameterReply, { channels: 5, flags: 3, lengthMax: 8000, senderWarningMax: 999, receiverWarningMax: 999, intervalMs: 0 }),
  ],
  [numbers(privacy.rightsQuery), body(privacy.rightsReply, { tlvs: {} })],
  [numbers(feedbag.rightsQuery), body(feedbag.rightsReply, {})],
  [numbers(feedbag.query), body(feedbag.reply, { version: 0, items: [], time: 1 })],
  [numbers(feedbag.queryIfModified), body(feedbag.reply, { version: 0, items: [], time: 1 })],
  [numbers(icbm.offlineRetrieve), body(icbm.offlineRetrieveReply, {})],
  [numbers(login.keyRequest), body(login.keyReply, { key: Buffer.from('1187203965', 'latin1') })],
]);

/** A question’s number as in {@link ANSWERS}. */
export const LOGIN_REQUEST: number = numbers(login.loginRequest);
export const MESSAGE: number = numbers(icbm.channelMsgToHost);

export const HOST_ONLINE: Uint8Array = body(oservice.hostOnline, { families: FAMILIES });
export const HELLO: Uint8Array = encode(login.flapHello, { version: login.FLAP_VERSION, tlvs: {} });

/** 17/03: a cookie that names the UIN, of the length everybody's cookies have. */
export function loginReply(uin: string, address: string): Uint8Array {
  const cookie = Buffer.alloc(256);
  cookie.write(uin, 'latin1');
  return body(login.loginReply, { uin, address, cookie });
}

/** The UIN of a cookie. */
export function uinOfCookie(cookie: Uint8Array): string {
  const end = cookie.indexOf(0);
  return Buffer.from(cookie.subarray(0, end < 0 ? cookie.length : end)).toString('latin1');
}
