/** People in rooms, and the pictures they show, over real sockets. */
import assert from 'node:assert/strict';
import { ClientError, RequestRefused } from '@seekyou/client';
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

  await alice.client.rooms.say('Кошки', 'привет, 世界 & <b>cats</b>');
  for (const person of [bob, carol]) await hearsInRoom(person, alice, 'привет, 世界 & <b>cats</b>');
  await bob.client.rooms.say('кошки', 'psst', alice.uin);
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

dialogue('an invitation that reaches nobody leads nobody’s own name to another’s room', async ({ stage, alice, bob }) => {
  for (const person of [alice, bob]) await person.signsOn();
  const { id } = await bob.client.rooms.join('Family', { private: true });
  await alice.client.list('ignore', bob.uin, true);
  const later = bob.uin + 1;
  for (const uin of [alice.uin, later]) await assert.rejects(bob.client.rooms.invite('Family', uin), RequestRefused);
  const carol = await stage.person('carol');
  assert.equal(carol.uin, later);
  await carol.signsOn();
  for (const person of [alice, carol]) {
    const own = await person.client.rooms.join('family', { private: true });
    assert.notEqual(own.id, id);
    assert.equal(own.members, 0);
    await assert.rejects(person.client.rooms.join(id), RequestRefused);
  }
  await alice.client.rooms.say('family', 'for my family only');
  await bob.hearsNothingMore();
});

dialogue('the id of a room that is closed is no name: nobody is told what it is called', async ({ alice, bob }) => {
  for (const person of [alice, bob]) await person.signsOn();
  const { id } = await alice.client.rooms.join('our secret plans', { private: true });
  for (const wrong of [id, id.slice(0, 24), ` ${id}`, id.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))]) {
    for (const options of [{}, { private: true }]) await assert.rejects(bob.client.rooms.join(wrong, options), RequestRefused, wrong);
  }
  assert.deepEqual(await bob.client.rooms.list(), []);
});

dialogue('rooms of one name are told apart, and a name is enough while there is only one', async ({ stage, alice, bob }) => {
  const eve = await stage.person('eve');
  for (const person of [alice, bob, eve]) await person.signsOn();
  const open = await alice.client.rooms.join('plans');
  await eve.client.rooms.join('plans');
  const own = await alice.client.rooms.join('Plans', { private: true });
  assert.deepEqual([own.private, own.id === open.id], [true, false]);
  const { rooms } = alice.client;
  const ambiguous = (error: Error): boolean => error instanceof RequestRefused && [open.id, own.id].every((id) => error.message.includes(id));
  await assert.rejects(rooms.say('plans', 'SECRET'), ambiguous);
  await assert.rejects(rooms.invite('plans', bob.uin), ambiguous);
  assert.throws(() => rooms.leave('plans'), ambiguous);
  assert.deepEqual([rooms.called({ room: 'plans', id: open.id }), rooms.called({ room: 'Plans', id: own.id })], [open.id, own.id]);
  await rooms.say(own.id, 'SECRET');
  await rooms.invite(own.id, bob.uin);
  await bob.client.rooms.join(own.id);
  await bob.client.rooms.join('plans');
  await bob.client.rooms.say(own.id, 'said in private');
  await bob.client.rooms.say(open.id, 'said in public');
  for (const [id, text] of [
    [own.id, 'said in private'],
    [open.id, 'said in public'],
  ]) {
    const line = await alice.expects(text as string, (one) => one.type === 'room-line' && one.text === text);
    assert.equal(line.type === 'room-line' && line.id, id);
  }
  const heard = await eve.expects('a line', (one) => one.type === 'room-line');
  assert.equal(heard.type === 'room-line' && heard.text, 'said in public', 'and nothing before it');
  rooms.leave(open.id);
  await goes(eve, alice);
  assert.equal(rooms.called({ room: 'Plans', id: own.id }), 'Plans');
  await rooms.say('plans', 'among ourselves');
  await hearsInRoom(bob, alice, 'among ourselves');
});

dialogue('a room that is asked for again, by its name or its id, is the same', async ({ alice, bob }) => {
  for (const person of [alice, bob]) await person.signsOn();
  const [{ id }] = await Promise.all([alice.client.rooms.join('dogs'), alice.client.rooms.join('DOGS')]);
  for (const name of ['dogs', id, id.slice(0, 24)]) assert.equal((await alice.client.rooms.join(name)).id, id);
  assert.equal(alice.client.rooms.joined().length, 1);
  await bob.client.rooms.join('dogs');
  await comes(alice, bob);
  await bob.client.rooms.say('dogs', 'woof');
  await hearsInRoom(alice, bob, 'woof');
  await alice.hearsNothingMore();
  alice.client.rooms.leave('dogs');
  await goes(bob, alice);
});

dialogue('who says something in a room hears whether it was said', async ({ stage, alice, bob }) => {
  const carol = await stage.person('carol');
  for (const person of [alice, bob, carol]) await person.signsOn();
  for (const person of [alice, bob]) await person.client.rooms.join('cats');
  await comes(alice, bob);
  const { rooms } = alice.client;
  await assert.rejects(rooms.say('cats', 'x'.repeat(5_000)), (error: Error) => error instanceof RequestRefused && error.code === 0x0a);
  await assert.rejects(rooms.say('cats', 'psst', carol.uin), (error: Error) => error instanceof RequestRefused && error.code === 0x04);
  await Promise.all([rooms.say('cats', 'one'), rooms.say('cats', 'two', bob.uin), rooms.say('cats', 'three')]);
  const late = assert.rejects(rooms.say('cats', 'four'), ClientError);
  rooms.leave('cats');
  await late;
  await hearsInRoom(bob, alice, 'one');
  await hearsInRoom(bob, alice, 'two', true);
  await hearsInRoom(bob, alice, 'three');
  await alice.hearsNothingMore();
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
  await alice.client.rooms.say('plans', 'nobody else here');
});

dialogue('who breaks off again while he comes back comes back into his rooms the next time', async ({ alice }) => {
  await alice.signsOn({ reconnect: true });
  const { rooms } = alice.client;
  for (const name of ['cats', 'dogs', 'birds']) await rooms.join(name);
  const breaks = (): void =>
    (alice.client as unknown as { readonly connection: { destroy(why: ClientError): void } }).connection.destroy(new ClientError('closed', 'the line broke'));
  const comeBack = rooms.comeBack.bind(rooms);
  rooms.comeBack = () => {
    rooms.comeBack = comeBack;
    const back = comeBack();
    breaks();
    return back;
  };
  breaks();
  await alice.expects('to be on line again', (one) => one.type === 'reconnected');
  assert.deepEqual(
    rooms
      .joined()
      .map(({ name }) => name)
      .sort(),
    ['birds', 'cats', 'dogs'],
  );
});

dialogue('a room whose line broke can be left, and so can one while coming back: nothing brings anybody into these again', async ({ alice, bob }) => {
  await alice.signsOn({ reconnect: true });
  const { rooms } = alice.client;
  const { id } = await rooms.join('cats');
  for (const name of ['dogs', 'birds']) await rooms.join(name);
  const broken = new ClientError('closed', 'the line broke');
  type Line = { destroy(why: ClientError): void };
  const { seats } = rooms as unknown as { readonly seats: ReadonlyMap<string, { readonly connection: Line }> };
  seats.get(id)?.connection.destroy(broken);
  await alice.expects('the end of the room', (one) => one.type === 'room-closed' && one.id === id);
  rooms.leave('CATS');
  assert.throws(() => rooms.leave('cats'), RequestRefused, 'once is enough');

  const comeBack = rooms.comeBack.bind(rooms);
  rooms.comeBack = () => {
    const back = comeBack();
    rooms.leave('dogs');
    return back;
  };
  (alice.client as unknown as { readonly connection: Line }).connection.destroy(broken);
  await alice.expects('to be on line again', (one) => one.type === 'reconnected');
  assert.deepEqual(
    rooms.joined().map(({ name }) => name),
    ['birds'],
  );
  await bob.signsOn();
  for (const name of ['cats', 'dogs']) assert.equal((await bob.client.rooms.join(name)).members, 0, name);
});

dialogue('angle brackets in a room are what they are', async ({ alice, bob }) => {
  for (const person of [alice, bob]) await person.signsOn();
  for (const person of [alice, bob]) await person.client.rooms.join('html');
  const text = '<html> is where a page begins, then <body> &amp; so on';
  await alice.client.rooms.say('html', text);
  await hearsInRoom(bob, alice, text);
});

dialogue('what is no room cannot be entered, spoken in or left', async ({ alice }) => {
  await alice.signsOn();
  for (const hostile of ['a\0b', '\u202etxt', 'x'.repeat(200), ' '])
    await assert.rejects(alice.client.rooms.join(hostile), RequestRefused, JSON.stringify(hostile));
  await assert.rejects(alice.client.rooms.say('nowhere', 'hello'), RequestRefused);
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
  await alice.client.rooms.say('vault', 'sealed');
  await hearsInRoom(bob, alice, 'sealed');
  await alice.client.avatars.show(GIF);
});
