/** What the core's refusals are called on the wire. A new refusal does not compile until it is answered here. */
import type { EndReason, Refusal } from '@seekyou/core';
import { ErrorCode, login } from '@seekyou/wire/oscar';

const { AuthError, SignOffReason } = login;

/** Refusal → code of `xx/01`. A family that must say something else overrides single entries. @see oscar.md §1.2 */
export const REFUSAL_CODES = {
  'wrong-credentials': ErrorCode.requestDenied,
  'slow-down': ErrorCode.serverRateLimit,
  suspended: ErrorCode.requestDenied,
  deleted: ErrorCode.requestDenied,
  'old-clients-off': ErrorCode.requestDenied,
  'too-many-sessions': ErrorCode.requestDenied,
  'too-many-from-address': ErrorCode.serverRateLimit,
  'registration-closed': ErrorCode.serviceUnavailable,
  'bad-password': ErrorCode.requestDenied,
  'no-address': ErrorCode.serviceUnavailable,
  'no-such-user': ErrorCode.notLoggedIn,
  'off-line': ErrorCode.notLoggedIn,
  'no-such-room': ErrorCode.noMatch,
  'no-such-picture': ErrorCode.noMatch,
  'you-ignore-them': ErrorCode.inLocalDeny,
  'mailbox-full': ErrorCode.notLoggedIn,
  'too-large': ErrorCode.refusedByClient,
  'bad-input': ErrorCode.incorrectFormat,
  'not-allowed': ErrorCode.insufficientRights,
  'not-supported-by-client': ErrorCode.notSupportedByClient,
  'list-full': ErrorCode.listOverflow,
  unavailable: ErrorCode.serviceUnavailable,
} satisfies Record<Refusal, number>;

/** Refusal → TLV 08 of a sign-on's answer. Unknown accounts and wrong passwords look alike. @see oscar.md §2.3 */
export const AUTH_ERRORS = {
  'wrong-credentials': AuthError.mismatch,
  'slow-down': AuthError.rateLimited,
  suspended: AuthError.suspendedAccount,
  deleted: AuthError.deletedAccount,
  'old-clients-off': AuthError.upgradeRequired,
  'too-many-sessions': AuthError.retryLater,
  'too-many-from-address': AuthError.tooManyFromAddress,
  'registration-closed': AuthError.cannotRegister,
  'bad-password': AuthError.mismatch,
  'no-address': AuthError.unavailable,
  'no-such-user': AuthError.mismatch,
  'off-line': AuthError.unavailable,
  'no-such-room': AuthError.other,
  'no-such-picture': AuthError.other,
  'you-ignore-them': AuthError.other,
  'mailbox-full': AuthError.other,
  'too-large': AuthError.badInput,
  'bad-input': AuthError.badInput,
  'not-allowed': AuthError.upgradeRequired,
  'not-supported-by-client': AuthError.other,
  'list-full': AuthError.unavailable,
  unavailable: AuthError.unavailable,
} satisfies Record<Refusal, number>;

/** Why a session ended → TLV 09 of channel 4. After 1 no client comes back by itself. @see oscar.md §1.1 */
export const SIGN_OFF_REASONS = {
  'signed-on-elsewhere': SignOffReason.signedOnElsewhere,
  'account-removed': SignOffReason.accountDeleted,
  'account-suspended': SignOffReason.other,
  'password-changed': SignOffReason.other,
  'server-stopping': SignOffReason.other,
  'too-slow': SignOffReason.other,
  'not-ready': SignOffReason.other,
  idle: SignOffReason.other,
  failed: SignOffReason.other,
} satisfies Record<EndReason, number>;
