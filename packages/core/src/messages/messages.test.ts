import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Client, OWN, Place, type PlaceOptions, refusalOf, text, UDP } from '../core-testing.ts';
import { memoryStore } from '../memory-store.ts';
import { StoreFailed, type Store } from '../ports.ts';
import { countingStore, uin } from '../testing.ts';
import type { SessionRequest } from '../session.ts';
import type { Passing } from '../words.ts';

const ALICE = 20_001;
const BOB = 20_002;
const DAY = 86_400_000;

async function town(options: PlaceOptions = {}): Promise<Place> {
  const place = new Place(options);
  await place.accounts(ALICE, BOB);
  return place;
}

/** The client's user drops everything the other says. */
async function ignores(client: Client, other: number): Promise<void> {
  const item = { groupId: 0, itemId: 77, kind: 'ignore', type: 14, name: String(other), uin: uin(other), attributes: new Uint8Array(0) } as const;
  const answer = await client.asks('roster.edit', { edits: [{ do: 'add', item }], importing: false });
  assert.ok('results' in answer && answer.results[0] === 'done');
}

async function pending(place: Place, number: number): Promise<number> {
  return (await place.store.mailboxes.pending(uin(number), 10_000)).length;
}

describe('a message', () => {
  test('is answered with its number and time, after the store has it', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const answer = await alice.says(BOB, 'hello');
    assert.deepEqual(answer, { id: 1, sentAt: place.clock.now() });
    assert.equal(await pending(place, BOB), 1);
  });

  test('is announced only when the store has it', async () => {
    const working = memoryStore();
    let goOn: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    const store: Store = {
      ...working,
      mailboxes: { ...working.mailboxes, append: (draft, limits) => gate.then(() => working.mailboxes.append(draft, limits)) },
    };
    const place = await town({ store });
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    const answer = alice.says(BOB, 'hello');
    await place.passes(1_000);
    assert.deepEqual(bob.heard, []);
    goOn();
    await answer;
    assert.deepEqual(bob.heard, ['hello']);
  });

  test('nobody can send in the name of another', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.asks('messages.send', { to: uin(BOB), body: text('hello'), from: uin(BOB) } as never);
    assert.equal(bob.messages[0]?.from, ALICE);
  });

  test('to nobody is refused', async () => {
    const place = await town();
    assert.equal(refusalOf(await (await place.signsOn(ALICE)).says(20_009, 'hello')), 'no-such-user');
  });

  test('that is too large is refused, to the byte', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    assert.equal(refusalOf(await alice.says(BOB, 'x'.repeat(8_000))), undefined);
    assert.equal(refusalOf(await alice.says(BOB, 'x'.repeat(8_001))), 'too-large');
    assert.equal(refusalOf(await alice.says(BOB, 'ж'.repeat(4_001))), 'too-large');
    const original = { format: 'icbm/1', bytes: new Uint8Array(8_001) };
    assert.equal(refusalOf(await alice.asks('messages.send', { to: uin(BOB), body: { kind: 'text', text: 'x', original } })), 'too-large');
  });

  test('reaches somebody who is invisible to the sender', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await bob.asks('presence.set', { status: { ...bob.session.presence.status, invisible: true } });
    assert.equal(refusalOf(await alice.says(BOB, 'hello')), undefined);
    assert.deepEqual(bob.heard, ['hello']);
  });

  test('can be for oneself', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await alice.says(ALICE, 'a note');
    assert.deepEqual(alice.heard, ['a note']);
  });

  test('is refused as unavailable when the disk is full, and the log says so once', async () => {
    const working = memoryStore();
    const store: Store = {
      ...working,
      mailboxes: { ...working.mailboxes, append: () => Promise.reject(new StoreFailed('full', 'no space left')) },
    };
    const place = await town({ store });
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    for (let n = 0; n < 100; n++) assert.equal(refusalOf(await alice.says(BOB, 'hello')), 'unavailable');
    assert.deepEqual(bob.heard, []);
    assert.equal(place.reports.length, 1);
    assert.match(place.reports.join(), /no space left/);
  });

  test('costs one store operation, whether the recipient is there or not', async () => {
    const store = countingStore(memoryStore());
    const place = await town({ store });
    const alice = await place.signsOn(ALICE);
    await place.passes(60_000);
    store.reset();
    await alice.says(BOB, 'stored');
    assert.deepEqual([...store.counts], [['mailboxes.append', 1]]);
    await place.signsOn(BOB);
    store.reset();
    await alice.says(BOB, 'live');
    assert.deepEqual([...store.counts], [['mailboxes.append', 1]]);
  });
});

describe('ignored', () => {
  test('a sender gets the same answer as others, and nothing arrives', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'before');
    await ignores(bob, ALICE);
    const answers = [await alice.says(BOB, 'one'), await alice.says(BOB, 'two')];
    assert.deepEqual(answers, [
      { id: 2, sentAt: place.clock.now() },
      { id: 3, sentAt: place.clock.now() },
    ]);
    assert.deepEqual(bob.heard, ['before']);
    bob.session.close(false);
    assert.equal(refusalOf(await alice.says(BOB, 'three')), undefined);
    assert.deepEqual(await (await place.signsOn(BOB)).fetches(), ['before']);
  });

  test('who ignores somebody himself is told', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await ignores(alice, BOB);
    assert.equal(refusalOf(await alice.says(BOB, 'hello')), 'you-ignore-them');
    assert.equal(await pending(place, BOB), 0);
  });
});

describe('a full mailbox', () => {
  const limits = { mailboxMessagesMax: 5, mailboxPerSenderMax: 3 };

  test('refuses one sender after his share, and everybody when it is full', async () => {
    const place = await town({ limits });
    await place.accounts(20_003);
    const alice = await place.signsOn(ALICE);
    const carol = await place.signsOn(20_003);
    const answers: (string | undefined)[] = [];
    for (let n = 0; n < 4; n++) answers.push(refusalOf(await alice.says(BOB, `${n}`)));
    for (let n = 0; n < 3; n++) answers.push(refusalOf(await carol.says(BOB, `${n}`)));
    assert.deepEqual(answers, [undefined, undefined, undefined, 'mailbox-full', undefined, undefined, 'mailbox-full']);
  });

  test('does not refuse somebody whose recipient is there', async () => {
    const place = await town({ limits });
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    for (let n = 0; n < 20; n++) assert.equal(refusalOf(await alice.says(BOB, `${n}`)), undefined);
    assert.equal(bob.heard.length, 20);
  });
});

describe('who does not see the other', () => {
  const FILES = '09461343000000000000000000000000';
  const envelope: Passing = { kind: 'envelope', format: 'icbm/2', bytes: new Uint8Array(40), cookie: new Uint8Array(8) };

  /** Ways to be nobody for Alice. */
  const HIDING: Readonly<Record<string, (place: Place) => Promise<unknown>>> = {
    'off line': () => Promise.resolve(),
    'signing on': (place) => place.opens(BOB),
    invisible: async (place) => {
      const bob = await place.signsOn(BOB);
      await bob.asks('presence.set', { status: { ...bob.session.presence.status, invisible: true } });
    },
    ignoring: async (place) => ignores(await place.signsOn(BOB), ALICE),
    'not authorising': async (place) => {
      await place.store.accounts.update(uin(BOB), { authorisationRequired: true });
      await place.signsOn(BOB);
    },
  };

  for (const [name, hide] of Object.entries(HIDING)) {
    test(`cannot tell from the answers that he is ${name}`, async () => {
      const place = await town({ limits: { mailboxPerSenderMax: 2 } });
      const alice = await place.signsOn(ALICE);
      // His client neither confirms nor fetches, so that nothing but where he is makes a difference.
      for (const words of ['one', 'two']) assert.equal(refusalOf(await alice.says(BOB, words)), undefined);
      await hide(place);
      const said = refusalOf(await alice.says(BOB, 'three'));
      // Ignored is as accepted: there a mailbox is never full.
      assert.equal(said, name === 'ignoring' ? undefined : 'mailbox-full');
      const answers = [];
      for (const concealed of [true, false]) {
        for (const more of [{}, { needs: FILES }]) answers.push(refusalOf(await alice.passes(BOB, envelope, { concealed, ...more })));
      }
      assert.deepEqual(answers, ['off-line', 'off-line', undefined, undefined]);
    });
  }

  test('is another matter than who is off line himself and has left an answer: nobody waits to hear what became of that', async () => {
    const place = await town({ limits: { mailboxMessagesMax: 1 } });
    const bob = await place.signsOn(BOB);
    await bob.asks('authorisation.grant', { to: uin(ALICE), reason: 'welcome' });
    bob.session.close(false);
    const alice = await place.signsOn(ALICE);
    assert.equal(await pending(place, ALICE), 1);
    assert.equal(await alice.asks('authorisation.request', { to: uin(BOB), reason: 'please' }), undefined);
    assert.equal(await pending(place, ALICE), 2);
  });
});

describe('our own senders', () => {
  const senderId = '0123456789abcdef0123456789ABCDEF';

  test('may send again what they are not sure of: it is acknowledged alike and stored once', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE, { profile: OWN });
    const bob = await place.signsOn(BOB);
    const first = await alice.says(BOB, 'hello', { senderId });
    place.clock.advance(5_000);
    await alice.says(BOB, 'something else');
    assert.deepEqual(await alice.says(BOB, 'hello', { senderId }), first);
    assert.deepEqual(bob.heard, ['hello', 'something else']);
    assert.equal(place.core.figures().messagesStored, 2);
  });

  test('the same id from another sender is another message', async () => {
    const place = await town();
    await place.accounts(20_003);
    const alice = await place.signsOn(ALICE, { profile: OWN });
    const carol = await place.signsOn(20_003, { profile: OWN });
    await alice.says(BOB, 'from alice', { senderId });
    await carol.says(BOB, 'from carol', { senderId });
    assert.deepEqual(await (await place.signsOn(BOB)).fetches(), ['from alice', 'from carol']);
  });

  test('need an id of 128 bits', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE, { profile: OWN });
    for (const wrong of ['', '1234', `${senderId}0`, 'g'.repeat(32)]) assert.equal(refusalOf(await alice.says(BOB, 'x', { senderId: wrong })), 'bad-input');
  });
});

describe('typing notices', () => {
  const typing: Passing = { kind: 'typing', typing: 'begun', cookie: new Uint8Array(8), channel: 1 };

  test('reach whoever is there', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const clients = [await place.signsOn(BOB, { coexist: true }), await place.signsOn(BOB, { coexist: true })];
    assert.equal(await alice.passes(BOB, typing), undefined);
    for (const client of clients) assert.deepEqual(client.passings, [typing]);
  });

  test('are dropped without a word when nobody is there, or does not want them', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    assert.equal(await alice.passes(BOB, typing), undefined);
    assert.equal(await alice.passes(20_009, typing), undefined);
    const bob = await place.signsOn(BOB);
    await ignores(bob, ALICE);
    assert.equal(await alice.passes(BOB, typing), undefined);
    assert.equal(await bob.passes(ALICE, typing), undefined);
    assert.deepEqual([...bob.passings, ...alice.passings], []);
  });
});

describe('envelopes', () => {
  const FILES = '09461343000000000000000000000000';
  const envelope: Passing = { kind: 'envelope', format: 'icbm/2', bytes: new Uint8Array(40), cookie: new Uint8Array(8) };

  async function announces(client: Client): Promise<Client> {
    await client.asks('presence.set', { capabilities: [FILES] });
    return client;
  }

  test('are refused when nobody is there', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    assert.equal(refusalOf(await alice.passes(BOB, envelope, { concealed: true })), 'off-line');
    await place.opens(BOB);
    assert.equal(refusalOf(await alice.passes(BOB, envelope, { concealed: true })), 'off-line');
  });

  test('go to all clients when they need nothing, and are never stored', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const clients = [await place.signsOn(BOB, { coexist: true }), await place.signsOn(BOB, { coexist: true })];
    assert.equal(await alice.passes(BOB, envelope), undefined);
    for (const client of clients) assert.deepEqual(client.passings, [envelope]);
    assert.equal(await pending(place, BOB), 0);
  });

  test('that need something are refused unless a client has it', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    assert.equal(refusalOf(await alice.passes(BOB, envelope, { needs: FILES })), 'not-supported-by-client');
    await announces(bob);
    assert.equal(await alice.passes(BOB, envelope, { needs: FILES }), undefined);
    assert.deepEqual(bob.passings, [envelope]);
  });

  test('without words are refused where no client speaks as their author’s does', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const old = await place.signsOn(BOB, { profile: UDP });
    assert.equal(refusalOf(await alice.passes(BOB, envelope)), 'not-supported-by-client');
    assert.equal(refusalOf(await alice.passes(BOB, { ...envelope, fallback: '' })), 'not-supported-by-client');
    const inWords: Passing = { ...envelope, fallback: 'gone fishing' };
    assert.equal(await alice.passes(BOB, inWords), undefined);
    assert.deepEqual(old.passings, [inWords]);
    const own = await place.signsOn(BOB, { profile: OWN });
    assert.equal(await alice.passes(BOB, envelope), undefined);
    assert.deepEqual([own.passings.length, old.passings.length], [1, 1]);
    assert.equal(await old.passes(ALICE, { ...envelope, format: 'udp/tcp-request' }).then(refusalOf), 'not-supported-by-client');
  });

  test('then go to the client that was used last', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const used = await announces(await place.signsOn(BOB, { coexist: true }));
    const idle = await announces(await place.signsOn(BOB, { coexist: true }));
    const unable = await place.signsOn(BOB, { coexist: true });
    place.clock.advance(10);
    used.session.heard(true);
    place.clock.advance(10);
    unable.session.heard(true);
    await alice.passes(BOB, envelope, { needs: FILES });
    assert.deepEqual([used.passings.length, idle.passings.length, unable.passings.length], [1, 0, 0]);
  });

  test('do not tell an invisible user from one who is off line', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await announces(await place.signsOn(BOB));
    await bob.asks('presence.set', { status: { ...bob.session.presence.status, invisible: true } });
    assert.equal(refusalOf(await alice.passes(BOB, envelope, { concealed: true, needs: FILES })), 'off-line');
    assert.equal(refusalOf(await alice.passes(BOB, envelope, { concealed: true })), 'off-line');
    assert.equal(await alice.passes(BOB, envelope, { concealed: false }), undefined);
    assert.equal(bob.passings.length, 1);
  });

  test('come from where the session is that wrote them, and not at all from one that hides that', async () => {
    const place = await town();
    const at = (address: string): Partial<SessionRequest> => ({ coexist: true, peer: { address, port: 1024, known: true } });
    const office = await place.signsOn(BOB, at('192.0.2.2'));
    const home = await place.signsOn(BOB, at('192.0.2.1'));
    const alice = await place.signsOn(ALICE);
    for (const [client, other] of [[office, ALICE] as const, [home, ALICE] as const, [alice, BOB] as const]) {
      await client.asks('contacts.add', { uins: [uin(other)], temporary: false });
    }
    const direct = { internalAddress: '10.1.2.3', port: 5_001, kind: 4, version: 8, cookie: 1, webPort: 0, features: 3, times: [0, 0, 0] } as const;
    await office.asks('presence.set', { direct });
    await home.asks('presence.set', { direct: { ...direct, port: 5_002 } });
    const from = async (client: Client): Promise<unknown> => {
      alice.events.length = 0;
      assert.equal(await client.passes(ALICE, envelope), undefined);
      const [event] = alice.events;
      assert.equal(event?.type, 'passing');
      return event.type === 'passing' && [event.sender?.externalAddress, event.sender?.direct?.internalAddress, event.sender?.direct?.port];
    };
    assert.deepEqual(await from(home), ['192.0.2.1', '0.0.0.0', 5_002]);
    assert.deepEqual(await from(office), ['192.0.2.2', '0.0.0.0', 5_001]);
    const { status } = office.session.presence;
    for (const hiding of [{ hideAddress: true }, { direct: 'off' }, { direct: 'authorised' }] as const) {
      await office.asks('presence.set', { status: { ...status, ...hiding } });
      await home.asks('presence.set', { status });
      assert.deepEqual(await from(office), [undefined, '0.0.0.0', 0], JSON.stringify(hiding));
      assert.deepEqual(await from(home), ['192.0.2.1', '0.0.0.0', 5_002]);
    }
  });

  test('from somebody who is ignored look accepted, or find him off line', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await ignores(bob, ALICE);
    assert.equal(await alice.passes(BOB, envelope), undefined);
    assert.equal(refusalOf(await alice.passes(BOB, envelope, { concealed: true })), 'off-line');
    assert.deepEqual(bob.passings, []);
    assert.equal(refusalOf(await bob.passes(ALICE, envelope)), 'you-ignore-them');
  });

  test('have a size', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    await place.signsOn(BOB);
    assert.equal(refusalOf(await alice.passes(BOB, { ...envelope, bytes: new Uint8Array(16_001) })), 'too-large');
  });
});

describe('old messages', () => {
  test('are forgotten: delivered ones after 30 days, others after 90', async () => {
    const place = await town();
    const alice = await place.signsOn(ALICE);
    const bob = await place.signsOn(BOB);
    await alice.says(BOB, 'read');
    await place.passes(1_000);
    bob.session.close(true);
    await alice.says(BOB, 'unread');
    const left = async (): Promise<number> => (await place.store.mailboxes.since(uin(BOB), 0, 10)).length;
    for (let day = 0; day < 29; day++) await place.passes(DAY);
    assert.equal(await left(), 2);
    for (let day = 29; day < 31; day++) await place.passes(DAY);
    assert.equal(await left(), 1);
    for (let day = 31; day < 89; day++) await place.passes(DAY);
    assert.equal(await left(), 1);
    for (let day = 89; day < 91; day++) await place.passes(DAY);
    assert.equal(await left(), 0);
  });

  test('are forgotten a few hundred at a time', async () => {
    const store = memoryStore();
    const batches: number[] = [];
    const counted: Store = {
      ...store,
      mailboxes: {
        ...store.mailboxes,
        async prune(deliveredBefore, sentBefore, limit) {
          const forgotten = await store.mailboxes.prune(deliveredBefore, sentBefore, limit);
          batches.push(forgotten);
          return forgotten;
        },
      },
    };
    const place = await town({ store: counted });
    const draft = { from: uin(ALICE), to: uin(BOB), body: text('old'), sentAt: place.clock.now() - 100 * DAY, limited: false };
    for (let n = 0; n < 1_200; n++) await store.mailboxes.append(draft, { messagesMax: 1, bytesMax: 1, perSenderMax: 1 });
    for (let second = 0; second < 5; second++) await place.passes(1_000);
    assert.deepEqual(batches, [500, 500, 200]);
  });
});
