/** One conversation in which every kind of packet that we send occurs, for programs that judge packets. */
import assert from 'node:assert/strict';
import { ClientError, nodePlatform, register, RequestRefused } from '@seekyou/client';
import { encode } from '@seekyou/wire';
import { Capability, ErrorCode, Family, feedbag, FlapChannel, type FlapFrame, icbm, icqMeta, location, login, oservice, rendezvous } from '@seekyou/wire/oscar';
import { Charset, encodeText } from '@seekyou/wire/text';
import { PASSWORD, Person, type Stage } from '../dialogue/stage.ts';
import { answerTo, cookieLike, oldClient, type RawClient, settled } from './raw-client.ts';
import type { Recorder } from './recorder.ts';

/** Everybody connects through the recorder. The stage's server must advertise the recorder's address. */
export async function wholeConversation(stage: Stage, recorder: Recorder): Promise<void> {
  const here = { server: recorder };
  const alice = await stage.person('alice', { codepage: 1251 });
  const bob = await stage.person('bob', { codepage: 1251 });
  const carol = await stage.person('carol', { authorisationRequired: true });
  const dave = await stage.person('dave');

  recorder.note('sign-on in three ways, one refused, and a new account');
  await alice.signsOn({ ...here, method: 'hashed' });
  await bob.signsOn({ ...here, method: 'hashed-old' });
  await carol.signsOn({ ...here, method: 'roasted' });
  await assert.rejects(carol.signsOn({ ...here, password: 'wrong' }), ClientError);
  assert.equal((await answerTo(recorder, { uin: dave.uin, password: 'wrong' }, 'roasted')).error, login.AuthError.mismatch);
  const erin = new Person('erin', await register(nodePlatform(), recorder, PASSWORD), stage);
  await erin.signsOn(here);
  const old = await oldClient(recorder, { uin: dave.uin, password: PASSWORD });

  recorder.note('rosters, the lists beside them, authorisation');
  await alice.client.add(bob.uin, 'Боб');
  await bob.client.add(alice.uin, 'Alice');
  await alice.client.add(dave.uin, 'Dave');
  await bob.client.add(dave.uin);
  await erin.client.add(bob.uin);
  await erin.client.rename(bob.uin, 'Bobby');
  await erin.client.list('ignore', alice.uin, true);
  await erin.client.list('ignore', alice.uin, false);
  await erin.client.remove(bob.uin);
  assert.deepEqual(await alice.client.add(carol.uin, 'Carol', 'это я'), { awaiting: true });
  await carol.expects('the request', (event) => event.type === 'authorisation-asked' && event.from === alice.uin);
  await carol.client.answerAuthorisation(alice.uin, true);
  await alice.expects('the grant', (event) => event.type === 'authorisation-answered' && event.granted);
  await alice.sees(carol, 'online');
  assert.deepEqual(await erin.client.add(carol.uin, 'Carol', 'me too'), { awaiting: true });
  await carol.expects('the request', (event) => event.type === 'authorisation-asked' && event.from === erin.uin);
  await carol.client.answerAuthorisation(erin.uin, false, 'no');
  await erin.expects('the refusal', (event) => event.type === 'authorisation-answered' && !event.granted);
  await rosterByHand(old, bob.uin);

  recorder.note('presence');
  for (const status of ['away', 'not-available', 'occupied', 'do-not-disturb', 'free-for-chat'] as const) {
    bob.client.setStatus(status);
    await alice.sees(bob, status);
  }
  bob.client.setIdle(600);
  await alice.expects('idle', (event) => event.type === 'presence' && event.uin === bob.uin && event.status.idleMinutes === 10);
  bob.client.setIdle(0);
  await alice.expects('no longer idle', (event) => event.type === 'presence' && event.uin === bob.uin && event.status.idleMinutes === undefined);
  bob.client.setStatus('online', true);
  await alice.sees(bob, 'offline');
  bob.client.setStatus('online');
  await alice.sees(bob, 'online');
  old.snac(location.setInfo, {
    tlvs: {
      profileType: 'text/aolrtf; charset="us-ascii"',
      profile: encodeText('about me', 1252).bytes,
      awayType: 'text/plain; charset="us-ascii"',
      away: encodeText('out', 1252).bytes,
    },
  });
  await settled(old);

  recorder.note('messages in every charset, typing');
  for (const text of ['hello', 'Привет, Вася', 'emoji 👩‍👩‍👧']) {
    await alice.says(bob, text);
    await bob.hears(alice, text);
  }
  alice.client.typing(bob.uin, 'begun');
  alice.client.typing(bob.uin, 'finished');
  await bob.expects('typing', (event) => event.type === 'typing' && event.typing === 'finished');
  await sendsPlain(old, bob.uin, Charset.codepage, 'caf\u00e9');
  await bob.hears(dave, 'caf\u00e9');
  await sendsPlain(old, bob.uin, Charset.binary, 'binary');
  await bob.hears(dave, 'binary');
  await alice.says(dave, 'Привет');
  await old.expect(icbm.channelMsgToClient);

  recorder.note('channel 4: text, URL, authorisation; channel 2: relayed text, its acknowledgement, a file');
  for (const [type, text] of [
    [icbm.MessageType.plain, 'typed'],
    [icbm.MessageType.url, 'a page\u00fehttp://example.org/'],
  ] as const) {
    await sendsTyped(old, dave.uin, bob.uin, type, text);
  }
  await bob.hears(dave, 'typed');
  await bob.expects('the page', (event) => event.type === 'url' && event.url === 'http://example.org/');
  await sendsTyped(old, dave.uin, carol.uin, icbm.MessageType.authRequest, 'D\u00feD\u00feD\u00fed@example.org\u00fe1\u00feplease');
  await carol.expects('the old request', (event) => event.type === 'authorisation-asked' && event.from === dave.uin);
  await carol.client.answerAuthorisation(dave.uin, true);
  await settled(old);
  await relayed(stage, recorder, old, dave);

  recorder.note('stored messages, in both forms');
  await bob.signsOff();
  await alice.sees(bob, 'offline');
  await alice.says(bob, 'are you there?');
  await alice.says(bob, 'где ты?');
  await bob.signsOn(here);
  await bob.hears(alice, 'are you there?', { stored: true });
  await bob.hears(alice, 'где ты?', { stored: true });
  old.send(FlapChannel.close, []);
  await old.letGo();
  await alice.sees(dave, 'offline');
  await alice.says(dave, 'for later');
  await alice.says(dave, 'на потом');
  const back = await oldClient(recorder, { uin: dave.uin, password: PASSWORD });
  await fetchesTheOldWay(back, dave.uin);

  recorder.note('errors, questions about people, the limits of speed');
  await assert.rejects(alice.client.send(4_000_000_000, 'hello?'), RequestRefused);
  await questions(back, dave.uin, carol.uin, bob.uin);
  await tooFast(back);

  recorder.note('a second sign-on ends the first; the server stops');
  const again = await oldClient(recorder, { uin: dave.uin, password: PASSWORD }, { way: 'hashed' });
  const kicked = await back.frame('the end of the first session', (frame) => frame.channel === FlapChannel.close);
  assert.deepEqual([...kicked.payload.subarray(0, 6)], [0, 9, 0, 2, 0, 1]);
  await back.letGo();
  await settled(again);
  await erin.leave();
  await stage.restart();
  await again.letGo();
}

/** What ICQ of then did with its roster: an import, a visible contact, presence of somebody not on it. */
async function rosterByHand(old: RawClient, friend: number): Promise<void> {
  old.snac(feedbag.startCluster, { flags: feedbag.CLUSTER_IMPORT });
  const group = feedbag.makeItem(feedbag.ItemType.group, 7, 0, 'Общие');
  const contact = feedbag.makeItem(feedbag.ItemType.buddy, 7, 1, String(friend), { nickname: 'Б' });
  const visible = feedbag.makeItem(feedbag.ItemType.permit, 0, 2, String(friend));
  await old.ask(feedbag.insertItems, { items: [group, contact, visible] }, feedbag.status);
  await old.ask(feedbag.updateItems, { items: [contact] }, feedbag.status);
  await old.ask(feedbag.deleteItems, { items: [visible] }, feedbag.status);
  old.snac(feedbag.endCluster, {});
  await settled(old);
}

async function sendsPlain(from: RawClient, to: number, charset: number, text: string): Promise<void> {
  const body = encodeText(text, 1252).bytes;
  const imData = encode(icbm.fragments, [
    { id: icbm.FragmentId.capabilities, version: 1, data: Uint8Array.of(1) },
    { id: icbm.FragmentId.text, version: 1, data: encode(icbm.textFragment, { charset, subset: 0, text: body }) },
  ]);
  const tlvs = { imData, requestHostAck: true as const, store: true as const };
  await from.ask(icbm.channelMsgToHost, { cookie: cookieLike(8), channel: icbm.Channel.plain, recipient: String(to), tlvs }, icbm.hostAck);
}

async function sendsTyped(from: RawClient, owner: number, to: number, type: number, text: string): Promise<void> {
  const data = encode(icbm.channel4Data, { uin: owner, type, flags: 0, text: encodeText(text, 1252).bytes, tail: new Uint8Array(0) });
  const tlvs = { data, requestHostAck: true as const, store: true as const };
  await from.ask(icbm.channelMsgToHost, { cookie: cookieLike(8), channel: icbm.Channel.typed, recipient: String(to), tlvs }, icbm.hostAck);
}

/** Two old clients: a text on channel 2, its acknowledgement, a request for an away text, a file, a reverse connection. */
async function relayed(stage: Stage, recorder: Recorder, old: RawClient, dave: Person): Promise<void> {
  const frank = await stage.person('frank');
  const other = await oldClient(recorder, { uin: frank.uin, password: PASSWORD });
  const text = encodeText('на канале 2', 65001).bytes;
  const tail = encode(rendezvous.plainTail, { foreground: 0, background: 0x00ffffff, format: rendezvous.TextFormat.utf8 });
  const cookie = cookieLike(8);
  await sendsEnvelope(old, frank.uin, Capability.serverRelay, encode(rendezvous.relayData, relay(icbm.MessageType.plain, text, tail)), cookie);
  const got = await other.expect(icbm.channelMsgToClient);
  assert.equal(got.channel, icbm.Channel.rendezvous);
  const answer = encode(rendezvous.relayData, relay(icbm.MessageType.plain, new Uint8Array(0), encode(rendezvous.plainTail, { foreground: 0, background: 0 })));
  other.snac(icbm.clientErr, { cookie, channel: 2, screenName: String(dave.uin), reason: icbm.ClientErrReason.channelSpecific, data: answer });
  assert.equal((await old.expect(icbm.clientErr)).screenName, String(frank.uin));

  const question = encode(rendezvous.relayData, relay(icbm.MessageType.autoAway, new Uint8Array(0), encode(rendezvous.plainTail, {})));
  await sendsEnvelope(old, frank.uin, Capability.serverRelay, question, cookieLike(8), [4, 0]);
  const offer = encode(rendezvous.fileOffer, { kind: 1, files: 1, totalBytes: 5, name: encodeText('a.txt\0', 1252).bytes });
  await sendsEnvelope(old, frank.uin, Capability.fileTransfer, offer, cookieLike(8), [4, 0]);
  const call = encode(rendezvous.reverseConnection, {
    uin: dave.uin,
    ip: '192.168.7.7',
    port: 4512,
    kind: 4,
    portTried: 4513,
    portAgain: 4512,
    version: 8,
    session: 77,
  });
  await sendsEnvelope(old, frank.uin, Capability.reverseConnection, call, cookieLike(8), [4, 0]);
  await settled(other);
  other.destroy();
}

function relay(type: number, text: Uint8Array, tail: Uint8Array): rendezvous.RelayData {
  return {
    header: { version: 8, signature: new Uint8Array(16), unknown: 0, features: 3, kind: 0, sequence: 0xfffe },
    header2: { sequence: 0xfffe, zeros: new Uint8Array(12) },
    type,
    flags: type === icbm.MessageType.plain ? 0 : icbm.MessageFlag.auto,
    status: 0,
    priority: 1,
    text,
    tail,
  };
}

/** @param codes of refusals that are right as well: whom one does not see is off line for these */
async function sendsEnvelope(
  from: RawClient,
  to: number,
  capability: string,
  service: Uint8Array,
  cookie: Uint8Array,
  codes: readonly number[] = [],
): Promise<void> {
  const data = encode(rendezvous.rendezvousData, {
    type: rendezvous.RendezvousType.request,
    cookie,
    capability,
    tlvs: { sequence: 1, requestHostCheck: true, ip: '192.168.7.7', port: 4512, service },
  });
  const tlvs = { data, requestHostAck: true as const };
  const request = from.snac(icbm.channelMsgToHost, { cookie, channel: icbm.Channel.rendezvous, recipient: String(to), tlvs });
  if (codes.length === 0) await from.expect(icbm.hostAck, request);
  else await settled(from);
}

/** 15/02 003C, 15/03 0041 … 0042, 15/02 003E. */
async function fetchesTheOldWay(client: RawClient, uin: number): Promise<void> {
  const { IcqType } = icqMeta;
  const block = (type: number, number: number): icqMeta.IcqBlock => ({ owner: uin, type, sequence: Uint8Array.of(number, 0), data: new Uint8Array(0) });
  const request = client.snac(icqMeta.request, { block: block(IcqType.offlineRequest, 2) });
  const types: number[] = [];
  while (types.at(-1) !== IcqType.offlineEnd) types.push((await client.expect(icqMeta.reply, request)).block?.type ?? 0);
  assert.ok(types.includes(IcqType.offlineMessage), 'stored messages in their own packet');
  client.snac(icqMeta.request, { block: block(IcqType.offlineDelete, 3) });
  await settled(client);
}

async function questions(client: RawClient, own: number, hidden: number, friend: number): Promise<void> {
  await client.ask(location.userInfoQuery, { type: location.InfoType.away, screenName: String(friend) }, location.userInfoReply);
  await client.ask(location.userInfoQuery2, { flags: location.InfoFlag.capabilities, screenName: String(friend) }, location.userInfoReply);
  assert.equal(await client.refusal(Family.location, client.snac(location.userInfoQuery, { type: 1, screenName: '4000000000' })), ErrorCode.notLoggedIn);
  assert.notEqual(hidden, friend);
  const meta = encode(icqMeta.metaRequestData, { subtype: 0x04b2, data: Uint8Array.of(0, 0, 0, 0) });
  const block = { owner: own, type: icqMeta.IcqType.metaRequest, sequence: Uint8Array.of(4, 0), data: meta };
  await client.ask(icqMeta.request, { block }, icqMeta.reply);
  assert.equal(await client.refusal(Family.icqMeta, client.snac(icqMeta.request, { block: { ...block, owner: friend } })), ErrorCode.insufficientRights);
  const { tlvs: picture } = await client.ask(oservice.serviceRequest, { family: Family.bart, tlvs: {} }, oservice.serviceResponse);
  assert.equal(picture.cookie?.length, 256);
  assert.equal(
    await client.refusal(Family.oservice, client.snac(oservice.serviceRequest, { family: Family.emailAlert, tlvs: {} })),
    ErrorCode.serviceUnavailable,
  );
  assert.equal(await client.refusal(Family.feedbag, client.rawSnac(Family.feedbag, 0x7f, [])), ErrorCode.notSupportedByHost);
}

/** AIM's directory is the class with the narrowest limits. */
async function tooFast(client: RawClient): Promise<void> {
  const { family, subtype } = oservice.rateParamChange;
  const isWarning = ({ channel, payload }: FlapFrame): boolean => channel === FlapChannel.snac && payload[1] === family && payload[3] === subtype;
  for (let i = 0; i < 20 && !client.frames.some(isWarning); i++) await client.ask(location.getDirInfo, { screenName: '10000' }, location.getDirReply);
  await client.expect(oservice.rateParamChange);
}
