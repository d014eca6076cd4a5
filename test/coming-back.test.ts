/** The library's own clients when their server goes away and comes back. */
import assert from 'node:assert/strict';
import type { ConnectOptions } from '@seekyou/client';
import { dialogue, type Person } from './dialogue/stage.ts';

const COMES_BACK: Partial<ConnectOptions> = { tls: 'require', unknownKey: () => true, reconnect: true };

async function goesAndComesBack(person: Person): Promise<void> {
  await person.expects('to lose the server', (event) => event.type === 'reconnecting');
  await person.expects('to come back', (event) => event.type === 'reconnected');
}

dialogue('both come back by themselves after a restart, to the same key, and nothing is lost or said twice', async ({ stage, alice, bob }) => {
  await alice.signsOn(COMES_BACK);
  await bob.signsOn(COMES_BACK);
  await alice.client.add(bob.uin);
  await alice.sees(bob, 'online');
  await bob.says(alice, 'before');
  await alice.hears(bob, 'before');
  await stage.restart();
  await Promise.all([goesAndComesBack(alice), goesAndComesBack(bob)]);
  await bob.says(alice, 'after');
  await alice.hears(bob, 'after');
  await alice.hearsNothingMore();
  assert.equal(alice.client.statusOf(bob.uin).status, 'online');
});

dialogue('who changed the password meanwhile ends it', async ({ stage, alice }) => {
  await alice.signsOn(COMES_BACK);
  await stage.server.core.admin.passwd(alice.client.uin as never, 'another1');
  await alice.expects('to lose the session', (event) => event.type === 'reconnecting');
  const end = await alice.expects('the end', (event) => event.type === 'closed');
  assert.ok(end.type === 'closed' && end.error.code === 'wrong-password');
});
