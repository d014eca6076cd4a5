import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeXml, readXtraz, smsText, unescapeXml, xtrazAnswerText, xtrazQueryText } from './xtraz.ts';

test('a query names its author', () => {
  const text = xtrazQueryText({ senderId: '100001', trans: 7 });
  // oscar.md §6.5
  assert.match(text, /^<N><QUERY>&lt;Q&gt;.*<\/QUERY><NOTIFY>&lt;srv&gt;.*<\/NOTIFY><\/N>$/);
  assert.deepEqual(readXtraz(text), { kind: 'query', senderId: '100001', trans: 7 });
});

test('an answer says whose status it is, and which', () => {
  const answer = { uin: '100002', index: 12, title: 'Tea & <cake>', description: '"жду"' };
  assert.deepEqual(readXtraz(xtrazAnswerText(answer)), { kind: 'answer', ...answer });
});

test('what is no notification is not understood', () => {
  for (const text of ['', '<N></N>', 'hello', '<N><NOTIFY>&lt;srv&gt;</NOTIFY></N>', '<NR><RES></RES></NR>']) assert.equal(readXtraz(text), undefined, text);
});

test('entities are the five of XML and expand once', () => {
  assert.equal(unescapeXml('&amp;lt;&lt;&#65;&bomb;&quot;&apos;'), '&lt;<&#65;&bomb;"\'');
  assert.equal(unescapeXml(escapeXml('a<b>&"c"')), 'a<b>&"c"');
});

test('a hostile document costs no more than its length', () => {
  const hostile = `<!DOCTYPE x [<!ENTITY a "${'b'.repeat(20_000)}">]>${'<NOTIFY>&amp;'.repeat(2_000)}${'<text>'.repeat(5_000)}`;
  const from = performance.now();
  assert.equal(readXtraz(hostile), undefined);
  assert.equal(smsText(hostile), undefined);
  assert.ok(performance.now() - from < 1_000);
});

test('a short message has its text', () => {
  assert.equal(smsText('<sms_message><source>ICQ</source><sender>123</sender><text>a &amp; b</text><time>x</time></sms_message>'), 'a & b');
});
