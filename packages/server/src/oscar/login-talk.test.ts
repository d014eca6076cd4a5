import assert from 'node:assert/strict';
import { test } from 'node:test';
import { login } from '@seekyou/wire/oscar';
import { quiet, roastedSignOn, world } from './test-client.ts';

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
