/** What an edit of a roster may do, and what comes of it. Pure: the caller knows who has to be asked, and stores. @see oscar.md §7 */
import type { Limits } from '../limits.ts';
import { utf8Bytes } from '../messages/body-size.ts';
import type { EditResult, RosterEdit, RosterItem, Uin } from '../words.ts';
import { type FileKey, fileKey, type ItemKey, type Roster } from './roster.ts';

/** May this person be seen by the owner of the roster? `unknown`: no such account. */
export type Permission = 'authorised' | 'required' | 'unknown';

export interface EditRules {
  readonly limits: Limits;
  /** The client says that it brings a list from elsewhere: nothing is refused for want of authorisation. */
  readonly importing: boolean;
  readonly permission: (contact: Uin) => Permission;
}

export interface Edited {
  readonly results: readonly EditResult[];
  /** What was done, as another session of the account has to repeat it. */
  readonly done: readonly RosterEdit[];
}

/** Applies each edit by itself to `roster`, noting in `before` what stood under each key it touched. */
export function applyEdits(roster: Roster, edits: readonly RosterEdit[], rules: EditRules, before: Map<FileKey, RosterItem | undefined>): Edited {
  const done: RosterEdit[] = [];
  const results = edits.map((edit) => applyOne(edit));
  return { results, done };

  function applyOne(edit: RosterEdit): EditResult {
    switch (edit.do) {
      case 'add':
        return put('add', edit.item, checkAdd(roster, edit.item, rules));
      case 'update':
        return put('update', edit.item, checkUpdate(roster, edit.item, rules));
      case 'remove':
        return remove(edit);
      default:
        return edit satisfies never;
    }
  }

  function put(verb: 'add' | 'update', item: RosterItem, checked: Checked): EditResult {
    if (checked !== 'done' && checked !== 'awaiting' && checked !== 'admitted') return checked;
    const kept = ownItem(item, checked === 'done' ? item.awaiting === true : checked === 'awaiting');
    note(kept);
    roster.put(kept);
    done.push({ do: verb, item: kept });
    return 'done';
  }

  function remove(key: ItemKey): EditResult {
    const item = roster.at(key);
    if (item === undefined) return 'not-found';
    // A group takes its contacts along: else they would stand in a group that does not exist.
    const all = item.kind === 'group' ? [...roster.contactsIn(item.groupId), item] : [item];
    for (const removed of all) {
      note(removed);
      roster.delete(removed);
      done.push({ do: 'remove', groupId: removed.groupId, itemId: removed.itemId, item: removed });
    }
    return 'done';
  }

  function note(key: ItemKey): void {
    const filed = fileKey(key);
    if (!before.has(filed)) before.set(filed, roster.at(key));
  }
}

/** What is done may be another thing than was asked for: `awaiting` with the mark, `admitted` without it. */
type Checked = EditResult | 'awaiting' | 'admitted';

/** Whose permission matters for these edits, as far as the roster shows. */
export function contactsToAsk(roster: Roster, edits: readonly RosterEdit[]): Set<Uin> {
  const uins = new Set<Uin>();
  for (const edit of edits) {
    if (edit.do === 'remove' || edit.item.kind !== 'contact' || edit.item.uin === undefined) continue;
    if (edit.do === 'add' || (edit.item.awaiting !== true && roster.at(edit.item)?.awaiting === true)) uins.add(edit.item.uin);
  }
  return uins;
}

function checkAdd(roster: Roster, item: RosterItem, rules: EditRules): Checked {
  if (!isSound(item, rules.limits)) return 'bad-item';
  if (roster.at(item) !== undefined) return 'exists';
  if (roster.size >= rules.limits.rosterItemsMax) return 'list-full';
  switch (item.kind) {
    case 'contact':
      return checkContact(roster, item, rules);
    case 'permit':
    case 'deny':
    case 'ignore':
      return checkListed(roster, item.kind, item, rules.limits);
    case 'visibility':
      return roster.hasVisibility ? 'list-full' : 'done';
    case 'group':
      return item.groupId === 0 || roster.groupCount < rules.limits.groupsMax ? 'done' : 'list-full';
    case 'other':
      return 'done';
    default:
      return item.kind satisfies never;
  }
}

function checkContact(roster: Roster, item: RosterItem, rules: EditRules): Checked {
  if (item.uin === undefined || !roster.hasGroup(item.groupId)) return 'bad-item';
  if (roster.contactItems(item.uin).some((other) => other.groupId === item.groupId)) return 'exists';
  // Counted by people: a full list can still be rearranged by adding in one group and removing in the other.
  if (!roster.hasContact(item.uin) && roster.contactCount >= rules.limits.contactsMax) return 'list-full';
  const permission = rules.permission(item.uin);
  // The other's setting decides, not the mark: climm marks everybody it adds.
  if (permission === 'authorised') return 'admitted';
  if (item.awaiting === true) return 'done';
  // A list brought from elsewhere keeps everybody, also those who have not come here yet; none of them is seen unasked.
  if (rules.importing) return 'awaiting';
  // Nobody has this number: a typing mistake is better told now than waited for.
  return permission === 'unknown' ? 'bad-item' : 'authorisation-required';
}

function checkListed(roster: Roster, kind: 'permit' | 'deny' | 'ignore', item: RosterItem, limits: Limits): EditResult {
  if (item.uin === undefined) return 'bad-item';
  return roster.onList(kind, item.uin) || roster.listSize(kind) < limits.rosterListMax ? 'done' : 'list-full';
}

function checkUpdate(roster: Roster, item: RosterItem, rules: EditRules): Checked {
  const old = roster.at(item);
  if (old === undefined) return 'not-found';
  // An item keeps its sort and its person; for another one there is another item.
  if (!isSound(item, rules.limits) || item.kind !== old.kind || item.type !== old.type || item.uin !== old.uin) return 'bad-item';
  // The mark goes when the other has agreed, whatever the client writes (oscar.md §15, row 14).
  if (old.awaiting === true && item.awaiting !== true && old.uin !== undefined && rules.permission(old.uin) !== 'authorised') return 'awaiting';
  return 'done';
}

function isSound(item: RosterItem, limits: Limits): boolean {
  if (!isWord(item.groupId) || !isWord(item.itemId) || !isWord(item.type)) return false;
  // Item id 0 is how a group is found.
  if ((item.itemId === 0) !== (item.kind === 'group')) return false;
  return utf8Bytes(item.name) + utf8Bytes(item.nickname ?? '') + item.attributes.length <= limits.rosterItemBytesMax;
}

const isWord = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 0xffff;

/** A copy to keep: what a front end hands over are views of what it read. */
function ownItem(item: RosterItem, awaiting: boolean): RosterItem {
  const kept = { ...item, attributes: item.attributes.slice() };
  return awaiting === (item.awaiting === true) ? kept : { ...kept, awaiting };
}
