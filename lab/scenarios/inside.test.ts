/**
 * A server inside, clients outside: the ways the firewall documents name for reaching it (firewall-scenarios.md S000-13 to S000-16),
 * and those of today. Each is set up from the files of `deploy/relays` and the settings they name.
 *
 *     out1 203.0.113.20 ─┐                    ┌─ server 192.168.1.17
 *     out2 203.0.113.21 ─┴─ 203.0.113.4 fw 192.168.1.1 ─┴─ in1 192.168.1.10
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seekyou, type Talker } from '../../test/process.ts';
import { eventually, inTown, type Town } from '../town.ts';

const OUTSIDE = '203.0.113.4';
const INSIDE = '192.168.1.1';
const SERVER = '192.168.1.17';
const OUT1 = '203.0.113.20';
const PASSWORD = 'secret1';
/** Marker, channel 1, then a sequence number nobody can know, length 4, version 1. */
const HELLO = /^2a01....000400000001$/;
const NO_WAY_BACK = /connections begin and are never completed/;
const PERHAPS_A_RELAY = /all 10 accounts that signed on come from 192\.168\.1\.1: if a relay is there, name it in trust_proxy/;
/** Of somebody who comes again and again, some two seconds each. */
const TRIES_MAX = 20;
const ALICE = '100001';
const BORIS = '100002';

async function build(town: Town): Promise<void> {
  await town.machines('out1', 'out2', 'fw', 'server', 'in1');
  await town.network('outside');
  await town.network('inside');
  await town.plug('out1', 'eth0', `${OUT1}/24`, 'outside');
  await town.plug('out2', 'eth0', '203.0.113.21/24', 'outside');
  await town.plug('fw', 'wan', `${OUTSIDE}/24`, 'outside');
  await town.plug('fw', 'lan', `${INSIDE}/24`, 'inside');
  await town.plug('server', 'eth0', `${SERVER}/24`, 'inside');
  await town.plug('in1', 'eth0', '192.168.1.10/24', 'inside');
  for (const host of ['server', 'in1']) await town.gateway(host, INSIDE);
  await town.firewall('fw');
}

/** @param settings lines of seekyou.toml, as the documentation gives them */
async function serve(town: Town, settings: string): Promise<Talker> {
  const data = `${town.directory}/data`;
  const config = town.file('seekyou.toml', settings);
  const server = town.node('server', 'packages/cli/src/main.ts', 'serve', '--data', data, '--config', config, '--log-level', 'debug');
  await server.line((line) => line.startsWith('ready'), 'the ready line');
  for (const uin of [ALICE, BORIS]) {
    assert.equal((await seekyou('user', 'add', uin, '--password', PASSWORD, '--data', data)).code, 0);
  }
  return server;
}

const oldClient = (town: Town, host: string, uin: string, at: string, port = 5190): Talker =>
  town.node(host, 'lab/drivers/old-client.ts', at, String(port), uin, PASSWORD);

interface SignedOn {
  readonly client: Talker;
  readonly told: unknown;
  readonly external: unknown;
}

async function signsOn(client: Talker): Promise<SignedOn> {
  const { address: told } = await client.event('told');
  const { external } = await client.event('signed-on');
  return { client, told, external };
}

/** Both ways, each acknowledged. */
async function converse(alice: Talker, boris: Talker): Promise<void> {
  for (const [from, fromUin, to, toUin] of [
    [alice, ALICE, boris, BORIS],
    [boris, BORIS, alice, ALICE],
  ] as const) {
    from.say(JSON.stringify({ say: `from ${fromUin}`, to: Number(toUin) }));
    await from.event('accepted');
    const { text } = await to.event('message', (event) => event['from'] === Number(fromUin));
    assert.equal(text, `from ${fromUin}`);
  }
}

async function allHeard(client: Talker): Promise<Buffer> {
  client.say('{"quit":true}');
  const { bytes } = await client.event('heard');
  return Buffer.from(bytes as string, 'hex');
}

/** An address in every form somebody might have written it in. */
function found(heard: Buffer, address: string): readonly string[] {
  const octets = address.split('.').map(Number);
  const forms: readonly (readonly [string, Buffer])[] = [
    ['dotted', Buffer.from(address)],
    ['binary', Buffer.from(octets)],
    ['binary, reversed', Buffer.from(octets.toReversed())],
    ['hexadecimal', Buffer.from(Buffer.from(octets).toString('hex'))],
    ['HEXADECIMAL', Buffer.from(Buffer.from(octets).toString('hex').toUpperCase())],
    ['decimal', Buffer.from(String(Buffer.from(octets).readUInt32BE()))],
  ];
  return forms.filter(([, bytes]) => heard.includes(bytes)).map(([name]) => name);
}

async function haproxy(town: Town, how: string, networks = '0.0.0.0/0'): Promise<void> {
  const config = town.filled('deploy/relays/haproxy.cfg', { OUTSIDE, NETWORKS: networks, SERVER, HOW: how });
  town.starts('fw', 'haproxy', '-db', '-f', config);
  await town.listens('fw', 'tcp', 5190);
  await town.rule('fw', 'local', 'iifname', 'wan', 'tcp', 'dport', '5190', 'accept');
}

test('S000-13: one rule inwards is enough for a server without NAT, and nothing leaves it', () =>
  inTown(async (town) => {
    await build(town);
    await serve(town, `advertise = ["${SERVER}"]\n`);
    // Routed: the world knows the way to the network inside.
    for (const host of ['out1', 'out2']) await town.does(host, 'ip', 'route', 'add', '192.168.1.0/24', 'via', OUTSIDE);
    const early = oldClient(town, 'out1', ALICE, SERVER);
    await town.rule('fw', 'service', 'iifname', 'wan', 'ip', 'daddr', SERVER, 'tcp', 'dport', '5190', 'ct', 'state', 'new', 'accept');
    const alice = await signsOn(early);
    const boris = await signsOn(oldClient(town, 'out2', BORIS, SERVER));
    assert.equal(alice.external, OUT1);
    await converse(alice.client, boris.client);
    const before = await town.counted('fw', 'refused');
    assert.deepEqual(await town.node('out1', 'lab/drivers/knock.ts', SERVER, '5180').event('answer'), { type: 'answer', bytes: '', closed: false });
    assert.ok((await town.counted('fw', 'refused')) > before, 'the port of the administrator is refused by the firewall');
    const { stdout } = await town.does('server', 'ss', '-Htn', 'state', 'connected', 'dport', '!=', ':5190', 'sport', '!=', ':5190');
    assert.equal(stdout.trim(), '', 'the server connects to nobody');
  }));

test('S000-14: a plain relay hides its clients, and nobody is told an address that is not theirs', () =>
  inTown(async (town) => {
    await build(town);
    const server = await serve(town, `plain_relays = ["${INSIDE}"]\nadvertise = ["${OUTSIDE}"]\n`);
    await haproxy(town, '');
    const alice = await signsOn(oldClient(town, 'out1', ALICE, OUTSIDE));
    const boris = await signsOn(oldClient(town, 'out2', BORIS, OUTSIDE));
    assert.equal(alice.told, `${OUTSIDE}:5190`);
    assert.equal(alice.external, null, 'the server does not know it, so it says none');
    await converse(alice.client, boris.client);
    const heard = await allHeard(boris.client);
    assert.deepEqual(found(heard, INSIDE), []);
    assert.deepEqual(found(heard, OUT1), []);
    assert.match(server.errors, /192\.168\.1\.1/, 'the log has the relay');
  }));

test('S000-14, O1: ten people come from one address, and the log asks whether a relay is there', () =>
  inTown(async (town) => {
    await build(town);
    const server = await serve(town, `advertise = ["${OUTSIDE}", { address = "127.0.0.1", for = "127.0.0.0/8" }]\n`);
    await haproxy(town, '');
    const people = Array.from({ length: 10 }, (_, n) => String(Number(ALICE) + n));
    for (const uin of people.slice(2)) assert.equal((await seekyou('user', 'add', uin, '--password', PASSWORD, '--data', `${town.directory}/data`)).code, 0);
    // As the administrator does first of all.
    await signsOn(oldClient(town, 'server', ALICE, '127.0.0.1'));
    const comes = async (uin: string, n: number): Promise<void> => void (await signsOn(oldClient(town, n % 2 === 0 ? 'out1' : 'out2', uin, OUTSIDE)));
    await Promise.all(people.slice(0, 9).map(comes));
    assert.doesNotMatch(server.errors, PERHAPS_A_RELAY);
    await comes(people[9] as string, 9);
    await eventually('the log asks', () => PERHAPS_A_RELAY.test(server.errors));
  }));

test('S000-14: the relay’s own list of networks refuses others', () =>
  inTown(async (town) => {
    await build(town);
    await serve(town, `plain_relays = ["${INSIDE}"]\nadvertise = ["${OUTSIDE}"]\n`);
    await haproxy(town, '', `${OUT1}/32`);
    const refused = oldClient(town, 'out2', BORIS, OUTSIDE);
    assert.match(String((await refused.event('failed'))['problem']), /did not come before the end|ECONNRESET|timed out|closed/);
    await signsOn(oldClient(town, 'out1', ALICE, OUTSIDE));
  }));

test('S000-15a: a port forward that keeps the source tells the server who the clients are', () =>
  inTown(async (town) => {
    await build(town);
    const server = await serve(town, `advertise = ["${OUTSIDE}"]\n`);
    await town.rules('fw', 'deploy/relays/forward.nft', { OUTSIDE, PORT: '5190', SERVER, INSIDE: '192.168.1.0/24' });
    await town.rule('fw', 'service', 'iifname', 'wan', 'ip', 'daddr', SERVER, 'tcp', 'dport', '5190', 'accept');
    const alice = await signsOn(oldClient(town, 'out1', ALICE, OUTSIDE));
    const boris = await signsOn(oldClient(town, 'out2', BORIS, OUTSIDE));
    assert.equal(alice.told, `${OUTSIDE}:5190`);
    assert.equal(alice.external, OUT1);
    await converse(alice.client, boris.client);
    assert.match(server.errors, new RegExp(OUT1.replaceAll('.', String.raw`\.`)), 'the log has the client');
  }));

for (const [what, wrong, filter] of [
  ['leads elsewhere', ['replace', 'default', 'via', '192.168.1.10'], 0],
  ['is missing', ['del', 'default'], 0],
  // As Debian has it.
  ['is missing, and the system looks at it (rp_filter)', ['del', 'default'], 2],
] as const) {
  test(`S000-15a, O2: the default route ${what}: nobody comes in, and the log says where to look`, () =>
    inTown(async (town) => {
      await build(town);
      await town.set('server', { 'ipv4/conf/all/rp_filter': filter });
      const server = await serve(town, `advertise = ["${OUTSIDE}"]\n[limits]\nroute_look_ms = 3000\n`);
      await town.rules('fw', 'deploy/relays/forward.nft', { OUTSIDE, PORT: '5190', SERVER, INSIDE: '192.168.1.0/24' });
      await town.rule('fw', 'service', 'iifname', 'wan', 'ip', 'daddr', SERVER, 'tcp', 'dport', '5190', 'accept');
      await town.does('server', 'ip', 'route', ...wrong);
      for (let tries = 0; tries < TRIES_MAX && !NO_WAY_BACK.test(server.errors); tries++) {
        const { bytes } = await town.node('out1', 'lab/drivers/knock.ts', OUTSIDE, '5190').event('answer');
        assert.equal(bytes, '');
      }
      assert.match(server.errors, NO_WAY_BACK);
      // What the sentence advises helps.
      await town.does('server', 'ip', 'route', 'replace', 'default', 'via', INSIDE);
      await signsOn(oldClient(town, 'out1', ALICE, OUTSIDE));
    }));
}

test('S000-15a, O2: while the way back is right nothing is said of it, whoever the firewall keeps out', () =>
  inTown(async (town) => {
    await build(town);
    await town.set('server', { 'ipv4/conf/all/rp_filter': 2 });
    const server = await serve(town, `advertise = ["${OUTSIDE}", { address = "${SERVER}", for = "192.168.1.0/24" }]\n[limits]\nroute_look_ms = 500\n`);
    await town.rules('fw', 'deploy/relays/forward.nft', { OUTSIDE, PORT: '5190', SERVER, INSIDE: '192.168.1.0/24' });
    // Each takes as long as four looks.
    const keptOut = await town.node('out2', 'lab/drivers/knock.ts', OUTSIDE, '5190').event('answer');
    await town.rule('fw', 'service', 'iifname', 'wan', 'ip', 'daddr', SERVER, 'tcp', 'dport', '5190', 'accept');
    const alice = await signsOn(oldClient(town, 'out1', ALICE, OUTSIDE));
    const boris = await signsOn(oldClient(town, 'in1', BORIS, SERVER));
    await converse(alice.client, boris.client);
    const otherPort = await town.node('out2', 'lab/drivers/knock.ts', OUTSIDE, '5191').event('answer');
    assert.deepEqual([keptOut['bytes'], otherPort['bytes']], ['', '']);
    assert.doesNotMatch(server.errors, NO_WAY_BACK);
  }));

test('S000-15b: a relay that takes its clients’ addresses', () =>
  inTown(async (town) => {
    await build(town);
    await serve(town, `advertise = ["${OUTSIDE}"]\n`);
    await haproxy(town, 'source 0.0.0.0 usesrc clientip');
    await town.rules('fw', 'deploy/relays/transparent.nft');
    await town.does('fw', 'ip', 'rule', 'add', 'fwmark', '1', 'lookup', '100');
    await town.does('fw', 'ip', 'route', 'add', 'local', 'default', 'dev', 'lo', 'table', '100');
    const alice = await signsOn(oldClient(town, 'out1', ALICE, OUTSIDE));
    const boris = await signsOn(oldClient(town, 'out2', BORIS, OUTSIDE));
    assert.equal(alice.told, `${OUTSIDE}:5190`);
    assert.equal(alice.external, OUT1);
    await converse(alice.client, boris.client);
  }));

for (const how of ['send-proxy-v2', 'send-proxy']) {
  test(`S000-15c: a relay that says who the client is (${how})`, () =>
    inTown(async (town) => {
      await build(town);
      const server = await serve(town, `trust_proxy = ["${INSIDE}"]\nadvertise = ["${OUTSIDE}"]\n`);
      await haproxy(town, how);
      const alice = await signsOn(oldClient(town, 'out1', ALICE, OUTSIDE));
      const boris = await signsOn(oldClient(town, 'out2', BORIS, OUTSIDE));
      assert.equal(alice.told, `${OUTSIDE}:5190`);
      assert.equal(alice.external, OUT1);
      await converse(alice.client, boris.client);
      assert.match(server.errors, new RegExp(OUT1.replaceAll('.', String.raw`\.`)));
      const knock = (host: string, text: string): Promise<Record<string, unknown>> =>
        town.node(host, 'lab/drivers/knock.ts', SERVER, '5190', text).event('answer');
      const closed = { type: 'answer', bytes: '', closed: true };
      assert.deepEqual(await knock('fw', ''), { ...closed, closed: false }, 'a relay that says nothing is not greeted');
      assert.deepEqual(await knock('fw', '*'), closed, 'the relay must say who it speaks for');
      const header = String.raw`PROXY TCP4 198.51.100.7 203.0.113.4 1024 5190\r\n`;
      assert.deepEqual(await knock('in1', header), closed, 'and nobody else may');
      assert.match(String((await knock('in1', ''))['bytes']), HELLO, 'who does not claim anything is greeted');
      assert.match(String((await knock('fw', header))['bytes']), HELLO, 'and so is whom the relay names');
    }));
}

test('S000-16: clients inside and outside are each told an address they can use', () =>
  inTown(async (town) => {
    await build(town);
    await serve(town, `advertise = ["${OUTSIDE}", { address = "${SERVER}", for = "192.168.1.0/24" }]\n`);
    await town.rules('fw', 'deploy/relays/forward.nft', { OUTSIDE, PORT: '5190', SERVER, INSIDE: '192.168.1.0/24' });
    await town.rule('fw', 'service', 'ip', 'daddr', SERVER, 'tcp', 'dport', '5190', 'accept');
    const alice = await signsOn(oldClient(town, 'out1', ALICE, OUTSIDE));
    const boris = await signsOn(oldClient(town, 'in1', BORIS, SERVER));
    assert.equal(alice.told, `${OUTSIDE}:5190`);
    assert.equal(boris.told, `${SERVER}:5190`);
    await converse(alice.client, boris.client);
    assert.deepEqual(found(await allHeard(alice.client), SERVER), []);
    assert.deepEqual(found(await allHeard(boris.client), SERVER), [], 'nor is it told to those inside who do not need it');
  }));

test('S000-16, O3: without an address to tell, the sign-on is refused and the log names the line to add', () =>
  inTown(async (town) => {
    await build(town);
    const server = await serve(town, '');
    await town.rules('fw', 'deploy/relays/forward.nft', { OUTSIDE, PORT: '5190', SERVER, INSIDE: '192.168.1.0/24' });
    await town.rule('fw', 'service', 'ip', 'daddr', SERVER, 'tcp', 'dport', '5190', 'accept');
    assert.equal((await oldClient(town, 'out1', ALICE, OUTSIDE).event('refused'))['error'], 2);
    await eventually('the log names the line', () => /advertise = \[\\?"HOST/.test(server.errors));
    // The same server, the same moment: a client inside needs no such line.
    assert.equal((await signsOn(oldClient(town, 'in1', ALICE, SERVER))).told, `${SERVER}:5190`);
  }));

test('a container whose port is published under another number', () =>
  inTown(async (town) => {
    await build(town);
    await serve(town, `advertise = ["${OUTSIDE}:15190", { address = "${SERVER}:5190", for = "192.168.1.0/24" }]\n`);
    await town.rules('fw', 'deploy/relays/forward.nft', { OUTSIDE, PORT: '15190', SERVER, INSIDE: '192.168.1.0/24' });
    await town.rule('fw', 'service', 'ip', 'daddr', SERVER, 'tcp', 'dport', '5190', 'accept');
    const alice = await signsOn(oldClient(town, 'out1', ALICE, OUTSIDE, 15_190));
    const boris = await signsOn(oldClient(town, 'in1', BORIS, SERVER));
    assert.equal(alice.told, `${OUTSIDE}:15190`);
    assert.equal(boris.told, `${SERVER}:5190`);
    await converse(alice.client, boris.client);
  }));

test('a cloud’s gateway: one outside address for one machine inside', () =>
  inTown(async (town) => {
    await build(town);
    await serve(town, `advertise = ["${OUTSIDE}"]\n`);
    await town.rules('fw', 'deploy/relays/one-to-one.nft', { OUTSIDE, SERVER, DEVICE: 'wan' });
    await town.rule('fw', 'service', 'iifname', 'wan', 'ip', 'daddr', SERVER, 'tcp', 'dport', '5190', 'accept');
    const alice = await signsOn(oldClient(town, 'out1', ALICE, OUTSIDE));
    const boris = await signsOn(oldClient(town, 'out2', BORIS, OUTSIDE));
    assert.equal(alice.told, `${OUTSIDE}:5190`);
    assert.equal(alice.external, OUT1);
    await converse(alice.client, boris.client);
    assert.deepEqual(found(await allHeard(boris.client), SERVER), []);
  }));
