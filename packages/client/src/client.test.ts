/** The library against a scripted server: what real servers rarely do and a client has to bear. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type Transport, transportPair } from '@seekyou/net';
import { decode, encode } from '@seekyou/wire';
import {
  buddy,
  decodeSnac,
  encodeFlap,
  encodeSnac,
  extended,
  FlapChannel,
  FlapDecoder,
  feedbag,
  icbm,
  icqMeta,
  location,
  login,
  loginHash,
  oservice,
  own,
  privacy,
  rendezvous,
  type Snac,
  type SnacDeclaration,
  SnacFlag,
  snacName,
} from '@seekyou/wire/oscar';
import { Client, type ClientEvent, connect, type ConnectOptions } from './client.ts';
import { ClientError, RequestRefused } from './errors.ts';
import type { Platform } from './login.ts';

const UIN = 100_001;
const md5 = (data: Uint8Array): Uint8Array => createHash('md5').update(data).digest();
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** One connection as the server sees it. */
class Line {
  readonly heard: Snac[] = [];
  keepAlives = 0;
  private readonly transport: Transport;
  private sequence = 0;

  constructor(transport: Transport, answer: (line: Line, snac: Snac) => void, hello: (line: Line, hello: login.FlapHello) => void) {
    this.transport = transport;
    const decoder = new FlapDecoder();
    transport.attach({
      received: (chunk) => {
        for (const frame of decoder.push(chunk)) {
          if (frame.channel === FlapChannel.hello) hello(this, decode(login.flapHello, frame.payload));
          if (frame.channel === FlapChannel.keepAlive) this.keepAlives++;
          if (frame.channel !== FlapChannel.snac) continue;
          const snac = decodeSnac(frame.payload);
          this.heard.push(snac);
          answer(this, snac);
        }
      },
      drained: () => {},
      closed: () => {},
    });
    this.frame(FlapChannel.hello, Uint8Array.of(0, 0, 0, 1));
  }

  frame(channel: number, payload: Uint8Array): void {
    this.transport.write(encodeFlap(channel, this.sequence++, payload));
  }

  say<T>(declaration: SnacDeclaration<T>, value: T, requestId = 0x80000001, flags = 0): void {
    this.frame(FlapChannel.snac, encodeSnac(declaration, value, requestId, flags));
  }

  raw(bytes: Uint8Array): void {
    this.transport.write(bytes);
  }

  cut(): void {
    this.transport.destroy();
  }
}

type Answers = Readonly<Record<string, (line: Line, snac: Snac) => void>>;

/** What an ordinary server answers; single answers are replaced by the tests. */
const ORDINARY: Answers = {
  '17/06': (line, { requestId }) => line.say(login.keyReply, { key: ascii('1187203965') }, requestId),
  '17/02': (line, { requestId, data }) => {
    const { hash, md5WithHashedPassword } = decode(login.loginRequest.body, data);
    const right = loginHash(md5, ascii('1187203965'), ascii('pass1234'), md5WithHashedPassword ? 'new' : 'old');
    const same = hash !== undefined && Buffer.from(hash).equals(right);
    line.say(
      login.loginReply,
      same ? { uin: String(UIN), address: 'bos.example:5190', cookie: new Uint8Array(256) } : { uin: String(UIN), error: 5 },
      requestId,
    );
  },
  '01/17': (line, { requestId }) => line.say(oservice.hostVersions, { versions: [] }, requestId),
  '01/06': (line, { requestId }) => line.say(oservice.rateParamsReply, { classes: [], groups: [] }, requestId),
  '02/02': (line, { requestId }) => line.say(location.rightsReply, { tlvs: {} }, requestId),
  '03/02': (line, { requestId }) => line.say(buddy.rightsReply, { tlvs: {} }, requestId),
  '04/04': (line, { requestId }) =>
    line.say(icbm.parameterReply, { channels: 2, flags: 3, lengthMax: 512, senderWarningMax: 999, receiverWarningMax: 999, intervalMs: 1000 }, requestId),
  '09/02': (line, { requestId }) => line.say(privacy.rightsReply, { tlvs: {} }, requestId),
  '13/02': (line, { requestId }) => line.say(feedbag.rightsReply, {}, requestId),
  '13/04': (line, { requestId }) => {
    // In two parts, as long lists come.
    const group = feedbag.makeItem(feedbag.ItemType.group, 1, 0, 'General');
    const bob = feedbag.makeItem(feedbag.ItemType.buddy, 1, 7, '100002', { nickname: 'Вася' });
    line.say(feedbag.reply, { version: 0, items: [group], time: 0 }, requestId, SnacFlag.more);
    line.say(feedbag.reply, { version: 0, items: [bob], time: 5 }, requestId);
  },
  '04/10': (line, { requestId }) => line.say(icbm.offlineRetrieveReply, {}, requestId),
};

interface Scene {
  readonly lines: Line[];
  readonly platform: Platform;
  /** Time that passes when a test says so. */
  readonly pass: (ms: number) => void;
}

function scene(answers: Answers = {}): Scene {
  const lines: Line[] = [];
  const timers = new Set<{ at: number; run: () => void }>();
  let now = 0;
  const table = { ...ORDINARY, ...answers };
  const answer = (line: Line, snac: Snac): void => table[snacName(snac)]?.(line, snac);
  const hello = (line: Line, { tlvs }: login.FlapHello): void => {
    if (tlvs.cookie !== undefined) line.say(oservice.hostOnline, { families: [1, 2, 3, 4, 9, 0x13, 0x15] });
    else if (tlvs.uin !== undefined) table['roasted']?.(line, { family: 0, subtype: 0, flags: 0, requestId: 0, data: new Uint8Array(0) });
  };
  return {
    lines,
    pass: (ms) => {
      now += ms;
      for (const timer of timers) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.run();
      }
    },
    platform: {
      md5,
      dialSecure: () => Promise.reject(new Error('nothing is encrypted here')),
      scram: { sha256: md5, hmac: md5, salted: (password) => Promise.resolve(password) },
      random: (bytes) => new Uint8Array(bytes).fill(lines.length + 1),
      timers: {
        now: () => now,
        after: (ms, run) => {
          const timer = { at: now + ms, run };
          timers.add(timer);
          return () => void timers.delete(timer);
        },
      },
      dial: () => {
        const { client, server } = transportPair();
        lines.push(new Line(server, answer, hello));
        return Promise.resolve(client);
      },
    },
  };
}

const OPTIONS: ConnectOptions = { server: { host: 'login.example', port: 5190 }, uin: UIN, password: 'pass1234', tls: 'off' };

async function online(
  answers: Answers = {},
  options: Partial<ConnectOptions> = {},
): Promise<Scene & { readonly client: Client; readonly bos: Line; readonly events: ClientEvent[] }> {
  const made = scene(answers);
  const client = await connect(made.platform, { ...OPTIONS, ...options });
  const events: ClientEvent[] = [];
  client.listen((event) => events.push(event));
  return { ...made, client, bos: made.lines[1] as Line, events };
}

/** Everything that is on its way has arrived. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

const codeOf = (code: string) => (error: unknown) => error instanceof ClientError && error.code === code;

test('a sign-on goes from the key to the roster, and the roster may come in parts', async () => {
  const { client, lines } = await online();
  assert.equal(lines.length, 2);
  assert.deepEqual(client.contacts(), [{ uin: 100_002, nickname: 'Вася', group: 'General', awaiting: false }]);
});

test('a wrong password is told, by the hash and by the key request alike', async () => {
  await assert.rejects(connect(scene().platform, { ...OPTIONS, password: 'wrong' }), codeOf('wrong-password'));
  const early = scene({ '17/06': (line, { requestId }) => line.say(login.loginReply, { uin: String(UIN), error: 1 }, requestId) });
  await assert.rejects(connect(early.platform, OPTIONS), codeOf('wrong-password'));
});

test('a server that lets no old clients in is said to', async () => {
  const refusing = scene({
    '17/02': (line, { requestId }) => line.say(login.loginReply, { uin: String(UIN), error: login.AuthError.upgradeRequired }, requestId),
  });
  await assert.rejects(connect(refusing.platform, OPTIONS), /lets no old clients in/);
});

test('a connection beside the session is trusted by any key that was named, and by no other', async () => {
  const [one, two, three] = ['A', 'E', 'I'].map((letter) => `SHA256:${letter.repeat(43)}`) as [string, string, string];
  const beside = (fingerprint: string): Promise<unknown> => {
    const { platform } = scene();
    const dialSecure = async () => ({ transport: await platform.dial('', 0), fingerprint });
    return new Client({ ...platform, dialSecure }, { ...OPTIONS, tls: 'require', pins: [one, two] }).beside('room.example:5190');
  };
  await beside(one);
  await beside(two);
  await assert.rejects(beside(three), codeOf('key-changed'));
});

for (const [error, code] of [
  [0x11, 'suspended'],
  [0x18, 'too-fast'],
  [0x02, 'unavailable'],
  [0x08, 'refused'],
  [0x7777, 'refused'],
] as const) {
  test(`error ${error.toString(16)} of a roasted sign-on is ${code}`, async () => {
    const made = scene({ roasted: (line) => line.frame(FlapChannel.close, encode(login.loginAnswer, { uin: String(UIN), error })) });
    await assert.rejects(connect(made.platform, { ...OPTIONS, method: 'roasted' }), codeOf(code));
  });
}

test('a server that closes in the middle of the set-up ends it with a reason', async () => {
  await assert.rejects(connect(scene({ '13/02': (line) => line.cut() }).platform, OPTIONS), codeOf('closed'));
});

test('a server that does not answer is given up after half a minute', async () => {
  const made = scene({ '01/17': () => {} });
  const attempt = connect(made.platform, OPTIONS);
  const refused = assert.rejects(attempt, codeOf('timeout'));
  await settle();
  made.pass(30_001);
  await refused;
});

test('what is no OSCAR at all ends the connection', async () => {
  const { bos, events } = await online();
  bos.raw(ascii('HTTP/1.0 400 Bad Request\r\n'));
  await settle();
  assert.deepEqual(
    events.map((event) => event.type === 'closed' && event.error.code),
    ['protocol'],
  );
});

test('a packet that cannot be read is passed over, and the next one is heard', async () => {
  const { bos, events } = await online();
  bos.frame(FlapChannel.snac, Uint8Array.of(0, 4, 0, 7, 0, 0, 0x80, 0, 0, 1, 1, 2, 3));
  bos.say(feedbag.youWereAdded, { screenName: '100002', tlvs: {} });
  await settle();
  assert.deepEqual(
    events.map((event) => event.type),
    ['trouble', 'added-by'],
  );
});

test('keep-alives, unknown families and answers nobody waits for change nothing', async () => {
  const { bos, events, client } = await online();
  bos.frame(FlapChannel.keepAlive, new Uint8Array(0));
  bos.frame(FlapChannel.snac, Uint8Array.of(0, 0x77, 0, 1, 0, 0, 0, 0, 0, 9));
  bos.say(feedbag.status, { results: [0] }, 12_345);
  await settle();
  assert.deepEqual(events, []);
  assert.equal(client.contacts().length, 1);
});

const messageFrom = (more: Partial<icbm.ChannelMsgToClient['tlvs']>): icbm.ChannelMsgToClient => ({
  cookie: new Uint8Array(8),
  channel: icbm.Channel.plain,
  sender: { screenName: '100002', warningLevel: 0, tlvs: {} },
  tlvs: { imData: encode(icbm.fragments, [{ id: 1, version: 1, data: Uint8Array.of(0, 0, 0, 0, 0x68, 0x69) }]), ...more },
});

test('a message that is delivered twice is heard once and acknowledged twice', async () => {
  const { bos, events } = await online();
  bos.say(icbm.channelMsgToClient, messageFrom({ messageId: 41 }));
  bos.say(icbm.channelMsgToClient, messageFrom({ messageId: 41 }));
  await settle();
  assert.deepEqual(
    events.map((event) => event.type === 'message' && event.text),
    ['hi'],
  );
  const acknowledged = bos.heard.filter((snac) => snacName(snac) === '5359/02').flatMap((snac) => decode(own.delivered.body, snac.data).messageIds);
  assert.deepEqual(acknowledged, [41, 41]);
});

/** 04/07 of channel 4. */
const typedFrom = (type: number, text: string, more: { readonly tail?: Uint8Array; readonly messageId?: number } = {}): icbm.ChannelMsgToClient => {
  const { tail = new Uint8Array(0), messageId } = more;
  const data = encode(icbm.channel4Data, { uin: 100_002, type, flags: 0, text: Uint8Array.from(text, (c) => c.charCodeAt(0)), tail });
  return { ...messageFrom({}), channel: icbm.Channel.typed, tlvs: { data, ...(messageId === undefined ? {} : { messageId }) } };
};

const pluginTail = (guid: string, text: Uint8Array): Uint8Array =>
  encode(rendezvous.pluginTail, { header: { guid, function: 0, name: 'plug-in', flags: new Uint8Array(15) }, body: { text, tail: new Uint8Array(0) } });

test('typed messages of every kind are heard, and one nobody knows is said to have come', async () => {
  const { bos, events } = await online();
  const { MessageType } = icbm;
  const { PluginGuid } = extended;
  const sms = '<sms_message><source>ICQ</source><sender>48123</sender><text>a &amp; b</text><time>x</time></sms_message>';
  for (const [index, message] of [
    typedFrom(MessageType.plain, 'hi', { messageId: 1 }),
    typedFrom(MessageType.contacts, '2\u00fe100003\u00feCarl\u00fe100004\u00feDora\u00fe', { messageId: 2 }),
    typedFrom(MessageType.webPager, 'Ann\u00fe\u00fe\u00feann@x.test\u00fe3\u00feSender IP: 1.2.3.4\r\nhello', { messageId: 3 }),
    typedFrom(MessageType.emailExpress, 'Ann\u00fe\u00fe\u00feann@x.test\u00fe3\u00feSubject: x\r\nhello', { messageId: 4 }),
    typedFrom(MessageType.webPager, 'only words', { messageId: 5 }),
    typedFrom(MessageType.plugin, '', { tail: pluginTail(PluginGuid.sms, ascii(sms)), messageId: 6 }),
    typedFrom(MessageType.plugin, '', { tail: pluginTail(PluginGuid.contacts, ascii('0')), messageId: 7 }),
    typedFrom(MessageType.plugin, '', { tail: pluginTail(PluginGuid.greetingCard, ascii('?')), messageId: 8 }),
    typedFrom(0x77, '?', { messageId: 9 }),
    // His program asks ours why we are away: nothing was said.
    typedFrom(MessageType.autoAway, ''),
  ].entries())
    bos.say(icbm.channelMsgToClient, message, 0x80000001 + index);
  await settle();
  const when = { from: 100_002, time: '1970-01-01T00:00:00.000Z', stored: false };
  const contacts = [
    { uin: 100_003, nickname: 'Carl' },
    { uin: 100_004, nickname: 'Dora' },
  ];
  const ann = { type: 'notice', name: 'Ann', email: 'ann@x.test', ...when };
  assert.deepEqual(events, [
    { type: 'message', text: 'hi', ...when },
    { type: 'contacts', contacts, ...when },
    { ...ann, text: 'Sender IP: 1.2.3.4\r\nhello' },
    { ...ann, text: 'Subject: x\r\nhello' },
    { type: 'notice', name: '', email: '', text: 'only words', ...when },
    { type: 'message', text: 'a & b', ...when },
    { type: 'contacts', contacts: [], ...when },
    { type: 'trouble', packet: 'message type 26', message: 'sent by 100002, not known' },
    { type: 'trouble', packet: 'message type 119', message: 'sent by 100002, not known' },
  ]);
});

test('authorisation that is delivered twice is heard once and acknowledged twice', async () => {
  const { bos, events } = await online();
  const notice = { screenName: '100003', reason: ascii('hi'), charsets: 1, charset: 'utf-8' };
  for (let time = 0; time < 2; time++) {
    bos.say(feedbag.authorizeRequested, { ...notice, tlvs: { messageId: 41 } });
    bos.say(feedbag.authorizeResponded, { ...notice, granted: 0, tlvs: { messageId: 42 } });
    bos.say(feedbag.preAuthorized, { ...notice, tlvs: { messageId: 43 } });
    bos.say(feedbag.youWereAdded, { screenName: '100003', charsets: 0, tlvs: { messageId: 44 } });
  }
  await settle();
  assert.deepEqual(events.map(({ type }) => type).sort(), ['added-by', 'authorisation-answered', 'authorisation-answered', 'authorisation-asked']);
  const acknowledged = bos.heard.filter((snac) => snacName(snac) === '5359/02').flatMap((snac) => decode(own.delivered.body, snac.data).messageIds);
  assert.deepEqual(acknowledged, [41, 42, 43, 44, 41, 42, 43, 44]);
});

test('a server that is not ours hears nothing of ids', async () => {
  const { bos, events } = await online();
  bos.say(icbm.channelMsgToClient, messageFrom({}));
  bos.say(icbm.channelMsgToClient, messageFrom({}));
  await settle();
  assert.equal(events.length, 2);
  assert.ok(!bos.heard.some((snac) => snac.family === 0x5359));
});

test('where 04/10 is unknown, stored messages come by family 15 and are confirmed', async () => {
  const offline = (line: Line, { requestId, data }: Snac): void => {
    const { block } = decode(icqMeta.request.body, data);
    if (block?.type !== icqMeta.IcqType.offlineRequest) return;
    const stored = {
      sender: 100_002,
      year: 2003,
      month: 6,
      day: 30,
      hour: 9,
      minute: 15,
      messageType: 1,
      flags: 0,
      text: ascii('see you'),
      plugin: new Uint8Array(0),
    };
    const part = (type: number, bytes: Uint8Array): icqMeta.Reply => ({ block: { owner: UIN, type, sequence: Uint8Array.of(2, 0), data: bytes } });
    line.say(icqMeta.reply, part(icqMeta.IcqType.offlineMessage, encode(icqMeta.offlineMessage.body, stored)), requestId, SnacFlag.more);
    line.say(icqMeta.reply, part(icqMeta.IcqType.offlineEnd, Uint8Array.of(0)), requestId);
  };
  const { bos, events } = await online({ '04/10': (line, { requestId }) => line.say(icbm.error, { code: 8, tlvs: {} }, requestId), '15/02': offline });
  assert.deepEqual(events, [{ type: 'message', from: 100_002, text: 'see you', time: '2003-06-30T09:15:00.000Z', stored: true }]);
  const asked = bos.heard.filter((snac) => snacName(snac) === '15/02').map((snac) => decode(icqMeta.request.body, snac.data).block?.type);
  assert.deepEqual(asked, [icqMeta.IcqType.offlineRequest, icqMeta.IcqType.offlineDelete]);
});

test('a refused message is told with its reason, and the session goes on', async () => {
  const { client, events } = await online({ '04/06': (line, { requestId }) => line.say(icbm.error, { code: 4, tlvs: {} }, requestId) });
  await assert.rejects(client.send(100_002, 'hi'), (error) => error instanceof RequestRefused && error.code === 4);
  assert.deepEqual(events, []);
});

test('what is far too long is refused before it has bytes', async () => {
  const { client, bos } = await online();
  await assert.rejects(client.send(100_002, 'x'.repeat(70_000)), (error) => error instanceof RequestRefused && error.code === 10);
  assert.ok(!bos.heard.some((snac) => snacName(snac) === '04/06'));
});

test('a contact that is not there, or cannot be, is said to be that', async () => {
  const edited = (result: number) => (line: Line, snac: Snac) => line.say(feedbag.status, { results: [result] }, snac.requestId);
  const { client } = await online({ '13/08': edited(feedbag.ItemResult.invalid), '13/09': edited(feedbag.ItemResult.notFound) });
  await assert.rejects(client.rename(100_999, 'Bob'), /renaming 100999: 100999 is not in your contacts/);
  await assert.rejects(client.rename(100_002, 'Bob'), /renaming 100002: it is not in the list/);
  await assert.rejects(client.add(100_999), /adding 100999: there is no such UIN/);
});

test('what was to be asked or granted and did not leave before the line broke is not done', async () => {
  const rate = { id: 1, window: 10, clear: 1_000, alert: 1_000, limit: 600, disconnect: 300, current: 1_280, max: 2_000, lastMs: 0, state: 0 };
  const paced = (line: Line, { requestId }: Snac): void =>
    line.say(oservice.rateParamsReply, { classes: [rate], groups: [{ id: 1, snacs: [0x18, 0x1a].map((subtype) => ({ family: 0x13, subtype })) }] }, requestId);
  const { client, bos } = await online({ '01/06': paced }, { reconnect: true });
  await client.requestAuthorisation(100_002, 'it is me');
  await client.answerAuthorisation(100_002, true);
  assert.deepEqual(
    bos.heard.map((snac) => snacName(snac)).filter((name) => name === '13/18' || name === '13/1A'),
    ['13/18', '13/1A'],
  );
  const waiting = assert.rejects(client.answerAuthorisation(100_002, true), codeOf('closed'));
  await settle();
  bos.cut();
  await waiting;
  await assert.rejects(client.requestAuthorisation(100_002, 'it is me'), codeOf('closed'));
  await assert.rejects(client.answerAuthorisation(100_002, true), codeOf('closed'));
  client.close();
});

test('what waits for an answer when the line breaks is told', async () => {
  const { client, bos, events } = await online({ '04/06': () => {} });
  const sent = assert.rejects(client.send(100_002, 'hi'), codeOf('closed'));
  await settle();
  bos.cut();
  await sent;
  assert.deepEqual(
    events.map((event) => event.type),
    ['closed'],
  );
});

test('an away text that does not come is waited for 30 seconds, and no longer than the line holds', async () => {
  const user = { screenName: '100002', warningLevel: 0, tlvs: {} };
  const { client, bos, pass } = await online({
    '02/05': (line, { requestId }) => line.say(location.userInfoReply, { user, tlvs: {} }, requestId),
    '04/06': (line, { requestId }) => line.say(icbm.hostAck, { cookie: new Uint8Array(8), channel: 2, recipient: '100002' }, requestId),
  });
  const late = assert.rejects(client.awayTexts.of(100_002), codeOf('timeout'));
  await settle();
  pass(30_000);
  await late;
  const cut = assert.rejects(client.awayTexts.of(100_002), codeOf('closed'));
  await settle();
  bos.cut();
  await cut;
  assert.throws(() => client.awayTexts.set('x'.repeat(4_097)), RequestRefused);
});

test('being signed on elsewhere is told apart from a broken line', async () => {
  const { bos, events } = await online();
  bos.frame(FlapChannel.close, encode(login.signOffNotice, { reason: login.SignOffReason.signedOnElsewhere }));
  await settle();
  assert.deepEqual(
    events.map((event) => event.type === 'closed' && event.error.code),
    ['signed-on-elsewhere'],
  );
});

test('it says each minute that it is still here', async () => {
  const { pass, bos } = await online();
  pass(59_000);
  await settle();
  assert.equal(bos.keepAlives, 0);
  for (const minute of [1, 2]) {
    pass(60_000);
    await settle();
    assert.equal(bos.keepAlives, minute);
  }
});

test('a group that is missing is made before the first contact', async () => {
  const edits: number[] = [];
  const edit = (line: Line, { requestId, data, subtype }: Snac): void => {
    const { items } = decode(feedbag.insertItems.body, data);
    edits.push(...items.map((item) => item.type));
    line.say(feedbag.status, { results: items.map(() => (subtype === 8 ? 0 : 2)) }, requestId);
  };
  const { client } = await online({ '13/04': (line, { requestId }) => line.say(feedbag.reply, { version: 0, items: [], time: 5 }, requestId), '13/08': edit });
  assert.deepEqual(await client.add(100_002, 'Bob'), { awaiting: false });
  assert.deepEqual(edits, [feedbag.ItemType.group, feedbag.ItemType.buddy]);
  assert.equal(client.contacts()[0]?.nickname, 'Bob');
});

// ---------------------------------------------------------------- the roster

/** A server's roster of one group: what is under a key is there already, and some people want to be asked. */
function rosterServer(required: readonly string[] = []): { readonly answers: Answers; readonly keys: Map<string, string> } {
  const keys = new Map([['1/0', 'General']]);
  const general = feedbag.makeItem(feedbag.ItemType.group, 1, 0, 'General');
  const insert = (line: Line, { requestId, data }: Snac): void => {
    const results = decode(feedbag.insertItems.body, data).items.map((item) => {
      const key = `${item.groupId}/${item.itemId}`;
      const name = feedbag.itemName(item);
      if (keys.has(key)) return feedbag.ItemResult.alreadyExists;
      const isMarked = feedbag.attributesOf(item).awaitingAuthorization === true;
      if (required.includes(name) && item.type === feedbag.ItemType.buddy && !isMarked) return feedbag.ItemResult.authorizationRequired;
      keys.set(key, name);
      return feedbag.ItemResult.success;
    });
    line.say(feedbag.status, { results }, requestId);
  };
  return {
    keys,
    answers: {
      '13/04': (line, { requestId }) => line.say(feedbag.reply, { version: 0, items: [general], time: 5 }, requestId),
      '13/08': insert,
      '13/09': (line, { requestId }) => line.say(feedbag.status, { results: [0] }, requestId),
    },
  };
}

/** The names of the packets of one family that a line heard after its set-up, without 13/11 and 13/12. */
const rosterTalk = (line: Line): string[] => {
  const names = line.heard.map((snac) => snacName(snac));
  return names.slice(names.indexOf('13/07') + 1).filter((name) => name.startsWith('13/') && name !== '13/11' && name !== '13/12');
};

test('what another session edits right behind the roster is not lost with it', async () => {
  const frames: Uint8Array[] = [];
  const { client } = await online({
    '13/04': (line, { requestId }) => {
      const [group, bob] = [feedbag.makeItem(feedbag.ItemType.group, 1, 0, 'General'), feedbag.makeItem(feedbag.ItemType.buddy, 1, 7, '100002')];
      const roster = encodeSnac(feedbag.reply, { version: 0, items: [group], time: 5 }, requestId, 0);
      const edit = encodeSnac(feedbag.insertItems, { items: [bob] }, 0x80000001, 0);
      frames.push(roster, edit);
      line.raw(Buffer.concat(frames.map((snac, at) => encodeFlap(FlapChannel.snac, 0x100 + at, snac))));
    },
  });
  assert.deepEqual(
    client.contacts().map(({ uin }) => uin),
    [100_002],
  );
});

test('edits of the roster at once are made one after the other', async () => {
  const { answers, keys } = rosterServer();
  const { client } = await online(answers);
  const done = await Promise.all([
    client.add(100_002),
    client.add(100_003),
    client.add(100_002),
    client.list('ignore', 100_004, true),
    client.list('invisible', 100_004, true),
  ]);
  assert.deepEqual(done.slice(0, 3), [{ awaiting: false }, { awaiting: false }, { awaiting: false }]);
  assert.deepEqual([...keys.values()], ['General', '100002', '100003', '100004', '100004']);
});

test('an edit that is refused keeps none of those behind it', async () => {
  const { answers, keys } = rosterServer();
  const { client } = await online(answers);
  const refused = assert.rejects(client.rename(100_002, 'Bob'), /is not in your contacts/);
  await client.add(100_003);
  await refused;
  assert.deepEqual([...keys.values()], ['General', '100003']);
});

test('an id that another session took is left to it; a person it added is there', async () => {
  const { answers, keys } = rosterServer();
  const { client, bos } = await online(answers);
  keys.set('1/1', '100005');
  assert.deepEqual(await client.add(100_003), { awaiting: false });
  assert.deepEqual(keys.get('1/2'), '100003');
  keys.set('1/3', '100004');
  const adding = client.add(100_004);
  bos.say(feedbag.insertItems, { items: [feedbag.makeItem(feedbag.ItemType.buddy, 1, 3, '100004')] });
  assert.deepEqual(await adding, { awaiting: false });
  assert.deepEqual([...keys.values()], ['General', '100005', '100003', '100004']);
});

test('an id that stays taken is said to be that', async () => {
  const { client } = await online({ '13/08': (line, { requestId }) => line.say(feedbag.status, { results: [feedbag.ItemResult.alreadyExists] }, requestId) });
  await assert.rejects(client.add(100_003), /adding 100003: it is in the list already/);
});

test('whoever wants to be asked is asked before he stands in the list, and again when he is added again', async () => {
  const { answers } = rosterServer(['100003']);
  const { client, bos } = await online(answers);
  assert.deepEqual(await client.add(100_003, 'Carol', 'it is me'), { awaiting: true });
  assert.deepEqual(rosterTalk(bos), ['13/08', '13/18', '13/02', '13/08']);
  assert.deepEqual(await client.add(100_003, 'Carol', 'please'), { awaiting: true });
  assert.deepEqual(rosterTalk(bos).slice(4), ['13/18', '13/02']);
});

test('a question or an answer that is refused is told, and nobody waits for it', async () => {
  const refuse =
    (code: number) =>
    (line: Line, { requestId }: Snac): void =>
      line.say(feedbag.error, { code, tlvs: {} }, requestId);
  const { answers, keys } = rosterServer(['100003']);
  const { client } = await online({ ...answers, '13/18': refuse(0x03), '13/1A': refuse(0x0a) });
  await assert.rejects(client.add(100_003, 'Carol', 'it is me'), /asking 100003 for authorisation: too fast; wait a little/);
  assert.deepEqual([...keys.values()], ['General']);
  assert.deepEqual(client.contacts(), []);
  await assert.rejects(client.answerAuthorisation(100_003, true, 'x'), (error) => error instanceof RequestRefused && error.code === 0x0a);
});

test('a question is not refused because the one behind it is', async () => {
  let isUp = false;
  const { client } = await online({
    '13/02': (line, { requestId }) => (isUp ? line.say(feedbag.error, { code: 3, tlvs: {} }, requestId) : line.say(feedbag.rightsReply, {}, requestId)),
  });
  isUp = true;
  await client.requestAuthorisation(100_002, 'it is me');
});

test('who is let in at once does not wait in the list', async () => {
  const { answers } = rosterServer(['100003']);
  const { client, events } = await online({
    ...answers,
    '13/18': (line) => line.say(feedbag.authorizeResponded, { screenName: '100003', granted: 1, reason: ascii('yes'), tlvs: {} }),
  });
  await client.add(100_003);
  await settle();
  assert.equal(client.contacts()[0]?.awaiting, false);
  assert.equal(events.at(-1)?.type, 'authorisation-answered');
});

test('what another client left in the roster about who sees us is put right, and a roster without it left alone', async () => {
  const { answers } = rosterServer();
  const withMode = (visibilityMode: number): Answers => {
    const item = feedbag.makeItem(feedbag.ItemType.visibility, 0, 9, '', { visibilityMode });
    return { ...answers, '13/04': (line, { requestId }) => line.say(feedbag.reply, { version: 0, items: [item], time: 5 }, requestId) };
  };
  const modes = (line: Line): (number | undefined)[] =>
    line.heard
      .filter((snac) => snacName(snac) === '13/09')
      .flatMap(({ data }) => decode(feedbag.updateItems.body, data).items.map((item) => feedbag.attributesOf(item).visibilityMode));
  for (const [mode, expected] of [
    [1, []],
    [2, [4, 3, 4]],
    [3, [4, 3, 4]],
    [4, [3, 4]],
    [5, []],
  ] as const) {
    const { client, bos } = await online(withMode(mode));
    for (const invisible of [false, true, false]) {
      client.setStatus('away', invisible);
      await settle();
    }
    assert.deepEqual(modes(bos), expected, `mode ${mode}`);
  }
  const without = await online(answers);
  without.client.setStatus('online', true);
  await settle();
  assert.deepEqual(rosterTalk(without.bos), []);
});

test('ids of messages that came together are acknowledged together', async () => {
  const { bos } = await online();
  for (const messageId of [41, 42, 43]) bos.say(icbm.channelMsgToClient, messageFrom({ messageId }));
  await settle();
  const acknowledged = bos.heard.filter((snac) => snacName(snac) === '5359/02').map((snac) => decode(own.delivered.body, snac.data).messageIds);
  assert.deepEqual(acknowledged, [[41, 42, 43]]);
});

test('what is sent too fast for the announced rates waits for its turn instead of being refused', async () => {
  const rate = { id: 1, window: 10, clear: 1_000, alert: 1_000, limit: 600, disconnect: 300, current: 1_200, max: 2_000, lastMs: 0, state: 0 };
  const { client, bos, pass } = await online({
    '01/06': (line, { requestId }) =>
      line.say(oservice.rateParamsReply, { classes: [rate], groups: [{ id: 1, snacs: [{ family: 4, subtype: 6 }] }] }, requestId),
    '04/06': (line, { requestId, data }) => {
      const { cookie, channel, recipient } = decode(icbm.channelMsgToHost.body, data);
      line.say(icbm.hostAck, { cookie, channel, recipient }, requestId);
    },
  });
  const heard = (): number => bos.heard.filter((snac) => snacName(snac) === '04/06').length;
  const sent = [1, 2, 3].map((n) => client.send(100_002, `message ${n}`));
  await settle();
  assert.equal(heard(), 1);
  pass(280);
  await settle();
  assert.equal(heard(), 2);
  pass(1_000);
  await Promise.all(sent);
  assert.equal(heard(), 3);
});

// ---------------------------------------------------------------- coming back

test('a client that may comes back by itself, with its status, and hears what it had not heard', async () => {
  const { client, lines, bos, events, pass } = await online({}, { reconnect: true });
  client.setStatus('away');
  client.awayTexts.set('gone fishing');
  bos.say(icbm.channelMsgToClient, messageFrom({ messageId: 41 }));
  await settle();
  bos.cut();
  await settle();
  const lost = events.at(-1);
  assert.ok(lost?.type === 'reconnecting' && lost.error.code === 'closed');
  assert.ok(lost.inMs >= 500 && lost.inMs <= 1_000, `${lost.inMs} ms`);
  assert.equal(lines.length, 2);
  await assert.rejects(client.send(100_002, 'hi'), codeOf('closed'), 'what is said meanwhile is not lost silently');
  pass(lost.inMs);
  await settle();
  await settle();
  assert.equal(lines.length, 4);
  assert.equal(events.at(-1)?.type, 'reconnected');
  const again = lines[3] as Line;
  const status = again.heard.find((snac) => snacName(snac) === '01/1E');
  assert.equal(decode(oservice.setNicknameFields.body, status?.data ?? new Uint8Array(0)).tlvs.status, 1);
  const told = again.heard.find((snac) => snacName(snac) === '02/04');
  assert.deepEqual(decode(location.setInfo.body, told?.data ?? new Uint8Array(0)).tlvs.away, ascii('gone fishing'));
  again.say(icbm.channelMsgToClient, messageFrom({ messageId: 41 }));
  again.say(icbm.channelMsgToClient, messageFrom({ messageId: 42 }));
  await settle();
  assert.equal(events.filter((event) => event.type === 'message').length, 2, 'each message once');
});

test('attempts that fail wait longer each time; a password that is no longer right ends them', async () => {
  let refusal = 0x18;
  let refuses = false;
  const made = await online(
    { '17/06': (line, snac) => (refuses ? line.say(login.loginReply, { uin: String(UIN), error: refusal }, snac.requestId) : ORDINARY['17/06']?.(line, snac)) },
    { reconnect: true },
  );
  refuses = true;
  made.bos.cut();
  await settle();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    const last = made.events.at(-1);
    assert.ok(last?.type === 'reconnecting');
    waits.push(last.inMs);
    made.pass(last.inMs);
    await settle();
  }
  assert.ok((waits[0] as number) < (waits[1] as number) && (waits[1] as number) < (waits[2] as number), waits.join());
  refusal = 0x05;
  const last = made.events.at(-1);
  assert.ok(last?.type === 'reconnecting' && last.error.code === 'too-fast');
  made.pass(last.inMs);
  await settle();
  const end = made.events.at(-1);
  assert.ok(end?.type === 'closed' && end.error.code === 'wrong-password');
});

test('who was signed on elsewhere, and who leaves while waiting, does not come back', async () => {
  const elsewhere = await online({}, { reconnect: true });
  elsewhere.bos.frame(FlapChannel.close, encode(login.signOffNotice, { reason: login.SignOffReason.signedOnElsewhere }));
  await settle();
  assert.deepEqual(
    elsewhere.events.map((event) => event.type),
    ['closed'],
  );
  const leaving = await online({}, { reconnect: true });
  leaving.bos.cut();
  await settle();
  leaving.client.close();
  leaving.pass(600_000);
  await settle();
  assert.deepEqual(
    leaving.events.map((event) => event.type),
    ['reconnecting', 'closed'],
  );
  assert.equal(leaving.lines.length, 2);
});
