export type ClientErrorCode =
  | 'unreachable'
  /** The server does not speak TLS. */
  | 'not-encrypted'
  /** It does, but does not know our sign-on. */
  | 'not-ours'
  /** Nobody has said yet that this server's key is the right one. */
  | 'unknown-key'
  /** The server has another key than it should. */
  | 'key-changed'
  /** The connection does not end at the server. */
  | 'intercepted'
  /** The server could not prove that it knows the account. */
  | 'impostor'
  | 'bad-pin'
  | 'closed'
  | 'timeout'
  | 'protocol'
  | 'wrong-password'
  | 'suspended'
  | 'too-fast'
  | 'unavailable'
  | 'refused'
  | 'signed-on-elsewhere'
  | 'registration-refused';

/** What may be better another time. */
export const PASSING: ReadonlySet<ClientErrorCode> = new Set(['closed', 'unreachable', 'timeout', 'protocol', 'too-fast', 'unavailable']);

/** What can go wrong between us and a server; the message says who refused, at which step, and what to do. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;
  /** Where a key was the trouble. */
  readonly key?: KeyTrouble;
  /** Not before that time it makes sense to try again. */
  readonly retryMs?: number;

  constructor(code: ClientErrorCode, message: string, options: ErrorOptions & { readonly key?: KeyTrouble; readonly retryMs?: number | undefined } = {}) {
    super(message, options);
    this.code = code;
    if (options.key !== undefined) this.key = options.key;
    if (options.retryMs !== undefined) this.retryMs = options.retryMs;
  }
}

/** Fingerprints, and the address that presented one. */
export interface KeyTrouble {
  readonly expected: readonly string[];
  readonly presented: string;
  readonly by: string;
}

/** The server said no to one request; the connection goes on. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  /** `xx/01` code (oscar.md §1.2). */
  readonly code: number;

  /** @param reason where the code's own sentence would mislead */
  constructor(what: string, code: number, reason: string = REASON[code] ?? `refused with code ${code}`) {
    super(`${what}: ${reason}`);
    this.code = code;
  }
}

const REASON: Readonly<Record<number, string>> = {
  0x02: 'too fast for the server; wait a little',
  0x03: 'too fast; wait a little',
  0x04: 'there is no such UIN, or it cannot be reached',
  0x05: 'the server cannot do this now, or does not offer it; try again later',
  0x08: 'the server does not know this',
  0x09: 'that user’s client cannot take this',
  0x0a: 'too long',
  0x0e: 'the server did not understand it',
  0x0f: 'not allowed',
  0x10: 'you ignore that user',
  0x14: 'there is no such thing here',
  0x15: 'the list is full',
  0x17: 'the mailbox is full',
};
