import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Place, refusalOf } from '../core-testing.ts';
import { PEOPLE } from '../limits.ts';
import { Refused } from '../refusals.ts';
import { testClock, uin } from '../testing.ts';
import { Penalties } from './penalties.ts';

const ALICE = uin(10_001);
const BOB = uin(10_002);
const limits = { ...PEOPLE, floodDelayMs: 1_000, failureDelayMaxMs: 8_000, brakeEntriesMax: 10 };

test('who was ended for flooding waits, longer each time, and others do not', () => {
  const clock = testClock();
  const penalties = new Penalties(limits, clock);
  const waits: number[] = [];
  for (let times = 0; times < 6; times++) {
    penalties.add(ALICE);
    waits.push(penalties.waitMs(ALICE));
    clock.advance(penalties.waitMs(ALICE));
  }
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  assert.deepEqual([penalties.waitMs(ALICE), penalties.waitMs(BOB)], [0, 0]);
});

test('good behaviour is remembered too', () => {
  const clock = testClock();
  const penalties = new Penalties(limits, clock);
  for (let times = 0; times < 3; times++) penalties.add(ALICE);
  clock.advance(4_000 + 8_000);
  penalties.add(ALICE);
  assert.equal(penalties.waitMs(ALICE), 1_000);
});

test('memory is bounded, and what is over is forgotten', () => {
  const clock = testClock();
  const penalties = new Penalties(limits, clock);
  for (let n = 0; n < 100; n++) penalties.add(uin(10_000 + n));
  assert.equal(penalties.size, 10);
  clock.advance(60_000);
  penalties.add(ALICE);
  assert.equal(penalties.size, 1);
});

test('neither a password nor a cookie from before opens the door before that', async () => {
  const place = new Place({ limits: { floodDelayMs: 10_000 } });
  await place.accounts(ALICE, BOB);
  const verified = await place.verify(ALICE, 'secret');
  assert.ok(!(verified instanceof Refused));
  place.core.flooded(ALICE);
  const refused = await place.verify(ALICE, 'secret');
  assert.deepEqual([refusalOf(refused), refused instanceof Refused && refused.retryMs], ['slow-down', 10_000]);
  await assert.rejects(place.signsOn(ALICE, { verified }), /slow-down/);
  await place.signsOn(BOB);
  await place.passes(10_000);
  await place.signsOn(ALICE, { verified });
});
