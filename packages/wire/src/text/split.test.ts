import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { encodedLength } from './codepages.ts';
import { splitText } from './split.ts';

const units = (text: string): number => text.length;
const utf8 = (text: string): number => encodedLength(text, 65001);

test('a text that fits is one piece, an empty one too', () => {
  assert.deepEqual(splitText('hello', 5, units), ['hello']);
  assert.deepEqual(splitText('', 5, units), ['']);
});

test('cuts stand after white space', () => {
  assert.deepEqual(splitText('one two three four', 9, units), ['one two ', 'three ', 'four']);
  assert.deepEqual(splitText('one\r\ntwo', 5, units), ['one\r\n', 'two']);
});

test('CR and LF stay together', () => {
  assert.deepEqual(splitText('abc\r\nde', 4, units), ['abc', '\r\nde']);
});

test('a long word is cut where it must be', () => {
  assert.deepEqual(splitText('a bcdefghijk', 5, units), ['a bcd', 'efghi', 'jk']);
});

test('pairs, marks and joined signs are not torn', () => {
  assert.deepEqual(splitText('ab😀cd', 3, units), ['ab', '😀c', 'd']);
  assert.deepEqual(splitText('abe\u0301f', 3, units), ['ab', 'e\u0301f']);
  assert.deepEqual(splitText('a👩\u200d💻', 5, units), ['a', '👩\u200d💻']);
});

test('a Korean syllable stays whole in its letters too', () => {
  const syllable = '한'.normalize('NFD');
  assert.deepEqual(splitText(syllable.repeat(3), 5, units), [syllable, syllable, syllable]);
  assert.deepEqual(splitText('가\u11a8나', 2, units), ['가\u11a8', '나'], 'a final letter behind a whole syllable');
});

test('a character that does not fit is a piece all the same', () => {
  assert.deepEqual(splitText('a😀b', 3, utf8), ['a', '😀', 'b']);
  assert.deepEqual(splitText('ab', 0, units), ['a', 'b']);
});

test('marks without end are cut among them', () => {
  const pieces = splitText(`e${'\u0301'.repeat(9)}`, 4, units);
  assert.deepEqual(
    pieces.map((piece) => piece.length),
    [4, 4, 2],
  );
});

test('pieces fit and join to the text, whatever it is', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.integer({ min: 4, max: 40 }),
      fc.constantFrom(utf8, (text: string) => encodedLength(text, 932)),
      (text, max, measure) => {
        const pieces = splitText(text, max, measure);
        assert.equal(pieces.join(''), text);
        for (const piece of pieces) {
          // One character may be more than four bytes: a square word is spelled in a page that has none.
          assert.ok(measure(piece) <= max || /^.$/su.test(piece), `${measure(piece)} bytes of ${max}`);
          assert.ok(piece !== '' || text === '');
          if (text.isWellFormed()) assert.ok(piece.isWellFormed());
        }
      },
    ),
  );
});

test('a long text is split in time in proportion to its length', () => {
  let measured = 0;
  splitText('слово '.repeat(100_000), 700, (text) => {
    measured += text.length;
    return encodedLength(text, 1251);
  });
  assert.ok(measured < 600_000 * 40, `${measured} characters measured`);
});
