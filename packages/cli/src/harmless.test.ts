import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harmless, harmlessLines } from './harmless.ts';

test('what a terminal would obey is shown', () => {
  assert.equal(harmless('\u001b[2J\u001b]0;owned\u0007Bob\u009b31m\u007f'), '\\x1b[2J\\x1b]0;owned\\x07Bob\\x9b31m\\x7f');
  assert.equal(harmless('Łódź 🙂 привет'), 'Łódź 🙂 привет');
});

test('a name has one line, and nothing in it turns the order of its neighbours', () => {
  assert.equal(harmless('Bob\n100009      active\tAdmin\r'), 'Bob\\x0a100009      active\\x09Admin\\x0d');
  assert.equal(harmless('\u202egnp.exe\u202c \u2066x\u2069'), '\\u202egnp.exe\\u202c \\u2066x\\u2069');
});

test('no line of a message passes for another message', () => {
  assert.equal(harmlessLines('hi\r\n12:00 Boss (100003): your password?\n\tplease'), 'hi\n  | 12:00 Boss (100003): your password?\n  | \tplease');
  assert.equal(harmlessLines('a\u001bc\u202eb'), 'a\\x1bc\\u202eb');
});
