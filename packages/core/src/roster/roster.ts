/** A roster in memory: its items by key, and what they say about other people. */
import type { RosterItem, Uin, VisibilityMode } from '../words.ts';
import { Tally } from './tally.ts';

export interface ItemKey {
  readonly groupId: number;
  readonly itemId: number;
}

/** How items are filed here. */
export type FileKey = number;

export function fileKey(key: ItemKey): FileKey {
  return key.groupId * 0x10000 + key.itemId;
}

export function keyOf(filed: FileKey): ItemKey {
  return { groupId: Math.floor(filed / 0x10000), itemId: filed % 0x10000 };
}

export class Roster {
  /** As they came from the store. They are filed when one of them is looked for, which most people's never are. */
  private unfiled: readonly RosterItem[] = NONE;
  private filed: Map<FileKey, RosterItem> | undefined;
  /** Everybody in the contact list. */
  private contacts = new Tally();
  /** Of these, the entries that wait for authorisation. */
  private awaiting = new Tally();
  private permitted = new Tally();
  private denied = new Tally();
  private ignored = new Tally();
  private visibility: RosterItem | undefined;
  private groups = 0;

  /** @param items each with a key of its own */
  static of(items: readonly RosterItem[]): Roster {
    const roster = new Roster();
    roster.unfiled = items;
    for (const item of items) roster.note(item);
    return roster;
  }

  copy(): Roster {
    const copy = new Roster();
    copy.unfiled = this.unfiled;
    if (this.filed !== undefined) copy.filed = new Map(this.filed);
    copy.contacts = this.contacts.copy();
    copy.awaiting = this.awaiting.copy();
    copy.permitted = this.permitted.copy();
    copy.denied = this.denied.copy();
    copy.ignored = this.ignored.copy();
    copy.visibility = this.visibility;
    copy.groups = this.groups;
    return copy;
  }

  get size(): number {
    return this.filed?.size ?? this.unfiled.length;
  }

  /** Different people in the contact list. */
  get contactCount(): number {
    return this.contacts.size;
  }

  /** Groups people made; the master group only lists them. */
  get groupCount(): number {
    return this.groups;
  }

  at(key: ItemKey): RosterItem | undefined {
    return this.size === 0 ? undefined : this.files().get(fileKey(key));
  }

  hasGroup(groupId: number): boolean {
    return this.at({ groupId, itemId: 0 })?.kind === 'group';
  }

  /** In the contact list, authorised or not. */
  hasContact(uin: Uin): boolean {
    return this.contacts.has(uin);
  }

  /** In the contact list, and not only waiting for authorisation: presence is wanted. */
  follows(uin: Uin): boolean {
    return this.contacts.count(uin) > this.awaiting.count(uin);
  }

  permits(uin: Uin): boolean {
    return this.permitted.has(uin);
  }

  denies(uin: Uin): boolean {
    return this.denied.has(uin);
  }

  ignores(uin: Uin): boolean {
    return this.ignored.has(uin);
  }

  /** oscar.md §7.1: without a visibility item, or with one that names no mode, the deny list still counts. */
  get mode(): VisibilityMode {
    return this.visibility?.mode ?? 'not-denied';
  }

  get hasVisibility(): boolean {
    return this.visibility !== undefined;
  }

  /** Everybody in the contact list, each once. */
  contactUins(): Iterable<Uin> {
    return this.contacts.uins();
  }

  /** Different people on a list. */
  listSize(kind: 'permit' | 'deny' | 'ignore'): number {
    return this.listOf(kind).size;
  }

  onList(kind: 'permit' | 'deny' | 'ignore', uin: Uin): boolean {
    return this.listOf(kind).has(uin);
  }

  contactsIn(groupId: number): RosterItem[] {
    return this.all().filter((item) => item.kind === 'contact' && item.groupId === groupId);
  }

  /** The entries for one contact, perhaps in several groups. */
  contactItems(uin: Uin): RosterItem[] {
    if (!this.contacts.has(uin)) return [];
    return this.all().filter((item) => item.kind === 'contact' && item.uin === uin);
  }

  /**
   * All items in the order clients can read: the master group, each group before its contacts, then the rest. Clients
   * resolve groups as they read (oscar.md §7.2).
   */
  ordered(): RosterItem[] {
    const rank = (item: RosterItem): number => (item.kind === 'group' ? 0 : item.kind === 'contact' ? 1 : 2);
    const place = (item: RosterItem): number => (rank(item) === 2 ? 1 : 0);
    return this.all().toSorted((a, b) => place(a) - place(b) || a.groupId - b.groupId || rank(a) - rank(b) || a.itemId - b.itemId);
  }

  /** Adds an item or replaces the one of its key. */
  put(item: RosterItem): void {
    this.delete(item);
    this.files().set(fileKey(item), item);
    this.note(item);
  }

  private note(item: RosterItem): void {
    if (item.kind === 'visibility') this.visibility = item;
    if (isOwnGroup(item)) this.groups++;
    if (item.uin === undefined) return;
    this.tallyOf(item)?.add(item.uin);
    if (item.kind === 'contact' && item.awaiting === true) this.awaiting.add(item.uin);
  }

  delete(key: ItemKey): void {
    const item = this.at(key);
    if (item === undefined) return;
    this.files().delete(fileKey(key));
    if (item === this.visibility) this.visibility = undefined;
    if (isOwnGroup(item)) this.groups--;
    if (item.uin === undefined) return;
    this.tallyOf(item)?.remove(item.uin);
    if (item.kind === 'contact' && item.awaiting === true) this.awaiting.remove(item.uin);
  }

  private all(): readonly RosterItem[] {
    return this.filed === undefined ? this.unfiled : [...this.filed.values()];
  }

  private files(): Map<FileKey, RosterItem> {
    this.filed ??= new Map(this.unfiled.map((item) => [fileKey(item), item]));
    this.unfiled = NONE;
    return this.filed;
  }

  private tallyOf(item: RosterItem): Tally | undefined {
    switch (item.kind) {
      case 'contact':
        return this.contacts;
      case 'permit':
      case 'deny':
      case 'ignore':
        return this.listOf(item.kind);
      case 'group':
      case 'visibility':
      case 'other':
        return undefined;
      default:
        return item.kind satisfies never;
    }
  }

  private listOf(kind: 'permit' | 'deny' | 'ignore'): Tally {
    return kind === 'permit' ? this.permitted : kind === 'deny' ? this.denied : this.ignored;
  }
}

const NONE: readonly RosterItem[] = [];

const isOwnGroup = ({ kind, groupId }: RosterItem): boolean => kind === 'group' && groupId !== 0;
