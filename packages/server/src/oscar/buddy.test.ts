import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buddy, ErrorCode } from '@seekyou/wire/oscar';
import { renderAbsence, renderPresence, routes } from './buddy.ts';
import { ALICE, asked, BOB, contextOf, handle, NOW, packets, received, receivedOne, viewOf } from './testing.ts';

test('limits leave room for a thousand contacts', () => {
  const { tlvs } = receivedOne(handle(routes, buddy.rightsQuery, { tlvs: { flags: 7 } }, contextOf()), buddy.rightsReply);
  assert.deepEqual(tlvs, { contactsMax: 1_000, watchersMax: 3_000, notificationsMax: 0x0200, temporaryMax: 0x00a0 });
});

test('each of the four lists becomes its command', () => {
  const cases = [
    [buddy.addBuddies, 'contacts.add', false],
    [buddy.delBuddies, 'contacts.remove', false],
    [buddy.addTempBuddies, 'contacts.add', true],
    [buddy.delTempBuddies, 'contacts.remove', true],
  ] as const;
  for (const [declaration, command, temporary] of cases) {
    const { input, answered } = asked(handle(routes, declaration, { screenNames: ['100002', 'SomeAimUser', '100-001', '7'] }, contextOf()), command);
    assert.deepEqual(input, { uins: [BOB, ALICE], temporary });
    assert.deepEqual(answered(undefined), []);
  }
});

test('a list of nobody we know asks for nothing', () => {
  assert.deepEqual(handle(routes, buddy.addBuddies, { screenNames: ['SomeAimUser'] }, contextOf()), []);
});

test('a full list is told', () => {
  const { refused } = asked(handle(routes, buddy.addBuddies, { screenNames: ['100002'] }, contextOf()), 'contacts.add');
  assert.equal(receivedOne(refused('list-full'), buddy.error).code, ErrorCode.listOverflow);
});

test('nobody is told who watches', () => {
  assert.deepEqual(received(handle(routes, buddy.watchersQuery, {}, contextOf()), buddy.watchersReply), [{ screenNames: [] }]);
  assert.deepEqual(handle(routes, buddy.watcherSubRequest, { data: new Uint8Array(0) }, contextOf()), []);
});

test('an arrival is one packet about one user', () => {
  const arrival = receivedOne(renderPresence(contextOf(), viewOf()), buddy.arrived);
  assert.equal(arrival.screenName, '100002');
  assert.equal(arrival.tlvs.sessionSeconds, 77);
  assert.equal(receivedOne(renderAbsence(contextOf(), BOB), buddy.departed).screenName, '100002');
});

test('all who are shown the same at the same time share its encoding', () => {
  const view = viewOf();
  const [first] = packets(renderPresence(contextOf(), view));
  const [second] = packets(renderPresence(contextOf({ uin: ALICE, now: NOW + 500 }), view));
  assert.ok(first?.shared !== undefined);
  assert.equal(second?.shared, first.shared);
  const [another] = packets(renderPresence(contextOf(), viewOf()));
  assert.notEqual(another?.shared, first.shared);
});

test('who is shown it later gets the seconds of then', () => {
  const view = viewOf(BOB, { idleSince: NOW });
  const now = receivedOne(renderPresence(contextOf(), view), buddy.arrived);
  const [later] = packets(renderPresence(contextOf({ now: NOW + 600_000 }), view));
  assert.equal(now.tlvs.sessionSeconds, 77);
  assert.deepEqual(
    [later?.value].map((value) => [(value as buddy.Arrived).tlvs.sessionSeconds, (value as buddy.Arrived).tlvs.idleMinutes]),
    [[677, 10]],
  );
  assert.notEqual(later?.shared, packets(renderPresence(contextOf(), view))[0]?.shared);
});
