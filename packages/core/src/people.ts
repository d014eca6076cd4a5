/** Rosters, presence and authorisation, put together. */
import type { Inside, LiveSession, People } from './inside.ts';
import { presenceCommands } from './presence/commands.ts';
import { pairCookies } from './presence/pair-cookie.ts';
import { PresenceRoom } from './presence/presence.ts';
import { foundOnline } from './presence/view.ts';
import { AddedNotices } from './roster/added-notices.ts';
import { authorisationCommands } from './roster/authorisation.ts';
import { rosterCommands } from './roster/commands.ts';
import type { Permission } from './roster/edit.ts';
import { type HeldRoster, type RosterChange, Rosters } from './roster/rosters.ts';
import type { Uin } from './words.ts';

export interface PeopleParts {
  readonly people: People;
  readonly room: PresenceRoom;
  readonly rosters: Rosters;
}

export function createPeople(inside: Inside): People {
  return createPeopleParts(inside).people;
}

/** With what is inside, for tests that look there. */
export function createPeopleParts(inside: Inside): PeopleParts {
  const { ports, settings } = inside;
  const notices = new AddedNotices();
  const room = new PresenceRoom(settings.direct, pairCookies(ports.chance.bytes(8)));
  const rosters = new Rosters({ store: ports.store.rosters, clock: ports.clock, limits: settings.limits, permissionNow, changed });

  const people: People = {
    arrive,
    leave,
    refresh: (uin) => {
      const person = room.person(uin);
      if (person !== undefined) room.reconsider(person);
      return Promise.resolve();
    },
    forget: (uin) => {
      room.forgetNumber(uin);
      return rosters.forget(uin);
    },
    pictured: (uin) => {
      const person = room.person(uin);
      if (person === undefined || !room.announce(person)) return;
      for (const { session } of person.watchers) session.emit({ type: 'own-presence' });
    },
    viewFor: (observer, subject) => room.viewFor(observer, subject),
    sees: (observer, subject) => room.sees(observer, subject),
    shownOnLine: (observer, subject, webAware) => foundOnline(room.person(observer), room.person(subject), webAware),
    ignores: (owner, other) => room.person(owner)?.roster.ignores(other) ?? false,
    commands: {
      ...presenceCommands(room, settings.limits),
      ...rosterCommands(room, rosters, settings.limits),
      ...authorisationCommands(inside, room, rosters),
    },
  };
  return { people, room, rosters };

  async function arrive(session: LiveSession): Promise<void> {
    const held = await rosters.open(session.uin);
    // It may be gone before its roster is here.
    if (session.ended) rosters.release(held);
    else room.enter(session, held);
  }

  function leave(session: LiveSession): void {
    const held = room.person(session.uin)?.held;
    if (room.leave(session) && held !== undefined) rosters.release(held);
  }

  function permissionNow(asker: Uin, contact: Uin): Permission | undefined {
    const person = room.person(contact);
    return person === undefined ? undefined : person.authorises(asker) ? 'authorised' : 'required';
  }

  function changed(held: HeldRoster, change: RosterChange): void {
    room.rosterChanged(held, change.before, change.touched);
    for (const uin of notices.due(held, change, ports.clock.now())) {
      inside.send(held.uin, uin, { kind: 'added' }).catch((error: unknown) => ports.report(`telling ${uin} that ${held.uin} added him`, error));
    }
  }
}
