/** The contract of commands, files and exits, on real processes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { ClientError, connect, nodePlatform } from '@seekyou/client';
import { cleanEnvironment, removeDirectory, type Served, seekyou, serve, Talker, temporaryDirectory, untilReady } from './process.ts';

const PASSWORD = 'secret12';

function withData(name: string, run: (data: string, open: (...more: string[]) => Promise<Served>) => Promise<void>): void {
  test(name, async () => {
    const base = temporaryDirectory();
    const data = join(base, 'data');
    const started: Talker[] = [];
    try {
      await run(data, async (...more) => {
        const served = await serve(data, ...more);
        started.push(served.talker);
        return served;
      });
    } finally {
      for (const talker of started) await talker.kill();
      removeDirectory(base);
    }
  });
}

const signOn = (port: number, uin: number, password: string) => connect(nodePlatform(), { server: { host: '127.0.0.1', port }, uin, password, tls: 'off' });

withData('serve makes its directory, says ready, answers the admin address and stops cleanly', async (data, open) => {
  const { talker, admin } = await open();
  for (const file of ['seekyou.sqlite', 'secret.key', 'seekyou.toml', 'control.sock']) assert.ok(existsSync(join(data, file)), file);
  assert.equal(statSync(join(data, 'secret.key')).mode & 0o777, 0o600);
  assert.equal(statSync(join(data, 'control.sock')).mode & 0o777, 0o600);
  assert.equal((await fetch(`${admin}/healthz`)).status, 200);
  assert.equal((await fetch(`${admin}/readyz`)).status, 200);
  assert.match(await (await fetch(`${admin}/metrics`)).text(), /^seekyou_sessions 0$/m);
  talker.signal('SIGTERM');
  const { code } = await talker.end();
  assert.equal(code, 0);
  assert.match(talker.errors, /user add/, 'a first user is told what to type');
  assert.ok(!existsSync(join(data, 'control.sock')), 'the socket is gone');
});

withData('nobody is sent where he would be refused', async (data) => {
  for (const [setting, told] of [
    ['--clear-sign-on=all', [true, true]],
    ['--clear-sign-on=challenge', [true, false]],
    ['--clear-sign-on=off', [false, false]],
    ['--old-clients=off', [false, false]],
  ] as const) {
    const talker = Talker.seekyou('serve', '--data', data, '--listen', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--admin', '127.0.0.1:0', setting);
    try {
      const { port } = await untilReady(talker);
      const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
      assert.deepEqual([/ICQ 2000 and later/.test(page), /ICQ 96 to 99/.test(page)], told, setting);
      talker.signal('SIGTERM');
      const { stderr } = await talker.end();
      assert.deepEqual([/Old ICQ clients/.test(stderr), /Those of 1996/.test(stderr)], told, setting);
    } finally {
      await talker.kill();
    }
  }
});

withData('the admin address wants to be asked by number or localhost', async (_data, open) => {
  const { admin } = await open();
  const { request } = await import('node:http');
  const status = await new Promise<number | undefined>((resolve, reject) =>
    request(`${admin}/metrics`, { headers: { host: 'evil.example' } }, (answer) => resolve(answer.resume().statusCode))
      .on('error', reject)
      .end(),
  );
  assert.equal(status, 421);
});

withData('it serves on when nobody reads what it prints', async (data) => {
  const talker = Talker.seekyou('serve', '--data', data, '--listen', '127.0.0.1:0', '--udp', 'off', '--admin', '127.0.0.1:0');
  try {
    talker.child.stderr?.destroy();
    const { port, admin } = await untilReady(talker);
    talker.child.stdout?.destroy();
    const { stdout } = await seekyou('user', 'add', '--password', PASSWORD, '--data', data, '--json');
    const client = await signOn(port, (JSON.parse(stdout) as { uin: number }).uin, PASSWORD);
    client.close();
    assert.equal((await fetch(`${admin}/healthz`)).status, 200);
    talker.signal('SIGTERM');
    await talker.end();
    assert.equal(talker.child.exitCode, 0);
  } finally {
    await talker.kill();
  }
});

withData('SIGINT to the whole group stops it as cleanly', async (_data, open) => {
  const { talker } = await open();
  talker.signal('SIGINT', 'group');
  assert.equal((await talker.end()).code, 0);
});

withData('SIGTERM to npx, which does not hand it on, stops the server too', async (data) => {
  const talker = new Talker('npx', ['seekyou', 'serve', '--data', data, '--listen', '127.0.0.1:0', '--udp', 'off', '--admin', '127.0.0.1:0']);
  const killAll = (): void => {
    try {
      talker.signal('SIGKILL', 'group');
    } catch {
      // Nobody is left.
    }
  };
  const late = setTimeout(killAll, 20_000);
  try {
    await untilReady(talker);
    talker.signal('SIGTERM');
    const { stderr } = await talker.end();
    assert.match(stderr, /"msg":"stopped"/);
    assert.ok(!existsSync(join(data, 'control.sock')), 'the socket is gone');
  } finally {
    clearTimeout(late);
    killAll();
  }
});

withData('without a terminal, SIGHUP stops nothing: nohup means that', async (_data, open) => {
  const { talker, admin } = await open();
  talker.signal('SIGHUP', 'group');
  assert.equal((await fetch(`${admin}/healthz`)).status, 200);
  talker.signal('SIGTERM');
  const { code, stderr } = await talker.end();
  assert.deepEqual([code, /"signal":"SIGTERM"/.test(stderr)], [0, true], stderr);
});

withData('a server whose shell ends goes on, except where npx started it: all below any npx has its variables', async (data) => {
  const launcher = join(import.meta.dirname, '../packages/cli/bin/seekyou.js');
  const started: Talker[] = [];
  // The shell ends when it is told to, and leaves the server behind.
  const below = async (npm_lifecycle_script: string): Promise<Served> => {
    const serving = ['serve', '--data', `${data}-${started.length}`, '--listen', '127.0.0.1:0', '--udp', 'off', '--admin', '127.0.0.1:0'];
    const env = { ...cleanEnvironment(), npm_command: 'exec', npm_lifecycle_event: 'npx', npm_lifecycle_script };
    const talker = new Talker('sh', ['-c', '"$@" & read line', 'sh', process.execPath, launcher, ...serving], env);
    started.push(talker);
    return untilReady(talker);
  };
  try {
    const others = await below('"sh"');
    const npx = await below('"seekyou" serve');
    for (const { talker } of [others, npx]) {
      const ended = once(talker.child, 'exit');
      talker.say('');
      await ended;
    }
    assert.match((await npx.talker.end()).stderr, /"msg":"stopped"/);
    assert.equal((await fetch(`${others.admin}/healthz`)).status, 200);
    others.talker.signal('SIGTERM', 'group');
    await others.talker.end();
  } finally {
    for (const talker of started) {
      try {
        talker.signal('SIGKILL', 'group');
      } catch {
        // Nobody is left.
      }
    }
  }
});

withData('accounts are kept by commands, with the server running and without', async (data, open) => {
  const none = await seekyou('user', 'list', '--data', data);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /no seekyou data in/);

  const first = await open();
  const added = await seekyou('user', 'add', '--password', PASSWORD, '--nickname', 'Вася', '--data', data, '--json');
  assert.equal(added.code, 0, added.stderr);
  const { uin } = JSON.parse(added.stdout) as { uin: number };
  assert.equal((await seekyou('user', 'add', String(uin), '--password', PASSWORD, '--data', data)).code, 1, 'a taken UIN is refused');
  const client = await signOn(first.port, uin, PASSWORD);
  const shown = JSON.parse((await seekyou('user', 'show', String(uin), '--data', data, '--json')).stdout) as { nickname: string; sessions: unknown[] };
  assert.equal(shown.nickname, 'Вася');
  assert.equal(shown.sessions.length, 1);
  client.close();
  first.talker.signal('SIGTERM');
  await first.talker.end();

  assert.equal((await seekyou('user', 'set', String(uin), 'codepage=1251', 'authorisation=no', '--data', data)).code, 0);
  const offline = JSON.parse((await seekyou('user', 'show', String(uin), '--data', data, '--json')).stdout) as {
    codepage: number;
    authorisationRequired: boolean;
  };
  assert.equal(offline.codepage, 1251);
  assert.equal(offline.authorisationRequired, false);
  const wrong = await seekyou('user', 'set', String(uin), 'codepag=1251', '--data', data);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /unknown setting codepag; known: /);
  assert.equal((await seekyou('user', 'remove', String(uin), '--data', data)).code, 0);
  assert.equal((await seekyou('user', 'show', String(uin), '--data', data)).code, 1);
});

withData('passwd and suspend take effect before they return', async (data, open) => {
  const { port } = await open();
  const { uin } = JSON.parse((await seekyou('user', 'add', '--password', PASSWORD, '--data', data, '--json')).stdout) as { uin: number };
  const refusedWith = async (password: string): Promise<string> => {
    const error: unknown = await signOn(port, uin, password).catch((e: unknown) => e);
    assert.ok(error instanceof ClientError, 'the sign-on is refused');
    return error.code;
  };

  const first = await signOn(port, uin, PASSWORD);
  const ended = new Promise((resolve) => first.listen((event) => event.type === 'closed' && resolve(event)));
  assert.equal((await seekyou('user', 'passwd', String(uin), '--password', 'another1', '--data', data)).code, 0);
  assert.deepEqual((JSON.parse((await seekyou('user', 'show', String(uin), '--data', data, '--json')).stdout) as { sessions: unknown[] }).sessions, []);
  await ended;
  assert.equal(await refusedWith(PASSWORD), 'wrong-password');
  const second = await signOn(port, uin, 'another1');
  const endedToo = new Promise((resolve) => second.listen((event) => event.type === 'closed' && resolve(event)));
  assert.equal((await seekyou('user', 'suspend', String(uin), '--data', data)).code, 0);
  await endedToo;
  assert.equal(await refusedWith('another1'), 'suspended');
  assert.equal((await seekyou('user', 'resume', String(uin), '--data', data)).code, 0);
  (await signOn(port, uin, 'another1')).close();
});

withData('a long password gives old clients one of their own, shown once', async (data, open) => {
  const { port } = await open();
  const added = await seekyou('user', 'add', '--password', 'a much longer password', '--data', data, '--json');
  const { uin, oldPassword } = JSON.parse(added.stdout) as { uin: number; oldPassword: string };
  assert.match(oldPassword, /^[!-~]{8}$/);
  (await signOn(port, uin, oldPassword)).close();
  assert.doesNotMatch((await seekyou('user', 'show', String(uin), '--data', data, '--json')).stdout, new RegExp(oldPassword.replaceAll(/[^\w]/g, '\\$&')));
});

withData('when secret.key is lost, the start says whom that concerns', async (data, open) => {
  for (const round of ['with the key', 'without it']) {
    const { talker } = await open();
    if (round === 'with the key') assert.equal((await seekyou('user', 'add', '--password', PASSWORD, '--data', data)).code, 0);
    talker.signal('SIGTERM');
    const { stderr } = await talker.end();
    assert.equal(/"accounts":1,.*there was no secret\.key/.test(stderr), round === 'without it', stderr);
    rmSync(join(data, 'secret.key'));
  }
});

withData('a fault after the start ends it with 1, and leaves nothing running', async (data) => {
  const fault = 'process.stdout.write = (text) => { if (text.startsWith("ready")) throw new Error("a fault"); };';
  const main = join(import.meta.dirname, '../packages/cli/src/main.ts');
  const serving = ['serve', '--data', data, '--listen', '127.0.0.1:0', '--udp', 'off', '--admin', '127.0.0.1:0'];
  const talker = new Talker(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(fault)}`, '--conditions=source', main, ...serving]);
  try {
    const { code, stderr } = await talker.end();
    assert.equal(code, 1);
    assert.match(stderr, /Error: a fault/);
    assert.equal(existsSync(join(data, 'control.sock')), false, 'it was closed');
  } finally {
    await talker.kill();
  }
});

withData('a nickname writes neither to the administrator’s terminal nor another row', async (data, open) => {
  await open();
  const added = await seekyou('user', 'add', '--password', PASSWORD, '--nickname', '\u001b[2JBob\n100009 active Admin', '--data', data);
  assert.equal(added.code, 0, added.stderr);
  const { stdout } = await seekyou('user', 'list', '--data', data);
  assert.match(stdout, /^\d+ +active +\\x1b\[2JBob\\x0a100009 active Admin\n$/);
});

withData('a second server on the directory is refused, and leaves the first alone', async (data, open) => {
  const { admin } = await open();
  const second = await seekyou('serve', '--data', data, '--listen', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--admin', '127.0.0.1:0');
  assert.equal(second.code, 1);
  assert.match(second.stderr, /another seekyou is using .*; stop it first, or choose another directory/);
  assert.equal((await fetch(`${admin}/healthz`)).status, 200);
  assert.equal((await seekyou('user', 'list', '--data', data)).code, 0, 'commands still reach the first');
});

withData('after kill -9 the directory can be served again', async (_data, open) => {
  const { talker } = await open();
  await talker.kill();
  const again = await open();
  assert.equal((await fetch(`${again.admin}/healthz`)).status, 200);
});

withData('a port in use is named, with exit 1', async (data, open) => {
  const { port } = await open();
  const second = await seekyou('serve', '--data', `${data}-2`, '--listen', `127.0.0.1:${port}`, '--udp', '127.0.0.1:0', '--admin', '127.0.0.1:0');
  assert.equal(second.code, 1);
  assert.match(second.stderr, new RegExp(`${port}`));
  assert.doesNotMatch(second.stderr, /fault of seekyou/);
});

withData('a UDP port in use is named as one', async (data, open) => {
  const { udpPort } = await open();
  const second = await seekyou('serve', '--data', `${data}-2`, '--listen', '127.0.0.1:0', '--udp', `127.0.0.1:${udpPort}`, '--admin', '127.0.0.1:0');
  assert.equal(second.code, 1);
  assert.match(second.stderr, new RegExp(`UDP 127\\.0\\.0\\.1:${udpPort} is in use by another program`));
});

withData('an admin port in use is named as one', async (data, open) => {
  const at = new URL((await open()).admin).host;
  const second = await seekyou('serve', '--data', `${data}-2`, '--listen', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--admin', at);
  assert.equal(second.code, 1);
  assert.match(second.stderr, new RegExp(`^seekyou: admin: ${at} is in use by another program`, 'm'));
});

withData('a newer database stops the start and names what to install', async (data, open) => {
  const { talker } = await open();
  talker.signal('SIGTERM');
  await talker.end();
  const database = new DatabaseSync(join(data, 'seekyou.sqlite'));
  database.exec("INSERT INTO schema_version VALUES (1000, '9.9.9')");
  database.close();
  const newer = await seekyou('serve', '--data', data, '--listen', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--admin', '127.0.0.1:0');
  assert.equal(newer.code, 1);
  assert.match(newer.stderr, /9\.9\.9/);
  assert.doesNotMatch(newer.stderr, /fault of seekyou/);
});

withData('a data directory that cannot be written ends the start with the reason', async (data) => {
  mkdirSync(join(data, '..'), { recursive: true });
  writeFileSync(`${data}-file`, 'not a directory');
  const onFile = await seekyou('serve', '--data', `${data}-file`, '--listen', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--admin', '127.0.0.1:0');
  assert.equal(onFile.code, 1);
  assert.match(onFile.stderr, /a file stands where a directory is needed/);
});

/** Root may do anything, so as root it runs as nobody, who can read the clone only where it is readable. */
function unprivileged(...command: readonly string[]): Talker {
  if (process.getuid?.() !== 0) return Talker.seekyou(...command);
  const main = join(import.meta.dirname, '../packages/cli/src/main.ts');
  return new Talker('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, '--conditions=source', main, ...command]);
}

const WITHOUT_MODES = process.platform === 'win32' ? 'Windows has no such modes' : false;

test('a directory without permission ends the start with the reason', { skip: WITHOUT_MODES }, async () => {
  const base = temporaryDirectory();
  try {
    const closed = join(base, 'closed');
    mkdirSync(closed, { mode: 0o555 });
    chmodSync(base, 0o755);
    const command = ['serve', '--data', join(closed, 'data'), '--listen', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
    const { code, stderr } = await unprivileged(...command).end();
    assert.equal(code, 1, stderr);
    assert.match(stderr, /may not write there: change its owner, or choose another with --data/);
  } finally {
    removeDirectory(base);
  }
});

test('a directory of somebody else is not said to hold no data', { skip: WITHOUT_MODES }, async () => {
  const base = temporaryDirectory();
  try {
    const data = join(base, 'data');
    mkdirSync(data, { mode: 0o000 });
    chmodSync(base, 0o755);
    const { code, stderr } = await unprivileged('user', 'list', '--data', data).end();
    assert.equal(code, 1, stderr);
    assert.match(stderr, /data directory .*data: user \d+ may not look into it; give the command as the user that serves it/);
  } finally {
    removeDirectory(base);
  }
});

withData('wrong usage ends with 2 and says what is allowed', async (data) => {
  const unknown = await seekyou('serve', '--data', data, '--listne', 'x');
  assert.equal(unknown.code, 2);
  const value = await seekyou('serve', '--data', data, '--registration', 'maybe');
  assert.equal(value.code, 2);
  assert.match(value.stderr, /option --registration: "maybe" is not possible; allowed: open, closed/);
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, 'seekyou.toml'), 'registraton = "open"\n');
  const key = await seekyou('serve', '--data', data);
  assert.equal(key.code, 2);
  assert.match(key.stderr, /seekyou\.toml: unknown key registraton; known: registration/);
});

withData('a backup of a running server is restored, with and without the key', async (data, open) => {
  const first = await open();
  const { uin } = JSON.parse((await seekyou('user', 'add', '--password', PASSWORD, '--data', data, '--json')).stdout) as { uin: number };
  const sender = await signOn(first.port, uin, PASSWORD);
  await sender.send(uin, 'to myself');
  sender.close();
  for (const withKey of [true, false]) {
    const file = `${data}-backup-${withKey}`;
    const saved = await seekyou('backup', file, '--data', data, ...(withKey ? ['--with-key'] : []));
    assert.equal(saved.code, 0, saved.stderr);
    assert.match(saved.stdout, /^Not in it, because options or variables say it and no file: listen, udp, admin\./m);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(readFileSync(file).includes(readFileSync(join(data, 'secret.key'))), withKey);
    const copy = `${data}-restored-${withKey}`;
    const restored = await seekyou('restore', file, '--data', copy);
    assert.equal(restored.code, 0, restored.stderr);
    assert.match(restored.stdout, /1 accounts restored/);
    assert.equal(/1 accounts cannot sign on from old ICQ clients/.test(restored.stdout), !withKey);
    const again = await serve(copy);
    try {
      const attempt: unknown = await signOn(again.port, uin, PASSWORD).then(
        (client) => client.close(),
        (e: unknown) => e,
      );
      assert.equal(attempt instanceof ClientError, !withKey);
    } finally {
      await again.talker.kill();
    }
  }
  assert.equal((await seekyou('backup', `${data}-backup-true`, '--data', data)).code, 1, 'a backup does not overwrite');
  assert.equal((await seekyou('restore', `${data}-backup-true`, '--data', data)).code, 1, 'a restore does not overwrite');
});

withData('a ban is in effect when it returns, server running or not, and what happened is in the audit log', async (data, open) => {
  const first = await open();
  for (const uin of [100_001, 100_002]) await seekyou('user', 'add', String(uin), '--password', PASSWORD, '--data', data);
  const session = await signOn(first.port, 100_001, PASSWORD);
  const ended = new Promise((resolve) => session.listen((event) => event.type === 'closed' && resolve(event)));
  const banned = await seekyou('ban', 'add', '100001', '--reason', 'spam', '--for', '7d', '--json', '--data', data);
  assert.equal(banned.code, 0, banned.stderr);
  assert.match(banned.stdout, /^\{"target":"100001","reason":"spam","since":"[\d-]{10}T[\d:.]+Z","until":"[\d-]{10}T[\d:.]+Z"\}\n$/);
  await ended;
  await assert.rejects(signOn(first.port, 100_001, PASSWORD), { code: 'suspended' });
  await assert.rejects(signOn(first.port, 100_001, 'wrong'), { code: 'wrong-password' });
  assert.equal((await seekyou('ban', 'add', '127.0.0.0/8', '--data', data)).code, 0);
  await assert.rejects(signOn(first.port, 100_002, PASSWORD));
  first.talker.signal('SIGTERM');
  await first.talker.end();

  const listed = await seekyou('ban', 'list', '--data', data);
  assert.match(listed.stdout, /^100001 +until \S+Z spam\n127\.0\.0\.0\/8 +for good\n$/);
  assert.equal((await seekyou('ban', 'remove', '127.0.0.0/8', '--data', data)).code, 0);
  const again = await seekyou('ban', 'remove', '127.0.0.0/8', '--data', data);
  assert.deepEqual([again.code, again.stderr], [1, 'seekyou: 127.0.0.0/8 is not banned; `ban list` shows who is\n']);
  for (const [args, code] of [
    [['ban', 'add', 'nobody'], 2],
    [['ban', 'add', '100009'], 1],
    [['ban', 'add', '100002', '--for', 'ever'], 2],
  ] as const) {
    assert.equal((await seekyou(...args, '--data', data)).code, code, args.join(' '));
  }

  const second = await open();
  (await signOn(second.port, 100_002, PASSWORD)).close();
  await assert.rejects(signOn(second.port, 100_001, PASSWORD), { code: 'suspended' });
  second.talker.signal('SIGTERM');
  await second.talker.end();
  const audit = readFileSync(join(data, 'audit.log'), 'utf8');
  const events = audit.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { event: string }).event]));
  // As many as there are keys, before anybody comes.
  const keys = events.findIndex((event) => event !== 'new-key');
  assert.ok(keys > 0);
  assert.deepEqual(events.slice(keys), [
    'account-made',
    'account-made',
    'sign-on',
    'banned',
    'sign-on-refused',
    'sign-on-refused',
    'banned',
    'unbanned',
    'sign-on',
    'sign-on-refused',
  ]);
  assert.equal(audit.includes(PASSWORD), false);
});
