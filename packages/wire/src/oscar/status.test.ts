import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExtendedStatus, isInvisible, normalStatus, StatusFlag, type StatusName, statusBits, statusName } from './status.ts';

const SENT: readonly (readonly [status: number, name: StatusName])[] = [
  [0x0000, 'online'],
  [0x0001, 'away'],
  [0x0005, 'not-available'],
  [0x0004, 'not-available'],
  [0x0011, 'occupied'],
  [0x0010, 'occupied'],
  [0x0013, 'do-not-disturb'],
  [0x0002, 'do-not-disturb'],
  [0x0020, 'free-for-chat'],
];

test('a status is known by its bits, whatever the flags and whether invisible or not', () => {
  for (const [status, name] of SENT) {
    for (const more of [0, 0x0100, StatusFlag.webAware, StatusFlag.directContacts + StatusFlag.hideIp]) assert.equal(statusName(status + more), name);
  }
});

test('invisible is a bit beside the name', () => {
  assert.ok(isInvisible(0x0101));
  assert.equal(statusName(0x0101), 'away');
  assert.ok(!isInvisible(0x0001));
});

test('the bits of a name are those ICQ sends, and give the name again', () => {
  assert.equal(statusBits('do-not-disturb'), 0x0013);
  assert.equal(statusBits('online'), 0);
  for (const [, name] of SENT) assert.equal(statusName(statusBits(name)), name);
});

test('incomplete combinations are completed, everything else stays', () => {
  assert.equal(normalStatus(0x0002), 0x0013);
  assert.equal(normalStatus(0x0010), 0x0011);
  assert.equal(normalStatus(0x0004), 0x0005);
  assert.equal(normalStatus(0x0020), 0x0020);
  assert.equal(normalStatus(0x0102), 0x0113);
  assert.equal(normalStatus(0xf0030002), 0xf0030013);
  for (const status of Object.values(ExtendedStatus)) assert.equal(normalStatus(status), status);
  for (let status = 0; status < 0x10000; status++) {
    assert.equal(normalStatus(normalStatus(status)), normalStatus(status));
    assert.equal(statusName(normalStatus(status)), statusName(status));
  }
});
