/**
 * The store in memory: the same rules as the durable ones and nothing left after the process. For tests, and for trying
 * the service out. It runs the storage contract suite like every other adapter.
 */
import { bodyBytes } from './messages/body-size.ts';
import { MemoryProfiles } from './directory/memory-profiles.ts';
import { MemoryPictures } from './pictures/memory-pictures.ts';
import type { Picture, PictureHash } from './pictures/picture.ts';
import { StoreFailed } from './ports.ts';
import type { Account, AccountChanges, Appended, Ban, IdRange, MailboxLimits, MessageDraft, Store, StoredRoster } from './ports.ts';
import { memoryRooms } from './rooms/memory-rooms.ts';
import type { Body, Message, MessageId, RosterItem, Time, Uin } from './words.ts';

interface Entry {
  readonly message: Message;
  readonly bytes: number;
  readonly senderId: string | undefined;
  deliveredAt: Time | undefined;
}

/** All messages of one account in order of id, and those nobody has confirmed again by themselves. */
interface Mailbox {
  readonly all: Map<MessageId, Entry>;
  readonly pending: Map<MessageId, Entry>;
  /** `from senderId` → id. */
  readonly senderIds: Map<string, MessageId>;
  readonly pendingBySender: Map<Uin, number>;
  pendingBytes: number;
}

interface Row {
  account: Account;
  readonly items: Map<string, RosterItem>;
  /** Of the items, those whose messages are dropped; made on first use after a change. */
  ignored: ReadonlySet<Uin> | undefined;
  readonly granted: Set<Uin>;
  readonly mailbox: Mailbox;
  stamp: number;
}

export function memoryStore(): Store {
  const rows = new Map<Uin, Row>();
  const messages = new Map<MessageId, Entry>();
  const used = new Set<Uin>();
  const rooms = memoryRooms();
  const pictures = new MemoryPictures();
  const profiles = new MemoryProfiles((uin) => rows.get(uin)?.account);
  const bans = new Map<string, Ban>();
  const places = new Map<Uin, Map<string, Time>>();
  let lastId = 0;
  let closed = false;
  // UINs are never given back, so everything between the two stays used.
  let usedFrom = 0;
  let usedUntil = 0;

  /** Every operation, as a promise that a closed store rejects. */
  function run<T>(operation: () => T): Promise<T> {
    if (closed) return Promise.reject(new StoreFailed('closed', 'the store is closed'));
    try {
      return Promise.resolve(operation());
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  function create(account: Account): boolean {
    if (rows.has(account.uin)) return false;
    used.add(account.uin);
    profiles.renamed(account.uin, account.nickname);
    rows.set(account.uin, {
      account,
      items: new Map(),
      ignored: undefined,
      granted: new Set(),
      mailbox: { all: new Map(), pending: new Map(), senderIds: new Map(), pendingBySender: new Map(), pendingBytes: 0 },
      stamp: Math.max(1, Math.floor(account.createdAt / 1000)),
    });
    return true;
  }

  function nextFree(atLeast: Uin): Uin {
    if (atLeast !== usedFrom) usedUntil = usedFrom = atLeast;
    while (used.has(usedUntil as Uin)) usedUntil++;
    return usedUntil as Uin;
  }

  function update(uin: Uin, changes: AccountChanges): boolean {
    const row = rows.get(uin);
    if (row === undefined) return false;
    const changed: Record<string, unknown> = { ...row.account };
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) delete changed[name];
      else changed[name] = value;
    }
    row.account = changed as unknown as Account;
    if (changes.nickname !== undefined) profiles.renamed(uin, changes.nickname);
    return true;
  }

  function remove(uin: Uin): boolean {
    const row = rows.get(uin);
    if (row === undefined) return false;
    for (const id of row.mailbox.all.keys()) messages.delete(id);
    rows.delete(uin);
    rooms.removeAccount(uin);
    pictures.removeAccount(uin);
    profiles.removeAccount(uin);
    places.delete(uin);
    // Whoever gets this number later was not granted anything.
    for (const other of rows.values()) other.granted.delete(uin);
    return true;
  }

  function list(after: number, limit: number): Account[] {
    const uins = [...rows.keys()].filter((uin) => uin > after).sort((a, b) => a - b);
    return uins.slice(0, limit).map((uin) => rowOf(uin).account);
  }

  function rowOf(uin: Uin): Row {
    const row = rows.get(uin);
    if (row === undefined) throw new StoreFailed('broken', `there is no account ${uin}`);
    return row;
  }

  function loadRoster(uin: Uin): StoredRoster {
    const row = rows.get(uin);
    if (row === undefined) return { items: [], stamp: 1, granted: [] };
    return { items: [...row.items.values()], stamp: row.stamp, granted: [...row.granted] };
  }

  function saveRoster(uin: Uin, changes: Parameters<Store['rosters']['save']>[1]): void {
    const row = rowOf(uin);
    for (const key of changes.remove) row.items.delete(itemKey(key));
    for (const item of changes.put) row.items.set(itemKey(item), { ...item, attributes: item.attributes.slice() });
    row.ignored = undefined;
    row.stamp = changes.stamp;
  }

  function ignores(row: Row, uin: Uin): boolean {
    row.ignored ??= new Set(uinsOf(row, 'ignore'));
    return row.ignored.has(uin);
  }

  function append(draft: MessageDraft, limits: MailboxLimits): Appended {
    const row = rows.get(draft.to);
    if (row === undefined || row.account.state === 'deleted') return { outcome: 'no-such-user' };
    if (ignores(row, draft.from)) return { outcome: 'ignored' };
    const { mailbox } = row;
    const key = draft.senderId === undefined ? undefined : `${draft.from} ${draft.senderId}`;
    const before = key === undefined ? undefined : mailbox.senderIds.get(key);
    if (before !== undefined) return { outcome: 'repeated', id: before };
    const bytes = bodyBytes(draft.body);
    if (draft.limited && isFull(mailbox, draft.from, bytes, limits)) return { outcome: 'full' };
    const id = ++lastId;
    const message = { id, from: draft.from, to: draft.to, sentAt: draft.sentAt, body: ownBody(draft.body) };
    const entry: Entry = { message, bytes, senderId: key, deliveredAt: undefined };
    messages.set(id, entry);
    mailbox.all.set(id, entry);
    mailbox.pending.set(id, entry);
    mailbox.pendingBytes += bytes;
    mailbox.pendingBySender.set(draft.from, (mailbox.pendingBySender.get(draft.from) ?? 0) + 1);
    if (key !== undefined) mailbox.senderIds.set(key, id);
    return { outcome: 'stored', id };
  }

  function pending(uin: Uin, limit: number): Message[] {
    const entries = rows.get(uin)?.mailbox.pending.values();
    return entries === undefined ? [] : entries.take(limit).map(messageOf).toArray();
  }

  function confirm(uin: Uin, ranges: readonly IdRange[], at: Time): void {
    const mailbox = rows.get(uin)?.mailbox;
    if (mailbox === undefined) return;
    for (const { first, last } of ranges) {
      for (const [id, entry] of mailbox.pending) {
        if (id > last) break;
        if (id >= first) settle(mailbox, entry, at);
      }
    }
  }

  function since(uin: Uin, after: MessageId, limit: number): Message[] {
    const entries = rows.get(uin)?.mailbox.all.values();
    if (entries === undefined) return [];
    return entries
      .filter((entry) => entry.message.id > after)
      .take(limit)
      .map(messageOf)
      .toArray();
  }

  function prune(deliveredBefore: Time, sentBefore: Time, limit: number): number {
    let forgotten = 0;
    const newest = Math.max(deliveredBefore, sentBefore);
    for (const [id, entry] of messages) {
      // Nothing is delivered before it is sent, so what follows is too young for both.
      if (forgotten >= limit || entry.message.sentAt >= newest) break;
      const old = entry.message.sentAt < sentBefore || (entry.deliveredAt !== undefined && entry.deliveredAt < deliveredBefore);
      if (!old) continue;
      const mailbox = rowOf(entry.message.to).mailbox;
      if (entry.deliveredAt === undefined) settle(mailbox, entry, entry.message.sentAt);
      mailbox.all.delete(id);
      if (entry.senderId !== undefined) mailbox.senderIds.delete(entry.senderId);
      messages.delete(id);
      forgotten++;
    }
    return forgotten;
  }

  function visit(uin: Uin, mark: string, at: Time, max: number): 'first' | 'known' | 'new' {
    if (!rows.has(uin)) return 'known';
    const seen = places.get(uin) ?? new Map<string, Time>();
    const answer = seen.size === 0 ? 'first' : seen.has(mark) ? 'known' : 'new';
    places.set(uin, seen.set(mark, at));
    const newest = [...seen].sort(([a, atA], [b, atB]) => atB - atA || (a < b ? -1 : 1));
    for (const [old] of newest.slice(max)) seen.delete(old);
    return answer;
  }

  function savePictures(uin: Uin, shown: readonly Picture[], added?: { readonly hash: PictureHash; readonly bytes: Uint8Array }): boolean {
    const row = rows.get(uin);
    if (row === undefined || !pictures.save(uin, shown, added)) return false;
    const { pictures: _, ...others } = row.account;
    row.account = shown.length === 0 ? others : { ...others, pictures: shown };
    return true;
  }

  return {
    accounts: {
      create: (account) => run(() => create(account)),
      nextFree: (atLeast) => run(() => nextFree(atLeast)),
      find: (uin) => run(() => rows.get(uin)?.account),
      update: (uin, changes) => run(() => update(uin, changes)),
      remove: (uin) => run(() => remove(uin)),
      list: (after, limit) => run(() => list(after, limit)),
      count: () => run(() => rows.size),
    },
    rosters: {
      load: (uin) => run(() => loadRoster(uin)),
      save: (uin, changes) => run(() => saveRoster(uin, changes)),
      grant: (owner, contact) => run(() => void rowOf(owner).granted.add(contact)),
      revoke: (owner, contact) => run(() => void rows.get(owner)?.granted.delete(contact)),
      standing: (owner, contact) =>
        run(() => {
          const row = rows.get(owner);
          if (row === undefined || row.account.state === 'deleted') return undefined;
          return {
            authorisationRequired: row.account.authorisationRequired,
            granted: row.granted.has(contact),
            lists: uinsOf(row, 'contact').includes(contact),
            ignores: ignores(row, contact),
          };
        }),
    },
    mailboxes: {
      append: (draft, limits) => run(() => append(draft, limits)),
      pending: (uin, limit) => run(() => pending(uin, limit)),
      confirm: (uin, ranges, at) => run(() => confirm(uin, ranges, at)),
      since: (uin, after, limit) => run(() => since(uin, after, limit)),
      prune: (deliveredBefore, sentBefore, limit) => run(() => prune(deliveredBefore, sentBefore, limit)),
    },
    bans: {
      list: () => run(() => [...bans.values()].sort((a, b) => (a.target < b.target ? -1 : 1))),
      put: (ban) => run(() => void bans.set(ban.target, ban)),
      remove: (target) => run(() => bans.delete(target)),
    },
    places: { visit: (uin, mark, at, max) => run(() => visit(uin, mark, at, max)) },
    rooms: {
      open: (room, limits) => run(() => rooms.open(room, limits)),
      find: (id) => run(() => rooms.find(id)),
      list: (fragment, limit) => run(() => rooms.list(fragment, limit)),
      admits: (id, uin) => run(() => rooms.admits(id, uin)),
      admit: (id, uin, guestsMax) => run(() => rooms.admit(id, uin, guestsMax)),
      used: (id, at) => run(() => rooms.used(id, at)),
      prune: (usedBefore, limit) => run(() => rooms.prune(usedBefore, limit)),
    },
    pictures: {
      save: (uin, shown, added) => run(() => savePictures(uin, shown, added)),
      find: (hash) => run(() => pictures.find(hash)),
    },
    profiles: {
      load: (uin) => run(() => profiles.load(uin)),
      save: (uin, saved) => run(() => update(uin, { nickname: saved.nickname }) && profiles.save(uin, saved)),
    },
    directory: { search: (query, limit) => run(() => profiles.search(query, limit)) },
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  };
}

const itemKey = (item: { readonly groupId: number; readonly itemId: number }): string => `${item.groupId}/${item.itemId}`;
const messageOf = (entry: Entry): Message => entry.message;

function uinsOf(row: Row, kind: RosterItem['kind']): Uin[] {
  return [...row.items.values()].flatMap((item) => (item.kind === kind && item.uin !== undefined ? [item.uin] : []));
}

function isFull(mailbox: Mailbox, from: Uin, bytes: number, limits: MailboxLimits): boolean {
  return (
    mailbox.pending.size >= limits.messagesMax ||
    mailbox.pendingBytes + bytes > limits.bytesMax ||
    (mailbox.pendingBySender.get(from) ?? 0) >= limits.perSenderMax
  );
}

/** The message is no longer pending. */
function settle(mailbox: Mailbox, entry: Entry, at: Time): void {
  const { id, from } = entry.message;
  entry.deliveredAt = at;
  mailbox.pending.delete(id);
  mailbox.pendingBytes -= entry.bytes;
  const left = (mailbox.pendingBySender.get(from) ?? 1) - 1;
  if (left === 0) mailbox.pendingBySender.delete(from);
  else mailbox.pendingBySender.set(from, left);
}

/** A front end's bytes are views of what it read; these must outlive that. */
function ownBody(body: Body): Body {
  if (body.original === undefined) return body;
  return { ...body, original: { format: body.original.format, bytes: body.original.bytes.slice() } };
}
