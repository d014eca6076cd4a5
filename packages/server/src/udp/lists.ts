/** The lists a client brings along: whom it watches, who may see it. @see icq-udp.md §13, §9.1 */
import { asUin, type CommandInput, type Session, type Uin } from '@seekyou/core';
import { commands, replies, type Version } from '@seekyou/wire/udp';
import { Quirk } from './clients.ts';
import { ask, become, type Handler, ifMissing, on, type Route, say, type UdpContext, type UdpEffect } from './state.ts';
import { FETCH_TIMER, fetchStored } from './stored.ts';

/** A client that has not sent every list is complete so long after the last one. They come at once, and slow lines need no longer. */
export const LISTS_SETTLE_MS = 1_000;
/** When nothing more can come. */
export const LISTS_DONE_MS = 1;
/** A client with empty lists sends none. */
export const LISTS_WAIT_MS = 5_000;
/** More may be in the next packet: this one was full. icqlib takes fewer than the others. @see icq-udp.md §2 */
export const FULL_LIST = 100;
const FULL_LIST_OF_ICQLIB = 64;

const LISTS_TIMER = 'lists';
const LIST_END_TIMER = 'list-end';
/** What a contact list changes is announced before its command is over. */
const AFTER_ANNOUNCEMENTS_MS = 1;

/**
 * Begins to wait for the lists; to be done when the client has been told that it is signed on. Until they are there it is
 * shown to nobody: its invisible list comes last.
 */
export function awaitLists(session: Session, version: Version): readonly UdpEffect[] {
  return [completeIn(LISTS_WAIT_MS, session, version)];
}

function completeIn(ms: number, session: Session, version: Version): UdpEffect {
  // What got lost may be the invisible list: it will be sent again.
  const later = (): readonly UdpEffect[] => [completeIn(LISTS_SETTLE_MS, session, version)];
  return { do: 'timer', name: LISTS_TIMER, ms, run: () => [ifMissing((missing) => (missing ? later() : complete(session, version)))] };
}

function complete(session: Session, version: Version): readonly UdpEffect[] {
  return [become({ complete: true, lists: undefined }), ask('presence.ready', undefined, () => listEnd(session, version), nothing)];
}

/** X1, after the contacts that are there: licq sounds no bell for anybody before it. */
function listEnd({ uin }: Session, version: Version): readonly UdpEffect[] {
  const end = say(replies.endOfContactList, NUMBERLESS.includes(version) ? {} : { uin });
  return [{ do: 'timer', name: LIST_END_TIMER, ms: AFTER_ANNOUNCEMENTS_MS, run: () => [end] }];
}

/** Versions whose X1 has no number in it. */
const NUMBERLESS: readonly Version[] = [3, 4];

/** Bits of the lists that came to their end. */
const CONTACTS = 1;
const VISIBLE = 2;
const INVISIBLE = 4;
const ALL_LISTS = CONTACTS | VISIBLE | INVISIBLE;

/** A list came: the client is complete with the third of them, or when no other follows. */
function settled({ session, state }: UdpContext, list: number, uins: readonly number[]): readonly UdpEffect[] {
  const lists = (state.lists ?? 0) | (isFull(uins) ? 0 : list);
  return [become({ lists }), completeIn(lists === ALL_LISTS ? LISTS_DONE_MS : LISTS_SETTLE_MS, session, state.version)];
}

function isFull(uins: readonly number[]): boolean {
  return uins.length >= FULL_LIST || uins.length === FULL_LIST_OF_ICQLIB;
}

const onContactList: Handler<{ readonly uins: readonly number[] }> = (context, { uins }) => [
  watch(context, uins),
  ...(context.state.complete ? listEnd(context.session, context.state.version) : settled(context, CONTACTS, uins)),
  ...(uins.length < FULL_LIST ? fetchUnasked(context) : []),
];

/** The number of contacts is limited; what is above it is not watched, as with any other client. */
function watch({ session }: UdpContext, uins: readonly number[]): UdpEffect {
  const others = people(uins).filter((uin) => uin !== session.uin);
  return ask('contacts.add', { uins: others, temporary: false }, nothing, nothing);
}

/** Numbers below those of accounts are nobody's. */
function people(uins: readonly number[]): readonly Uin[] {
  return uins.map(asUin).filter((uin) => uin !== undefined);
}

const nothing = (): readonly UdpEffect[] => [];

// COMPAT: licq never asks for its stored messages, and 99b relies on getting them after its contact list (icq-udp.md §9.1).
function fetchUnasked({ session, state }: UdpContext): readonly UdpEffect[] {
  if (state.version < 5 || state.fetched) return [];
  return [{ do: 'timer', name: FETCH_TIMER, ms: LISTS_SETTLE_MS, run: () => fetchStored(session) }];
}

const onAddToList: Handler<{ readonly uin: number }> = (context, { uin }) => [watch(context, [uin])];

type List = CommandInput<'visibility.edit'>['list'];

function onVisibility(list: List): Handler<{ readonly uins: readonly number[] }> {
  const bit = list === 'visible' ? VISIBLE : INVISIBLE;
  return (context, { uins }) => [editVisibility(list, 'add', uins), ...(context.state.complete ? [] : settled(context, bit, uins))];
}

function editVisibility(list: List, verb: 'add' | 'remove', uins: readonly number[]): UdpEffect {
  return ask('visibility.edit', { list, do: verb, uins: people(uins), sideBySide: true }, nothing, nothing);
}

const onUpdateList: Handler<{ readonly uin: number; readonly list: number; readonly add: number }> = ({ session }, { uin, list, add }) => {
  const which = session.profile.quirks.has(Quirk.licqOrder) ? LICQ_LISTS[list] : LISTS[list];
  return which === undefined ? [] : [editVisibility(which, add === 0 ? 'remove' : 'add', [uin])];
};

const LISTS: readonly (List | undefined)[] = ['invisible', 'invisible', 'visible'];
// COMPAT: licq counts from 0 (icq-udp.md §13.3).
const LICQ_LISTS: readonly (List | undefined)[] = ['invisible', 'visible'];

export const routes: readonly Route[] = [
  on(commands.contactList, onContactList),
  on(commands.addToList, onAddToList),
  on(commands.visibleList, onVisibility('visible')),
  on(commands.invisibleList, onVisibility('invisible')),
  on(commands.updateList, onUpdateList),
];
