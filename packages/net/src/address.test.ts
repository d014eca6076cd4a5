import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatEndpoint, networkOf, plainAddress } from './address.ts';

test('an IPv4 address has one spelling', () => {
  assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(plainAddress('::FFFF:192.0.2.1'), '192.0.2.1');
  assert.equal(plainAddress('192.0.2.1'), '192.0.2.1');
  assert.equal(plainAddress('2001:db8::1'), '2001:db8::1');
});

test('endpoints are written so that the port can be told from the address', () => {
  assert.equal(formatEndpoint('192.0.2.1', 5190), '192.0.2.1:5190');
  assert.equal(formatEndpoint('2001:db8::1', 5190), '[2001:db8::1]:5190');
  assert.equal(formatEndpoint('icq.example.org', 443), 'icq.example.org:443');
});

test('a limit is shared by a /24 or a /56', () => {
  const cases: readonly (readonly [address: string, network: string])[] = [
    ['192.0.2.1', '192.0.2.'],
    ['192.0.2.255', '192.0.2.'],
    ['192.0.3.1', '192.0.3.'],
    ['::ffff:192.0.2.9', '192.0.2.'],
    ['2001:db8:1:2ff::1', '2001:db8:1:200::'],
    ['2001:db8:1:200:5:6:7:8', '2001:db8:1:200::'],
    ['2001:db8:1:300::', '2001:db8:1:300::'],
    ['::1', '0:0:0:0::'],
    ['fe80::1%eth0', 'fe80:0:0:0::'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::'],
    ['1::2::3', '1::2::3'],
    ['12345::', '12345::'],
    ['', ''],
  ];
  for (const [address, network] of cases) assert.equal(networkOf(address), network, address);
});
