import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, oservice } from '@seekyou/wire/oscar';
import { rateChange, routes, welcome } from './oservice.ts';
import { PEOPLE_RATES, rateGroups } from './rates.ts';
import { asked, bytesOf, contextOf, handle, hex, NOW, packets, REQUEST_ID, receivedOne, viewOf } from './testing.ts';

const fresh = (state: Parameters<typeof contextOf>[0] = {}) => contextOf({ ...state, state: { online: false, versions: new Map(), ...state.state } });

test('BOS begins with its families, as the real server names them', () => {
  const [packet] = packets([welcome(0)]);
  assert.ok(packet);
  // oscar.md §14.3, C3
  assert.deepEqual(bytesOf(packet), hex('00 01 00 03 00 00 80 00 00 01 00 01 00 02 00 03 00 04 00 06 00 08 00 09 00 0A 00 0B 00 0C 00 13 00 15'));
});

test('versions are remembered and answered with ours, and a message of the day follows', () => {
  const versions = [
    { family: 1, version: 3 },
    { family: 0x13, version: 2 },
  ];
  const effects = handle(routes, oservice.clientVersions, { versions }, fresh());
  const [remember, ...said] = effects;
  assert.ok(remember?.do === 'become');
  assert.deepEqual(
    remember.change.versions,
    new Map([
      [1, 3],
      [0x13, 2],
    ]),
  );
  const [answer, motd] = packets(said);
  assert.ok(answer && motd);
  // oscar.md §14.3, C5
  const header = '00 01 00 18 00 00 00 00 12 34';
  const body =
    '00 01 00 04 00 13 00 04 00 02 00 01 00 03 00 01 00 15 00 01 00 04 00 01 00 06 00 01 00 09 00 01 00 0A 00 01 00 0B 00 01 00 08 00 01 00 0C 00 01';
  assert.deepEqual(bytesOf(answer), hex(`${header} ${body}`));
  assert.deepEqual(bytesOf({ ...motd, requestId: 0 }), hex('00 01 00 13 00 00 00 00 00 00 00 04 00 02 00 02 00 1E 00 03 00 02 04 B0'));
});

test('clients that announce the same share what is remembered', () => {
  const remembered = () => {
    const [remember] = handle(routes, oservice.clientVersions, { versions: [{ family: 1, version: 4 }] }, fresh());
    assert.ok(remember?.do === 'become');
    return remember.change.versions;
  };
  assert.equal(remembered(), remembered());
});

test('01/02 makes the session ready, unless its roster is still to come', () => {
  const ready = (state: { askedRoster: boolean; usesRoster: boolean }) =>
    handle(routes, oservice.clientOnline, { families: [] }, fresh({ state })).map((effect) => (effect.do === 'ask' ? effect.command : effect.do));
  assert.deepEqual(ready({ askedRoster: false, usesRoster: false }), ['become', 'presence.ready']);
  assert.deepEqual(ready({ askedRoster: true, usesRoster: false }), ['become']);
  assert.deepEqual(ready({ askedRoster: true, usesRoster: true }), ['become', 'presence.ready']);
  assert.deepEqual(handle(routes, oservice.clientOnline, { families: [] }, contextOf()), [], 'said again, it says nothing');
});

test('services that are not offered are refused, not ignored', () => {
  for (const family of [0x01, 0x04, 0x05, 0x18, 0x4242]) {
    const answer = receivedOne(handle(routes, oservice.serviceRequest, { family, tlvs: {} }, contextOf()), oservice.error);
    assert.equal(answer.code, ErrorCode.serviceUnavailable);
  }
});

test('rates are told in the records a client reads', () => {
  const told = (versions: readonly (readonly [number, number])[]) =>
    packets(handle(routes, oservice.rateParamsQuery, {}, fresh({ state: { versions: new Map(versions) } })))[0];
  const old = told([]);
  const recent = told([[1, 3]]);
  assert.ok(old && recent);
  assert.equal(told([[1, 2]])?.declaration, oservice.rateParamsReplyOld);
  assert.equal(told([[1, 4]])?.declaration, oservice.rateParamsReply);
  const groups = rateGroups(PEOPLE_RATES).reduce((sum, { snacs }) => sum + 4 + 4 * snacs.length, 0);
  assert.equal(bytesOf(old).length, 10 + 2 + 5 * 30 + groups);
  assert.equal(bytesOf(recent).length, 10 + 2 + 5 * 35 + groups);
  const [effect] = [
    rateChange({ ...contextOf().state, versions: new Map([[1, 4]]) }, { code: 2, record: contextOf().rates.records(NOW)[0] as oservice.RateClass }),
  ];
  assert.equal(bytesOf(packets([effect])[0] as Parameters<typeof bytesOf>[0]).length, 10 + 2 + 35);
});

test('01/0E is answered with the client’s own block, by its request', () => {
  const question = asked(handle(routes, oservice.userInfoQuery, {}, contextOf()), 'presence.own');
  const answer = question.answered({ view: viewOf(), externalAddress: '198.51.100.7', sessionStartedAt: NOW - 5_000 });
  const { tlvs } = receivedOne(answer, oservice.userInfoUpdate);
  assert.equal(packets(answer)[0]?.requestId, REQUEST_ID);
  assert.deepEqual([tlvs.externalIp, tlvs.sessionSeconds, tlvs.directInfo, tlvs.instance], ['198.51.100.7', 5, undefined, 1]);
  assert.equal(receivedOne(question.refused('unavailable'), oservice.error).code, ErrorCode.serviceUnavailable);
});

test('a status is merged part by part', () => {
  const set = (tlvs: oservice.SetNicknameFields['tlvs']) => asked(handle(routes, oservice.setNicknameFields, { tlvs }, contextOf()), 'presence.set').input;
  assert.deepEqual(set({ status: 0x00010113 }), {
    status: { availability: 'do-not-disturb', invisible: true, webAware: true, hideAddress: false, direct: 'all', word: 0x00010113 },
  });
  assert.deepEqual(Object.keys(set({ items: hex('00 0e 00 00') })), ['items']);
  const directInfo = {
    internalIp: '10.0.0.7',
    port: 3000,
    kind: 4,
    version: 10,
    cookie: 0x1a2b3c4d,
    webPort: 80,
    features: 3,
    infoTime: 1,
    extendedInfoTime: 2,
    extendedStatusTime: 3,
    unknown: 0,
  };
  assert.deepEqual(set({ directInfo }), {
    direct: { internalAddress: '10.0.0.7', port: 3000, kind: 4, version: 10, cookie: 0x1a2b3c4d, webPort: 80, features: 3, times: [1, 2, 3] },
  });
  assert.deepEqual(handle(routes, oservice.setNicknameFields, { tlvs: { statusCaps: 0x0a06 } }, contextOf()), []);
});

test('idle seconds become the time since when', () => {
  const set = (idleSeconds: number) => asked(handle(routes, oservice.idleNotification, { idleSeconds }, contextOf()), 'presence.set').input;
  assert.deepEqual(set(600), { idleSince: NOW - 600_000 });
  assert.deepEqual(set(0), { idleSince: undefined });
});

test('what needs no answer gets none, and AIM’s memory check gets an empty one', () => {
  const context = contextOf();
  assert.deepEqual(handle(routes, oservice.rateParamsSubAdd, { classes: [1, 2, 3, 4, 5] }, context), []);
  assert.deepEqual(handle(routes, oservice.rateParamsSubDelete, { classes: [1] }, context), []);
  assert.deepEqual(handle(routes, oservice.pauseAck, { families: [1, 2] }, context), []);
  assert.deepEqual(handle(routes, oservice.setPrivacyFlags, { flags: 3 }, context), []);
  assert.deepEqual(handle(routes, oservice.noop, {}, context), []);
  assert.equal(receivedOne(handle(routes, oservice.memoryQuery, { offset: 0, length: 16 }, context), oservice.memoryReply).hash.length, 0);
});
