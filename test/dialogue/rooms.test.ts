/** People in rooms, and the pictures they show, over real sockets. */
import assert from 'node:assert/strict';
import { RequestRefused } from '@seekyou/client';
import { dialogue, type Person } from './stage.ts';

const GIF = Uint8Array.from('GIF89a, more or less', (char) => char.charCodeAt(0));

async function hearsInRoom(who: Person, from: Person, text: string, whisper = false): Promise<void> {
  const event = await who.expects(`"${text}" of ${from.name} in the room`, (one) => one.type === 'room-line' && one.from === from.uin);
  assert.ok(event.type === 'room-line');
  assert.deepEqual([event.text, event.whisper], [text, whisper]);
}

const comes = (who: Person, whom: Person): Promise<unknown> =>
  who.expects(`${whom.name} in the room`, (one) => one.type === 'room-joined' && one.uin === whom.uin);
const goes = (who: Person, whom: Person): Promise<unknown> => who.expects(`${whom.name} leaves`, (one) => one.type === 'room-left' && one.uin === whom.uin);

dialogue('people meet in a room, talk, whisper and leave', async ({ stage, alice, bob }) => {
  const carol = await stage.person('carol');
  for (const person of [alice, bob, carol]) await person.signsOn();
  const room = await alice.client.rooms.join('Кошки');
  await bob.client.rooms.join(' КОШКИ ');
  await comes(alice, bob);
  await carol.client.rooms.join('Кошки');
  await comes(alice, carol);
  assert.deepEqual(bob.client.rooms.joined()[0]?.uins, [alice.uin, bob.uin, carol.uin]);
  assert.deepEqual(await bob.client.rooms.list('кош'), [{ ...room, members: 3 }]);

  alice.client.rooms.say('Кошки', 'привет, 世界 & <b>cats</b>');
  for (const person of [bob, carol]) await hearsInRoom(person, alice, 'привет, 世界 & <b>cats</b>');
  bob.client.rooms.say('кошки', 'psst', alice.uin);
  await hearsInRoom(alice, bob, 'psst', true);
  carol.client.rooms.leave('Кошки');
  await goes(alice, carol);
  await goes(bob, carol);
  bob.breaksOff();
  await goes(alice, bob);
  await carol.hearsNothingMore();
  await carol.client.rooms.join('Кошки');
  await comes(alice, carol);
  await carol.signsOff();
  await goes(alice, carol);
});

dialogue('a private room is entered by invitation alone', async ({ alice, bob }) => {
  for (const person of [alice, bob]) await person.signsOn();
  const room = await alice.client.rooms.join('plans', { private: true });
  // Somebody who knows its id, and one who knows its name, come into rooms of their own.
  assert.notEqual((await bob.client.rooms.join('plans', { private: true })).id, room.id);
  bob.client.rooms.leave('plans');
  await alice.client.rooms.invite('plans', bob.uin, 'come in');
  const invitation = await bob.expects('an invitation', (one) => one.type === 'room-invitation');
  assert.ok(invitation.type === 'room-invitation');
  assert.deepEqual([invitation.from, invitation.id, invitation.text], [alice.uin, room.id, 'come in']);
  assert.equal((await bob.client.rooms.join(invitation.id)).id, room.id);
  await comes(alice, bob);
});

dialogue('a room outlives a restart of the server', async ({ stage, alice, bob }) => {
  await alice.signsOn();
  const before = await alice.client.rooms.join('for ever');
  await stage.restart();
  await bob.signsOn();
  const after = await bob.client.rooms.join('FOR EVER');
  assert.deepEqual([after.id, after.name], [before.id, 'for ever']);
});

dialogue('who loses the connection hears that he is in no room', async ({ stage, alice }) => {
  await alice.signsOn();
  await alice.client.rooms.join('cats');
  await stage.restart();
  await alice.expects('the end of the room', (one) => one.type === 'room-closed' && one.room === 'cats');
  assert.deepEqual(alice.client.rooms.joined(), []);
});

dialogue('who comes back by himself comes back into his rooms', async ({ stage, alice, bob }) => {
  await alice.signsOn({ reconnect: true });
  await alice.client.rooms.join('cats');
  await alice.client.rooms.join('plans', { private: true });
  await stage.restart();
  await alice.expects('to be on line again', (one) => one.type === 'reconnected');
  await bob.signsOn();
  await bob.client.rooms.join('cats');
  await comes(alice, bob);
  alice.client.rooms.say('plans', 'nobody else here');
});

dialogue('what is no room cannot be entered, spoken in or left', async ({ alice }) => {
  await alice.signsOn();
  for (const hostile of ['a\0b', '\u202etxt', 'x'.repeat(200), ' '])
    await assert.rejects(alice.client.rooms.join(hostile), RequestRefused, JSON.stringify(hostile));
  assert.throws(() => alice.client.rooms.say('nowhere', 'hello'), RequestRefused);
  assert.throws(() => alice.client.rooms.leave('nowhere'), RequestRefused);
  await alice.settles();
});

dialogue('a picture is seen by friends, and kept', async ({ stage, alice, bob }) => {
  await alice.signsOn();
  await bob.signsOn();
  await bob.client.add(alice.uin);
  await bob.sees(alice, 'online');
  assert.equal(bob.client.avatars.has(alice.uin), false);
  assert.equal(await bob.client.avatars.of(alice.uin), undefined);
  await alice.client.avatars.show(GIF);
  await bob.sees(alice, 'online');
  assert.deepEqual(await bob.client.avatars.of(alice.uin), GIF);
  await stage.restart();
  await alice.signsOn();
  await bob.signsOn();
  await bob.sees(alice, 'online');
  assert.deepEqual(await bob.client.avatars.of(alice.uin), GIF);
  await alice.client.avatars.show(GIF);
  await alice.client.avatars.clear();
  await bob.expects('no picture', (one) => one.type === 'presence' && !bob.client.avatars.has(alice.uin));
  await assert.rejects(alice.client.avatars.show(Uint8Array.of(1, 2, 3)), RequestRefused);
});

dialogue('rooms and pictures go through TLS', async ({ alice, bob }) => {
  const secure = { tls: 'require', unknownKey: () => true } as const;
  for (const person of [alice, bob]) await person.signsOn(secure);
  for (const person of [alice, bob]) await person.client.rooms.join('vault');
  alice.client.rooms.say('vault', 'sealed');
  await hearsInRoom(bob, alice, 'sealed');
  await alice.client.avatars.show(GIF);
});
