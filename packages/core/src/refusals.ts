/** The service says no. Front ends answer each one in a table the compiler checks. */
export type Refusal =
  /** Unknown UIN or wrong password; deliberately not told apart. */
  | 'wrong-credentials'
  /** Too many failed sign-ons from here. */
  | 'slow-down'
  | 'suspended'
  | 'deleted'
  /** Old clients may not sign on to this account or this server. */
  | 'old-clients-off'
  | 'too-many-sessions'
  | 'too-many-from-address'
  | 'registration-closed'
  | 'bad-password'
  /** No address of ours can be told to this client; the log names the line to add. */
  | 'no-address'
  | 'no-such-user'
  | 'off-line'
  /** Nor is anybody told of a room he may not come into. */
  | 'no-such-room'
  | 'no-such-picture'
  /** The sender himself ignores the recipient. */
  | 'you-ignore-them'
  | 'mailbox-full'
  | 'too-large'
  | 'bad-input'
  | 'not-allowed'
  | 'not-supported-by-client'
  | 'list-full'
  /** Disk full, store gone: try again later; nothing was lost. */
  | 'unavailable';

export class Refused {
  readonly refusal: Refusal;
  /** For `slow-down`: wait this long. */
  readonly retryMs: number | undefined;

  constructor(refusal: Refusal, retryMs?: number) {
    this.refusal = refusal;
    this.retryMs = retryMs;
  }
}

export function refuse(refusal: Refusal, retryMs?: number): Refused {
  return new Refused(refusal, retryMs);
}
