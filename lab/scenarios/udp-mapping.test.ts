/**
 * The protocols of 1996 to 1999 through a firewall that forgets which datagrams belong together (firewall-scenarios.md, C-UDP30): with
 * signs of life more often than it forgets, everything arrives; with fewer, the server notices, and keeps what could not be told.
 *
 *     in1 192.168.1.10 ── 192.168.1.1 fw 203.0.113.4 ─┬─ server 203.0.113.5
 *                         (masquerade, 3 s)            └─ out1 203.0.113.20
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seekyou, type Talker } from '../../test/process.ts';
import { inTown, type Town } from '../town.ts';

const SERVER = '203.0.113.5';
const PASSWORD = 'secret1';
const ALICE = '100001';
const BORIS = '100002';
/** The firewall's. */
const FORGETS_S = 3;

/** @param silenceMs when the server gives up on a client that says nothing */
async function build(town: Town, silenceMs: number): Promise<void> {
  await town.machines('in1', 'fw', 'server', 'out1');
  await town.network('inside');
  await town.network('outside');
  await town.plug('in1', 'eth0', '192.168.1.10/24', 'inside');
  await town.plug('fw', 'lan', '192.168.1.1/24', 'inside');
  await town.plug('fw', 'wan', '203.0.113.4/24', 'outside');
  await town.plug('server', 'eth0', `${SERVER}/24`, 'outside');
  await town.plug('out1', 'eth0', '203.0.113.20/24', 'outside');
  await town.gateway('in1', '192.168.1.1');
  await town.firewall('fw');
  await town.rule('fw', 'service', 'iifname', 'lan', 'oifname', 'wan', 'udp', 'dport', '4000', 'accept');
  // A port of its own for each mapping: who was forgotten comes back from another.
  await town.rule('fw', 'postrouting', 'oifname', 'wan', 'masquerade', 'random');
  await town.set('fw', { 'netfilter/nf_conntrack_udp_timeout': FORGETS_S, 'netfilter/nf_conntrack_udp_timeout_stream': FORGETS_S });
  const data = `${town.directory}/data`;
  const config = town.file('seekyou.toml', `[limits]\nudp_silence_ms = ${silenceMs}\nudp_keep_alive_ms = 20000\n`);
  await town.node('server', 'packages/cli/src/main.ts', 'serve', '--data', data, '--config', config).line((line) => line.startsWith('ready'), 'the ready line');
  for (const uin of [ALICE, BORIS]) assert.equal((await seekyou('user', 'add', uin, '--password', PASSWORD, '--data', data)).code, 0);
  for (const uin of [ALICE, BORIS]) assert.equal((await seekyou('user', 'set', uin, 'authorisation=no', '--data', data)).code, 0);
}

/** @param haste how many times more often than every 20 s it gives a sign of life */
const client = (town: Town, host: string, uin: string, haste: number, ...contacts: readonly string[]): Talker =>
  town.node(host, 'lab/drivers/udp-client.ts', SERVER, '4000', uin, PASSWORD, String(haste), ...contacts);

async function says(from: Talker, to: string, text: string): Promise<void> {
  from.say(JSON.stringify({ say: text, to: Number(to) }));
  await from.event('accepted');
}

const waits = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('signs of life more often than the firewall forgets: the session lives', () =>
  inTown(async (town) => {
    await build(town, 60_000);
    const alice = client(town, 'in1', ALICE, 20, BORIS);
    await alice.event('signed-on');
    const boris = client(town, 'out1', BORIS, 20, ALICE);
    await boris.event('signed-on');
    await boris.event('seen', (event) => event['uin'] === Number(ALICE) && event['status'] === 'online');
    await waits(2 * FORGETS_S * 1_000);
    await says(boris, ALICE, 'still there?');
    assert.equal((await alice.event('message'))['text'], 'still there?');
    await says(alice, BORIS, 'of course');
    assert.equal((await boris.event('message'))['text'], 'of course');
  }));

test('fewer: the server notices, marks the user off line, and keeps the message for the next sign-on', () =>
  inTown(async (town) => {
    const silenceMs = 8_000;
    await build(town, silenceMs);
    const alice = client(town, 'in1', ALICE, 1, BORIS);
    await alice.event('signed-on');
    const boris = client(town, 'out1', BORIS, 20, ALICE);
    await boris.event('signed-on');
    await boris.event('seen', (event) => event['status'] === 'online');
    // The control: while the mapping lives, what is said arrives.
    await says(boris, ALICE, 'first');
    assert.equal((await alice.event('message'))['text'], 'first');
    await waits((FORGETS_S + 1) * 1_000);
    const refused = await town.counted('fw', 'refused');
    await says(boris, ALICE, 'are you there?');
    await boris.event('seen', (event) => event['uin'] === Number(ALICE) && event['status'] === 'offline');
    assert.ok((await town.counted('fw', 'refused')) > refused, 'the firewall no longer knew where it belongs');
    alice.child.kill('SIGKILL');
    const again = client(town, 'in1', ALICE, 20, BORIS);
    await again.event('signed-on');
    assert.equal((await again.event('message'))['text'], 'are you there?');
    await says(again, BORIS, 'now I am');
    assert.equal((await boris.event('message'))['text'], 'now I am');
  }));
