/** `seekyou client` and the key of a server: what a script is told, what a person is asked, and what is remembered. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { selfSigned } from '@seekyou/net/testing';
import { cleanEnvironment, removeDirectory, root, type Served, seekyou, serve, Talker, temporaryDirectory } from './process.ts';

const MAIN = join(root, 'packages/cli/src/main.ts');
const PASSWORD = 'secret12';
const OTHER = selfSigned('somebody else').fingerprint;

const NO_TERMINAL = process.platform === 'linux' ? false : 'a terminal is made by script(1) of Linux';

interface Place extends Served {
  readonly uin: number;
  readonly known: string;
  /** A client of a user who has this configuration directory. */
  readonly client: (...more: string[]) => Talker;
  /** For somebody who has no UIN yet. */
  readonly registering: (...more: string[]) => Talker;
  /** `client` at a terminal. */
  readonly atTerminal: (...more: string[]) => Talker;
  /** At a terminal, without a password. */
  readonly asked: (...more: string[]) => Talker;
}

function withServer(name: string, run: (place: Place) => Promise<void>, options: { readonly skip?: string | false } = {}): void {
  test(name, options, async () => {
    const base = temporaryDirectory();
    const data = join(base, 'data');
    const env = { ...cleanEnvironment(), XDG_CONFIG_HOME: join(base, 'config') };
    const started: Talker[] = [];
    const start = (command: string, args: readonly string[]): Talker => {
      const talker = new Talker(command, args, env);
      started.push(talker);
      return talker;
    };
    try {
      const served = await serve(data);
      started.push(served.talker);
      const added = await seekyou('user', 'add', '--password', PASSWORD, '--data', data, '--json');
      const { uin } = JSON.parse(added.stdout) as { uin: number };
      const nobody = [process.execPath, '--conditions=source', MAIN, 'client', '--server', `127.0.0.1:${served.port}`];
      const command = [...nobody, '--uin', String(uin)];
      const withPassword = [...command, '--password', PASSWORD];
      const terminal = (words: readonly string[]): Talker => start('script', ['-qec', words.join(' '), '/dev/null']);
      await run({
        ...served,
        uin,
        known: join(base, 'config', 'seekyou', 'known-servers.json'),
        client: (...more) => start(process.execPath, [...withPassword.slice(1), ...more]),
        registering: (...more) => start(process.execPath, [...nobody.slice(1), '--register', '--password', PASSWORD, ...more]),
        atTerminal: (...more) => terminal([...withPassword, ...more]),
        asked: (...more) => terminal([...command, ...more]),
      });
    } finally {
      for (const talker of started) await talker.kill();
      removeDirectory(base);
    }
  });
}

const keyOf = (event: Record<string, unknown>) => event['key'] as { expected: string[]; presented: string; by: string };

async function leaves(client: Talker): Promise<void> {
  client.child.stdin?.end();
  assert.equal((await client.end()).code, 0);
}

withServer('a script is never asked: it is told what was presented, pins it, and later needs no pin', async ({ client, known }) => {
  const first = client('--json');
  const unknown = await first.event('failed');
  assert.equal(unknown['code'], 'unknown-key');
  assert.match(unknown['message'] as string, /--pin .*--trust-first/);
  assert.equal(keyOf(unknown).by, '127.0.0.1');
  assert.equal((await first.end()).code, 1);
  assert.ok(!existsSync(known), 'what nobody accepted is not remembered');

  const pinned = client('--json', '--pin', keyOf(unknown).presented);
  await pinned.event('signed-on');
  await leaves(pinned);
  if (process.platform !== 'win32') assert.equal(statSync(known).mode & 0o777, 0o600);

  const later = client('--json');
  await later.event('signed-on');
  await leaves(later);
});

withServer('--trust-first says what it trusts', async ({ client, known }) => {
  const trusting = client('--json', '--trust-first');
  const trusted = await trusting.event('trusted');
  await trusting.event('signed-on');
  await leaves(trusting);
  assert.ok(readFileSync(known, 'utf8').includes(trusted['fingerprint'] as string));
});

withServer('a new UIN is asked for without telling the password, and signs on at once', async ({ registering, known }) => {
  const client = registering('--json', '--trust-first');
  const { uin } = await client.event('registered');
  assert.equal((await client.event('signed-on'))['uin'], uin);
  await leaves(client);
  assert.ok(existsSync(known));
});

withServer('another key than the known one is an error that names both', async ({ client, known, port }) => {
  const wrong = client('--json', '--pin', OTHER);
  const changed = await wrong.event('failed');
  assert.equal(changed['code'], 'key-changed');
  assert.deepEqual(keyOf(changed).expected, [OTHER]);
  assert.equal((await wrong.end()).code, 1);
  assert.ok(!existsSync(known));

  const text = client('--pin', OTHER);
  await text.line((line) => line.startsWith(`THIS IS NOT THE KEY OF 127.0.0.1:${port}`), 'the warning');
  await text.line((line) => line.includes(OTHER), 'what was expected');
  await text.line((line) => line.includes(keyOf(changed).presented), 'what was presented');
  await text.line((line) => line.includes('127.0.0.1'), 'by whom');
  assert.equal((await text.end()).code, 1);
});

withServer('an old server is spoken to in the clear only where that is said, and nothing is remembered', async ({ client, known }) => {
  const old = client('--json', '--old-server');
  await old.event('signed-on');
  await leaves(old);
  assert.ok(!existsSync(known));
  for (const [options, complaint] of [
    [['--old-server', '--pin', OTHER], /cannot be used with/],
    [['--sign-on', 'roasted'], /--old-server/],
    [['--pin', 'yes'], /SHA256:/],
  ] as const) {
    const refused = client(...options);
    assert.equal((await refused.end()).code, 2, options.join(' '));
    assert.match(refused.errors, complaint);
  }
});

withServer(
  'a person at a terminal is shown the key and asked, once',
  async ({ atTerminal, known, talker }) => {
    const no = atTerminal();
    await no.line((line) => line.includes('is not known here yet'), 'the question');
    const shown = /SHA256:\S+/.exec(await no.line((line) => line.includes('presents SHA256:'), 'the fingerprint'))?.[0] as string;
    assert.ok(talker.errors.includes(shown), 'the server prints the same');
    no.say('no');
    await no.line((line) => line.includes('is not known'), 'the end');
    assert.equal((await no.end()).code, 1);
    assert.ok(!existsSync(known));

    const yes = atTerminal();
    await yes.line((line) => line.includes(shown), 'the fingerprint');
    yes.say('perhaps');
    yes.say('yes');
    await yes.line((line) => line.includes('signed on as'), 'the sign-on');
    yes.say('/quit');
    assert.equal((await yes.end()).code, 0);
    assert.ok(readFileSync(known, 'utf8').includes(shown));

    const again = atTerminal();
    await again.line((line) => line.includes('signed on as'), 'the sign-on, without a question');
    again.say('/quit');
    assert.equal((await again.end()).code, 0);
    assert.ok(!again.lines.some((line) => line.includes('not known')));
  },
  { skip: NO_TERMINAL },
);

withServer(
  'a password that is not given is asked for, and never shown',
  async ({ asked }) => {
    const wrong = asked('--trust-first');
    await wrong.text('password: ');
    wrong.say('not this one');
    await wrong.line((line) => line.includes('password'), 'the refusal');
    assert.equal((await wrong.end()).code, 1);
    assert.ok(!wrong.everything.includes('not this one'));

    const right = asked('--trust-first');
    await right.text('password: ');
    right.say(PASSWORD);
    await right.line((line) => line.includes('signed on as'), 'the sign-on');
    right.say('/quit');
    assert.equal((await right.end()).code, 0);
    assert.ok(!right.everything.includes(PASSWORD));

    const none = asked('--trust-first');
    await none.text('password: ');
    none.type('\u0004');
    assert.equal((await none.end()).code, 1);
  },
  { skip: NO_TERMINAL },
);
