/** The rosters that somebody needs now: those of people who are on line, and for a moment others'. */
import type { Limits } from '../limits.ts';
import type { Clock, Store } from '../ports.ts';
import type { EditResult, RosterEdit, RosterItem, Uin } from '../words.ts';
import { applyEdits, contactsToAsk, type EditRules, type Permission } from './edit.ts';
import { type FileKey, type ItemKey, keyOf, Roster } from './roster.ts';

/** One account's roster while it is in use. */
export interface HeldRoster {
  readonly uin: Uin;
  /** As stored. Replaced by every edit; what somebody took from here before stays as it was. */
  roster: Roster;
  /** Whom the owner has authorised. */
  readonly granted: Set<Uin>;
  /** Seconds. */
  stamp: number;
}

export interface EditRequest {
  /** A function: the service's own edits, made of the roster as it is by then; they need nobody's permission. */
  readonly edits: readonly RosterEdit[] | ((roster: Roster) => readonly RosterEdit[]);
  readonly importing: boolean;
  /** Called when the edit is stored and in memory, before `edit` resolves and presence follows. `stamp` is this request's. */
  readonly stored?: (done: readonly RosterEdit[], stamp: number) => void;
}

export interface EditAnswer {
  readonly results: readonly EditResult[];
  readonly stamp: number;
  readonly removed: readonly RosterItem[];
}

/** What a commit changed, for those who have to be told. */
export interface RosterChange {
  readonly before: Roster;
  /** Everybody whose entries changed. */
  readonly touched: ReadonlySet<Uin>;
  /** Of these, whom the owner edited himself, not by an import. */
  readonly byHand: ReadonlySet<Uin>;
}

export interface RostersNeed {
  readonly store: Store['rosters'];
  readonly clock: Clock;
  readonly limits: Limits;
  /** From memory, when the contact is on line. */
  readonly permissionNow: (owner: Uin, contact: Uin) => Permission | undefined;
  /** The roster was stored and stands in memory. */
  readonly changed: (held: HeldRoster, change: RosterChange) => void;
}

/** Of every roster that is there: none keeps a promise of its own. */
const LOADED = Promise.resolve();

interface Waiting {
  readonly request: EditRequest;
  readonly resolve: (answer: EditAnswer) => void;
  readonly reject: (error: unknown) => void;
}

interface Entry extends HeldRoster {
  users: number;
  loading: Promise<void>;
  waiting: Waiting[];
  working: boolean;
}

export class Rosters {
  private readonly need: RostersNeed;
  private readonly entries = new Map<Uin, Entry>();

  constructor(need: RostersNeed) {
    this.need = need;
  }

  /** How many rosters are in memory. */
  get size(): number {
    return this.entries.size;
  }

  /** One store operation, unless somebody has it open. Every `open` needs its `release`. Rejects with `StoreFailed`. */
  async open(uin: Uin): Promise<HeldRoster> {
    const entry = this.entries.get(uin) ?? this.begin(uin);
    entry.users++;
    try {
      await entry.loading;
    } catch (error) {
      this.release(entry);
      throw error;
    }
    return entry;
  }

  release(held: HeldRoster): void {
    const entry = held as Entry;
    if (--entry.users === 0) this.entries.delete(entry.uin);
  }

  /** Takes what was granted to an account that is gone; the store did so already. */
  async forget(uin: Uin): Promise<void> {
    // What is being loaded may have been read before.
    await Promise.allSettled(this.entries.values().map((entry) => entry.loading.then(() => entry.granted.delete(uin))));
  }

  /** Edits an opened roster. Resolves after the commit; requests that come in the meantime share the next one. */
  edit(held: HeldRoster, request: EditRequest): Promise<EditAnswer> {
    const entry = held as Entry;
    return new Promise((resolve, reject) => {
      entry.waiting.push({ request, resolve, reject });
      if (!entry.working) void this.work(entry);
    });
  }

  private begin(uin: Uin): Entry {
    const entry: Entry = { uin, roster: new Roster(), granted: new Set(), stamp: 1, users: 0, loading: Promise.resolve(), waiting: [], working: false };
    entry.loading = this.load(entry);
    this.entries.set(uin, entry);
    return entry;
  }

  private async load(entry: Entry): Promise<void> {
    const stored = await this.need.store.load(entry.uin);
    entry.roster = Roster.of(stored.items);
    for (const uin of stored.granted) entry.granted.add(uin);
    entry.stamp = stored.stamp;
    entry.loading = LOADED;
  }

  /** One batch after the other, so that edits of two sessions are in one order everywhere. Never rejects. */
  private async work(entry: Entry): Promise<void> {
    entry.working = true;
    entry.users++;
    while (entry.waiting.length > 0) {
      const batch = entry.waiting.splice(0);
      try {
        await this.commit(entry, batch);
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    entry.working = false;
    this.release(entry);
  }

  private async commit(entry: Entry, batch: readonly Waiting[]): Promise<void> {
    const permissions = await this.permissionsFor(entry, batch);
    const next = entry.roster.copy();
    const old = new Map<FileKey, RosterItem | undefined>();
    let stamp = entry.stamp;
    const answers = batch.map(({ request, resolve }) => {
      const { results, done } = applyEdits(next, editsOf(request, next), this.rulesFor(entry, request, permissions), old);
      if (done.length > 0) stamp = Math.max(stamp + 1, Math.floor(this.need.clock.now() / 1000));
      return { request, resolve, results, done, stamp };
    });
    const before = entry.roster;
    if (old.size > 0) {
      await this.save(entry.uin, next, old, stamp);
      entry.roster = next;
      entry.stamp = stamp;
    }
    for (const { request, resolve, results, done, stamp: at } of answers) {
      if (done.length > 0) request.stored?.(done, at);
      resolve({ results, stamp: at, removed: done.flatMap((edit) => (edit.do === 'remove' && edit.item) || []) });
    }
    if (old.size === 0) return;
    await answersOut();
    const byHand = new Set(answers.filter(({ request }) => !request.importing).flatMap(({ done }) => done.flatMap((edit) => uinOf(edit) ?? [])));
    this.need.changed(entry, { before, touched: touchedBy(old, next), byHand });
  }

  private rulesFor(entry: Entry, request: EditRequest, permissions: ReadonlyMap<Uin, Permission>): EditRules {
    return {
      limits: this.need.limits,
      importing: request.importing,
      permission: (contact) => {
        if (typeof request.edits === 'function') return 'authorised';
        return this.need.permissionNow(entry.uin, contact) ?? permissions.get(contact) ?? 'unknown';
      },
    };
  }

  /** Asks the store about those who are off line, all at once: it answers such questions together. */
  private async permissionsFor(entry: Entry, batch: readonly Waiting[]): Promise<Map<Uin, Permission>> {
    const permissions = new Map<Uin, Permission>();
    const ask = async (contact: Uin): Promise<void> => {
      // Whoever is here now may be gone when the others are known.
      permissions.set(contact, this.need.permissionNow(entry.uin, contact) ?? (await this.storedPermission(entry.uin, contact)));
    };
    const contacts = new Set<Uin>();
    for (const { request } of batch) {
      if (typeof request.edits === 'function') continue;
      for (const contact of contactsToAsk(entry.roster, request.edits)) contacts.add(contact);
    }
    await Promise.all([...contacts].map(ask));
    return permissions;
  }

  private async storedPermission(owner: Uin, contact: Uin): Promise<Permission> {
    const standing = await this.need.store.standing(contact, owner);
    if (standing === undefined) return 'unknown';
    return standing.authorisationRequired && !standing.granted ? 'required' : 'authorised';
  }

  private save(uin: Uin, next: Roster, old: ReadonlyMap<FileKey, RosterItem | undefined>, stamp: number): Promise<void> {
    const put: RosterItem[] = [];
    const remove: ItemKey[] = [];
    for (const [filed, item] of old) {
      const now = next.at(keyOf(filed));
      if (now !== undefined) put.push(now);
      else if (item !== undefined) remove.push({ groupId: item.groupId, itemId: item.itemId });
    }
    return this.need.store.save(uin, { put, remove, stamp });
  }
}

/** A client should read the answer to its edit before the presence that comes of it: the one is a few promises away. */
async function answersOut(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
}

function editsOf(request: EditRequest, roster: Roster): readonly RosterEdit[] {
  return typeof request.edits === 'function' ? request.edits(roster) : request.edits;
}

function touchedBy(old: ReadonlyMap<FileKey, RosterItem | undefined>, next: Roster): Set<Uin> {
  const touched = new Set<Uin>();
  for (const [filed, item] of old) {
    for (const uin of [item?.uin, next.at(keyOf(filed))?.uin]) if (uin !== undefined) touched.add(uin);
  }
  return touched;
}

function uinOf(edit: RosterEdit): Uin | undefined {
  return edit.do === 'remove' ? undefined : edit.item.uin;
}
