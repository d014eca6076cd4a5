/** Accounts: made, checked at sign-on, changed by their administrator. */
import type { ScramChallenge, ScramProof, ScramProved, SignOn } from '../commands.ts';
import { shownAddress } from '../audit/events.ts';
import type { EndReason } from '../events.ts';
import type { Account, AccountChanges, ScramVerifier } from '../ports.ts';
import { Refused, refuse } from '../refusals.ts';
import type { CorePorts, CoreSettings, CreatedAccount, NewAccount } from '../service.ts';
import { asUin, type Peer, type Uin, UIN_MAX } from '../words.ts';
import { SignOnBrake } from './brake.ts';
import type { Penalties } from '../security/penalties.ts';
import { ApartPasswords } from './apart.ts';
import { type Passwords, settlePasswords } from './passwords.ts';
import { RegistrationBrake } from './registrations.ts';
import { checkScram, isUsualVerifier } from './scram.ts';

/** Numbers below are for those who ask for one by name. */
const FIRST_ALLOCATED = 100_001;
/** Numbers drawn for strangers: long ones, which nobody guesses and counting does not reach soon. */
const DRAWN_FIRST = 100_000_000;
const DRAWN_COUNT = 900_000_000;
const DRAWS_MAX = 50;

/** Opens for itself, so that an unknown account costs what a known one does. Nobody has to be kept from this password. */
const NOBODY = UIN_MAX as Uin;
const NO_PASSWORD = 'nobody';

interface Credentials extends Pick<Passwords, 'old' | 'generated'> {
  readonly main: ScramVerifier;
}

export type AdminChanges = Partial<Pick<Account, 'nickname' | 'codepage' | 'authorisationRequired' | 'hideAddress'>>;

export class Accounts {
  private readonly ports: CorePorts;
  private readonly settings: CoreSettings;
  /** Carries a change to live sessions; with a reason, ends them. */
  private readonly changed: (uin: Uin, end?: EndReason) => Promise<void>;
  private readonly banned: (uin: Uin) => boolean;
  private readonly penalties: Penalties;
  private readonly brake: SignOnBrake;
  private readonly registrations: RegistrationBrake;
  private readonly apart: ApartPasswords;
  private readonly sealedForNobody: Uint8Array;
  /** Accounts to be: made when somebody proves to have their password. `createdAt` is when the number was given away. */
  private readonly reserved = new Map<Uin, Account>();
  private nextUin = FIRST_ALLOCATED as Uin;
  private allocating: Promise<unknown> = Promise.resolve();
  private refused = 0;

  constructor(
    ports: CorePorts,
    settings: CoreSettings,
    changed: (uin: Uin, end?: EndReason) => Promise<void>,
    banned: (uin: Uin) => boolean,
    penalties: Penalties,
  ) {
    this.ports = ports;
    this.settings = settings;
    this.changed = changed;
    this.banned = banned;
    this.penalties = penalties;
    this.brake = new SignOnBrake(settings.limits, ports.clock);
    this.registrations = new RegistrationBrake(settings.limits, ports.clock);
    this.apart = new ApartPasswords(ports.secrets, settings.limits);
    this.sealedForNobody = ports.secrets.seal(NOBODY, NO_PASSWORD);
  }

  get signOnsRefused(): number {
    return this.refused;
  }

  // -------------------------------------------------------------- sign-on

  async verify({ uin, proof }: SignOn, peer: Peer): Promise<Account | Refused> {
    if (this.settings.oldClients === 'off') return this.signOnRefused(uin, peer, refuse('old-clients-off'));
    const answer = await this.verifyBraked(uin, peer, (account) => (this.isProved(account, proof) ? account : undefined));
    if (answer instanceof Refused) return this.signOnRefused(uin, peer, answer);
    return this.settings.oldClients === 'own' ? this.withTwoPasswords(answer, peer) : answer;
  }

  /**
   * The password went over the wire as good as in the clear: it must not be the main one. Looked at when the brake is let go: only who
   * knows the password waits for it, and nobody waits behind him.
   */
  private async withTwoPasswords(account: Account, peer: Peer): Promise<Account | Refused> {
    const { uin } = account;
    try {
      if (await this.apart.has(account)) return account;
    } catch (error) {
      this.ports.report('a sign-on could not be checked', error);
      return this.signOnRefused(uin, peer, refuse('unavailable'));
    }
    const repair = `seekyou user passwd ${uin}`;
    this.ports.report(
      'an old client was refused, because the password it sends is the main one of its account',
      new Error(`old_clients = "own" needs two passwords, which \`${repair}\` makes`),
    );
    return this.signOnRefused(uin, peer, refuse('old-clients-off'), repair);
  }

  /** An account that is not there has a salt too. */
  async challenge(uin: Uin): Promise<ScramChallenge | Refused> {
    try {
      const account = await this.find(uin);
      const decoy = this.ports.secrets.decoy(uin);
      const { salt, iterations } = account?.main ?? decoy;
      return { salt, iterations };
    } catch (error) {
      this.ports.report('a sign-on could not be started', error);
      return refuse('unavailable');
    }
  }

  async verifyScram({ uin, authMessage, proof }: ScramProof, peer: Peer): Promise<ScramProved | Refused> {
    let serverSignature = new Uint8Array(0);
    const account = await this.verifyBraked(uin, peer, (found) => {
      const decoy = this.ports.secrets.decoy(uin);
      const checked = checkScram(this.ports.secrets, found?.main ?? decoy, authMessage, proof);
      serverSignature = checked.serverSignature;
      return checked.proved ? found : undefined;
    });
    return account instanceof Refused ? this.signOnRefused(uin, peer, account) : { account, serverSignature };
  }

  private signOnRefused(uin: Uin, peer: Peer, refused: Refused, repair?: string): Refused {
    this.refused++;
    this.ports.audit({ event: 'sign-on-refused', uin, address: shownAddress(peer), why: refused.refusal, ...(repair === undefined ? {} : { repair }) });
    return refused;
  }

  /** @param prove the account, when it was proved; called whether there is one or not */
  private async verifyBraked(uin: Uin, peer: Peer, prove: (account: Account | undefined) => Account | undefined): Promise<Account | Refused> {
    const attempt = await this.brake.enter(uin, peer);
    if (attempt instanceof Refused) return attempt;
    let outcome: 'right' | 'wrong' | 'not-looked-at' = 'not-looked-at';
    try {
      let proved = prove(await this.find(uin));
      if (proved !== undefined && proved === this.reserved.get(uin)) {
        await this.makeReserved(proved, peer);
        proved = prove(await this.ports.store.accounts.find(uin));
      }
      outcome = proved === undefined ? 'wrong' : 'right';
      return proved === undefined ? refuse('wrong-credentials') : this.standingOf(proved);
    } catch (error) {
      this.ports.report('a sign-on could not be checked', error);
      return refuse('unavailable');
    } finally {
      this.brake.leave(attempt, outcome);
    }
  }

  /** Does the same work whether or not there is such an account, and whether or not it has an old password. */
  private isProved(account: Account | undefined, proof: SignOn['proof']): boolean {
    const sealed = account?.old;
    const known = account !== undefined && sealed !== undefined;
    const password = this.ports.secrets.open(known ? account.uin : NOBODY, known ? sealed : this.sealedForNobody);
    if (password === undefined) {
      this.ports.report('an old password cannot be opened', new Error(`the password of ${account?.uin ?? 'nobody'} was sealed with another secret.key`));
    }
    const proved = proof(password ?? NO_PASSWORD);
    return proved && known && password !== undefined;
  }

  /** Told only to who knows the password. */
  private standingOf(account: Account): Account | Refused {
    if (account.state !== 'active') return refuse(account.state);
    if (this.banned(account.uin)) return refuse('suspended');
    const wait = this.penalties.waitMs(account.uin);
    return wait > 0 ? refuse('slow-down', wait) : account;
  }

  // ------------------------------------------------------------- creation

  /** A client makes its own account: whatever number it asks for, it gets the next one. */
  async register(account: NewAccount, peer: Peer): Promise<CreatedAccount | Refused> {
    if (this.settings.registration === 'closed') return refuse('registration-closed');
    const undo = this.registrations.enter(peer);
    if (undo instanceof Refused) return undo;
    try {
      const created = await this.make(account);
      if (created instanceof Refused) undo();
      else this.ports.audit({ event: 'account-made', uin: created.uin, by: 'client', address: shownAddress(peer) });
      return created;
    } catch (error) {
      undo();
      this.ports.report('an account could not be registered', error);
      return refuse('unavailable');
    }
  }

  /** Counts as a registration, whether an account comes of it or not. */
  async reserve(request: NewAccount, peer: Peer): Promise<CreatedAccount | Refused> {
    if (this.settings.registration === 'closed') return refuse('registration-closed');
    const undo = this.registrations.enter(peer);
    if (undo instanceof Refused) return undo;
    try {
      const credentials = await this.credentialsOf(request);
      const uin = credentials instanceof Refused ? undefined : await this.draw((drawn) => this.accountOf(drawn, request, credentials));
      if (credentials instanceof Refused) undo();
      else if (uin !== undefined) return createdOf(uin, credentials);
      else undo();
      return credentials instanceof Refused ? credentials : refuse('unavailable');
    } catch (error) {
      undo();
      this.ports.report('a number could not be reserved', error);
      return refuse('unavailable');
    }
  }

  /** A number nobody has, drawn by chance, and reserved. */
  private async draw(accountOf: (uin: Uin) => Account): Promise<Uin | undefined> {
    for (const uin of this.reserved.keys()) this.reservedOf(uin);
    for (let tries = 0; tries < DRAWS_MAX; tries++) {
      const number = new DataView(Uint8Array.from(this.ports.chance.bytes(4)).buffer).getUint32(0);
      const uin = (DRAWN_FIRST + (number % DRAWN_COUNT)) as Uin;
      if ((await this.ports.store.accounts.find(uin)) !== undefined || this.reserved.has(uin)) continue;
      this.reserved.set(uin, accountOf(uin));
      return uin;
    }
    return undefined;
  }

  /** The account, or what becomes one when its password is proved. */
  private async find(uin: Uin): Promise<Account | undefined> {
    return (await this.ports.store.accounts.find(uin)) ?? this.reservedOf(uin);
  }

  private reservedOf(uin: Uin): Account | undefined {
    const account = this.reserved.get(uin);
    if (account === undefined || this.ports.clock.now() - account.createdAt < this.settings.limits.udpRegistrationMs) return account;
    this.reserved.delete(uin);
    return undefined;
  }

  private async makeReserved(account: Account, peer: Peer): Promise<void> {
    const { uin } = account;
    const made = await this.ports.store.accounts.create({ ...account, createdAt: this.ports.clock.now() });
    this.reserved.delete(uin);
    if (made) this.ports.audit({ event: 'account-made', uin, by: 'client', address: shownAddress(peer) });
  }

  /** Refusals: as for passwords, and `not-allowed` when the UIN is taken. */
  async create(request: NewAccount, wanted?: Uin): Promise<CreatedAccount | Refused> {
    const created = await this.make(request, wanted);
    if (!(created instanceof Refused)) this.ports.audit({ event: 'account-made', uin: created.uin, by: 'administrator' });
    return created;
  }

  private async make(request: NewAccount, wanted?: Uin): Promise<CreatedAccount | Refused> {
    const credentials = await this.credentialsOf(request);
    if (credentials instanceof Refused) return credentials;
    for (;;) {
      const uin = wanted ?? (await this.allocate());
      if (uin === undefined) return refuse('unavailable');
      if (await this.store(this.accountOf(uin, request, credentials))) return createdOf(uin, credentials);
      if (wanted !== undefined) return refuse('not-allowed');
    }
  }

  private async credentialsOf({ password, oldPassword }: NewAccount): Promise<Credentials | Refused> {
    if (typeof password !== 'string')
      return isUsualVerifier(this.ports.secrets, password) ? { main: password, old: undefined, generated: false } : refuse('bad-password');
    const passwords = settlePasswords(password, oldPassword, this.settings.oldClients, this.ports.chance);
    return passwords instanceof Refused ? passwords : { ...passwords, main: await this.ports.secrets.verifier(passwords.main) };
  }

  /** False when the number is taken. That of a deleted account may be given to somebody by name. */
  private async store(account: Account): Promise<boolean> {
    const { accounts } = this.ports.store;
    if (this.reservedOf(account.uin) !== undefined) return false;
    if (await accounts.create(account)) return true;
    const there = await accounts.find(account.uin);
    if (there?.state !== 'deleted') return false;
    await accounts.remove(account.uin);
    return accounts.create(account);
  }

  private accountOf(uin: Uin, request: NewAccount, { main, old }: Credentials): Account {
    return {
      uin,
      state: 'active',
      createdAt: this.ports.clock.now(),
      main,
      ...(old === undefined ? {} : { old: this.ports.secrets.seal(uin, old) }),
      nickname: request.nickname ?? '',
      // As ICQ did (oscar.md §10.3): who wants to be seen by everybody says so.
      authorisationRequired: request.authorisationRequired ?? true,
      hideAddress: false,
    };
  }

  /** The next number nobody ever had. One after the other, so that a crowd does not ask for the same one. */
  private allocate(): Promise<Uin | undefined> {
    const turn = this.allocating.then(async () => {
      for (;;) {
        const uin = asUin(await this.ports.store.accounts.nextFree(this.nextUin));
        if (uin !== undefined && uin < UIN_MAX) this.nextUin = (uin + 1) as Uin;
        if (uin === undefined || this.reservedOf(uin) === undefined) return uin;
      }
    });
    this.allocating = turn.catch(() => undefined);
    return turn;
  }

  // ------------------------------------------------------- administration

  async show(uin: Uin): Promise<Account | undefined> {
    const account = await this.ports.store.accounts.find(uin);
    return account?.state === 'deleted' ? undefined : account;
  }

  /** In order of UIN, from `after` exclusive; shorter than `limit` only at the end. */
  async list(after: number, limit: number): Promise<readonly Account[]> {
    const found: Account[] = [];
    for (let from = after; found.length < limit; ) {
      const page = await this.ports.store.accounts.list(from, limit);
      for (const account of page) if (account.state !== 'deleted' && found.length < limit) found.push(account);
      const last = page.at(-1);
      if (last === undefined || page.length < limit) break;
      from = last.uin;
    }
    return found;
  }

  async set(uin: Uin, changes: AdminChanges): Promise<boolean> {
    if (!(await this.update(uin, changes))) return false;
    await this.changed(uin);
    return true;
  }

  async passwd(uin: Uin, password: string, oldPassword?: string): Promise<CreatedAccount | Refused> {
    const passwords = settlePasswords(password, oldPassword, this.settings.oldClients, this.ports.chance);
    if (passwords instanceof Refused) return passwords;
    const main = await this.ports.secrets.verifier(passwords.main);
    const old = passwords.old === undefined ? undefined : this.ports.secrets.seal(uin, passwords.old);
    if (!(await this.update(uin, { main, old }))) return refuse('no-such-user');
    await this.changed(uin, 'password-changed');
    this.ports.audit({ event: 'password-changed', uin, by: 'administrator' });
    return createdOf(uin, passwords);
  }

  async suspend(uin: Uin, suspended: boolean): Promise<boolean> {
    if (!(await this.update(uin, { state: suspended ? 'suspended' : 'active' }))) return false;
    await this.changed(uin, suspended ? 'account-suspended' : undefined);
    this.ports.audit({ event: suspended ? 'suspended' : 'resumed', uin });
    return true;
  }

  /**
   * Nothing of the account stays but its number and the means to tell its owner, and nobody else, that it is deleted.
   * The number is not allocated again.
   */
  async remove(uin: Uin, by: 'administrator' | 'owner' = 'administrator'): Promise<boolean> {
    const account = await this.show(uin);
    if (account === undefined || !(await this.ports.store.accounts.remove(uin))) return false;
    const { createdAt, main, old } = account;
    const rest = { nickname: '', authorisationRequired: true, hideAddress: true };
    await this.ports.store.accounts.create({ uin, state: 'deleted', createdAt, main, ...(old === undefined ? {} : { old }), ...rest });
    // An owner's own session has an answer to wait for: whoever asked for him ends it.
    if (by === 'administrator') await this.changed(uin, 'account-removed');
    this.ports.audit({ event: 'account-removed', uin, by });
    return true;
  }

  private async update(uin: Uin, changes: AccountChanges): Promise<boolean> {
    return (await this.show(uin)) !== undefined && this.ports.store.accounts.update(uin, changes);
  }
}

function createdOf(uin: Uin, passwords: Pick<Passwords, 'old' | 'generated'>): CreatedAccount {
  return passwords.generated && passwords.old !== undefined ? { uin, generatedOldPassword: passwords.old } : { uin };
}
