import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Client, OWN, Place, refusalOf, UDP, wordsOf } from '../core-testing.ts';
import { PEOPLE } from '../limits.ts';
import { memoryStore } from '../memory-store.ts';
import { type Store, StoreFailed } from '../ports.ts';
import { Refused } from '../refusals.ts';
import { settled, uin } from '../testing.ts';
import type { Message, Passing } from '../words.ts';

const ALICE = 20_001;
const BOB = 20_002;
const CAROL = 20_003;

async function town(store: Store = memoryStore()): Promise<Place> {
  const place = new Place({ store });
  await place.accounts(ALICE, BOB, CAROL);
  return place;
}

/** A store whose answer to one operation can be held back after it has done it. */
async function slowTown(operation: 'pending' | 'append'): Promise<{ place: Place; holdNext: () => void; goOn: () => void }> {
  const store = memoryStore();
  let goOn: () => void = () => undefined;
  let gate: Promise<void> | undefined;
  const slow = async (...parameters: unknown[]): Promise<unknown> => {
    const answer: unknown = await Reflect.apply(store.mailboxes[operation], store.mailboxes, parameters);
    await gate;
    return answer;
  };
  const place = await town({ ...store, mailboxes: { ...store.mailboxes, [operation]: slow } });
  return {
    place,
    holdNext: () => {
      gate = new Promise((resolve) => (goOn = resolve));
    },
    goOn: () => {
      goOn();
      gate = undefined;
    },
  };
}

/** What Bob would be given at his next sign-on. */
async function pendingFor(place: Place, number = BOB): Promise<string[]> {
  await place.passes(1_000);
  const pending = await place.store.mailboxes.pending(uin(number), 100_000);
  return pending.map(({ body }) => (body.kind === 'text' ? body.text : body.kind));
}

describe('a message to somebody who is there', () => {
  test('is stored, delivered, and confirmed by the first frame a second after it was written', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'hello');
    assert.deepEqual(bob.heard, ['hello']);
    assert.deepEqual(await pendingFor(place), ['hello']);
    bob.session.heard(true);
    assert.deepEqual(await pendingFor(place), []);
    assert.equal(place.core.figures().messagesDelivered, 1);
  });

  test('is not confirmed by a frame that came too soon', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'hello');
    place.clock.advance(999);
    bob.session.heard(true);
    assert.deepEqual(await pendingFor(place), ['hello']);
  });

  test('is not confirmed while more is waiting to be sent', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'hello');
    place.clock.advance(5_000);
    bob.session.heard(false);
    assert.deepEqual(await pendingFor(place), ['hello']);
  });

  test('is not confirmed before the transport took it', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    bob.writes = false;
    await alice.says(BOB, 'hello');
    place.clock.advance(5_000);
    bob.session.heard(true);
    assert.deepEqual(await pendingFor(place), ['hello']);
    bob.session.written(bob.messages[0]?.id ?? 0);
    place.clock.advance(1_000);
    bob.session.heard(true);
    assert.deepEqual(await pendingFor(place), []);
  });

  test('is confirmed when the client closes a second later', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'early');
    place.clock.advance(1_000);
    await alice.says(BOB, 'late');
    bob.session.close(true);
    assert.deepEqual(await pendingFor(place), ['late']);
  });

  test('is confirmed by a goodbye, and what is written after that by nothing', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'early');
    place.clock.advance(1_000);
    await alice.says(BOB, 'late');
    bob.session.goodbye();
    await alice.says(BOB, 'later');
    place.clock.advance(2_000);
    bob.session.close(false);
    assert.deepEqual(await pendingFor(place), ['late', 'later']);
  });

  test('that was fetched and could not be written any more is not confirmed by who says he has it', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'one');
    await alice.says(BOB, 'two');
    const bob = await place.signsOn(BOB);
    const messages = await bob.asks('messages.fetch', undefined);
    assert.ok(Array.isArray(messages));
    bob.session.written((messages as readonly Message[])[0]?.id ?? 0);
    bob.session.goodbye();
    await bob.asks('messages.fetched', undefined);
    assert.deepEqual(await pendingFor(place), ['two']);
  });

  test('comes again with its original time after a broken connection', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    const sentAt = place.clock.now();
    await alice.says(BOB, 'hello');
    place.clock.advance(60_000);
    bob.session.close(false);
    const again = await place.signsOn(BOB);
    const messages = await again.asks('messages.fetch', undefined);
    assert.ok(Array.isArray(messages));
    assert.deepEqual(
      messages.map((message) => [message.body.text, message.sentAt]),
      [['hello', sentAt]],
    );
  });

  test('is given to the client that says what it has, though another client of the account has taken it', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const desk = await place.signsOn(BOB, { profile: OWN });
    const away = async (words: string, here: Client): Promise<number> => {
      await alice.says(BOB, words);
      const { id } = here.messages.at(-1) as Message;
      here.session.confirmed(id);
      return id;
    };
    const after = await away('one', desk);
    desk.session.close(false);
    const phone = await place.signsOn(BOB, { profile: OWN });
    await away('two', phone);
    await alice.says(BOB, 'three');
    phone.session.close(false);
    const back = await place.signsOn(BOB, { profile: OWN });
    const since = async (): Promise<string[]> => {
      const messages = await back.asks('messages.fetch', { after });
      if (messages instanceof Refused) throw messages;
      await back.asks('messages.given', undefined);
      return messages.map(wordsOf);
    };
    assert.deepEqual(await since(), ['two', 'three']);
    assert.deepEqual(await since(), [], 'what was given is not given again to the same session');
    const other = await place.signsOn(BOB, { profile: OWN });
    assert.deepEqual(await other.fetches(), ['three'], 'who says nothing gets what nobody has taken');
  });

  test('comes again when the session was replaced before it confirmed, once its client has had time to close', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'hello');
    const again = await place.signsOn(BOB);
    const fetched = again.fetches();
    await place.passes(PEOPLE.partingMs);
    assert.deepEqual(await fetched, ['hello']);
    bob.session.close(true);
    assert.deepEqual(await pendingFor(place), ['hello'], 'it closed too late to tell anything');
  });

  test('comes again at once when the connection of a session that was replaced breaks', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'hello');
    place.clock.advance(1_000);
    const again = await place.signsOn(BOB);
    const fetched = again.fetches();
    bob.session.close(false);
    assert.deepEqual(await fetched, ['hello']);
  });

  test('does not come twice when the new client asks a moment before the old one closes', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'read');
    place.clock.advance(1_000);
    await alice.says(BOB, 'written just now');
    const again = await place.signsOn(BOB);
    const fetched = again.fetches();
    await place.passes(10);
    await alice.says(BOB, 'live');
    bob.session.close(true);
    assert.deepEqual(await fetched, ['written just now', 'live']);
    assert.deepEqual(bob.heard, ['read', 'written just now'], 'what came later was for the new client alone');
  });

  test('is confirmed by the FIN of a session that its front end ended, which is gone for everybody before', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'hello');
    place.clock.advance(1_000);
    bob.session.leave();
    assert.equal(bob.session.ended, true);
    assert.equal(place.core.figures().sessions, 1);
    const question: Passing = { kind: 'envelope', format: 'icbm/2', bytes: new Uint8Array(40), cookie: new Uint8Array(8) };
    assert.equal(refusalOf(await alice.passes(BOB, question, { concealed: true })), 'off-line');
    bob.session.close(true);
    assert.deepEqual(await pendingFor(place), []);
    assert.equal(place.core.figures().messagesDelivered, 1);
  });

  test('a stopping core waits for no client to close', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await place.signsOn(BOB);
    await alice.says(BOB, 'hello');
    const again = await place.signsOn(BOB);
    const fetched = again.fetches();
    const stopped = place.core.stop('server-stopping');
    assert.deepEqual(await fetched, []);
    await stopped;
  });

  test('is confirmed by the FIN of a session that was replaced, too', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'hello');
    place.clock.advance(1_000);
    const again = await place.signsOn(BOB);
    bob.session.close(true);
    assert.deepEqual(await again.fetches(), []);
  });

  test('goes to all clients of the account, and one confirmation is enough', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const clients = [await place.signsOn(BOB, { coexist: true }), await place.signsOn(BOB, { coexist: true })] as const;
    await alice.says(BOB, 'hello');
    for (const client of clients) assert.deepEqual(client.heard, ['hello']);
    place.clock.advance(1_000);
    clients[0].session.heard(true);
    clients[1].session.heard(true);
    assert.deepEqual(await pendingFor(place), []);
    assert.equal(place.core.figures().messagesDelivered, 1);
  });

  test('shows the recipient what he sees of the sender', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'hello');
    const { status } = alice.session.presence;
    await alice.asks('presence.set', { status: { ...status, invisible: true } });
    await alice.says(BOB, 'now you see me, now you do not');
    const senders = bob.events.map((event) => (event.type === 'message' ? event.sender?.uin : undefined));
    assert.deepEqual(senders, [ALICE, undefined]);
  });
});

describe('clients that acknowledge messages themselves', () => {
  for (const profile of [UDP, OWN]) {
    test(`${profile.protocol}: only the acknowledgement confirms, once`, async () => {
      const place = await town();
      const alice = await place.signsOn(ALICE);
      const bob = await place.signsOn(BOB, { profile });
      await alice.says(BOB, 'one');
      await alice.says(BOB, 'two');
      place.clock.advance(60_000);
      bob.session.heard(true);
      assert.deepEqual(await pendingFor(place), ['one', 'two']);
      bob.session.confirmed(bob.messages[1]?.id ?? 0);
      bob.session.confirmed(bob.messages[1]?.id ?? 0);
      assert.deepEqual(await pendingFor(place), ['one']);
      assert.equal(place.core.figures().messagesDelivered, 1);
      bob.session.close(true);
      assert.deepEqual(await pendingFor(place), ['one']);
    });
  }

  test('cannot confirm what they were not given', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.opens(BOB, { profile: UDP });
    const sent = await alice.says(BOB, 'hello');
    assert.ok('id' in sent);
    bob.session.confirmed(sent.id);
    assert.deepEqual(await pendingFor(place), ['hello']);
  });

  test('an acknowledgement may come before the transport reports', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB, { profile: UDP });
    bob.writes = false;
    await alice.says(BOB, 'hello');
    const id = bob.messages[0]?.id ?? 0;
    bob.session.confirmed(id);
    bob.session.written(id);
    assert.deepEqual(await pendingFor(place), []);
    bob.session.confirmed(id);
    assert.equal(place.core.figures().messagesDelivered, 1);
  });
});

describe('stored messages', () => {
  test('wait for the fetch, oldest first, and are not pushed', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    for (const words of ['one', 'two', 'three']) await alice.says(BOB, words);
    const bob = await place.signsOn(BOB);
    await place.passes(60_000);
    assert.deepEqual(bob.heard, []);
    assert.deepEqual(await bob.fetches(), ['one', 'two', 'three']);
  });

  test('are given once to a session', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'one');
    const bob = await place.signsOn(BOB);
    assert.deepEqual(await bob.fetches(), ['one']);
    assert.deepEqual(await bob.fetches(), []);
  });

  test('are confirmed by the client as a whole, and then gone for the account', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'one');
    await alice.says(BOB, 'two');
    const bob = await place.signsOn(BOB);
    await bob.fetches();
    await bob.asks('messages.fetched', undefined);
    assert.deepEqual(await pendingFor(place), []);
    assert.equal(place.core.figures().messagesDelivered, 2);
  });

  test('of those, only what the last fetch gave: nothing that came meanwhile', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'one');
    const bob = await place.signsOn(BOB);
    await bob.fetches();
    await place.passes(0);
    await alice.says(BOB, 'two');
    await bob.asks('messages.fetched', undefined);
    assert.deepEqual(await pendingFor(place), ['two']);
  });

  test('a client that never says it has them is believed like any other', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'one');
    const bob = await place.signsOn(BOB);
    await bob.fetches();
    bob.session.heard(true);
    assert.deepEqual(await pendingFor(place), ['one']);
    bob.session.heard(true);
    assert.deepEqual(await pendingFor(place), []);
  });

  test('nothing is taken for delivered that the transport has not taken', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'one');
    const bob = await place.signsOn(BOB);
    bob.writes = false;
    await bob.fetches();
    place.clock.advance(60_000);
    bob.session.heard(true);
    bob.session.close(true);
    assert.deepEqual(await (await place.signsOn(BOB)).fetches(), ['one']);
  });

  test('come again when the connection broke between fetch and confirmation', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'one');
    const bob = await place.signsOn(BOB);
    await bob.fetches();
    bob.session.close(false);
    assert.deepEqual(await (await place.signsOn(BOB)).fetches(), ['one']);
  });

  test('a message that was given live is not given again by a fetch', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'live');
    assert.deepEqual(await bob.fetches(), []);
  });

  test('what another client of the account has confirmed is not given any more, written or not', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const one = await place.signsOn(BOB, { coexist: true });
    await alice.says(BOB, 'hello');
    place.clock.advance(1_000);
    one.session.heard(true);
    const two = await place.signsOn(BOB, { coexist: true });
    assert.deepEqual(await two.fetches(), []);
  });

  test('what was confirmed a moment ago does not make live messages wait', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const before = await place.signsOn(BOB);
    await alice.says(BOB, 'hello');
    place.clock.advance(1_000);
    before.session.close(true);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'again');
    assert.deepEqual(bob.heard, ['again']);
  });

  test('what is confirmed while the store looks for stored messages is not given', async () => {
    const { place, goOn, holdNext } = await slowTown('pending');
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB, { profile: UDP });
    await alice.says(BOB, 'live');
    holdNext();
    const fetched = bob.fetches();
    await settled();
    bob.session.confirmed(bob.messages[0]?.id ?? 0);
    goOn();
    assert.deepEqual(await fetched, []);
  });

  test('what a fetch gave before its announcement came is not announced', async () => {
    const { place, goOn, holdNext } = await slowTown('append');
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    holdNext();
    const sent = alice.says(BOB, 'hello');
    await settled();
    assert.deepEqual(await bob.fetches(), ['hello']);
    goOn();
    await sent;
    assert.deepEqual(bob.heard, []);
  });

  test('our own clients fetch and confirm them like others', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'one');
    const bob = await place.signsOn(BOB, { profile: OWN });
    assert.deepEqual(await bob.fetches(), ['one']);
    await bob.asks('messages.fetched', undefined);
    assert.deepEqual(await pendingFor(place), []);
  });
});

describe('order', () => {
  test('live messages wait behind stored ones of the same sender, others do not', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const carol = await place.signsOn(CAROL);
    await alice.says(BOB, 'stored');
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'live');
    await carol.says(BOB, 'from somebody else');
    assert.deepEqual(bob.heard, ['from somebody else']);
    assert.deepEqual(await bob.fetches(), ['stored', 'live']);
    await place.passes(0);
    await alice.says(BOB, 'after the fetch');
    assert.deepEqual(bob.heard, ['from somebody else', 'after the fetch']);
  });

  test('five seconds after the client is ready they wait no longer', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'stored');
    const bob = await place.opens(BOB);
    await place.passes(10_000);
    await bob.asks('presence.ready', undefined);
    await alice.says(BOB, 'one');
    await alice.says(BOB, 'two');
    await place.passes(4_999);
    assert.deepEqual(bob.heard, []);
    await place.passes(1);
    assert.deepEqual(bob.heard, ['one', 'two']);
    await alice.says(BOB, 'three');
    assert.deepEqual(bob.heard, ['one', 'two', 'three']);
    assert.deepEqual(await bob.fetches(), ['stored'], 'late, and without what came live');
  });

  test('live messages wait until what was fetched is on its way, even if its reader needs a minute', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'stored');
    const bob = await place.signsOn(BOB);
    bob.gives = false;
    assert.deepEqual(await bob.fetches(), ['stored']);
    await alice.says(BOB, 'live');
    await place.passes(60_000);
    assert.deepEqual(bob.heard, []);
    await bob.asks('messages.given', undefined);
    await settled();
    assert.deepEqual(bob.heard, ['live']);
  });

  test('the same for a fetch that comes late, and for senders of whom nothing was stored at sign-on', async () => {
    const { place, goOn, holdNext } = await slowTown('append');
    const [alice, carol] = [await place.signsOn(ALICE), await place.signsOn(CAROL)];
    await alice.says(BOB, 'stored');
    const bob = await place.signsOn(BOB);
    bob.gives = false;
    await place.passes(10_000);
    holdNext();
    const sent = carol.says(BOB, 'stored meanwhile');
    await settled();
    assert.deepEqual(await bob.fetches(), ['stored', 'stored meanwhile']);
    goOn();
    await sent;
    await alice.says(BOB, 'one');
    await carol.says(BOB, 'two');
    assert.deepEqual(bob.heard, []);
    await bob.asks('messages.given', undefined);
    await settled();
    assert.deepEqual(bob.heard, ['one', 'two']);
  });

  test('a fetch that fails does not make them wait for ever', async () => {
    const store = memoryStore();
    let fails = false;
    const pending: typeof store.mailboxes.pending = (...of) => (fails ? Promise.reject(new StoreFailed('broken', 'no disk')) : store.mailboxes.pending(...of));
    const place = await town({ ...store, mailboxes: { ...store.mailboxes, pending } });
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'stored');
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'live');
    fails = true;
    assert.equal(refusalOf(await bob.asks('messages.fetch', undefined)), 'unavailable');
    assert.deepEqual(bob.heard, []);
    await place.passes(PEOPLE.fetchWaitMs);
    assert.deepEqual(bob.heard, ['live']);
  });

  test('a UDP client is given everything at once, and live messages follow', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'stored');
    const bob = await place.signsOn(BOB, { profile: UDP });
    bob.gives = false;
    await alice.says(BOB, 'live');
    assert.deepEqual(await bob.fetches(), ['stored', 'live']);
    await place.passes(0);
    await alice.says(BOB, 'after the fetch');
    assert.deepEqual(bob.heard, ['after the fetch']);
  });

  test('a message that comes while the fetch is answered follows the answer', async () => {
    const store = memoryStore();
    let during: () => Promise<unknown> = () => Promise.resolve();
    const place = await town({
      ...store,
      mailboxes: {
        ...store.mailboxes,
        async pending(number, limit) {
          const messages = await store.mailboxes.pending(number, limit);
          await during();
          return messages;
        },
      },
    });
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'stored');
    const bob = await place.signsOn(BOB);
    bob.gives = false;
    during = () => alice.says(BOB, 'meanwhile');
    const order: string[] = [];
    const take = bob.take.bind(bob);
    bob.take = (event) => {
      if (event.type === 'message') order.push('live');
      take(event);
    };
    const fetched = bob.fetches().then((words) => order.push(...words));
    await fetched;
    during = () => Promise.resolve();
    await bob.asks('messages.given', undefined);
    await place.passes(0);
    assert.deepEqual(order, ['stored', 'live']);
    assert.deepEqual(bob.heard, ['meanwhile']);
  });

  test('what comes before the client is ready is delivered when it is', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.opens(BOB);
    await alice.says(BOB, 'one');
    await alice.says(BOB, 'two');
    assert.deepEqual(bob.heard, []);
    await bob.asks('presence.ready', undefined);
    await settled();
    assert.deepEqual(bob.heard, ['one', 'two']);
    assert.deepEqual(await bob.fetches(), []);
  });

  test('a client that fetches before it is ready gets the rest when it is', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await alice.says(BOB, 'stored');
    const bob = await place.opens(BOB);
    assert.deepEqual(await bob.fetches(), ['stored']);
    await alice.says(BOB, 'soon');
    await place.passes(0);
    await alice.says(BOB, 'later');
    assert.deepEqual(bob.heard, []);
    await bob.asks('presence.ready', undefined);
    await settled();
    assert.deepEqual(bob.heard, ['soon', 'later']);
  });

  // Walks through everything that can happen, the same for the same seed.
  test('whatever a client does and when, it gets each message once', async () => {
    for (let seed = 1; seed <= 40; seed++) await randomWalk(seed, 'fetches when it likes');
  });

  test('a client that fetches at once gets what each sender wrote in order', async () => {
    for (let seed = 1; seed <= 40; seed++) await randomWalk(seed, 'fetches at once');
  });
});

describe('memory', () => {
  test('an hour of one message a second is confirmed and leaves nothing behind', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    let most = 0;
    for (let second = 0; second < 3_600; second++) {
      await alice.says(BOB, 'tick');
      bob.events.length = 0;
      place.clock.advance(1_000);
      if (second % 50 === 0) {
        bob.session.heard(true);
        await settled();
        most = Math.max(most, place.clock.timers);
      }
    }
    place.clock.advance(1_000);
    bob.session.heard(true);
    assert.deepEqual(await pendingFor(place), []);
    assert.equal(place.core.figures().messagesDelivered, 3_600);
    assert.equal(mailOf(bob).size, 0);
    assert.ok(most < 10, `${most} timers`);
  });

  test('an idle session holds nothing about messages', async () => {
    const place = await town();
    const bob = await place.signsOn(BOB);
    await bob.fetches();
    assert.equal((bob.session as unknown as { mail?: unknown }).mail, undefined);
    const timers = place.clock.timers;
    await place.signsOn(ALICE);
    assert.equal(place.clock.timers, timers, 'and no timer');
  });

  test('a client that takes messages for ever and is never heard of is ended; nothing is lost', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    const body = { kind: 'text', text: 'x' } as const;
    const sends: Promise<unknown>[] = [];
    for (let n = 0; n < 30_001; n++) sends.push(alice.asks('messages.send', { to: uin(BOB), body }));
    await Promise.all(sends);
    assert.deepEqual(bob.endings, ['too-slow']);
    assert.equal((await pendingFor(place)).length, 30_001);
  });

  test('what waits for a client that is not ready has a bound, and what is beyond it waits in the store', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.opens(BOB);
    await Promise.all(Array.from({ length: 150 }, (_, n) => alice.says(BOB, `a${n}`)));
    let last = alice;
    for (let sender = 0; sender < 10; sender++) {
      await place.account(30_001 + sender);
      last = await place.signsOn(30_001 + sender);
      await Promise.all(Array.from({ length: 150 }, (_, n) => last.says(BOB, `${sender}.${n}`)));
    }
    assert.ok(mailOf(bob).held.length <= 1_000);
    await bob.asks('presence.ready', undefined);
    await settled();
    await last.says(BOB, '9.150');
    const live = bob.heard.length;
    const all = [...bob.heard, ...(await bob.fetches())];
    assert.ok(live < 1_000 && all.length === 1_651 && new Set(all).size === 1_651, `${live} live of ${all.length}`);
    const ofLast = all.filter((words) => words.startsWith('9.')).map((words) => Number(words.slice(2)));
    assert.deepEqual(
      ofLast,
      ofLast.toSorted((a, b) => a - b),
      'in order for all that',
    );
  });
});

function mailOf(client: Client): { readonly size: number; readonly held: readonly unknown[] } {
  return (client.session as unknown as { mail: { size: number; held: unknown[] } }).mail;
}

/** Two senders, one recipient who comes and goes in every way there is. */
async function randomWalk(seed: number, manner: 'fetches when it likes' | 'fetches at once'): Promise<void> {
  const place = await town();
  const next = chooser(seed);
  const senders = [await place.signsOn(ALICE), await place.signsOn(CAROL)];
  const counts = [0, 0];
  const read: string[] = [];
  let bob: Client | undefined;
  let ready = false;

  const drain = (): void => {
    if (bob !== undefined) read.push(...bob.heard.splice(0));
    if (bob !== undefined) bob.events.length = 0;
  };
  for (let step = 0; step < 120; step++) {
    const dice = next(10);
    if (dice < 4) {
      const who = next(2);
      await senders[who]?.says(BOB, `${who}:${counts[who]}`);
      counts[who] = (counts[who] ?? 0) + 1;
    } else if (bob === undefined) {
      bob = await place.opens(BOB);
      ready = false;
    } else if (dice === 4 && !ready) {
      await bob.asks('presence.ready', undefined);
      ready = true;
      if (manner === 'fetches at once') read.push(...(await bob.fetches()));
    } else if (dice === 5 && (ready || manner === 'fetches when it likes')) {
      read.push(...(await bob.fetches()));
      await settled();
    } else if (dice === 6) {
      await place.passes(next(3_000));
    } else if (dice === 7) {
      await place.passes(1_000);
      bob.session.heard(true);
    } else if (dice === 8 && next(3) === 0) {
      // Whoever closes in good order a second after the last write gets nothing twice, even of what waited for a fetch.
      await place.passes(6_000);
      drain();
      bob.session.close(true);
      bob = undefined;
    }
    drain();
  }
  bob ??= await place.opens(BOB);
  await bob.asks('presence.ready', undefined);
  if (manner === 'fetches when it likes') await place.passes(6_000);
  drain();
  read.push(...(await bob.fetches()));
  await place.passes(6_000);
  drain();

  for (const who of [0, 1]) {
    const numbers = read.filter((words) => words.startsWith(`${who}:`)).map((words) => Number(words.slice(2)));
    const expected = Array.from({ length: counts[who] ?? 0 }, (_, n) => n);
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      expected,
      `seed ${seed}: each message of sender ${who} once`,
    );
  }
}

function chooser(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
