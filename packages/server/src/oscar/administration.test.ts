import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { administration, ErrorCode, Family, invitation, lookup, statistics } from '@seekyou/wire/oscar';
import { routes } from './administration.ts';
import { routes as invitationRoutes } from './invitation.ts';
import { routes as lookupRoutes } from './lookup.ts';
import { reportInterval, routes as statisticsRoutes } from './statistics.ts';
import { ALICE, ascii, contextOf, handle, receivedOne } from './testing.ts';

const { AdministrationError } = administration;
const context = () => contextOf({ state: { service: Family.administration } });
const NOTHING = new Uint8Array(0);

describe('administration', () => {
  const told = (tlvs: administration.InfoQuery['tlvs']) => receivedOne(handle(routes, administration.infoQuery, { tlvs }, context()), administration.infoReply);
  const changed = (tlvs: administration.InfoChange['tlvs']) =>
    receivedOne(handle(routes, administration.infoChange, { tlvs }, context()), administration.infoChangeReply).tlvs;

  test('says the name and the registration status', () => {
    assert.deepEqual(told({ name: NOTHING }), { permissions: 3, tlvs: { name: ascii(String(ALICE)) } });
    assert.deepEqual(told({ registrationStatus: NOTHING }).tlvs, { registrationStatus: 3 });
  });

  test('lets a name be written otherwise, and nothing else in its place', () => {
    assert.deepEqual(changed({ name: ascii('100 001') }), { name: ascii(String(ALICE)) });
    assert.deepEqual(changed({ name: ascii('100002') }), { error: AdministrationError.badNickname });
    assert.deepEqual(changed({ name: ascii('alice') }), { error: AdministrationError.badNickname });
  });

  test('confirms what needs no confirmation, and deletes nothing without a password', () => {
    const confirmed = receivedOne(handle(routes, administration.confirmRequest, {}, context()), administration.confirmReply);
    assert.equal(confirmed.status, administration.ConfirmStatus.alreadyConfirmed);
    const deleted = receivedOne(handle(routes, administration.deleteRequest, { data: NOTHING }, context()), administration.deleteReply);
    assert.equal(deleted.tlvs.error, AdministrationError.readOnly);
  });
});

test('nobody is invited by mail', () => {
  const effects = handle(invitationRoutes, invitation.inviteRequest, { tlvs: { email: 'a@b.c' } }, contextOf());
  assert.equal(receivedOne(effects, invitation.error).code, ErrorCode.serviceUnavailable);
});

test('a mail address nobody tells is nobody’s', () => {
  const effects = handle(lookupRoutes, lookup.findByEmail, { email: ascii('a@b.c') }, contextOf());
  assert.equal(receivedOne(effects, lookup.error).code, ErrorCode.noMatch);
});

test('reports are wanted of those who know them, seldom, and thrown away', () => {
  assert.deepEqual(receivedOne(handle(statisticsRoutes, statistics.report, { data: ascii('rubbish') }, contextOf()), statistics.reportAck), {});
  const { state } = contextOf({ state: { versions: new Map([[Family.statistics, 1]]) } });
  assert.deepEqual(receivedOne(reportInterval(state), statistics.setReportInterval), { hours: 1_200 });
  assert.deepEqual(reportInterval(contextOf().state), []);
});
