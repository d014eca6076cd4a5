import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Client, HERE, OSCAR, OWN, Place, UDP } from '../core-testing.ts';
import type { SessionEvent } from '../events.ts';
import { memoryStore } from '../memory-store.ts';
import { StoreFailed, type Store } from '../ports.ts';
import { Refused } from '../refusals.ts';
import { settled, testBus, uin } from '../testing.ts';

const ALICE = 20_001;
const BOB = 20_002;

async function town(): Promise<Place> {
  const place = new Place();
  await place.accounts(ALICE, BOB);
  return place;
}

/** Bob, with Alice on his list; only what he was told from now on. */
async function watcherOfAlice(place: Place): Promise<Client> {
  const bob = await place.signsOn(BOB);
  await bob.asks('contacts.add', { uins: [uin(ALICE)], temporary: false });
  bob.events.length = 0;
  return bob;
}

const kindsOf = (events: readonly SessionEvent[]): string[] => events.map((event) => event.type);

describe('old clients', () => {
  test('a sign-on ends the session that was there', async () => {
    const place = await town();
    const first = await place.signsOn(ALICE);
    const second = await place.signsOn(ALICE);
    assert.deepEqual(first.endings, ['signed-on-elsewhere']);
    assert.equal(first.session.ended, true);
    assert.deepEqual(second.endings, []);
    assert.deepEqual(place.core.admin.sessionsOf(uin(ALICE)), [second.session]);
  });

  test('the new session is open before the old one hears of it', async () => {
    const place = await town();
    let sessionsThen = -1;
    await place.opens(ALICE, {
      receive: () => {
        sessionsThen = place.core.admin.sessionsOf(uin(ALICE)).filter((session) => !session.ended).length;
      },
    });
    await place.opens(ALICE);
    assert.equal(sessionsThen, 1);
  });

  test('a UDP sign-on does the same to an OSCAR session', async () => {
    const place = await town();
    const first = await place.signsOn(ALICE);
    await place.signsOn(ALICE, { profile: UDP });
    assert.deepEqual(first.endings, ['signed-on-elsewhere']);
  });

  test('who watches sees neither gap nor flicker', async () => {
    const place = await town();
    await place.signsOn(ALICE);
    const bob = await watcherOfAlice(place);
    await place.signsOn(ALICE);
    assert.ok(!kindsOf(bob.events).includes('absence'), kindsOf(bob.events).join());
  });

  test('who watches sees her go when the last one closes', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await watcherOfAlice(place);
    alice.session.close(false);
    assert.deepEqual(kindsOf(bob.events), ['absence']);
    alice.session.close(false);
    assert.deepEqual(kindsOf(bob.events), ['absence'], 'closing twice is closing once');
  });

  test('three that say they may coexist do; a fourth is refused', async () => {
    const place = await town();
    const clients = [
      await place.signsOn(ALICE, { coexist: true }),
      await place.signsOn(ALICE, { coexist: true }),
      await place.signsOn(ALICE, { coexist: true }),
    ];
    await assert.rejects(place.signsOn(ALICE, { coexist: true }), /too-many-sessions/);
    for (const client of clients) assert.deepEqual(client.endings, []);
  });

  test('a fourth takes the place of one that has been silent for longer than any client is', async () => {
    const place = await town();
    const ghost = await place.signsOn(ALICE, { coexist: true });
    const others = [await place.signsOn(ALICE, { coexist: true }), await place.signsOn(ALICE, { coexist: true })];
    place.clock.advance(60_000);
    for (const client of others) client.session.heard(true);
    place.clock.advance(60_000);
    await place.signsOn(ALICE, { coexist: true });
    assert.deepEqual(ghost.endings, ['idle']);
    for (const client of others) assert.deepEqual(client.endings, []);
  });

  test('one that wants to be alone ends all that coexist', async () => {
    const place = await town();
    const clients = [await place.signsOn(ALICE, { coexist: true }), await place.signsOn(ALICE, { coexist: true })];
    await place.signsOn(ALICE);
    for (const client of clients) assert.deepEqual(client.endings, ['signed-on-elsewhere']);
  });

  test('one that may coexist does not end one that was alone', async () => {
    const place = await town();
    const alone = await place.signsOn(ALICE);
    await place.signsOn(ALICE, { coexist: true });
    assert.deepEqual(alone.endings, []);
  });

  test('of two that sign on at the same moment one is left', async () => {
    const place = await town();
    const requests = [0, 1, 2].map((n) =>
      place.core.open({ uin: uin(ALICE), peer: { ...HERE, port: n }, profile: OSCAR, coexist: false, receive: () => undefined }),
    );
    const answers = await Promise.all(requests);
    const live = answers.filter((answer) => !(answer instanceof Refused) && !answer.ended);
    assert.deepEqual(live, [answers[2]], 'the last to come');
    assert.deepEqual(place.core.admin.sessionsOf(uin(ALICE)), live);
  });
});

describe('our own clients', () => {
  test('eight stand beside each other and beside old ones; a ninth is refused', async () => {
    const place = await town();
    const old = await place.signsOn(ALICE);
    const clients: Client[] = [];
    for (let n = 0; n < 8; n++) clients.push(await place.signsOn(ALICE, { profile: OWN }));
    await assert.rejects(place.signsOn(ALICE, { profile: OWN }), /too-many-sessions/);
    await place.signsOn(ALICE);
    assert.deepEqual(old.endings, ['signed-on-elsewhere'], 'by the second old client, not by our own');
    for (const client of clients) assert.deepEqual(client.endings, []);
  });
});

describe('a session', () => {
  test('has a number of its own among those of its account, and gives it back', async () => {
    const place = await town();
    const clients = [await place.opens(ALICE, { coexist: true }), await place.opens(ALICE, { coexist: true }), await place.opens(ALICE, { profile: OWN })];
    assert.deepEqual(
      clients.map((client) => client.session.instance),
      [1, 2, 3],
    );
    clients[1]?.session.close(true);
    assert.equal((await place.opens(ALICE, { coexist: true })).session.instance, 2);
    assert.equal((await place.opens(BOB)).session.instance, 1);
  });

  test('has an id of 16 hexadecimal digits that no other has', async () => {
    const place = await town();
    const ids = new Set<string>();
    for (let n = 0; n < 20; n++) ids.add((await place.opens(ALICE)).session.id);
    assert.equal(ids.size, 20);
    for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/);
  });

  test('does not keep the secrets of its account in memory', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await place.core.admin.set(uin(ALICE), { nickname: 'Al', codepage: 1251 });
    const { account } = alice.session as unknown as { account: object };
    assert.deepEqual(Object.keys(account).toSorted(), ['authorisationRequired', 'codepage', 'createdAt', 'hideAddress', 'nickname', 'state', 'uin']);
  });

  test('is told nothing after its end', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await place.core.admin.suspend(uin(ALICE), true);
    await bob.says(ALICE, 'hello');
    assert.deepEqual(kindsOf(alice.events), ['ended']);
  });

  test('cannot ask for anything after its end', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    alice.session.close(true);
    const answer = await alice.says(BOB, 'hello');
    assert.ok(answer instanceof Refused && answer.refusal === 'unavailable');
    assert.equal(place.core.figures().messagesStored, 0);
  });

  test('hears of what its own command causes only after the command has begun', async () => {
    const place = await town();
    const order: string[] = [];
    const alice = await place.opens(ALICE, { receive: (event) => order.push(event.type) });
    await alice.asks('presence.ready', undefined);
    order.length = 0;
    const { status } = alice.session.presence;
    const answer = alice.asks('presence.set', { status: { ...status, availability: 'away' } }).then(() => order.push('answer'));
    order.push('asked');
    await answer;
    await settled();
    assert.equal(order[0], 'asked');
    assert.deepEqual(order.toSorted(), ['answer', 'asked', 'own-presence']);
  });

  test('whose front end throws does not disturb the others', async () => {
    const place = await town();
    await place.signsOn(ALICE, {
      coexist: true,
      receive: () => {
        throw new Error('a bug');
      },
    });
    const second = await place.signsOn(ALICE, { coexist: true });
    const bob = await place.signsOn(BOB);
    await bob.says(ALICE, 'hello');
    assert.deepEqual(second.heard, ['hello']);
    assert.match(place.reports.join(), /a bug/);
  });
});

describe('sign-on', () => {
  test('of an account that does not exist or is not active is refused', async () => {
    const place = await town();
    await assert.rejects(place.opens(20_009), /wrong-credentials/);
    await place.core.admin.suspend(uin(ALICE), true);
    await assert.rejects(place.opens(ALICE), /suspended/);
  });

  for (const [operation, room] of [
    ['load', 'rosters'],
    ['pending', 'mailboxes'],
    ['find', 'accounts'],
  ] as const) {
    test(`leaves nothing behind when ${room}.${operation} fails`, async () => {
      const working = memoryStore();
      let fails = true;
      const fail = (): Promise<never> => Promise.reject(new StoreFailed('broken', 'no disk'));
      const proxied = new Proxy(working[room], { get: (target, name) => (name === operation && fails ? fail : Reflect.get(target, name)) });
      const store: Store = { ...working, [room]: proxied };
      const place = new Place({ store });
      await place.accounts(ALICE, BOB);
      await assert.rejects(place.opens(ALICE), /unavailable/);
      assert.deepEqual(place.core.figures(), { sessions: 0, usersOnLine: 0, rooms: 0, messagesStored: 0, messagesDelivered: 0, signOnsRefused: 0 });
      fails = false;
      const alice = await place.signsOn(ALICE);
      assert.equal(alice.session.instance, 1);
      const bob = await watcherOfAlice(place);
      alice.session.close(true);
      assert.deepEqual(kindsOf(bob.events), ['absence'], 'nobody is there in her place');
    });
  }

  test('that was overtaken by a suspension is refused', async () => {
    const working = memoryStore();
    let begun: () => void = () => undefined;
    let goOn: () => void = () => undefined;
    const found = new Promise<void>((resolve) => (begun = resolve));
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    let slow = false;
    const store: Store = {
      ...working,
      accounts: {
        ...working.accounts,
        async find(number) {
          const account = await working.accounts.find(number);
          if (!slow) return account;
          slow = false;
          begun();
          await gate;
          return account;
        },
      },
    };
    const place = new Place({ store });
    await place.accounts(ALICE);
    slow = true;
    const opening = place.core.open({ uin: uin(ALICE), peer: HERE, profile: OSCAR, coexist: false, receive: () => undefined });
    await found;
    await place.core.admin.suspend(uin(ALICE), true);
    goOn();
    assert.ok((await opening) instanceof Refused);
    assert.equal(place.core.figures().sessions, 0);
  });

  for (const [operation, room] of [
    ['load', 'rosters'],
    ['pending', 'mailboxes'],
  ] as const) {
    test(`that was overtaken while it waited for ${room}.${operation} is refused as well, and told nothing`, async () => {
      const working = memoryStore();
      let goOn: () => void = () => undefined;
      let gate: Promise<void> | undefined = new Promise((resolve) => (goOn = resolve));
      const slow = async (...parameters: unknown[]): Promise<unknown> => {
        await gate;
        return Reflect.apply(Reflect.get(working[room], operation), working[room], parameters);
      };
      const place = new Place({ store: { ...working, [room]: { ...working[room], [operation]: slow } } });
      await place.accounts(ALICE, BOB);
      const events: SessionEvent[] = [];
      const opening = place.core.open({ uin: uin(ALICE), peer: HERE, profile: OSCAR, coexist: false, receive: (event) => events.push(event) });
      await settled();
      await place.core.admin.passwd(uin(ALICE), 'fresh');
      goOn();
      gate = undefined;
      const answer = await opening;
      assert.ok(answer instanceof Refused && answer.refusal === 'wrong-credentials');
      assert.deepEqual(events, []);
      assert.equal(place.core.figures().sessions, 0);
      const alice = await place.signsOn(ALICE);
      const bob = await watcherOfAlice(place);
      alice.session.close(true);
      assert.deepEqual(kindsOf(bob.events), ['absence'], 'nobody is there in her place');
    });
  }
});

describe('two nodes on one store and bus', () => {
  async function nodes(): Promise<readonly [Place, Place]> {
    const store = memoryStore();
    const bus = testBus();
    const a = new Place({ store, bus, seed: 1 });
    const b = new Place({ store, bus, seed: 2 });
    await a.accounts(ALICE, BOB);
    return [a, b];
  }

  test('a sign-on on one ends the old session on the other', async () => {
    const [a, b] = await nodes();
    const first = await a.signsOn(ALICE);
    b.clock.advance(1);
    const second = await b.signsOn(ALICE);
    assert.deepEqual(first.endings, ['signed-on-elsewhere']);
    assert.deepEqual(second.endings, []);
  });

  test('one that may coexist ends none', async () => {
    const [a, b] = await nodes();
    const first = await a.signsOn(ALICE);
    await b.signsOn(ALICE, { coexist: true });
    await b.signsOn(ALICE, { profile: OWN });
    assert.deepEqual(first.endings, []);
  });

  test('our own clients stay when an old one signs on elsewhere', async () => {
    const [a, b] = await nodes();
    const own = await a.signsOn(ALICE, { profile: OWN });
    b.clock.advance(1);
    await b.signsOn(ALICE);
    assert.deepEqual(own.endings, []);
  });

  test('a message sent on one is delivered on the other, once', async () => {
    const [a, b] = await nodes();
    const alice = await a.signsOn(ALICE);
    const bob = await b.signsOn(BOB);
    await alice.says(BOB, 'over there?');
    assert.deepEqual(bob.heard, ['over there?']);
    assert.deepEqual(await bob.fetches(), []);
  });

  test('a suspension on one ends sessions on the other', async () => {
    const [a, b] = await nodes();
    const alice = await b.signsOn(ALICE);
    await a.core.admin.suspend(uin(ALICE), true);
    await settled();
    assert.deepEqual(alice.endings, ['account-suspended']);
  });

  test('a node listens for accounts that are there, and for no others', async () => {
    const subjects = new Set<string>();
    const inner = testBus();
    const bus: typeof inner = {
      ...inner,
      subscribe(subject, handle) {
        const stop = inner.subscribe(subject, handle);
        subjects.add(subject);
        return () => {
          subjects.delete(subject);
          stop();
        };
      },
    };
    const place = new Place({ bus });
    await place.accounts(ALICE);
    const clients = [await place.signsOn(ALICE, { coexist: true }), await place.signsOn(ALICE, { coexist: true })];
    assert.deepEqual([...subjects], [`user.${ALICE}`]);
    for (const client of clients) client.session.close(true);
    assert.equal(subjects.size, 0);
  });

  test('one that is alone neither listens nor says anything', async () => {
    const place = new Place({ bus: { ...testBus(), alone: true, subscribe: assert.fail, publish: assert.fail } });
    await place.accounts(ALICE, BOB);
    const [alice, bob] = [await place.signsOn(ALICE), await place.signsOn(BOB)];
    await alice.says(BOB, 'just us?');
    assert.deepEqual(bob.heard, ['just us?']);
    await place.core.admin.suspend(uin(ALICE), true);
    assert.deepEqual(alice.endings, ['account-suspended']);
  });
});
