/** One's own account: its passwords, and its end. @see docs/protocol/own.md §5, oscar.md §9.3 */
import { ErrorCode, icqMeta, own, scram, type SnacDeclaration } from '@seekyou/wire/oscar';
import type { Directory } from './directory.ts';
import { ClientError, RequestRefused } from './errors.ts';
import type { Platform, ProofParts } from './login.ts';

/** Longest main password, in characters. */
const PASSWORD_MAX = 64;
/** What all old clients can send. */
const OLD_PASSWORD = /^[\x20-\x7e]{1,8}$/;

/** What the next sign-on proves, and how the last one did. */
export interface Secret {
  password: string;
  /** Absent at old servers. */
  proof: ProofParts | undefined;
}

/** What the account needs of the session. */
export interface AccountSession {
  readonly uin: number;
  readonly directory: Directory;
  request<Q, A>(question: SnacDeclaration<Q>, value: Q, answer: SnacDeclaration<A>, what: string): Promise<A>;
}

export class OwnAccount {
  private readonly session: AccountSession;
  private readonly secret: Secret;
  private readonly platform: Pick<Platform, 'scram' | 'random'>;

  constructor(session: AccountSession, secret: Secret, platform: Pick<Platform, 'scram' | 'random'>) {
    this.session = session;
    this.secret = secret;
    this.platform = platform;
  }

  /**
   * Changes the password; other sessions of the account end. Our own servers are told a verifier, never the password; an old one is
   * told the password itself.
   *
   * @param present the password that is to be another one
   * @returns whether old clients may sign on to the account: not where their password was this one
   * @throws ClientError `wrong-password`, or `refused` when it cannot be a password; RequestRefused
   */
  async changePassword(present: string, wanted: string): Promise<{ readonly oldClients: boolean }> {
    const what = 'changing the password';
    const { proof } = this.secret;
    if (proof === undefined) {
      if (!OLD_PASSWORD.test(wanted)) throw unfit(`${what}: an old server takes 1 to 8 ASCII characters`);
      this.check(present);
      await this.session.directory.change(icqMeta.changePassword, { password: ascii(wanted) }, what);
      this.secret.password = wanted;
      return { oldClients: true };
    }
    checkPassword(wanted, what);
    const salt = this.platform.random(scram.SALT_BYTES);
    const salted = await this.platform.scram.salted(scram.passwordBytes(wanted), salt, scram.ITERATIONS);
    const verifier = { salt, iterations: scram.ITERATIONS, ...scram.verifierKeys(this.platform.scram, salted) };
    const answer = await this.change({ ...verifier, clientKey: await this.keyOf(present, proof) }, what);
    this.secret.proof = { salt, iterations: scram.ITERATIONS };
    this.secret.password = wanted;
    return answer;
  }

  /**
   * Gives old clients a password of their own; it goes over their wires as good as unhidden. Only for servers of ours.
   *
   * @throws ClientError `wrong-password`, or `refused` when it cannot be one; RequestRefused
   */
  async changeOldPassword(present: string, wanted: string): Promise<void> {
    const what = 'changing the password of old clients';
    const { proof } = this.secret;
    if (proof === undefined) throw new RequestRefused(what, ErrorCode.serviceUnavailable);
    if (!OLD_PASSWORD.test(wanted)) throw unfit(`${what}: it takes 1 to 8 ASCII characters`);
    await this.change({ oldPassword: wanted, clientKey: await this.keyOf(present, proof) }, what);
  }

  /** Removes the account for good, with all that is stored for it; the session ends. @throws ClientError `wrong-password`, RequestRefused */
  async unregister(password: string): Promise<void> {
    const what = 'removing the account';
    const { proof } = this.secret;
    if (proof === undefined) {
      const { uin } = this.session;
      this.check(password);
      return this.session.directory.change(icqMeta.unregister, { uin, password: ascii(password) }, what);
    }
    await proved(this.session.request(own.unregister, { clientKey: await this.keyOf(password, proof) }, own.unregistered, what));
    return undefined;
  }

  // -------------------------------------------------------------- particulars

  private async change(value: own.PasswordChange, what: string): Promise<{ readonly oldClients: boolean }> {
    const { oldClients } = await proved(this.session.request(own.passwordChange, value, own.passwordChanged, what));
    return { oldClients: oldClients === 1 };
  }

  private async keyOf(password: string, { salt, iterations }: ProofParts): Promise<Uint8Array> {
    return scram.clientKey(this.platform.scram, await this.platform.scram.salted(scram.passwordBytes(password), salt, iterations));
  }

  /** An old server does not ask; a person who left his desk would have been asked. */
  private check(password: string): void {
    if (password !== this.secret.password) throw wrongPassword();
  }
}

/**
 * Looks at a main password before it becomes a verifier: of a verifier the server cannot tell.
 *
 * @throws ClientError `refused` when it cannot be one
 */
export function checkPassword(wanted: string, what: string): void {
  const length = Array.from(wanted).length;
  if (length < 1 || length > PASSWORD_MAX || !wanted.isWellFormed()) throw unfit(`${what}: a password has 1 to ${PASSWORD_MAX} characters`);
}

async function proved<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof RequestRefused && error.code === ErrorCode.requestDenied ? wrongPassword() : error;
  }
}

function wrongPassword(): ClientError {
  return new ClientError('wrong-password', 'that is not your password; nothing was changed');
}

function unfit(message: string): ClientError {
  return new ClientError('refused', message);
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
