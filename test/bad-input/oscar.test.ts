/**
 * What clients must not say, said over real sockets to a live server: each gets the answer of the reference or a closed
 * connection and is counted in the metrics, while two others talk on undisturbed and lose nothing. @see oscar.md §15
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { encode } from '@seekyou/wire';
import {
  Capability,
  encodeFlap,
  ErrorCode,
  Family,
  feedbag,
  FLAP_PAYLOAD_MAX,
  FlapChannel,
  type FlapFrame,
  icbm,
  icqMeta,
  location,
  login,
  oservice,
  buddy,
  rendezvous,
} from '@seekyou/wire/oscar';
import { Charset } from '@seekyou/wire/text';
import { openStage, PASSWORD, Person, type Stage } from '../dialogue/stage.ts';
import { admitted, cookieLike, oldClient, RawClient, settled, shows } from '../wire/raw-client.ts';

interface Scene {
  readonly stage: Stage;
  /** Signed on, watching each other. */
  readonly alice: Person;
  readonly bob: Person;
  /** Has an account; not signed on. */
  readonly mallory: Person;
}

/** What bad input is counted as. Good input raises none of these: see the last test. */
const ALARMS = new Set<string>();

/**
 * A test with a server, two witnesses, and somebody who misbehaves.
 *
 * @param alarm the event of `seekyou_events_total` that must have happened
 * @param options settings of the server
 */
function abuse(name: string, alarm: string, play: (scene: Scene, t: TestContext) => Promise<void>, options: Readonly<Record<string, unknown>> = {}): void {
  ALARMS.add(alarm);
  observed(name, play, (raised) => assert.ok((raised.get(alarm) ?? 0) > 0, `${alarm} is counted: ${JSON.stringify([...raised])}`), options);
}

/** @param judge of what was counted during the play, those of 0 among them */
function observed(
  name: string,
  play: (scene: Scene, t: TestContext) => Promise<void>,
  judge: (raised: ReadonlyMap<string, number>) => void,
  options: Readonly<Record<string, unknown>> = {},
): void {
  test(name, async (t) => {
    const stage = await openStage(options);
    try {
      const [alice, bob, mallory] = [await stage.person('alice'), await stage.person('bob'), await stage.person('mallory')];
      for (const [witness, other] of [
        [alice, bob],
        [bob, alice],
      ] as const) {
        await witness.signsOn();
        await witness.client.add(other.uin);
        await witness.signsOff();
      }
      await alice.signsOn();
      await bob.signsOn();
      await alice.sees(bob, 'online');
      await bob.sees(alice, 'online');
      await alice.says(bob, 'before');
      const before = await eventsOf(stage);
      await play({ stage, alice, bob, mallory }, t);
      const after = await eventsOf(stage);
      judge(new Map([...after].map(([event, count]) => [event, count - (before.get(event) ?? 0)])));
      assert.equal(after.get('oscar_handler_failures'), 0, 'nothing of ours failed');
      await bob.says(alice, 'after');
      await bob.hears(alice, 'before');
      await alice.hears(bob, 'after');
      await alice.hearsNothingMore();
      await bob.hearsNothingMore();
      await alice.seesNothingOf(bob);
      await bob.seesNothingOf(alice);
    } finally {
      await stage.close();
    }
  });
}

async function eventsOf(stage: Stage): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${stage.server.adminUrl}/metrics`)).text();
  return new Map([...text.matchAll(/^seekyou_events_total\{event="(\w+)"\} (\d+)$/gm)].map(([, event, count]) => [event as string, Number(count)]));
}

const misbehaving = ({ stage, mallory }: Scene): Promise<RawClient> => oldClient(stage, { uin: mallory.uin, password: PASSWORD });

/** A connection that has begun to sign on by family 17. */
async function signingOn(stage: Stage): Promise<RawClient> {
  const client = await RawClient.greeted(stage);
  client.send(FlapChannel.hello, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs: {} }));
  return client;
}

// ---------------------------------------------------------------- frames

for (const [when, connect] of [
  ['before sign-on', ({ stage }: Scene) => RawClient.greeted(stage)],
  ['after sign-on', misbehaving],
] as const) {
  abuse(`a frame that does not begin with 2A closes the connection ${when}`, 'oscar_bad_markers', async (scene) => {
    const client = await connect(scene);
    client.write([0x2b, 2, 0, 0, 0, 0]);
    await client.letGo();
  });
}

abuse('a frame too long for a sign-on closes the connection as soon as its header is there', 'oscar_frames_too_long', async ({ stage }) => {
  const client = await RawClient.greeted(stage);
  const length = stage.config.limits.frameBytesBeforeSignOnMax + 1;
  client.write([0x2a, 1, 0, 0, length >>> 8, length & 0xff]);
  await client.letGo();
});

abuse('a frame longer than the protocol has closes the connection after sign-on', 'oscar_frames_too_long', async (scene) => {
  const client = await misbehaving(scene);
  const length = FLAP_PAYLOAD_MAX + 1;
  client.write([0x2a, 2, 0, 0, length >>> 8, length & 0xff]);
  await client.letGo();
});

abuse('sequence numbers that jump are counted and forgiven', 'oscar_sequence_jumps', async (scene) => {
  const client = await misbehaving(scene);
  for (const jump of [1000, 0, 0xffff]) {
    client.sequence = (client.sequence + jump) & 0xffff;
    await settled(client);
  }
  client.destroy();
});

abuse('a frame of a channel that does not exist is counted and passed over', 'oscar_bad_frames', async (scene) => {
  const client = await misbehaving(scene);
  client.send(9, [1, 2, 3]);
  await settled(client);
  client.destroy();
});

abuse('a SNAC before the hello closes the connection', 'oscar_bad_frames', async ({ stage }) => {
  const client = await RawClient.greeted(stage);
  client.snac(login.keyRequest, { uin: '100001' });
  await client.letGo();
});

abuse('a second hello changes nothing', 'oscar_bad_frames', async (scene) => {
  const client = await misbehaving(scene);
  client.send(FlapChannel.hello, encode(login.flapHello, { version: 1, tlvs: { uin: String(scene.alice.uin) } }));
  await settled(client);
  client.destroy();
});

// ---------------------------------------------------------------- SNACs

abuse('a SNAC shorter than its header is forgiven twice, the third closes the connection', 'oscar_snacs_malformed', async (scene) => {
  const client = await misbehaving(scene);
  for (const length of [0, 9]) {
    client.send(FlapChannel.snac, new Uint8Array(length));
    await settled(client);
  }
  client.send(FlapChannel.snac, [0, 4, 0, 6]);
  await client.letGo();
});

abuse('a TLV that is longer than its packet holds what is there, and the session goes on', 'oscar_snacs_malformed', async (scene) => {
  const { alice } = scene;
  const client = await misbehaving(scene);
  // COMPAT: Jimm announces its capabilities so (oscar.md §1.3).
  client.rawSnac(Family.location, location.setInfo.subtype, [0, 5, 0x7f, 0xff, ...new Uint8Array(16)]);
  // A text fragment that says it is longer than TLV 02.
  const lying = [1, 1, 0x7f, 0xff, 0, 0, 0, 0, 0x68, 0x69];
  const request = client.rawSnac(Family.icbm, icbm.channelMsgToHost.subtype, [
    ...cookieLike(8),
    0,
    1,
    ...screenName(alice.uin),
    0,
    2,
    0,
    lying.length,
    ...lying,
  ]);
  await client.refusal(Family.icbm, request);
  await settled(client);
  client.destroy();
});

abuse('a name that is longer than its packet is answered with error 0E', 'oscar_snacs_malformed', async (scene) => {
  const client = await misbehaving(scene);
  const request = client.rawSnac(Family.icbm, icbm.channelMsgToHost.subtype, [...cookieLike(8), 0, 1, 0xff, 0x31]);
  assert.equal(await client.refusal(Family.icbm, request), ErrorCode.incorrectFormat);
  await settled(client);
  client.destroy();
});

abuse('a roster item that is longer than its packet is answered with error 0E and changes nothing', 'oscar_snacs_malformed', async (scene) => {
  const client = await misbehaving(scene);
  const request = client.rawSnac(Family.feedbag, feedbag.insertItems.subtype, [0, 1, 0x31, 0, 1, 0, 1, 0, 0, 0xff, 0xff, 0, 0]);
  assert.equal(await client.refusal(Family.feedbag, request), ErrorCode.incorrectFormat);
  const { items } = await client.ask(feedbag.query, {}, feedbag.reply);
  assert.deepEqual(
    items.filter(({ type }) => type === feedbag.ItemType.buddy),
    [],
  );
  client.destroy();
});

abuse('an ICQ block whose size lies is answered and not believed', 'oscar_snacs_malformed', async (scene) => {
  const client = await misbehaving(scene);
  const request = client.rawSnac(Family.icqMeta, icqMeta.request.subtype, [0, 1, 0, 10, 0xff, 0xff, ...le32(scene.mallory.uin), 0x3c, 0, 2, 0]);
  assert.equal(await client.refusal(Family.icqMeta, request), ErrorCode.incorrectFormat);
  await settled(client);
  client.destroy();
});

abuse('a subtype nobody knows is answered with error 08', 'oscar_snacs_unknown', async (scene) => {
  const client = await misbehaving(scene);
  assert.equal(await client.refusal(Family.icbm, client.rawSnac(Family.icbm, 0x7f, [1, 2, 3])), ErrorCode.notSupportedByHost);
  await settled(client);
  client.destroy();
});

abuse('a family nobody knows does not end the session', 'oscar_snacs_unknown', async (scene) => {
  const client = await misbehaving(scene);
  client.rawSnac(0x4242, 0x02, [1, 2, 3]);
  client.rawSnac(0x4242, 0x01, [0, 1]);
  await settled(client);
  client.destroy();
});

abuse('commands before sign-on are denied, and end the connection when they go on', 'oscar_snacs_before_sign_on', async ({ stage, alice, mallory }) => {
  const client = await signingOn(stage);
  const message = { cookie: cookieLike(8), channel: 1, recipient: String(alice.uin), tlvs: { imData: plain('psst'), store: true as const } };
  assert.equal(await client.refusal(Family.icbm, client.snac(icbm.channelMsgToHost, message)), ErrorCode.requestDenied);
  client.snac(oservice.clientOnline, { families: [] });
  client.snac(feedbag.insertItems, { items: [feedbag.makeItem(0, 1, 1, String(mallory.uin))] });
  await client.letGo();
});

// ---------------------------------------------------------------- in another's name

abuse('channel 4 in another’s name is refused and reaches nobody', 'oscar_snacs_forged', async (scene) => {
  const { alice, bob } = scene;
  const client = await misbehaving(scene);
  const data = encode(icbm.channel4Data, { uin: alice.uin, type: icbm.MessageType.plain, flags: 0, text: ascii('it is me'), tail: new Uint8Array(0) });
  const message = { cookie: cookieLike(8), channel: icbm.Channel.typed, recipient: String(bob.uin), tlvs: { data, store: true as const } };
  assert.equal(await client.refusal(Family.icbm, client.snac(icbm.channelMsgToHost, message)), ErrorCode.incorrectFormat);
  client.destroy();
});

abuse('nobody asks for another’s stored messages', 'oscar_snacs_forged', async (scene) => {
  const { stage, alice } = scene;
  const victim = await stage.person('victim');
  await alice.says(victim, 'for you alone');
  const client = await misbehaving(scene);
  for (const type of [icqMeta.IcqType.offlineRequest, icqMeta.IcqType.offlineDelete]) {
    const block = { owner: victim.uin, type, sequence: Uint8Array.of(2, 0), data: new Uint8Array(0) };
    assert.equal(await client.refusal(Family.icqMeta, client.snac(icqMeta.request, { block })), ErrorCode.insufficientRights);
  }
  await settled(client);
  assert.deepEqual(client.frames.filter(isMessage), []);
  client.destroy();
  await victim.signsOn();
  await victim.hears(alice, 'for you alone', { stored: true });
});

abuse('nobody is called back in another’s name', 'oscar_snacs_forged', async (scene) => {
  const { stage, alice } = scene;
  const client = await misbehaving(scene);
  const victim = await stage.person('victim');
  const other = await oldClient(stage, { uin: victim.uin, password: PASSWORD });
  const call = { uin: alice.uin, ip: '10.9.8.7', port: 5190, kind: 4, portTried: 5190, portAgain: 5190, version: 8, session: 1 };
  const service = encode(rendezvous.reverseConnection, call);
  assert.equal(await client.refusal(Family.icbm, sendsEnvelope(client, victim.uin, Capability.reverseConnection, service)), ErrorCode.notLoggedIn);
  await settled(other);
  assert.deepEqual(other.frames.filter(isMessage), []);
  client.destroy();
  other.destroy();
});

abuse('an acknowledgement of what one was never given reaches nobody', 'oscar_snacs_forged', async (scene) => {
  const { stage } = scene;
  const client = await misbehaving(scene);
  const [sender, recipient] = [await stage.person('sender'), await stage.person('recipient')];
  const from = await oldClient(stage, { uin: sender.uin, password: PASSWORD });
  const to = await oldClient(stage, { uin: recipient.uin, password: PASSWORD });
  const cookie = cookieLike(8);
  const service = encode(rendezvous.relayData, relayed('really'));
  sendsEnvelope(from, recipient.uin, Capability.serverRelay, service, cookie);
  await to.expect(icbm.channelMsgToClient);
  const answer = {
    cookie,
    channel: 2,
    screenName: String(sender.uin),
    reason: icbm.ClientErrReason.channelSpecific,
    data: encode(rendezvous.relayData, relayed('no')),
  };
  client.snac(icbm.clientErr, answer);
  client.snac(icbm.clientErr, { ...answer, cookie: cookieLike(8) });
  await settled(client);
  await settled(from);
  assert.deepEqual(from.frames.filter(isSnac(icbm.clientErr)), []);
  // The right one may, or this test would say nothing.
  to.snac(icbm.clientErr, answer);
  assert.equal((await from.expect(icbm.clientErr)).screenName, String(recipient.uin));
  for (const one of [client, from, to]) one.destroy();
});

// ---------------------------------------------------------------- too much

abuse('a message that is too long is refused and reaches nobody', 'oscar_snacs_refused', async (scene) => {
  const { stage, bob } = scene;
  const client = await misbehaving(scene);
  const imData = plain('x'.repeat(stage.config.limits.messageBytesMax + 1));
  const message = { cookie: cookieLike(8), channel: 1, recipient: String(bob.uin), tlvs: { imData, requestHostAck: true as const, store: true as const } };
  assert.equal(await client.refusal(Family.icbm, client.snac(icbm.channelMsgToHost, message)), ErrorCode.refusedByClient);
  client.destroy();
});

abuse(
  'of a list that is too long the rest is refused, item by item',
  'oscar_snacs_refused',
  async (scene) => {
    const client = await misbehaving(scene);
    const group = feedbag.makeItem(feedbag.ItemType.group, 1, 0, 'all');
    const contacts = Array.from({ length: 30 }, (_, i) => feedbag.makeItem(feedbag.ItemType.buddy, 1, i + 1, String(200_000 + i)));
    // An import, so that nobody has to exist.
    client.snac(feedbag.startCluster, { flags: feedbag.CLUSTER_IMPORT });
    const { results } = await client.ask(feedbag.insertItems, { items: [group, ...contacts] }, feedbag.status);
    assert.deepEqual(results, [...Array<number>(21).fill(feedbag.ItemResult.success), ...Array<number>(10).fill(feedbag.ItemResult.limitExceeded)]);
    const { items } = await client.ask(feedbag.query, {}, feedbag.reply);
    assert.equal(items.filter(({ type }) => type === feedbag.ItemType.buddy).length, 20);
    client.destroy();
  },
  { 'limits.contacts_max': 20 },
);

abuse('an item that is too large is refused', 'oscar_snacs_refused', async (scene) => {
  const client = await misbehaving(scene);
  const { success, invalid } = feedbag.ItemResult;
  const max = scene.stage.config.limits.rosterItemBytesMax;
  const named = (length: number): feedbag.FeedbagItem =>
    feedbag.makeItem(feedbag.ItemType.buddy, 1, 1, String(scene.bob.uin), { nickname: 'n'.repeat(length) });
  const group = feedbag.makeItem(feedbag.ItemType.group, 1, 0, 'all');
  const { results } = await client.ask(feedbag.insertItems, { items: [group, named(max), named(1_000)] }, feedbag.status);
  assert.deepEqual(results, [success, invalid, success]);
  client.destroy();
});

abuse(
  'names of a list that one client keeps are counted as well',
  'oscar_snacs_refused',
  async (scene) => {
    const client = await misbehaving(scene);
    const screenNames = Array.from({ length: 21 }, (_, i) => String(200_000 + i));
    assert.equal(await client.refusal(Family.buddy, client.snac(buddy.addBuddies, { screenNames })), ErrorCode.listOverflow);
    client.destroy();
  },
  { 'limits.contacts_max': 20 },
);

abuse('a profile that is too long is refused, and nobody gets it', 'oscar_snacs_refused', async (scene) => {
  const { stage, mallory } = scene;
  const client = await misbehaving(scene);
  const profile = new Uint8Array(stage.config.limits.profileBytesMax + 1).fill(0x41);
  assert.equal(
    await client.refusal(Family.location, client.snac(location.setInfo, { tlvs: { profileType: 'text/plain', profile } })),
    ErrorCode.refusedByClient,
  );
  const look = await client.ask(location.userInfoQuery, { type: location.InfoType.profile, screenName: String(mallory.uin) }, location.userInfoReply);
  assert.equal(look.tlvs.profile, undefined);
  client.destroy();
});

abuse('broken UTF-16 is shown as what cannot be shown, and nothing is dropped', 'oscar_texts_broken', async (scene) => {
  const { bob, mallory } = scene;
  const client = await misbehaving(scene);
  // A lone surrogate in the middle; an odd number of bytes.
  for (const [text, heard] of [
    [[0, 0x61, 0xd8, 0x00, 0, 0x62], 'a\ufffdb'],
    [[0xdc, 0x00, 0, 0x63], '\ufffdc'],
    [[0, 0x64, 0, 0x65, 0], 'de'],
  ] as const) {
    const imData = fragments(Charset.ucs2, text);
    await client.ask(
      icbm.channelMsgToHost,
      { cookie: cookieLike(8), channel: 1, recipient: String(bob.uin), tlvs: { imData, requestHostAck: true } },
      icbm.hostAck,
    );
    await bob.hears(mallory, heard);
  }
  client.destroy();
});

// ---------------------------------------------------------------- too slow

abuse(
  'who says nothing after connecting is let go',
  'oscar_timeouts_first_bytes',
  async ({ stage }) => {
    const client = await RawClient.greeted(stage);
    await client.letGo();
  },
  { 'limits.first_bytes_ms': 1_000 },
);

abuse(
  'who says one byte at a time is let go as well',
  'oscar_timeouts_sign_on',
  async ({ stage }) => {
    const client = await RawClient.greeted(stage);
    const hello = encodeFlap(FlapChannel.hello, 1, new Uint8Array(1_000));
    let at = 0;
    const drip = setInterval(() => client.write(hello.subarray(at, ++at)), 20);
    await client.letGo();
    clearInterval(drip);
    assert.ok(at > 1, 'it kept talking');
  },
  { 'limits.sign_on_ms': 1_500 },
);

abuse(
  'who signs on and never says that he is ready is let go',
  'oscar_timeouts_ready',
  async ({ stage, mallory }) => {
    const { bos, cookie } = await admitted(stage, { uin: mallory.uin, password: PASSWORD });
    const client = await shows(bos, cookie);
    await client.expect(oservice.hostOnline);
    assert.equal((await client.frame('the goodbye', ({ channel }) => channel === FlapChannel.close)).payload.length, 0);
    await client.letGo();
  },
  { 'limits.ready_ms': 1_000 },
);

abuse(
  'who never reads is let go, and what is stored for him waits',
  'oscar_slow_readers',
  async (scene) => {
    const { stage, alice, mallory } = scene;
    const reader = await misbehaving(scene);
    const friend = await stage.person('friend');
    const talker = await oldClient(stage, { uin: friend.uin, password: PASSWORD });
    reader.socket.pause();
    await alice.says(mallory, 'do you read me?');
    const offer = encode(rendezvous.fileOffer, { kind: 1, files: 1, totalBytes: 5, name: new Uint8Array(7_000).fill(0x41) });
    let given = 0;
    for (; given < 10_000; given++) {
      sendsEnvelope(talker, mallory.uin, Capability.fileTransfer, offer);
      const answer = await talker.frame('an answer', (frame) => isSnac(icbm.hostAck)(frame) || isSnac(icbm.error)(frame));
      if (isSnac(icbm.error)(answer)) break;
    }
    assert.ok(given > 8 && given < 10_000, `${given} envelopes of 7 KB were taken before the reader was given up`);
    reader.destroy();
    talker.destroy();
    await mallory.signsOn();
    await mallory.hears(alice, 'do you read me?', { stored: true });
  },
  { 'limits.send_queue_bytes_max': 65_536, 'limits.profile': 'bench' },
);

// ---------------------------------------------------------------- cookies

/** The connection ends, and channel 4 says why. */
async function turnedAway(client: RawClient): Promise<void> {
  const { payload } = await client.frame('the refusal', ({ channel }) => channel === FlapChannel.close);
  assert.deepEqual(payload, encode(login.loginAnswer, { error: login.AuthError.reservationTimeout, debug: 1 }));
  await client.letGo();
}

abuse('a cookie is good for one connection', 'oscar_cookies_repeated', async ({ stage, mallory }) => {
  const { bos, cookie } = await admitted(stage, { uin: mallory.uin, password: PASSWORD });
  const first = await shows(bos, cookie);
  await first.expect(oservice.hostOnline);
  await turnedAway(await shows(bos, cookie));
  await settled(first);
  first.destroy();
});

abuse(
  'a cookie that comes too late is not taken',
  'oscar_cookies_late',
  async ({ stage, alice, mallory }) => {
    const { bos, cookie } = await admitted(stage, { uin: mallory.uin, password: PASSWORD });
    const late = Date.now() + stage.config.limits.cookieMs;
    while (Date.now() <= late) await alice.settles();
    await turnedAway(await shows(bos, cookie));
  },
  // Long enough for two people to sign on, on a busy machine too.
  { 'limits.cookie_ms': 1_500, 'limits.profile': 'bench' },
);

abuse('a cookie of another server is not taken', 'oscar_cookies_forged', async ({ stage, mallory }) => {
  const elsewhere = await openStage();
  try {
    const stranger = await elsewhere.person('stranger');
    const { cookie } = await admitted(elsewhere, { uin: stranger.uin, password: PASSWORD });
    await turnedAway(await shows(stage, cookie));
  } finally {
    await elsewhere.close();
  }
  // Nor one that was made up, cut, or changed where the UIN stands.
  const { bos, cookie } = await admitted(stage, { uin: mallory.uin, password: PASSWORD });
  const changed = Uint8Array.from(cookie, (byte, i) => (i === 27 ? byte ^ 1 : byte));
  for (const bad of [cookieLike(256), new Uint8Array(0), cookie.subarray(0, 255), changed]) await turnedAway(await shows(bos, bad));
  const good = await shows(bos, cookie);
  await good.expect(oservice.hostOnline);
  good.destroy();
});

// ---------------------------------------------------------------- good input

const goodInput = async (scene: Scene): Promise<void> => {
  const { stage, alice, bob, mallory } = scene;
  const victim = await stage.person('victim');
  const client = await misbehaving(scene);
  const other = await oldClient(stage, { uin: victim.uin, password: PASSWORD });
  const { limits } = stage.config;
  const capabilities = [Capability.reverseConnection, Capability.serverRelay];
  for (const one of [client, other]) one.snac(location.setInfo, { tlvs: { capabilities } });
  // In his own name, and what he was asked.
  const data = encode(icbm.channel4Data, { uin: mallory.uin, type: icbm.MessageType.plain, flags: 0, text: ascii('it is me'), tail: new Uint8Array(0) });
  const typed = {
    cookie: cookieLike(8),
    channel: icbm.Channel.typed,
    recipient: String(bob.uin),
    tlvs: { data, requestHostAck: true as const, store: true as const },
  };
  await client.ask(icbm.channelMsgToHost, typed, icbm.hostAck);
  await bob.hears(mallory, 'it is me');
  for (const type of [icqMeta.IcqType.offlineRequest, icqMeta.IcqType.offlineDelete]) {
    client.snac(icqMeta.request, { block: { owner: mallory.uin, type, sequence: Uint8Array.of(2, 0), data: new Uint8Array(0) } });
  }
  const call = { uin: mallory.uin, ip: '10.9.8.7', port: 5190, kind: 4, portTried: 5190, portAgain: 5190, version: 8, session: 1 };
  await settled(other);
  sendsEnvelope(client, victim.uin, Capability.reverseConnection, encode(rendezvous.reverseConnection, call));
  await other.expect(icbm.channelMsgToClient);
  const cookie = cookieLike(8);
  sendsEnvelope(other, mallory.uin, Capability.serverRelay, encode(rendezvous.relayData, relayed('really')), cookie);
  await client.expect(icbm.channelMsgToClient);
  const { channelSpecific } = icbm.ClientErrReason;
  client.snac(icbm.clientErr, {
    cookie,
    channel: 2,
    screenName: String(victim.uin),
    reason: channelSpecific,
    data: encode(rendezvous.relayData, relayed('no')),
  });
  await other.expect(icbm.clientErr);
  // As much as may be.
  const group = feedbag.makeItem(feedbag.ItemType.group, 1, 0, 'all');
  const contact = feedbag.makeItem(feedbag.ItemType.buddy, 1, 1, String(bob.uin), { nickname: 'n'.repeat(1_000) });
  await client.ask(feedbag.insertItems, { items: [group, contact] }, feedbag.status);
  client.snac(buddy.addBuddies, { screenNames: [String(alice.uin)] });
  client.snac(location.setInfo, { tlvs: { profileType: 'text/plain', profile: new Uint8Array(limits.profileBytesMax).fill(0x41) } });
  // A character of two units, one cut between two fragments, and the one that stands for what cannot be shown.
  const cut = [
    { id: icbm.FragmentId.capabilities, version: 1, data: Uint8Array.of(1, 6) },
    ...[
      [0, 0x61, 0x04],
      [0x2f, 0xff, 0xfd],
    ].map((text) => ({ id: icbm.FragmentId.text, version: 1, data: Uint8Array.of(0, Charset.ucs2, 0, 0, ...text) })),
  ];
  for (const [imData, heard] of [
    [plain('x'.repeat(1_000)), 'x'.repeat(1_000)],
    [fragments(Charset.ucs2, [0xd8, 0x3d, 0xde, 0x00]), '\u{1f600}'],
    [encode(icbm.fragments, cut), 'aЯ\ufffd'],
  ] as const) {
    await client.ask(
      icbm.channelMsgToHost,
      { cookie: cookieLike(8), channel: 1, recipient: String(bob.uin), tlvs: { imData, requestHostAck: true } },
      icbm.hostAck,
    );
    await bob.hears(mallory, heard);
  }
  // Nobody is there: an answer like others.
  other.destroy();
  const asks = { type: location.InfoType.profile, screenName: '99999' };
  assert.equal(await client.refusal(Family.location, client.snac(location.userInfoQuery, asks)), ErrorCode.notLoggedIn);
  await settled(client);
  client.send(FlapChannel.close, []);
  await client.letGo();
};

observed('good input of the same kinds raises none of what bad input does', goodInput, (raised) => {
  assert.ok(ALARMS.size > 10 && [...ALARMS].every((alarm) => raised.has(alarm)), 'they exist');
  assert.deepEqual(
    [...raised].filter(([event, count]) => ALARMS.has(event) && count > 0),
    [],
  );
});

// ---------------------------------------------------------------- bytes

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const screenName = (uin: number): number[] => [String(uin).length, ...ascii(String(uin))];
const le32 = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

function fragments(charset: number, text: readonly number[] | Uint8Array): Uint8Array {
  return encode(icbm.fragments, [
    { id: icbm.FragmentId.capabilities, version: 1, data: Uint8Array.of(1) },
    { id: icbm.FragmentId.text, version: 1, data: encode(icbm.textFragment, { charset, subset: 0, text: Uint8Array.from(text) }) },
  ]);
}

const plain = (text: string): Uint8Array => fragments(Charset.ascii, ascii(text));

function isSnac({ family, subtype }: { readonly family: number; readonly subtype: number }): (frame: FlapFrame) => boolean {
  return ({ channel, payload }) => channel === FlapChannel.snac && payload[1] === family && payload[3] === subtype;
}

const isMessage = isSnac(icbm.channelMsgToClient);

/** @returns the request id */
function sendsEnvelope(from: RawClient, to: number, capability: string, service: Uint8Array, cookie: Uint8Array = cookieLike(8)): number {
  const data = encode(rendezvous.rendezvousData, { type: rendezvous.RendezvousType.request, cookie, capability, tlvs: { sequence: 1, service } });
  return from.snac(icbm.channelMsgToHost, { cookie, channel: icbm.Channel.rendezvous, recipient: String(to), tlvs: { data, requestHostAck: true } });
}

function relayed(text: string): rendezvous.RelayData {
  return {
    header: { version: 8, signature: new Uint8Array(16), unknown: 0, features: 3, kind: 0, sequence: 0xfffe },
    header2: { sequence: 0xfffe, zeros: new Uint8Array(12) },
    type: icbm.MessageType.plain,
    flags: 0,
    status: 0,
    priority: 1,
    text: ascii(text),
    tail: new Uint8Array(0),
  };
}
