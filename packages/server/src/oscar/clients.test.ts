import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DirectInfo } from '@seekyou/core';
import { Capability } from '@seekyou/wire/oscar';
import { UTF8 } from '@seekyou/wire/text';
import { profileOf, softwareFrom } from './clients.ts';
import type { ClientSoftware } from './state.ts';

const ICQ2003B: ClientSoftware = softwareFrom({
  clientName: 'ICQ Inc. - Product of ICQ (TM).2003b.5.37.1.3728.85',
  clientId: 0x010a,
  major: 5,
  minor: 0x25,
  lesser: 1,
  build: 0x0e90,
  distribution: 85,
  language: 'en',
  country: 'us',
});

const direct = (version: number, time = 0): DirectInfo => ({
  internalAddress: '0.0.0.0',
  port: 0,
  kind: 0,
  version,
  cookie: 0,
  webPort: 0,
  features: 3,
  times: [time, 0, 0],
});

function profile(software: ClientSoftware, capabilities: readonly string[] = [], dc?: DirectInfo, accountCodepage?: number) {
  const presence = dc === undefined ? { capabilities } : { capabilities, direct: dc };
  return profileOf({ software, presence, serverRoster: false, accountCodepage, defaultCodepage: 1252 });
}

test('programs are told apart by their sign-on', () => {
  const names: readonly (readonly [ClientSoftware, string])[] = [
    [ICQ2003B, 'ICQ 2003b'],
    [{ ...ICQ2003B, version: [5, 37, 1, 3828] }, 'climm'],
    [softwareFrom({ clientId: 0x010b, clientName: 'ICQBasic' }), 'Licq'],
    [softwareFrom({ clientId: 0x010a, clientName: 'Purple/2.12.0' }), 'libpurple'],
    [softwareFrom({ clientId: 0x010a, clientName: 'ICQ Client', major: 6, minor: 5, lesser: 0, build: 0x1a, distribution: 0x7537 }), 'libicq2000'],
    [softwareFrom({ clientId: 0x010a, clientName: 'ICQ Client', major: 0x14, minor: 0x34, build: 0x0c18, distribution: 0x611 }), 'Miranda IM'],
    [softwareFrom({ clientId: 0x0109, major: 5, minor: 1, build: 0x0bdc }), 'BitlBee'],
    [softwareFrom({ clientId: 0x0109, major: 5, minor: 9, build: 0x0f15 }), 'AIM'],
    [softwareFrom({}), 'unknown'],
  ];
  for (const [software, name] of names) assert.equal(profile(software).name, name);
});

test('a capability that names its program, or the mark in the DC times, says more than the sign-on', () => {
  const jimm = '4A696D6D20302E352E31000000000000';
  assert.equal(profile(ICQ2003B, [Capability.utf8, jimm]).name, 'Jimm');
  assert.equal(profile(ICQ2003B, [Capability.utf8, jimm]).codepage, 1251);
  assert.equal(profile(ICQ2003B, [], direct(8, 0xffffff7f)).name, '&RQ');
});

test("ICQ's own releases are told apart by what they can", () => {
  const unnamed = softwareFrom({ clientId: 0x010a });
  assert.equal(profile(unnamed, [Capability.serverRelay], direct(7)).name, 'ICQ 2000');
  assert.equal(profile(unnamed, [Capability.icq2001], direct(8)).name, 'ICQ 2001');
  assert.equal(profile(unnamed, [Capability.xtraz], direct(9)).name, 'ICQ Lite 4');
  const icq5 = profile(unnamed, [Capability.xtraz, Capability.fileTransfer], direct(9));
  assert.equal(icq5.name, 'ICQ 5');
  assert.ok(icq5.quirks.has('one-full-stop'));
});

test('the code page is the account’s, then the program’s, then the language’s, then the default', () => {
  const russian = { ...ICQ2003B, language: 'ru' };
  assert.equal(profile(ICQ2003B).codepage, 1252);
  assert.equal(profile(russian).codepage, 1251);
  assert.equal(profile({ ...ICQ2003B, language: 'cs' }).codepage, 1250);
  assert.equal(profile(russian, [], undefined, 1250).codepage, 1250);
});

test('Unicode goes to those who say so, HTML is read from AIM only', () => {
  assert.equal(profile(ICQ2003B).unicode, false);
  assert.equal(profile(ICQ2003B, [Capability.utf8]).unicode, true);
  assert.equal(profile(ICQ2003B).html, false);
  assert.equal(profile(softwareFrom({ clientId: 0x0109, major: 5, minor: 9 })).html, true);
  assert.equal(profile(softwareFrom({ clientId: 0x010a, clientName: 'Purple/2.14.12' })).html, true);
  assert.equal(profile(softwareFrom({ clientId: 0x0109, major: 5, minor: 1, build: 3036 })).html, false, 'bitlbee only claims to be AIM');
});

test('old programs read reasons in their code page', () => {
  assert.ok(profile({ ...ICQ2003B, version: [5, 37, 1, 3828] }).quirks.has('ansi-reasons'));
  assert.ok(!profile(ICQ2003B).quirks.has('ansi-reasons'));
});

test('names are fit for a log', () => {
  assert.equal(softwareFrom({ clientName: 'a\r\nb\u0007\u00ffc' }).name, 'abc');
  assert.equal(softwareFrom({ clientName: 'x'.repeat(1000) }).name.length, 64);
});

test('some programs read Unicode without saying so', () => {
  const bitlbee = softwareFrom({ clientId: 0x0109, major: 5, minor: 1, build: 0x0bdc });
  assert.equal(profile(bitlbee).unicode, true);
  assert.equal(profile(softwareFrom({ clientId: 0x010b, clientName: 'ICQBasic' })).unicode, true);
  assert.equal(profile(ICQ2003B).unicode, false);
  assert.equal(profile(ICQ2003B, [Capability.utf8]).unicode, true);
});

test('bitlbee writes and reads UTF-8, whatever the account says', () => {
  const bitlbee = softwareFrom({ clientId: 0x0109, major: 5, minor: 1, build: 0x0bdc });
  assert.equal(
    profileOf({ software: bitlbee, presence: { capabilities: [] }, serverRoster: true, accountCodepage: 1251, defaultCodepage: 1252 }).codepage,
    UTF8,
  );
  assert.deepEqual([...profile(bitlbee).quirks], ['authorisation-in-messages']);
});

test('our own client is known by its name, and by its capability', () => {
  assert.equal(profile(softwareFrom({ clientName: 'seekyou' })).protocol, 'own');
  assert.equal(profile(ICQ2003B, [Capability.seekyou]).protocol, 'own');
  assert.equal(profile(ICQ2003B).protocol, 'oscar');
});
