/** What people do with their own accounts by our own client: passwords, leaving for good, and who is told their address. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ClientError, type ConnectOptions, RequestRefused } from '@seekyou/client';
import { location } from '@seekyou/wire/oscar';
import { cleanEnvironment, removeDirectory, root, seekyou, serve, Talker, temporaryDirectory } from '../process.ts';
import { dialogue, PASSWORD, type Person } from './stage.ts';

const SECURELY: Partial<ConnectOptions> = { tls: 'require', unknownKey: () => true };
const WANTED = 'een långt and secret ключ';

const fails = (code: string) => (error: Error) => error instanceof ClientError && error.code === code;

async function refused(person: Person, how: Partial<ConnectOptions>): Promise<void> {
  await assert.rejects(person.signsOn(how), fails('wrong-password'), `${person.name} signs on`);
}

const isOver = (event: { readonly type: string }): boolean => event.type === 'closed';

dialogue('a new password counts for SCRAM at once, other sessions end, and the server was never told it', async ({ stage, alice, bob }) => {
  await alice.signsOn(SECURELY);
  const elsewhere = alice.client;
  const ended = new Promise<void>((resolve) => elsewhere.listen((event) => event.type === 'closed' && resolve()));
  await alice.signsOn({ ...SECURELY, reconnect: true });
  await bob.signsOn(SECURELY);
  const { account } = alice.client;
  await assert.rejects(account.changePassword('wrong', WANTED), fails('wrong-password'));
  await assert.rejects(account.changePassword(PASSWORD, ''), fails('refused'));
  await assert.rejects(account.changePassword(PASSWORD, 'x'.repeat(65)), fails('refused'));
  assert.deepEqual(await account.changePassword(PASSWORD, WANTED), { oldClients: false });
  await ended;
  await alice.says(bob, 'still here');
  await bob.hears(alice, 'still here');
  // It comes back by itself with the new one.
  await stage.restart();
  await alice.expects('to be back', (event) => event.type === 'reconnected');
  await alice.signsOff();
  await refused(alice, SECURELY);
  await refused(alice, {});
  await alice.signsOn({ ...SECURELY, password: WANTED });
  for (const file of ['audit.log', 'log']) assert.ok(!readFileSync(join(stage.data, file), 'utf8').includes(WANTED), file);
  const audited = readFileSync(join(stage.data, 'audit.log'), 'utf8').split('\n');
  assert.equal(audited.filter((line) => line.includes('"password-changed"') && line.includes(String(alice.uin)) && line.includes('owner')).length, 1);
});

dialogue('old clients get a password of their own, and the main one stays', async ({ alice }) => {
  await alice.signsOn(SECURELY);
  await alice.client.account.changePassword(PASSWORD, WANTED);
  await assert.rejects(alice.client.account.changeOldPassword('wrong', 'attic'), fails('wrong-password'));
  await assert.rejects(alice.client.account.changeOldPassword(WANTED, 'ninechars'), fails('refused'));
  await alice.client.account.changeOldPassword(WANTED, 'attic');
  await alice.signsOff();
  await refused(alice, { ...SECURELY, password: 'attic' });
  await alice.signsOn({ ...SECURELY, password: WANTED });
  await alice.signsOff();
  await alice.signsOn({ password: 'attic' });
});

dialogue('a client that told its password tells the new one, and no more than old clients can say', async ({ alice }) => {
  await alice.signsOn();
  const { account } = alice.client;
  await assert.rejects(account.changePassword('wrong', 'another'), fails('wrong-password'));
  await assert.rejects(account.changePassword(PASSWORD, WANTED), fails('refused'));
  await assert.rejects(account.changeOldPassword(PASSWORD, 'another'), RequestRefused);
  assert.deepEqual(await account.changePassword(PASSWORD, 'another'), { oldClients: true });
  await alice.signsOff();
  await refused(alice, {});
  await alice.signsOn({ password: 'another' });
});

for (const [how, options] of [
  ['by its key', SECURELY],
  ['by its password', {}],
] as const) {
  dialogue(`who leaves for good proves it ${how}`, async ({ alice, bob }) => {
    await bob.signsOn();
    await alice.signsOn(options);
    await bob.client.add(alice.uin);
    await bob.sees(alice, 'online');
    await assert.rejects(alice.client.account.unregister('wrong'), fails('wrong-password'));
    await alice.settles();
    await alice.client.account.unregister(PASSWORD);
    await alice.expects('the connection to close', isOver);
    await bob.sees(alice, 'offline');
    assert.equal(await bob.client.directory.info(alice.uin), undefined);
    await assert.rejects(alice.signsOn(options), ClientError);
  });
}

dialogue('an address is told to contacts, and to nobody when its owner hides it', async ({ alice, bob }) => {
  for (const person of [alice, bob]) await person.signsOn(SECURELY);
  await alice.client.add(bob.uin);
  await bob.client.add(alice.uin);
  const question = { type: location.InfoType.capabilities, screenName: String(alice.uin) };
  const told = async (): Promise<boolean> => {
    await alice.settles();
    const { user } = await bob.client.request(location.userInfoQuery, question, location.userInfoReply, 'a look');
    return user.tlvs.externalIp !== undefined && user.tlvs.externalIp !== '0.0.0.0';
  };
  assert.equal(await told(), true);
  alice.client.hideAddress(true);
  assert.equal(await told(), false);
  alice.client.setStatus('away');
  assert.equal(await told(), false, 'another status shows nothing');
  alice.client.hideAddress(false);
  assert.equal(await told(), true);
});

dialogue('who may connect directly is told beside the other permissions, which stay', async ({ alice, bob }) => {
  for (const person of [alice, bob]) await person.signsOn(SECURELY);
  await alice.client.directory.tell({ authorisationRequired: true, webAware: true });
  await alice.client.directory.tell({ directPermissions: 2, city: 'Łódź' });
  const read = await bob.client.directory.info(alice.uin);
  assert.deepEqual([read?.directPermissions, read?.authorisationRequired, read?.webAware, read?.city], [2, true, true, 'Łódź']);
  for (const directPermissions of [3, 300]) await assert.rejects(alice.client.directory.tell({ directPermissions }), RequestRefused);
  assert.equal((await bob.client.directory.info(alice.uin))?.directPermissions, 2);
});

test('seekyou client changes the password and removes the account, and never repeats a password', async () => {
  const base = temporaryDirectory();
  const data = join(base, 'data');
  const started: Talker[] = [];
  try {
    const served = await serve(data);
    started.push(served.talker);
    const added = await seekyou('user', 'add', '--password', PASSWORD, '--data', data, '--json');
    const { uin } = JSON.parse(added.stdout) as { uin: number };
    const start = (password: string, ...more: string[]): Talker => {
      const command = [join(root, 'packages/cli/src/main.ts'), 'client', '--server', `127.0.0.1:${served.port}`, '--uin', String(uin)];
      const options = ['--password', password, '--trust-first', ...more];
      const client = new Talker(process.execPath, ['--conditions=source', ...command, ...options], {
        ...cleanEnvironment(),
        XDG_CONFIG_HOME: join(base, 'config'),
      });
      started.push(client);
      return client;
    };

    const text = start(PASSWORD);
    await text.line((line) => line.startsWith('signed on'), 'the sign-on');
    text.say('/help');
    await text.line((line) => line.startsWith('/unregister') && line.includes('cannot be undone'), 'the help');
    text.say('/password wrong "a longer one"');
    await text.line((line) => line.includes('not your password'), 'a refusal');
    text.say(`/password ${PASSWORD} "a longer one"`);
    await text.line((line) => line === 'your password is changed', 'the change');
    await text.line((line) => line.includes('/old-password'), 'a word about old clients');
    text.say('/quit');
    assert.equal((await text.end()).code, 0);

    const json = start('a longer one', '--json');
    await json.event('signed-on');
    json.say(JSON.stringify({ do: 'old-password', present: 'a longer one', wanted: 'attic', ticket: 1 }));
    assert.deepEqual(await json.event('done'), { type: 'done', do: 'old-password', ticket: 1 });
    json.say(JSON.stringify({ do: 'unregister', password: 'wrong', ticket: 2 }));
    const failed = await json.event('failed');
    assert.deepEqual([failed['do'], failed['ticket'], failed['code'], failed['password']], ['unregister', 2, 'wrong-password', undefined]);
    json.say(JSON.stringify({ do: 'unregister' }));
    assert.match((await json.event('failed'))['message'] as string, new RegExp(`removes ${uin} .*cannot be undone`));
    json.say(JSON.stringify({ do: 'unregister', password: 'a longer one', ticket: 3 }));
    assert.deepEqual(await json.event('done'), { type: 'done', do: 'unregister', ticket: 3 });
    assert.equal((await json.end()).code, 0);
  } finally {
    for (const talker of started) await talker.kill();
    removeDirectory(base);
  }
});
