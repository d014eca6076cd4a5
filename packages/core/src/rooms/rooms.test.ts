import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Client, OWN, Place, refusalOf } from '../core-testing.ts';
import { Refused } from '../refusals.ts';
import { memoryStore, uin } from '../testing.ts';
import { type RoomNews, roomName, type RoomView } from './room.ts';

const ALICE = 20_001;
const BOB = 20_002;
const CAROL = 20_003;
const DAY_MS = 24 * 3600_000;

async function town(options: ConstructorParameters<typeof Place>[0] = {}): Promise<{ place: Place; alice: Client; bob: Client; carol: Client }> {
  const place = new Place(options);
  await place.accounts(ALICE, BOB, CAROL);
  return { place, alice: await place.signsOn(ALICE), bob: await place.signsOn(BOB), carol: await place.signsOn(CAROL) };
}

function some<T>(answer: T | Refused): T {
  if (answer instanceof Refused) assert.fail(answer.refusal);
  return answer;
}

async function opens(client: Client, kind: 'public' | 'private', name = 'cats'): Promise<string> {
  return some<RoomView>(await client.asks('rooms.open', { kind, name })).room.id;
}

/** What a client was told of rooms since it was asked last. */
function news(client: Client): RoomNews[] {
  const told = client.events.flatMap((event) => (event.type === 'room' ? [event.news] : []));
  client.events.length = 0;
  return told;
}

const lines = (client: Client): string[] =>
  news(client).flatMap((one) => (one.kind === 'said' ? [`${one.line.from}${one.line.whisper ? ' whispers' : ''}: ${one.line.text}`] : []));

describe('a public room', () => {
  test('is made once and found by everybody', async () => {
    const { alice, bob } = await town();
    const room = await opens(alice, 'public');
    assert.equal(await opens(bob, 'public', ' CATS '), room);
    assert.deepEqual(
      some(await bob.asks('rooms.list', { fragment: 'cat' })).map((view) => view.room.id),
      [room],
    );
  });

  test('tells those who are there who comes and goes', async () => {
    const { alice, bob, place } = await town();
    const room = await opens(alice, 'public');
    assert.deepEqual(some(await alice.asks('rooms.join', { room })).members, [ALICE]);
    assert.deepEqual(some(await bob.asks('rooms.join', { room })).members, [ALICE, BOB]);
    await place.passes(0);
    assert.deepEqual(news(alice), [{ kind: 'joined', uins: [BOB] }]);
    assert.deepEqual(news(bob), [], 'not of himself');
    assert.equal(place.core.figures().rooms, 1);
    await bob.asks('rooms.leave', { room });
    bob.session.close(true);
    assert.deepEqual(news(alice), [{ kind: 'left', uins: [BOB] }], 'once');
  });

  test('hears who leaves without a word', async () => {
    const { alice, bob } = await town();
    const room = await opens(alice, 'public');
    for (const client of [alice, bob]) await client.asks('rooms.join', { room });
    news(alice);
    bob.session.close(false);
    assert.deepEqual(news(alice), [{ kind: 'left', uins: [BOB] }]);
  });

  test('is not entered by a client that left it before the store had answered', async () => {
    const { alice, bob } = await town();
    const room = await opens(alice, 'public');
    await alice.asks('rooms.join', { room });
    const joined = bob.asks('rooms.join', { room });
    await bob.asks('rooms.leave', { room });
    const again = bob.asks('rooms.join', { room });
    assert.equal(refusalOf(await joined), 'no-such-room');
    assert.deepEqual(some(await again).members, [ALICE, BOB], 'another try is another matter');
    await bob.asks('rooms.leave', { room });
    assert.deepEqual(some(await alice.asks('rooms.show', { room })).members, [ALICE]);
  });

  test('shows an account once, with however many clients', async () => {
    const { alice, bob, place } = await town();
    const room = await opens(alice, 'public');
    await alice.asks('rooms.join', { room });
    const second = await place.signsOn(BOB, { profile: OWN });
    for (const client of [bob, second]) await client.asks('rooms.join', { room });
    assert.deepEqual(some(await alice.asks('rooms.show', { room })).members, [ALICE, BOB]);
    bob.session.close(true);
    assert.deepEqual(news(alice), [{ kind: 'joined', uins: [BOB] }]);
    second.session.close(true);
    assert.deepEqual(news(alice), [{ kind: 'left', uins: [BOB] }]);
  });
});

describe('what is said', () => {
  test('reaches everybody once, and the speaker when he wants', async () => {
    const { alice, bob, carol } = await town();
    const room = await opens(alice, 'public');
    for (const client of [alice, bob]) await client.asks('rooms.join', { room });
    await alice.asks('rooms.say', { room, text: 'hello', echo: false });
    await alice.asks('rooms.say', { room, text: 'is anybody here?', echo: true });
    assert.deepEqual(lines(bob), ['20001: hello', '20001: is anybody here?']);
    assert.deepEqual(lines(alice), ['20001: is anybody here?']);
    assert.deepEqual(lines(carol), []);
    assert.equal(refusalOf(await carol.asks('rooms.say', { room, text: 'let me in', echo: false })), 'no-such-room');
  });

  test('to one alone reaches nobody else', async () => {
    const { alice, bob, carol } = await town();
    const room = await opens(alice, 'public');
    for (const client of [alice, bob, carol]) await client.asks('rooms.join', { room });
    await alice.asks('rooms.say', { room, text: 'psst', to: uin(BOB), echo: false });
    assert.deepEqual(lines(bob), ['20001 whispers: psst']);
    assert.deepEqual(lines(carol), []);
    await carol.asks('rooms.leave', { room });
    assert.equal(refusalOf(await alice.asks('rooms.say', { room, text: 'psst', to: uin(CAROL), echo: false })), 'off-line');
  });

  test('by somebody one ignores is not heard', async () => {
    const { alice, bob, carol } = await town();
    const room = await opens(alice, 'public');
    for (const client of [alice, bob, carol]) await client.asks('rooms.join', { room });
    const item = { groupId: 0, itemId: 7, kind: 'ignore', type: 14, name: String(ALICE), uin: uin(ALICE), attributes: new Uint8Array(0) } as const;
    some(await bob.asks('roster.edit', { edits: [{ do: 'add', item }], importing: false }));
    await alice.asks('rooms.say', { room, text: 'hello', echo: false });
    assert.deepEqual([lines(bob), lines(carol)], [[], ['20001: hello']]);
  });

  test('is not longer than it may be', async () => {
    const { alice } = await town({ limits: { roomLineBytesMax: 10 } });
    const room = await opens(alice, 'public');
    await alice.asks('rooms.join', { room });
    assert.equal(refusalOf(await alice.asks('rooms.say', { room, text: 'ы'.repeat(6), echo: true })), 'too-large');
    assert.equal(refusalOf(await alice.asks('rooms.say', { room, text: '世'.repeat(6), echo: true })), 'too-large');
    for (const text of ['ы'.repeat(5), '世'.repeat(5), 'x'.repeat(10)]) {
      const original = { format: 'chat', bytes: new Uint8Array(40) };
      assert.equal(refusalOf(await alice.asks('rooms.say', { room, text, echo: true, original })), undefined, text);
    }
    const original = { format: 'chat', bytes: new Uint8Array(300) };
    assert.equal(refusalOf(await alice.asks('rooms.say', { room, text: 'x', echo: true, original })), 'too-large');
  });
});

describe('a private room', () => {
  test('is nobody’s but its maker’s until he invites', async () => {
    const { alice, bob, carol } = await town();
    const room = await opens(alice, 'private');
    assert.notEqual(await opens(bob, 'private'), room, 'the name leads to his own');
    for (const ask of ['rooms.show', 'rooms.join', 'rooms.invite'] as const) {
      assert.equal(refusalOf(await bob.asks(ask, { room, to: uin(CAROL) })), 'no-such-room');
    }
    assert.deepEqual(some(await bob.asks('rooms.list', { fragment: 'cats' })), []);
    await alice.asks('rooms.invite', { room, to: uin(BOB) });
    assert.deepEqual(some(await bob.asks('rooms.join', { room })).members, [BOB]);
    assert.equal(await opens(carol, 'private', 'dogs'), await opens(carol, 'private', 'dogs'));
    await bob.asks('rooms.invite', { room, to: uin(CAROL) });
    assert.deepEqual(some(await carol.asks('rooms.join', { room })).members, [BOB, CAROL]);
  });

  test('is not opened to somebody who ignores whoever invites him', async () => {
    const { alice, bob } = await town();
    const room = await opens(alice, 'private');
    const item = { groupId: 0, itemId: 7, kind: 'ignore', type: 14, name: String(ALICE), uin: uin(ALICE), attributes: new Uint8Array(0) } as const;
    some(await bob.asks('roster.edit', { edits: [{ do: 'add', item }], importing: false }));
    assert.equal(refusalOf(await alice.asks('rooms.invite', { room, to: uin(BOB) })), undefined, 'as if he had been');
    assert.equal(refusalOf(await bob.asks('rooms.show', { room })), 'no-such-room');
    assert.notEqual(await opens(bob, 'private'), room, 'the name leads to his own');
  });

  test('outlives a restart, with whom it knows', async () => {
    const store = memoryStore();
    const before = await town({ store });
    const room = await opens(before.alice, 'private');
    await before.alice.asks('rooms.invite', { room, to: uin(BOB) });
    const place = new Place({ store, seed: 2 });
    const bob = await place.signsOn(BOB);
    const carol = await place.signsOn(CAROL);
    assert.equal(some(await bob.asks('rooms.join', { room })).room.name, 'cats');
    assert.equal(refusalOf(await carol.asks('rooms.join', { room })), 'no-such-room');
  });
});

describe('limits of rooms', () => {
  test('a room takes so many people, a client so many rooms, an account makes so many', async () => {
    const { alice, bob, carol } = await town({ limits: { roomMembersMax: 2, roomsJoinedMax: 1, roomsOwnedMax: 2 } });
    const [first, second] = [await opens(alice, 'public', 'first'), await opens(alice, 'public', 'second')];
    assert.equal(refusalOf(await alice.asks('rooms.open', { kind: 'public', name: 'third' })), 'list-full');
    for (const client of [alice, bob]) some(await client.asks('rooms.join', { room: first }));
    assert.equal(refusalOf(await carol.asks('rooms.join', { room: first })), 'list-full');
    assert.equal(refusalOf(await alice.asks('rooms.join', { room: second })), 'list-full');
    some(await alice.asks('rooms.join', { room: first }));
  });

  test('a room nobody comes to is forgotten, one that is used is not', async () => {
    const { place, alice, bob } = await town({ limits: { roomDays: 2 } });
    const [used, empty] = [await opens(alice, 'public', 'used'), await opens(alice, 'public', 'empty')];
    await alice.asks('rooms.join', { room: used });
    await place.passes(1.5 * DAY_MS);
    await alice.asks('rooms.say', { room: used, text: 'still here', echo: false });
    await place.passes(DAY_MS);
    await opens(bob, 'public', 'another');
    assert.equal(refusalOf(await bob.asks('rooms.show', { room: empty })), 'no-such-room');
    some(await bob.asks('rooms.show', { room: used }));
  });
});

test('a room’s name is what people can read and tell apart', () => {
  const named = (text: string): string | undefined => roomName(text, 100);
  assert.equal(named('  Кошки  и собаки '), 'Кошки и собаки');
  assert.equal(named('猫 & <b>dogs</b>'), '猫 & <b>dogs</b>');
  for (const hostile of ['', '   ', 'a\0b', 'a\nb', 'cats\u202etxt', 'c\u200bats', '\ud800', 'c\ufffdts', 'x\u2028y', 'ы'.repeat(51), 'x'.repeat(101)]) {
    assert.equal(named(hostile), undefined, JSON.stringify(hostile));
  }
});
