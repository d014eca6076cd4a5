import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Client, Place, refusalOf, text } from './core-testing.ts';
import { memoryStore } from './memory-store.ts';
import { StoreFailed, type Store } from './ports.ts';
import { type CountingStore, countingStore, testAccount, uin } from './testing.ts';
import type { RosterItem } from './words.ts';

const ALICE = 20_001;
const BOB = 20_002;

describe('a command', () => {
  test('that fails for a reason nobody thought of is reported and refused', async () => {
    const place = new Place();
    await place.accounts(ALICE);
    const alice = await place.signsOn(ALICE);
    const answer = await alice.asks('messages.send', undefined as never);
    assert.equal(refusalOf(answer), 'unavailable');
    assert.match(place.reports.join(), /messages\.send failed: TypeError/);
  });

  test('of a name that does not exist is refused likewise', async () => {
    const place = new Place();
    await place.accounts(ALICE);
    const alice = await place.signsOn(ALICE);
    assert.equal(refusalOf(await alice.asks('nonsense' as never, undefined as never)), 'unavailable');
  });

  test('whose store fails is refused, later ones are not', async () => {
    const working = memoryStore();
    let fails = true;
    const store: Store = {
      ...working,
      mailboxes: {
        ...working.mailboxes,
        pending: (number, limit) => (fails ? Promise.reject(new StoreFailed('busy', 'not now')) : working.mailboxes.pending(number, limit)),
      },
    };
    const place = new Place({ store });
    await place.accounts(ALICE);
    fails = false;
    const alice = await place.signsOn(ALICE);
    fails = true;
    assert.equal(refusalOf(await alice.asks('messages.fetch', undefined)), 'unavailable');
    fails = false;
    assert.deepEqual(await alice.fetches(), []);
  });
});

test('figures say what is there', async () => {
  const place = new Place();
  await place.accounts(ALICE, BOB);
  const alice = await place.signsOn(ALICE, { coexist: true });
  await place.signsOn(ALICE, { coexist: true });
  const bob = await place.signsOn(BOB);
  await alice.says(BOB, 'hello');
  await place.passes(1_000);
  bob.session.heard(true);
  assert.deepEqual(place.core.figures(), { sessions: 3, usersOnLine: 2, rooms: 0, messagesStored: 1, messagesDelivered: 1, signOnsRefused: 0 });
});

test('whoever gets a number again inherits neither what was granted to it nor what was asked and answered', async () => {
  const place = new Place();
  await place.account(ALICE);
  await place.account(BOB, { authorisationRequired: true });
  const bob = await place.signsOn(BOB);
  const alice = await place.signsOn(ALICE);
  const isSeen = async (by: Client): Promise<boolean> => refusalOf(await by.asks('presence.look', { uin: uin(BOB) })) === undefined;
  const denies = (): Promise<unknown> => bob.asks('authorisation.answer', { to: uin(ALICE), granted: false, reason: '' });
  await bob.asks('authorisation.request', { to: uin(ALICE), reason: '' });
  await denies();
  await bob.asks('authorisation.grant', { to: uin(ALICE), reason: '' });
  assert.equal(await isSeen(alice), true);

  assert.equal(await place.core.admin.remove(uin(ALICE)), true);
  assert.deepEqual(alice.endings, ['account-removed']);
  assert.deepEqual(await place.core.admin.create({ uin: uin(ALICE), password: 'another1' }), { uin: ALICE });
  const stranger = await place.signsOn(ALICE);
  assert.equal(await isSeen(stranger), false);
  await bob.asks('authorisation.request', { to: uin(ALICE), reason: '' });
  await denies();
  assert.deepEqual(stranger.heard, ['auth-request', 'auth-denied']);
});

describe('stop', () => {
  test('ends every session, writes what is behind, and lets nobody in', async () => {
    const place = new Place();
    await place.accounts(ALICE, BOB);
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'read');
    place.clock.advance(1_000);
    bob.session.heard(true);
    await place.core.stop('server-stopping');
    assert.deepEqual([...alice.endings, ...bob.endings], ['server-stopping', 'server-stopping']);
    assert.deepEqual(await place.store.mailboxes.pending(uin(BOB), 10), []);
    assert.equal((await place.core.admin.show(uin(BOB)))?.lastSeenAt, place.clock.now());
    await assert.rejects(place.opens(ALICE), /unavailable/);
    assert.equal(place.core.figures().sessions, 0);
  });

  test('waits for messages that are being stored', async () => {
    const working = memoryStore();
    let goOn: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    const store: Store = {
      ...working,
      mailboxes: { ...working.mailboxes, append: (draft, limits) => gate.then(() => working.mailboxes.append(draft, limits)) },
    };
    const place = new Place({ store });
    await place.accounts(ALICE, BOB);
    const alice = await place.signsOn(ALICE);
    const sent = alice.says(BOB, 'just in time');
    let stopped = false;
    const stop = place.core.stop('server-stopping').then(() => (stopped = true));
    await place.passes(1_000);
    assert.equal(stopped, false);
    goOn();
    await stop;
    assert.equal(refusalOf(await sent), undefined);
    assert.equal((await place.store.mailboxes.pending(uin(BOB), 10)).length, 1);
  });

  test('leaves no timer running', async () => {
    const place = new Place();
    await place.accounts(ALICE, BOB);
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'stored');
    await place.signsOn(BOB);
    await place.core.stop('server-stopping');
    assert.equal(place.clock.timers, 0);
  });

  test('a client that closes in good order after it confirms what it had', async () => {
    const place = new Place();
    await place.accounts(ALICE, BOB);
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'read');
    place.clock.advance(1_000);
    await place.core.stop('server-stopping');
    bob.session.close(true);
    await place.passes(0);
    assert.deepEqual(await place.store.mailboxes.pending(uin(BOB), 10), []);
  });
});

describe('what things cost does not depend on how many accounts there are', () => {
  const CONTACTS = 50;

  /** Accounts that all have fifty contacts; the first is Alice, the second Bob. */
  async function populated(count: number): Promise<{ place: Place; store: CountingStore }> {
    const store = countingStore(memoryStore());
    const place = new Place({ store });
    const old = place.secrets.seal(uin(ALICE), 'secret');
    for (let n = 0; n < count; n++) {
      const owner = uin(ALICE + n);
      await store.accounts.create(testAccount(owner, n === 0 ? { old } : {}));
      const put = Array.from({ length: CONTACTS }, (_, c) => contact(ALICE + ((n + c + 1) % count), c + 1));
      await store.rosters.save(owner, { put, remove: [], stamp: 1 });
    }
    store.reset();
    return { place, store };
  }

  function contact(number: number, itemId: number): RosterItem {
    return { groupId: 1, itemId, kind: 'contact', type: 0, name: String(number), uin: uin(number), attributes: new Uint8Array(0) };
  }

  async function costs(count: number): Promise<Record<string, Record<string, number>>> {
    const { place, store } = await populated(count);
    await place.passes(5_000); // the first look for old messages
    const cost = async <T>(act: () => Promise<T>): Promise<readonly [T, Record<string, number>]> => {
      store.reset();
      const result = await act();
      await place.passes(2_000);
      return [result, Object.fromEntries(store.counts)];
    };
    const [, verify] = await cost(() => place.verify(ALICE, 'secret'));
    const [, unknown] = await cost(() => place.verify(9_999_999, 'secret'));
    const [alice, signOn] = await cost(() => place.signsOn(ALICE));
    const [, roster] = await cost(async () => {
      await alice.asks('roster.load', undefined);
      await alice.asks('roster.use', undefined);
    });
    const [, offline] = await cost(() => alice.says(BOB, 'stored'));
    const [bob, bobSignOn] = await cost(() => place.signsOn(BOB));
    const [, fetch] = await cost(() => bob.fetches());
    const [, live] = await cost(() => alice.says(BOB, 'live'));
    const [, confirm] = await cost(async () => bob.session.heard(true));
    const status = { ...alice.session.presence.status, availability: 'away' } as const;
    const [, change] = await cost(() => alice.asks('presence.set', { status }));
    const [, close] = await cost(async () => alice.session.close(true));
    return { verify, unknown, signOn, roster, offline, bobSignOn, fetch, live, confirm, change, close };
  }

  test('ten accounts or ten thousand', async () => {
    const few = await costs(10);
    const many = await costs(10_000);
    assert.deepEqual(many, few);
    assert.deepEqual(few['verify'], { 'accounts.find': 1 });
    assert.deepEqual(few['unknown'], { 'accounts.find': 1 });
    assert.deepEqual(few['offline'], { 'mailboxes.append': 1 });
    assert.deepEqual(few['live'], { 'mailboxes.append': 1 });
    assert.deepEqual(few['fetch'], { 'mailboxes.pending': 1 });
    assert.deepEqual(few['confirm'], { 'mailboxes.confirm': 1 });
    assert.deepEqual(few['change'], {});
    assert.deepEqual(few['signOn'], { 'accounts.find': 1, 'rosters.load': 1, 'mailboxes.pending': 1, 'places.visit': 1, 'accounts.update': 1 });
  });
});

test('messages of many senders to many recipients all arrive in the order of each sender', async () => {
  const place = new Place();
  const clients: Client[] = [];
  for (let n = 0; n < 20; n++) {
    await place.account(ALICE + n);
    clients.push(await place.signsOn(ALICE + n));
  }
  await Promise.all(
    clients.map(async (client, from) => {
      for (let n = 0; n < 100; n++) {
        await client.asks('messages.send', { to: uin(ALICE + ((from + n) % 20)), body: text(`${from}:${n}`) });
      }
    }),
  );
  for (const [to, client] of clients.entries()) {
    assert.equal(client.heard.length, 100);
    for (let from = 0; from < 20; from++) {
      const numbers = client.heard.filter((words) => words.startsWith(`${from}:`)).map((words) => Number(words.split(':')[1]));
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
        `from ${from} to ${to}`,
      );
    }
  }
});
