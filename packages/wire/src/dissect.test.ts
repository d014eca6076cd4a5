import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dissectFrame, dissectLayout, dissectSnac } from './dissect.ts';
import { channelMsgToHost } from './oscar/icbm.ts';
import { encodeFlap, FlapDecoder, type FlapFrame } from './oscar/flap.ts';
import { registerRequest } from './oscar/login.ts';
import { REGISTRY } from './oscar/registry.ts';
import { encodeSnac } from './oscar/snac.ts';
import { encode } from './schema.ts';
import { chanceFrom } from './testing.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const message = {
  cookie: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  channel: 1,
  recipient: '100002',
  tlvs: { imData: ascii('a secret'), requestHostAck: true as const, extra: [{ type: 0x99, data: ascii('another') }] },
};

function frame(channel: number, payload: Uint8Array): FlapFrame {
  return new FlapDecoder().push(encodeFlap(channel, 1, payload))[0] as FlapFrame;
}

test('each field has a line with its offset, those inside another further in', () => {
  assert.equal(
    dissectSnac(encodeSnac(channelMsgToHost, message, 5), 'client'),
    [
      'SNAC 04/06 icbm channelMsgToHost, flags 0000, request 00000005',
      '    0  cookie                     8 bytes: 01 02 03 04 05 06 07 08',
      '    8  channel                    1',
      '   10  recipient                  "100002"',
      '   17  tlvs',
      '   21    imData                   8 bytes: 61 20 73 65 63 72 65 74 "a secret"',
      '   33    requestHostAck           yes',
      '   37    extra 0x0099             7 bytes: 61 6e 6f 74 68 65 72 "another"',
    ].join('\n'),
  );
});

test('bytes that cannot be read are shown up to where they end, and why', () => {
  const cut = encodeSnac(channelMsgToHost, message, 5).subarray(0, 22);
  assert.match(dissectSnac(cut, 'client'), /\n {4}8 {2}channel +1\n {3}10 {2}recipient\ncannot be read: recipient at byte 11: need 6 bytes, have 1$/);
});

test('bytes after the last field are shown', () => {
  const longer = Uint8Array.of(...encode(registerRequest.body, {}), 7);
  assert.match(dissectLayout(registerRequest.body, longer), /left over +1 byte: 07$/);
});

test('what nobody declared, and what is no SNAC, is shown as bytes', () => {
  assert.match(dissectSnac(Uint8Array.of(0, 0x77, 0, 1, 0, 0, 0, 0, 0, 1, 9), 'client'), /^SNAC 77\/01 not declared.*\n1 byte: 09$/);
  assert.match(dissectSnac(Uint8Array.of(0, 4), 'client'), /^not a SNAC: need 2 bytes, have 0\n2 bytes: 00 04$/);
});

test('the side decides between packets of one number, and the bytes between two forms of one', () => {
  const rates = (record: number): Uint8Array => Uint8Array.of(0, 1, 0, 7, 0, 0, 0, 0, 0, 1, 0, 1, ...new Uint8Array(record), 0, 1, 0, 0);
  assert.match(dissectSnac(rates(35), 'server'), /rateParamsReply,/);
  assert.match(dissectSnac(rates(30), 'server'), /rateParamsReplyOld,/);
  assert.match(dissectSnac(rates(35), 'client'), /not declared/);
});

test('frames of the other channels are known by their first bytes', () => {
  assert.match(dissectFrame(frame(1, Uint8Array.of(0, 0, 0, 1)), 'server'), /login flapHello\n +0 {2}version +1/);
  assert.match(dissectFrame(frame(4, Uint8Array.of(0, 9, 0, 2, 0, 1)), 'server'), /login signOffNotice\n.*reason +1$/s);
  assert.match(dissectFrame(frame(4, Uint8Array.of(0, 1, 0, 1, 0x31, 0, 8, 0, 2, 0, 5)), 'server'), /login loginAnswer\n.*error +5$/s);
  assert.match(dissectFrame(frame(5, new Uint8Array(0)), 'client'), /^FLAP channel 5, sequence 1, 0 bytes from the client\n0 bytes$/);
});

test('redacted, no text and no bytes are shown, only who and how long', () => {
  const text = dissectSnac(encodeSnac(channelMsgToHost, message, 5), 'client', { redact: true });
  assert.match(text, /recipient +"100002"/);
  assert.match(text, /imData +8 bytes\n/);
  assert.match(text, /extra 0x0099 +7 bytes$/);
  assert.ok(!/secret|another|73 65/.test(text));
});

test('redacted, no generated text of any packet is shown', () => {
  const seed = Date.now() % 1_000_000;
  const chance = chanceFrom(seed);
  const open = /^\s+\d+\s+(screenName|recipient|capability|capabilities)\b/;
  for (const { module, name, layout } of REGISTRY) {
    for (let round = 0; round < 20; round++) {
      const lines = dissectLayout(layout, encode(layout, layout.sample(chance)), { redact: true }).split('\n');
      for (const line of lines) assert.ok(open.test(line) || !/"|: [0-9a-f]{2}\b/.test(line), `${module} ${name}, seed ${seed}: ${line}`);
    }
  }
});
