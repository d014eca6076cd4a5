import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { DirectInfo } from '@seekyou/core';
import { decode } from '@seekyou/wire';
import { decodeSnac, FlapDecoder, type login, location, oservice, login as loginPackets } from '@seekyou/wire/oscar';
import { parseGolden } from '@seekyou/wire/testing';
import type { Quirk } from './client-signatures.ts';
import { profileOf, softwareFrom } from './clients.ts';
import { fromWireDirect } from './user-info.ts';

/** What a program says of itself, and what it is known as by that. Kept in testdata/clients.json. */
interface Fixture {
  readonly origin: string;
  readonly name: string;
  readonly quirks: readonly string[];
  readonly unicode: boolean;
  readonly html: boolean;
  readonly codepage?: number;
  /** Golden packets of the program itself. */
  readonly captured?: readonly string[];
  readonly software?: login.FlapHello['tlvs'];
  readonly capabilities?: readonly string[];
  readonly dcVersion?: number;
  readonly times?: DirectInfo['times'];
}

interface Said {
  software: login.FlapHello['tlvs'] | login.LoginRequest;
  capabilities: readonly string[];
  direct?: DirectInfo;
}

const fixtures = JSON.parse(readFileSync(new URL('./testdata/clients.json', import.meta.url), 'utf8')) as Fixture[];

/** The body of a packet captured as a whole frame. */
function captured(name: string): { readonly packet: string; readonly body: Uint8Array } {
  const [file = '', packet = ''] = name.split(' ');
  const url = new URL(`../../../wire/testdata/oscar/${file}.hex`, import.meta.url);
  const golden = parseGolden(readFileSync(url, 'utf8'), file);
  assert.match(golden.head, /^origin: captured/m, `${file} is no capture`);
  const payload = golden.form === 'frame' ? new FlapDecoder().push(golden.bytes)[0]?.payload : golden.bytes;
  assert.ok(payload);
  return { packet, body: packet === 'flapHello' || golden.form === 'body' ? payload : decodeSnac(payload).data };
}

function saidBy(fixture: Fixture): Said {
  const said: Said = { software: fixture.software ?? {}, capabilities: fixture.capabilities ?? [] };
  if (fixture.dcVersion !== undefined) {
    const times = fixture.times ?? [0, 0, 0];
    said.direct = { internalAddress: '0.0.0.0', port: 0, kind: 0, version: fixture.dcVersion, cookie: 0, webPort: 0, features: 3, times };
  }
  for (const { packet, body } of (fixture.captured ?? []).map(captured)) {
    if (packet === 'flapHello') said.software = decode(loginPackets.flapHello, body).tlvs;
    else if (packet === 'loginRequest') said.software = decode(loginPackets.loginRequest.body, body);
    else if (packet === 'setInfo') said.capabilities = decode(location.setInfo.body, body).tlvs.capabilities ?? [];
    else {
      const { directInfo } = decode(oservice.setNicknameFields.body, body).tlvs;
      if (directInfo !== undefined) said.direct = fromWireDirect(directInfo);
    }
  }
  return said;
}

for (const fixture of fixtures) {
  test(`${fixture.name} is known by what it says (${fixture.origin})`, () => {
    const { software, capabilities, direct } = saidBy(fixture);
    const presence = direct === undefined ? { capabilities } : { capabilities, direct };
    const profile = profileOf({ software: softwareFrom(software), presence, serverRoster: true, accountCodepage: undefined, defaultCodepage: 1252 });
    assert.equal(profile.name, fixture.name);
    assert.deepEqual([...profile.quirks], fixture.quirks);
    assert.deepEqual([profile.unicode, profile.html], [fixture.unicode, fixture.html]);
    if (fixture.codepage !== undefined) assert.equal(profile.codepage, fixture.codepage);
  });
}

test('every quirk has a program that has it', () => {
  // Named one by one: a new quirk does not compile until it has a fixture.
  const quirks: Record<Quirk, true> = { 'one-full-stop': true, 'ansi-reasons': true, 'plain-only': true, 'authorisation-in-messages': true, 'no-relay': true };
  for (const quirk of Object.keys(quirks))
    assert.ok(
      fixtures.some((fixture) => fixture.quirks.includes(quirk)),
      quirk,
    );
});

test('every row of oscar.md §12 has a program that was recognised', () => {
  const rows = ['ICQ 2000', 'ICQ 2001', 'ICQ 2002', 'ICQ 2003b', 'ICQ Lite 4', 'ICQ 5', 'ICQ 6', 'climm', 'Licq', 'Miranda IM', 'libpurple', 'BitlBee'];
  for (const name of [...rows, 'libicq2000', 'Jimm', 'D[i]Chat', 'QIP 2005a', 'QIP Infium', '&RQ', 'Trillian']) {
    assert.ok(
      fixtures.some((fixture) => fixture.name === name),
      name,
    );
  }
});
