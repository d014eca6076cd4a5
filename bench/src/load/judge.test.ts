import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '@seekyou/wire';
import { encodeSnac, FLAP_HEADER_BYTES, icbm, decodeSnacAs, SNAC_HEADER_BYTES } from '@seekyou/wire/oscar';
import { faultsOf, Judge } from './judge.ts';
import { Letter, readText, TEXT_BYTES, textOf } from './letter.ts';

const ALICE = 100_001;
const BOB = 100_002;

/** What a server makes of a letter: the data of a 04/07. */
function delivered(frame: Buffer, sender = ALICE): Buffer {
  const { value } = decodeSnacAs(icbm.channelMsgToHost, Uint8Array.from(frame.subarray(FLAP_HEADER_BYTES)));
  const { cookie, channel, tlvs } = value;
  const { imData } = tlvs;
  assert.ok(imData !== undefined);
  const info = { screenName: String(sender), warningLevel: 0, tlvs: { userClass: 0x50, status: 0, signOnTime: 1 } };
  return Buffer.from(encodeSnac(icbm.channelMsgToClient, { cookie, channel, sender: info, tlvs: { sendTime: 7, imData } }, 0).subarray(SNAC_HEADER_BYTES));
}

/** A judge, and letters 0 to `count` − 1 as they would be delivered; all are acknowledged. */
function sent(count: number): { judge: Judge; letters: Buffer[]; hear: (...order: readonly Buffer[]) => void } {
  const judge = new Judge();
  const pair = judge.pair(ALICE, BOB);
  const letters = Array.from({ length: count }, () => {
    const counter = judge.sent(pair);
    judge.acknowledged({ pair, counter });
    return delivered(new Letter(pair, BOB).write(counter));
  });
  return { judge, letters, hear: (...order) => order.forEach((data) => judge.heard(BOB, data, 0, data.length)) };
}

test('letters that arrive once, in order and unchanged are no fault', () => {
  const { judge, letters, hear } = sent(5);
  hear(...letters);
  assert.equal(faultsOf(judge.verdict()), undefined);
  assert.equal(judge.verdict().delivered, 5);
});

test('a letter that does not arrive is lost, whether others follow or not', () => {
  const { judge, letters, hear } = sent(4);
  hear(...letters.filter((_, i) => i !== 1 && i !== 3));
  assert.equal(faultsOf(judge.verdict()), '2 lost');
});

test('a letter that arrives twice is repeated', () => {
  const { judge, letters, hear } = sent(2);
  hear(...letters, letters[0] as Buffer);
  assert.equal(faultsOf(judge.verdict()), '1 repeated');
});

test('a letter that is overtaken is reordered, not lost', () => {
  const { judge, letters, hear } = sent(3);
  const [a, b, c] = letters as [Buffer, Buffer, Buffer];
  hear(a, c, b);
  assert.equal(faultsOf(judge.verdict()), '1 reordered');
});

test('a letter with any changed byte of its text is changed', () => {
  for (let at = 0; at < TEXT_BYTES; at++) {
    const text = Buffer.from(textOf(3, 9), 'latin1');
    assert.deepEqual(readText(text, 0, text.length), { pair: 3, counter: 9 });
    text[at] = (text[at] as number) ^ 0x01;
    assert.equal(readText(text, 0, text.length), undefined, `byte ${at}`);
  }
});

test('a letter whose text was turned into HTML is changed', () => {
  const { judge } = sent(1);
  const imData = encode(icbm.fragments, [
    { id: icbm.FragmentId.text, version: 1, data: Buffer.from(`\0\0\0\0${textOf(0, 0).replace('<b>', '&lt;b&gt;')}`, 'latin1') },
  ]);
  const info = { screenName: String(ALICE), warningLevel: 0, tlvs: {} };
  const data = encodeSnac(icbm.channelMsgToClient, { cookie: new Uint8Array(8), channel: 1, sender: info, tlvs: { imData } }, 0);
  judge.heard(BOB, Buffer.from(data), SNAC_HEADER_BYTES, data.length);
  assert.equal(faultsOf(judge.verdict()), '1 lost, 1 changed');
});

test('a letter that reaches somebody else, or seems to come from somebody else, is misdelivered', () => {
  const { judge, letters } = sent(1);
  const [data] = letters as [Buffer];
  judge.heard(ALICE, data, 0, data.length);
  assert.equal(faultsOf(judge.verdict()), '1 lost, 1 misdelivered');
  const other = sent(1);
  const forged = delivered(new Letter(0, BOB).write(0), BOB);
  other.judge.heard(BOB, forged, 0, forged.length);
  assert.equal(faultsOf(other.judge.verdict()), '1 lost, 1 misdelivered');
});

test('a letter without an acknowledgement is unanswered, and one acknowledged twice is noticed', () => {
  const judge = new Judge();
  const pair = judge.pair(ALICE, BOB);
  const counter = judge.sent(pair);
  const data = delivered(new Letter(pair, BOB).write(counter));
  judge.heard(BOB, data, 0, data.length);
  assert.equal(faultsOf(judge.verdict()), '1 unanswered');
  judge.acknowledged({ pair, counter });
  assert.equal(faultsOf(judge.verdict()), undefined);
  judge.acknowledged({ pair, counter });
  assert.equal(faultsOf(judge.verdict()), '1 unanswered');
});

test('a redirected letter goes to its new recipient with its new pair', () => {
  const judge = new Judge();
  judge.pair(ALICE, ALICE);
  const pair = judge.pair(ALICE, BOB);
  const letter = new Letter(0, ALICE);
  letter.redirect(pair, BOB);
  const frame = letter.write(judge.sent(pair));
  const { value } = decodeSnacAs(icbm.channelMsgToHost, Uint8Array.from(frame.subarray(FLAP_HEADER_BYTES)));
  assert.equal(value.recipient, String(BOB));
  assert.equal(value.tlvs.requestHostAck, true);
  judge.acknowledged({ pair, counter: 0 });
  const data = delivered(frame);
  judge.heard(BOB, data, 0, data.length);
  assert.equal(faultsOf(judge.verdict()), undefined);
});
