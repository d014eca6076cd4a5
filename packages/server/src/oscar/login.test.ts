import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Account, type Refusal, Refused, refuse, type SignOn, type Uin } from '@seekyou/core';
import { decode, encode } from '@seekyou/wire';
import { encodeSnac, login } from '@seekyou/wire/oscar';
import {
  hashProof,
  LOGIN_START,
  type LoginContext,
  type LoginEffect,
  type LoginPacket,
  type LoginSettings,
  onRoasted,
  roastedProof,
  routes,
  sameBytes,
} from './login.ts';
import { routes as registrationRoutes } from './registration.ts';

const unhex = (text: string): Uint8Array => Uint8Array.from(text.replaceAll(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

const UIN = 100_001 as Uin;
const NOW = 1_795_000_000_000;
const REQUEST = { family: 0x17, subtype: 0, requestId: 7, flags: 0 };
// oscar.md §14, fixed vectors
const ROASTED = unhex('83 47 F2 B7 08 B4 E8 A6');
const OLD_HASH = unhex('3ca727bdfcc904cb0e89889ca182f166');
const NEW_HASH = unhex('6348aa87c7443a675f7c7ace65e76f81');
const KEY = '1187203965';
const COOKIE = Uint8Array.from({ length: 256 }, (_, i) => i);

function context(over: Partial<LoginContext> = {}, settings: Partial<LoginSettings> = {}): LoginContext {
  return {
    state: LOGIN_START,
    now: NOW,
    peer: { address: '127.0.0.1', port: 40_005, known: true },
    secure: false,
    settings: { clearSignOn: 'all', keyMs: 60_000, ...settings },
    ...over,
  };
}

const handler = (declaration: unknown) => {
  const route = [...routes, ...registrationRoutes].find((one) => one.declaration === declaration);
  assert.ok(route);
  return route.handle;
};

/** Carries the effects out with these answers, and returns the packets and what was asked. */
function carryOut(effects: readonly LoginEffect[], answers: Partial<Record<string, unknown>>) {
  const sent: LoginPacket[] = [];
  const asked: { command: string; input: unknown }[] = [];
  let state = LOGIN_START;
  let closes = 0;
  const walk = (list: readonly LoginEffect[]): void => {
    for (const effect of list) {
      if (effect.do === 'send') sent.push(effect.packet);
      else if (effect.do === 'become') state = { ...state, ...effect.change };
      else if (effect.do === 'timer') closes += effect.run().filter((next) => next.do === 'close').length;
      else if (effect.do === 'ask') {
        asked.push({ command: effect.command, input: effect.input });
        const given = answers[effect.command];
        walk(given instanceof Refused ? effect.refused(given) : effect.answered(given));
      }
    }
  };
  walk(effects);
  return { sent, asked, state, closes };
}

const account = { uin: UIN } as Account;
const ADMITTED = { address: '127.0.0.1:5190', cookie: COOKIE };
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');
const frameOf = (packet: LoginPacket | undefined): Uint8Array => {
  assert.ok(packet !== undefined && 'channel4' in packet);
  return encode(login.loginAnswer, packet.channel4);
};
const snacOf = (packet: LoginPacket | undefined): Uint8Array => {
  assert.ok(packet !== undefined && 'declaration' in packet);
  return encodeSnac(packet.declaration, packet.value, packet.requestId ?? 0, packet.flags);
};

// ---------------------------------------------------------------- proofs

test('a roasted password proves itself and nothing else', () => {
  const proof = roastedProof(ROASTED);
  assert.equal(proof('pass1234'), true);
  for (const wrong of ['pass1235', 'pass123', 'pass12345', 'Pass1234', '', 'pass1234\0']) assert.equal(proof(wrong), false, wrong);
});

test('both hashes of the reference prove the password, each in its own form', () => {
  assert.equal(hashProof(OLD_HASH, KEY, 'old')('pass1234'), true);
  assert.equal(hashProof(NEW_HASH, KEY, 'new')('pass1234'), true);
  assert.equal(hashProof(OLD_HASH, KEY, 'new')('pass1234'), false);
  assert.equal(hashProof(NEW_HASH, KEY, 'old')('pass1234'), false);
  assert.equal(hashProof(OLD_HASH, '1187203966', 'old')('pass1234'), false);
  assert.equal(hashProof(OLD_HASH.subarray(0, 15), KEY, 'old')('pass1234'), false);
  assert.equal(hashProof(new Uint8Array(0), KEY, 'old')('pass1234'), false);
});

test('bytes are compared to the end', () => {
  assert.equal(sameBytes(ascii('abc'), ascii('abc')), true);
  assert.equal(sameBytes(ascii(''), ascii('')), true);
  assert.equal(sameBytes(ascii('abc'), ascii('abcd')), false);
  assert.equal(sameBytes(ascii('abc\0'), ascii('abc')), false);
});

// ---------------------------------------------------------------- roasted

const hello = (text: string) => decode(login.flapHello, unhex(text));
/** oscar.md §14.1, A2 without its header. */
const A2 = hello(`00 00 00 01 00 01 00 06 31 30 30 30 30 31 00 02 00 08 83 47 F2 B7 08 B4 E8 A6 00 03 00 33 49 43 51 20 49 6E 63 2E 20 2D 20 50
  72 6F 64 75 63 74 20 6F 66 20 49 43 51 20 28 54 4D 29 2E 32 30 30 33 62 2E 35 2E 33 37 2E 31 2E 33 37 32 38 2E 38 35 00 16 00 02 01 0A 00 17 00
  02 00 05 00 18 00 02 00 25 00 19 00 02 00 01 00 1A 00 02 0E 90 00 14 00 04 00 00 00 55 00 0F 00 02 65 6E 00 0E 00 02 75 73`);

test('a roasted sign-on is answered on channel 4, byte for byte as in the reference', () => {
  const { sent, asked, state, closes } = carryOut(onRoasted(context(), A2), { 'login.verify': account, 'login.admit': ADMITTED });
  assert.equal(sent.length, 1);
  assert.equal(hex(frameOf(sent[0])), `0001 0006 313030303031 0005 000e 3132372e302e302e313a35313930 0006 0100 ${hex(COOKIE)}`.replaceAll(' ', ''));
  assert.equal(state.answered, true);
  assert.equal(closes, 1, 'and then the connection closes');
  const verify = asked[0]?.input as SignOn;
  assert.equal(verify.uin, UIN);
  assert.equal(verify.proof('pass1234'), true);
  const admit = asked[1]?.input as { software: unknown } | undefined;
  assert.deepEqual(admit?.software, {
    name: 'ICQ Inc. - Product of ICQ (TM).2003b.5.37.1.3728.85',
    clientId: 266,
    version: [5, 37, 1, 3728],
    distribution: 85,
    language: 'en',
    country: 'us',
  });
});

test('a refused roasted sign-on is answered byte for byte as in the reference', () => {
  const refused = onRoasted(context({}, { helpUrl: 'http://127.0.0.1/lost' }), A2);
  const { sent } = carryOut(refused, { 'login.verify': refuse('wrong-credentials') });
  assert.equal(
    hex(frameOf(sent[0])),
    hex(unhex('00 01 00 06 31 30 30 30 30 31 00 04 00 15 68 74 74 70 3A 2F 2F 31 32 37 2E 30 2E 30 2E 31 2F 6C 6F 73 74 00 08 00 02 00 05 00 0C 00 02 00 01')),
  );
});

test('each refusal has its code', () => {
  const codes: readonly (readonly [Refusal, number])[] = [
    ['wrong-credentials', 0x05],
    ['slow-down', 0x18],
    ['suspended', 0x11],
    ['deleted', 0x08],
    ['old-clients-off', 0x1b],
    ['unavailable', 0x02],
  ];
  for (const [refusal, code] of codes) {
    const { sent } = carryOut(onRoasted(context(), A2), { 'login.verify': refuse(refusal) });
    assert.equal(decode(login.loginAnswer, frameOf(sent[0])).error, code, refusal);
  }
  const { sent } = carryOut(onRoasted(context(), A2), { 'login.verify': account, 'login.admit': refuse('no-address') });
  assert.deepEqual(decode(login.loginAnswer, frameOf(sent[0])), { uin: '100001', error: 2, debug: 1 });
});

test('a missing password and a name that is no UIN are answered like a wrong password, without asking anybody', () => {
  for (const tlvs of [{ uin: '100001' }, { uin: 'somebody', roastedPassword: ROASTED }, { uin: '1002', roastedPassword: ROASTED }]) {
    const { sent, asked } = carryOut(onRoasted(context(), { version: 1, tlvs }), {});
    assert.equal(decode(login.loginAnswer, frameOf(sent[0])).error, 5);
    assert.deepEqual(asked, []);
  }
});

test('an unencrypted client may use what the settings say', () => {
  const roasted = (secure: boolean, clearSignOn: LoginSettings['clearSignOn']) =>
    carryOut(onRoasted(context({ secure }, { clearSignOn }), A2), { 'login.verify': account, 'login.admit': ADMITTED });
  const keyed = (secure: boolean, clearSignOn: LoginSettings['clearSignOn']) =>
    carryOut(handler(login.keyRequest)(context({ secure }, { clearSignOn }), { uin: '100001' }, REQUEST), { 'login.key': KEY });
  for (const clearSignOn of ['off', 'challenge'] as const) {
    assert.equal(decode(login.loginAnswer, frameOf(roasted(false, clearSignOn).sent[0])).error, 0x1b);
    assert.equal(roasted(false, clearSignOn).asked.length, 0);
    assert.equal(roasted(true, clearSignOn).asked.length, 2);
  }
  assert.deepEqual(
    keyed(false, 'off').sent.map((packet) => 'declaration' in packet && packet.declaration),
    [login.loginReply, false],
  );
  assert.equal(keyed(false, 'challenge').asked.length, 1);
  assert.equal(keyed(true, 'off').asked.length, 1);
});

// ---------------------------------------------------------------- MD5

const challenged = (over: Partial<NonNullable<LoginContext['state']['challenge']>> = {}) =>
  context({ state: { challenge: { uin: UIN, key: KEY, at: NOW, ...over }, answered: false } });

test('a key is given to every name, and echoes the request', () => {
  for (const uin of ['100001', '999999999', 'nobody', undefined]) {
    const effects = handler(login.keyRequest)(context(), uin === undefined ? {} : { uin }, REQUEST);
    const { sent, asked } = carryOut(effects, { 'login.key': KEY });
    assert.deepEqual(asked, [{ command: 'login.key', input: undefined }]);
    assert.equal(hex(snacOf(sent[0])), hex(unhex('00 17 00 07 00 00 00 00 00 07 00 0A 31 31 38 37 32 30 33 39 36 35')));
  }
});

test('the right hash is answered by 17/03 and an empty channel 4; TLS is spoken of only to those who asked', () => {
  for (const [tls, ending] of [
    [undefined, ''],
    [true, '008e000100'],
  ] as const) {
    const message = { uin: '100001', hash: NEW_HASH, md5WithHashedPassword: true as const, multipleSessions: 1, ...(tls ? { tls } : {}) };
    const { sent, asked, state } = carryOut(handler(login.loginRequest)(challenged(), message, REQUEST), {
      'login.verify': account,
      'login.admit': ADMITTED,
    });
    const body = `00010006313030303031 0005000e3132372e302e302e313a35313930 00060100${hex(COOKIE)}${ending}`.replaceAll(' ', '');
    assert.equal(hex(snacOf(sent[0])), `00170003000000000007${body}`);
    assert.equal(frameOf(sent[1]).length, 0);
    assert.deepEqual(
      asked.map(({ command }) => command),
      ['login.verify', 'login.admit'],
    );
    const [verify, admit] = asked.map(({ input }) => input) as [SignOn, { coexist: boolean }];
    assert.equal(verify.proof('pass1234'), true);
    assert.equal(admit.coexist, true);
    assert.deepEqual(state, { challenge: undefined, answered: true });
  }
});

test('a hash without its key, for another name, too late, or none at all, is a wrong password', () => {
  const message = { uin: '100001', hash: OLD_HASH };
  const attempts: readonly (readonly [LoginContext, login.LoginRequest])[] = [
    [context(), message],
    [challenged({ uin: 100_002 }), message],
    [challenged({ at: NOW - 60_000 }), message],
    [challenged(), { uin: '100001' }],
    [challenged({ uin: 0 }), { uin: 'nobody', hash: OLD_HASH }],
  ];
  for (const [where, what] of attempts) {
    const { sent, asked } = carryOut(handler(login.loginRequest)(where, what, REQUEST), {});
    assert.deepEqual(asked, []);
    assert.ok(sent[0] !== undefined && 'declaration' in sent[0]);
    assert.equal((sent[0].value as login.LoginAnswer).error, 5);
  }
});

// ---------------------------------------------------------------- registration

/** oscar.md §14.7, J1 without headers. */
const J1 = decode(
  login.registerRequest.body,
  unhex(`00 01 00 3B 00 00 00 00 28 00 03 00 00 00 00 00 00 00 00 00 5B A7 C3 D9 5B A7 C3 D9 00 00 00 00
  00 00 00 00 00 00 00 00 00 00 00 00 09 00 70 61 73 73 31 32 33 34 00 5B A7 C3 D9 F2 07 00 00`),
);

test('a registration is answered byte for byte as in the reference', () => {
  const { sent, asked } = carryOut(handler(login.registerRequest)(context(), J1, { ...REQUEST, requestId: 4 }), { 'login.register': { uin: 100_042 } });
  assert.deepEqual(asked, [{ command: 'login.register', input: { password: 'pass1234' } }]);
  assert.equal(
    hex(snacOf(sent[0])),
    hex(
      unhex(`00 17 00 05 00 00 00 00 00 04 00 01 00 32 30 00 00 00 00 00 2D 00 03 00 00 00 9C 45 7F 00 00 01 00 00 00 04 5B A7 C3 D9 00 00
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 CA 86 01 00 5B A7 C3 D9`),
    ),
  );
});

test('a refused registration has a block long enough for readers that do not look', () => {
  const { sent } = carryOut(handler(login.registerRequest)(context({}, { helpUrl: 'http://x/' }), J1, REQUEST), {
    'login.register': refuse('registration-closed'),
  });
  const bytes = snacOf(sent[0]).subarray(10);
  const { code, tlvs } = decode(login.error.body, bytes);
  assert.equal(code, 5);
  assert.equal(tlvs.url, 'http://x/');
  assert.equal(tlvs.registration?.length, 30);
  assert.ok(bytes.length >= 32);
});

test('a password old clients cannot send is not taken', () => {
  const withPassword = (password: Uint8Array): login.RegisterRequest => ({
    registration: { ...(J1.registration as NonNullable<typeof J1.registration>), password },
  });
  for (const password of [ascii(''), ascii('123456789'), Uint8Array.of(0xef, 0xe0), ascii('tab\there')]) {
    const { sent, asked } = carryOut(handler(login.registerRequest)(context(), withPassword(password), REQUEST), {});
    assert.deepEqual(asked, []);
    assert.equal(decode(login.error.body, snacOf(sent[0]).subarray(10)).code, 0x0d);
  }
});

test('nothing is registered in the clear where nobody may sign on in the clear', () => {
  const { sent, asked } = carryOut(handler(login.registerRequest)(context({}, { clearSignOn: 'off' }), J1, REQUEST), {});
  assert.deepEqual(asked, []);
  assert.equal(decode(login.error.body, snacOf(sent[0]).subarray(10)).code, 5);
});

test('licq gets a picture', () => {
  const { sent } = carryOut(handler(login.imageRequest)(context(), {}, REQUEST), {});
  const { mimeType, image } = decode(login.imageReply.body, snacOf(sent[0]).subarray(10));
  assert.equal(mimeType, 'image/gif');
  assert.equal(new TextDecoder().decode(image?.subarray(0, 6)), 'GIF89a');
});
