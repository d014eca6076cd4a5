import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Advertised } from '../runtime/config.ts';
import { addressesFrom, type Arrival } from './advertise.ts';

interface Case {
  readonly what: string;
  readonly entries?: readonly Advertised[];
  readonly client?: string;
  readonly destination?: Arrival['destination'];
  readonly local?: Arrival['local'];
  readonly told: string | undefined;
}

const outside = '203.0.113.7';
const cases: readonly Case[] = [
  { what: 'loopback to loopback', client: '127.0.0.1', local: { address: '127.0.0.1', port: 5190 }, told: '127.0.0.1:5190' },
  { what: 'the same over IPv6', client: '::1', local: { address: '::1', port: 5190 }, told: '[::1]:5190' },
  { what: 'inside to inside', client: '10.1.2.3', local: { address: '10.0.0.5', port: 5190 }, told: '10.0.0.5:5190' },
  { what: 'private networks are one scope', client: '192.168.1.4', local: { address: '10.0.0.5', port: 5190 }, told: '10.0.0.5:5190' },
  { what: 'outside to outside', client: outside, local: { address: '198.51.100.9', port: 443 }, told: '198.51.100.9:443' },
  { what: 'outside never gets an inside address', client: outside, local: { address: '10.0.0.5', port: 5190 }, told: undefined },
  { what: 'nor a loopback one', client: outside, local: { address: '127.0.0.1', port: 5190 }, told: undefined },
  { what: 'inside does not get loopback', client: '10.1.2.3', local: { address: '127.0.0.1', port: 5190 }, told: undefined },
  { what: 'a link-local client with a zone', client: 'fe80::2%eth0', local: { address: 'fe80::1%eth0', port: 5190 }, told: '[fe80::1]:5190' },
  { what: 'a hidden client has no scope', local: { address: '127.0.0.1', port: 5190 }, told: undefined },
  { what: 'a general entry goes before the local address', entries: [{ host: 'icq.example.org' }], client: '127.0.0.1', told: 'icq.example.org:5190' },
  { what: 'an entry may have a port', entries: [{ host: '198.51.100.9', port: 443 }], client: outside, told: '198.51.100.9:443' },
  { what: 'hidden clients get the general entry', entries: [{ host: 'icq.example.org' }], told: 'icq.example.org:5190' },
  {
    what: "the client's own entry goes first",
    entries: [{ host: 'icq.example.org' }, { host: 'icq.lan', for: '10.0.0.0/8' }],
    client: '10.1.2.3',
    told: 'icq.lan:5190',
  },
  {
    what: 'an entry for others is for others',
    entries: [{ host: 'icq.lan', for: '10.0.0.0/8' }, { host: 'icq.example.org' }],
    client: outside,
    told: 'icq.example.org:5190',
  },
  {
    what: 'only entries for others: the local address',
    entries: [{ host: 'icq.lan', for: '10.0.0.0/8' }],
    client: outside,
    local: { address: '198.51.100.9', port: 5190 },
    told: '198.51.100.9:5190',
  },
  {
    what: 'IPv6 networks',
    entries: [{ host: 'six.example.org', for: '2001:db8::/32' }],
    client: '2001:db8:5::1',
    told: 'six.example.org:5190',
  },
  {
    what: 'what the client dialled, says its relay, goes before a general entry',
    entries: [{ host: 'icq.example.org' }],
    client: outside,
    destination: { address: '198.51.100.80', port: 443 },
    told: '198.51.100.80:443',
  },
  {
    what: 'unless that is an inside address of a relay behind another translator',
    entries: [{ host: 'icq.example.org' }],
    client: outside,
    destination: { address: '10.0.0.2', port: 443 },
    told: 'icq.example.org:443',
  },
  {
    what: 'nor is that told when there is no entry',
    client: outside,
    destination: { address: '10.0.0.2', port: 443 },
    told: undefined,
  },
  {
    what: 'an inside client may have dialled an outside address',
    client: '10.1.2.3',
    destination: { address: '198.51.100.80', port: 443 },
    told: '198.51.100.80:443',
  },
  {
    what: 'but not before its own entry, which keeps the port it dialled',
    entries: [{ host: 'icq.lan', for: '203.0.113.0/24' }],
    client: outside,
    destination: { address: '198.51.100.80', port: 443 },
    told: 'icq.lan:443',
  },
  {
    what: 'entries for a listener',
    entries: [{ host: 'tls.example.org', listen: 443 }, { host: 'icq.example.org' }],
    client: outside,
    told: 'icq.example.org:5190',
  },
  {
    what: 'entries for this listener',
    entries: [{ host: 'tls.example.org', listen: 443 }, { host: 'icq.example.org' }],
    client: outside,
    local: { address: '10.0.0.5', port: 443 },
    told: 'tls.example.org:443',
  },
];

for (const { what, entries = [], client, destination, local = { address: '10.0.0.5', port: 5190 }, told } of cases) {
  test(`advertise: ${what}`, () => {
    assert.equal(addressesFrom(entries)({ client, destination, local }), told);
  });
}
