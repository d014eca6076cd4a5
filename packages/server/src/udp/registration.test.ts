import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Uin } from '@seekyou/core';
import { commands } from '@seekyou/wire/udp';
import { ascii, latin, PADDING, type TestClient, world } from './test-world.ts';

const TAIL = new Uint8Array(8);

function asks(client: TestClient, password = 'pass1234', id = 0x2461): Uint8Array {
  return client.say(
    commands.regNewUser,
    client.version <= 2 ? { two: 2, password: ascii(password), tail: TAIL } : { password: ascii(password), clientVersion: 0xa0, id, tail: TAIL },
  );
}

describe('version 5', () => {
  test('a number is given in both forms, and is an account after the first sign-on', async () => {
    const { client, passes, core } = await world();
    const newcomer = client(0);
    asks(newcomer);
    await passes(50);
    const [ack, old, own, ...more] = newcomer.take();
    assert.deepEqual(more, []);
    assert.deepEqual([ack?.name, old?.name, own?.name], ['ack', 'newUin', 'newUin']);
    assert.deepEqual(ack?.value, { result: 0x0a, id: 0x2461 });
    assert.equal(ack?.packet.uin, 0);
    assert.deepEqual([old?.packet.version, own?.packet.version], [3, 5]);
    assert.equal(own?.packet.sessionId, newcomer.sessionId);
    const uin = own?.packet.uin as Uin;
    assert.equal(old?.packet.uin, uin);
    assert.equal(old?.value.id, 0x2461);
    assert.equal(await core.admin.show(uin), undefined);

    const owner = client(uin);
    owner.signOn();
    await passes(50);
    assert.deepEqual(owner.names(), ['ack', 'loginReply']);
    assert.equal((await core.admin.show(uin))?.uin, uin);
  });

  test('a repeated request gets the same number', async () => {
    const { client, passes, counters } = await world();
    const newcomer = client(0);
    const datagram = asks(newcomer);
    await passes(50);
    newcomer.send(datagram);
    await passes(50);
    const numbers = newcomer.told.filter(({ name }) => name === 'newUin').map(({ packet }) => packet.uin);
    assert.equal(numbers.length, 4);
    assert.equal(new Set(numbers).size, 1);
    assert.equal(counters['udp_registrations'], 1);
  });

  test('an answer that got lost is said again, and not once the client has it', async () => {
    const { client, passes } = await world();
    const deaf = client(0);
    deaf.acknowledges = false;
    asks(deaf);
    await passes(20_000);
    assert.equal(deaf.names().filter((name) => name === 'newUin').length, 6);
    const polite = client(0);
    asks(polite);
    await passes(20_000);
    assert.equal(polite.names().filter((name) => name === 'newUin').length, 2);
  });

  test('nobody signs on to it with another password, or too late', async () => {
    const { client, passes, core } = await world();
    const newcomer = client(0);
    asks(newcomer);
    await passes(50);
    const uin = newcomer.told[2]?.packet.uin as Uin;
    const thief = client(uin);
    thief.signOn('guess');
    await passes(50);
    assert.deepEqual(thief.names(), ['ack', 'badPass', 'badPass']);
    await passes(600_000);
    const late = client(uin);
    late.signOn();
    await passes(50);
    assert.deepEqual(late.names(), ['ack', 'badPass', 'badPass']);
    assert.equal(await core.admin.show(uin), undefined);
  });

  test('three an hour and address, and so many in all', async () => {
    const { client, passes, counters } = await world({ limits: { udpRegistrationsPerHour: 5 } });
    const answers: string[][] = [];
    for (let one = 0; one < 8; one++) {
      const newcomer = client(0, { at: { address: `203.0.113.${one < 4 ? 1 : one}`, port: 3_000 + one } });
      asks(newcomer);
      await passes(50);
      answers.push(newcomer.names());
    }
    assert.deepEqual(
      answers.map((names) => names.length),
      [3, 3, 3, 1, 3, 3, 1, 1],
    );
    assert.equal(counters['udp_registrations_refused'], 3);
  });

  test('who asks for many at once gets no more than one after the other', async () => {
    const { client, passes, counters } = await world({ limits: { udpRegistrationsPerHour: 5 } });
    const greedy = client(0);
    for (let one = 0; one < 6; one++) asks(greedy, `passwd${one}`);
    await passes(50);
    assert.equal(counters['udp_registrations'], 3);
    for (let one = 0; one < 6; one++) asks(client(0));
    await passes(50);
    assert.equal(counters['udp_registrations'], 5);
  });

  test('an acknowledgement from another port is another’s', async () => {
    const { client, passes } = await world();
    const deaf = client(0, { at: { address: '203.0.113.1', port: 1_024 } });
    deaf.acknowledges = false;
    asks(deaf);
    await passes(50);
    client(0, { at: { address: '203.0.113.1', port: 102 } }).acknowledge({ seq1: 0, seq2: 0 });
    await passes(20_000);
    assert.equal(deaf.names().filter((name) => name === 'newUin').length, 6);
  });

  test('asked for from within a session, as mICQ does, it is one of its packets', async () => {
    const { account, online, passes, core } = await world();
    const [alice, bob] = [await online(await account()), await online(await account())];
    await passes(6_000);
    for (const one of [alice, bob]) one.take();
    // In its own numbers, under its own session id, as nobody.
    const { seq1, seq2 } = alice;
    const request = alice.datagram(commands.regNewUser, { password: ascii(' newpas1'), clientVersion: 0xa0, id: 0x2461, tail: TAIL }, { seq1, seq2, uin: 0 });
    alice.send(request);
    alice.seq1++;
    alice.seq2++;
    alice.writes(bob.uin, 'and on');
    alice.send(request);
    await passes(50);
    assert.deepEqual(bob.texts, ['and on']);
    const numbers = new Set(alice.told.filter(({ name }) => name === 'newUin').map(({ packet }) => packet.uin));
    assert.equal(numbers.size, 1);
    // It has the answer, and says so with its own number.
    alice.take();
    await passes(20_000);
    assert.deepEqual(alice.names(), []);
    bob.writes(alice.uin, 'still there?');
    await passes(50);
    assert.deepEqual(alice.texts, ['still there?']);
    assert.equal(core.admin.sessionsOf(alice.uin as Uin).length, 1);
  });

  test('asked for under the session id of another, it is none of his', async () => {
    const { account, online, client, passes } = await world();
    const [alice, bob] = [await online(await account()), await online(await account())];
    await passes(6_000);
    const stranger = client(0);
    stranger.sessionId = alice.sessionId;
    stranger.seq1 = alice.seq1;
    asks(stranger);
    alice.writes(bob.uin, 'mine');
    await passes(50);
    assert.deepEqual(bob.texts, ['mine']);
  });

  test('closed, or with a password nobody could type, it is refused', async () => {
    for (const [options, password] of [
      [{ core: { registration: 'closed' as const } }, 'pass1234'],
      [{ settings: { clearSignOn: 'off' as const } }, 'pass1234'],
      [{}, 'far too long for it'],
      [{}, ''],
    ] as const) {
      const { client, passes } = await world(options);
      const newcomer = client(0);
      asks(newcomer, password);
      await passes(50);
      assert.deepEqual(
        newcomer.take().map(({ name, value }) => `${name} ${value.result} ${value.id}`),
        ['ack 50 9313'],
      );
    }
  });
});

test('version 2: leave is asked for and given, then the number is among the parameters', async () => {
  const { client, passes, core } = await world();
  const newcomer = client(0, { version: 2 });
  newcomer.say(commands.newUser1, { padding: new Uint8Array(0) });
  await passes(50);
  assert.deepEqual(
    newcomer.take().map(({ name }) => name),
    ['ack'],
  );
  const { seq1 } = newcomer;
  asks(newcomer);
  await passes(50);
  const [ack, reply] = newcomer.take();
  assert.equal(ack?.name, 'ack');
  assert.equal(reply?.value.requestSeq, seq1);
  const owner = client(reply?.value.uin, { version: 2 });
  owner.signOn();
  await passes(50);
  assert.deepEqual(owner.names(), ['ack', 'loginReply']);
  assert.ok(await core.admin.show(reply?.value.uin));
});

for (const version of [3, 4] as const) {
  test(`version ${version}: a form is filled in, and number and password come as text`, async () => {
    const { client, passes, core } = await world();
    const newcomer = client(0, { version });
    newcomer.say(commands.registrationRequest, PADDING);
    await passes(50);
    assert.deepEqual(
      newcomer.take().map(({ name, value }) => `${name} ${value.open}`),
      ['ack undefined', 'registrationInfo 1'],
    );
    newcomer.say(commands.registrationForm, { clientVersion: 1, nick: ascii('Mirabel'), more: new Uint8Array(0) });
    await passes(50);
    const [ack, accepted] = newcomer.take();
    assert.equal(ack?.name, 'ack');
    const [, uin, password] = /number is (\d+)\.\r\nYour password is (\S{8})\./.exec(latin(accepted?.value.text)) ?? [];
    const owner = client(Number(uin), { version });
    owner.signOn(password);
    await passes(50);
    assert.deepEqual(owner.names(), ['ack', 'loginReply']);
    assert.equal((await core.admin.show(Number(uin) as Uin))?.nickname, 'Mirabel');
  });
}

for (const [version, answer] of [
  [2, 'newUin'],
  [3, 'registrationAccepted'],
  [4, 'registrationAccepted'],
  [5, 'newUin'],
] as const) {
  test(`version ${version}: who repeats a request without end is not answered without end`, async () => {
    const { client, passes } = await world({ limits: { udpRefusalsPerAddressMax: 4 } });
    const newcomer = client(0, { version });
    const byForm = version === 3 || version === 4;
    const request = byForm ? newcomer.say(commands.registrationForm, { clientVersion: 1, nick: ascii('M'), more: new Uint8Array(0) }) : asks(newcomer);
    await passes(50);
    const each = newcomer.take().filter(({ name }) => name === answer).length;
    const answered = async (datagram: Uint8Array, name: string): Promise<number> => {
      for (let copy = 0; copy < 20; copy++) newcomer.send(datagram);
      await passes(50);
      return newcomer.take().filter((told) => told.name === name).length;
    };
    assert.equal(await answered(request, answer), 4 * each);
    await passes(20_000);
    assert.equal(await answered(request, answer), 4 * each, 'again later');
    if (!byForm) return;
    await passes(20_000);
    assert.equal(await answered(newcomer.say(commands.registrationRequest, PADDING), 'registrationInfo'), 4);
  });
}

test('where old clients have passwords of their own, the new one is one of those', async () => {
  const { client, passes } = await world({ core: { oldClients: 'own' }, settings: { oldClients: 'own' } });
  const newcomer = client(0);
  asks(newcomer);
  await passes(50);
  const owner = client(newcomer.told[2]?.packet.uin as number);
  owner.signOn();
  await passes(50);
  assert.deepEqual(owner.names(), ['ack', 'loginReply']);
});
