/** Frames the generator sends, encoded once from the declarations. Sequence numbers are filled in when they leave. */
import { encode } from '@seekyou/wire';
import {
  buddy,
  Capability,
  encodeFlap,
  encodeSnac,
  feedbag,
  FlapChannel,
  icbm,
  location,
  login,
  oservice,
  privacy,
  type SnacDeclaration,
} from '@seekyou/wire/oscar';

/** The request id of everything but messages: its name, so that an answer tells what it answers. */
export function requestIdOf(of: { readonly family: number; readonly subtype: number }): number {
  return of.family * 0x10000 + of.subtype;
}

/** A SNAC in its frame, with sequence number 0. */
export function snacFrame<T>(declaration: SnacDeclaration<T>, value: T, requestId = requestIdOf(declaration)): Uint8Array {
  return encodeFlap(FlapChannel.snac, 0, encodeSnac(declaration, value, requestId));
}

export const helloFrame: Uint8Array = encodeFlap(FlapChannel.hello, 0, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs: {} }));
export const signOffFrame: Uint8Array = encodeFlap(FlapChannel.close, 0, new Uint8Array(0));
export const keepAliveFrame: Uint8Array = encodeFlap(FlapChannel.keepAlive, 0, new Uint8Array(0));

export function cookieFrame(cookie: Uint8Array): Buffer {
  return Buffer.from(encodeFlap(FlapChannel.hello, 0, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs: { cookie } })));
}

export function keyRequestFrame(uin: number): Buffer {
  return Buffer.from(snacFrame(login.keyRequest, { uin: String(uin) }));
}

const CLIENT = {
  clientName: 'seekyou bench',
  clientId: 0x010a,
  major: 20,
  minor: 52,
  lesser: 0,
  build: 0x0c18,
  distribution: 0x0611,
  language: 'en',
  country: 'us',
} as const;

/** 17/02 with the `new` hash. Ends the other sessions of the UIN unless `many`. */
export function loginFrame(uin: number, hash: Uint8Array, many: boolean): Buffer {
  const multipleSessions = many ? login.MultipleSessions.many : login.MultipleSessions.singleWithFeedbag;
  return Buffer.from(snacFrame(login.loginRequest, { uin: String(uin), hash, md5WithHashedPassword: true, ...CLIENT, multipleSessions }));
}

const VERSIONS = [
  { family: 0x01, version: 4 },
  { family: 0x13, version: 4 },
  { family: 0x02, version: 1 },
  { family: 0x03, version: 1 },
  { family: 0x15, version: 1 },
  { family: 0x04, version: 1 },
  { family: 0x09, version: 1 },
] as const;

/** The set-up of a session in three flights, as Miranda and climm pace it (oscar.md §3.1). */
export const setUpFlights = {
  /** After 01/03; ends with 01/07. */
  first: Buffer.concat([snacFrame(oservice.clientVersions, { versions: VERSIONS }), snacFrame(oservice.rateParamsQuery, {})]),
  /** After 01/07; each part is answered. */
  second: Buffer.concat([
    snacFrame(oservice.userInfoQuery, {}),
    snacFrame(location.rightsQuery, { tlvs: {} }),
    snacFrame(buddy.rightsQuery, { tlvs: {} }),
    snacFrame(icbm.parameterQuery, {}),
    snacFrame(privacy.rightsQuery, { tlvs: {} }),
    snacFrame(feedbag.rightsQuery, { flags: 0x000f }),
    snacFrame(feedbag.queryIfModified, { time: 0, count: 0 }),
  ]),
  /** Everything before 01/02 but the contact list. */
  third: Buffer.concat([
    snacFrame(oservice.rateParamsSubAdd, { classes: [1, 2, 3, 4, 5] }),
    snacFrame(feedbag.use, {}),
    snacFrame(location.setInfo, { tlvs: { capabilities: [Capability.utf8, Capability.aimInterop, Capability.typing] } }),
    snacFrame(icbm.addParameters, { channel: 0, flags: 0x0b, lengthMax: 8000, senderWarningMax: 999, receiverWarningMax: 999, intervalMs: 0 }),
    snacFrame(oservice.setNicknameFields, { tlvs: { status: 0 } }),
  ]),
  /** 01/02, and the question for stored messages: its answer says that the session is complete. */
  ready: Buffer.concat([
    snacFrame(oservice.clientOnline, { families: VERSIONS.map((one) => ({ ...one, toolId: 0x0110, toolVersion: 0x047b })) }),
    snacFrame(icbm.offlineRetrieve, { tlvs: {} }),
  ]),
} as const;

/** How many contacts fit one 03/04 of a moderate size. */
const CONTACTS_PER_FRAME = 500;

/** A contact list the client keeps itself. */
export function contactsFrames(uins: readonly number[]): Buffer {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < uins.length; at += CONTACTS_PER_FRAME) {
    frames.push(snacFrame(buddy.addBuddies, { screenNames: uins.slice(at, at + CONTACTS_PER_FRAME).map(String) }));
  }
  return Buffer.concat(frames);
}

/** 01/1E: a new status word. */
export function statusFrame(status: number): Buffer {
  return Buffer.from(snacFrame(oservice.setNicknameFields, { tlvs: { status } }));
}
