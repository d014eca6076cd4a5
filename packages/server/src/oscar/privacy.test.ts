import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, privacy } from '@seekyou/wire/oscar';
import { routes } from './privacy.ts';
import { asked, BOB, contextOf, handle, receivedOne } from './testing.ts';

test('limits are told', () => {
  const { tlvs } = receivedOne(handle(routes, privacy.rightsQuery, { tlvs: {} }, contextOf()), privacy.rightsReply);
  assert.deepEqual(tlvs, { permitMax: 1_000, denyMax: 1_000, temporaryPermitMax: 1_000 });
});

test('each list and change becomes its edit', () => {
  const cases = [
    [privacy.addPermit, 'visible', 'add'],
    [privacy.delPermit, 'visible', 'remove'],
    [privacy.addDeny, 'invisible', 'add'],
    [privacy.delDeny, 'invisible', 'remove'],
  ] as const;
  for (const [declaration, list, change] of cases) {
    const { input, answered } = asked(handle(routes, declaration, { screenNames: ['100002', 'nobody'] }, contextOf()), 'visibility.edit');
    assert.deepEqual(input, { list, do: change, uins: [BOB] });
    assert.deepEqual(answered(undefined), []);
  }
});

test('an empty list switches the mode, removing nobody does nothing', () => {
  assert.deepEqual(asked(handle(routes, privacy.addPermit, { screenNames: [] }, contextOf()), 'visibility.edit').input, {
    list: 'visible',
    do: 'add',
    uins: [],
  });
  assert.deepEqual(handle(routes, privacy.delDeny, { screenNames: [] }, contextOf()), []);
});

test("AIM's trick with one's own name is an empty list", () => {
  for (const [declaration, list] of [
    [privacy.addPermit, 'visible'],
    [privacy.addDeny, 'invisible'],
  ] as const) {
    const { input } = asked(handle(routes, declaration, { screenNames: ['100001'] }, contextOf()), 'visibility.edit');
    assert.deepEqual(input, { list, do: 'add', uins: [] });
  }
});

test('a full list is told', () => {
  const { refused } = asked(handle(routes, privacy.addDeny, { screenNames: ['100002'] }, contextOf()), 'visibility.edit');
  assert.equal(receivedOne(refused('list-full'), privacy.error).code, ErrorCode.listOverflow);
});

test('classes of users and passing permits change nothing', () => {
  assert.deepEqual(handle(routes, privacy.setGroupPermitMask, { mask: 0x1f }, contextOf()), []);
  assert.deepEqual(handle(routes, privacy.addTempPermit, { screenNames: ['100002'] }, contextOf()), []);
  assert.deepEqual(handle(routes, privacy.delTempPermit, { screenNames: ['100002'] }, contextOf()), []);
});
