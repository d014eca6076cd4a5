import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '@seekyou/core';
import { statusFromWord, statusWord } from './icq-status.ts';

test('a status word is read in the order clients test its bits', () => {
  const cases: readonly (readonly [number, Partial<Status>])[] = [
    [0x0000, { availability: 'online', invisible: false }],
    [0x0001, { availability: 'away' }],
    [0x0004, { availability: 'not-available' }],
    [0x0005, { availability: 'not-available' }],
    [0x0010, { availability: 'occupied' }],
    [0x0011, { availability: 'occupied' }],
    [0x0002, { availability: 'do-not-disturb' }],
    [0x0013, { availability: 'do-not-disturb' }],
    [0x0020, { availability: 'free-for-chat' }],
    [0x0101, { availability: 'away', invisible: true }],
    [0x2001, { availability: 'away' }],
    [0x0001_0000, { webAware: true, hideAddress: false }],
    [0x0002_0000, { webAware: false, hideAddress: true }],
    [0x0100_0000, { direct: 'off' }],
    [0x0010_0000, { direct: 'off' }],
    [0x1000_0000, { direct: 'authorised' }],
    [0x2000_0000, { direct: 'contacts' }],
    [0x0000_0000, { direct: 'all' }],
  ];
  for (const [word, expected] of cases) {
    const status = statusFromWord(word);
    for (const [name, value] of Object.entries(expected)) {
      assert.equal(status[name as keyof Status], value, `${name} of 0x${word.toString(16)}`);
    }
  }
});

test('others get the bits ICQ itself sends, and everything else as it came', () => {
  const cases: readonly (readonly [number, number])[] = [
    [0x0002, 0x0013],
    [0x0010, 0x0011],
    [0x0004, 0x0005],
    [0x0001, 0x0001],
    [0x0100, 0x0100],
    [0x0102, 0x0113],
    [0x2001, 0x2001],
    [0x3000, 0x3000],
    [0x6000, 0x6000],
    [0x1003_0001, 0x1003_0001],
    [0x8019_0000, 0x8019_0000],
  ];
  for (const [sent, shown] of cases) assert.equal(statusWord(statusFromWord(sent)), shown, `0x${sent.toString(16)}`);
});

test('a status that was set without a word has one', () => {
  const status: Status = { availability: 'do-not-disturb', invisible: true, webAware: true, hideAddress: true, direct: 'authorised', word: 0 };
  assert.equal(statusWord(status), 0x1003_0113);
  assert.equal(statusWord({ ...status, availability: 'online', invisible: false, webAware: false, direct: 'off' }), 0x0102_0000);
});
