import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Capability, capabilityBytes, ErrorCode, location } from '@seekyou/wire/oscar';
import { routes } from './location.ts';
import { ascii, asked, BOB, contextOf, handle, packets, received, receivedOne, REQUEST_ID, viewOf } from './testing.ts';

const MARKUP = 'text/aolrtf; charset="utf-8"';

test('capabilities replace the set, short ones in their full form', () => {
  const extra = [{ type: 0x19, data: Uint8Array.of(0x13, 0x4e, 0x13, 0x49) }];
  const tlvs = { capabilities: [Capability.serverRelay, Capability.typing], extra };
  const { input, answered } = asked(handle(routes, location.setInfo, { tlvs }, contextOf()), 'presence.set');
  assert.deepEqual(input, { capabilities: [Capability.serverRelay, Capability.typing, Capability.utf8] });
  assert.deepEqual(answered(undefined), []);
});

test('a client may take all its capabilities back', () => {
  assert.deepEqual(asked(handle(routes, location.setInfo, { tlvs: { capabilities: [] } }, contextOf()), 'presence.set').input, { capabilities: [] });
});

test('no more capabilities are taken than were announced as the limit', () => {
  const capabilities = Array.from({ length: 100 }, (_, i) => i.toString(16).toUpperCase().padStart(2, '0').repeat(16));
  const { input } = asked(handle(routes, location.setInfo, { tlvs: { capabilities } }, contextOf()), 'presence.set');
  assert.deepEqual(input.capabilities, capabilities.slice(0, 64));
});

test('what a client does not speak of stays as it is', () => {
  const away = ascii('gone fishing');
  const { input } = asked(handle(routes, location.setInfo, { tlvs: { awayType: MARKUP, away } }, contextOf()), 'presence.set');
  assert.deepEqual(input, { away: { mediaType: MARKUP, bytes: away } });
  assert.deepEqual(handle(routes, location.setInfo, { tlvs: { unknown0f: 2 } }, contextOf()), []);
});

test('an empty away text means back again', () => {
  const { input } = asked(handle(routes, location.setInfo, { tlvs: { away: ascii(''), profile: ascii('me') } }, contextOf()), 'presence.set');
  assert.deepEqual(input, { away: undefined, profile: { mediaType: 'text/aolrtf; charset="us-ascii"', bytes: ascii('me') } });
  assert.ok('away' in input);
});

test('a profile that is too long is refused', () => {
  const { refused } = asked(handle(routes, location.setInfo, { tlvs: { profile: new Uint8Array(5_000) } }, contextOf()), 'presence.set');
  assert.equal(receivedOne(refused('too-large'), location.error).code, ErrorCode.refusedByClient);
});

const profile = { mediaType: MARKUP, bytes: ascii('likes fish') };
const away = { mediaType: MARKUP, bytes: ascii('gone fishing') };
const view = viewOf(BOB, { capabilities: [Capability.serverRelay] });

test('a look at a user brings what was asked for and no more', () => {
  const { InfoType, InfoFlag } = location;
  const cases: readonly (readonly ['type' | 'flags', number, readonly string[]])[] = [
    ['type', InfoType.profile, ['profileType', 'profile']],
    ['type', InfoType.short, []],
    ['type', InfoType.away, ['awayType', 'away']],
    ['type', InfoType.capabilities, ['capabilities']],
    ['flags', InfoFlag.profile | InfoFlag.away, ['profileType', 'profile', 'awayType', 'away']],
    ['flags', InfoFlag.capabilities, ['capabilities']],
  ];
  for (const [how, number, expected] of cases) {
    const effects =
      how === 'type'
        ? handle(routes, location.userInfoQuery, { type: number, screenName: '100 002' }, contextOf())
        : handle(routes, location.userInfoQuery2, { flags: number, screenName: '100002' }, contextOf());
    const { input, answered } = asked(effects, 'presence.look');
    assert.deepEqual(input, { uin: BOB });
    const reply = receivedOne(answered({ view, profile, away }), location.userInfoReply);
    assert.deepEqual(Object.keys(reply.tlvs), expected, `${how} ${number}`);
    assert.equal(reply.user.screenName, '100002');
    assert.equal(packets(answered({ view, profile, away }))[0]?.requestId, REQUEST_ID);
  }
});

test('texts a user does not have are left out', () => {
  const { answered } = asked(handle(routes, location.userInfoQuery, { type: 3, screenName: '100002' }, contextOf()), 'presence.look');
  assert.deepEqual(receivedOne(answered({ view }), location.userInfoReply).tlvs, {});
});

test('who is off line, invisible or nobody is not told apart', () => {
  const { refused } = asked(handle(routes, location.userInfoQuery, { type: 1, screenName: '100002' }, contextOf()), 'presence.look');
  const answers = [
    receivedOne(refused('off-line'), location.error),
    receivedOne(refused('no-such-user'), location.error),
    receivedOne(handle(routes, location.userInfoQuery, { type: 1, screenName: 'nobody' }, contextOf()), location.error),
    receivedOne(handle(routes, location.userInfoQuery2, { flags: 1, screenName: '12' }, contextOf()), location.error),
  ];
  for (const answer of answers) assert.deepEqual(answer, { code: ErrorCode.notLoggedIn, tlvs: {} });
});

test('limits are told', () => {
  const { tlvs } = receivedOne(handle(routes, location.rightsQuery, { tlvs: {} }, contextOf()), location.rightsReply);
  assert.deepEqual(tlvs, { profileMax: 4_096, capabilitiesMax: 64, unknown3: 0x000a, unknown4: 0x1000, shortCapabilitiesMax: 0x0080 });
});

test("what is said to AIM's directory stands in ICQ's", () => {
  const tlvs = { firstName: ascii('Ann'), middleName: ascii('B'), nickname: ascii(''), city: ascii('Ł'), country: ascii('pl'), street: ascii('Main') };
  const person = asked(handle(routes, location.setDirInfo, { tlvs }, contextOf()), 'profile.change');
  assert.deepEqual(person.input, { changes: { first: 'Ann', nickname: '', home: { city: 'Ł', street: 'Main' } } });
  assert.deepEqual(receivedOne(person.answered(undefined), location.setDirReply), { result: 1 });
  assert.deepEqual(receivedOne(person.refused('too-large'), location.error).code, ErrorCode.refusedByClient);
  const nothing = asked(handle(routes, location.setDirInfo, { tlvs: {} }, contextOf()), 'profile.change');
  assert.deepEqual(nothing.input, { changes: {} });

  const interests = [ascii('music'), ascii(' '), ascii('knitting')];
  const keywords = asked(handle(routes, location.setKeywordInfo, { tlvs: { interests } }, contextOf()), 'profile.change');
  const [music, knitting, ...more] = keywords.input.changes.interests ?? [];
  assert.ok(music !== undefined && music.category > 0);
  assert.deepEqual([music.text, knitting, more], ['', { category: 0, text: 'knitting' }, []]);
  assert.deepEqual(receivedOne(keywords.answered(undefined), location.setKeywordReply), { result: 1 });
  assert.deepEqual(receivedOne(keywords.refused('bad-input'), location.error).code, ErrorCode.incorrectFormat);
});

test("AIM's directory answers with the exact bytes", () => {
  assert.deepEqual(received(handle(routes, location.getDirInfo, { screenName: '100002' }, contextOf()), location.getDirReply), [{ result: 1, tlvs: {} }]);
  assert.deepEqual(handle(routes, location.watcherSubRequest, { data: capabilityBytes(Capability.utf8) }, contextOf()), []);
});
