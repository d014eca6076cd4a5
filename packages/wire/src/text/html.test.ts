import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { looksLikeAimHtml, plainFromHtml } from './html.ts';

test('the tags of an AIM message go, line breaks stay', () => {
  const html = '<HTML><BODY BGCOLOR="#ffffff"><FONT FACE="Arial" SIZE=2>Hi <B>there</B><BR>second<br/>third</FONT></BODY></HTML>';
  assert.equal(plainFromHtml(html), 'Hi there\r\nsecond\r\nthird');
});

test('entities become characters, once', () => {
  assert.equal(plainFromHtml('a &lt;b&gt; &AMP; &quot;c&quot;&nbsp;&#1071;&#x42F; &copy; &amp;lt;'), 'a <b> & "c" ЯЯ © &lt;');
});

test('numbers 128 to 159 are Windows characters, impossible ones are replaced', () => {
  assert.equal(plainFromHtml('&#147;x&#148; &#0;&#55296;&#x110000;'), '“x” \ufffd\ufffd\ufffd');
});

test('what is no tag and no entity is left alone', () => {
  assert.equal(plainFromHtml('1 < 2 > 0 && x <= y; &nosuch; &copy=1 &#x; <3'), '1 < 2 > 0 && x <= y; &nosuch; &copy=1 &#x; <3');
  assert.equal(plainFromHtml('unfinished <b'), 'unfinished <b');
});

test('comments and declarations go', () => {
  assert.equal(plainFromHtml('<!DOCTYPE html>a<!-- note -->b'), 'ab');
});

test('only a text that starts with an HTML element looks like AIM', () => {
  for (const html of ['<HTML><BODY>x', '<html lang="en">x', '<Html\n>']) assert.equal(looksLikeAimHtml(html), true, html);
  for (const text of ['vector<int>', ' <HTML>', '<HTMLX>', '<b>', '']) assert.equal(looksLikeAimHtml(text), false, text);
});

test('text without tags and entities is unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      fc.pre(!/[<&]/.test(text));
      assert.equal(plainFromHtml(text), text);
    }),
  );
});

test('hostile text takes time in proportion to its length', () => {
  const hostile = ['<', '<a', '&', '&#', '&amp', '<br', '<>', '</', '<!--', '&a'].map((unit) => unit.repeat(1_000_000 / unit.length));
  const started = performance.now();
  for (const text of hostile) plainFromHtml(text);
  // Ten megabytes take a few hundred milliseconds; the square of one would take minutes.
  assert.ok(performance.now() - started < 20_000);
});
