export type ClientErrorCode =
  | 'unreachable'
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

/** What can go wrong between us and a server; the message says who refused, at which step, and what to do. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The server said no to one request; the connection goes on. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  /** `xx/01` code (oscar.md §1.2). */
  readonly code: number;

  constructor(what: string, code: number) {
    super(`${what}: ${REASON[code] ?? `refused with code ${code}`}`);
    this.code = code;
  }
}

const REASON: Readonly<Record<number, string>> = {
  0x02: 'too fast for the server; wait a little',
  0x03: 'too fast; wait a little',
  0x04: 'that user is not on line, and this cannot wait for him',
  0x05: 'the server does not offer this',
  0x08: 'the server does not know this',
  0x09: 'that user’s client cannot take this',
  0x0a: 'too long',
  0x0e: 'the server did not understand it',
  0x0f: 'not allowed',
  0x10: 'you ignore that user',
  0x15: 'the list is full',
  0x17: 'the mailbox is full',
};
