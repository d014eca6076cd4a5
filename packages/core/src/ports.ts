/** What the core needs from outside. Each port has one contract suite in `testing.ts`, which every adapter runs. */
import type { SecurityEvent } from './audit/events.ts';
import type { DirectoryStore, ProfileStore } from './directory/store.ts';
import type { Picture } from './pictures/picture.ts';
import type { PictureStore } from './pictures/store.ts';
import type { RoomStore } from './rooms/store.ts';
import type { Body, Message, MessageId, RosterItem, RosterState, Time, Uin } from './words.ts';

export interface Clock {
  now(): Time;
  /** Calls `run` once, `ms` from now. The result cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** Chance from outside; in production a cryptographic source. */
export interface Chance {
  bytes(length: number): Uint8Array;
}

// ---------------------------------------------------------------- secrets

/** RFC 5802 verifier with SHA-256 (RFC 7677). */
export interface ScramVerifier {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

export interface Secrets {
  /** A verifier for a main password: nothing password-like is kept. */
  verifier(password: string): Promise<ScramVerifier>;
  /** Whether this is the password of a verifier. */
  proves(password: string, verifier: ScramVerifier): Promise<boolean>;
  /** Stands in where there is no account: always the same for a UIN, made from the server's key, and nothing proves it. */
  decoy(uin: Uin): ScramVerifier;
  sha256(data: Uint8Array): Uint8Array;
  /** HMAC-SHA-256. */
  hmac(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** Encrypts an old password under the server's key, bound to its UIN. */
  seal(uin: Uin, password: string): Uint8Array;
  /** `undefined` when the key is another one. */
  open(uin: Uin, sealed: Uint8Array): string | undefined;
  /** 32 hexadecimal digits that always stand for the same text, and from which nobody without the server's key finds it. */
  mark(uin: Uin, text: string): string;
}

// ---------------------------------------------------------------- store

export type AccountState = 'active' | 'suspended' | 'deleted';

export interface Account {
  readonly uin: Uin;
  readonly state: AccountState;
  readonly createdAt: Time;
  readonly main: ScramVerifier;
  /** The sealed old password; absent when old clients may not use this account. */
  readonly old?: Uint8Array;
  readonly nickname: string;
  /** Windows code page; absent: the client's, then the server's. */
  readonly codepage?: number;
  /** Others need permission to see this account's presence. */
  readonly authorisationRequired: boolean;
  readonly hideAddress: boolean;
  readonly lastSeenAt?: Time;
  /** Which pictures it shows; `Store.pictures.save` sets them. Absent: none. */
  readonly pictures?: readonly Picture[];
}

export type AccountChanges = {
  readonly [K in Exclude<keyof Account, 'uin' | 'createdAt' | 'pictures'>]?: Account[K] | undefined;
};

export interface StoredRoster extends RosterState {
  /** Who may see this account though it requires authorisation. */
  readonly granted: readonly Uin[];
}

export interface MessageDraft {
  readonly from: Uin;
  readonly to: Uin;
  readonly body: Body;
  readonly sentAt: Time;
  /** Random 128-bit id of our own senders, 32 hexadecimal digits; a repeated one is not stored twice. */
  readonly senderId?: string;
  /** Counts against the mailbox limits: when the recipient has no session that takes it at once. */
  readonly limited: boolean;
  /**
   * The caller has seen for itself that the recipient exists, is there to take it, and does not ignore the sender: nobody looks
   * again. Never together with `limited`.
   */
  readonly checked?: boolean;
}

export interface MailboxLimits {
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly perSenderMax: number;
}

export type Appended =
  | { readonly outcome: 'stored'; readonly id: MessageId }
  /** The same sender id was stored before, as this message. */
  | { readonly outcome: 'repeated'; readonly id: MessageId }
  /** The recipient ignores the sender; nobody but us knows. */
  | { readonly outcome: 'ignored' }
  | { readonly outcome: 'no-such-user' }
  | { readonly outcome: 'full' };

/** Both ends included. */
export interface IdRange {
  readonly first: MessageId;
  readonly last: MessageId;
}

/** Somebody who may not come in. */
export interface Ban {
  /** A UIN in digits, or a network: `10001`, `192.0.2.0/24`, `2001:db8::/32`, `192.0.2.7`. */
  readonly target: string;
  /** For the administrator's own memory; may be empty. */
  readonly reason: string;
  readonly since: Time;
  /** From then on it does nothing; absent: for good. */
  readonly until?: Time;
}

/**
 * Everything the service remembers. Results come after the commit: what was answered survives a crash.
 * An operation is all or nothing; one that fails (disk full) rejects with `StoreFailed` and leaves nothing behind.
 */
export interface Store {
  readonly accounts: {
    /** False when the UIN is taken. */
    create(account: Account): Promise<boolean>;
    /** The lowest UIN at or above `atLeast` that was never used. Somebody else may take it first: `create` tells. */
    nextFree(atLeast: Uin): Promise<Uin>;
    find(uin: Uin): Promise<Account | undefined>;
    /** False when there is none. `undefined` removes an optional value. */
    update(uin: Uin, changes: AccountChanges): Promise<boolean>;
    /** Removes the account with its roster, grants and mailbox. */
    remove(uin: Uin): Promise<boolean>;
    /** In order of UIN, from `after` exclusive. */
    list(after: number, limit: number): Promise<readonly Account[]>;
    count(): Promise<number>;
  };
  readonly rosters: {
    load(uin: Uin): Promise<StoredRoster>;
    /** Replaces, adds and removes items by key; `stamp` becomes the roster's. */
    save(
      uin: Uin,
      changes: {
        readonly put: readonly RosterItem[];
        readonly remove: readonly { readonly groupId: number; readonly itemId: number }[];
        readonly stamp: number;
      },
    ): Promise<void>;
    grant(owner: Uin, contact: Uin): Promise<void>;
    revoke(owner: Uin, contact: Uin): Promise<void>;
    /** What a person who wants to add `owner` needs to know. `undefined`: no such account. */
    standing(
      owner: Uin,
      contact: Uin,
    ): Promise<{ readonly authorisationRequired: boolean; readonly granted: boolean; readonly lists: boolean; readonly ignores: boolean } | undefined>;
  };
  readonly mailboxes: {
    /** Checks the recipient, his ignore list, repeats and limits, and stores: one operation, whatever the size of the database. */
    append(draft: MessageDraft, limits: MailboxLimits): Promise<Appended>;
    /** Messages nobody has confirmed, oldest first. */
    pending(uin: Uin, limit: number): Promise<readonly Message[]>;
    /** Marks messages as delivered. A crash may forget the marks of its last seconds: those messages are delivered once more. */
    confirm(uin: Uin, ranges: readonly IdRange[], at: Time): Promise<void>;
    /** Delivered or not, after a cursor, oldest first: how our own clients catch up. */
    since(uin: Uin, after: MessageId, limit: number): Promise<readonly Message[]>;
    /** Forgets at most `limit` messages that are too old; returns how many. */
    prune(deliveredBefore: Time, sentBefore: Time, limit: number): Promise<number>;
  };
  readonly bans: {
    list(): Promise<readonly Ban[]>;
    /** Adds it, or replaces the one of the same target. */
    put(ban: Ban): Promise<void>;
    /** False when there is none. */
    remove(target: string): Promise<boolean>;
  };
  readonly places: {
    /**
     * Remembers where an account signed on from, under a mark that tells nobody the address; of more than `max` the ones
     * longest not seen are forgotten. Answers whether the mark was there, and `first` when there was none at all. An account
     * that does not exist is `known` everywhere.
     */
    visit(uin: Uin, mark: string, at: Time, max: number): Promise<'first' | 'known' | 'new'>;
  };
  readonly rooms: RoomStore;
  readonly pictures: PictureStore;
  readonly profiles: ProfileStore;
  readonly directory: DirectoryStore;
  close(): Promise<void>;
}

/** The store could not do it; nothing was changed. `full`: no space left on the device. */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed';
  readonly code: 'full' | 'closed' | 'busy' | 'broken';

  constructor(code: 'full' | 'closed' | 'busy' | 'broken', message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

// ---------------------------------------------------------------- audit

/** Keeps a record of what concerns security. Must not throw, and nobody waits for it. */
export type Audit = (event: SecurityEvent) => void;

// ---------------------------------------------------------------- bus

/**
 * Nudges between the nodes of one service. Subjects are words joined by dots, `user.10001`.
 * Delivery is at most once and in order per publisher; the store is the truth.
 */
export interface Bus {
  /** Nobody but this process is on it: what is meant for other nodes alone need not be said, or listened for. */
  readonly alone: boolean;
  /** Returns at once; a subscriber that throws does not disturb the others. */
  publish(subject: string, payload: unknown): void;
  /** The result ends the subscription. */
  subscribe(subject: string, handle: (payload: unknown) => void): () => void;
  /** Rejects with `NoResponders` at once when nobody answers on the subject, or with `RequestTimeout`. */
  request(subject: string, payload: unknown, timeoutMs: number): Promise<unknown>;
  respond(subject: string, answer: (payload: unknown) => unknown): () => void;
  close(): Promise<void>;
}

export class NoResponders extends Error {
  override readonly name = 'NoResponders';
}

export class RequestTimeout extends Error {
  override readonly name = 'RequestTimeout';
}
