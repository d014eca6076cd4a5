/** The core's door: accounts, sessions, and commands on behalf of sessions. */
import type { NewBan } from './bans/bans.ts';
import type { CommandInput, CommandName, CommandOutput, ScramChallenge, ScramProof, ScramProved, SignOn } from './commands.ts';
import type { Limits } from './limits.ts';
import type { Audit, Ban, Bus, Chance, Clock, ScramVerifier, Secrets, Store } from './ports.ts';
import type { Refused } from './refusals.ts';
import type { Session, SessionRequest } from './session.ts';
import type { Account } from './ports.ts';
import type { EndReason } from './events.ts';
import type { Peer, Uin } from './words.ts';

export interface CorePorts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly secrets: Secrets;
  readonly store: Store;
  readonly bus: Bus;
  /** Something went wrong that nobody is waiting for; for the log. */
  readonly report: (problem: string, error: unknown) => void;
  readonly audit: Audit;
}

export interface CoreSettings {
  readonly limits: Limits;
  readonly registration: 'open' | 'closed';
  readonly oldClients: 'same' | 'own' | 'off';
  readonly direct: 'off' | 'contacts' | 'all';
  readonly defaultCodepage: number;
}

export interface NewAccount {
  readonly uin?: Uin;
  /** The main password; or a verifier of one that nobody here is told, which then serves no old client. */
  readonly password: string | ScramVerifier;
  /** A separate old password; else `oldClients` decides. */
  readonly oldPassword?: string;
  readonly nickname?: string;
  readonly authorisationRequired?: boolean;
}

export interface CreatedAccount {
  readonly uin: Uin;
  /** Set when one was generated: the only moment it can be shown. */
  readonly generatedOldPassword?: string;
}

/** Counted store operations and what is in memory now, for metrics and the tests that count. */
export interface CoreFigures {
  readonly sessions: number;
  readonly usersOnLine: number;
  /** With somebody in them. */
  readonly rooms: number;
  readonly messagesStored: number;
  readonly messagesDelivered: number;
  readonly signOnsRefused: number;
}

export interface Core {
  /** Loads what has to be known before anybody may connect. Rejects when the store fails. */
  start(): Promise<void>;
  /** Whether a peer may connect at all. Front ends ask before anything else: for each connection, and for each datagram. */
  admits(peer: Pick<Peer, 'address'>): boolean;
  /** Calls when some peers are no longer admitted: a front end closes their connections at once. The result ends it. */
  whenBanned(close: () => void): () => void;
  /** Checks an old client's proof. Refusals: `wrong-credentials`, `slow-down`, `suspended`, `deleted`, `old-clients-off`, `unavailable`. */
  verify(signOn: SignOn, peer: Peer): Promise<Account | Refused>;
  /** SCRAM-SHA-256 with the main password, for our own clients, whatever `oldClients` says. */
  readonly scram: {
    /** Every UIN has an answer, and always the same one. Refusals: `unavailable`. */
    start(uin: Uin): Promise<ScramChallenge | Refused>;
    /** Refusals: as for `verify`, without `old-clients-off`. */
    finish(proof: ScramProof, peer: Peer): Promise<ScramProved | Refused>;
  };
  /** Registration by a client itself: subject to `registration` and its limits. */
  register(account: NewAccount, peer: Peer): Promise<CreatedAccount | Refused>;
  /**
   * The same for clients whose address nobody has proved: a number drawn by chance, and an account when somebody signs on to it
   * with the password. Nobody else gets the number meanwhile; it is forgotten after `limits.udpRegistrationMs`, and when the server stops.
   */
  reserve(account: NewAccount, peer: Peer): Promise<CreatedAccount | Refused>;
  /** Refusals: `too-many-sessions`, `unavailable`. Ends other sessions as design §5 says. */
  open(request: SessionRequest): Promise<Session | Refused>;
  /** Runs a command for a session. Never rejects: an unexpected failure is reported and refused as `unavailable`. */
  run<C extends CommandName>(session: Session, command: C, input: CommandInput<C>): Promise<CommandOutput<C> | Refused>;

  /** A session of this account was ended because it sent far too fast: the account has to stay outside for a while. */
  flooded(uin: Uin): void;

  /** The administrator's side. */
  readonly admin: {
    create(account: NewAccount): Promise<CreatedAccount | Refused>;
    show(uin: Uin): Promise<Account | undefined>;
    list(after: number, limit: number): Promise<readonly Account[]>;
    /** `nickname`, `codepage`, `authorisationRequired`, `hideAddress`. */
    set(uin: Uin, changes: Partial<Pick<Account, 'nickname' | 'codepage' | 'authorisationRequired' | 'hideAddress'>>): Promise<boolean>;
    /** After these return, the old password is refused and live sessions are gone. */
    passwd(uin: Uin, password: string, oldPassword?: string): Promise<CreatedAccount | Refused>;
    suspend(uin: Uin, suspended: boolean): Promise<boolean>;
    remove(uin: Uin): Promise<boolean>;
    sessionsOf(uin: Uin): readonly Session[];
    /** In effect when it resolves. Refusals: `bad-input`, `no-such-user`, `list-full`. */
    ban(ban: NewBan): Promise<Ban | Refused>;
    /** False when there is no such ban. */
    unban(target: string): Promise<boolean>;
    /** In order of target, from `after` exclusive. */
    bans(after: string, limit: number): readonly Ban[];
  };
  figures(): CoreFigures;
  /** Ends every session and waits for what is being written. */
  stop(reason: EndReason): Promise<void>;
}
