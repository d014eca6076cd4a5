import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Body, ClientProfile, Message } from '@seekyou/core';
import { decode, encode } from '@seekyou/wire';
import { icbm } from '@seekyou/wire/oscar';
import { encodeText, encodeUcs2, textFromFragments } from '@seekyou/wire/text';
import * as fc from 'fast-check';
import { type IcbmPart, icbmParts, isUcs2, offlineForms, plainBody, type Stamp, stampOf, typedBody, typedMessage } from './bodies.ts';
import { AIM_CLIENT, ALICE, ascii, BOB, hex, LIBPURPLE, OLD_CLIENT, RUSSIAN_OLD_CLIENT, UNICODE_CLIENT } from './testing.ts';

const MAX = 8_000;
const STAMP: Stamp = { cookie: hex('11 22 33 44 55 66 77 88'), typing: false };
const RUSSIAN_CLIENT: ClientProfile = { ...UNICODE_CLIENT, codepage: 1251 };

/** TLV 02 with one text fragment. */
function imData(text: Uint8Array, charset: number): Uint8Array {
  const data = encode(icbm.textFragment, { charset, subset: 0, text });
  return encode(icbm.fragments, [
    { id: 5, version: 1, data: charset === 2 ? Uint8Array.of(1, 6) : Uint8Array.of(1) },
    { id: 1, version: 1, data },
  ]);
}

/** TLV 05 of channel 4. */
function typed(type: number, text: Uint8Array, flags = 0, tail: Uint8Array = new Uint8Array(0)): Uint8Array {
  return encode(icbm.channel4Data, { uin: BOB, type, flags, text, tail });
}

function plain(text: Uint8Array, charset: number, sender: ClientProfile = UNICODE_CLIENT): Body {
  const body = plainBody(imData(text, charset), STAMP, sender);
  assert.ok(body);
  return body;
}

function typedOf(data: Uint8Array, sender: ClientProfile = UNICODE_CLIENT): Body {
  const message = typedMessage(data);
  assert.ok(message);
  return typedBody(message, data, STAMP, sender);
}

const parts = (body: Body, recipient: ClientProfile, max = MAX): readonly IcbmPart[] => icbmParts({ from: BOB, body }, recipient, max);

/** What the recipient's program makes of the only part. */
function reads(body: Body, recipient: ClientProfile): string {
  const [part, ...more] = parts(body, recipient);
  assert.ok(part !== undefined && more.length === 0);
  return readsPart(part, recipient);
}

function readsPart(part: IcbmPart, { codepage }: ClientProfile): string {
  if ('imData' in part.tlvs) return textFromFragments(decode(icbm.fragments, part.tlvs.imData), codepage).text;
  return Buffer.from(decode(icbm.channel4Data, part.tlvs.data).text).toString('latin1');
}

function charsetOf(part: IcbmPart | undefined): number {
  assert.ok(part && 'imData' in part.tlvs);
  const fragment = decode(icbm.fragments, part.tlvs.imData).find(({ id }) => id === 1);
  return decode(icbm.textFragment, fragment?.data ?? new Uint8Array(0)).charset;
}

// ---------------------------------------------------------------- between clients that speak alike

const TEXTS = [
  'hello',
  'vector<int> v',
  'a &lt; b',
  'h/?a=1&copy=2',
  'one\r\ntwo',
  '<HTML>not really</HTML>',
  'č',
  'ഹലോ',
  '👋🏽 hi',
  'þ and ÿ',
  'x'.repeat(7_000),
];

test('a message reaches a client that speaks alike byte for byte', () => {
  for (const text of TEXTS) {
    for (const data of [imData(ascii(text), 0), imData(encodeUcs2(text), 2), imData(encodeText(text, 1252).bytes, 3), imData(ascii(text), 0x0d)]) {
      const body = plainBody(data, STAMP, UNICODE_CLIENT);
      assert.ok(body);
      assert.deepEqual(parts(body, UNICODE_CLIENT), [{ channel: 1, tlvs: { imData: data } }], text.slice(0, 30));
    }
  }
});

test('two clients of one code page exchange every byte', () => {
  for (const codepage of [1250, 1251, 1252]) {
    const old = { ...OLD_CLIENT, codepage };
    const all = Uint8Array.from({ length: 255 }, (_, i) => i + 1);
    for (const charset of [0, 3]) {
      const data = imData(all, charset);
      const body = plainBody(data, STAMP, old);
      assert.ok(body);
      assert.deepEqual(parts(body, old), [{ channel: 1, tlvs: { imData: data } }], `${codepage}, charset ${charset}`);
    }
  }
});

test('a text in several fragments stays in several fragments', () => {
  const data = encode(icbm.fragments, [
    { id: 5, version: 1, data: Uint8Array.of(1, 1, 1, 2) },
    { id: 1, version: 1, data: hex('00 00 ff ff 68 69') },
    { id: 1, version: 1, data: hex('00 02 00 00 04 1f') },
  ]);
  const body = plainBody(data, STAMP, UNICODE_CLIENT);
  assert.equal(body?.text, 'hiП');
  assert.deepEqual(parts(body as Body, UNICODE_CLIENT), [{ channel: 1, tlvs: { imData: data } }]);
});

test('what a client wrote for people survives between two Unicode clients', () => {
  const wellFormed = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }).filter((text) => !text.endsWith('\0'));
  fc.assert(
    fc.property(wellFormed, fc.constantFrom(1251, 1252, 932), (text, codepage) => {
      const body = plain(encodeUcs2(text), 2);
      assert.equal(body.kind === 'text' && body.text, text);
      assert.equal(reads(body, { ...UNICODE_CLIENT, codepage }), text);
      // The same text without its original, as from a browser.
      const fromElsewhere = parts({ kind: 'text', text }, { ...UNICODE_CLIENT, codepage });
      assert.equal(fromElsewhere.map((part) => readsPart(part, { ...UNICODE_CLIENT, codepage })).join(''), text);
    }),
  );
});

test('typed messages between clients of one code page stay as they are', () => {
  for (const data of [
    typed(0x01, ascii('hello'), 0x80),
    typed(0x01, hex('ef f0 e8 e2 e5 f2')),
    typed(0x04, hex('fe fe fe fe 68 74 74 70')),
    typed(0x13, hex('31 fe 31 30 30 30 30 31 fe c2 e0 f1 ff fe')),
    typed(0x1a, ascii(''), 0, hex('00 ff fe 01')),
    typed(0x0d, ascii('me'), 3),
    typed(0x77, hex('01 02 ff')),
  ]) {
    assert.deepEqual(parts(typedOf(data, RUSSIAN_CLIENT), RUSSIAN_CLIENT), [{ channel: 4, tlvs: { data } }]);
  }
});

// ---------------------------------------------------------------- between clients that do not

test('text goes through Unicode to clients of another kind', () => {
  const cases: readonly (readonly [what: string, body: Body, recipient: ClientProfile, charset: number, text: string])[] = [
    ['UCS-2 to an old client of that code page', plain(encodeUcs2('Привет'), 2), RUSSIAN_OLD_CLIENT, 3, 'Привет'],
    ['UCS-2 to an old client of another', plain(encodeUcs2('Привет č'), 2), OLD_CLIENT, 3, '?????? c'],
    ['ASCII in UCS-2 to an old client', plain(encodeUcs2('hello'), 2), OLD_CLIENT, 0, 'hello'],
    ['cp1251 to a Unicode client of cp1252', plain(encodeText('Привет', 1251).bytes, 3, RUSSIAN_OLD_CLIENT), UNICODE_CLIENT, 2, 'Привет'],
    ['cp1251 called ASCII to a Unicode client', plain(encodeText('Привет', 1251).bytes, 0, RUSSIAN_OLD_CLIENT), UNICODE_CLIENT, 2, 'Привет'],
    ['cp1251 to an old client of cp1252', plain(encodeText('Привет', 1251).bytes, 3, RUSSIAN_OLD_CLIENT), OLD_CLIENT, 3, '??????'],
    ['cp1251 to a Unicode client of cp1251', plain(encodeText('Привет', 1251).bytes, 3, RUSSIAN_OLD_CLIENT), RUSSIAN_CLIENT, 3, 'Привет'],
    ['ASCII to anybody', plain(ascii('a &lt; b'), 3, RUSSIAN_OLD_CLIENT), OLD_CLIENT, 3, 'a &lt; b'],
    ['emoji to an old client', plain(encodeUcs2('hi 👋'), 2), OLD_CLIENT, 3, 'hi ?'],
    ['a typed text to a client of another code page', typedOf(typed(1, encodeText('Привет', 1251).bytes), RUSSIAN_OLD_CLIENT), UNICODE_CLIENT, 2, 'Привет'],
    ['a text from a browser', { kind: 'text', text: 'Привет' }, UNICODE_CLIENT, 2, 'Привет'],
    ['a text from a UDP client', { kind: 'text', text: 'hi', original: { format: 'udp/1', bytes: ascii('hi') } }, UNICODE_CLIENT, 0, 'hi'],
  ];
  for (const [what, body, recipient, charset, text] of cases) {
    const [part] = parts(body, recipient);
    assert.equal(reads(body, recipient), text, what);
    assert.equal(charsetOf(part), charset, what);
  }
});

test('only AIM writes HTML', () => {
  const html = '<HTML><BODY><FONT FACE="Arial">a &lt; b<BR>c</FONT></BODY></HTML>';
  const fromAim = plain(ascii(html), 0, AIM_CLIENT);
  assert.equal(fromAim.kind === 'text' && fromAim.text, 'a < b\r\nc');
  assert.equal(reads(fromAim, UNICODE_CLIENT), 'a < b\r\nc');
  assert.equal(reads(fromAim, AIM_CLIENT), html);
  const fromIcq = plain(ascii(html), 0, UNICODE_CLIENT);
  assert.equal(fromIcq.kind === 'text' && fromIcq.text, html);
  assert.equal(reads(fromIcq, UNICODE_CLIENT), html);
});

test('libpurple writes HTML, and is an ICQ client otherwise', () => {
  const html = plain(ascii('<HTML><BODY>vector&lt;int&gt; v</BODY></HTML>'), 0, LIBPURPLE);
  assert.equal(reads(html, OLD_CLIENT), 'vector<int> v');
  assert.equal(reads(plain(ascii('vector<int> v'), 0), LIBPURPLE), 'vector&lt;int&gt; v');
  assert.equal(reads({ kind: 'url', url: 'http://a/', caption: '' }, LIBPURPLE), '\xfehttp://a/');
  assert.equal(reads(typedOf(typed(0x01, hex('eb fe e1 eb fe'))), LIBPURPLE), 'ëþáëþ');
  assert.equal(parts(typedOf(typed(0x1a, ascii(''))), LIBPURPLE).length, 1);
});

test('AIM is given HTML where plain text would read differently', () => {
  assert.equal(reads(plain(ascii('vector<int> & co\r\nbye'), 0), AIM_CLIENT), 'vector&lt;int&gt; &amp; co<BR>bye');
  const data = imData(ascii('hello'), 0);
  assert.deepEqual(parts(plainBody(data, STAMP, UNICODE_CLIENT) as Body, AIM_CLIENT), [{ channel: 1, tlvs: { imData: data } }]);
});

test('a text that grows beyond the limit comes in pieces that are the text again', () => {
  const text = `${'слово '.repeat(1_100)}конец`;
  const body = plain(encodeText(text, 1251).bytes, 3, RUSSIAN_OLD_CLIENT);
  const pieces = parts(body, UNICODE_CLIENT);
  assert.equal(pieces.length, 2);
  assert.equal(pieces.map((part) => readsPart(part, UNICODE_CLIENT)).join(''), text);
  for (const part of pieces) assert.ok('imData' in part.tlvs && part.tlvs.imData.length <= MAX + 20);
});

test('a long message that both sides understand is not split', () => {
  const data = imData(encodeText('ю'.repeat(7_000), 1251).bytes, 3);
  const body = plainBody(data, STAMP, RUSSIAN_OLD_CLIENT) as Body;
  assert.deepEqual(parts(body, RUSSIAN_CLIENT), [{ channel: 1, tlvs: { imData: data } }]);
});

// ---------------------------------------------------------------- typed messages

const anna = { uin: ALICE, nickname: 'Anna' };
const bob = { uin: BOB, nickname: 'Вася' };

test('typed messages are understood', () => {
  const cases: readonly (readonly [number, string, Record<string, unknown>])[] = [
    [0x01, 'hello', { kind: 'text', text: 'hello' }],
    [0x04, 'ICQ site\xfehttp://127.0.0.1/', { kind: 'url', caption: 'ICQ site', url: 'http://127.0.0.1/' }],
    [0x04, 'http://127.0.0.1/', { kind: 'url', caption: '', url: 'http://127.0.0.1/' }],
    [0x04, '\xcb\xfe\xe1\xeb\xfe\xfehttp://127.0.0.1/', { kind: 'url', caption: 'Люблю', url: 'http://127.0.0.1/' }],
    [0x06, 'nick\xfefirst\xfelast\xfemail\xfe1\xfeplease', { kind: 'auth-request', reason: 'please' }],
    [0x06, '\xfe\xfe\xfe\xfe\xfe\xeb\xfe\xe1\xeb\xfe', { kind: 'auth-request', reason: 'люблю' }],
    [0x06, 'please', { kind: 'auth-request', reason: 'please' }],
    [0x07, 'no', { kind: 'auth-denied', reason: 'no' }],
    [0x08, '', { kind: 'auth-granted', reason: '' }],
    [0x0c, 'nick\xfe\xfe\xfe\xfe', { kind: 'added' }],
    [0x13, '2\xfe100001\xfeAnna\xfe100002\xfe\xc2\xe0\xf1\xff\xfe', { kind: 'contacts', contacts: [anna, bob] }],
    [0x13, '1\xfenobody\xfeAnna', { kind: 'contacts', contacts: [] }],
    [0x0d, 'Ann\xfe\xfe\xfea@b\xfe3\xfeSender IP: 192.0.2.1\r\nhi', { kind: 'opaque', fallback: 'Ann\r\na@b\r\nSender IP: 192.0.2.1\r\nhi' }],
    [0x1a, '', { kind: 'opaque', fallback: '' }],
    [0x42, 'what', { kind: 'opaque', fallback: '' }],
  ];
  for (const [type, text, expected] of cases) {
    const { original, ...words } = typedOf(typed(type, Buffer.from(text, 'latin1')), RUSSIAN_CLIENT);
    assert.ok(original);
    assert.deepEqual(words, expected, text);
  }
});

test('what others say reaches old clients in typed messages', () => {
  const cases: readonly (readonly [Body, number, string])[] = [
    [{ kind: 'url', url: 'http://127.0.0.1/', caption: 'ICQ site' }, 0x04, 'ICQ site\xfehttp://127.0.0.1/'],
    [{ kind: 'url', url: 'http://127.0.0.1/', caption: 'Люблю' }, 0x04, '\xcb\xde\xe1\xeb\xde\xfehttp://127.0.0.1/'],
    [{ kind: 'contacts', contacts: [anna, bob] }, 0x13, '2\xfe100001\xfeAnna\xfe100002\xfe\xc2\xe0\xf1\xff\xfe'],
    [{ kind: 'auth-request', reason: 'пусти' }, 0x06, '\xfe\xfe\xfe\xfe1\xfe\xef\xf3\xf1\xf2\xe8'],
    [{ kind: 'auth-denied', reason: 'люблю' }, 0x07, '\xeb\xfe\xe1\xeb\xfe'],
    [{ kind: 'auth-granted', reason: '' }, 0x08, ''],
    [{ kind: 'pre-authorised', reason: 'ok' }, 0x08, 'ok'],
    [{ kind: 'added' }, 0x0c, '\xfe\xfe\xfe\xfe1'],
  ];
  for (const [body, type, text] of cases) {
    const [part, ...more] = parts(body, RUSSIAN_OLD_CLIENT);
    assert.ok(part !== undefined && 'data' in part.tlvs && more.length === 0);
    const message = decode(icbm.channel4Data, part.tlvs.data);
    assert.equal(message.uin, BOB);
    assert.equal(message.type, type);
    assert.equal(Buffer.from(message.text).toString('latin1'), text);
  }
});

test('a caption or name beyond the code page reaches a Unicode client as plain text', () => {
  assert.equal(reads({ kind: 'url', url: 'http://127.0.0.1/', caption: 'ഹലോ' }, UNICODE_CLIENT), 'ഹലോ\r\nhttp://127.0.0.1/');
  assert.equal(reads({ kind: 'contacts', contacts: [anna, bob] }, UNICODE_CLIENT), '100001 Anna\r\n100002 Вася');
  assert.equal(reads({ kind: 'url', url: 'http://127.0.0.1/', caption: 'ഹലോ' }, OLD_CLIENT), '??\xfehttp://127.0.0.1/');
});

test('AIM clients get addresses and contacts as text, and nothing of what they do not know', () => {
  assert.equal(reads({ kind: 'url', url: 'http://127.0.0.1/', caption: '' }, AIM_CLIENT), 'http://127.0.0.1/');
  assert.deepEqual(parts(typedOf(typed(0x1a, ascii(''))), AIM_CLIENT), []);
  assert.equal(reads(typedOf(typed(0x0d, ascii('hi'))), AIM_CLIENT), 'hi');
});

test('what only another family understands is read by its fallback', () => {
  const original = { format: 'udp/77', bytes: hex('01') };
  assert.equal(reads({ kind: 'opaque', original, fallback: 'a card for you' }, UNICODE_CLIENT), 'a card for you');
  assert.deepEqual(parts({ kind: 'opaque', original, fallback: '' }, UNICODE_CLIENT), []);
});

test('broken messages are no messages', () => {
  for (const data of [hex('05'), hex('05 01 00 09 01'), hex('05 01 00 01 01'), hex('01 01 00 02 00 00'), new Uint8Array(0)]) {
    assert.equal(plainBody(data, STAMP, UNICODE_CLIENT), undefined);
  }
  for (const data of [hex('01 02 03'), hex('a2 86 01 00 01'), hex('a2 86 01 00 01 00 09 00 41')]) assert.equal(typedMessage(data), undefined);
});

/** Fragments of all sorts: texts of one byte or more, in or near ASCII, with zeros, cut, and what is no text. */
const someFragments = fc.array(
  fc.record({
    id: fc.constantFrom(1, 1, 5, 2),
    version: fc.constant(1),
    data: fc
      .tuple(fc.constantFrom(0, 0, 2, 3), fc.uint8Array({ maxLength: 12, max: 0x81 }), fc.nat(16))
      .map(([charset, text, cut]) => Uint8Array.of(0, charset, 0, 0, ...text).slice(0, cut)),
  }),
  { maxLength: 3 },
);

test('a text is read in one go as its fragments say it', () => {
  fc.assert(
    fc.property(someFragments, fc.nat(2), (fragments, tooMany) => {
      const data = Uint8Array.of(...encode(icbm.fragments, fragments), ...new Uint8Array(tooMany));
      const { text, charset } = tooMany > 0 ? { charset: undefined } : textFromFragments(fragments, 1251);
      assert.equal(plainBody(data, STAMP, RUSSIAN_CLIENT)?.text, charset === undefined ? undefined : text);
      const ucs2 = fragments.some(({ id, data: [high, low] }) => id === 1 && high === 0 && low === 2);
      assert.equal(isUcs2(data), ucs2);
    }),
    { numRuns: 2_000 },
  );
});

// ---------------------------------------------------------------- stamps

test('a message keeps the cookie its sender chose, others are given one by their id', () => {
  const message = (body: Body, id = 0x0102_0304_0506): Message => ({ id, from: BOB, to: ALICE, sentAt: 0, body });
  assert.deepEqual(stampOf(message(plain(ascii('hi'), 0))), STAMP);
  const typing = plainBody(imData(ascii('hi'), 0), { ...STAMP, typing: true }, UNICODE_CLIENT);
  assert.deepEqual(stampOf(message(typing as Body)), { ...STAMP, typing: true });
  assert.deepEqual(stampOf(message({ kind: 'text', text: 'hi' })), { cookie: hex('00 00 01 02 03 04 05 06'), typing: false });
  assert.deepEqual(stampOf(message({ kind: 'added', original: { format: 'udp/12', bytes: hex('01') } })).typing, false);
});

// ---------------------------------------------------------------- 15/03

const stored = (body: Body, recipient: ClientProfile, max = MAX): ReturnType<typeof offlineForms> => offlineForms({ body }, recipient, max);

test('stored messages are told in the code page of the recipient', () => {
  const none = new Uint8Array(0);
  const cases: readonly (readonly [string, Body, ClientProfile, number, number, string])[] = [
    ['ASCII', plain(ascii('vector<int> v'), 0), UNICODE_CLIENT, 0x01, 0, 'vector<int> v'],
    ['UCS-2', plain(encodeUcs2('Привет'), 2), RUSSIAN_CLIENT, 0x01, 0, '\xcf\xf0\xe8\xe2\xe5\xf2'],
    ['beyond an old client', plain(encodeUcs2('Привет'), 2), OLD_CLIENT, 0x01, 0, '??????'],
    ['HTML', plain(ascii('<HTML>a<BR>b</HTML>'), 0, AIM_CLIENT), OLD_CLIENT, 0x01, 0, 'a\r\nb'],
    ['a NUL', plain(ascii('a\0b'), 0), OLD_CLIENT, 0x01, 0, 'ab'],
    ['typed', typedOf(typed(0x01, ascii('hi'), 0x80)), OLD_CLIENT, 0x01, 0x80, 'hi'],
    ['typed, of another code page', typedOf(typed(0x04, hex('ef fe 68 74 74 70')), RUSSIAN_CLIENT), OLD_CLIENT, 0x04, 0, '?\xfehttp'],
    ['a request', { kind: 'auth-request', reason: 'hi' }, OLD_CLIENT, 0x06, 0, '\xfe\xfe\xfe\xfe1\xfehi'],
    ['from elsewhere', { kind: 'opaque', original: { format: 'udp/1', bytes: none }, fallback: 'hi' }, OLD_CLIENT, 0x01, 0, 'hi'],
  ];
  for (const [what, body, recipient, messageType, flags, text] of cases) {
    const forms = stored(body, recipient)?.map((form) => ({ ...form, text: Buffer.from(form.text).toString('latin1') }));
    assert.deepEqual(forms, [{ messageType, flags, text, plugin: none }], what);
  }
});

test('a plug-in message keeps its body', () => {
  const tail = hex('00 ff fe 01');
  assert.deepEqual(stored(typedOf(typed(0x1a, ascii(''), 0, tail)), OLD_CLIENT)?.[0]?.plugin, tail);
});

test('what a Unicode client could read, but not in its code page, does not come this way', () => {
  for (const body of [plain(encodeUcs2('hi 👋'), 2), { kind: 'text', text: 'ഹലോ' }, { kind: 'url', url: 'http://a/', caption: 'ഹലോ' }] as const) {
    assert.equal(stored(body, UNICODE_CLIENT), undefined);
    assert.equal(stored(body, OLD_CLIENT)?.length, 1);
  }
});

test('what nobody can read is not told', () => {
  assert.deepEqual(stored({ kind: 'opaque', original: { format: 'udp/1', bytes: hex('01') }, fallback: '' }, UNICODE_CLIENT), []);
});

test('every body has a form for every client', () => {
  const bodies: readonly Body[] = [
    plain(ascii('hi'), 0),
    { kind: 'url', url: 'http://a/', caption: 'a' },
    { kind: 'contacts', contacts: [anna] },
    { kind: 'auth-request', reason: 'r' },
    { kind: 'auth-granted', reason: 'r' },
    { kind: 'auth-denied', reason: 'r' },
    { kind: 'pre-authorised', reason: 'r' },
    { kind: 'added' },
    { kind: 'opaque', original: { format: 'x', bytes: hex('00') }, fallback: 'f' },
  ];
  for (const recipient of [UNICODE_CLIENT, LIBPURPLE, RUSSIAN_CLIENT, OLD_CLIENT, RUSSIAN_OLD_CLIENT, AIM_CLIENT]) {
    for (const body of bodies) {
      assert.equal(parts(body, recipient).length, 1, `${body.kind} for ${recipient.name}`);
      assert.equal(stored(body, recipient)?.length, 1, `${body.kind} stored for ${recipient.name}`);
    }
  }
});

test('what passes untouched is read as it was meant, in every code page and however it is cut into pieces', () => {
  const piece = fc.record({ charset: fc.constantFrom(0, 2, 3), text: fc.uint8Array({ maxLength: 6 }) });
  const ascii7 = fc.record({ charset: fc.constantFrom(0, 2, 3), text: fc.string({ unit: 'binary-ascii', maxLength: 6 }).map(ascii) });
  const profile = fc.constantFrom(UNICODE_CLIENT, RUSSIAN_CLIENT, OLD_CLIENT, RUSSIAN_OLD_CLIENT);
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, ascii7), { maxLength: 2 }), fc.uint8Array({ maxLength: 2 }), profile, profile, (pieces, junk, sender, recipient) => {
      const fragments = pieces.map(({ charset, text }) => ({ id: 1, version: 1, data: encode(icbm.textFragment, { charset, subset: 0, text }) }));
      const data = Buffer.concat([encode(icbm.fragments, fragments), junk]);
      const body = plainBody(data, STAMP, sender);
      if (body === undefined) return;
      const [part] = parts(body, recipient);
      const untouched = part !== undefined && 'imData' in part.tlvs && Buffer.from(part.tlvs.imData).equals(data);
      if (untouched) assert.equal(readsPart(part, recipient), body.text);
      const hasUcs2 = pieces.some(({ charset }) => charset === 2);
      const readsAlike = textFromFragments(decode(icbm.fragments, data), recipient.codepage).text === body.text;
      if (readsAlike && (recipient.unicode || !hasUcs2)) assert.ok(untouched, 'nothing is written anew without need');
    }),
    { numRuns: 500 },
  );
});
