import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type Account, type Chance, type Clock, type Limits, PEOPLE, type Uin } from '@seekyou/core';
import { COOKIE_BYTES, type CookieRecord, createCookieJar } from './cookies.ts';

let counter = 0;
const chance: Chance = { bytes: (length) => Uint8Array.from({ length }, (_, i) => createHash('md5').update(`${counter++} ${i}`).digest()[0] as number) };
const KEY = new Uint8Array(32).fill(1);
const NODE = new Uint8Array(8).fill(2);

function jarAt(time: { now: number }, { limits, ...over }: { key?: Uint8Array; node?: Uint8Array; limits?: Partial<Limits> } = {}) {
  const clock: Clock = { now: () => time.now, after: () => () => {} };
  return createCookieJar({ clock, chance, key: KEY, node: NODE, limits: { ...PEOPLE, ...limits }, ...over });
}

const record: CookieRecord = {
  account: { uin: 100_001 as Uin } as Account,
  family: 0,
  software: { name: 'climm', clientId: 266, version: [5, 37, 1, 3728], distribution: 85, language: 'en', country: 'us' },
  coexist: false,
};

test('a cookie is 256 bytes and good once', () => {
  const jar = jarAt({ now: 1_795_000_000_000 });
  const cookie = jar.issue(record);
  assert.equal(cookie.length, COOKIE_BYTES);
  assert.equal(jar.redeem(cookie), record);
  assert.equal(jar.redeem(cookie), 'repeated');
  assert.equal(jar.outstanding, 0);
});

test('a cookie lives for a minute', () => {
  const time = { now: 1_795_000_000_000 };
  const jar = jarAt(time);
  const [first, second] = [jar.issue(record), jar.issue(record)];
  time.now += 59_999;
  assert.equal(jar.redeem(first), record);
  time.now += 1;
  assert.equal(jar.redeem(second), 'late');
});

test('cookies nobody came with are forgotten', () => {
  const time = { now: 1_000_000 };
  const jar = jarAt(time);
  jar.issue(record);
  jar.issue(record);
  time.now += 60_000;
  jar.issue(record);
  assert.equal(jar.outstanding, 1);
});

test('every changed bit before the padding makes a forgery', () => {
  const jar = jarAt({ now: 1_795_000_000_000 });
  const cookie = jar.issue(record);
  for (let at = 0; at < 68; at++) {
    const changed = cookie.slice();
    changed[at] = (changed[at] as number) ^ 1;
    assert.equal(jar.redeem(changed), 'forged', `byte ${at}`);
  }
  assert.equal(jar.redeem(cookie.subarray(0, 255)), 'forged');
  assert.equal(jar.redeem(new Uint8Array(0)), 'forged');
  assert.equal(jar.redeem(cookie), record, 'trying does not use the real one up');
});

test('another node and another service are told apart', () => {
  const time = { now: 1_795_000_000_000 };
  const other = jarAt(time, { node: new Uint8Array(8).fill(3) });
  const stranger = jarAt(time, { key: new Uint8Array(32).fill(9) });
  const jar = jarAt(time);
  assert.equal(jar.redeem(other.issue(record)), 'foreign');
  assert.equal(jar.redeem(stranger.issue(record)), 'forged');
});

test('no two cookies are alike', () => {
  const jar = jarAt({ now: 1_795_000_000_000 });
  const seen = new Set(Array.from({ length: 100 }, () => Buffer.from(jar.issue(record)).toString('hex')));
  assert.equal(seen.size, 100);
});

test('who asks for many pushes out his own, never those of others', () => {
  const jar = jarAt({ now: 1_795_000_000_000 }, { limits: { cookiesPerAccountMax: 3, cookiesMax: 10 } });
  const other = { ...record, account: { uin: 100_002 as Uin } as Account };
  const theirs = jar.issue(other);
  const mine = Array.from({ length: 100 }, () => jar.issue(record));
  assert.equal(jar.outstanding, 4);
  assert.deepEqual(
    mine.slice(-4).map((cookie) => jar.redeem(cookie) === record),
    [false, true, true, true],
  );
  assert.equal(jar.redeem(theirs), other);
  assert.equal(jar.outstanding, 0);
});

test('of everybody together the oldest are forgotten', () => {
  const jar = jarAt({ now: 1_795_000_000_000 }, { limits: { cookiesMax: 10 } });
  const all = Array.from({ length: 20 }, (_, i) => jar.issue({ ...record, account: { uin: (100_000 + i) as Uin } as Account }));
  assert.equal(jar.outstanding, 10);
  assert.deepEqual([jar.redeem(all[9] as Uint8Array), typeof jar.redeem(all[10] as Uint8Array)], ['repeated', 'object']);
});
