import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientProfile } from '@seekyou/core';
import { decodeSnac, decodeSnacBody, ErrorCode, feedbag } from '@seekyou/wire/oscar';
import { type AuthorisationBody, authorisationPacket } from './authorisation.ts';
import { routes } from './feedbag.ts';
import { ascii, asked, BOB, bytesOf, contextOf, handle, hex, receivedOne, UNICODE_CLIENT } from './testing.ts';

const screenName = '100002';

test('what one user says to another about authorisation becomes its command', () => {
  const reason = ascii('пожалуйста');
  const read = 'пожалуйста';
  assert.deepEqual(asked(handle(routes, feedbag.requestAuthorize, { screenName, reason, charsets: 0 }, contextOf()), 'authorisation.request').input, {
    to: BOB,
    reason: read,
  });
  assert.deepEqual(asked(handle(routes, feedbag.preAuthorize, { screenName, reason, charsets: 0 }, contextOf()), 'authorisation.grant').input, {
    to: BOB,
    reason: read,
  });
  assert.deepEqual(asked(handle(routes, feedbag.respondAuthorize, { screenName, granted: 1, reason }, contextOf()), 'authorisation.answer').input, {
    to: BOB,
    granted: true,
    reason: read,
  });
  assert.deepEqual(asked(handle(routes, feedbag.respondAuthorize, { screenName, granted: 0, reason }, contextOf()), 'authorisation.answer').input, {
    to: BOB,
    granted: false,
    reason: read,
  });
  assert.deepEqual(asked(handle(routes, feedbag.removeMe, { screenName }, contextOf()), 'authorisation.withdraw').input, { from: BOB });
});

test('a reason that is not UTF-8 is read in the code page of its client', () => {
  const profile = { ...UNICODE_CLIENT, codepage: 1251 };
  const effects = handle(routes, feedbag.requestAuthorize, { screenName, reason: hex('ef f0 e8 e2 e5 f2'), charsets: 0 }, contextOf({ profile }));
  assert.equal(asked(effects, 'authorisation.request').input.reason, 'привет');
});

test('a reason ends at its first NUL: old clients count the one behind it', () => {
  const denied = handle(routes, feedbag.respondAuthorize, { screenName, granted: 0, reason: ascii('No reason given.\0') }, contextOf());
  assert.equal(asked(denied, 'authorisation.answer').input.reason, 'No reason given.');
});

test('success is silent, a refusal is told', () => {
  const { answered, refused } = asked(handle(routes, feedbag.removeMe, { screenName }, contextOf()), 'authorisation.withdraw');
  assert.deepEqual(answered(undefined), []);
  assert.equal(receivedOne(refused('too-large'), feedbag.error).code, ErrorCode.refusedByClient);
  const nobody = handle(routes, feedbag.requestAuthorize, { screenName: 'nobody', reason: ascii(''), charsets: 0 }, contextOf());
  assert.equal(receivedOne(nobody, feedbag.error).code, ErrorCode.notLoggedIn);
});

/** A packet without its request id. */
function packet(body: AuthorisationBody, profile: ClientProfile = UNICODE_CLIENT, version = 4): Uint8Array {
  const bytes = bytesOf(authorisationPacket(contextOf({ profile, state: { versions: new Map([[0x13, version]]) } }), { id: 7, from: BOB }, body));
  return Uint8Array.of(...bytes.subarray(0, 6), ...bytes.subarray(10));
}

test('others arrive in the packets of family 13, with a version for those who know versions', () => {
  assert.deepEqual(packet({ kind: 'auth-request', reason: 'hi' }), hex('00 13 00 19 80 00 00 06 00 01 00 02 00 02 06 31 30 30 30 30 32 00 02 68 69 00 00'));
  assert.deepEqual(packet({ kind: 'auth-granted', reason: '' }), hex('00 13 00 1b 80 00 00 06 00 01 00 02 00 02 06 31 30 30 30 30 32 01 00 00'));
  assert.deepEqual(packet({ kind: 'auth-denied', reason: 'no' }), hex('00 13 00 1b 80 00 00 06 00 01 00 02 00 02 06 31 30 30 30 30 32 00 00 02 6e 6f'));
  assert.deepEqual(packet({ kind: 'added' }), hex('00 13 00 1c 80 00 00 06 00 01 00 02 00 04 06 31 30 30 30 30 32'));
  assert.deepEqual(packet({ kind: 'pre-authorised', reason: '' }), hex('00 13 00 15 00 00 06 31 30 30 30 30 32 00 00 00 00'));
  assert.deepEqual(packet({ kind: 'auth-granted', reason: '' }, UNICODE_CLIENT, 1), hex('00 13 00 1b 00 00 06 31 30 30 30 30 32 01 00 00'));
});

test('a reason is UTF-8, and ANSI for clients that read it so', () => {
  const reasonOf = (profile: ClientProfile): Uint8Array => {
    const bytes = bytesOf(authorisationPacket(contextOf({ profile }), { id: 7, from: BOB }, { kind: 'auth-denied', reason: 'нет ✓' }));
    return decodeSnacBody(feedbag.authorizeResponded, decodeSnac(bytes).data).reason;
  };
  assert.deepEqual(reasonOf(UNICODE_CLIENT), ascii('нет ✓'));
  assert.deepEqual(reasonOf({ ...UNICODE_CLIENT, codepage: 1251, quirks: new Set(['ansi-reasons']) }), hex('ed e5 f2 20 3f'));
});

test('ICQ5 is given no second full stop', () => {
  const profile = { ...UNICODE_CLIENT, quirks: new Set(['one-full-stop']) };
  const reasonOf = (reason: string): string => {
    const bytes = bytesOf(authorisationPacket(contextOf({ profile }), { id: 7, from: BOB }, { kind: 'auth-request', reason }));
    return Buffer.from(decodeSnacBody(feedbag.authorizeRequested, decodeSnac(bytes).data).reason).toString();
  };
  assert.equal(reasonOf('Hi. It is me. Bye.'), 'Hi. It is me Bye');
  assert.equal(reasonOf('no stop'), 'no stop');
});
