import assert from 'node:assert/strict';
import { test } from 'node:test';
import { u8 } from './schema.ts';
import { chanceFrom, checkAnyBytes, checkGolden, checkRoundTrip, fromJson, mutate, parseGolden, renderGolden, toJson } from './testing.ts';

const HEAD = [
  'packet: oscar/icbm hostAck',
  'origin: written for this test',
  '# the cookie is nobody’s',
  '01 02 03 04 05 06 07 08         be careful: "be" is a word here',
  '',
  '  00 01 channel 1',
  '  01 32                         recipient "2"',
].join('\n');

const golden = (text: string) => parseGolden(text, 'a.hex');
const whole = renderGolden(golden(HEAD));

test('bytes are read up to two spaces or the first word that is none', () => {
  assert.deepEqual(golden(HEAD).bytes, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 1, 0x32));
});

test('a golden packet gets its value and its dissection, and then passes', () => {
  assert.ok(whole.startsWith(`${HEAD}\n\nvalue:\n{ "cookie": { "$hex": "0102030405060708" }, "channel": 1, "recipient": "2" }\n\ndissection:\n    0  cookie`));
  checkGolden(golden(whole));
  assert.equal(renderGolden(golden(whole)), whole);
});

test('a golden packet without a value does not pass', () => {
  assert.throws(() => checkGolden(golden(HEAD)), /a\.hex: no value yet/);
});

test('another value, other bytes and another dissection do not pass', () => {
  assert.throws(() => checkGolden(golden(whole.replace('"channel": 1', '"channel": 2'))), /the bytes decode to/);
  assert.throws(() => checkGolden(golden(whole.replace('00 01 channel', '00 02 channel'))), /the bytes decode to/);
  assert.throws(() => checkGolden(golden(whole.replace('"2"\n\nvalue', '"2"\nff\n\nvalue'))), /the value encodes to/);
  assert.throws(() => checkGolden(golden(whole.replace('channel                    1', 'channel                    3'))), /the dissection is, line 2/);
});

test('bytes in another order pass only when the file says so', () => {
  const text = renderGolden(golden('packet: oscar/privacy rightsReply\norigin: here\n00 02 00 02 00 09\n00 01 00 02 00 08'));
  assert.throws(() => checkGolden(golden(text)), /the value encodes to/);
  checkGolden(golden(text.replace('origin: here', 'origin: here\nencodes: reordered')));
  const padded = renderGolden(golden('packet: oscar/privacy rightsReply\norigin: here\n00 01 00 02 00 08 00'));
  assert.throws(() => checkGolden(golden(padded.replace('origin: here', 'origin: here\nencodes: reordered'))), /the length/);
  checkGolden(golden(padded.replace('origin: here', 'origin: here\nencodes: differently, because it is padded')));
});

test('frames and SNACs are taken apart, and must be what they say', () => {
  const snac = '00 04 00 0C 00 00 00 00 00 05\n01 02 03 04 05 06 07 08 00 01 01 32';
  const head = 'packet: oscar/icbm hostAck\norigin: here\n';
  checkGolden(golden(renderGolden(golden(`${head}form: snac\n${snac}`))));
  checkGolden(golden(renderGolden(golden(`${head}form: frame\n2A 02 00 01 00 16\n${snac}`))));
  checkGolden(golden(renderGolden(golden(`${head}form: snac\n00 04 00 0C 80 00 00 00 00 05\n00 06 00 01 00 02 00 04\n01 02 03 04 05 06 07 08 00 01 01 32`))));
  assert.throws(() => renderGolden(golden(`${head}form: snac\n${snac.replace('0C', '0D')}`)), /another one than "packet:" says/);
  assert.throws(() => renderGolden(golden(`${head}form: frame\n2A 02 00 01 00 16\n${snac}\n00`)), /bad|begins with 0x2a|not exactly one/);
  assert.throws(() => renderGolden(golden(`${head}form: frame\n2A 02 00 01 00 17\n${snac}`)), /not exactly one FLAP frame/);
});

test('a file with a mistake says which', () => {
  assert.throws(() => golden('packet: oscar/icbm hostAck\n00'), /a\.hex: no "origin:"/);
  assert.throws(() => golden('packet: oscar/icbm nonsense\norigin: here\n00'), /"packet: oscar\/icbm nonsense" is not a module/);
  assert.throws(() => golden('packet: oscar/icbm hostAck\norigin: here\nform: odd\n00'), /"odd" is none of body, snac, frame/);
  assert.throws(() => golden('packet: oscar/icbm hostAck\norigin: here\n0g 01'), /line 3 has no bytes/);
});

test('values survive JSON, bytes included', () => {
  const value = { a: [1, { b: Uint8Array.of(0, 255) }], text: 'я', yes: true, long: 'x'.repeat(200) };
  assert.deepEqual(fromJson(toJson(value)), value);
});

test('a seed repeats its chance, and chance stays between 0 and 1', () => {
  const numbers = (seed: number): number[] => Array.from({ length: 1000 }, chanceFrom(seed));
  assert.deepEqual(numbers(7), numbers(7));
  assert.notDeepEqual(numbers(7), numbers(8));
  assert.ok(numbers(7).every((n) => n >= 0 && n < 1));
  assert.ok(Math.abs(numbers(7).reduce((a, b) => a + b) / 1000 - 0.5) < 0.05);
});

test('mutations change bytes and leave the original alone', () => {
  const data = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const chance = chanceFrom(1);
  const different = Array.from({ length: 100 }, () => mutate(data, chance)).filter((mutated) => toJson(mutated) !== toJson(data));
  assert.ok(different.length > 80, `${different.length} of 100`);
  assert.deepEqual(data, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
});

test('a layout that loses its value, or throws what is no WireError, is found', () => {
  const lossy = { ...u8, write: (w: Parameters<typeof u8.write>[0], value: unknown) => w.u8((value as number) & 0x0f) };
  assert.throws(() => {
    for (let seed = 0; seed < 20; seed++) checkRoundTrip('lossy', lossy, chanceFrom(seed));
  }, /came back as/);
  const careless = { ...u8, read: () => (undefined as unknown as string).length };
  assert.throws(() => checkAnyBytes('careless', careless, Uint8Array.of(1)), /careless: 01 makes a TypeError/);
});
