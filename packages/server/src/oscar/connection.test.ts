import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asUin, type Core, PEOPLE, type Uin } from '@seekyou/core';
import type { PairOptions } from '@seekyou/net';
import { decode, encode } from '@seekyou/wire';
import { buddy, ErrorCode, encodeFlap, FlapChannel, icbm, icqMeta, login, loginHash, oservice, SERVER_REQUEST_ID, type Snac } from '@seekyou/wire/oscar';
import { fragmentsFromText, textFromFragments } from '@seekyou/wire/text';
import { md5ForTests, PASSWORD, quiet, roastedSignOn, signOn, type TestClient, type World, world } from './test-client.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const closingAnswer = (client: TestClient): login.LoginAnswer => {
  const closing = client.take().filter(({ channel }) => channel === FlapChannel.close);
  assert.equal(closing.length, 1, 'one closing frame');
  return decode(login.loginAnswer, closing[0]?.payload as Uint8Array);
};
const signOff = (client: TestClient): login.SignOffNotice => {
  const closing = client.take().find(({ channel }) => channel === FlapChannel.close);
  assert.ok(closing);
  return decode(login.signOffNotice, closing.payload);
};
const write = (client: TestClient, to: Uin, text: string): void => {
  const imData = encode(icbm.fragments, fragmentsFromText(text, { unicode: true, codepage: 1252 }));
  client.say(icbm.channelMsgToHost, { cookie: new Uint8Array(8), channel: 1, recipient: String(to), tlvs: { imData, store: true } });
};
const errorCode = (client: TestClient, family: number): number => {
  const errors = client.snacs().filter((snac) => snac.family === family && snac.subtype === 1);
  assert.equal(errors.length, 1, 'one error');
  const [high, low] = (errors[0] as Snac).data;
  return ((high as number) << 8) | (low as number);
};

// ---------------------------------------------------------------- hello

test('the server speaks first, and says its version and nothing else', async () => {
  const { connect } = await world();
  const client = connect();
  await quiet();
  const [frame, ...more] = client.take();
  assert.equal(frame?.channel, FlapChannel.hello);
  assert.deepEqual(frame?.payload, Uint8Array.of(0, 0, 0, 1));
  assert.deepEqual(more, []);
});

test('hello and first packet may come in one piece, or byte by byte', async () => {
  const { connect, account, clock } = await world();
  const uin = await account();
  const whole = connect();
  whole.hello();
  whole.say(login.keyRequest, { uin: String(uin) });
  await quiet();
  assert.deepEqual(whole.heard(), ['hello', '17/07']);

  const slow = connect();
  const stream = [
    ...encodeFlap(FlapChannel.hello, 1, Uint8Array.of(0, 0, 0, 1)),
    ...encodeFlap(FlapChannel.snac, 2, Uint8Array.of(0, 0x17, 0, 6, 0, 0, 0, 0, 0, 7, 0, 1, 0, 6, ...bytes(String(uin)))),
  ];
  for (const byte of stream) {
    slow.raw(Uint8Array.of(byte));
    await quiet();
    clock.advance(1_000);
  }
  assert.deepEqual(slow.heard(), ['hello', '17/07']);
});

// ---------------------------------------------------------------- sign-on

test('a roasted sign-on gets an address and a cookie on channel 4, then the connection ends by itself', async () => {
  const { connect, account, clock, counters } = await world();
  const uin = await account();
  const client = connect();
  await roastedSignOn(client, uin);
  const answer = closingAnswer(client);
  assert.deepEqual({ ...answer, cookie: answer.cookie?.length }, { uin: String(uin), address: '192.0.2.1:5190', cookie: 256 });
  assert.equal(client.how, undefined, 'the client has time to read it');
  clock.advance(2_000);
  await quiet();
  assert.equal(client.how, 'fin');
  assert.deepEqual(client.heard(), []);
  assert.equal(counters['oscar_sign_ons_roasted'], 1);
  assert.equal(counters['oscar_sign_ons_admitted'], 1);
});

test('both forms of the MD5 sign-on get 17/03 and an empty channel 4', async () => {
  const { connect, account, counters } = await world();
  const uin = await account();
  for (const form of ['old', 'new'] as const) {
    const client = connect();
    client.hello();
    const asked = client.say(login.keyRequest, { uin: String(uin) });
    await quiet();
    const [reply] = client.snacs();
    assert.equal(reply?.requestId, asked);
    const { key } = decode(login.keyReply.body, reply.data);
    assert.match(new TextDecoder().decode(key), /^[\x21-\x7e]{16,32}$/);
    const hash = loginHash(md5ForTests, key, bytes(PASSWORD), form);
    client.say(login.loginRequest, { uin: String(uin), hash, ...(form === 'new' ? { md5WithHashedPassword: true } : {}) });
    await quiet();
    const frames = client.take();
    assert.deepEqual(
      frames.map(({ channel, payload }) => [channel, payload.length > 0]),
      [
        [FlapChannel.snac, true],
        [FlapChannel.close, false],
      ],
    );
    const [reply03] = frames;
    assert.ok(reply03);
    const answer = decode(login.loginAnswer, reply03.payload.subarray(10));
    assert.equal(answer.cookie?.length, 256);
    assert.equal(answer.tls, undefined);
  }
  assert.equal(counters['oscar_sign_ons_md5_old'], 1);
  assert.equal(counters['oscar_sign_ons_md5_new'], 1);
});

test('keys are different for every connection, and there is one for accounts that do not exist', async () => {
  const { connect, account } = await world();
  const known = await account();
  const keys = new Set<string>();
  for (const uin of [known, known, 999_999_999]) {
    const client = connect();
    client.hello();
    client.say(login.keyRequest, { uin: String(uin) });
    await quiet();
    keys.add(new TextDecoder().decode(client.one(login.keyReply).key));
  }
  assert.equal(keys.size, 3);
});

test('a wrong password and an unknown account are answered alike', async () => {
  const { connect, account } = await world();
  const uin = await account();
  const wrong = await signOn(connect(), uin, 'pass1235');
  const unknown = await signOn(connect(), asUin(999_999_999) as Uin);
  assert.deepEqual(wrong, { uin: String(uin), error: 5, debug: 1 });
  assert.deepEqual(unknown, { uin: '999999999', error: 5, debug: 1 });
  const roasted = connect();
  await roastedSignOn(roasted, uin, 'wrong');
  assert.deepEqual(closingAnswer(roasted), { uin: String(uin), error: 5, debug: 1 });
});

test('a key is good for one answer', async () => {
  const { connect, account } = await world();
  const uin = await account();
  const client = connect();
  client.hello();
  client.say(login.keyRequest, { uin: String(uin) });
  await quiet();
  const { key } = client.one(login.keyReply);
  const attempt = (password: string): login.LoginRequest => ({ uin: String(uin), hash: loginHash(md5ForTests, key, bytes(password), 'old') });
  client.say(login.loginRequest, attempt('wrong'));
  client.say(login.loginRequest, attempt(PASSWORD));
  await quiet();
  assert.equal(client.one(login.loginReply).error, 5, 'and the second attempt is not looked at');
});

test('a key older than a minute is not taken', async () => {
  const { connect, account, clock } = await world({ limits: { signOnMs: 600_000 } });
  const uin = await account();
  const client = connect();
  client.hello();
  client.say(login.keyRequest, { uin: String(uin) });
  await quiet();
  const { key } = client.one(login.keyReply);
  clock.advance(60_000);
  client.say(login.loginRequest, { uin: String(uin), hash: loginHash(md5ForTests, key, bytes(PASSWORD), 'old') });
  await quiet();
  assert.equal(client.one(login.loginReply).error, 5);
});

test('no client is told an address it cannot reach, and the log names the line to add', async () => {
  const { connect, account, logs } = await world();
  const uin = await account();
  const pair = { client: { address: '203.0.113.9', port: 1 }, server: { address: '10.0.0.5', port: 5190 } };
  assert.equal((await signOn(connect(pair), uin)).error, 2);
  assert.ok(logs.some((line) => line.includes('advertise = [') && line.includes('203.0.113.9')));
});

test('the address comes from the configuration', async () => {
  const { connect, account } = await world({ settings: { advertise: [{ host: 'icq.example.org', port: 443 }] } });
  assert.equal((await signOn(connect(), await account())).address, 'icq.example.org:443');
});

test('TLS is spoken of only to a client that asks', async () => {
  const { connect, account } = await world();
  assert.equal((await signOn(connect(), await account(), PASSWORD, { tls: true })).tls, 0);
});

test('passwords and cookies are in no log', async () => {
  const { connect, account, logs, bos } = await world();
  const uin = await account();
  await bos(uin);
  const client = connect();
  await roastedSignOn(client, uin, 'wrong-pw');
  assert.ok(logs.length > 0);
  assert.ok(!logs.some((line) => line.includes(PASSWORD) || line.includes('wrong-pw')));
});

test('a new account can be used at once', async () => {
  const { connect, bos, counters } = await world();
  const client = connect();
  client.hello();
  client.say(login.registerRequest, {
    registration: { sequence: Uint8Array.of(3, 0), cookie: 0x5ba7c3d9, password: bytes(PASSWORD), trailer: Uint8Array.of(0xf2, 7, 0, 0) },
  });
  await quiet();
  const { registration } = client.one(login.registerReply);
  assert.equal(registration?.cookie, 0x5ba7c3d9);
  assert.equal(registration?.address, 0xc000020a);
  assert.equal(registration?.port, 40_000);
  const session = await bos(registration?.uin as Uin);
  assert.deepEqual(session.heard(), ['hello', '01/03']);
  assert.equal(counters['oscar_registrations'], 1);
});

test('where old clients have passwords of their own, that is what a client registers', async () => {
  const { connect, bos } = await world({ core: { oldClients: 'own' }, settings: { oldClients: 'own' } });
  const client = connect();
  client.hello();
  client.say(login.registerRequest, { registration: { sequence: Uint8Array.of(3, 0), cookie: 1, password: bytes(PASSWORD), trailer: new Uint8Array(0) } });
  await quiet();
  const uin = client.one(login.registerReply).registration?.uin as Uin;
  assert.deepEqual((await bos(uin)).heard(), ['hello', '01/03']);
});

test('registration can be closed', async () => {
  const { connect, counters } = await world({ core: { registration: 'closed' }, settings: { helpUrl: 'http://127.0.0.1/' } });
  const client = connect();
  client.hello();
  client.say(login.registerRequest, { registration: { sequence: Uint8Array.of(3, 0), cookie: 1, password: bytes(PASSWORD), trailer: new Uint8Array(0) } });
  await quiet();
  const { code, tlvs } = client.one(login.error);
  assert.equal(code, 5);
  assert.equal(tlvs.url, 'http://127.0.0.1/');
  assert.equal(counters['oscar_registrations_refused'], 1);
});

test('nothing but sign-on is answered before sign-on', async () => {
  const { connect, counters } = await world();
  const client = connect();
  client.hello();
  client.say(oservice.userInfoQuery, {});
  await quiet();
  assert.equal(errorCode(client, 1), ErrorCode.requestDenied);
  client.sayRaw(0x13, 0x01);
  await quiet();
  assert.deepEqual(client.heard(), [], 'an error is not answered with an error');
  client.sayRaw(0x17, 0x77);
  await quiet();
  assert.deepEqual(client.heard(), ['17/01']);
  assert.equal(client.how, 'fin', 'three are enough');
  assert.equal(counters['oscar_snacs_before_sign_on'], 3);
});

// ---------------------------------------------------------------- cookies

test('a cookie opens a session once, and says why it does not another time', async () => {
  const { connect, account, clock, counters } = await world();
  const uin = await account();
  const { cookie } = await signOn(connect(), uin);
  assert.ok(cookie);
  const come = async (with_: Uint8Array): Promise<TestClient> => {
    const client = connect();
    client.hello({ cookie: with_ });
    await quiet();
    return client;
  };
  assert.deepEqual((await come(cookie)).heard(), ['hello', '01/03']);
  const again = await come(cookie);
  assert.deepEqual(closingAnswer(again), { error: 0x1a, debug: 1 });
  assert.equal(again.how, 'fin');

  const { cookie: other } = await signOn(connect(), uin);
  assert.ok(other);
  const forged = other.slice();
  forged[40] = (forged[40] as number) ^ 0x80;
  assert.equal(closingAnswer(await come(forged)).error, 0x1a);
  assert.equal(closingAnswer(await come(new Uint8Array(0))).error, 0x1a);
  assert.equal(closingAnswer(await come(other.subarray(0, 255))).error, 0x1a);
  clock.advance(60_000);
  assert.equal(closingAnswer(await come(other)).error, 0x1a);
  const { oscar_cookies_repeated, oscar_cookies_forged, oscar_cookies_late } = counters;
  assert.deepEqual(
    { oscar_cookies_repeated, oscar_cookies_forged, oscar_cookies_late },
    { oscar_cookies_repeated: 1, oscar_cookies_forged: 3, oscar_cookies_late: 1 },
  );
});

test('a cookie of another server is not taken', async () => {
  const [here, there] = [await world(), await world()];
  const { cookie } = await signOn(there.connect(), await there.account());
  assert.ok(cookie);
  const client = here.connect();
  client.hello({ cookie });
  await quiet();
  assert.equal(closingAnswer(client).error, 0x1a);
});

test('a cookie is worth nothing once the password was changed', async () => {
  const { connect, account, core } = await world();
  const uin = await account();
  const { cookie } = await signOn(connect(), uin);
  assert.ok(cookie);
  await core.admin.passwd(uin, 'another1');
  const client = connect();
  client.hello({ cookie });
  await quiet();
  assert.equal(closingAnswer(client).error, 5);
});

test('what a client says before its session is there is handled once it is', async () => {
  const { connect, account } = await world();
  const { cookie } = await signOn(connect(), await account());
  assert.ok(cookie);
  const client = connect();
  client.hello({ cookie });
  client.say(oservice.clientVersions, { versions: [] });
  await quiet();
  assert.deepEqual(client.heard(), ['hello', '01/03', '01/18', '01/13']);
});

// ---------------------------------------------------------------- deadlines

test('a connection that says nothing ends after ten seconds', async () => {
  const { connect, clock, counters, frontEnd } = await world();
  const client = connect();
  clock.advance(9_000);
  await quiet();
  assert.equal(client.how, undefined);
  clock.advance(2_000);
  await quiet();
  assert.notEqual(client.how, undefined);
  assert.equal(counters['oscar_timeouts_first_bytes'], 1);
  assert.equal(frontEnd.connections, 0);
  assert.equal(clock.timers, 1, 'nothing ticks for nobody but the core itself');
});

test('a byte a second does not keep a connection that does not sign on', async () => {
  const { connect, clock, counters } = await world();
  const client = connect();
  const hello = encodeFlap(FlapChannel.hello, 1, new Uint8Array(200));
  for (let second = 0; second < 62 && client.how === undefined; second++) {
    client.raw(hello.subarray(second, second + 1));
    await quiet();
    clock.advance(1_000);
    await quiet();
  }
  assert.notEqual(client.how, undefined);
  assert.equal(counters['oscar_timeouts_sign_on'], 1);
});

test('a client that got its key and went to sleep is told', async () => {
  const { connect, account, clock } = await world();
  const uin = await account();
  const client = connect();
  client.hello();
  client.say(login.keyRequest, { uin: String(uin) });
  await quiet();
  client.take();
  clock.advance(61_000);
  await quiet();
  assert.equal(closingAnswer(client).error, 0x1a);
  assert.equal(client.how, 'fin');
});

test('a session that never says 01/02 ends after a minute', async () => {
  const { bos, account, clock, counters, core } = await world();
  const uin = await account();
  const client = await bos(uin);
  clock.advance(59_000);
  await quiet();
  assert.equal(core.admin.sessionsOf(uin).length, 1);
  clock.advance(2_000);
  await quiet();
  assert.equal(client.how, 'fin');
  assert.equal(counters['oscar_timeouts_ready'], 1);
  assert.equal(core.admin.sessionsOf(uin).length, 0);
});

test('a session ends when nothing is heard for five minutes; a keep-alive counts', async () => {
  const { online, account, clock, counters } = await world();
  const client = await online(await account());
  for (let i = 0; i < 6; i++) {
    clock.advance(240_000);
    client.frame(FlapChannel.keepAlive, new Uint8Array(0));
    await quiet();
  }
  assert.equal(client.how, undefined);
  clock.advance(301_000);
  await quiet();
  assert.equal(client.how, 'fin');
  assert.equal(counters['oscar_timeouts_idle'], 1);
});

test('a client that does not close after our last words is cut off', async () => {
  const { connect, clock, frontEnd, account } = await world();
  const client = connect();
  const close = client.transport;
  await roastedSignOn(client, await account());
  close.pause();
  clock.advance(2_000);
  await quiet();
  assert.equal(frontEnd.connections, 1);
  clock.advance(6_000);
  await quiet();
  assert.equal(frontEnd.connections, 0);
});

// ---------------------------------------------------------------- bad bytes

test('a wrong marker ends the connection; nobody looks for the next frame', async () => {
  const { online, account, counters, core } = await world();
  const uin = await account();
  const client = await online(uin);
  client.raw(Uint8Array.of(0x2b, 2, 0, 0, 0, 0));
  client.say(oservice.userInfoQuery, {});
  await quiet();
  assert.notEqual(client.how, undefined);
  assert.deepEqual(client.heard(), []);
  assert.equal(counters['oscar_bad_markers'], 1);
  assert.equal(core.admin.sessionsOf(uin).length, 0);
});

test('frames are small before sign-on, and larger after', async () => {
  const { connect, online, account, counters } = await world();
  const client = connect();
  client.raw(Uint8Array.of(0x2a, 1, 0, 0, 0x40, 0x01));
  await quiet();
  assert.notEqual(client.how, undefined);
  assert.equal(counters['oscar_frames_too_long'], 1);
  const session = await online(await account());
  session.sayRaw(0x0b, 0x03, new Uint8Array(60_000));
  await quiet();
  assert.deepEqual(session.heard(), ['0B/04']);
  session.raw(Uint8Array.of(0x2a, 2, 0, 0, 0xff, 0xff));
  await quiet();
  assert.notEqual(session.how, undefined);
});

test('jumping sequence numbers are counted and forgiven; both ways to wrap are no jump', async () => {
  const { online, account, counters } = await world();
  const client = await online(await account());
  const before = counters['oscar_sequence_jumps'] as number;
  const noop = Uint8Array.of(0, 1, 0, 0x16, 0, 0, 0, 0, 0, 1);
  for (const sequence of [0x7fff, 0, 1]) client.raw(encodeFlap(FlapChannel.snac, sequence, noop));
  await quiet();
  assert.equal((counters['oscar_sequence_jumps'] as number) - before, 1, 'only the first, from where the client was');
  for (const sequence of [0x7fff, 0x8000, 0xffff, 0, 500]) client.raw(encodeFlap(FlapChannel.snac, sequence, noop));
  await quiet();
  assert.equal((counters['oscar_sequence_jumps'] as number) - before, 4);
  client.say(oservice.userInfoQuery, {});
  await quiet();
  assert.deepEqual(client.heard(), ['01/0F']);
});

test('a packet cut short is answered with 0E; the third ends the session', async () => {
  const { online, account, counters, core } = await world();
  const uin = await account();
  const client = await online(uin);
  // 04/06 with half a cookie; 01/11 with two of four bytes
  for (const [family, subtype, data] of [
    [0x04, 0x06, Uint8Array.of(1, 2, 3, 4)],
    [0x01, 0x11, Uint8Array.of(0, 0)],
  ] as const) {
    client.sayRaw(family, subtype, data);
    await quiet();
    assert.equal(errorCode(client, family), ErrorCode.incorrectFormat);
  }
  client.frame(FlapChannel.snac, Uint8Array.of(0, 1, 0));
  await quiet();
  assert.deepEqual(signOff(client), {});
  assert.equal(client.how, 'fin');
  assert.equal(counters['oscar_snacs_malformed'], 3);
  assert.equal(core.admin.sessionsOf(uin).length, 0);
});

test('a TLV that lies about its length costs one packet at most', async () => {
  const { online, account } = await world();
  const client = await online(await account());
  // 01/1E with a status TLV of four bytes that claims 400
  client.sayRaw(0x01, 0x1e, Uint8Array.of(0, 6, 1, 0x90, 0, 0, 0, 1));
  await quiet();
  assert.deepEqual(client.heard(), ['01/0F']);
  // and one whose four-byte value has only two: it says nothing
  client.sayRaw(0x01, 0x1e, Uint8Array.of(0, 6, 0, 4, 0, 0));
  await quiet();
  assert.deepEqual(client.heard(), []);
  client.say(oservice.userInfoQuery, {});
  await quiet();
  assert.deepEqual(client.heard(), ['01/0F']);
});

test('a version block before the data is skipped, and a block that lies is malformed', async () => {
  const { online, account } = await world();
  const client = await online(await account());
  const header = Uint8Array.of(0, 1, 0, 0x11, 0x80, 0, 0, 0, 0, 9);
  client.frame(FlapChannel.snac, Uint8Array.of(...header, 0, 6, 0, 1, 0, 2, 0, 4, 0, 0, 0, 0));
  await quiet();
  assert.deepEqual(client.heard(), []);
  client.frame(FlapChannel.snac, Uint8Array.of(...header, 0xff, 0, 0, 1));
  await quiet();
  assert.deepEqual(client.heard(), []);
  assert.equal(client.how, undefined);
});

test('a SNAC before the hello, and an error frame, end the connection', async () => {
  const { connect } = await world();
  const early = connect();
  early.say(login.keyRequest, { uin: '100001' });
  const error = connect();
  error.hello();
  error.frame(FlapChannel.error, new Uint8Array(0));
  await quiet();
  assert.notEqual(early.how, undefined);
  assert.notEqual(error.how, undefined);
});

test('frames of unknown channels and second hellos are counted and ignored', async () => {
  const { online, account, counters } = await world();
  const client = await online(await account());
  client.frame(9, bytes('?'));
  client.hello();
  client.say(oservice.userInfoQuery, {});
  await quiet();
  assert.deepEqual(client.heard(), ['01/0F']);
  assert.equal(counters['oscar_bad_frames'], 2);
});

test('what nobody answers is answered with an error, by whether its family is offered', async () => {
  const { online, account } = await world();
  const client = await online(await account());
  for (const [family, subtype, code] of [
    [0x01, 0x7f, ErrorCode.notSupportedByHost],
    [0x06, 0x02, ErrorCode.serviceUnavailable],
    [0x08, 0x77, ErrorCode.notSupportedByHost],
    [0x0a, 0x02, ErrorCode.noMatch],
    [0x0c, 0x02, ErrorCode.notSupportedByHost],
    [0x07, 0x02, ErrorCode.serviceNotDefined],
    [0x10, 0x06, ErrorCode.serviceNotDefined],
    [0x85, 0x02, ErrorCode.serviceNotDefined],
  ] as const) {
    const requestId = client.sayRaw(family, subtype);
    await quiet();
    const [snac] = client.snacs();
    assert.deepEqual([snac?.family, snac?.subtype, snac?.requestId, snac?.data[1]], [family, 1, requestId, code]);
  }
});

// ---------------------------------------------------------------- caps

test('a network may only have so many connections that have not signed on', async () => {
  const { connect, account, counters, frontEnd } = await world({ limits: { connectionsPerNetworkMax: 3 } });
  const from = (address: string) => ({ client: { address, port: 1 } });
  const uin = await account();
  const first = connect(from('198.51.100.1'));
  for (const host of [2, 3, 4, 5]) connect(from(`198.51.100.${host}`));
  connect(from('198.51.101.1'));
  connect({ ...from('198.51.100.1'), known: false });
  await quiet();
  assert.equal(counters['oscar_connections_refused_network'], 2);
  assert.equal(frontEnd.connections, 5);
  // An answered sign-on makes room, before it has even closed.
  await roastedSignOn(first, uin);
  connect(from('198.51.100.9'));
  assert.equal(counters['oscar_connections_refused_network'], 2);
});

test('sessions do not count against their network', async () => {
  const { online, account, counters } = await world({ limits: { connectionsPerNetworkMax: 2 } });
  for (let i = 0; i < 10; i++) await online(await account());
  assert.equal(counters['oscar_connections_refused_network'], 0);
});

test('there is room for so many connections in all', async () => {
  const { connect, counters, frontEnd, clock } = await world({ limits: { connectionsMax: 2 } });
  connect();
  connect();
  connect();
  assert.equal(frontEnd.connections, 2);
  assert.equal(counters['oscar_connections_refused_full'], 1);
  clock.advance(11_000);
  await quiet();
  connect();
  assert.equal(frontEnd.connections, 1);
});

// ---------------------------------------------------------------- slow readers

test('a client that never reads is disconnected, and what was meant for it is still there', async () => {
  const { online, account, counters, core, bos } = await world({
    limits: { sendQueueBytesMax: 200_000, mailboxPerSenderMax: 2_000 },
    settings: { liftRates: true },
  });
  const [alice, bob] = [await account(), await account()];
  const sender = await online(alice);
  const reader = await online(bob, { windowBytes: 1_000 });
  reader.transport.pause();
  const text = Uint8Array.of(5, 1, 0, 1, 1, 1, 1, 0x0f, 0xa4, 0, 0, 0, 0, ...new Uint8Array(4_000).fill(0x41));
  let sent = 0;
  while (core.admin.sessionsOf(bob).length > 0 && sent < 500) {
    sender.sayRaw(
      0x04,
      0x06,
      Uint8Array.of(
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        sent & 0xff,
        0,
        1,
        6,
        ...bytes(String(bob)),
        0,
        2,
        text.length >>> 8,
        text.length & 0xff,
        ...text,
        0,
        3,
        0,
        0,
        0,
        6,
        0,
        0,
      ),
    );
    sent++;
    await quiet();
  }
  assert.ok(sent < 100, `${sent} were sent`);
  assert.equal(counters['oscar_slow_readers'], 1);
  const again = await bos(bob);
  again.take();
  again.say(oservice.clientOnline, { families: [] });
  await quiet();
  again.sayRaw(0x04, 0x10);
  await quiet();
  const got = again.snacs().filter((snac) => snac.family === 4 && snac.subtype === 7);
  assert.equal(got.length, sent);
});

test('answers to a slow reader wait for it', async () => {
  const { online, account, clock } = await world({ limits: { sendQueueBytesMax: 4 << 20 }, settings: { liftRates: true } });
  const client = await online(await account(), { windowBytes: 1_000 });
  client.transport.pause();
  for (let i = 0; i < 1_000; i++) client.say(oservice.rateParamsQuery, {});
  await quiet();
  client.transport.resume();
  await quiet();
  await quiet();
  assert.equal(client.heard().filter((name) => name === '01/07').length, 1_000);
  assert.equal(clock.timers > 0, true);
});

test('what somebody says follows what was stored before, however slowly that is read', async () => {
  const { online, account, clock } = await world({ settings: { liftRates: true } });
  const [alice, bob] = [await online(await account()), await account()];
  for (let i = 0; i < 100; i++) write(alice, bob, 'x'.repeat(7_000));
  await quiet();
  const reader = await online(bob);
  reader.transport.pause();
  reader.say(icbm.offlineRetrieve, { tlvs: {} });
  await quiet();
  write(alice, bob, 'said last');
  await quiet();
  clock.advance(PEOPLE.fetchWaitMs);
  await quiet();
  reader.transport.resume();
  // In each of these the reader takes what the network holds.
  for (let i = 0; i < 20; i++) await quiet();
  const got = reader.heard();
  assert.deepEqual([got.length, got.indexOf('04/17')], [102, 100], 'stored messages, their end, and what was said last');
});

// ---------------------------------------------------------------- the end

test('a client that was replaced and closes in good order has had its messages: the next is not given them', async () => {
  const { online, account, clock, core } = await world();
  const [alice, bob] = [await online(await account()), await account()];
  const first = await online(bob);
  write(alice, bob, 'hello');
  await quiet();
  assert.deepEqual(first.heard(), ['04/07']);
  clock.advance(30_000);
  // It has read this far, and does not see yet that it was ended.
  first.transport.pause();
  const second = await online(bob);
  assert.equal(core.admin.sessionsOf(bob).length, 1);
  second.say(icbm.offlineRetrieve, { tlvs: {} });
  await quiet();
  write(alice, bob, 'again');
  await quiet();
  first.transport.resume();
  await quiet();
  assert.deepEqual(first.heard(), ['close']);
  assert.deepEqual(second.heard(), ['04/07', '04/17']);
  assert.equal(core.figures().messagesDelivered, 1);
});

test('a client that was replaced and does not close is not waited for long, and its messages are given to the next', async () => {
  const { online, account, clock } = await world();
  const [alice, bob] = [await online(await account()), await account()];
  const first = await online(bob);
  write(alice, bob, 'hello');
  await quiet();
  clock.advance(30_000);
  first.transport.pause();
  const second = await online(bob);
  second.say(icbm.offlineRetrieve, { tlvs: {} });
  await quiet();
  assert.deepEqual(second.heard(), []);
  clock.advance(PEOPLE.partingMs);
  await quiet();
  assert.deepEqual(second.heard(), ['04/07', '04/17']);
});

test('a client that closes because we stop has had its messages', async () => {
  const { online, account, clock, core, frontEnd } = await world();
  const [alice, bob] = [await online(await account()), await account()];
  const reader = await online(bob);
  write(alice, bob, 'hello');
  await quiet();
  clock.advance(30_000);
  await frontEnd.stop();
  assert.deepEqual(reader.heard(), ['04/07', 'close']);
  assert.equal(core.figures().messagesDelivered, 1);
});

test('a second sign-on ends the first with reason 1, and the first session is gone', async () => {
  const { online, account, core } = await world({ settings: { helpUrl: 'http://127.0.0.1/' } });
  const uin = await account();
  const first = await online(uin);
  await online(uin);
  assert.deepEqual(signOff(first), { reason: 1, url: 'http://127.0.0.1/' });
  assert.equal(first.how, 'fin');
  assert.equal(core.admin.sessionsOf(uin).length, 1);
});

test('clients that ask for it stand side by side', async () => {
  const { connect, account, core } = await world();
  const uin = await account();
  for (let i = 0; i < 3; i++) {
    const { cookie } = await signOn(connect(), uin, PASSWORD, { multipleSessions: 1 });
    assert.ok(cookie);
    connect().hello({ cookie });
    await quiet();
  }
  assert.equal(core.admin.sessionsOf(uin).length, 3);
});

test('a client whose account is removed is told so', async () => {
  const { online, account, core } = await world();
  const uin = await account();
  const client = await online(uin);
  await core.admin.remove(uin);
  await quiet();
  assert.deepEqual(signOff(client), { reason: 2 });
});

test('a client may end by channel 4 or by closing; both end its session', async () => {
  const { online, account, core } = await world();
  const uin = await account();
  const polite = await online(uin);
  polite.frame(FlapChannel.close, new Uint8Array(0));
  await quiet();
  assert.equal(polite.how, 'fin');
  assert.deepEqual(polite.heard(), []);
  assert.equal(core.admin.sessionsOf(uin).length, 0);
  const curt = await online(uin);
  curt.transport.end();
  await quiet();
  assert.equal(core.admin.sessionsOf(uin).length, 0);
});

/** From now on the core takes messages only when it is told to, one at a time. */
function slowSends(core: Core): { readonly waiting: () => number; readonly goOn: () => Promise<void> } {
  const run = core.run.bind(core);
  const held: (() => void)[] = [];
  core.run = async (session, command, input) => {
    if (command === 'messages.send') await new Promise<void>((resolve) => held.push(resolve));
    return run(session, command, input);
  };
  return {
    waiting: () => held.length,
    goOn: async () => {
      held.shift()?.();
      await quiet();
    },
  };
}
const goodbye = (client: TestClient): void => client.frame(FlapChannel.close, new Uint8Array(0));
/** A client on line, and nobody who is signing on. */
async function alone({ online, clock }: World, uin: Uin, options?: PairOptions): Promise<TestClient> {
  const client = await online(uin, options);
  clock.advance(2_000);
  await quiet();
  return client;
}
/** All that is said meanwhile leaves the client in one write. */
function inOnePiece(client: TestClient, say: () => void): void {
  const pieces: Uint8Array[] = [];
  client.raw = (piece) => void pieces.push(piece);
  say();
  client.raw = (whole) => client.transport.write(whole);
  client.raw(Buffer.concat(pieces));
}
const textsOf = (client: TestClient): string[] =>
  client
    .snacs()
    .filter(({ family, subtype }) => family === 0x04 && subtype === 0x07)
    .map(({ data }) => decode(icbm.fragments, decode(icbm.channelMsgToClient.body, data).tlvs.imData as Uint8Array))
    .map((fragments) => textFromFragments(fragments, 1252).text);

for (const [how, ends] of [
  ['says goodbye', goodbye],
  ['closes', (client: TestClient) => client.transport.end()],
] as const) {
  test(`what a client said before it ${how} is handled in order, and then it is off line`, async () => {
    const here = await world();
    const { account, core, frontEnd } = here;
    const [alice, bob] = [await account(), await account()];
    const friend = await alone(here, bob);
    const client = await alone(here, alice);
    const sends = slowSends(core);
    for (const words of ['one', 'two', 'three']) write(client, bob, words);
    ends(client);
    write(client, bob, 'after the end');
    await quiet();
    assert.equal(core.admin.sessionsOf(alice).length, 1);
    for (let left = 3; left > 0; left--) {
      assert.equal(sends.waiting(), 1);
      await sends.goOn();
    }
    assert.deepEqual(textsOf(friend), ['one', 'two', 'three']);
    assert.deepEqual([sends.waiting(), core.admin.sessionsOf(alice).length, frontEnd.connections], [0, 0, 1]);
    assert.deepEqual(client.heard(), [], 'nothing is said to who is gone');
    assert.equal(client.how, 'fin');
  });
}

test('what a client said before its connection broke, and was not begun, is dropped', async () => {
  const here = await world();
  const { account, core, frontEnd } = here;
  const [alice, bob] = [await account(), await account()];
  const client = await alone(here, alice);
  const sends = slowSends(core);
  for (const words of ['one', 'two']) write(client, bob, words);
  await quiet();
  client.transport.destroy();
  await quiet();
  assert.deepEqual([core.admin.sessionsOf(alice).length, frontEnd.connections], [0, 0]);
  await sends.goOn();
  assert.equal(sends.waiting(), 0);
});

test('a client that said goodbye is on line while that is handled, but not for long', async () => {
  for (const ends of [goodbye, (client: TestClient) => client.transport.end()]) {
    const here = await world();
    const { account, clock, core, frontEnd } = here;
    const [alice, bob] = [await account(), await account()];
    const client = await here.bos(alice);
    clock.advance(2_000);
    const sends = slowSends(core);
    write(client, bob, 'one');
    // This, when its turn comes, does not give it more time.
    client.say(oservice.clientOnline, { families: [] });
    for (const words of ['two', 'three']) write(client, bob, words);
    ends(client);
    await quiet();
    await sends.goOn();
    clock.advance(PEOPLE.partingMs - 1_000);
    await quiet();
    assert.equal(core.admin.sessionsOf(alice).length, 1);
    clock.advance(2_000);
    await quiet();
    assert.deepEqual([core.admin.sessionsOf(alice).length, frontEnd.connections], [0, 0]);
    await sends.goOn();
    assert.equal(sends.waiting(), 0);
  }
});

test('a client that comes back while its goodbye is being handled is not kept waiting', async () => {
  const { online, account, clock, core } = await world();
  const [alice, bob] = [await account(), await account()];
  const friend = await online(bob);
  const client = await online(alice);
  write(friend, alice, 'hello');
  await quiet();
  clock.advance(500);
  const sends = slowSends(core);
  for (const words of ['one', 'two']) write(client, bob, words);
  goodbye(client);
  await quiet();
  const again = await online(alice);
  assert.equal(core.admin.sessionsOf(alice).length, 1);
  again.say(icbm.offlineRetrieve, { tlvs: {} });
  await quiet();
  assert.deepEqual(again.heard(), ['04/07', '04/17']);
  await sends.goOn();
  assert.equal(sends.waiting(), 0, 'and what was left is dropped');
});

test('a goodbye confirms what was written a second before it, not a second before the end', async () => {
  const { online, account, clock, core } = await world();
  const [alice, bob] = [await account(), await account()];
  const friend = await online(bob);
  const client = await online(alice);
  write(friend, alice, 'long ago');
  await quiet();
  clock.advance(1_000);
  write(friend, alice, 'just now');
  await quiet();
  clock.advance(900);
  const sends = slowSends(core);
  write(client, bob, 'bye');
  client.transport.end();
  await quiet();
  assert.equal(core.figures().messagesDelivered, 1);
  write(friend, alice, 'while she leaves');
  await quiet();
  clock.advance(3_000);
  await sends.goOn();
  await sends.goOn();
  assert.deepEqual([core.figures().messagesDelivered, core.admin.sessionsOf(alice).length], [1, 0]);
  const again = await online(alice);
  again.say(icbm.offlineRetrieve, { tlvs: {} });
  await quiet();
  assert.deepEqual(textsOf(again), ['just now', 'while she leaves']);
});

test('who asks for stored messages, deletes them and leaves at once is not taken for having read them', async () => {
  const { bos, online, account, core } = await world();
  const [alice, bob] = [await account(), await account()];
  write(await online(bob), alice, 'hello');
  await quiet();
  const client = await bos(alice);
  for (const type of [icqMeta.IcqType.offlineRequest, icqMeta.IcqType.offlineDelete]) {
    client.say(icqMeta.request, { block: { owner: alice, type, sequence: new Uint8Array(2), data: new Uint8Array(0) } });
  }
  goodbye(client);
  await quiet();
  assert.deepEqual([core.figures().messagesDelivered, core.admin.sessionsOf(alice).length], [0, 0]);
});

test('a packet that ends the connection ends it for those behind it, too', async () => {
  const here = await world();
  const { account, core, frontEnd } = here;
  const [alice, bob] = [await account(), await account()];
  const client = await alone(here, alice);
  const sends = slowSends(core);
  write(client, bob, 'before');
  for (let i = 0; i < PEOPLE.wireErrorsMax; i++) client.sayRaw(0x04, 0x06, Uint8Array.of(1, 2, 3));
  write(client, bob, 'behind');
  client.transport.end();
  await quiet();
  await sends.goOn();
  assert.deepEqual([sends.waiting(), core.admin.sessionsOf(alice).length, frontEnd.connections], [0, 0, 0]);
});

test('a flood with a goodbye behind it is handled as any other, and what it says last is heard', async () => {
  const here = await world({ settings: { liftRates: true } });
  const { account, core, frontEnd } = here;
  const [alice, bob] = [await account(), await account()];
  const client = await alone(here, alice);
  for (let i = 0; i < 10_000; i++) client.say(oservice.rateParamsQuery, {});
  write(client, bob, 'last');
  goodbye(client);
  for (let i = 0; i < 5; i++) await quiet();
  assert.equal(client.how, 'fin');
  assert.deepEqual([core.figures().messagesStored, core.admin.sessionsOf(alice).length, frontEnd.connections], [1, 0, 0]);
});

test('answers to a client that reads nothing are not waited for once it has said goodbye', async () => {
  const here = await world({ settings: { liftRates: true } });
  const { account, clock, core, frontEnd } = here;
  const [alice, bob] = [await account(), await account()];
  const client = await alone(here, alice, { windowBytes: 1_000 });
  client.transport.pause();
  inOnePiece(client, () => {
    for (let i = 0; i < 1_000; i++) client.say(oservice.rateParamsQuery, {});
    write(client, bob, 'last');
    goodbye(client);
  });
  await quiet();
  assert.deepEqual([core.figures().messagesStored, core.admin.sessionsOf(alice).length, frontEnd.connections], [1, 0, 1]);
  clock.advance(PEOPLE.partingMs + 1_000);
  await quiet();
  assert.equal(frontEnd.connections, 0);
});

test('what a client says before its session is there, and its goodbye, wait for the session', async () => {
  const { connect, account, core, frontEnd } = await world();
  const [alice, bob] = [await account(), await account()];
  const { cookie } = await signOn(connect(), alice);
  assert.ok(cookie);
  const client = connect();
  client.hello({ cookie });
  for (const words of ['one', 'two']) write(client, bob, words);
  goodbye(client);
  write(client, bob, 'after the end');
  await quiet();
  assert.deepEqual([core.figures().messagesStored, core.admin.sessionsOf(alice).length, client.how], [2, 0, 'fin']);
  assert.equal(frontEnd.connections, 1, 'the one of the sign-on');
});

test('a client may go while its session is being opened', async () => {
  const { connect, account, core, frontEnd } = await world();
  const uin = await account();
  const { cookie } = await signOn(connect(), uin);
  assert.ok(cookie);
  const client = connect();
  client.hello({ cookie });
  await Promise.resolve();
  await Promise.resolve();
  client.transport.destroy();
  await quiet();
  assert.equal(core.admin.sessionsOf(uin).length, 0);
  assert.ok(frontEnd.connections <= 1);
});

test('stopping tells everybody, waits for them, and takes no more', async () => {
  const { online, connect, account, frontEnd, clock, core } = await world();
  const uin = await account();
  const session = await online(uin);
  const signingOn = connect();
  signingOn.hello();
  await quiet();
  signingOn.take();
  const stuck = await online(await account());
  stuck.transport.pause();
  let stopped = false;
  const stopping = frontEnd.stop().then(() => (stopped = true));
  await quiet();
  assert.deepEqual(signOff(session), {});
  assert.equal(closingAnswer(signingOn).error, 2);
  assert.equal(stopped, false);
  connect();
  assert.equal(frontEnd.connections, 1);
  clock.advance(2_000);
  await stopping;
  assert.equal(frontEnd.connections, 0);
  assert.equal(core.admin.sessionsOf(uin).length, 0);
});

test('stopping hears out who has said goodbye, and waits for him no longer than for the others', async () => {
  const here = await world();
  const { account, core, clock, frontEnd } = here;
  const [alice, bob, carol] = [await account(), await account(), await account()];
  const clients = [await alone(here, alice), await alone(here, bob)];
  const sends = slowSends(core);
  for (const client of clients) {
    write(client, carol, 'bye');
    client.transport.end();
  }
  await quiet();
  let stopped = false;
  const stopping = frontEnd.stop().then(() => (stopped = true));
  await sends.goOn();
  assert.deepEqual([core.figures().messagesStored, frontEnd.connections, stopped], [1, 1, false]);
  clock.advance(2_000);
  await stopping;
  assert.deepEqual([frontEnd.connections, core.admin.sessionsOf(bob).length], [0, 0]);
});

// ---------------------------------------------------------------- sessions

test('the way to being on line, as climm goes it', async () => {
  const { bos, account } = await world();
  const client = await bos(await account());
  assert.deepEqual(client.heard(), ['hello', '01/03']);
  client.say(oservice.clientVersions, { versions: [{ family: 1, version: 4 }] });
  client.say(oservice.rateParamsQuery, {});
  await quiet();
  assert.deepEqual(client.heard(), ['01/18', '01/13', '01/07']);
  client.say(oservice.rateParamsSubAdd, { classes: [1, 2, 3, 4, 5] });
  for (const [family, subtype] of [
    [2, 2],
    [3, 2],
    [4, 4],
    [1, 0x0e],
    [9, 2],
    [0x13, 2],
  ] as const)
    client.sayRaw(family, subtype);
  await quiet();
  assert.deepEqual(client.heard(), ['02/03', '03/03', '04/05', '01/0F', '09/03', '13/03']);
  client.sayRaw(0x13, 0x05, new Uint8Array(6));
  await quiet();
  const [roster] = client.snacs();
  assert.deepEqual([roster?.family, roster?.subtype], [0x13, 0x06]);
  assert.notDeepEqual(roster?.data.subarray(-4), new Uint8Array(4));
  client.sayRaw(0x13, 0x07);
  client.say(oservice.setNicknameFields, { tlvs: { status: 0x20000000 } });
  client.say(oservice.clientOnline, { families: [] });
  await quiet();
  assert.deepEqual(client.heard(), ['01/0F']);
});

test('a session is seen after 01/02, and after 13/07 when it asked for its roster, whichever is last', async () => {
  const { bos, online, account } = await world();
  const watcher = await online(await account());
  const seen = async (say: () => void): Promise<string[]> => {
    say();
    await quiet();
    return watcher.heard().filter((name) => name.startsWith('03/'));
  };
  const contact = async (): Promise<TestClient> => {
    const uin = await account();
    watcher.say(buddy.addBuddies, { screenNames: [String(uin)] });
    return bos(uin);
  };
  const plain = await contact();
  assert.deepEqual(await seen(() => plain.say(oservice.clientOnline, { families: [] })), ['03/0B']);

  const lite = await contact();
  assert.deepEqual(await seen(() => lite.sayRaw(0x13, 0x04)), []);
  assert.deepEqual(await seen(() => lite.say(oservice.clientOnline, { families: [] })), []);
  assert.deepEqual(await seen(() => lite.sayRaw(0x13, 0x07)), ['03/0B']);

  const usual = await contact();
  assert.deepEqual(await seen(() => usual.sayRaw(0x13, 0x04)), []);
  assert.deepEqual(await seen(() => usual.sayRaw(0x13, 0x07)), []);
  assert.deepEqual(await seen(() => usual.say(oservice.clientOnline, { families: [] })), ['03/0B']);
  assert.deepEqual(await seen(() => usual.say(oservice.clientOnline, { families: [] })), [], 'only once');
});

test('a status change to many watchers is encoded once', async () => {
  const { online, account, counters } = await world();
  const star = await online(await account());
  const starUin = 100_001;
  const fans: TestClient[] = [];
  for (let i = 0; i < 20; i++) {
    const fan = await online(await account());
    fan.say(buddy.addBuddies, { screenNames: [String(starUin)] });
    fans.push(fan);
  }
  await quiet();
  for (const fan of fans) fan.take();
  const before = counters['oscar_encodings_shared'] as number;
  star.say(oservice.setNicknameFields, { tlvs: { status: 1 } });
  await quiet();
  const blocks = fans.map((fan) => fan.snacs().filter((snac) => snac.family === 3 && snac.subtype === 0x0b));
  assert.ok(blocks.every((block) => block.length === 1));
  assert.ok(blocks.every(([block]) => block !== undefined && block.requestId >= SERVER_REQUEST_ID));
  assert.ok((counters['oscar_encodings_shared'] as number) - before >= 15, 'nearly all shared; observers who see more get their own');
});

test('what a client says it can do changes how it is written to', async () => {
  const { online, account, core } = await world();
  const uin = await account();
  const client = await online(uin);
  const [session] = core.admin.sessionsOf(uin);
  assert.equal(session?.profile.unicode, false);
  client.sayRaw(0x02, 0x04, Uint8Array.of(0, 5, 0, 16, 0x09, 0x46, 0x13, 0x4e, 0x4c, 0x7f, 0x11, 0xd1, 0x82, 0x22, 0x44, 0x45, 0x53, 0x54, 0, 0));
  await quiet();
  assert.equal(session?.profile.unicode, true);
  assert.equal(session?.profile.serverRoster, false);
  client.sayRaw(0x13, 0x04);
  await quiet();
  assert.equal(session?.profile.serverRoster, true);
});

test('a mistake of ours costs one session, is logged without what people said, and nobody else notices', async () => {
  const { online, account, core, logs, counters } = await world();
  const [alice, bob] = [await account(), await account()];
  const unlucky = await online(alice);
  const other = await online(bob);
  core.run = () => {
    throw new Error('a mistake');
  };
  unlucky.sayRaw(
    0x04,
    0x06,
    Uint8Array.of(
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      0,
      1,
      6,
      ...bytes(String(bob)),
      0,
      2,
      0,
      0x13,
      5,
      1,
      0,
      1,
      1,
      1,
      1,
      0,
      10,
      0,
      0,
      0,
      0,
      ...bytes('secret'),
      0,
      3,
      0,
      0,
      0,
      6,
      0,
      0,
    ),
  );
  await quiet();
  assert.equal(unlucky.how, 'fin');
  assert.equal(core.admin.sessionsOf(alice).length, 0);
  assert.equal(counters['oscar_handler_failures'], 1);
  const line = logs.find((entry) => entry.includes('a packet could not be handled')) ?? '';
  assert.ok(line.includes('04/06') && line.includes(String(bob)), line);
  assert.ok(!line.includes('secret'), line);
  assert.equal(other.how, undefined);
});

// ---------------------------------------------------------------- rates

/** 04/06 with the text "A". */
const message = (to: number, cookie: number): Uint8Array =>
  Uint8Array.of(0, 0, 0, 0, 0, 0, 0, cookie & 0xff, 0, 1, 6, ...bytes(String(to)), 0, 2, 0, 14, 5, 1, 0, 1, 1, 1, 1, 0, 5, 0, 0, 0, 0, 0x41, 0, 3, 0, 0);

test('a flood of messages is warned, then refused, then ends; a person is never refused', async () => {
  const { online, account, clock, counters } = await world();
  const [alice, bob] = [await account(), await account()];
  const person = await online(alice);
  for (let i = 0; i < 300; i++) {
    person.sayRaw(0x04, 0x06, message(bob, i));
    person.say(icbm.clientEvent, { cookie: new Uint8Array(8), channel: 1, screenName: String(bob), event: 2 });
    clock.advance(1_000);
    await quiet();
  }
  await quiet();
  assert.deepEqual([counters['oscar_rate_notices'], counters['oscar_rate_refused'], counters['oscar_rate_dropped']], [0, 0, 0]);
  person.take();
  for (let i = 0; i < 400; i++) person.sayRaw(0x04, 0x06, message(bob, i));
  await quiet();
  const changes = person.take().filter(({ channel }) => channel !== FlapChannel.keepAlive);
  const codes = changes.filter(({ payload }) => payload[1] === 1 && payload[3] === 0x0a).map(({ payload }) => payload[11]);
  assert.deepEqual(codes, [oservice.RateChange.warning, oservice.RateChange.limited]);
  assert.equal(person.how, 'fin');
  assert.ok((counters['oscar_rate_refused'] as number) > 0);
  assert.equal(counters['oscar_rate_disconnects'], 1);
});

test('a limited client is told when it may go on', async () => {
  const { online, account, clock } = await world();
  const [alice, bob] = [await account(), await account()];
  const client = await online(alice);
  for (let i = 0; i < 200; i++) client.sayRaw(0x04, 0x06, message(bob, i));
  await quiet();
  client.take();
  clock.advance(120_000);
  await quiet();
  const { code, classes } = client.one(oservice.rateParamChange);
  assert.equal(code, oservice.RateChange.cleared);
  assert.deepEqual([classes[0]?.id, classes[0]?.state], [3, 0]);
});

test('rate records have 35 bytes for version 3 and later, 30 for others', async () => {
  const { bos, account } = await world();
  const client = await bos(await account());
  client.say(oservice.rateParamsQuery, {});
  await quiet();
  const old = client.one(oservice.rateParamsReplyOld);
  client.say(oservice.clientVersions, { versions: [{ family: 1, version: 3 }] });
  client.say(oservice.rateParamsQuery, {});
  await quiet();
  const recent = client.one(oservice.rateParamsReply);
  assert.equal(old.classes.length, 5);
  assert.equal(old.groups.length, 5);
  assert.deepEqual(recent.groups, old.groups);
  assert.ok(recent.classes.every(({ state }) => state === 0));
});
