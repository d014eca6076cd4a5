/** Family 03: lists of clients that keep them themselves, arrivals and departures. @see oscar.md §5.2 */
import { parseUin, type PresenceView, type Time, type Uin } from '@seekyou/core';
import { buddy, type UserInfo } from '@seekyou/wire/oscar';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { ask, type Handler, on, type OscarContext, type OscarEffect, reply, type Route, say } from './state.ts';
import { departedUser, presentUser } from './user-info.ts';

// The real server's; nobody was seen to go by them.
const NOTIFICATIONS_MAX = 0x0200;
const TEMPORARY_MAX = 0x00a0;

const onRightsQuery: Handler<unknown> = ({ limits }, _message, request) => [
  reply(request, buddy.rightsReply, {
    tlvs: { contactsMax: limits.contactsMax, watchersMax: limits.watchersMax, notificationsMax: NOTIFICATIONS_MAX, temporaryMax: TEMPORARY_MAX },
  }),
];

const onWatchersQuery: Handler<unknown> = (_context, _message, request) => [reply(request, buddy.watchersReply, { screenNames: [] })];

function onContacts(command: 'contacts.add' | 'contacts.remove', temporary: boolean): Handler<buddy.ScreenNames> {
  return (_context, { screenNames }, request) => {
    const uins = uinsOf(screenNames);
    if (uins.length === 0) return [];
    return [
      ask(
        command,
        { uins, temporary },
        () => [],
        ({ refusal }) => [reply(request, buddy.error, { code: REFUSAL_CODES[refusal], tlvs: {} })],
      ),
    ];
  };
}

/** The accounts among the names; others cannot be anybody here. */
export function uinsOf(screenNames: readonly string[]): readonly Uin[] {
  return screenNames.map(parseUin).filter((uin) => uin !== undefined);
}

export const routes: readonly Route[] = [
  on(buddy.rightsQuery, onRightsQuery),
  on(buddy.addBuddies, onContacts('contacts.add', false)),
  on(buddy.delBuddies, onContacts('contacts.remove', false)),
  on(buddy.addTempBuddies, onContacts('contacts.add', true)),
  on(buddy.delTempBuddies, onContacts('contacts.remove', true)),
  on(buddy.watchersQuery, onWatchersQuery),
  on(buddy.watcherSubRequest, () => []),
];

// ---------------------------------------------------------------- what the core announces

export function renderPresence({ now }: OscarContext, view: PresenceView): readonly OscarEffect[] {
  const info = shownNow(view, now);
  return [say(buddy.arrived, info, { shared: info })];
}

export function renderAbsence(_context: OscarContext, uin: Uin): readonly OscarEffect[] {
  return [say(buddy.departed, departedUser(uin))];
}

/** The seconds in a block are those of its making; so old it may be when it is sent to another observer. */
const FRESH_MS = 1_000;
const shown = new WeakMap<PresenceView, { readonly at: Time; readonly info: UserInfo }>();

/** One block, and so one encoding, for everybody who is shown the same view at about the same time. */
function shownNow(view: PresenceView, now: Time): UserInfo {
  const known = shown.get(view);
  if (known !== undefined && Math.abs(now - known.at) < FRESH_MS) return known.info;
  const info = presentUser(view, now);
  shown.set(view, { at: now, info });
  return info;
}
