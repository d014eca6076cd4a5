import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { addressNumber, parseNetwork, prefixOf } from './networks.ts';

const holds = (network: string, address: string): boolean => {
  const { prefix, length } = parseNetwork(network) ?? assert.fail(`${network} is a network`);
  return prefixOf(addressNumber(address) ?? assert.fail(`${address} is an address`), length) === prefix;
};

test('networks are written the way everybody writes them', () => {
  const cases = [
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7/32', '192.0.2.7'],
    ['192.0.2.7/24', '192.0.2.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:C000:0207/120', '192.0.2.0/24'],
    ['2001:DB8::1/32', '2001:db8::/32'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['::/0', '::/0'],
    ['fe80::1%eth0', 'fe80::1'],
  ] as const;
  for (const [written, expected] of cases) assert.equal(parseNetwork(written)?.text, expected, written);
});

test('what is no network is none', () => {
  for (const text of [
    '',
    '/',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3.4/8/8',
    '1::2::3',
    '1:2:3',
    ':::',
    '12345::',
    '::/129',
    'host',
    '1.2.3.4/-1',
  ])
    assert.equal(parseNetwork(text), undefined, text);
});

test('an address is in its network and in no other', () => {
  assert.equal(holds('10.0.0.0/8', '10.255.1.2'), true);
  assert.equal(holds('10.0.0.0/8', '::ffff:10.255.1.2'), true);
  assert.equal(holds('10.0.0.0/8', '11.0.0.0'), false);
  assert.equal(holds('192.0.2.7', '192.0.2.8'), false);
  assert.equal(holds('0.0.0.0/0', '2001:db8::1'), false);
  assert.equal(holds('2001:db8::/33', '2001:db8:7fff::1'), true);
  assert.equal(holds('2001:db8::/33', '2001:db8:8000::1'), false);
});

test('any address and length: what is written reads the same, and the network holds its address', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(address, fc.nat(128), (text, bits) => {
      const written = `${text}/${text.includes(':') ? bits : bits % 33}`;
      const network = parseNetwork(written) ?? assert.fail(written);
      assert.deepEqual(parseNetwork(network.text), network);
      assert.ok(holds(network.text, text));
    }),
  );
});
