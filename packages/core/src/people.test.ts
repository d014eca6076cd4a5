import assert from 'node:assert/strict';
import test from 'node:test';
import { add, contact, friends, item, Town, update } from './presence/town.ts';
import { uin } from './testing.ts';

const alice = uin(20_001);
const bob = uin(20_002);
const carol = uin(20_003);

/** Everything a user does in a while; what it cost the store. */
async function aDay(strangers: number): Promise<Record<string, number>> {
  const town = new Town();
  for (const one of [alice, bob, carol]) await town.moveIn(one, { authorisationRequired: one === bob }, friends());
  for (let n = 0; n < strangers; n++) await town.moveIn(uin(100_000 + n), {}, friends(alice, uin(100_000 + ((n + 1) % strangers))));
  town.store.reset();
  const a = await town.signOn(alice);
  const b = await town.signOn(bob);
  await town.edit(a, add(contact(carol)), add(contact(bob, { awaiting: true })), add(item('deny', carol)));
  await town.ask(a, 'authorisation.request', { to: bob, reason: '' });
  await town.ask(b, 'authorisation.answer', { to: alice, granted: true, reason: '' });
  await town.edit(a, update(contact(bob)));
  assert.deepEqual(a.hears(), ['roster-edited', `+${bob}`]);
  await town.ask(b, 'presence.set', { idleSince: 1 });
  await town.ask(a, 'presence.look', { uin: bob });
  await town.ask(a, 'visibility.edit', { list: 'invisible', do: 'add', uins: [bob] });
  await town.ask(b, 'authorisation.withdraw', { from: alice });
  await town.ask(b, 'authorisation.withdraw', { from: carol });
  await town.change(alice, { nickname: 'A' });
  town.signOff(a);
  town.signOff(b);
  assert.deepEqual([town.parts.rosters.size, town.problems], [0, []]);
  return Object.fromEntries([...town.store.counts].sort(([one], [other]) => one.localeCompare(other)));
}

test('what a user does costs the store the same with ten accounts and with ten thousand', async () => {
  const few = await aDay(10);
  assert.deepEqual(few, {
    'accounts.update': 1,
    'rosters.grant': 1,
    'rosters.load': 3,
    'rosters.revoke': 1,
    'rosters.save': 4,
    'rosters.standing': 1,
  });
  assert.deepEqual(await aDay(10_000), few);
});

test('signing on and off costs one store operation, whoever lists one', async () => {
  const town = new Town();
  await town.moveIn(alice, {}, friends(bob, carol));
  for (let n = 0; n < 500; n++) await town.moveIn(uin(100_000 + n), {}, friends(alice));
  town.store.reset();
  const a = await town.signOn(alice);
  await town.ask(a, 'presence.set', { idleSince: 1 });
  town.signOff(a);
  assert.deepEqual([...town.store.counts], [['rosters.load', 1]]);
});
