import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PEOPLE } from '../limits.ts';
import { Refused } from '../refusals.ts';
import { testClock } from '../testing.ts';
import type { Peer } from '../words.ts';
import { RegistrationBrake } from './registrations.ts';

const HOUR = 3_600_000;
const SITE: Peer = { address: '192.0.2.1', port: 1, known: true };

function setUp(): { brake: RegistrationBrake; clock: ReturnType<typeof testClock>; registers: (peer?: Peer) => number } {
  const clock = testClock();
  const brake = new RegistrationBrake(PEOPLE, clock);
  /** 0, or how long to wait. */
  const registers = (peer = SITE): number => {
    const entered = brake.enter(peer);
    return entered instanceof Refused ? (entered.retryMs ?? 0) : 0;
  };
  return { brake, clock, registers };
}

test('an address may register twenty an hour, then waits longer each time', () => {
  const { clock, registers } = setUp();
  for (let time = 0; time < 20; time++) assert.equal(registers(), 0);
  for (const wait of [1_000, 2_000, 4_000]) {
    assert.equal(registers(), wait);
    clock.advance(wait);
    assert.equal(registers(), 0);
  }
});

test('others may register meanwhile', () => {
  const { registers } = setUp();
  for (let time = 0; time < 20; time++) registers();
  assert.equal(registers({ ...SITE, address: '192.0.2.2' }), 0);
});

test('an hour later it may do so again', () => {
  const { clock, registers } = setUp();
  for (let time = 0; time < 20; time++) registers();
  clock.advance(HOUR);
  for (let time = 0; time < 20; time++) assert.equal(registers(), 0);
});

test('what came to nothing does not count', () => {
  const { brake, registers } = setUp();
  for (let time = 0; time < 19; time++) {
    const undo = brake.enter(SITE);
    assert.ok(!(undo instanceof Refused));
    undo();
  }
  for (let time = 0; time < 20; time++) assert.equal(registers(), 0);
});

test('all addresses together may register a thousand an hour', () => {
  const { registers } = setUp();
  for (let n = 0; n < 1_000; n++) assert.equal(registers({ ...SITE, address: `198.51.${n >> 8}.${n & 255}` }), 0);
  assert.equal(registers(), 1_000);
});

test('behind a relay that hides people only the total counts', () => {
  const { registers } = setUp();
  for (let n = 0; n < 500; n++) assert.equal(registers({ ...SITE, known: false }), 0);
});
