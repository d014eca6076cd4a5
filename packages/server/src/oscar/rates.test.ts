import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Uin } from '@seekyou/core';
import { oservice } from '@seekyou/wire/oscar';
import { BENCH_RATES, PEOPLE_RATES, rateClassOf, rateGroups, RateMeter, type RateRule } from './rates.ts';
import { RateMemory } from '../runtime/rate-memory.ts';

const START = 1_795_000_000_000;
const [ALICE, BOB, CAROL] = [100_001, 100_002, 100_003] as [Uin, Uin, Uin];
const MESSAGE = [0x04, 0x06] as const;
const TYPING = [0x04, 0x14] as const;
const STATUS = [0x01, 0x1e] as const;

/** What became of `count` SNACs, one every `everyMs`. */
function flood(meter: RateMeter, [family, subtype]: readonly [number, number], count: number, everyMs: number, from = START) {
  const seen: Record<string, number> = { pass: 0, refuse: 0, drop: 0, disconnect: 0 };
  const notices: number[] = [];
  for (let i = 0; i < count; i++) {
    const verdict = meter.count(family, subtype, from + i * everyMs);
    seen[verdict.do] = (seen[verdict.do] ?? 0) + 1;
    if (verdict.notice) notices.push(verdict.notice.code);
  }
  return { ...seen, notices } as { pass: number; refuse: number; drop: number; disconnect: number; notices: number[] };
}

test('a message, a typing notice and a status change every second pass for eight hours without a word', () => {
  const meter = new RateMeter(PEOPLE_RATES, START);
  for (let second = 0; second < 8 * 3600; second++) {
    for (const [family, subtype] of [MESSAGE, TYPING, STATUS]) {
      assert.deepEqual(meter.count(family, subtype, START + second * 1000), { do: 'pass' }, `second ${second}`);
    }
  }
});

test('a roster of a thousand is uploaded at once, in whatever steps', () => {
  const once = (snac: readonly [number, number], count: number) => flood(new RateMeter(PEOPLE_RATES, START), snac, count, 0);
  assert.deepEqual(once([0x03, 0x04], 1_000), { pass: 1_000, refuse: 0, drop: 0, disconnect: 0, notices: [] });
  assert.deepEqual(once([0x13, 0x08], 1_000), { pass: 1_000, refuse: 0, drop: 0, disconnect: 0, notices: [] });
  const steps = flood(new RateMeter(PEOPLE_RATES, START), [0x13, 0x11], 9_000, 0);
  assert.deepEqual(steps, { pass: 9_000, refuse: 0, drop: 0, disconnect: 0, notices: [] });
});

test('a client asks for the details of nine hundred contacts at once', () => {
  const { pass, refuse, disconnect } = flood(new RateMeter(PEOPLE_RATES, START), [0x15, 0x02], 900, 0);
  assert.deepEqual({ pass, refuse, disconnect }, { pass: 900, refuse: 0, disconnect: 0 });
});

test('a flood of messages is warned, limited, then cut off', () => {
  const meter = new RateMeter(PEOPLE_RATES, START);
  const codes: number[] = [];
  const order: string[] = [];
  for (let i = 0; i < 400 && order.at(-1) !== 'disconnect'; i++) {
    const verdict = meter.count(...MESSAGE, START + i);
    if (verdict.notice) codes.push(verdict.notice.code);
    if (order.at(-1) !== verdict.do) order.push(verdict.do);
  }
  assert.deepEqual(order, ['pass', 'refuse', 'disconnect']);
  assert.deepEqual(codes, [oservice.RateChange.warning, oservice.RateChange.limited]);
});

test('what is said about authorisation counts as messages, and together with them', () => {
  const meter = new RateMeter(PEOPLE_RATES, START);
  const kinds: readonly (readonly [number, number])[] = [MESSAGE, [0x13, 0x14], [0x13, 0x18], [0x13, 0x1a]];
  const verdicts = Array.from({ length: 100 }, () => kinds.map(([family, subtype]) => meter.count(family, subtype, START).do)).flat();
  assert.ok(verdicts.indexOf('refuse') > 150 && verdicts.indexOf('refuse') < 200, `${verdicts.indexOf('refuse')}`);
  assert.ok(verdicts.includes('disconnect'));
});

test('nobody is limited without a warning before, even by a table that jumps', () => {
  const steep: RateRule = { id: 3, window: 2, clear: 5_000, alert: 4_000, limit: 3_900, disconnect: 0, max: 6_000, overrun: 'refuse' };
  const meter = new RateMeter([steep], START);
  assert.deepEqual(meter.count(...MESSAGE, START).notice?.code, oservice.RateChange.warning);
  const second = meter.count(...MESSAGE, START);
  assert.deepEqual([second.do, second.notice?.code], ['refuse', oservice.RateChange.limited]);
});

test('a limited class is free again when its formula says so, and the client is told without having to ask', () => {
  const meter = new RateMeter(PEOPLE_RATES, START);
  let at = START;
  while (meter.count(...MESSAGE, at).do === 'pass') at++;
  assert.equal(meter.limited, true);
  const level = meter.records(at)[2]?.current as number;
  const clearAt = at + 80 * 1_000 - 79 * level;
  assert.deepEqual(meter.cleared(clearAt - 1), []);
  const [notice] = meter.cleared(clearAt);
  assert.equal(notice?.code, oservice.RateChange.cleared);
  assert.equal(notice?.record.id, 3);
  assert.equal(notice?.record.state, 0);
  assert.equal(meter.limited, false);
  assert.equal(meter.count(...MESSAGE, clearAt).do, 'pass');
});

test('too many typing notices are dropped without a word, and messages go on', () => {
  const meter = new RateMeter(PEOPLE_RATES, START);
  const seen = flood(meter, TYPING, 2_000, 1);
  assert.ok(seen.drop > 1_000);
  assert.deepEqual({ refuse: seen.refuse, disconnect: seen.disconnect, notices: seen.notices }, { refuse: 0, disconnect: 0, notices: [] });
  assert.deepEqual(meter.count(...MESSAGE, START + 2_000), { do: 'pass' });
});

test('the bench profile refuses nothing', () => {
  for (const snac of [MESSAGE, TYPING, STATUS]) {
    assert.deepEqual(flood(new RateMeter(BENCH_RATES, START), snac, 20_000, 0), { pass: 20_000, refuse: 0, drop: 0, disconnect: 0, notices: [] });
  }
});

test('a clock that goes back does no harm', () => {
  const meter = new RateMeter(PEOPLE_RATES, START);
  meter.count(...MESSAGE, START);
  assert.equal(meter.count(...MESSAGE, START - 3_600_000).do, 'pass');
  assert.ok((meter.records(START - 3_600_000)[2]?.lastMs as number) >= 0);
});

test('records tell what is enforced', () => {
  const meter = new RateMeter(PEOPLE_RATES, START);
  const records = meter.records(START + 250);
  assert.deepEqual(
    records.map(({ id }) => id),
    [1, 2, 3, 4, 5],
  );
  assert.deepEqual(records[2], { id: 3, window: 80, clear: 1000, alert: 800, limit: 600, disconnect: 300, current: 6000, max: 6000, lastMs: 250, state: 0 });
});

test('every SNAC a client may send is in exactly one group', () => {
  const groups = rateGroups(PEOPLE_RATES);
  const all = groups.flatMap(({ snacs }) => snacs.map(({ family, subtype }) => `${family}/${subtype}`));
  assert.equal(new Set(all).size, all.length);
  for (const { id, snacs } of groups) for (const { family, subtype } of snacs) assert.equal(rateClassOf(family, subtype), id);
  assert.ok(all.includes('4/6') && all.includes('19/40') && all.includes('3/16'));
});

const meterFor = (memory: RateMemory<RateMeter>, uin: Uin, now: number): RateMeter => new RateMeter(PEOPLE_RATES, now, memory.worn(uin, now));

test('coming back is no way out of a limit, and time is', () => {
  const memory = new RateMemory<RateMeter>(10);
  const first = meterFor(memory, ALICE, START);
  assert.equal(flood(first, MESSAGE, 190, 0).refuse > 0, true);
  memory.keep(ALICE, first, START);
  const second = meterFor(memory, ALICE, START + 1_000);
  assert.deepEqual([second.limited, second.count(...MESSAGE, START + 1_000).do], [true, 'refuse']);
  assert.equal(meterFor(memory, BOB, START + 1_000).count(...MESSAGE, START + 1_000).do, 'pass');
  memory.keep(ALICE, second, START + 1_000);
  const later = meterFor(memory, ALICE, START + 61_000);
  assert.equal(later.count(...MESSAGE, START + 61_000).do, 'pass');
});

test('what signing on needs is not remembered, nor who has hardly said anything', () => {
  const memory = new RateMemory<RateMeter>(10);
  const busy = meterFor(memory, ALICE, START);
  flood(busy, [0x15, 0x02], 1_100, 0);
  flood(busy, MESSAGE, 30, 0);
  memory.keep(ALICE, busy, START);
  assert.equal(memory.size, 0);
  const worn = meterFor(memory, ALICE, START);
  flood(worn, [0x15, 0x02], 1_100, 0);
  flood(worn, MESSAGE, 100, 0);
  memory.keep(ALICE, worn, START);
  const again = meterFor(memory, ALICE, START);
  assert.deepEqual([memory.size, again.count(0x15, 0x02, START).do, flood(again, MESSAGE, 100, 0).refuse > 0], [1, 'pass', true]);
});

test('of two connections the worse goes on, class by class', () => {
  const [talker, searcher] = [new RateMeter(PEOPLE_RATES, START), new RateMeter(PEOPLE_RATES, START)];
  flood(talker, MESSAGE, 190, 0);
  flood(talker, [0x0d, 0x07], 1, 0);
  flood(searcher, [0x0d, 0x07], 14, 0);
  flood(searcher, MESSAGE, 1, 0);
  const levels = (meter: RateMeter): readonly number[] => meter.records(START).map(({ current }) => current);
  const [, , messages] = levels(talker);
  const [, , , directory] = levels(searcher);
  for (const [one, other] of [
    [talker, searcher],
    [searcher, talker],
  ] as const) {
    const both = new RateMeter(PEOPLE_RATES, START, one);
    both.goOnFrom(other, START);
    const [, , ofMessages, ofDirectory] = levels(both);
    assert.deepEqual([ofMessages, ofDirectory, both.limited], [messages, directory, true]);
  }
});

test('of many who left in a hurry the first is forgotten, and so is who has recovered', () => {
  const memory = new RateMemory<RateMeter>(2);
  for (const uin of [ALICE, BOB, CAROL]) {
    const meter = meterFor(memory, uin, START);
    flood(meter, MESSAGE, 190, 0);
    memory.keep(uin, meter, START);
  }
  assert.deepEqual([memory.size, meterFor(memory, ALICE, START).limited, meterFor(memory, BOB, START).limited], [2, false, true]);
  assert.equal(meterFor(memory, BOB, START + 3_600_000).limited, false);
  assert.equal(memory.size, 1);
});
