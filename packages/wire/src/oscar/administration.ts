/** Family 07, administration: how an account is called, its mail address, its password. On a connection of its own. @see oscar.md §8.1 */
import { ascii, be, bytes, rest, struct, tlvs, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';

const ADMINISTRATION = Family.administration;

/** Server → client: a request was refused. */
export const error = familyError(ADMINISTRATION);

/** What can be wrong, TLV 08. @see oscar.md §8.1 */
export const AdministrationError = {
  validateNickname: 0x01,
  validatePassword: 0x02,
  validateEmail: 0x03,
  serviceUnavailable: 0x04,
  fieldUnavailable: 0x05,
  badNickname: 0x06,
  badPassword: 0x07,
  badEmail: 0x08,
  badRegistrationPreference: 0x09,
  wrongOldPassword: 0x0a,
  nicknameLength: 0x0b,
  passwordLength: 0x0c,
  emailLength: 0x0d,
  oldPasswordLength: 0x0e,
  oldPasswordNeeded: 0x0f,
  readOnly: 0x10,
  writeOnly: 0x11,
  unsupportedType: 0x12,
  other: 0x13,
  badSnac: 0x14,
  invalidAccount: 0x15,
  deletedAccount: 0x16,
  expiredAccount: 0x17,
  internal: 0x1c,
  requestPending: 0x1d,
} as const;

/** Bits of `permissions`: what the client may do with what it asked for. */
export const AdministrationPermission = { mayRead: 1, mayWrite: 2 } as const;

/** `registrationStatus`: how much others learn by looking for the mail address. */
export const RegistrationStatus = { full: 3, limited: 2, none: 1 } as const;

/** Client → server: what is my name, my mail address, my registration status? The value of the TLV is empty. */
export const infoQuery = snac({
  family: ADMINISTRATION,
  subtype: 0x02,
  from: 'client',
  ref: 'oscar.md §8.1',
  body: struct({
    tlvs: tlvs({
      name: [0x01, bytes(rest)],
      email: [0x11, bytes(rest)],
      registrationStatus: [0x13, bytes(rest)],
    }),
  }),
});
export type InfoQuery = Value<typeof infoQuery>;

const info = struct({
  /** Bits of {@link AdministrationPermission}. */
  permissions: be.u16,
  tlvs: tlvs(
    {
      name: [0x01, bytes(rest)],
      email: [0x11, bytes(rest)],
      registrationStatus: [0x13, be.u16],
      url: [0x04, ascii(rest)],
      /** One of {@link AdministrationError}. */
      error: [0x08, be.u16],
    },
    { count: be.u16 },
  ),
});
export type AdministrationInfo = Value<typeof info>;

/** Server → client: what was asked for. */
export const infoReply = snac({ family: ADMINISTRATION, subtype: 0x03, from: 'server', ref: 'oscar.md §8.1', body: info });

/** Client → server: change it. */
export const infoChange = snac({
  family: ADMINISTRATION,
  subtype: 0x04,
  from: 'client',
  ref: 'oscar.md §8.1',
  body: struct({
    tlvs: tlvs({
      name: [0x01, bytes(rest)],
      email: [0x11, bytes(rest)],
      registrationStatus: [0x13, be.u16],
      newPassword: [0x02, bytes(rest)],
      oldPassword: [0x12, bytes(rest)],
    }),
  }),
});
export type InfoChange = Value<typeof infoChange>;

/** Server → client: how it stands now, or what was wrong. */
export const infoChangeReply = snac({ family: ADMINISTRATION, subtype: 0x05, from: 'server', ref: 'oscar.md §8.1', body: info });

/** Client → server: send me the mail that confirms the account. */
export const confirmRequest = snac({ family: ADMINISTRATION, subtype: 0x06, from: 'client', ref: 'oscar.md §8.1', body: struct({}) });

/** `status` of 07/07. */
export const ConfirmStatus = { sent: 0x00, alreadyConfirmed: 0x1e, failed: 0x23 } as const;

/** Server → client: what became of it. */
export const confirmReply = snac({
  family: ADMINISTRATION,
  subtype: 0x07,
  from: 'server',
  ref: 'oscar.md §8.1',
  body: struct({
    /** One of {@link ConfirmStatus}. */
    status: be.u16,
    tlvs: tlvs({ url: [0x04, ascii(rest)] }),
  }),
});
export type ConfirmReply = Value<typeof confirmReply>;

/** Client → server: delete the account. */
export const deleteRequest = snac({ family: ADMINISTRATION, subtype: 0x08, from: 'client', ref: 'oscar.md §8.1', body: struct({ data: bytes(rest) }) });

/** Server → client: why it was not deleted. */
export const deleteReply = snac({
  family: ADMINISTRATION,
  subtype: 0x09,
  from: 'server',
  ref: 'oscar.md §8.1',
  body: struct({
    tlvs: tlvs({
      /** One of {@link AdministrationError}. */
      error: [0x08, be.u16],
      url: [0x04, ascii(rest)],
    }),
  }),
});
export type DeleteReply = Value<typeof deleteReply>;
