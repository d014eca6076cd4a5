import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import iconv from 'iconv-lite';
import { CODEPAGES, decodeText, decodeUtf8Or, encodedLength, encodeText, isCodepage, UTF8 } from './codepages.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16));
const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

const DOUBLE_BYTE = [932, 936, 949, 950];
const PRIVATE_USE = /^[\ue000-\uf8ff]$/;

/** What iconv-lite calls a page; ISO 8859-1 and -9 are Windows pages to us. */
function oracleName(codepage: number): string {
  const names: Record<number, string> = { 20866: 'koi8-r', 21866: 'koi8-u', 28591: 'cp1252', 28599: 'cp1254', 65001: 'utf-8' };
  return names[codepage] ?? (codepage > 28590 ? `iso-8859-${codepage - 28590}` : `cp${codepage}`);
}

/** Every byte and, of a double-byte page, every pair. */
function* codesOf(codepage: number): Generator<Uint8Array> {
  for (let byte = 0; byte < 0x100; byte++) yield Uint8Array.of(byte);
  if (!DOUBLE_BYTE.includes(codepage)) return;
  for (let lead = 0x81; lead < 0xff; lead++) for (let trail = 0x40; trail < 0xff; trail++) yield Uint8Array.of(lead, trail);
}

/** Characters of a page that both sides know, so control characters and places for users apart. */
function isCommon(codepage: number, mine: string, theirs: string): boolean {
  if (mine.length !== 1 || theirs.length !== 1 || theirs === '\ufffd' || /[\x80-\x9f]/.test(mine + theirs) || PRIVATE_USE.test(mine)) return false;
  // The Encoding Standard's koi8-u has Belarusian ў where the older one has box lines.
  return codepage !== 21866 || !/[ўЎ]/.test(mine);
}

/** The ohm sign, the Greek question mark, compatibility ideographs: characters that are canonically the same as one other. */
const DISGUISED = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit))
  .map((character) => [character, character.normalize('NFD')] as const)
  .filter(([character, plain]) => plain !== character && plain.length === 1);

for (const codepage of CODEPAGES.filter((codepage) => codepage !== UTF8)) {
  test(`code page ${codepage} decodes and encodes as iconv-lite does`, () => {
    const oracle = oracleName(codepage);
    let compared = 0;
    for (const code of codesOf(codepage)) {
      const mine = decodeText(code, codepage);
      const theirs = iconv.decode(Buffer.from(code), oracle);
      if (!isCommon(codepage, mine, theirs)) continue;
      assert.equal(mine, theirs, `decoding ${hexOf(code)}`);
      const encoded = encodeText(mine, codepage);
      assert.ok(encoded.lossless);
      // iconv-lite takes the Big5 symbols that repeat two ideographs (A2CC, A2CE); Windows and browsers the ideographs.
      if (!/[十卅]/.test(mine)) assert.equal(hexOf(encoded.bytes), hexOf(iconv.encode(mine, oracle)), `encoding ${mine}`);
      compared++;
    }
    assert.ok(compared > (DOUBLE_BYTE.includes(codepage) ? 7000 : 170), `${compared} characters compared`);
  });

  test(`what decodes in code page ${codepage} is encoded without loss and decodes to the same`, () => {
    for (const code of codesOf(codepage)) {
      const text = decodeText(code, codepage);
      if (text.includes('\ufffd')) continue;
      const { bytes, lossless } = encodeText(text, codepage);
      assert.ok(lossless, hexOf(code));
      assert.equal(decodeText(bytes, codepage), text, hexOf(code));
      if (!DOUBLE_BYTE.includes(codepage)) assert.equal(hexOf(bytes), hexOf(code));
    }
  });

  test(`any text has bytes in code page ${codepage}, and is told lossless only when they decode to it`, () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { bytes, lossless } = encodeText(text, codepage);
        const back = decodeText(bytes, codepage);
        assert.ok(!back.includes('\ufffd'));
        if (lossless) assert.equal(back.normalize('NFC'), text.normalize('NFC'));
        assert.equal(encodedLength(text, codepage), bytes.length);
      }),
    );
  });

  test(`a character that is another in disguise has its bytes in code page ${codepage}, and no others`, () => {
    for (const [disguised, plain] of DISGUISED) {
      const encoded = encodeText(disguised, codepage);
      // Korean has some ideographs once for each way to read them.
      if (decodeText(encoded.bytes, codepage) !== disguised) assert.deepEqual(encoded, encodeText(plain, codepage), disguised);
    }
  });

  test(`any bytes decode in code page ${codepage}`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const text = decodeText(bytes, codepage);
        assert.ok(text.length <= bytes.length);
        if (bytes.every((byte) => byte < 0x80)) assert.equal(text, String.fromCharCode(...bytes));
      }),
    );
  });
}

test('Russian, Japanese, Chinese and Korean text has the bytes Windows gives it', () => {
  const cases: [text: string, codepage: number, hex: string][] = [
    ['Привет', 1251, 'cf f0 e8 e2 e5 f2'],
    ['Привет', 20866, 'f0 d2 c9 d7 c5 d4'],
    ['こんにちは', 932, '82 b1 82 f1 82 c9 82 bf 82 cd'],
    ['ｶﾅ', 932, 'b6 c5'],
    ['你好€', 936, 'c4 e3 ba c3 80'],
    ['十', 950, 'a4 51'],
    ['안녕', 949, 'be c8 b3 e7'],
    ['שלום', 1255, 'f9 ec e5 ed'],
  ];
  for (const [text, codepage, hex] of cases) {
    assert.deepEqual(encodeText(text, codepage), { bytes: bytesOf(hex), lossless: true });
    assert.equal(decodeText(bytesOf(hex), codepage), text);
  }
});

test('a character that is another in disguise is written as that one', () => {
  assert.equal(DISGUISED.length, 468);
  for (const [text, codepage, hex] of [
    ['\u2126', 1253, 'd9'],
    ['\u037e', 1252, '3b'],
    ['\u212a', 1251, '4b'],
    ['\uf900', 936, 'd8 4d'],
  ] as const) {
    assert.deepEqual(encodeText(text, codepage), { bytes: bytesOf(hex), lossless: true }, text);
  }
});

test('Korean syllables outside KS X 1001 are in code page 949', () => {
  assert.deepEqual(encodeText('똠방각하', 949), { bytes: bytesOf('8c 63 b9 e6 b0 a2 c7 cf'), lossless: true });
  assert.equal(decodeText(bytesOf('8c 63'), 949), '똠');
  assert.equal(decodeText(bytesOf('c6 52'), 949), '힣');
});

test('control characters are themselves in code page 932', () => {
  const text = 'あ\x1a\x1c\x7f';
  assert.deepEqual(encodeText(text, 932), { bytes: bytesOf('82 a0 1a 1c 7f'), lossless: true });
  assert.equal(decodeText(bytesOf('82 a0 1a 1c 7f'), 932), text);
});

test('a broken pair does not swallow the ASCII after it, nor a stray byte the pair after it', () => {
  assert.equal(decodeText(bytesOf('82 0d 0a 82 a0'), 932), '\ufffd\r\nあ');
  assert.equal(decodeText(bytesOf('a0 82 a0'), 932), '\ufffdあ');
  assert.equal(decodeText(bytesOf('41 82'), 932), 'A\ufffd');
  assert.equal(decodeText(bytesOf('ff c4 e3'), 936), '\ufffd你');
});

test('a letter and its mark are the same as the letter that has it', () => {
  assert.deepEqual(encodeText('й', 1251), { bytes: bytesOf('e9'), lossless: true });
  assert.deepEqual(encodeText('ế', 1258), { bytes: bytesOf('ea ec'), lossless: true });
  assert.equal(decodeText(bytesOf('ea ec'), 1258).normalize('NFC'), 'ế');
});

test('what a page cannot say becomes its nearest plain form', () => {
  const cases: [text: string, codepage: number, plain: string][] = [
    ['“So …”', 28592, '"So ..."'],
    ['‘a’ – b — c', 20866, "'a' - b - c"],
    ['Café Müller ½', 1251, 'Cafe Muller 1/2'],
    ['№ 5', 1252, 'No 5'],
    ['5 €', 28592, '5 EUR'],
    ['ｆｕｌｌ', 1252, 'full'],
    ['ﬁn', 1252, 'fin'],
    ['x́', 1252, 'x'],
    ['a\u200bb\ufeff', 1251, 'ab'],
  ];
  for (const [text, codepage, plain] of cases) {
    assert.deepEqual(encodeText(text, codepage), { bytes: new TextEncoder().encode(plain), lossless: false }, text);
  }
});

test('what has no plain form becomes one question mark', () => {
  const cases: [text: string, codepage: number, plain: string][] = [
    ['Привет', 1252, '??????'],
    ['a😀b', 1251, 'a?b'],
    ['\ud800!', 1251, '?!'],
    ['\ufffd', 1252, '?'],
    ['㍿', 1252, '?'],
  ];
  for (const [text, codepage, plain] of cases) {
    assert.deepEqual(encodeText(text, codepage), { bytes: new TextEncoder().encode(plain), lossless: false }, text);
  }
});

test('UTF-8 is a code page too', () => {
  assert.deepEqual(encodeText('é', UTF8), { bytes: bytesOf('c3 a9'), lossless: true });
  assert.equal(encodeText('\udc00', UTF8).lossless, false);
  assert.equal(decodeText(bytesOf('c3 a9 ff'), UTF8), 'é\ufffd');
});

test('an unknown number is read as 1252', () => {
  assert.equal(isCodepage(1251), true);
  assert.equal(isCodepage(437), false);
  assert.equal(decodeText(bytesOf('80'), 437), '€');
  assert.deepEqual(encodeText('€', 437), { bytes: bytesOf('80'), lossless: true });
});

test('bytes whose charset nobody told are UTF-8 when they can be, else of the code page', () => {
  assert.equal(decodeUtf8Or(bytesOf('d0 9f d1 80'), 1251), 'Пр');
  assert.equal(decodeUtf8Or(bytesOf('cf f0'), 1251), 'Пр');
});
