import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Login, LoginTail, Version } from '@seekyou/wire/udp';
import { type Marks, presenceOf, profileOf, Quirk } from './clients.ts';

const NOTHING = new Uint8Array(0);
const marks = (x1: number, tail: Partial<LoginTail> = {}): Marks => ({ x1, tail: { extra: NOTHING, ...tail } });
const profile = (version: Version, said?: Marks): ReturnType<typeof profileOf> =>
  profileOf({ version, marks: said, accountCodepage: undefined, defaultCodepage: 1252 });

test('programs are told apart by the constants of their sign-on', () => {
  const cases: readonly (readonly [Version, Marks | undefined, string, readonly string[]])[] = [
    [1, undefined, 'ICQ 1', []],
    [2, marks(0x78), 'ICQ 97', []],
    [2, marks(0x0004_0072), 'licq', []],
    [3, marks(0x0002_007a), 'ICQ Groupware', []],
    [3, marks(0x98), 'ICQ 98 beta', []],
    [4, marks(0x98), 'ICQ 98a', []],
    [
      5,
      marks(0xd5, { x2: 0x822c01ec, webPort: 0x50, features: 3, build: 0x7d0001ea }),
      'mICQ',
      [Quirk.separatesAll, Quirk.reversedAddresses, Quirk.opensPackets],
    ],
    [5, marks(0x0b013f, { zero: 0, x2: 0x013f0002, build: 0x7d0003ec, infoTime: 0, statusTime: 0 }), 'licq 1.0.4', [Quirk.licqOrder, Quirk.opensPackets]],
    [5, marks(0x0b013f, { zero: 0, x2: 0x013f0002, build: 0x7d800352 }), 'licq 0.85.0', [Quirk.licqOrder, Quirk.opensPackets]],
    [5, marks(0x0b013f, { zero: 0, x2: 0x013f0002, build: 0x385bfaac }), 'ICQ 99b', [Quirk.newestFirst]],
    [5, marks(0x98, { zero: 0, x2: 0x0098_0010, build: 0x5359_0001 }), 'seekyou', [Quirk.opensPackets]],
    [5, marks(0x98), 'ICQ 99a', []],
  ];
  for (const [version, said, name, quirks] of cases) {
    const known = profile(version, said);
    assert.deepEqual([known.name, [...known.quirks], known.protocol, known.unicode, known.serverRoster], [name, quirks, 'udp', false, false]);
  }
});

test('the code page is the account’s, else the server’s', () => {
  const page = (accountCodepage?: number): number => profileOf({ version: 5, marks: undefined, accountCodepage, defaultCodepage: 1252 }).codepage;
  assert.deepEqual([page(), page(1250)], [1252, 1250]);
});

test('a sign-on says its status and where its program listens', () => {
  const login: Login = {
    time: 0,
    port: 0x1_0d05,
    password: NOTHING,
    x1: 0,
    address: '192.168.0.2',
    tcpFlag: 4,
    status: 0x0001_0113,
    tcpVersion: 6,
    tail: { zero: 0, x2: 0, webPort: 80, features: 3, build: 7, infoTime: 8, statusTime: 9, extra: NOTHING },
  };
  const { status, direct } = presenceOf(login);
  assert.deepEqual([status.availability, status.invisible, status.webAware, status.word], ['do-not-disturb', true, true, 0x0001_0113]);
  assert.deepEqual(direct, { internalAddress: '192.168.0.2', port: 0x0d05, kind: 4, version: 6, cookie: 0, webPort: 80, features: 3, times: [7, 8, 9] });
});

test('mICQ says its address backwards', () => {
  const tail = { x2: 0x822c01ec, webPort: 80, features: 3, build: 0x7d0001ea, extra: NOTHING };
  const { direct } = presenceOf({ port: 0, password: NOTHING, x1: 0xd5, address: '7.2.168.192', tcpFlag: 0, status: 0, tcpVersion: 0, tail });
  assert.equal(direct.internalAddress, '192.168.2.7');
});
