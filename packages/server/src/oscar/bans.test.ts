import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quiet, world } from './test-client.ts';

const HERE = { client: { address: '192.0.2.7', port: 4000 } };
const ELSEWHERE = { client: { address: '198.51.100.7', port: 4000 } };

test('a banned network is closed without a word: who connects, who is signing on, who is signed on', async () => {
  const { core, connect, account, online, counters } = await world();
  const session = await online(await account(), HERE);
  const other = await online(await account(), ELSEWHERE);
  const signingOn = connect(HERE);
  await core.admin.ban({ target: '192.0.2.0/24', reason: '' });
  await quiet();
  assert.deepEqual([session.how === undefined, signingOn.how === undefined, other.how === undefined], [false, false, true]);
  const late = connect(HERE);
  await quiet();
  assert.deepEqual([late.how === undefined, late.heard(), counters['oscar_connections_refused_banned']], [false, [], 1]);
  await core.admin.unban('192.0.2.0/24');
  const again = connect(HERE);
  await quiet();
  assert.deepEqual([again.how, again.heard()], [undefined, ['hello']]);
});
