/** The storage contract. A test of an adapter calls `storeContract` with its name and a way to open an empty store. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Account, type Appended, type MailboxLimits, type MessageDraft, type Store, StoreFailed } from '../ports.ts';
import type { Body, Message, MessageId, Original, RosterItem, Uin } from '../words.ts';
import { directoryContract } from './directory.ts';
import { picturesContract, roomsContract } from './rooms.ts';

const uin = (value: number): Uin => value as Uin;
const alice = uin(10_001);
const bob = uin(10_002);
const carol = uin(10_003);
const nobody = uin(99_999);

/** Whatever a client may say: half a surrogate pair, zeros, the byte old protocols separate fields with, no text at all. */
const ODD_TEXTS = [
  '',
  'plain',
  'a\0b\0',
  '\ud83d',
  '\udc00\ud800',
  'x\ud800y\udfffz\u{1f600}',
  '\ufffd\ufffd',
  '\ufeffstarts with a mark',
  'þ\xfe\xff\x80',
  'Привет, 世界 \u{10ffff}',
  "'; --\r\n\t\x7f",
];

const NO_LIMITS: MailboxLimits = { messagesMax: Infinity, bytesMax: Infinity, perSenderMax: Infinity };

function account(number: Uin, more: Partial<Account> = {}): Account {
  return {
    uin: number,
    state: 'active',
    createdAt: 981_173_106_007,
    main: { salt: Uint8Array.of(1, 2, 3), iterations: 4096, storedKey: new Uint8Array(32).fill(7), serverKey: new Uint8Array(32).fill(8) },
    nickname: '',
    authorisationRequired: false,
    hideAddress: false,
    ...more,
  };
}

function draft(from: Uin, to: Uin, more: Partial<MessageDraft> = {}): MessageDraft {
  return { from, to, body: { kind: 'text', text: 'hello' }, sentAt: 1_000, limited: false, ...more };
}

function contact(itemId: number, of: Uin, more: Partial<RosterItem> = {}): RosterItem {
  return { groupId: 1, itemId, kind: 'contact', type: 0, name: String(of), uin: of, attributes: new Uint8Array(0), ...more };
}

/** A store with Alice, Bob and Carol in it. */
async function inhabited(store: Store): Promise<void> {
  for (const person of [alice, bob, carol]) assert.equal(await store.accounts.create(account(person)), true);
}

/** Stores a message and returns its id. */
async function sent(store: Store, message: MessageDraft, limits = NO_LIMITS): Promise<MessageId> {
  const appended = await store.mailboxes.append(message, limits);
  if (appended.outcome !== 'stored') assert.fail(`expected the message to be stored, but it was ${appended.outcome}`);
  return appended.id;
}

const ids = (messages: readonly Message[]): MessageId[] => messages.map(({ id }) => id);
const outcome = async (appended: Promise<Appended>): Promise<string> => (await appended).outcome;
const byKey = (items: readonly RosterItem[]): RosterItem[] => items.toSorted((a, b) => a.groupId - b.groupId || a.itemId - b.itemId);
const closedError = (error: unknown): boolean => error instanceof StoreFailed && error.code === 'closed';
const storeFailed = (error: unknown): boolean => error instanceof StoreFailed;

/** @param open an empty store of its own for each test; the test closes it */
export function storeContract(name: string, open: () => Promise<Store>): void {
  const check = checkOn(open);
  describe(`${name} store`, () => {
    accounts(check);
    rosters(check);
    mailboxes(check, {});
    recipients(check);
    mailboxLimits(check);
    bans(check);
    places(check);
    roomsContract(check);
    picturesContract(check);
    directoryContract(check);
    closing(check);
  });
}

/**
 * What holds for messages to people who are there, which a store may keep in a way of its own.
 *
 * @param open a store for each test, without the people of the other contract
 */
export function liveMailboxContract(name: string, open: () => Promise<Store>): void {
  const check = checkOn(open);
  describe(`${name} store, people who are there`, () => mailboxes(check, { checked: true }));
}

function checkOn(open: () => Promise<Store>): Check {
  return (what, run) => {
    test(what, async () => {
      const store = await open();
      try {
        await inhabited(store);
        await run(store);
      } finally {
        await store.close();
      }
    });
  };
}

type Check = (what: string, run: (store: Store) => Promise<void>) => void;

function accounts(check: Check): void {
  check('an account comes back as it was made', async ({ accounts: store }) => {
    const full = account(uin(20_000), {
      state: 'suspended',
      old: Uint8Array.of(0, 255, 1),
      nickname: 'Анна',
      codepage: 1251,
      authorisationRequired: true,
      hideAddress: true,
      lastSeenAt: 981_173_200_000,
    });
    await store.create(full);
    assert.deepEqual(await store.find(full.uin), full);
    const bare = account(uin(4_294_967_294));
    await store.create(bare);
    assert.deepEqual(await store.find(bare.uin), bare);
    assert.equal(await store.find(nobody), undefined);
  });

  check('a nickname may be any text', async ({ accounts: store }) => {
    for (const nickname of ODD_TEXTS) {
      await store.update(alice, { nickname });
      assert.equal((await store.find(alice))?.nickname, nickname);
    }
  });

  check('a taken number stays with its owner', async ({ accounts: store }) => {
    assert.equal(await store.create(account(alice, { nickname: 'usurper' })), false);
    assert.deepEqual(await store.find(alice), account(alice));
  });

  check('of several who want one number at once, one gets it', async ({ accounts: store }) => {
    const results = await Promise.all(['a', 'b', 'c'].map((nickname) => store.create(account(uin(30_000), { nickname }))));
    assert.deepEqual(results, [true, false, false]);
    assert.equal((await store.find(uin(30_000)))?.nickname, 'a');
  });

  check('a change touches what it names, and undefined removes', async ({ accounts: store }) => {
    const main = { salt: Uint8Array.of(9), iterations: 5000, storedKey: Uint8Array.of(10), serverKey: Uint8Array.of(11) };
    const changes = {
      state: 'deleted',
      main,
      old: Uint8Array.of(12),
      nickname: 'Al',
      codepage: 866,
      authorisationRequired: true,
      hideAddress: true,
      lastSeenAt: 5,
    } as const;
    let expected = account(alice);
    for (const [key, value] of Object.entries(changes)) {
      assert.equal(await store.update(alice, { [key]: value }), true);
      expected = { ...expected, [key]: value };
      assert.deepEqual(await store.find(alice), expected, key);
    }
    await store.update(alice, { old: undefined, codepage: undefined, lastSeenAt: undefined });
    const { old: _old, codepage: _codepage, lastSeenAt: _lastSeenAt, ...rest } = expected;
    assert.deepEqual(await store.find(alice), rest);
    assert.equal(await store.update(alice, {}), true);
    assert.equal(await store.update(nobody, { nickname: 'x' }), false);
    assert.deepEqual(await store.find(bob), account(bob));
  });

  check('the next free number was never used, not even by an account that is gone', async ({ accounts: store }) => {
    assert.equal(await store.nextFree(uin(10_000)), 10_000);
    assert.equal(await store.nextFree(alice), 10_004);
    assert.equal(await store.nextFree(uin(50_000)), 50_000);
    await store.remove(bob);
    assert.equal(await store.nextFree(alice), 10_004);
    await store.create(account(uin(10_005)));
    assert.equal(await store.nextFree(alice), 10_004);
    await store.create(account(uin(10_004)));
    assert.equal(await store.nextFree(alice), 10_006);
    await store.create(account(uin(10_000)));
    assert.equal(await store.nextFree(uin(10_000)), 10_006);
  });

  check('numbers taken in any order are all remembered', async ({ accounts: store }) => {
    // Every third, then their right neighbours, then what is left: each joins what lies around it in another way.
    const taken = new Set<number>();
    for (const offset of [0, 1, 2]) {
      for (let number = 60_000 + offset; number < 60_030; number += 3) {
        await store.create(account(uin(number)));
        taken.add(number);
        let free = 60_000;
        while (taken.has(free)) free++;
        assert.equal(await store.nextFree(uin(60_000)), free, `after ${number}`);
      }
    }
  });

  check('accounts are listed in order of their numbers, page by page', async ({ accounts: store }) => {
    await store.create(account(uin(10_000), { nickname: 'first' }));
    const numbers = async (after: number, limit: number): Promise<number[]> => (await store.list(after, limit)).map((one) => one.uin);
    assert.deepEqual(await numbers(0, 2), [10_000, alice]);
    assert.deepEqual(await numbers(alice, 10), [bob, carol]);
    assert.deepEqual(await numbers(carol, 10), []);
    assert.deepEqual((await store.list(0, 1))[0], account(uin(10_000), { nickname: 'first' }));
    assert.equal(await store.count(), 4);
  });

  check('who gets the number of a removed account inherits nothing', async (store) => {
    await store.rosters.save(alice, { put: [contact(1, bob), contact(2, bob, { kind: 'ignore' })], remove: [], stamp: 77 });
    await store.rosters.grant(alice, bob);
    await store.rosters.grant(bob, alice);
    const waiting = await sent(store, draft(carol, alice, { senderId: '00'.repeat(16) }));
    const delivered = await sent(store, draft(carol, alice));
    await store.mailboxes.confirm(alice, [{ first: delivered, last: delivered }], 2_000);
    const own = await sent(store, draft(alice, bob));

    assert.equal(await store.accounts.remove(alice), true);
    assert.equal(await store.accounts.find(alice), undefined);
    assert.equal(await store.accounts.remove(alice), false);
    assert.equal(await store.accounts.count(), 2);
    assert.equal(await outcome(store.mailboxes.append(draft(bob, alice), NO_LIMITS)), 'no-such-user');

    assert.equal(await store.accounts.create(account(alice)), true);
    const roster = await store.rosters.load(alice);
    assert.deepEqual(roster.items, []);
    assert.deepEqual(roster.granted, []);
    assert.notEqual(roster.stamp, 77);
    assert.deepEqual((await store.rosters.load(bob)).granted, []);
    assert.deepEqual(await store.mailboxes.since(alice, 0, 10), []);
    assert.deepEqual(await store.mailboxes.pending(alice, 10), []);
    assert.ok((await sent(store, draft(carol, alice, { senderId: '00'.repeat(16) }))) > waiting);
    // What Alice wrote belongs to those she wrote to.
    assert.deepEqual(ids(await store.mailboxes.pending(bob, 10)), [own]);
  });
}

function rosters(check: Check): void {
  check('a roster comes back item by item, byte by byte', async ({ rosters: store }) => {
    const items: RosterItem[] = [
      { groupId: 0, itemId: 0, kind: 'group', type: 1, name: '', attributes: Uint8Array.of(0, 200, 0, 2, 0, 1) },
      { groupId: 1, itemId: 0, kind: 'group', type: 1, name: 'Друзья', attributes: new Uint8Array(0) },
      contact(1, bob, { nickname: 'Bob', awaiting: true, attributes: Uint8Array.from({ length: 256 }, (_, byte) => byte) }),
      contact(2, carol, { nickname: '', awaiting: false }),
      { groupId: 0, itemId: 3, kind: 'permit', type: 2, name: String(bob), uin: bob, attributes: new Uint8Array(0) },
      { groupId: 0, itemId: 4, kind: 'deny', type: 3, name: String(carol), uin: carol, attributes: new Uint8Array(0) },
      { groupId: 0, itemId: 5, kind: 'ignore', type: 14, name: '4294967294', uin: uin(4_294_967_294), attributes: new Uint8Array(0) },
      { groupId: 0, itemId: 6, kind: 'visibility', type: 4, name: '', mode: 'not-denied', attributes: Uint8Array.of(4) },
      { groupId: 65_535, itemId: 65_535, kind: 'other', type: 65_535, name: 'ImportTime', attributes: new Uint8Array(4_096).fill(0xfe) },
      ...ODD_TEXTS.map((text, place) => contact(100 + place, bob, { name: text, nickname: text })),
    ];
    await store.save(alice, { put: items, remove: [], stamp: 2_000_000_000 });
    const roster = await store.load(alice);
    assert.deepEqual(byKey(roster.items), byKey(items));
    assert.equal(roster.stamp, 2_000_000_000);
    assert.deepEqual((await store.load(bob)).items, []);
  });

  check('a new roster is empty and has a stamp', async ({ rosters: store }) => {
    for (const owner of [alice, nobody]) {
      const { items, granted, stamp } = await store.load(owner);
      assert.deepEqual([items, granted], [[], []]);
      assert.ok(Number.isInteger(stamp) && stamp > 0, `stamp ${stamp}`);
    }
  });

  check('items are replaced and removed by their key', async ({ rosters: store }) => {
    await store.save(alice, {
      put: [contact(1, bob, { nickname: 'Bob', awaiting: true }), contact(2, carol), contact(1, carol, { groupId: 2 })],
      remove: [],
      stamp: 10,
    });
    await store.save(alice, {
      put: [contact(1, bob)],
      remove: [
        { groupId: 2, itemId: 1 },
        { groupId: 9, itemId: 9 },
      ],
      stamp: 11,
    });
    const roster = await store.load(alice);
    assert.deepEqual(byKey(roster.items), [contact(1, bob), contact(2, carol)]);
    assert.equal(roster.stamp, 11);
    // Removed first, then put: an item may make room for another with its key.
    await store.save(alice, { put: [contact(2, bob)], remove: [{ groupId: 1, itemId: 2 }], stamp: 12 });
    assert.deepEqual(byKey((await store.load(alice)).items), [contact(1, bob), contact(2, bob)]);
  });

  check('a thousand contacts are saved at once', async ({ rosters: store }) => {
    const items = Array.from({ length: 1_000 }, (_, place) =>
      contact(place + 1, uin(200_000 + place), { nickname: `friend ${place}`, attributes: new Uint8Array(20).fill(place) }),
    );
    await store.save(alice, { put: items, remove: [], stamp: 1 });
    assert.deepEqual(byKey((await store.load(alice)).items), items);
  });

  check('what the caller does with its bytes afterwards changes nothing', async ({ rosters: store }) => {
    const packet = new Uint8Array(1_024).fill(3);
    const saving = store.save(alice, { put: [contact(1, bob, { attributes: packet.subarray(10, 14) })], remove: [], stamp: 1 });
    packet.fill(0);
    await saving;
    assert.deepEqual((await store.load(alice)).items, [contact(1, bob, { attributes: Uint8Array.of(3, 3, 3, 3) })]);
  });

  check('permission is given once and taken back', async ({ rosters: store }) => {
    await store.grant(alice, bob);
    await store.grant(alice, bob);
    await store.grant(alice, nobody);
    assert.deepEqual(
      (await store.load(alice)).granted.toSorted((a, b) => a - b),
      [bob, nobody],
    );
    await store.revoke(alice, bob);
    await store.revoke(alice, carol);
    assert.deepEqual((await store.load(alice)).granted, [nobody]);
    assert.deepEqual((await store.load(bob)).granted, []);
  });

  check('nothing is kept for an account that is not there', async (store) => {
    await assert.rejects(store.rosters.save(nobody, { put: [contact(1, bob)], remove: [], stamp: 1 }), storeFailed);
    await assert.rejects(store.rosters.grant(nobody, bob), storeFailed);
    await store.rosters.revoke(nobody, bob);
    await store.accounts.create(account(nobody));
    const { items, granted } = await store.rosters.load(nobody);
    assert.deepEqual([items, granted], [[], []]);
  });

  check('standing tells one person about another', async (store) => {
    const none = { authorisationRequired: false, granted: false, lists: false, ignores: false };
    assert.deepEqual(await store.rosters.standing(alice, bob), none);
    await store.accounts.update(alice, { authorisationRequired: true });
    assert.deepEqual(await store.rosters.standing(alice, bob), { ...none, authorisationRequired: true });
    await store.rosters.grant(alice, bob);
    assert.deepEqual(await store.rosters.standing(alice, bob), { ...none, authorisationRequired: true, granted: true });
    // Twice on the list counts once; a visible-list entry does not count.
    await store.rosters.save(alice, { put: [contact(1, bob), contact(2, bob), contact(3, carol, { kind: 'permit' })], remove: [], stamp: 1 });
    assert.deepEqual(await store.rosters.standing(alice, bob), { authorisationRequired: true, granted: true, lists: true, ignores: false });
    assert.deepEqual(await store.rosters.standing(alice, carol), { ...none, authorisationRequired: true });
    await store.rosters.save(alice, { put: [contact(4, carol, { kind: 'ignore' })], remove: [], stamp: 2 });
    assert.deepEqual(await store.rosters.standing(alice, carol), { ...none, authorisationRequired: true, ignores: true });
    assert.deepEqual(await store.rosters.standing(bob, alice), none);
    assert.equal(await store.rosters.standing(nobody, bob), undefined);
    await store.accounts.update(bob, { state: 'deleted' });
    assert.equal(await store.rosters.standing(bob, alice), undefined);
  });
}

/** Every kind of body; the compiler counts them. */
function everyBody(text: string): Body[] {
  const kinds: { readonly [K in Body['kind']]: Extract<Body, { readonly kind: K }> } = {
    text: { kind: 'text', text },
    url: { kind: 'url', url: `http://x/?${text}`, caption: text },
    contacts: {
      kind: 'contacts',
      contacts: [
        { uin: bob, nickname: text },
        { uin: uin(4_294_967_294), nickname: '' },
      ],
    },
    'auth-request': { kind: 'auth-request', reason: text },
    'auth-granted': { kind: 'auth-granted', reason: text },
    'auth-denied': { kind: 'auth-denied', reason: text },
    'pre-authorised': { kind: 'pre-authorised', reason: text },
    added: { kind: 'added' },
    opaque: { kind: 'opaque', original: { format: 'udp/7', bytes: Uint8Array.of(1, 2, 3) }, fallback: text },
  };
  return Object.values(kinds);
}

/** @param how messages are sent */
function mailboxes(check: Check, how: Partial<MessageDraft>): void {
  const letter = (from: Uin, to: Uin, more: Partial<MessageDraft> = {}): MessageDraft => draft(from, to, { ...how, ...more });

  check('every kind of message comes back as it was sent', async ({ mailboxes: store }) => {
    const original: Original = { format: 'some/1', bytes: Uint8Array.from({ length: 256 }, (_, byte) => byte) };
    const empty: Original = { format: '', bytes: new Uint8Array(0) };
    const bodies = ODD_TEXTS.flatMap((text) => everyBody(text).flatMap((body) => [body, { ...body, original }, { ...body, original: empty }]));
    bodies.push({ kind: 'contacts', contacts: [] }, { kind: 'text', text: 'long '.repeat(20_000) });
    const stored = await Promise.all(bodies.map((body, at) => store.append(letter(bob, alice, { body, sentAt: 1_700_000_000_000 + at }), NO_LIMITS)));
    const expected = bodies.map((body, at) => {
      const appended = stored[at];
      assert.equal(appended?.outcome, 'stored');
      return { id: (appended as { id: MessageId }).id, from: bob, to: alice, sentAt: 1_700_000_000_000 + at, body };
    });
    assert.deepEqual(await store.pending(alice, bodies.length + 1), expected);
    assert.deepEqual(await store.since(alice, 0, bodies.length + 1), expected);
  });

  check('what the caller does with its bytes afterwards does not change a message', async ({ mailboxes: store }) => {
    const packet = new Uint8Array(100).fill(5);
    const body: Body = { kind: 'text', text: 'hi', original: { format: 'some/1', bytes: packet.subarray(50, 53) } };
    const storing = store.append(letter(bob, alice, { body }), NO_LIMITS);
    packet.fill(0);
    await storing;
    assert.deepEqual((await store.pending(alice, 1))[0]?.body, { ...body, original: { format: 'some/1', bytes: Uint8Array.of(5, 5, 5) } });
  });

  check('messages keep the order they were sent in, and their ids grow', async ({ mailboxes: store }) => {
    const texts = Array.from({ length: 100 }, (_, at) => `message ${at}`);
    const stored = await Promise.all(texts.map((text) => store.append(letter(bob, alice, { body: { kind: 'text', text } }), NO_LIMITS)));
    const messages = await store.pending(alice, 1_000);
    assert.deepEqual(
      messages.map(({ body }) => body),
      texts.map((text) => ({ kind: 'text', text })),
    );
    assert.deepEqual(
      ids(messages),
      stored.map((appended) => (appended as { id: MessageId }).id),
    );
    assert.deepEqual(
      ids(messages),
      ids(messages).toSorted((a, b) => a - b),
    );
    assert.deepEqual(ids(await store.pending(alice, 3)), ids(messages).slice(0, 3));
  });

  check('a message sent again is stored once', async (store) => {
    const senderId = '0123456789abcdef0123456789abcdef';
    const first = await sent(store, letter(bob, alice, { senderId }));
    const again = letter(bob, alice, { senderId, body: { kind: 'text', text: 'hello again' } });
    assert.deepEqual(await store.mailboxes.append(again, NO_LIMITS), { outcome: 'repeated', id: first });
    await store.mailboxes.confirm(alice, [{ first, last: first }], 2_000);
    assert.deepEqual(await store.mailboxes.append(again, NO_LIMITS), { outcome: 'repeated', id: first });
    assert.deepEqual(await store.mailboxes.pending(alice, 10), []);
    // Ids are the sender's own, and one message may go to two people.
    await sent(store, letter(carol, alice, { senderId }));
    await sent(store, letter(bob, carol, { senderId }));
    await sent(store, letter(bob, alice, { senderId: senderId.replace('0', 'f') }));
    // No full mailbox makes a repeated message look refused.
    const full = { ...NO_LIMITS, messagesMax: 0 };
    assert.deepEqual(await store.mailboxes.append({ ...again, limited: true, checked: false }, full), { outcome: 'repeated', id: first });
    const both = await Promise.all([1, 2].map(() => store.mailboxes.append(letter(bob, alice, { senderId: 'ee'.repeat(16) }), NO_LIMITS)));
    const [one, two] = both as [Appended & { id: MessageId }, Appended & { id: MessageId }];
    assert.deepEqual([one.outcome, two.outcome, two.id], ['stored', 'repeated', one.id]);
  });

  check('what is confirmed is not delivered again, and can be read later', async (store) => {
    const all: MessageId[] = [];
    for (let n = 0; n < 10; n++) {
      all.push(await sent(store, letter(bob, alice)));
      await sent(store, letter(bob, carol));
    }
    const [a, b, c, d, e, f, g, h, i, j] = all as [number, number, number, number, number, number, number, number, number, number];
    await store.mailboxes.confirm(
      alice,
      [
        { first: b, last: d },
        { first: f, last: f },
        { first: j, last: j + 1_000 },
      ],
      5_000,
    );
    assert.deepEqual(ids(await store.mailboxes.pending(alice, 100)), [a, e, g, h, i]);
    assert.equal((await store.mailboxes.pending(carol, 100)).length, 10);
    await store.mailboxes.confirm(alice, [], 6_000);
    await store.mailboxes.confirm(bob, [{ first: a, last: j }], 6_000);
    await store.mailboxes.confirm(nobody, [{ first: a, last: j }], 6_000);
    assert.deepEqual(ids(await store.mailboxes.pending(alice, 100)), [a, e, g, h, i]);

    assert.deepEqual(ids(await store.mailboxes.since(alice, 0, 100)), all);
    assert.deepEqual(ids(await store.mailboxes.since(alice, c, 4)), [d, e, f, g]);
    assert.deepEqual(await store.mailboxes.since(alice, j, 100), []);
    await store.mailboxes.confirm(alice, [{ first: 0, last: Number.MAX_SAFE_INTEGER }], 7_000);
    assert.deepEqual(await store.mailboxes.pending(alice, 100), []);
    assert.deepEqual(ids(await store.mailboxes.since(alice, 0, Infinity)), all);
    assert.deepEqual(await store.mailboxes.pending(alice, 0), []);
  });
}

/** Who may be written to, and what is kept how long. */
function recipients(check: Check): void {
  check('nobody writes to an account that does not exist or is deleted; a suspended one may come back', async (store) => {
    assert.equal(await outcome(store.mailboxes.append(draft(bob, nobody), NO_LIMITS)), 'no-such-user');
    await store.accounts.update(alice, { state: 'deleted' });
    assert.equal(await outcome(store.mailboxes.append(draft(bob, alice), NO_LIMITS)), 'no-such-user');
    await store.accounts.update(alice, { state: 'suspended' });
    assert.equal(await outcome(store.mailboxes.append(draft(bob, alice), NO_LIMITS)), 'stored');
    // The system's own numbers have no account and may write.
    assert.equal(await outcome(store.mailboxes.append(draft(uin(1), alice), NO_LIMITS)), 'stored');
    assert.deepEqual(await store.mailboxes.pending(nobody, 10), []);
    assert.deepEqual(await store.mailboxes.since(nobody, 0, 10), []);
  });

  check('an ignored sender writes to nobody, until he is not ignored', async (store) => {
    await store.rosters.save(alice, { put: [contact(1, bob, { kind: 'ignore' })], remove: [], stamp: 1 });
    assert.equal(await outcome(store.mailboxes.append(draft(bob, alice), NO_LIMITS)), 'ignored');
    assert.equal(await outcome(store.mailboxes.append(draft(carol, alice), NO_LIMITS)), 'stored');
    assert.equal((await store.mailboxes.pending(alice, 10)).length, 1);
    // A deny entry hides, it does not silence.
    await store.rosters.save(alice, { put: [contact(2, bob, { kind: 'deny' })], remove: [{ groupId: 1, itemId: 1 }], stamp: 2 });
    assert.equal(await outcome(store.mailboxes.append(draft(bob, alice), NO_LIMITS)), 'stored');
  });

  check('old messages are forgotten, a few at a time', async (store) => {
    const at = async (sentAt: number, deliveredAt?: number): Promise<MessageId> => {
      const id = await sent(store, draft(bob, alice, { sentAt, senderId: sentAt.toString(16).padStart(32, '0') }));
      if (deliveredAt !== undefined) await store.mailboxes.confirm(alice, [{ first: id, last: id }], deliveredAt);
      return id;
    };
    await at(100);
    await at(110, 120);
    const waitedLong = await at(200);
    await at(210, 220);
    const readLate = await at(220, 390);
    await at(300, 301);
    const recent = await at(400);
    const prune = (deliveredBefore: number, sentBefore: number, limit: number): Promise<number> => store.mailboxes.prune(deliveredBefore, sentBefore, limit);
    // Delivered before 302 or sent before 150.
    assert.equal(await prune(302, 150, 1), 1);
    assert.equal(await prune(302, 150, 2), 2);
    assert.equal(await prune(302, 150, 100), 1);
    assert.equal(await prune(302, 150, 100), 0);
    assert.deepEqual(ids(await store.mailboxes.since(alice, 0, 100)), [waitedLong, readLate, recent]);
    assert.deepEqual(ids(await store.mailboxes.pending(alice, 100)), [waitedLong, recent]);
    // What is forgotten is not known as sent before, and no id comes twice.
    assert.ok((await at(100)) > recent);
    assert.equal(await prune(1_000, 1_000, 100), 4);
    assert.deepEqual(await store.mailboxes.since(alice, 0, 100), []);
    const next = await at(500);
    assert.ok(next > recent + 1, `id ${next} was given before`);
  });
}

function mailboxLimits(check: Check): void {
  const limits = (more: Partial<MailboxLimits>): MailboxLimits => ({ ...NO_LIMITS, ...more });
  const limited = (from: Uin, text = 'x'): MessageDraft => draft(from, alice, { limited: true, body: { kind: 'text', text } });

  check('a mailbox takes so many messages', async ({ mailboxes: store }) => {
    const three = limits({ messagesMax: 3 });
    const outcomes = await Promise.all([bob, carol, bob, carol, bob].map((from) => outcome(store.append(limited(from), three))));
    assert.deepEqual(outcomes, ['stored', 'stored', 'stored', 'full', 'full']);
    // Somebody is there to take it.
    assert.equal(await outcome(store.append({ ...limited(bob), limited: false }, three)), 'stored');
    assert.equal(await outcome(store.append(draft(bob, carol, { limited: true }), three)), 'stored');
    const [first] = await store.pending(alice, 1);
    await store.confirm(alice, [{ first: (first as Message).id, last: (first as Message).id }], 2_000);
    assert.equal(await outcome(store.append(limited(bob), three)), 'full');
    await store.confirm(alice, [{ first: 0, last: Number.MAX_SAFE_INTEGER }], 2_000);
    assert.equal(await outcome(store.append(limited(bob), three)), 'stored');
  });

  check('a mailbox takes so many messages from one sender', async ({ mailboxes: store }) => {
    const two = limits({ perSenderMax: 2 });
    const outcomes = await Promise.all([bob, bob, bob, carol, carol, carol].map((from) => outcome(store.append(limited(from), two))));
    assert.deepEqual(outcomes, ['stored', 'stored', 'full', 'stored', 'stored', 'full']);
    const [first] = await store.pending(alice, 1);
    await store.confirm(alice, [{ first: (first as Message).id, last: (first as Message).id }], 2_000);
    assert.deepEqual(await Promise.all([bob, bob, carol].map((from) => outcome(store.append(limited(from), two)))), ['stored', 'full', 'full']);
  });

  check('a mailbox takes so many bytes', async ({ mailboxes: store }) => {
    const thousand = limits({ bytesMax: 1_000 });
    const outcomes = await Promise.all([400, 500, 200, 100, 1].map((length) => outcome(store.append(limited(bob, 'x'.repeat(length)), thousand))));
    assert.deepEqual(outcomes, ['stored', 'stored', 'full', 'stored', 'full']);
    assert.equal(await outcome(store.append(draft(bob, carol, { limited: true, body: { kind: 'text', text: 'ж'.repeat(501) } }), thousand)), 'full');
  });

  check('messages that were forgotten make room', async ({ mailboxes: store }) => {
    const one = limits({ messagesMax: 1 });
    assert.equal(await outcome(store.append(limited(bob), one)), 'stored');
    assert.equal(await outcome(store.append(limited(bob), one)), 'full');
    assert.equal(await store.prune(0, 5_000, 10), 1);
    assert.equal(await outcome(store.append(limited(bob), one)), 'stored');
  });

  check('what came without a limit counts for the next', async ({ mailboxes: store }) => {
    const two = limits({ messagesMax: 2 });
    assert.equal(await outcome(store.append(limited(bob), two)), 'stored');
    for (let n = 0; n < 3; n++) assert.equal(await outcome(store.append({ ...limited(bob), limited: false }, two)), 'stored');
    assert.equal(await outcome(store.append(limited(bob), two)), 'full');
  });
}

function bans(check: Check): void {
  check('bans come back as they were made, in order of target', async ({ bans: store }) => {
    const spam = { target: '192.0.2.0/24', reason: 'спам, \ud83d', since: 1_000, until: 2_000 };
    const person = { target: '10001', reason: '', since: 5 };
    await store.put(spam);
    await store.put(person);
    assert.deepEqual(await store.list(), [person, spam]);
  });

  check('a ban takes the place of the one before it', async ({ bans: store }) => {
    await store.put({ target: '10001', reason: 'first', since: 1, until: 2 });
    await store.put({ target: '10001', reason: 'second', since: 3 });
    assert.deepEqual(await store.list(), [{ target: '10001', reason: 'second', since: 3 }]);
  });

  check('a ban that was lifted is gone', async ({ bans: store }) => {
    await store.put({ target: '2001:db8::/32', reason: '', since: 1 });
    assert.deepEqual([await store.remove('2001:db8::/32'), await store.remove('2001:db8::/32'), await store.list()], [true, false, []]);
  });
}

function places(check: Check): void {
  check('an account has places where it was before', async ({ places: store }) => {
    assert.equal(await store.visit(alice, 'home', 1, 10), 'first');
    assert.equal(await store.visit(alice, 'home', 2, 10), 'known');
    assert.equal(await store.visit(alice, 'work', 3, 10), 'new');
    assert.equal(await store.visit(alice, 'work', 4, 10), 'known');
    assert.equal(await store.visit(bob, 'work', 5, 10), 'first');
    assert.equal(await store.visit(nobody, 'home', 6, 10), 'known');
  });

  check('of many places the one longest not seen is forgotten', async ({ places: store }) => {
    for (const [at, mark] of ['a', 'b', 'c'].entries()) await store.visit(alice, mark, at, 3);
    assert.equal(await store.visit(alice, 'a', 10, 3), 'known');
    assert.equal(await store.visit(alice, 'd', 11, 3), 'new');
    assert.deepEqual(
      [await store.visit(alice, 'a', 12, 3), await store.visit(alice, 'c', 13, 3), await store.visit(alice, 'b', 14, 3)],
      ['known', 'known', 'new'],
    );
  });

  check('a removed account leaves no places behind', async ({ places: store, accounts: people }) => {
    await store.visit(alice, 'home', 1, 10);
    await people.remove(alice);
    await people.create(account(alice));
    assert.equal(await store.visit(alice, 'home', 2, 10), 'first');
  });
}

function closing(check: Check): void {
  check('closing answers what was asked before, and nothing after', async (store) => {
    const asked = Promise.all(Array.from({ length: 50 }, () => outcome(store.mailboxes.append(draft(bob, alice), NO_LIMITS))));
    const closed = store.close();
    await assert.rejects(store.accounts.find(alice), closedError);
    await assert.rejects(store.accounts.count(), closedError);
    await closed;
    assert.deepEqual(new Set(await asked), new Set(['stored']));
    await assert.rejects(store.mailboxes.append(draft(bob, alice), NO_LIMITS), closedError);
    await store.close();
  });
}
