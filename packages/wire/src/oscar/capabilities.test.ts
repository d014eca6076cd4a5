import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { WireError } from '../errors.ts';
import { decode, encode } from '../schema.ts';
import { Capability, capabilities, capabilityBytes, capabilityFromBytes, capabilityFromShort, shortCapabilities, shortCapability } from './capabilities.ts';

const tables = JSON.parse(readFileSync(new URL('../../../../docs/protocol/icq-tables.json', import.meta.url), 'utf8')) as {
  capabilities: { guid: string }[];
};

const OWN = readFileSync(new URL('../../../../docs/protocol/own.md', import.meta.url), 'utf8');

test('every id is 32 upper-case digits and in the table of the reference, or on the page of our own', () => {
  const ours = /capability `([0-9A-F-]+)`/.exec(OWN)?.[1] ?? '';
  const known = new Set([...tables.capabilities.map(({ guid }) => guid), ours].map((guid) => guid.replaceAll('-', '').toUpperCase()));
  for (const [name, id] of Object.entries(Capability)) {
    assert.match(id, /^[0-9A-F]{32}$/, name);
    assert.ok(known.has(id), `${name} ${id} is not in icq-tables.json`);
  }
});

test('short ids stand for the long ones and back', () => {
  assert.equal(shortCapability(Capability.utf8), 0x134e);
  assert.equal(capabilityFromShort(0x134e), Capability.utf8);
  assert.equal(capabilityFromShort(0x0000), Capability.shortCapabilities);
  assert.equal(shortCapability(Capability.rtf), undefined);
});

test('an id and its bytes are the same', () => {
  assert.equal(capabilityFromBytes(capabilityBytes(Capability.typing)), Capability.typing);
  assert.deepEqual(capabilityBytes(Capability.typing.toLowerCase()), capabilityBytes(Capability.typing));
  for (const wrong of ['', '00', `${Capability.typing}00`, Capability.typing.slice(1), Capability.typing.replace('5', 'g'), '5-'.repeat(16)]) {
    assert.throws(() => capabilityBytes(wrong), WireError, wrong);
  }
});

test('a cut id at the end of a list is left out', () => {
  const bytes = encode(capabilities, [Capability.utf8, Capability.rtf]);
  assert.deepEqual(decode(capabilities, bytes.subarray(0, 31)), [Capability.utf8]);
  assert.deepEqual(decode(shortCapabilities, Uint8Array.of(0x13, 0x4e, 0x13)), [0x134e]);
});
