import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Version } from '@seekyou/wire/udp';
import { statusFromWord } from '../runtime/icq-status.ts';
import { wordFor } from './status.ts';

test('each state as each version knows it', () => {
  //                 sent     V2      V3–V5
  const cases: readonly (readonly [number, number, number])[] = [
    [0x0000, 0x0000, 0x0000],
    [0x0001, 0x0001, 0x0001],
    [0x0005, 0x0001, 0x0005],
    [0x0004, 0x0001, 0x0005],
    [0x0011, 0x0011, 0x0011],
    [0x0010, 0x0011, 0x0011],
    [0x0013, 0x0011, 0x0013],
    [0x0002, 0x0011, 0x0013],
    [0x0020, 0x0000, 0x0020],
    [0x0100, 0x0100, 0x0100],
    [0x0113, 0x0111, 0x0113],
  ];
  for (const [sent, old, later] of cases) {
    const status = statusFromWord(sent);
    for (const version of [1, 2] as const) assert.equal(wordFor(status, version), old, `${sent.toString(16)} for version ${version}`);
    for (const version of [3, 4, 5] as const) assert.equal(wordFor(status, version), later, `${sent.toString(16)} for version ${version}`);
  }
});

test('flags are relayed, what later clients made of the low half is not', () => {
  const versions: readonly Version[] = [2, 3, 4, 5];
  for (const version of versions) assert.equal(wordFor(statusFromWord(0x3029_0000), version), 0x3029_0000);
  assert.equal(wordFor(statusFromWord(0x0001_6000), 5), 0x0001_0000, 'QIP, at work');
});
