/** Numbers every family shares: family ids and the codes of `xx/01`. @see oscar.md §1.2, §1.5 */
import { ascii, be, bytes, rest, struct, tlvs, type Value } from '../schema.ts';
import { type SnacDeclaration, snac } from './snac.ts';

/** Family ids ("food groups"). @see oscar.md §1.5 */
export const Family = {
  oservice: 0x01,
  location: 0x02,
  buddy: 0x03,
  icbm: 0x04,
  advertisements: 0x05,
  invitation: 0x06,
  administration: 0x07,
  popup: 0x08,
  privacy: 0x09,
  lookup: 0x0a,
  statistics: 0x0b,
  translation: 0x0c,
  chatNavigation: 0x0d,
  chat: 0x0e,
  directory: 0x0f,
  bart: 0x10,
  feedbag: 0x13,
  icqMeta: 0x15,
  login: 0x17,
  emailAlert: 0x18,
  broadcast: 0x85,
  /** Ours, "SY". @see own.ts */
  own: 0x5359,
} as const;

/** What `xx/01` can say. @see oscar.md §1.2 */
export const ErrorCode = {
  invalidSnac: 0x01,
  serverRateLimit: 0x02,
  clientRateLimit: 0x03,
  notLoggedIn: 0x04,
  serviceUnavailable: 0x05,
  serviceNotDefined: 0x06,
  obsoleteSnac: 0x07,
  notSupportedByHost: 0x08,
  notSupportedByClient: 0x09,
  refusedByClient: 0x0a,
  replyTooBig: 0x0b,
  responsesLost: 0x0c,
  requestDenied: 0x0d,
  incorrectFormat: 0x0e,
  insufficientRights: 0x0f,
  inLocalDeny: 0x10,
  senderTooEvil: 0x11,
  receiverTooEvil: 0x12,
  temporarilyUnavailable: 0x13,
  noMatch: 0x14,
  listOverflow: 0x15,
  requestAmbiguous: 0x16,
  queueFull: 0x17,
  notWhileOnAol: 0x18,
  queryFailed: 0x19,
  timeout: 0x1a,
  errorText: 0x1b,
  generalFailure: 0x1c,
  progress: 0x1d,
  inFreeArea: 0x1e,
  parentalControl: 0x1f,
  parentalControlMissing: 0x20,
} as const;

/** Sub-codes (TLV 08) of 04/01 code 04. @see oscar.md §6.2 */
export const ErrorSubCode = {
  /** The recipient does not accept messages while offline. */
  noOfflineMessages: 0x0e,
  /** The recipient's store is full. */
  storeFull: 0x0f,
} as const;

const errorBody = struct({
  /** One of {@link ErrorCode}. */
  code: be.u16,
  tlvs: tlvs({
    subCode: [0x08, be.u16],
    url: [0x04, ascii(rest)],
    text: [0x1b, bytes(rest)],
  }),
});
export type ErrorBody = Value<typeof errorBody>;

/** The declaration of `xx/01` for one family: a request was refused; the request id tells which. @see oscar.md §1.2 */
export function familyError(family: number, from: 'server' | 'both' = 'server'): SnacDeclaration<ErrorBody> {
  return snac({ family, subtype: 0x01, from, ref: 'oscar.md §1.2', body: errorBody });
}
