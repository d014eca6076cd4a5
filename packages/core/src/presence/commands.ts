/** What a session says about itself, and asks about others. */
import type { CommandInput, CommandOutput } from '../commands.ts';
import type { CommandTable, LiveSession } from '../inside.ts';
import type { Limits } from '../limits.ts';
import { refuse, type Refused } from '../refusals.ts';
import type { Presence, StyledText } from '../words.ts';
import { appearanceOf, styledTextOf } from './appearance.ts';
import type { PresenceRoom } from './presence.ts';
import { isIpv4, ownView } from './view.ts';

type Changes = CommandInput<'presence.set'>;

export function presenceCommands(room: PresenceRoom, limits: Limits): CommandTable<'presence.set' | 'presence.ready' | 'presence.look' | 'presence.own'> {
  return {
    'presence.set': (session, changes) => set(room, limits, session, changes),
    'presence.ready': (session) => room.ready(session),
    'presence.look': (session, { uin }) => look(room, session, uin),
    'presence.own': (session) => own(room, session),
  };
}

function set(room: PresenceRoom, limits: Limits, session: LiveSession, changes: Changes): void | Refused {
  if (isTooLarge(changes, limits)) return refuse('too-large');
  session.presence = merged(session.presence, changes);
  const person = room.person(session.uin);
  if (person === undefined) return undefined;
  const changed = room.announce(person);
  // A client that set its status waits to hear it again (oscar.md §3.4, 01/0F); its siblings hear what is new.
  const echoed = 'status' in changes || 'direct' in changes || 'items' in changes;
  for (const watcher of person.watchers) {
    if (watcher.session === session ? echoed : changed) watcher.session.emit({ type: 'own-presence' });
  }
  return undefined;
}

function isTooLarge(changes: Changes, limits: Limits): boolean {
  const { profile, away, items, capabilities } = changes;
  const longest = Math.max(profile?.bytes.length ?? 0, away?.bytes.length ?? 0, items?.length ?? 0);
  if (longest > limits.profileBytesMax || (capabilities?.length ?? 0) > limits.capabilitiesMax) return true;
  return Math.max(profile?.mediaType.length ?? 0, away?.mediaType.length ?? 0) > limits.mediaTypeBytesMax;
}

const REMOVABLE = ['direct', 'idleSince', 'items', 'profile', 'away'] as const;

/** Status and capabilities cannot be removed. Bytes are copied: they are views of what a front end read. */
function merged(before: Presence, changes: Changes): Presence {
  const after: { -readonly [K in keyof Presence]?: Presence[K] | undefined } = { ...before, ...changes };
  after.status ??= before.status;
  after.capabilities ??= before.capabilities;
  if (changes.items !== undefined) after.items = changes.items.slice();
  if (changes.profile !== undefined) after.profile = ownText(changes.profile);
  if (changes.away !== undefined) after.away = ownText(changes.away);
  for (const key of REMOVABLE) if (after[key] === undefined) delete after[key];
  return after as Presence;
}

function ownText(text: StyledText): StyledText {
  return { mediaType: text.mediaType, bytes: text.bytes.slice() };
}

function look(room: PresenceRoom, session: LiveSession, uin: CommandInput<'presence.look'>['uin']): CommandOutput<'presence.look'> | Refused {
  const view = room.viewFor(session.uin, uin);
  if (view === undefined) return refuse('off-line');
  const sessions = room.person(uin)?.shown.map((watcher) => watcher.session) ?? [];
  const profile = styledTextOf(sessions, 'profile');
  const away = styledTextOf(sessions, 'away');
  return { view, ...(profile === undefined ? {} : { profile }), ...(away === undefined ? {} : { away }) };
}

function own(room: PresenceRoom, session: LiveSession): CommandOutput<'presence.own'> | Refused {
  const person = room.person(session.uin);
  // Before it is ready a client is shown to nobody, and sees itself as it will be.
  const appearance = session.ready ? person?.appearance : appearanceOf([session]);
  if (person === undefined || appearance === undefined) return refuse('unavailable');
  return {
    view: ownView(person, appearance),
    ...(session.peer.known && isIpv4(session.peer.address) ? { externalAddress: session.peer.address } : {}),
    sessionStartedAt: session.signedOnAt,
  };
}
