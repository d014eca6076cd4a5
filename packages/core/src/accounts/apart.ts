/**
 * Whether an account's two passwords are two. Those that were set before `old_clients = "own"` may be one, and nobody can see it: to find
 * out takes a whole key derivation. So an account is looked at only when its old password was proved, and what was found is kept.
 */
import type { Limits } from '../limits.ts';
import type { Account, Secrets } from '../ports.ts';
import type { Uin } from '../words.ts';

interface Found {
  /** What was compared: another password makes others. */
  readonly credentials: string;
  readonly apart: Promise<boolean>;
}

export class ApartPasswords {
  private readonly secrets: Secrets;
  private readonly limits: Limits;
  // In order of use, so that the oldest can be forgotten.
  private readonly found = new Map<Uin, Found>();
  private comparing: Promise<unknown> = Promise.resolve();

  constructor(secrets: Secrets, limits: Limits) {
    this.secrets = secrets;
    this.limits = limits;
  }

  /** @throws when it could not be found out; it is tried again the next time */
  has(account: Account): Promise<boolean> {
    const { uin, main, old } = account;
    const credentials = String.fromCharCode(...main.storedKey, ...(old ?? []));
    const known = this.found.get(uin);
    const found = known?.credentials === credentials ? known : { credentials, apart: this.compare(account) };
    this.found.delete(uin);
    this.found.set(uin, found);
    for (const [oldest] of this.found) {
      if (this.found.size <= this.limits.passwordsComparedMax) break;
      this.found.delete(oldest);
    }
    return found.apart;
  }

  /** One after the other: the threads that derive keys also write what is acknowledged to the disk. */
  private compare({ uin, main, old }: Account): Promise<boolean> {
    const turn = this.comparing.then(async () => {
      const password = old === undefined ? undefined : this.secrets.open(uin, old);
      return password === undefined || !(await this.secrets.proves(password, main));
    });
    this.comparing = turn.catch(() => void this.found.delete(uin));
    return turn;
  }
}
