/** The README's first minute, to the letter: npm start, two accounts, two terminals, one of them off line first. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { cleanEnvironment, finished, removeDirectory, root, Talker, temporaryDirectory, untilReady } from './process.ts';
import { spawn } from 'node:child_process';

test('npm start, user add twice, and two clients chat, one of them off line first', async () => {
  const base = temporaryDirectory();
  const data = join(base, 'data');
  // The keys of servers are remembered per user: here, by somebody who has never been here.
  const env = { ...cleanEnvironment(), XDG_CONFIG_HOME: join(base, 'config') };
  const started: Talker[] = [];
  const start = (command: string, ...args: string[]): Talker => {
    const talker = new Talker(command, args, env);
    started.push(talker);
    return talker;
  };
  const npx = (...args: string[]) => finished(spawn('npx', ['seekyou', ...args], { cwd: root, env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] }));
  try {
    const server = start('npm', 'start', '--', '--data', data, '--listen', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--admin', '127.0.0.1:0');
    const { port } = await untilReady(server);
    const account = async (): Promise<string> => {
      const { code, stdout, stderr } = await npx('user', 'add', '--password', 'secret12', '--data', data);
      assert.equal(code, 0, stderr);
      const uin = /^UIN (\d+)$/m.exec(stdout)?.[1];
      assert.ok(uin, stdout);
      return uin;
    };
    const anna = await account();
    const boris = await account();
    const client = (uin: string, ...more: string[]): Talker =>
      start('npx', 'seekyou', 'client', '--server', `127.0.0.1:${port}`, '--trust-first', '--uin', uin, '--password', 'secret12', ...more);

    const first = client(anna);
    await first.line((line) => line.startsWith(`signed on as ${anna}`), 'sign-on');
    first.say(`/add ${boris} Boris`);
    await first.line((line) => line.includes(`${boris} `), 'the contact');
    first.say(`/send ${boris} привет, are you there?`);
    first.say('/contacts');
    await first.line((line) => line.startsWith(boris), 'the contact list');

    const second = client(boris, '--json');
    const waited = await second.event('message');
    assert.deepEqual(
      { from: waited['from'], text: waited['text'], stored: waited['stored'] },
      { from: Number(anna), text: 'привет, are you there?', stored: true },
    );
    second.say(JSON.stringify({ do: 'send', to: Number(anna), text: 'now I am 👋', ticket: 7 }));
    const done = await second.event('done');
    assert.equal(done['ticket'], 7);
    await first.line((line) => /Boris \(\d+\): now I am 👋$/.test(line), 'the answer');

    first.say('/quit');
    assert.equal((await first.end()).code, 0);
    server.signal('SIGTERM');
    const { code } = await server.end();
    assert.equal(code, 0, server.errors);
    const closed = await second.event('closed');
    assert.equal(typeof closed['message'], 'string');
  } finally {
    for (const talker of started) await talker.kill();
    removeDirectory(base);
  }
});
