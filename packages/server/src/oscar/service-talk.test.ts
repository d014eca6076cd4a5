import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PEOPLE } from '@seekyou/core';
import { decode } from '@seekyou/wire';
import { chat, chatNavigation, Family, FlapChannel, oservice } from '@seekyou/wire/oscar';
import { service } from './service-testing.ts';
import { quiet, type TestClient, type World, world } from './test-client.ts';
import { ascii } from './testing.ts';

type Room = chatNavigation.RoomInfo;

async function createRoom(here: World, bos: TestClient): Promise<Room> {
  const navigation = await service(here, bos, Family.chatNavigation);
  navigation.say(chatNavigation.createRoom, { exchange: 5, cookie: 'create', instance: 0xffff, detail: 1, tlvs: { name: ascii('cats') } });
  await quiet();
  const [room] = navigation.one(chatNavigation.navigationReply).tlvs.rooms ?? [];
  assert.ok(room);
  return room;
}

/** A connection of somebody's for a room, which has been entered. */
async function enters(here: World, bos: TestClient, { exchange, cookie }: Room): Promise<TestClient> {
  const client = await service(here, bos, Family.chat, { exchange, cookie, instance: 0 });
  client.take();
  return client;
}

const writes = (client: TestClient, words: string): number =>
  client.say(chat.channelMsgToHost, {
    cookie: new Uint8Array(8),
    channel: 3,
    tlvs: { public: true, message: { tlvs: { text: ascii(words), charset: 'us-ascii', language: 'en' } } },
  });
const goodbye = (client: TestClient): void => client.frame(FlapChannel.close, new Uint8Array(0));

/** What is told in a room: who said what, and that somebody left. */
const toldIn = (client: TestClient): string[] =>
  client.snacs().map(({ subtype, data }) => {
    if (subtype === chat.usersLeft.subtype) return 'somebody left';
    return new TextDecoder().decode(decode(chat.channelMsgToClient.body, data).tlvs.message?.tlvs.text);
  });

async function twoInARoom(): Promise<{ here: World; room: Room; alice: TestClient; speaker: TestClient; listener: TestClient }> {
  const here = await world();
  const [alice, bob] = [await here.online(await here.account()), await here.online(await here.account())];
  const room = await createRoom(here, alice);
  const listener = await enters(here, bob, room);
  const speaker = await enters(here, alice, room);
  listener.take();
  return { here, room, alice, speaker, listener };
}

for (const [how, ends] of [
  ['says goodbye', goodbye],
  ['closes', (client: TestClient) => client.transport.end()],
] as const) {
  test(`what a client said in a room before it ${how} there is heard, then it has left`, async () => {
    const { speaker, listener } = await twoInARoom();
    for (const words of ['one', 'two', 'three']) writes(speaker, words);
    ends(speaker);
    await quiet();
    assert.deepEqual(toldIn(listener), ['one', 'two', 'three', 'somebody left']);
    assert.equal(speaker.how, 'fin');
  });

  test(`what a client said in a room before its session ${how} is heard`, async () => {
    const { here, alice, speaker, listener } = await twoInARoom();
    for (const words of ['one', 'two', 'three']) writes(speaker, words);
    ends(alice);
    await quiet();
    assert.deepEqual(toldIn(listener), ['one', 'two', 'three', 'somebody left']);
    assert.deepEqual([here.core.figures().sessions, speaker.how], [1, 'fin']);
    assert.deepEqual(speaker.heard(), ['close']);
  });
}

/** All that in one go. */
async function entersSpeaksAndLeaves(here: World, bos: TestClient, { exchange, cookie }: Room, words: string): Promise<TestClient> {
  bos.say(oservice.serviceRequest, { family: Family.chat, tlvs: { room: { exchange, cookie, instance: 0 } } });
  await quiet();
  const client = here.connect();
  client.hello({ cookie: bos.one(oservice.serviceResponse).tlvs.cookie as Uint8Array });
  client.say(oservice.clientOnline, { families: [] });
  writes(client, words);
  goodbye(client);
  await quiet();
  return client;
}

/** From now on the core has no answer for who speaks in a room. Counts how often it was asked. */
function neverAnswersLines(here: World): () => number {
  const run = here.core.run.bind(here.core);
  let asked = 0;
  here.core.run = (session, command, input) => {
    if (command !== 'rooms.say') return run(session, command, input);
    asked++;
    return new Promise(() => {});
  };
  return () => asked;
}

test('a client that enters a room, speaks and leaves in one piece did all of it', async () => {
  const { here, alice, room, speaker, listener } = await twoInARoom();
  goodbye(speaker);
  await quiet();
  listener.take();
  await entersSpeaksAndLeaves(here, alice, room, 'hello');
  assert.deepEqual(toldIn(listener).slice(1), ['hello', 'somebody left']);
});

test('who left a room is in it while what he said is handled, but not for long', async () => {
  const { here, alice, room, speaker, listener } = await twoInARoom();
  goodbye(speaker);
  await quiet();
  listener.take();
  neverAnswersLines(here);
  await entersSpeaksAndLeaves(here, alice, room, 'hello');
  assert.deepEqual(listener.heard(), ['0E/03']);
  here.clock.advance(PEOPLE.partingMs + 1_000);
  await quiet();
  assert.deepEqual(toldIn(listener), ['somebody left']);
});

test('nothing of what a client said in a room is waited for when its session breaks, or is ended', async () => {
  const { here, alice, speaker, listener } = await twoInARoom();
  const asked = neverAnswersLines(here);
  for (const words of ['one', 'two']) writes(speaker, words);
  goodbye(speaker);
  await quiet();
  alice.transport.destroy();
  await quiet();
  assert.deepEqual(toldIn(listener), ['somebody left']);
  assert.deepEqual([asked(), here.core.figures().sessions, speaker.how], [1, 1, 'fin']);
});

test('another connection for a room is no way out of a limit, whichever is closed last', async () => {
  const { here, alice, room, speaker, listener } = await twoInARoom();
  const idle = await enters(here, alice, room);
  const flood = async (client: TestClient): Promise<number> => {
    for (let i = 0; i < 182; i++) writes(client, 'x');
    await quiet();
    return toldIn(listener).filter((told) => told === 'x').length;
  };
  assert.ok((await flood(speaker)) > 150, 'a person may say so much at once');
  writes(idle, 'hello');
  await quiet();
  speaker.transport.destroy();
  await quiet();
  idle.transport.end();
  await quiet();
  listener.take();
  const again = await enters(here, alice, room);
  listener.take();
  assert.equal(await flood(again), 0);
  here.clock.advance(120_000);
  await quiet();
  again.transport.end();
  const later = await enters(here, alice, room);
  listener.take();
  writes(later, 'here again');
  await quiet();
  assert.deepEqual(toldIn(listener), ['here again']);
});

test('nor is one that is opened before the last has been heard out', async () => {
  const { here, alice, room, speaker } = await twoInARoom();
  neverAnswersLines(here);
  for (let i = 0; i < 182; i++) writes(speaker, 'x');
  goodbye(speaker);
  await quiet();
  const again = await enters(here, alice, room);
  const before = here.counters['oscar_rate_refused'] as number;
  writes(again, 'x');
  await quiet();
  assert.equal(here.counters['oscar_rate_refused'], before + 1);
});
