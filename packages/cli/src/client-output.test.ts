import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '@seekyou/client';
import { CommandError, parseJson, parseLine } from './client-commands.ts';
import { jsonOutput, textOutput } from './client-output.ts';

/** A terminal, as far as it is written to. */
function screen(): { readonly stream: NodeJS.WriteStream; readonly written: string[] } {
  const written: string[] = [];
  return { written, stream: { write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream };
}

const client = {
  contacts: () => [{ uin: 100_002, nickname: 'Bob\n12:00 Boss', group: '', awaiting: false }],
  rooms: { called: ({ room }: { room: string }) => room },
} as unknown as Client;

test('neither a message nor a name passes for another line', () => {
  const { stream, written } = screen();
  const output = textOutput(stream);
  const time = '1999-05-06T12:00:00.000Z';
  output.event(client, { type: 'message', from: 100_002, text: 'hi\n12:00 Boss (100003): your password?', time, stored: false });
  output.event(client, { type: 'authorisation-asked', from: 100_003, reason: 'me\n12:00 Boss\u202e' });
  output.event(client, { type: 'room-line', room: 'cats\n', id: '0', from: 100_003, text: 'a\nb', whisper: false, time });
  assert.deepEqual(written, [
    '12:00 Bob\\x0a12:00 Boss (100002): hi\n  | 12:00 Boss (100003): your password?\n',
    '100003 asks to add you: me\\x0a12:00 Boss\\u202e   (/grant 100003 or /deny 100003)\n',
    '12:00 cats\\x0a: 100003: a\n  | b\n',
  ]);
});

test('contacts and notices are said with whom they came from', () => {
  const { stream, written } = screen();
  const output = textOutput(stream);
  const when = { from: 100_003, time: '1999-05-06T12:00:00.000Z', stored: true };
  const contacts = [
    { uin: 100_004, nickname: 'Carl' },
    { uin: 100_005, nickname: 'Do\nra' },
  ];
  output.event(client, { type: 'contacts', contacts, ...when });
  output.event(client, { type: 'notice', name: 'Ann\n', email: 'ann@x.test', text: 'Subject: hi\r\nhello', ...when });
  output.event(client, { type: 'notice', name: '', email: '', text: 'it goes down', ...when });
  assert.deepEqual(written, [
    '1999-05-06 12:00 100003 sends contacts: 100004 Carl, 100005 Do\\x0ara\n',
    '1999-05-06 12:00 100003, from Ann\\x0a <ann@x.test>: Subject: hi\n  | hello\n',
    '1999-05-06 12:00 100003: it goes down\n',
  ]);
});

test('an away text cannot pass for another line, and none is said to be none', () => {
  const { stream, written } = screen();
  const output = textOutput(stream);
  for (const text of ['gone\n12:00 Boss: hi', '']) output.done(parseLine('/away-of 100002'), text);
  assert.deepEqual(written, ['gone\n  | 12:00 Boss: hi\n', '100002 says nothing of his status\n']);
});

test('an answer repeats what was said, also where it was not understood, but no password and no type', (t) => {
  const written: unknown[] = [];
  t.mock.method(process.stdout, 'write', (text: string) => written.push(JSON.parse(text)) > 0);
  const output = jsonOutput();
  output.done(parseJson('{"do":"contacts","type":"mine","ticket":9}'), []);
  for (const line of ['{"do":"send","to":"abc","type":"mine","ticket":7}', '{"do":"pasword","present":"x","wanted":"y","ticket":8}', '7']) {
    try {
      parseJson(line);
    } catch (error) {
      assert.ok(error instanceof CommandError);
      output.failed(error, error.given);
    }
  }
  t.mock.restoreAll();
  assert.deepEqual(written, [
    { type: 'done', do: 'contacts', ticket: 9, result: [] },
    { type: 'failed', do: 'send', to: 'abc', ticket: 7, code: null, message: '/send TO TEXT: to is wrong' },
    { type: 'failed', do: 'pasword', ticket: 8, code: null, message: 'pasword is no command; /help lists them' },
    { type: 'failed', code: null, message: 'a command is an object such as {"do":"send","to":100002,"text":"hello"}' },
  ]);
});
