import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError, parseJson, parseLine, shown } from './client-commands.ts';

test('a room’s name is one word, or several in quotes', () => {
  assert.deepEqual(parseLine('/say cats hello there'), { do: 'say', room: 'cats', text: 'hello there' });
  assert.deepEqual(parseLine('/say "big cats" hello "there"'), { do: 'say', room: 'big cats', text: 'hello "there"' });
  assert.deepEqual(parseLine('/whisper "big cats" 100-002 psst'), { do: 'whisper', room: 'big cats', to: 100_002, text: 'psst' });
  assert.deepEqual(parseLine('/join big cats'), { do: 'join', room: 'big cats' });
  assert.deepEqual(parseLine('/rooms'), { do: 'rooms', name: undefined });
  assert.throws(() => parseLine('/say cats'), CommandError);
  assert.throws(() => parseLine('/say "" hello'), CommandError);
});

test('commands may have a hyphen in their names, and are the same in JSON', () => {
  assert.deepEqual(parseLine('/picture-of 100002 her face.png'), { do: 'picture-of', uin: 100_002, file: 'her face.png' });
  assert.deepEqual(parseJson('{"do":"picture-of","uin":100002,"file":"a.png"}'), { do: 'picture-of', uin: 100_002, file: 'a.png' });
  assert.throws(() => parseJson('{"do":"picture-of","uin":100002}'), CommandError);
});

test('a password is one word, or several in quotes, and is never shown', () => {
  const command = parseLine('/password "my cat" dog');
  assert.deepEqual(command, { do: 'password', present: 'my cat', wanted: 'dog' });
  assert.deepEqual(shown(command), { do: 'password' });
  assert.deepEqual(shown(parseJson('{"do":"unregister","password":"x","ticket":3}')), { do: 'unregister', ticket: 3 });
  assert.throws(() => parseLine('/old-password "my cat"'), CommandError);
  assert.deepEqual(shown(parseLine('/say cats meow')), { do: 'say', room: 'cats', text: 'meow' });
});

test('an empty text in JSON is as good as none, where none may be left out', () => {
  assert.deepEqual(parseJson('{"do":"set","field":"city","value":""}'), { do: 'set', field: 'city', value: undefined });
  assert.throws(() => parseJson('{"do":"set","field":"","value":"x"}'), CommandError);
  assert.throws(() => parseJson('{"do":"send","to":100002,"text":""}'), CommandError);
});
