import assert from 'node:assert/strict';
import test from 'node:test';
import { siteOf } from './site.ts';

const CASES: readonly (readonly [address: string, site: string])[] = [
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:aaaa:bbbb:cccc:dddd', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::', 'fe80:0:0:0::/64'],
];

for (const [address, site] of CASES) {
  test(`${address} belongs to ${site}`, () => {
    assert.equal(siteOf(address), site);
  });
}
