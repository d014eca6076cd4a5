import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFileSync } from 'node:fs';
import type { FoundPerson, Profile } from '@seekyou/core';
import { administration, directory, ErrorCode, Family, FLAP_PAYLOAD_MAX, invitation, lookup, statistics } from '@seekyou/wire/oscar';
import { routes } from './administration.ts';
import { routes as directoryRoutes } from './directory.ts';
import { INTERESTS } from './interests.ts';
import { routes as invitationRoutes } from './invitation.ts';
import { routes as lookupRoutes } from './lookup.ts';
import { service } from './service-testing.ts';
import { reportInterval, routes as statisticsRoutes } from './statistics.ts';
import { PASSWORD, quiet, world } from './test-client.ts';
import { ALICE, asked, ascii, BOB, bytesOf, contextOf, handle, packets, receivedOne, RUSSIAN_OLD_CLIENT } from './testing.ts';

const { AdministrationError } = administration;
const context = () => contextOf({ state: { service: Family.administration } });
const NOTHING = new Uint8Array(0);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const person: FoundPerson = {
  uin: ALICE,
  nickname: '',
  first: '',
  last: '',
  email: '',
  authorisationRequired: false,
  online: 'offline',
  gender: 0,
  age: 0,
  webAware: false,
};

describe('administration', () => {
  const query = (tlvs: administration.InfoQuery['tlvs']) => asked(handle(routes, administration.infoQuery, { tlvs }, context()), 'profile.load');
  const change = (tlvs: administration.InfoChange['tlvs']) => handle(routes, administration.infoChange, { tlvs }, context());
  const changed = (effects: Parameters<typeof receivedOne>[0]) => receivedOne(effects, administration.infoChangeReply).tlvs;
  const profile = { nickname: 'Аня', email: { address: 'a@b.c', hidden: true } } as Profile;

  test('says the name, the mail address and the registration status', () => {
    const { input, answered, refused } = query({ name: NOTHING, email: NOTHING, registrationStatus: NOTHING });
    assert.deepEqual(input, { uin: ALICE });
    assert.deepEqual(receivedOne(answered(profile), administration.infoReply), {
      permissions: 3,
      tlvs: { name: utf8('Аня'), email: ascii('a@b.c'), registrationStatus: 3 },
    });
    assert.deepEqual(receivedOne(query({ name: NOTHING }).answered({ ...profile, nickname: '' }), administration.infoReply).tlvs, {
      name: ascii(String(ALICE)),
    });
    assert.equal(receivedOne(refused('unavailable'), administration.infoReply).tlvs.error, AdministrationError.serviceUnavailable);
  });

  test('changes the name, which may also be the number written otherwise', () => {
    const { input, answered, refused } = asked(change({ name: utf8('Аня') }), 'profile.change');
    assert.deepEqual(input, { changes: { nickname: 'Аня' } });
    assert.deepEqual(changed(answered(undefined)), { name: utf8('Аня') });
    assert.equal(changed(refused('too-large')).error, AdministrationError.badNickname);
    assert.deepEqual(changed(change({ name: ascii('100 001') })), { name: ascii('100 001') });
  });

  test('changes the mail address', () => {
    const { input, refused } = asked(change({ email: ascii('a@b.c') }), 'profile.change');
    assert.deepEqual(input, { changes: { email: { address: 'a@b.c' } } });
    assert.equal(changed(refused('too-large')).error, AdministrationError.badEmail);
    assert.equal(changed(refused('unavailable')).error, AdministrationError.serviceUnavailable);
  });

  test('changes the password of who knows the old one', () => {
    const { input, answered, refused } = asked(change({ newPassword: ascii('new1'), oldPassword: ascii('old1') }), 'session.proves' as never);
    assert.deepEqual(input, { uin: ALICE, password: ascii('old1') });
    const next = asked(answered(undefined as never), 'account.password');
    assert.deepEqual(next.input, { password: 'new1' });
    assert.deepEqual(changed(next.answered(undefined)), {});
    assert.equal(changed(next.refused('bad-password')).error, AdministrationError.badPassword);
    assert.equal(changed(refused('wrong-credentials')).error, AdministrationError.wrongOldPassword);
    assert.equal(changed(refused('slow-down')).error, AdministrationError.serviceUnavailable);
    assert.equal(changed(change({ newPassword: ascii('new1') })).error, AdministrationError.oldPasswordNeeded);
  });

  test('confirms what needs no confirmation, and deletes nothing without a password', () => {
    const confirmed = receivedOne(handle(routes, administration.confirmRequest, {}, context()), administration.confirmReply);
    assert.equal(confirmed.status, administration.ConfirmStatus.alreadyConfirmed);
    const deleted = receivedOne(handle(routes, administration.deleteRequest, { data: NOTHING }, context()), administration.deleteReply);
    assert.equal(deleted.tlvs.error, AdministrationError.readOnly);
    assert.equal(changed(change({ registrationStatus: 1 })).error, AdministrationError.fieldUnavailable);
  });
});

describe('a mail address', () => {
  const find = (email: Uint8Array) => handle(lookupRoutes, lookup.findByEmail, { email }, contextOf());
  const codeOf = (effects: Parameters<typeof receivedOne>[0]): number => receivedOne(effects, lookup.error).code;

  test('is found with those who have it', () => {
    const { input, answered, refused } = asked(find(ascii('a@b.c\0')), 'directory.search');
    assert.deepEqual(input, { criteria: { email: 'a@b.c' } });
    assert.deepEqual(receivedOne(answered({ found: [person, { ...person, uin: BOB }], more: false }), lookup.findReply).tlvs.screenNames, [
      String(ALICE),
      String(BOB),
    ]);
    assert.equal(codeOf(answered({ found: [], more: false })), ErrorCode.noMatch);
    assert.equal(codeOf(refused('bad-input')), ErrorCode.noMatch);
    assert.equal(codeOf(refused('slow-down')), ErrorCode.serverRateLimit);
  });

  test('of nothing is nobody’s', () => {
    for (const nothing of ['', ' ', '\0']) assert.equal(codeOf(find(ascii(nothing))), ErrorCode.noMatch);
  });
});

describe('AIM’s directory', () => {
  const search = (tlvs: directory.InfoQuery['tlvs'], profile = contextOf().session.profile) =>
    asked(handle(directoryRoutes, directory.infoQuery, { tlvs }, contextOf({ profile, state: { service: Family.directory } })), 'directory.search');

  test('is asked for names, addresses and interests', () => {
    assert.deepEqual(search({ firstName: ascii('Anna'), lastName: ascii(''), city: ascii(' Omsk ') }).input.criteria, { first: 'Anna', city: 'Omsk' });
    assert.deepEqual(search({ type: 1, email: ascii('a@b.c') }).input.criteria, { email: 'a@b.c' });
    assert.deepEqual(search({ interest: ascii('music') }).input.criteria, { interest: { category: 113, text: '' } });
    assert.deepEqual(search({ interest: ascii('balalaika') }).input.criteria, { interest: { category: 0, text: 'balalaika' } });
    assert.deepEqual(search({ charset: 'unicode-2-0', firstName: Uint8Array.of(4, 0x10) }).input.criteria, { first: 'А' });
  });

  test('tells who was found, in the client’s code page', () => {
    const { answered, refused } = search({ firstName: ascii('Anna') }, RUSSIAN_OLD_CLIENT);
    const { status, found } = receivedOne(answered({ found: [{ ...person, first: 'Аня' }], more: false }), directory.infoReply);
    assert.equal(status, 5);
    assert.deepEqual(found, [{ firstName: Uint8Array.of(0xc0, 0xed, 0xff), screenName: String(ALICE) }]);
    assert.deepEqual(receivedOne(answered({ found: [], more: false }), directory.infoReply).found, []);
    assert.equal(receivedOne(refused('slow-down'), directory.error).code, ErrorCode.serverRateLimit);
  });

  test('tells of no more people than one frame holds', () => {
    const [nickname, first, last, email] = ['n', 'f', 'l', 'e'].map((letter) => letter.repeat(512)) as [string, string, string, string];
    const { answered } = search({ city: ascii('Omsk') });
    const effects = answered({ found: Array.from({ length: 40 }, () => ({ ...person, nickname, first, last, email })), more: false });
    assert.equal(receivedOne(effects, directory.infoReply).found.length, 31);
    assert.ok(packets(effects).every((packet) => bytesOf(packet).length <= FLAP_PAYLOAD_MAX));
  });

  test('knows the interests one can choose from', () => {
    const { keywords } = receivedOne(handle(directoryRoutes, directory.keywordListQuery, {}, contextOf()), directory.keywordListReply);
    assert.equal(keywords.length, 51);
    assert.deepEqual(keywords[13]?.name, ascii('Music'));
    const tables = JSON.parse(readFileSync(new URL('../../../../docs/protocol/icq-tables.json', import.meta.url), 'utf8')) as {
      interests: Record<string, string>;
    };
    assert.deepEqual(Object.fromEntries(INTERESTS), tables.interests);
  });
});

test('nobody is invited by mail', () => {
  const effects = handle(invitationRoutes, invitation.inviteRequest, { tlvs: { email: 'a@b.c' } }, contextOf());
  assert.equal(receivedOne(effects, invitation.error).code, ErrorCode.serviceUnavailable);
});

test('reports are wanted of those who know them, seldom, and thrown away', () => {
  assert.deepEqual(receivedOne(handle(statisticsRoutes, statistics.report, { data: ascii('rubbish') }, contextOf()), statistics.reportAck), {});
  const { state } = contextOf({ state: { versions: new Map([[Family.statistics, 1]]) } });
  assert.deepEqual(receivedOne(reportInterval(state), statistics.setReportInterval), { hours: 1_200 });
  assert.deepEqual(reportInterval(contextOf().state), []);
});

test('a password is changed over a connection of its own by who knows the old one', async () => {
  const here = await world();
  const bos = await here.online(await here.account());
  const own = await service(here, bos, Family.administration);
  const change = async (oldPassword: string): Promise<number | undefined> => {
    own.say(administration.infoChange, { tlvs: { newPassword: ascii('newpass1'), oldPassword: ascii(oldPassword) } });
    await quiet();
    return own.one(administration.infoChangeReply).tlvs.error;
  };
  assert.equal(await change('wrong'), AdministrationError.wrongOldPassword);
  assert.equal(await change(PASSWORD), undefined);
});
