import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quoted, stops } from './serve.ts';

test('a path is quoted for the shell where it has to be', { skip: process.platform === 'win32' ? 'other shells quote otherwise' : false }, () => {
  assert.equal(quoted('/var/lib/seekyou'), '/var/lib/seekyou');
  assert.equal(quoted('/home/anna/my data'), "'/home/anna/my data'");
  assert.equal(quoted("it's"), "'it'\\''s'");
});

test('a terminal that closes stops a server that has one, and no other', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) assert.deepEqual([stops(signal, true), stops(signal, false)], [true, true], signal);
  assert.deepEqual([stops('SIGHUP', true), stops('SIGHUP', false)], [true, false]);
});
