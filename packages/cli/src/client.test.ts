/** The line-mode client: its options, and the conversation at a desk with what ends it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { type Client, ClientError, type ClientEvent, PICTURE_BYTES_MAX, RequestRefused, WireError } from '@seekyou/client';
import { Command } from 'commander';
import { converse, type Desk, passwordOf, registerClient } from './client.ts';
import type { Output } from './client-output.ts';

interface Scene {
  readonly input: PassThrough;
  readonly stop: AbortController;
  /** The server ends the session. */
  readonly lose: () => void;
  /** What was answered and what happened, in order. */
  readonly told: string[];
  readonly failures: Error[];
  /** Whether the client is still signed on. */
  readonly isOnline: () => boolean;
  readonly code: Promise<number>;
}

/** @param does what the commands come to */
function scene(options: { readonly stay?: boolean; readonly screen?: NodeJS.WritableStream }, does: Partial<Client> = {}): Scene {
  const input = new PassThrough();
  const stop = new AbortController();
  const told: string[] = [];
  const failures: Error[] = [];
  let online = true;
  let tell: (event: ClientEvent) => void = () => {};
  const end = (message: string): void => {
    if (!online) return;
    online = false;
    tell({ type: 'closed', error: new ClientError('closed', message) });
  };
  const client = {
    listen: (listener: typeof tell) => {
      tell = listener;
    },
    close: () => end('signed off'),
    contacts: () => [],
    ...does,
  } as unknown as Client;
  const output: Output = {
    registered: () => {},
    trusted: () => {},
    signedOn: () => {},
    event: (_client, event) => void told.push(event.type),
    done: (command) => void told.push(`done ${command.do}`),
    failed: (error) => {
      told.push('failed');
      failures.push(error);
    },
  };
  const desk: Desk = { input, stop: stop.signal, ...(options.screen === undefined ? {} : { screen: options.screen }) };
  return { input, stop, told, failures, lose: () => end('lost'), isOnline: () => online, code: converse(client, output, desk, options) };
}

test('the end of the input ends it with 0, once what was said before is done', async () => {
  const { input, told, code } = scene({});
  input.end('/contacts\n/remove x\n');
  assert.equal(await code, 0);
  assert.deepEqual(told, ['done contacts', 'failed', 'closed']);
});

for (const [key, name, waits] of [
  ['\u0004', 'Ctrl-D, which waits for its answer', true],
  ['\u0003', 'Ctrl-C, which does not,', false],
] as const) {
  test(`${name} may come at a terminal while a command runs`, async () => {
    const running = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const send = (): Promise<void> => {
      running.resolve();
      return answer.promise;
    };
    const screen = Object.assign(new PassThrough(), { isTTY: true });
    const { input, code, isOnline, told } = scene({ screen }, { send });
    input.write('/send 100002 hello\r');
    await running.promise;
    const noticed = new Promise((resolve) => input.once('pause', resolve));
    input.write(key);
    // No lines are read any more; the answer comes only now, or never.
    await noticed;
    if (waits) answer.resolve();
    assert.equal(await code, 0);
    assert.equal(isOnline(), false);
    assert.deepEqual(told, waits ? ['done send', 'closed'] : ['closed']);
  });
}

test('who stays listens on after the input, until he is told to go: that is 0', async () => {
  const { input, stop, told, code, isOnline } = scene({ stay: true });
  input.end('/contacts\n');
  await new Promise((resolve) => input.once('close', resolve));
  assert.equal(isOnline(), true);
  stop.abort();
  assert.equal(await code, 0);
  assert.deepEqual(told, ['done contacts', 'closed']);
});

test('a connection that is lost is 1, whether the input goes on, has ended, or ends it', async () => {
  const reading = scene({});
  reading.lose();
  assert.equal(await reading.code, 1);

  const staying = scene({ stay: true });
  staying.input.end();
  await new Promise((resolve) => staying.input.once('close', resolve));
  staying.lose();
  assert.equal(await staying.code, 1);
  assert.deepEqual(staying.told, ['closed'], 'told once');

  const account = { unregister: (): Promise<void> => Promise.resolve(removed.lose()) };
  const removed: Scene = scene({}, { account } as unknown as Partial<Client>);
  removed.input.write('/unregister secret12\n');
  assert.equal(await removed.code, 0, 'unless it was the person who ended it');
});

test('what has no bytes is refused, and the next command is heard; a fault of ours leaves nobody signed on', async () => {
  const faults = [new WireError('too-long', -1, '70004 bytes do not fit a u16 length'), new WireError('short', 4, 'need 6 bytes, have 4')];
  const { input, code, failures, told } = scene({}, { send: () => Promise.reject(faults.shift() as WireError) });
  input.end('/send 100002 long\n/send 100002 odd\n/contacts\n');
  assert.equal(await code, 0);
  assert.deepEqual(told, ['failed', 'failed', 'done contacts', 'closed']);
  const [long, odd] = failures;
  assert.ok(long instanceof RequestRefused && long.code === 10);
  assert.ok(odd instanceof ClientError && odd.code === 'protocol');

  const broken = scene({}, { send: () => Promise.reject(new TypeError('a fault')) });
  broken.input.write('/send 100002 hello\n');
  await assert.rejects(broken.code, TypeError);
  assert.equal(broken.isOnline(), false);
});

test('what is mistyped of oneself or a group is answered, and the next command is heard', async () => {
  const directory = { meet: () => Promise.resolve(undefined) };
  const { input, code, failures, told } = scene({}, { directory } as unknown as Partial<Client>);
  input.end('/set nick Anna\n/set gender female\n/meet abc\n/meetable abc\n/search ageFrom=x\n/contacts\n');
  assert.equal(await code, 0);
  assert.deepEqual(told, ['failed', 'failed', 'failed', 'failed', 'failed', 'done contacts', 'closed']);
  assert.match(failures[0]?.message ?? '', /nick is none of nickname, /);
});

test('a picture that is too large is refused with the largest possible', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'seekyou-test-'));
  try {
    const file = join(directory, 'large.png');
    writeFileSync(file, new Uint8Array(PICTURE_BYTES_MAX + 1));
    const avatars = { show: () => Promise.resolve() };
    const { input, code, failures } = scene({}, { avatars } as unknown as Partial<Client>);
    input.end(`/picture ${file}\n`);
    await code;
    assert.match(failures[0]?.message ?? '', /large\.png has 32769 bytes; a picture has 32768 at most/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a password file is taken at its first line, blanks and all', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'seekyou-test-'));
  try {
    const passwordFile = join(directory, 'password');
    for (const end of ['', '\n', '\r\n', '\nmore\n']) {
      writeFileSync(passwordFile, ` secret ${end}`);
      assert.equal(await passwordOf({ passwordFile }), ' secret ');
    }
    writeFileSync(passwordFile, '\nsecret\n');
    await assert.rejects(passwordOf({ passwordFile }), /its first line is empty/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a number that is no code page, and a UIN beside a wish for a new one, are wrong usage', async () => {
  const given = (...words: readonly string[]): Promise<unknown> => {
    const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
    registerClient(program);
    for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
    return program.parseAsync(['node', 'seekyou', 'client', ...words]);
  };
  await assert.rejects(given('--codepage', '1215'), /allowed: 874, .*1251, /);
  await assert.rejects(given('--register', '--uin', '100001', '--password', 'secret12'), { exitCode: 2, message: /leave --uin out/ });
});

test('the help shows the server as it is typed', () => {
  const program = new Command();
  registerClient(program);
  assert.match(program.commands[0]?.helpInformation() ?? '', /default:\s+localhost:5190/);
});
