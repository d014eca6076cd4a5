/** Contact lists: the one kept here, and those that clients keep themselves. */
import type { CommandInput } from '../commands.ts';
import type { CommandTable, LiveSession } from '../inside.ts';
import type { Limits } from '../limits.ts';
import { refuse, type Refused } from '../refusals.ts';
import type { ClientList, Watcher } from '../presence/person.ts';
import type { PresenceRoom } from '../presence/presence.ts';
import type { RosterEdit, Uin } from '../words.ts';
import type { Rosters } from './rosters.ts';

type Names = 'contacts.add' | 'contacts.remove' | 'visibility.edit' | 'roster.load' | 'roster.use' | 'roster.edit';

export function rosterCommands(room: PresenceRoom, rosters: Rosters, limits: Limits): CommandTable<Names> {
  return {
    'contacts.add': (session, { uins, temporary }) =>
      withWatcher(session, (watcher) => fill(watcher, temporary ? 'temporary' : 'contacts', uins, limits.contactsMax)),
    'contacts.remove': (session, { uins, temporary }) =>
      withWatcher(session, (watcher) => room.editList(watcher, temporary ? 'temporary' : 'contacts', 'remove', uins)),
    'visibility.edit': (session, input) => withWatcher(session, (watcher) => editVisibility(watcher, input)),
    'roster.load': (session) =>
      withWatcher(session, (watcher) => {
        watcher.hasRoster = true;
        const { roster, stamp } = watcher.person.held;
        return { items: roster.ordered(), stamp };
      }),
    'roster.use': (session) =>
      withWatcher(session, (watcher) => {
        watcher.hasRoster = true;
        room.useRoster(watcher);
      }),
    'roster.edit': (session, { edits, importing }) =>
      withWatcher(session, (watcher) => {
        watcher.hasRoster = true;
        const stored = (done: readonly RosterEdit[], stamp: number): void => tellOfEdit(room, session.uin, done, stamp, session);
        return rosters.edit(watcher.person.held, { edits, importing, stored });
      }),
  };

  /** A session that ended in the meantime has no lists any more. */
  function withWatcher<T>(session: LiveSession, run: (watcher: Watcher) => T): T | Refused {
    const watcher = room.watcherOf(session);
    return watcher === undefined ? refuse('unavailable') : run(watcher);
  }

  /** Takes what fits. */
  function fill(watcher: Watcher, list: ClientList, uins: readonly Uin[], max: number): void | Refused {
    const there = watcher.list(list);
    const fresh = [...new Set(uins)].filter((uin) => !there.has(uin));
    const left = Math.max(0, max - there.size);
    room.editList(watcher, list, 'add', fresh.slice(0, left));
    return fresh.length > left ? refuse('list-full') : undefined;
  }

  /** A client that begins one list leaves the other: about to be invisible to all but these, or visible to all but these (oscar.md §5.3). */
  function editVisibility(watcher: Watcher, { list, do: verb, uins, sideBySide }: CommandInput<'visibility.edit'>): void | Refused {
    if (verb === 'remove') return room.editList(watcher, list, 'remove', uins);
    const other = list === 'visible' ? 'invisible' : 'visible';
    if (sideBySide !== true) room.editList(watcher, other, 'remove', [...watcher.list(other)]);
    return fill(watcher, list, uins, limits.rosterListMax);
  }
}

/** Sessions of the account that know its roster repeat the edit; the one that made it has done so already. */
export function tellOfEdit(room: PresenceRoom, owner: Uin, edits: readonly RosterEdit[], stamp: number, author?: LiveSession): void {
  for (const { session, hasRoster } of room.person(owner)?.watchers ?? []) {
    if (hasRoster && session !== author) session.emit({ type: 'roster-edited', edits, stamp });
  }
}
