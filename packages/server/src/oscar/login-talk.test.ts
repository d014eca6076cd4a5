import assert from 'node:assert/strict';
import { test } from 'node:test';
import { login } from '@seekyou/wire/oscar';
import { quiet, world } from './test-client.ts';

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
