/**
 * What a front end can ask of the core on behalf of a session. The session is the actor: no command takes a sender's UIN,
 * so no client can speak for another.
 */
import type { Picture, PictureHash, PictureKind } from './pictures/picture.ts';
import type { Profile, ProfileChanges } from './directory/profile.ts';
import type { SearchCriteria, SearchResult } from './directory/search.ts';
import type { Account, ScramVerifier } from './ports.ts';
import type { Refusal } from './refusals.ts';
import type { RoomId, RoomKind, RoomView } from './rooms/room.ts';
import type {
  Body,
  EditResult,
  Message,
  MessageId,
  Original,
  Passing,
  Presence,
  PresenceView,
  RosterEdit,
  RosterItem,
  RosterState,
  StyledText,
  Time,
  Uin,
} from './words.ts';

interface Shape<I, O> {
  readonly input: I;
  readonly output: O;
}

export interface Commands {
  /** Changes what this session says about itself; absent parts stay, `undefined` removes. */
  'presence.set': Shape<{ readonly [K in keyof Presence]?: Presence[K] | undefined }, void>;
  /** The client is complete: announce it, tell it who is there. Only the first call does something. */
  'presence.ready': Shape<void, void>;
  /** What this user sees of another. Refused `off-line` when he is, or is so for this observer. */
  'presence.look': Shape<{ readonly uin: Uin }, { readonly view: PresenceView; readonly profile?: StyledText; readonly away?: StyledText }>;
  /** The account's own presence as its other sessions and contacts get it. */
  'presence.own': Shape<void, { readonly view: PresenceView; readonly externalAddress?: string; readonly sessionStartedAt: Time }>;

  /** Client-side lists: volatile, this session's own. */
  'contacts.add': Shape<{ readonly uins: readonly Uin[]; readonly temporary: boolean }, void>;
  'contacts.remove': Shape<{ readonly uins: readonly Uin[]; readonly temporary: boolean }, void>;
  /**
   * ICQ's lists of sessions that keep their roster themselves: switching to one clears the other (oscar.md §5.3) unless both
   * count side by side, as they do over UDP (icq-udp.md §13.2).
   */
  'visibility.edit': Shape<
    { readonly list: 'visible' | 'invisible'; readonly do: 'add' | 'remove'; readonly uins: readonly Uin[]; readonly sideBySide?: boolean },
    void
  >;

  'roster.load': Shape<void, RosterState>;
  /** From now on the server roster decides whom this session watches. */
  'roster.use': Shape<void, void>;
  /** One result per edit, in order, each applied independently; the stamp is that of the roster afterwards. `removed`: as they were. */
  'roster.edit': Shape<
    { readonly edits: readonly RosterEdit[]; readonly importing: boolean },
    { readonly results: readonly EditResult[]; readonly stamp: number; readonly removed: readonly RosterItem[] }
  >;

  'authorisation.request': Shape<{ readonly to: Uin; readonly reason: string }, void>;
  'authorisation.answer': Shape<{ readonly to: Uin; readonly granted: boolean; readonly reason: string }, void>;
  /** Grants before being asked. */
  'authorisation.grant': Shape<{ readonly to: Uin; readonly reason: string }, void>;
  /** Takes this user off another's list. */
  'authorisation.withdraw': Shape<{ readonly from: Uin }, void>;

  /**
   * Stores a message, then announces it; the answer comes after the commit. It is the same whether the recipient is off line or
   * hides from the sender (oscar.md §10.1), so nobody can ask that a message be refused when there is nobody to take it.
   */
  'messages.send': Shape<{ readonly to: Uin; readonly body: Body; readonly senderId?: string }, { readonly id: MessageId; readonly sentAt: Time }>;
  /**
   * Hands something to the recipient's sessions, never stored; the answer comes after it was written to them.
   * `needs`: refuse `not-supported-by-client` unless a session announced this capability; the same where nobody could make
   * anything of it, because it has no words and no session speaks as this one does. `concealed`: refuse `off-line` when this
   * observer does not see the recipient (oscar.md §10.1); otherwise he is given it, and the answer is yes whether he is there or not.
   */
  'messages.pass': Shape<{ readonly to: Uin; readonly passing: Passing; readonly needs?: string; readonly concealed: boolean }, void>;
  /**
   * Stored messages this session has not been given, oldest first. The front end reports each as `written`, like a live one.
   * `after`: the last one our own client has; those that came later are among them even if another client of the account
   * has confirmed them. At most `fetchMessagesMax` of each; who was given some asks again.
   */
  'messages.fetch': Shape<{ readonly after: MessageId } | undefined, readonly Message[]>;
  /** All that the last fetch gave is on its way to the client: what people write now may follow it. */
  'messages.given': Shape<void, void>;
  /** The client has what the last fetch gave it. */
  'messages.fetched': Shape<void, void>;

  /** The room of that name; it is made when there is none. Names of private rooms are their makers' and those they invited. */
  'rooms.open': Shape<{ readonly kind: RoomKind; readonly name: string }, RoomView>;
  'rooms.show': Shape<{ readonly room: RoomId }, RoomView>;
  /** Public rooms with this in their names, at most 40. */
  'rooms.list': Shape<{ readonly fragment: string }, readonly RoomView[]>;
  /** From now on somebody else may come into a private room: he has been told of it. Whoever ignores this user may not, and nobody says so. */
  'rooms.invite': Shape<{ readonly room: RoomId; readonly to: Uin }, void>;
  /** The others are told; from now on this session hears what is said. */
  'rooms.join': Shape<{ readonly room: RoomId }, RoomView>;
  'rooms.leave': Shape<{ readonly room: RoomId }, void>;
  /** `to`: to one member alone. `echo`: the session that speaks hears itself. */
  'rooms.say': Shape<{ readonly room: RoomId; readonly text: string; readonly to?: Uin; readonly echo: boolean; readonly original?: Original }, void>;

  /** This account shows the picture of this hash, or none of this kind. `wanted`: its bytes should be put. */
  'pictures.claim': Shape<{ readonly kind: PictureKind; readonly hash?: PictureHash }, { readonly state: 'shown' | 'wanted' | 'none' }>;
  /** The bytes of a picture that was `wanted`. The front end has made the hash of these very bytes. */
  'pictures.put': Shape<{ readonly kind: PictureKind; readonly hash: PictureHash; readonly bytes: Uint8Array }, Picture>;
  /** A picture somebody shows to this user. */
  'pictures.get': Shape<{ readonly uin: Uin; readonly hash: PictureHash }, { readonly bytes: Uint8Array }>;

  /** What somebody tells of himself, without what he hides from others. Refused `no-such-user`. */
  'profile.load': Shape<{ readonly uin: Uin }, Profile>;
  /** All of it or, refused `too-large` or `bad-input`, nothing; the answer comes after the commit. */
  'profile.change': Shape<{ readonly changes: ProfileChanges }, void>;
  /** Refused `bad-input` when it asks for nothing or for everybody, `slow-down` when this account searches like a machine. */
  'directory.search': Shape<{ readonly criteria: SearchCriteria; readonly limit?: number }, SearchResult>;

  /**
   * This account's password from now on; its other sessions end. It is what old clients sign on with, and the main password only
   * where the two are the same. Refused `bad-password`, `old-clients-off`.
   */
  'account.password': Shape<{ readonly password: string }, void>;
  /**
   * Other passwords of this account, for who proves the present main one; its other sessions end. Absent ones stay, but an old
   * password that was the main one opens nothing any more. The output: whether old clients may sign on. Refused `wrong-credentials`,
   * `bad-password`, `old-clients-off`, `bad-input` when there is nothing to change.
   */
  'account.credentials': Shape<{ readonly clientKey: Uint8Array; readonly main?: ScramVerifier; readonly old?: string }, { readonly oldClients: boolean }>;
  /**
   * Removes this account for good, all its sessions with it. Proved by either password, or by SCRAM's key of the main one: refused
   * `wrong-credentials`.
   */
  'account.unregister': Shape<{ readonly password: string } | { readonly clientKey: Uint8Array }, void>;
  /** What others may see and do; absent parts stay. `directPermissions` 0 and 1 show the address and 2 hides it, whatever `hideAddress` says. */
  'account.permissions': Shape<
    { readonly authorisationRequired?: boolean; readonly webAware?: boolean; readonly hideAddress?: boolean; readonly directPermissions?: number },
    void
  >;

  /** From now on others who look for somebody in this group may find this user. Refused `bad-input` for group 0. */
  'random.join': Shape<{ readonly group: number }, void>;
  'random.leave': Shape<void, void>;
  /** Somebody else of the group, whoever. Refused `off-line` when there is nobody. */
  'random.find': Shape<{ readonly group: number }, { readonly uin: Uin; readonly group: number }>;
}

export type CommandName = keyof Commands;
export type CommandInput<C extends CommandName> = Commands[C]['input'];
export type CommandOutput<C extends CommandName> = Commands[C]['output'];

/** Before there is a session. */
export interface SignOn {
  readonly uin: Uin;
  /** Whether the client proved this old password. Pure: it is also called with a dummy so that unknown accounts take the same time. */
  readonly proof: (oldPassword: string) => boolean;
}

/** The last step of SCRAM-SHA-256: what was said, and the proof of it. */
export interface ScramProof {
  readonly uin: Uin;
  /** RFC 5802 `AuthMessage`; its nonces and its channel binding are the front end's business. */
  readonly authMessage: Uint8Array;
  readonly proof: Uint8Array;
}

/** What a server tells everybody who asks to prove a password. */
export interface ScramChallenge {
  readonly salt: Uint8Array;
  readonly iterations: number;
}

export interface ScramProved {
  readonly account: Account;
  /** Tells the client that this server knows its verifier. */
  readonly serverSignature: Uint8Array;
}

export type { Refusal };
