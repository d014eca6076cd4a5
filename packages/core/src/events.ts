/** What the core tells a session. A front end renders each kind for its client, and the compiler misses none. */
import type { RoomId, RoomNews } from './rooms/room.ts';
import type { EditResult, Message, Passing, PresenceView, RosterEdit, SessionId, Time, Uin } from './words.ts';

export type EndReason =
  | 'signed-on-elsewhere'
  | 'account-removed'
  | 'account-suspended'
  | 'password-changed'
  | 'server-stopping'
  | 'too-slow'
  | 'not-ready'
  | 'idle'
  | 'failed';

export type SessionEvent =
  /** A contact came on line, or something about him changed. */
  | { readonly type: 'presence'; readonly view: PresenceView }
  /** A contact went off line, or is so for this observer. */
  | { readonly type: 'absence'; readonly uin: Uin }
  /** The account's own presence changed, or the server completed it. */
  | { readonly type: 'own-presence' }
  /** A stored message to deliver now; `sender` is what this recipient sees of him, if anything. */
  | { readonly type: 'message'; readonly message: Message; readonly sender?: PresenceView }
  /** Of an envelope, `sender` is where the session is that wrote it. */
  | { readonly type: 'passing'; readonly from: Uin; readonly passing: Passing; readonly sender?: PresenceView }
  /** Another session of the account edited the roster. */
  | { readonly type: 'roster-edited'; readonly edits: readonly RosterEdit[]; readonly stamp: number }
  /** Something happened in a room this session is in. */
  | { readonly type: 'room'; readonly room: RoomId; readonly news: RoomNews }
  /** The session is over; its front end says so to the client and closes. */
  | { readonly type: 'ended'; readonly reason: EndReason };

/** What travels over the bus on `user.<uin>` and `account.<uin>`. */
export type UserNotice =
  | { readonly type: 'message.stored'; readonly message: Message }
  | { readonly type: 'passing'; readonly from: Uin; readonly to: Uin; readonly passing: Passing }
  | { readonly type: 'session.opened'; readonly session: SessionId; readonly at: Time; readonly coexist: boolean; readonly own: boolean }
  | { readonly type: 'account.changed'; readonly end?: EndReason };

export type { EditResult };
