import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asUin, type Body, type ClientProfile, SYSTEM, type Uin } from '@seekyou/core';
import { encode } from '@seekyou/wire';
import { icbm } from '@seekyou/wire/oscar';
import { decodeText, encodeText } from '@seekyou/wire/text';
import type { TypedMessage } from '../runtime/typed-messages.ts';
import { lettersOf, TEXT_BYTES_MAX, wantsAuthor, writtenBody, type WrittenBody } from './bodies.ts';
import { Quirk } from './clients.ts';

const { MessageType } = icbm;

const BOB = asUin(100_002) as Uin;
const LATIN: ClientProfile = { protocol: 'udp', name: 'mICQ', codepage: 1252, unicode: false, html: false, serverRoster: false, quirks: new Set() };
const inPage = (codepage: number): ClientProfile => ({ ...LATIN, codepage });
const RUSSIAN = inPage(1251);

const bytes = (text: string, codepage = 1252): Uint8Array => encodeText(text, codepage).bytes;
/** Of a text with "|" between its fields. */
const fields = (text: string, codepage = 1252): Uint8Array =>
  Uint8Array.from(text.split('|').flatMap((part, i) => [...(i === 0 ? [] : [0xfe]), ...bytes(part, codepage)]));
const write = (type: number, text: Uint8Array, profile = LATIN): WrittenBody => {
  const written = writtenBody({ type, text }, profile);
  assert.ok(typeof written === 'object', `type ${type} is refused`);
  return written;
};
const words = ({ original: _original, ...rest }: WrittenBody): object => rest;
const give = (body: Body, profile = LATIN, from = BOB): readonly TypedMessage[] => lettersOf({ from, body }, profile);
const texts = (letters: readonly TypedMessage[], codepage: number): readonly string[] => letters.map(({ text }) => decodeText(text, codepage));

// ---------------------------------------------------------------- what clients write

test('every type a person writes becomes what it means', () => {
  const cases: readonly (readonly [number, Uint8Array, object])[] = [
    [1, bytes('hello'), { kind: 'text', text: 'hello' }],
    [4, fields('look|http://example.org/'), { kind: 'url', caption: 'look', url: 'http://example.org/' }],
    [6, fields('al|Al|Ice|al@example.org|1|let me'), { kind: 'auth-request', reason: 'let me' }],
    [6, bytes('let me'), { kind: 'auth-request', reason: 'let me' }],
    [7, bytes('no'), { kind: 'auth-denied', reason: 'no' }],
    [8, bytes(''), { kind: 'auth-granted', reason: '' }],
    [8, Uint8Array.of(3), { kind: 'auth-granted', reason: '' }],
    [12, fields('al|Al|Ice|al@example.org|1'), { kind: 'added' }],
    [
      19,
      fields('2|100003|carol|100004|dave|'),
      {
        kind: 'contacts',
        contacts: [
          { uin: 100_003, nickname: 'carol' },
          { uin: 100_004, nickname: 'dave' },
        ],
      },
    ],
  ];
  for (const [type, text, expected] of cases) assert.deepEqual(words(write(type, text)), expected, `type ${type}`);
});

test('a type with its bytes swapped, or sent to several people, is the same type', () => {
  assert.deepEqual(words(write(0x0400, fields('a|http://b/'))), { kind: 'url', caption: 'a', url: 'http://b/' });
  assert.deepEqual(words(write(0x8001, bytes('to all'))), { kind: 'text', text: 'to all' });
  assert.deepEqual(words(write(0x0480, fields('a|http://b/'))), { kind: 'url', caption: 'a', url: 'http://b/' });
});

test('nobody writes in the name of the service, the pagers or the plug-ins', () => {
  for (const type of [0, 5, 9, 13, 14, 20, 26, 0xe8, 0xec, 0x8009, 0x0900, 0xffff]) {
    assert.equal(writtenBody({ type, text: bytes('x') }, LATIN), 'forbidden', `type ${type}`);
  }
});

test('invitations to direct connections are told apart', () => {
  assert.equal(writtenBody({ type: MessageType.chat, text: bytes('come') }, LATIN), 'invitation');
  assert.equal(writtenBody({ type: MessageType.file, text: bytes('take') }, LATIN), 'invitation');
});

// ---------------------------------------------------------------- code pages

const SAMPLES: readonly (readonly [codepage: number, text: string])[] = [
  [1252, 'Grüße aus Zürich, déjà vu — “ça va”'],
  [1251, 'Съешь ещё этих мягких французских булок, да выпей чаю'],
  [1250, 'Zażółć gęślą jaźń'],
  [932, 'こんにちは、世界。ｱｲｳ'],
  [1255, 'שלום עולם'],
  [936, '你好，世界'],
];

test('a text is read in the code page of its writer and written in that of its reader', () => {
  for (const [codepage, text] of SAMPLES) {
    const body = write(1, bytes(text, codepage), inPage(codepage));
    assert.equal((body as { readonly text: string }).text, text);
    assert.deepEqual(texts(give({ kind: 'text', text }, inPage(codepage)), codepage), [text], `from elsewhere, in ${codepage}`);
    assert.deepEqual(texts(give(body, inPage(codepage)), codepage), [text], `between two of ${codepage}`);
  }
});

test('what a code page cannot say is replaced so that one sees it', () => {
  assert.deepEqual(texts(give({ kind: 'text', text: 'привет!' }, LATIN), 1252), ['??????!']);
  assert.deepEqual(texts(give({ kind: 'text', text: '“naïve” — Łódź 😀' }, RUSSIAN), 1251), ['“naive” — Lodz ?']);
});

test('bytes pass untouched between clients that read the same in them, undefined ones too', () => {
  const odd = Uint8Array.of(0x68, 0x69, 0x98); // 0x98 is nothing in 1251
  const body = write(0x8001, odd, RUSSIAN);
  assert.deepEqual(give(body, RUSSIAN), [{ type: 0x8001, text: odd }]);
  assert.deepEqual(texts(give(write(1, bytes('да', 1251), RUSSIAN), inPage(1250)), 1250), ['??']);
});

test('the sender’s fields reach the other old client whole', () => {
  const text = fields('al|Al|Ice|al@example.org|0|пусти', 1251);
  assert.deepEqual(give(write(6, text, RUSSIAN), RUSSIAN), [{ type: 6, text }]);
});

test('clients that do not introduce themselves are introduced', () => {
  const author = { nickname: 'a nickname of more than twenty letters', first: 'Al', last: 'Ice', email: 'al@example.org' };
  const short = write(6, bytes('let me'));
  assert.equal(wantsAuthor({ body: short }), true);
  assert.deepEqual(lettersOf({ from: BOB, body: short }, LATIN, author)[0]?.text, fields('a nickname of more t|Al|Ice|al@example.org|1|let me'));
  const added = write(12, Uint8Array.of(3));
  assert.deepEqual(lettersOf({ from: BOB, body: added }, LATIN, author)[0]?.text, fields('a nickname of more t|Al|Ice|al@example.org|1'));
  assert.equal(wantsAuthor({ body: write(12, fields('al|Al|Ice|al@example.org|1')) }), false);
  assert.equal(wantsAuthor({ body: { kind: 'text', text: 'x' } }), false);
});

// ---------------------------------------------------------------- the separator

test('plain text may hold the byte of the separator, fields may not', () => {
  assert.deepEqual(give({ kind: 'text', text: 'юла' }, RUSSIAN), [{ type: 1, text: bytes('юла', 1251) }]);
  const [url] = give({ kind: 'url', caption: 'юла', url: 'http://b/' }, RUSSIAN);
  assert.deepEqual(url, { type: 4, text: fields('Юла|http://b/', 1251), lossless: false });
  const [auth] = give({ kind: 'auth-request', reason: 'люблю' }, RUSSIAN);
  assert.equal(auth?.text.filter((byte) => byte === 0xfe).length, 5);
  const [system] = give({ kind: 'text', text: 'люблю' }, RUSSIAN, SYSTEM);
  assert.deepEqual(system, { type: 9, text: fields('seekyou||||3|лЮблЮ', 1251) });
});

test('to a client that takes the byte for a separator everywhere, ю is Ю, and the service writes plain text', () => {
  const micq: ClientProfile = { ...RUSSIAN, quirks: new Set([Quirk.separatesAll]) };
  const body = write(1, bytes('юла', 1251), RUSSIAN);
  assert.deepEqual(give(body, RUSSIAN), [{ type: 1, text: bytes('юла', 1251) }]);
  assert.deepEqual(give(body, micq), [{ type: 1, text: bytes('Юла', 1251) }]);
  assert.deepEqual(give(write(1, bytes('да', 1251), RUSSIAN), micq), [{ type: 1, text: bytes('да', 1251) }]);
  assert.deepEqual(give({ kind: 'text', text: 'hello' }, micq, SYSTEM), [{ type: 1, text: bytes('hello') }]);
});

// ---------------------------------------------------------------- forms

test('each kind of message has the form its type asks for', () => {
  const cases: readonly (readonly [Body, number, Uint8Array])[] = [
    [{ kind: 'url', caption: 'look', url: 'http://a/' }, 4, fields('look|http://a/')],
    [{ kind: 'auth-request', reason: 'please' }, 6, fields('||||1|please')],
    [{ kind: 'auth-denied', reason: 'no' }, 7, bytes('no')],
    [{ kind: 'auth-granted', reason: '' }, 8, bytes('')],
    [{ kind: 'pre-authorised', reason: 'come' }, 8, bytes('come')],
    [{ kind: 'added' }, 12, fields('||||1')],
    [{ kind: 'contacts', contacts: [{ uin: BOB, nickname: 'bob' }] }, 19, fields('1|100002|bob|')],
    [{ kind: 'opaque', original: { format: 'icbm/4', bytes: bytes('x') }, fallback: 'a card' }, 1, bytes('a card')],
  ];
  for (const [body, type, text] of cases) {
    const letters = give(body);
    assert.deepEqual([letters.length, letters[0]?.type, letters[0]?.text], [1, type, text], body.kind);
  }
  assert.deepEqual(give({ kind: 'opaque', original: { format: 'icbm/4', bytes: bytes('x') }, fallback: '' }), []);
});

test('a message of the pagers keeps its type and its fields where they read the same, and comes as text elsewhere', () => {
  const pager = (type: number, text: Uint8Array, fallback: string): Body => {
    const data = encode(icbm.channel4Data, { uin: BOB, type, flags: 0, text, tail: new Uint8Array(0) });
    return { kind: 'opaque', original: { format: 'icbm/4', bytes: Uint8Array.of(...new Uint8Array(9), ...data) }, fallback };
  };
  const english = fields('Ann|||a@b|3|Sender IP: 192.0.2.1\r\nhi');
  const inEnglish = 'Ann\r\na@b\r\nSender IP: 192.0.2.1\r\nhi';
  const russian = fields('Анна|||a@b|3|привет', 1251);
  const inRussian = 'Анна\r\na@b\r\nпривет';
  for (const type of [MessageType.webPager, MessageType.emailExpress]) {
    assert.deepEqual(give(pager(type, english, inEnglish), RUSSIAN), [{ type, text: english }]);
    assert.deepEqual(give(pager(type, russian, inRussian), RUSSIAN), [{ type, text: russian }]);
    assert.deepEqual(give(pager(type, russian, inRussian), LATIN), [{ type: 1, text: bytes('????\r\na@b\r\n??????') }]);
  }
  // More separators than clients expect, fewer, too long, somebody else's name.
  for (const [type, text, fallback] of [
    [MessageType.webPager, fields('Anna|||a@b|3|юла', 1251), 'Anna\r\na@b\r\nюла'],
    [MessageType.webPager, fields('Ann|hi'), 'Ann\r\nhi'],
    [MessageType.webPager, fields(`Ann|||a@b|3|${'x'.repeat(TEXT_BYTES_MAX)}`), `Ann\r\na@b\r\n${'x'.repeat(TEXT_BYTES_MAX)}`],
    [MessageType.server, english, inEnglish],
  ] as const) {
    const letters = give(pager(type, text, fallback), RUSSIAN);
    assert.ok(letters.every((letter) => letter.type === MessageType.plain));
    assert.equal(texts(letters, 1251).join(''), fallback);
  }
});

test('lines end as Windows ends them, and no NUL cuts a text short', () => {
  assert.deepEqual(texts(give({ kind: 'text', text: 'a\nb\r\nc\rd\0e' }), 1252), ['a\r\nb\r\nc\r\nde']);
});

// ---------------------------------------------------------------- length

test('a long text comes in parts of 450 bytes, and nothing of it is lost', () => {
  for (const [codepage, text] of SAMPLES) {
    const long = `${text} `.repeat(60);
    const letters = give({ kind: 'text', text: long }, inPage(codepage));
    assert.ok(letters.length > 1);
    assert.ok(letters.every(({ text: part }) => part.length <= TEXT_BYTES_MAX));
    assert.equal(texts(letters, codepage).join(''), long);
  }
  assert.equal(give({ kind: 'text', text: 'x'.repeat(TEXT_BYTES_MAX) }).length, 1);
  assert.equal(give({ kind: 'text', text: 'x'.repeat(TEXT_BYTES_MAX + 1) }).length, 2);
});

test('no character of two bytes is torn', () => {
  const text = '漢'.repeat(400);
  const letters = give({ kind: 'text', text }, inPage(932));
  assert.equal(texts(letters, 932).join(''), text);
});

test('clients that show the newest message on top get the last part first', () => {
  const text = `${'a'.repeat(TEXT_BYTES_MAX)}${'b'.repeat(10)}`;
  const reversed = give({ kind: 'text', text }, { ...LATIN, quirks: new Set([Quirk.newestFirst]) });
  assert.deepEqual(texts(reversed, 1252), ['b'.repeat(10), 'a'.repeat(TEXT_BYTES_MAX)]);
});

test('a long reason is cut in its text alone', () => {
  const [letter, ...more] = give({ kind: 'auth-request', reason: 'because '.repeat(100) });
  assert.equal(more.length, 0);
  const text = decodeText(letter?.text ?? new Uint8Array(), 1252);
  assert.ok((letter?.text.length ?? 0) <= TEXT_BYTES_MAX && text.endsWith('...'), text);
  assert.equal(text.split('þ').length, 6);
});

test('a page whose address does not fit comes as text, whole', () => {
  const url = `http://example.org/${'x'.repeat(600)}`;
  const letters = give({ kind: 'url', caption: 'long', url });
  assert.ok(letters.every(({ type, text }) => type === 1 && text.length <= TEXT_BYTES_MAX));
  assert.equal(texts(letters, 1252).join(''), `long\r\n${url}`);
});

test('a long list of contacts comes as several lists', () => {
  const contacts = Array.from({ length: 60 }, (_, i) => ({ uin: asUin(100_000 + i) as Uin, nickname: `somebody ${i}` }));
  const letters = give({ kind: 'contacts', contacts });
  assert.ok(letters.length > 1 && letters.every(({ text }) => text.length <= TEXT_BYTES_MAX));
  const back = letters.flatMap((letter) => (write(letter.type, letter.text) as unknown as { readonly contacts: object[] }).contacts);
  assert.deepEqual(back, contacts);
  const [one] = give({ kind: 'contacts', contacts: [{ uin: BOB, nickname: 'x'.repeat(900) }] });
  assert.ok((one?.text.length ?? 0) <= TEXT_BYTES_MAX);
});

test('the service’s own words are messages of the server, split like others', () => {
  const letters = give({ kind: 'text', text: 'words '.repeat(150) }, LATIN, SYSTEM);
  assert.ok(letters.length > 1);
  for (const { type, text } of letters) {
    assert.equal(type, 9);
    assert.ok(text.length <= TEXT_BYTES_MAX);
    assert.equal(text.filter((byte) => byte === 0xfe).length, 5);
  }
});
