import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Body, Message } from '@seekyou/core';
import { decode, encode } from '@seekyou/wire';
import { ErrorCode, feedbag, icbm, icqMeta, SnacFlag } from '@seekyou/wire/oscar';
import { decodeText, UTF8 } from '@seekyou/wire/text';
import { routes } from './icq-meta.ts';
import type { OutgoingSnac } from './state.ts';
import {
  ALICE,
  asked,
  BOB,
  bytesOf,
  contextOf,
  countedIn,
  fetchedPackets,
  handle,
  hex,
  OLD_CLIENT,
  packets,
  receivedOne,
  REQUEST_ID,
  type TestContext,
  UNICODE_CLIENT,
} from './testing.ts';

const sequence = hex('03 00');

const request = (
  type: number,
  data: Uint8Array = new Uint8Array(0),
  owner: number = ALICE,
  context = contextOf({ profile: OLD_CLIENT }),
): ReturnType<typeof handle> => handle(routes, icqMeta.request, { block: { owner, type, sequence, data } }, context);

const messageOf = (body: Body, id = 7, sentAt = Date.UTC(2003, 5, 30, 9, 15, 59)): Message => ({ id, from: BOB, to: ALICE, sentAt, body });
const text = (words: string): Body => ({ kind: 'text', text: words });

function fetched(messages: readonly Message[], context: TestContext): readonly OutgoingSnac[] {
  return fetchedPackets(asked(request(0x003c, undefined, undefined, context), 'messages.fetch').answered(messages));
}

const old = (): TestContext => contextOf({ profile: OLD_CLIENT });

test('stored messages and their end have exact lengths (oscar.md §14.6, H2 and H3)', () => {
  const [message, end, ...more] = fetched([messageOf(text('see you'))], old());
  assert.deepEqual(more, []);
  assert.deepEqual(
    bytesOf({ ...(message as OutgoingSnac), requestId: 0x00030002 }),
    // The example's flags are 1; bitlbee wants 0.
    hex('00 15 00 03 00 01 00 03 00 02 00 01 00 20 1E 00 A1 86 01 00 41 00 03 00 A2 86 01 00 D3 07 06 1E 09 0F 01 00 08 00 73 65 65 20 79 6F 75 00'),
  );
  assert.deepEqual(
    bytesOf({ ...(end as OutgoingSnac), requestId: 0x00030002 }),
    hex('00 15 00 03 00 00 00 03 00 02 00 01 00 0B 09 00 A1 86 01 00 42 00 03 00 00'),
  );
  assert.deepEqual(
    [message, end].map((packet) => [packet?.requestId, packet?.flags]),
    [
      [REQUEST_ID, SnacFlag.more],
      [REQUEST_ID, 0],
    ],
  );
});

test('the end is said when there is nothing', () => {
  assert.equal(fetched([], old()).length, 1);
});

test('each message is written when its packet is', () => {
  const context = old();
  const sent = fetched(
    [messageOf(text('one'), 1), messageOf({ kind: 'opaque', original: { format: 'udp/1', bytes: hex('01') }, fallback: '' }, 2), messageOf(text('three'), 3)],
    context,
  );
  assert.deepEqual(context.written, [2], 'there is nothing to show of the second');
  for (const packet of sent) packet.written?.();
  assert.deepEqual(context.written, [2, 1, 3]);
});

test('what a client of today could not read in its code page comes as a message of today', () => {
  const context = contextOf();
  const [emoji, request_, plain] = fetched(
    [messageOf(text('hi 👋'), 1), messageOf({ kind: 'auth-request', reason: 'пусти' }, 2), messageOf(text('hi'), 3)],
    context,
  );
  const message = receivedOne([{ do: 'send', packet: emoji as OutgoingSnac }], icbm.channelMsgToClient);
  assert.equal(message.tlvs.sendTime, Date.UTC(2003, 5, 30, 9, 15, 59) / 1000);
  assert.equal(request_?.declaration, feedbag.authorizeRequested);
  assert.equal(plain?.declaration, icqMeta.reply);
});

test('bitlbee gets authorisation in messages, and all its text as UTF-8', () => {
  const context = contextOf({ profile: { ...UNICODE_CLIENT, codepage: UTF8, quirks: new Set(['authorisation-in-messages']) } });
  const stored = fetched([messageOf({ kind: 'auth-request', reason: 'пусти' }, 1), messageOf(text('hi 👋'), 2)], context).slice(0, 2);
  const said = stored.map(({ value }) => decode(icqMeta.offlineMessage.body, ((value as icqMeta.Reply).block as icqMeta.IcqBlock).data));
  assert.deepEqual(
    said.map(({ messageType }) => messageType),
    [icbm.MessageType.authRequest, icbm.MessageType.plain],
  );
  assert.deepEqual(
    said.map((one) => decodeText(one.text, UTF8).split('\ufffd').at(-1)),
    ['пусти', 'hi 👋'],
  );
});

test('deleting what was fetched tells the core, and nobody else', () => {
  const { answered, refused } = asked(request(0x003e), 'messages.fetched');
  assert.deepEqual(answered(undefined), []);
  assert.equal(receivedOne(refused('unavailable'), icqMeta.error).code, ErrorCode.serviceUnavailable);
});

test('a store that does not answer is an error, not an empty mailbox', () => {
  const { refused } = asked(request(0x003c), 'messages.fetch');
  assert.equal(receivedOne(refused('unavailable'), icqMeta.error).code, ErrorCode.serviceUnavailable);
});

test("nobody asks for another's messages", () => {
  for (const type of [0x003c, 0x003e, 0x07d0]) {
    const effects = request(type, hex('b2 04'), BOB);
    assert.deepEqual(countedIn(effects), ['oscar_snacs_forged']);
    const error = receivedOne(effects, icqMeta.error);
    assert.equal(error.code, ErrorCode.insufficientRights);
    assert.deepEqual(error.tlvs.request?.subarray(2, 6), hex('a2 86 01 00'));
  }
});

test('a request without a block or a subtype is an error', () => {
  assert.equal(receivedOne(handle(routes, icqMeta.request, {}, contextOf()), icqMeta.error).code, ErrorCode.incorrectFormat);
  assert.equal(receivedOne(request(0x07d0, hex('b2')), icqMeta.error).code, ErrorCode.incorrectFormat);
});

test('a question nobody can read has the failure its client waits for', () => {
  for (const { subtype, reply, body } of icqMeta.META_REQUESTS.values()) {
    if ((body.min ?? 0) === 0 || subtype === 0x1482) continue;
    const effects = request(0x07d0, Uint8Array.of(subtype & 0xff, subtype >>> 8));
    const { block } = receivedOne(effects, icqMeta.reply);
    assert.deepEqual([block?.owner, block?.type, block?.sequence], [ALICE, 0x07da, sequence]);
    const answered = decode(icqMeta.metaReplyData, block?.data ?? new Uint8Array(0));
    // Full information begins with another part than it ends with.
    const expected = reply === 0x00fa ? 0x00c8 : (reply as number);
    assert.deepEqual(answered, { subtype: expected, result: 0x14, data: new Uint8Array(0) }, subtype.toString(16));
    assert.equal(packets(effects)[0]?.flags, 0);
  }
});

/** Error 01 with the refused block, and counted. */
function assertUnknown(type: number, data: Uint8Array): void {
  const what = `${type.toString(16)} ${Buffer.from(data).toString('hex')}`;
  const effects = request(type, data);
  assert.deepEqual(countedIn(effects), ['oscar_meta_unknown'], what);
  const { code, tlvs } = receivedOne(effects, icqMeta.error);
  assert.deepEqual([code, tlvs.request], [ErrorCode.invalidSnac, encode(icqMeta.icqBlock, { owner: ALICE, type, sequence, data })], what);
}

test('of all types of requests three are known; the others are errors, and counted', () => {
  const { offlineRequest, offlineDelete, metaRequest } = icqMeta.IcqType;
  for (let type = 0; type <= 0xffff; type++) {
    if (![offlineRequest, offlineDelete, metaRequest].some((known) => known === type)) assertUnknown(type, hex('b2 04'));
  }
});

const le16 = (number: number): Uint8Array => Uint8Array.of(number & 0xff, number >>> 8);

test('each subtype of the reference is answered as it says, and all others are errors, and counted', () => {
  const reference = readFileSync(new URL('../../../../docs/protocol/oscar.md', import.meta.url), 'utf8');
  const chapter = /### 9\.3 Requests 07D0\n(.*?)\n### /s.exec(reference)?.[1] ?? '';
  const rows = [...chapter.matchAll(/^\| ((?:[0-9A-F]{4}[ /,]*)+)\|[^|]*\|([^|]*)\|/gm)];
  const known = rows.flatMap(([, numbers = '', reply = '']) =>
    [...numbers.matchAll(/[0-9A-F]{4}/g)].map(([number]) => ({ subtype: Number.parseInt(number, 16), silent: reply.trim() === 'none' })),
  );
  assert.ok(known.length > 45, `${known.length} subtypes in the table`);
  for (const { subtype, silent } of known) {
    const effects = request(0x07d0, le16(subtype));
    if (silent) assert.deepEqual(effects, [], subtype.toString(16));
    else
      assert.ok(
        effects.some((effect) => effect.do === 'ask' || (effect.do === 'send' && effect.packet.declaration === icqMeta.reply)),
        subtype.toString(16),
      );
  }
  const numbers = new Set(known.map(({ subtype }) => subtype));
  for (let subtype = 0; subtype <= 0xffff; subtype++) if (!numbers.has(subtype)) assertUnknown(0x07d0, le16(subtype));
});

test('what expects no answer is taken in silence', () => {
  for (const subtype of icqMeta.META_UNANSWERED) assert.deepEqual(request(0x07d0, Uint8Array.of(subtype & 0xff, subtype >>> 8, 1, 2)), []);
});
