import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Family, FlapChannel, login, oservice } from '@seekyou/wire/oscar';
import { decode } from '@seekyou/wire';
import { PASSWORD, quiet, roastedSignOn, signOn, type TestClient, world } from './test-client.ts';

test('a connection that goes on and on about signing on is closed', async () => {
  const { connect, account, counters } = await world({ limits: { loginPacketsMax: 5 } });
  const uin = String(await account());
  const client = connect();
  client.hello();
  await quiet();
  client.take();
  for (let n = 0; n < 9; n++) client.say(login.keyRequest, { uin });
  await quiet();
  assert.deepEqual(client.heard(), ['17/07', '17/07', '17/07', '17/07', '17/07', 'close']);
  assert.equal(counters['oscar_sign_ons_too_long'], 1);
});

test('a sign-on is far below that', async () => {
  const { account, online } = await world({ limits: { loginPacketsMax: 3 } });
  assert.equal((await online(await account())).how, undefined);
});

test('who was refused counts against his network until he is gone; who has his cookie does not', async () => {
  const { connect, account, counters, clock } = await world({ limits: { connectionsPerNetworkMax: 2 } });
  const uin = await account();
  for (let n = 0; n < 2; n++) await roastedSignOn(connect(), uin, 'guess');
  connect();
  assert.equal(counters['oscar_connections_refused_network'], 1, 'both had their answer');
  clock.advance(1_000);
  await quiet();
  for (let n = 0; n < 5; n++) await roastedSignOn(connect(), uin);
  assert.equal(counters['oscar_connections_refused_network'], 1);
});

test('who comes back is expected to be silent, unless he encrypts or came inside HTTP', async () => {
  const { connect, account, frontEnd } = await world();
  const uin = await account();
  for (const [how, silent] of [
    [{}, true],
    [{ secure: true }, false],
    [{ insideHttp: true }, false],
  ] as const) {
    const client = connect(how);
    await roastedSignOn(client, uin);
    assert.equal(frontEnd.greetsAtOnce(client.transport.local.address), silent, JSON.stringify(how));
  }
});

test('where only who encrypts is let in, a cookie is not taken in the clear, and not after that', async () => {
  const { connect, account, online, counters, logs } = await world({ settings: { clearSignOn: 'off' } });
  const uin = await account();
  const comes = async (cookie: Uint8Array | undefined, secure: boolean): Promise<TestClient> => {
    assert.ok(cookie);
    const client = connect({ secure });
    client.hello({ cookie });
    await quiet();
    return client;
  };
  const refusal = (client: TestClient): number | undefined => {
    const closing = client.take().find(({ channel }) => channel === FlapChannel.close);
    return closing === undefined ? undefined : decode(login.loginAnswer, closing.payload).error;
  };
  const { cookie } = await signOn(connect({ secure: true }), uin);
  assert.equal(refusal(await comes(cookie, false)), login.AuthError.upgradeRequired);
  assert.equal(refusal(await comes(cookie, true)), login.AuthError.reservationTimeout, 'whoever read it on the way has nothing');

  const session = await online(uin, { secure: true });
  for (const [secure, error] of [
    [true, undefined],
    [false, login.AuthError.upgradeRequired],
  ] as const) {
    session.say(oservice.serviceRequest, { family: Family.bart, tlvs: {} });
    await quiet();
    assert.equal(refusal(await comes(session.one(oservice.serviceResponse).tlvs.cookie, secure)), error);
  }
  assert.equal(counters['oscar_cookies_clear'], 2);
  assert.ok(logs.some((line) => line.includes('came back in the clear') && line.includes('advertise = [{ address = "127.0.0.1:5190"')));
});

test('where no old client is let in, none registers', async () => {
  const { connect, core, counters } = await world({ core: { oldClients: 'off' }, settings: { oldClients: 'off' } });
  const client = connect();
  client.hello();
  const password = new TextEncoder().encode(PASSWORD);
  client.say(login.registerRequest, { registration: { sequence: Uint8Array.of(3, 0), cookie: 1, password, trailer: new Uint8Array(0) } });
  await quiet();
  assert.equal(client.one(login.error).code, 5);
  assert.deepEqual(await core.admin.list(0, 1), []);
  assert.deepEqual([counters['oscar_registrations'], counters['oscar_registrations_refused']], [0, 1]);
});
