/** The seam between the core's own rooms: sessions and messages on one side, rosters and presence on the other. */
import type { CommandInput, CommandName, CommandOutput } from './commands.ts';
import type { FoundOnline } from './directory/search.ts';
import type { SessionEvent } from './events.ts';
import type { Account } from './ports.ts';
import type { Refused } from './refusals.ts';
import type { Session } from './session.ts';
import type { CorePorts, CoreSettings } from './service.ts';
import type { Body, Presence, PresenceView, Uin } from './words.ts';

/** What a session knows of its account: all but the secrets, which nobody needs after sign-on. */
export type AccountFacts = Omit<Account, 'main' | 'old'>;

/** A session as the core's rooms see it. */
export interface LiveSession extends Session {
  /** Kept up to date by administration. */
  account: AccountFacts;
  presence: Presence;
  /** After `presence.ready`: it may be shown to others and is told about them. */
  ready: boolean;
  /** Hands an event to the front end, unless the session has ended. */
  emit(event: SessionEvent): void;
}

/** Sessions on this node, by account. */
export interface SessionDirectory {
  of(uin: Uin): readonly LiveSession[];
  all(): Iterable<LiveSession>;
}

/** What every room is given. */
export interface Inside {
  readonly ports: CorePorts;
  readonly settings: CoreSettings;
  readonly sessions: SessionDirectory;
  /** The one message path; authorisation and "added" notices take it too. */
  readonly send: (from: Uin, to: Uin, body: Body) => Promise<Refused | { readonly id: number }>;
}

type Answer<C extends CommandName> = CommandOutput<C> | Refused | Promise<CommandOutput<C> | Refused>;
/** A room's commands. Synchronous where nothing has to be waited for. */
export type CommandTable<Names extends CommandName> = {
  readonly [C in Names]: (session: LiveSession, input: CommandInput<C>) => Answer<C>;
};

/** Rosters, presence and authorisation: who is on whose list, and who sees what. */
export interface People {
  /** Loads what the session's account needs; resolves before `open` does. */
  arrive(session: LiveSession): Promise<void>;
  /** The session has ended: tell its watchers unless another session keeps the account on line. */
  leave(session: LiveSession): void;
  /** Something about the account itself changed (administration): recompute who sees what. */
  refresh(uin: Uin): Promise<void>;
  /** The account is gone, and its number may become somebody else's. */
  forget(uin: Uin): Promise<void>;
  /** The subject as this observer sees him; `undefined` when he is off line or is so for this observer. */
  viewFor(observer: Uin, subject: Uin): PresenceView | undefined;
  /** Whether `viewFor` has a view, which is not made. */
  sees(observer: Uin, subject: Uin): boolean;
  /** What a search tells one of the other; `webAware`: as his profile has it. */
  shownOnLine(observer: Uin, subject: Uin, webAware: boolean): FoundOnline;
  /** The account shows other pictures: tell who sees it. */
  pictured(uin: Uin): void;
  /** Whether a user who is on line here ignores another. */
  ignores(owner: Uin, other: Uin): boolean;
  readonly commands: CommandTable<
    | 'presence.set'
    | 'presence.ready'
    | 'presence.look'
    | 'presence.own'
    | 'contacts.add'
    | 'contacts.remove'
    | 'visibility.edit'
    | 'roster.load'
    | 'roster.use'
    | 'roster.edit'
    | 'authorisation.request'
    | 'authorisation.answer'
    | 'authorisation.grant'
    | 'authorisation.withdraw'
  >;
}
