import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONFIG_KEYS, ConfigError, configTemplate, loadConfig, networks, optionOf, variableOf } from './config.ts';

const directory = (toml?: string): string => {
  const made = mkdtempSync(join(tmpdir(), 'seekyou-config-'));
  if (toml !== undefined) writeFileSync(join(made, 'seekyou.toml'), toml);
  return made;
};
const load = (toml: string | undefined, options: Record<string, unknown> = {}, environment: Record<string, string> = {}) =>
  loadConfig({ options: { data: directory(toml), ...options }, environment });

test('without anything said, the defaults of the contract hold', () => {
  const config = load(undefined);
  assert.deepEqual(config.listen, [{ host: '::', port: 5190 }]);
  assert.deepEqual(config.admin, { host: '127.0.0.1', port: 5180 });
  assert.equal(config.registration, 'open');
  assert.equal(config.oldClients, 'same');
  assert.equal(config.direct, 'contacts');
  assert.equal(config.limitsProfile, 'people');
});

test('an option goes before the environment, the environment before the file', () => {
  const toml = 'registration = "closed"\ndirect = "all"\nold_clients = "own"\n';
  const config = load(toml, { registration: 'open' }, { SEEKYOU_REGISTRATION: 'closed', SEEKYOU_DIRECT: 'off' });
  assert.equal(config.registration, 'open');
  assert.equal(config.direct, 'off');
  assert.equal(config.oldClients, 'own');
});

test('an unknown key stops the start and names the file, the key and what is known', () => {
  assert.throws(
    () => load('registraton = "open"\n'),
    (error) => error instanceof ConfigError && /seekyou\.toml: unknown key registraton; known: registration/.test(error.message),
  );
  assert.throws(() => load(undefined, {}, { SEEKYOU_LISTN: 'x' }), /unknown variable SEEKYOU_LISTN; known: SEEKYOU_LISTEN/);
});

test('what is known is what looks like the wrong name; when nothing does, all but the limits', () => {
  assert.throws(() => load('foo = 1\n'), /unknown key foo; known: data, listen, udp, .*, log_level; docs\/settings\.md has all$/);
  assert.throws(() => load('[limits]\nfoo = 1\n'), /unknown key limits\.foo; docs\/settings\.md has all$/);
  assert.throws(() => load(undefined, {}, { SEEKYOU_ADVERTIZE: 'x' }), /known: SEEKYOU_ADVERTISE; docs/);
});

test('a wrong value names the place, the value and what is allowed', () => {
  assert.throws(() => load('registration = "maybe"\n'), /seekyou\.toml: registration: "maybe" is not possible; allowed: open, closed/);
  assert.throws(() => load(undefined, { listen: ['5190'] }), /option --listen: "5190" is not possible; allowed: HOST:PORT/);
  assert.throws(() => load(undefined, {}, { SEEKYOU_DEFAULT_CODEPAGE: 'utf8' }), /SEEKYOU_DEFAULT_CODEPAGE: "utf8" is not possible; allowed: 874, 932, /);
  assert.throws(() => load('listen = \n'), /seekyou\.toml/);
});

test('a server without a place to listen is not possible', () => {
  assert.throws(() => load('listen = []\n'), /seekyou\.toml: listen: an empty list is not possible; allowed: at least one HOST:PORT/);
  assert.throws(() => load(undefined, {}, { SEEKYOU_LISTEN: '' }), /environment variable SEEKYOU_LISTEN: an empty list is not possible/);
});

test('a data directory does not name another one; a file named by --config may', () => {
  assert.throws(() => load('data = "/elsewhere"\n'), /seekyou\.toml: data is possible only in a file named by --config/);
  const file = join(directory('data = "/elsewhere"\n'), 'seekyou.toml');
  assert.equal(loadConfig({ options: {}, environment: {}, file }).data, '/elsewhere');
});

test('a limit that clients are told is no larger than their packets can say', () => {
  const told = ['capabilities', 'contacts', 'groups', 'message_bytes', 'profile_bytes', 'roster_list', 'watchers'];
  const rooms = ['room_line_bytes', 'room_members', 'room_name_bytes', 'rooms_joined'];
  const largest = [...[...told, ...rooms].map((name) => [`${name}_max`, 65_535] as const), ['udp_keep_alive_ms', 65_535_000] as const];
  for (const [name, max] of largest) {
    const expected = new RegExp(`seekyou\\.toml: limits\\.${name}: ${max + 1} is not possible; allowed: a whole number from 0 to ${max}`);
    assert.throws(() => load(`[limits]\n${name} = ${max + 1}\n`), expected);
    assert.doesNotThrow(() => load(`[limits]\n${name} = ${max}\n`));
  }
});

test('limits are keys of their own, in every source', () => {
  assert.equal(load('[limits]\nmailbox_messages_max = 7\n').limits.mailboxMessagesMax, 7);
  assert.equal(load(undefined, {}, { SEEKYOU_LIMITS_MAILBOX_MESSAGES_MAX: '8' }).limits.mailboxMessagesMax, 8);
  assert.equal(load('[limits]\nprofile = "bench"\n').limitsProfile, 'bench');
  assert.throws(() => load('[limits]\nmailbox = 7\n'), /unknown key limits.mailbox; known: limits\.mailbox/);
});

test('UDP is on unless it is turned off', () => {
  assert.deepEqual(load('').udp, [{ host: '::', port: 4000 }]);
  assert.deepEqual(load(undefined, { udp: ['127.0.0.1:0'] }).udp, [{ host: '127.0.0.1', port: 0 }]);
  assert.deepEqual(load(undefined, { udp: ['off'] }).udp, []);
  assert.deepEqual(load('udp = []\n').udp, []);
  assert.deepEqual(load('udp = "off"\n').udp, []);
  assert.throws(() => load(undefined, { udp: ['off', '127.0.0.1:4000'] }), /udp: off cannot stand beside addresses/);
});

test('lists come as arrays, as repeated options, and split at commas in the environment', () => {
  assert.deepEqual(load('listen = ["127.0.0.1:1", "[::1]:2"]\n').listen, [
    { host: '127.0.0.1', port: 1 },
    { host: '::1', port: 2 },
  ]);
  assert.equal(load(undefined, {}, { SEEKYOU_LISTEN: '127.0.0.1:1, 127.0.0.1:2' }).listen.length, 2);
});

test('advertise takes an address, a port, a network and a port of ours', () => {
  const config = load('advertise = ["chat.example.org", { address = "10.0.0.5:5191", for = "10.0.0.0/8", listen = 5190 }, "[2001:db8::1]:443"]\n');
  assert.deepEqual(config.advertise, [
    { host: 'chat.example.org' },
    { host: '10.0.0.5', port: 5191, for: '10.0.0.0/8', listen: 5190 },
    { host: '2001:db8::1', port: 443 },
  ]);
});

test('what nobody can connect to is not advertised', () => {
  for (const wrong of [
    'chat.example.org:519O',
    'chat.example.org:',
    'chat.example.org:5190:5190',
    'chat.example.org:99999',
    '203.0.113',
    '203.0.113.256',
    '...',
    '0.0.0.0',
    '::',
    '[::]:5190',
    '[2001:db8::1',
    '2001:db8::g',
    ':5190',
  ]) {
    assert.throws(() => load(undefined, { advertise: [wrong] }), ConfigError, wrong);
  }
  const right = ['chat.example.org', 'my_host', '203.0.113.9', '203.0.113.9:443', '2001:db8::1', '[2001:db8::1]', '[2001:db8::1]:443', '4.example'];
  assert.equal(load(undefined, { advertise: right }).advertise.length, right.length);
});

test('a network has one length, and a code page is one of those there are', () => {
  assert.throws(() => load(undefined, { trust_proxy: ['10.0.0.0/8/9'] }), /"10\.0\.0\.0\/8\/9" is not possible/);
  assert.deepEqual(load(undefined, { trust_proxy: ['10.0.0.0/8', '10.0.0.1'] }).trustProxy, ['10.0.0.0/8', '10.0.0.1/32']);
  for (const wrong of [1111, '1111', '', true, 1251.5]) assert.throws(() => load(undefined, { default_codepage: wrong }), ConfigError, String(wrong));
  assert.deepEqual(
    [1251, '932'].map((right) => load(undefined, { default_codepage: right }).defaultCodepage),
    [1251, 932],
  );
});

test('in options and variables an address of that kind is written as in the file', () => {
  const entry = '{ address = "127.0.0.1:5190", for = "0.0.0.0/0", listen = 5443 }';
  const expected = [{ host: '127.0.0.1', port: 5190, for: '0.0.0.0/0', listen: 5443 }, { host: 'chat.example.org' }];
  assert.deepEqual(load(undefined, { advertise: [entry, 'chat.example.org'] }).advertise, expected);
  assert.deepEqual(load(undefined, {}, { SEEKYOU_ADVERTISE: `${entry}, chat.example.org` }).advertise, expected);
  for (const wrong of ['{ address = "a.example" ', '{ addres = "a.example" }', '{}']) {
    assert.throws(() => load(undefined, { advertise: [wrong] }), /option --advertise: .* is not possible; allowed: HOST/);
  }
});

test('an admin address off loopback needs a token', () => {
  assert.throws(() => load('admin = "0.0.0.0:5180"\n'), /admin_token must be set/);
  assert.equal(load('admin = "0.0.0.0:5180"\nadmin_token = "0123456789abcdef"\n').adminToken, '0123456789abcdef');
});

test('networks know both spellings of an address', () => {
  const inside = networks(['10.0.0.0/8', '2001:db8::/32']);
  assert.equal(inside('10.1.2.3'), true);
  assert.equal(inside('11.1.2.3'), false);
  assert.equal(inside('2001:db8::7'), true);
});

test('names of options and variables follow from the key', () => {
  const key = CONFIG_KEYS.find((k) => k.name === 'limits.mailbox_messages_max');
  assert.ok(key);
  assert.equal(optionOf(key), '--limits-mailbox-messages-max');
  assert.equal(variableOf(key), 'SEEKYOU_LIMITS_MAILBOX_MESSAGES_MAX');
});

test('the file a new data directory gets is valid and changes nothing', () => {
  // Each is loaded for a directory of its own.
  const place = { data: '', file: '', auditLog: '' };
  assert.deepEqual({ ...load(configTemplate()), ...place }, { ...load(undefined), ...place });
});

test('every line of it can be used by removing its #', () => {
  const lines = configTemplate().matchAll(/^#(\w[\w.]* = .*)$/gm);
  const usable = new Map(Array.from(lines, ([, line]) => [(line as string).split(' ')[0] as string, line as string]));
  for (const { name, detail } of CONFIG_KEYS) assert.equal(usable.has(name), detail !== true && name !== 'data', name);
  const [cert, key] = [usable.get('tls_cert'), usable.get('tls_key')];
  for (const [name, line] of usable) assert.doesNotThrow(() => load(name.startsWith('tls_') ? `${cert}\n${key}\n` : line), name);
});

test('security events are recorded in the data directory, somewhere else, or not at all', () => {
  const auditLog = (text: string | undefined): string | undefined => load(text).auditLog;
  assert.match(auditLog(undefined) ?? '', /\/audit\.log$/);
  assert.equal(auditLog('audit_log = "/var/log/seekyou/audit.log"'), '/var/log/seekyou/audit.log');
  assert.equal(auditLog('audit_log = "off"'), undefined);
});
