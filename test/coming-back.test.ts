/** The library's own clients when their server goes away and comes back. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectOptions } from '@seekyou/client';
import { selfSigned } from '@seekyou/net/testing';
import { dialogue, Person } from './dialogue/stage.ts';

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

dialogue('who named the old key and the new one comes back to either', async ({ stage, alice, bob }) => {
  const next = selfSigned('the next one');
  const before = stage.server.fingerprint();
  await alice.signsOn({ ...COMES_BACK, pins: [before, next.fingerprint] });
  await bob.signsOn(COMES_BACK);
  writeFileSync(join(stage.data, 'tls.key'), next.key);
  writeFileSync(join(stage.data, 'tls.crt'), next.cert);
  await stage.restart();
  assert.equal(stage.server.fingerprint(), next.fingerprint);
  await goesAndComesBack(alice);
  const end = await bob.expects('the end', (event) => event.type === 'closed');
  assert.ok(end.type === 'closed' && end.error.code === 'key-changed', 'who named none stays with the key he met');
});

dialogue('a client that was away has everything, though another one of the same person has taken it meanwhile', async ({ stage, alice, bob }) => {
  const desk = new Person('alice at her desk', alice.uin, stage);
  await bob.signsOn();
  await desk.signsOn();
  await bob.says(alice, 'to the desk');
  await desk.hears(bob, 'to the desk');
  const after = desk.client.lastMessage;
  assert.ok(after !== undefined);
  await desk.signsOff();
  await alice.signsOn();
  for (const text of ['one', 'two', 'three']) await bob.says(alice, text);
  for (const text of ['one', 'two', 'three']) await alice.hears(bob, text);
  await alice.signsOff();
  await bob.says(alice, 'to nobody');
  await desk.signsOn({ after });
  for (const text of ['one', 'two', 'three', 'to nobody']) await desk.hears(bob, text, { stored: true });
  await desk.hearsNothingMore();
  assert.ok((desk.client.lastMessage as number) > after);
  await desk.leave();
});

dialogue('who changed the password meanwhile ends it', async ({ stage, alice }) => {
  await alice.signsOn(COMES_BACK);
  await stage.server.core.admin.passwd(alice.client.uin as never, 'another1');
  await alice.expects('to lose the session', (event) => event.type === 'reconnecting');
  const end = await alice.expects('the end', (event) => event.type === 'closed');
  assert.ok(end.type === 'closed' && end.error.code === 'wrong-password');
});
