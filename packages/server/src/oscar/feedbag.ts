/** Family 13: the roster the server keeps, and authorisation between its owners. @see oscar.md §7 */
import type { EditResult, Limits, Refusal, RosterEdit, RosterItem, RosterState } from '@seekyou/core';
import { feedbag, type SnacDeclaration, SnacFlag } from '@seekyou/wire/oscar';
import { routes as authorisationRoutes } from './authorisation.ts';
import { claimAllPictures, claimPictures, dropPictures } from './bart.ts';
import { inReadingOrder, itemBytes, itemFromWire, itemToWire } from './feedbag-items.ts';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { ask, become, counted, type Handler, on, type OscarContext, type OscarEffect, type OscarState, reply, type Request, type Route, say } from './state.ts';

const onRightsQuery: Handler<feedbag.RightsQuery> = ({ limits }, _message, request) => [
  reply(request, feedbag.rightsReply, {
    itemsMax: itemsMax(limits),
    // The real server's; what they limit is left to the client.
    classAttributesMax: 0x00fe,
    itemAttributesMax: 0x01fc,
    clientItemsMax: 0x0064,
    nameBytesMax: 0x0061,
    recentMax: 0x000a,
  }),
];

/** By item type from 0. What nobody limits here has the real server's number. */
function itemsMax({ contactsMax, groupsMax, rosterListMax }: Limits): readonly number[] {
  const { ItemType } = feedbag;
  const max = [0, 0, 0, 0, 1, 1, 50, 0, 0, 3, 0, 0, 0, 128, 0, 20, 200, 1, 0, 1, 1];
  max[ItemType.buddy] = contactsMax;
  max[ItemType.group] = groupsMax;
  for (const type of [ItemType.permit, ItemType.deny, ItemType.ignore]) max[type] = rosterListMax;
  return max;
}

// ---------------------------------------------------------------- the whole roster

const onQuery: Handler<unknown> = ({ state }, _message, request) => load(request, state, (roster) => wholeRoster(request, roster));

const onQueryIfModified: Handler<feedbag.QueryIfModified> = ({ state }, { time, count }, request) =>
  load(request, state, (roster) => {
    // A client without a copy says 0/0, and an empty roster must come as one: climm waits for a 13/06 with a time.
    const current = time !== 0 && time === roster.stamp && count === roster.items.length;
    return current ? [reply(request, feedbag.replyNotModified, { time, count })] : wholeRoster(request, roster);
  });

/** From here on presence waits for 13/07. */
function load(request: Request, { askedRoster }: OscarState, answer: (roster: RosterState) => readonly OscarEffect[]): readonly OscarEffect[] {
  return [
    become({ askedRoster: true }),
    ask(
      'roster.load',
      undefined,
      // Pictures the roster names and the server does not have are asked for once.
      (roster) => [...answer(roster), ...(askedRoster ? [] : claimAllPictures(ownPictures(roster.items)))],
      ({ refusal }) => [failed(request, refusal)],
    ),
  ];
}

function ownPictures(items: readonly RosterItem[]): readonly feedbag.FeedbagItem[] {
  return items.filter(({ type }) => type === feedbag.ItemType.ownAvatar).map(itemToWire);
}

/** A FLAP of 8 KB is what clients have room for; headers and the frame of 13/06 are taken off. */
const ITEMS_BYTES_MAX = 8_192 - 32;

/** All parts but the last are marked by flag and time 0; some clients go by the one, some by the other. */
function wholeRoster(request: Request, roster: RosterState): readonly OscarEffect[] {
  const parts = packed(inReadingOrder(roster.items).map(itemToWire));
  return parts.map((items, index) => {
    const last = index === parts.length - 1;
    return reply(request, feedbag.reply, { version: 0, items, time: last ? Math.max(1, roster.stamp) : 0 }, last ? 0 : SnacFlag.more);
  });
}

/** Items by the packet, at least one packet. */
function packed(items: readonly feedbag.FeedbagItem[]): readonly (readonly feedbag.FeedbagItem[])[] {
  const parts: feedbag.FeedbagItem[][] = [[]];
  let room = ITEMS_BYTES_MAX;
  for (const item of items) {
    const part = parts.at(-1) as feedbag.FeedbagItem[];
    const size = itemBytes(item);
    if (size <= room || part.length === 0) {
      part.push(item);
      room -= size;
    } else {
      parts.push([item]);
      room = ITEMS_BYTES_MAX - size;
    }
  }
  return parts;
}

/** 01/02 may have come before (ICQ Lite, bitlbee) or come yet; the later of the two makes the session ready. */
const onUse: Handler<unknown> = ({ state }, _message, request) => [
  become({ usesRoster: true }),
  ask(
    'roster.use',
    undefined,
    () => (state.online ? [ask('presence.ready', undefined, nothing, nothing)] : []),
    ({ refusal }) => [failed(request, refusal)],
  ),
];

const nothing = (): readonly OscarEffect[] => [];

// ---------------------------------------------------------------- edits

const onStartCluster: Handler<feedbag.StartCluster> = (_context, { flags }) => [
  become({ edit: ((flags ?? 0) & feedbag.CLUSTER_IMPORT) === 0 ? 'open' : 'importing' }),
];

const onEndCluster: Handler<unknown> = () => [become({ edit: 'none' })];

/** One result per item, whatever became of the others: libpurple tells them apart by their order. */
function onEdit(make: (item: RosterItem) => RosterEdit): Handler<feedbag.Items> {
  return ({ session, state }, { items }, request) => {
    const edits = items.map((item) => make(itemFromWire(item, session.profile.codepage)));
    return [
      ask(
        'roster.edit',
        { edits, importing: state.edit === 'importing' },
        (answer) => [
          ...(answer.results.some((result) => !ORDINARY_RESULTS.has(result)) ? [REFUSED] : []),
          itemResults(
            request,
            answer.results.map((result) => RESULT_CODES[result]),
          ),
          ...claimPictures(items.filter((_, at) => edits[at]?.do !== 'remove' && answer.results[at] === 'done')),
          // As they were: clients name what they remove by its two numbers, with or without the rest.
          ...dropPictures(ownPictures(answer.removed)),
        ],
        () => [
          REFUSED,
          itemResults(
            request,
            edits.map(() => UNAVAILABLE),
          ),
        ],
      ),
    ];
  };
}

function itemResults(request: Request, results: readonly number[]): OscarEffect {
  return reply(request, feedbag.status, { results });
}

const { ItemResult } = feedbag;
const RESULT_CODES = {
  done: ItemResult.success,
  'not-found': ItemResult.notFound,
  exists: ItemResult.alreadyExists,
  'bad-item': ItemResult.invalid,
  'list-full': ItemResult.limitExceeded,
  'authorisation-required': ItemResult.authorizationRequired,
} satisfies Record<EditResult, number>;
/** Clients find out so whom they must ask first. */
const ORDINARY_RESULTS: ReadonlySet<EditResult> = new Set(['done', 'authorisation-required']);
const REFUSED = counted('oscar_snacs_refused');
/** None of the documented results means "not now"; every other number is a failure to clients. */
const UNAVAILABLE = 0x05;

/** What another session did, as that session said it. */
export function renderEdits({ state }: OscarContext, edits: readonly RosterEdit[]): readonly OscarEffect[] {
  if (!state.askedRoster || edits.length === 0) return [];
  return [
    say(feedbag.startCluster, {}),
    ...runsOf(edits).flatMap(({ declaration, items }) => packed(items).map((part) => say(declaration, { items: part }))),
    say(feedbag.endCluster, true),
  ];
}

const EDIT_DECLARATIONS = {
  add: feedbag.insertItems,
  update: feedbag.updateItems,
  remove: feedbag.deleteItems,
} satisfies Record<RosterEdit['do'], SnacDeclaration<feedbag.Items>>;

/** Neighbouring edits of one kind together, in their order. */
function runsOf(
  edits: readonly RosterEdit[],
): readonly { readonly declaration: SnacDeclaration<feedbag.Items>; readonly items: readonly feedbag.FeedbagItem[] }[] {
  const runs: { declaration: SnacDeclaration<feedbag.Items>; items: feedbag.FeedbagItem[] }[] = [];
  for (const edit of edits) {
    const declaration = EDIT_DECLARATIONS[edit.do];
    const item = edit.do === 'remove' ? removedItem(edit) : itemToWire(edit.item);
    const run = runs.at(-1);
    if (run?.declaration === declaration) run.items.push(item);
    else runs.push({ declaration, items: [item] });
  }
  return runs;
}

/** Clients find a removed item by its two numbers; name and type are there when the core told them. */
function removedItem({ groupId, itemId, item }: Extract<RosterEdit, { readonly do: 'remove' }>): feedbag.FeedbagItem {
  if (item !== undefined) return itemToWire(item);
  return feedbag.makeItem(itemId === 0 ? feedbag.ItemType.group : feedbag.ItemType.buddy, groupId, itemId, '');
}

function failed(request: Request, refusal: Refusal): OscarEffect {
  return reply(request, feedbag.error, { code: REFUSAL_CODES[refusal], tlvs: {} });
}

export const routes: readonly Route[] = [
  on(feedbag.rightsQuery, onRightsQuery),
  on(feedbag.query, onQuery),
  on(feedbag.queryIfModified, onQueryIfModified),
  on(feedbag.use, onUse),
  on(feedbag.startCluster, onStartCluster),
  on(feedbag.endCluster, onEndCluster),
  on(
    feedbag.insertItems,
    onEdit((item) => ({ do: 'add', item })),
  ),
  on(
    feedbag.updateItems,
    onEdit((item) => ({ do: 'update', item })),
  ),
  on(
    feedbag.deleteItems,
    onEdit(({ groupId, itemId }) => ({ do: 'remove', groupId, itemId })),
  ),
  ...authorisationRoutes,
];
