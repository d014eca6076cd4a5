import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { PEOPLE } from '../limits.ts';
import { Refused } from '../refusals.ts';
import { settled, type TestClock, testClock, uin } from '../testing.ts';
import type { Peer } from '../words.ts';
import { SignOnBrake } from './brake.ts';

const at = (address: string): Peer => ({ address, port: 1, known: true });
const SITE = at('192.0.2.1');
const MINUTE = 60_000;

let clock: TestClock;
let brake: SignOnBrake;

beforeEach(() => {
  clock = testClock();
  brake = new SignOnBrake(PEOPLE, clock);
});

/** One attempt: `right`, `wrong`, or how long to wait. */
async function tries(number: number, outcome: 'right' | 'wrong', peer = SITE): Promise<'right' | 'wrong' | number> {
  const attempt = await brake.enter(uin(number), peer);
  if (attempt instanceof Refused) return attempt.retryMs ?? 0;
  brake.leave(attempt, outcome);
  return outcome;
}

async function fails(times: number, number: number, peer = SITE): Promise<void> {
  for (let time = 0; time < times; time++) assert.equal(await tries(number, 'wrong', peer), 'wrong');
}

/** As a guesser over many accounts does: one wrong password each. */
async function sprays(from: number, count: number, peer = SITE): Promise<void> {
  for (let number = from; number < from + count; number++) assert.equal(await tries(number, 'wrong', peer), 'wrong');
}

describe('one person at one address', () => {
  test('may mistype five times', async () => {
    await fails(5, 20_001);
    assert.equal(await tries(20_001, 'right'), 1_000);
  });

  test('waits twice as long after each further failure, a quarter of an hour at most', async () => {
    await fails(5, 20_001);
    const waits: number[] = [];
    for (let time = 0; time < 13; time++) {
      const wait = await tries(20_001, 'wrong');
      assert.ok(typeof wait === 'number');
      waits.push(wait / 1_000);
      clock.advance(wait);
      assert.equal(await tries(20_001, 'wrong'), 'wrong');
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  });

  test('does not wait longer for asking too early', async () => {
    await fails(5, 20_001);
    for (let time = 0; time < 50; time++) assert.equal(typeof (await tries(20_001, 'right')), 'number');
    clock.advance(1_000);
    assert.equal(await tries(20_001, 'right'), 'right');
  });

  test('begins anew after a right password', async () => {
    await fails(4, 20_001);
    assert.equal(await tries(20_001, 'right'), 'right');
    await fails(5, 20_001);
  });

  test('begins anew after a quiet quarter of an hour', async () => {
    await fails(5, 20_001);
    clock.advance(1_000 + PEOPLE.failureDelayMaxMs);
    await fails(5, 20_001);
  });

  test('is not slowed down by somebody else who guesses his password elsewhere', async () => {
    await fails(5, 20_001, at('198.51.100.9'));
    assert.equal(await tries(20_001, 'right'), 'right');
  });
});

describe('one address', () => {
  test('a neighbour of a guesser gets in', async () => {
    await fails(5, 20_001);
    for (let time = 0; time < 100; time++) await tries(20_001, 'wrong');
    for (let number = 30_001; number < 30_101; number++) assert.equal(await tries(number, 'right'), 'right');
  });

  test('thirty failures a minute are free, whoever they are of', async () => {
    await sprays(20_001, 30);
    assert.equal(await tries(20_099, 'wrong'), 1_000);
  });

  test('after those the wait grows, to a minute at most', async () => {
    await sprays(20_001, 30);
    const waits: number[] = [];
    for (let number = 21_001; number < 21_009; number++) {
      const wait = await tries(number, 'wrong');
      assert.ok(typeof wait === 'number');
      waits.push(wait / 1_000);
      clock.advance(wait);
      assert.equal(await tries(number, 'wrong'), 'wrong');
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
  });

  test('failures of a slow day never add up', async () => {
    for (let minute = 0; minute < 60; minute++) {
      await sprays(20_001 + minute * 100, 14);
      clock.advance(MINUTE);
    }
    assert.equal(await tries(19_999, 'right'), 'right');
  });

  test('who signed on from there before gets in while somebody tries one password on everybody', async () => {
    assert.equal(await tries(30_001, 'right'), 'right');
    await sprays(20_001, 30);
    assert.equal(await tries(30_001, 'right'), 'right');
    assert.equal(await tries(30_002, 'right'), 1_000, 'whom nobody knows has to wait');
  });

  test('but not who was wrong since', async () => {
    assert.equal(await tries(30_001, 'right'), 'right');
    assert.equal(await tries(30_001, 'wrong'), 'wrong');
    await sprays(20_001, 30);
    assert.equal(await tries(30_001, 'right'), 1_000);
  });

  test('who never failed gets in while somebody guesses the passwords of a few', async () => {
    // Six people, five failures each: over the budget, but not one password on everybody.
    for (let number = 20_001; number < 20_007; number++) await fails(5, number);
    clock.advance(1_000);
    assert.equal(await tries(20_001, 'wrong'), 'wrong', 'the address is over its budget, and one attempt is free again');
    assert.equal(typeof (await tries(20_002, 'wrong')), 'number', 'who failed has to wait for the address');
    assert.equal(await tries(30_001, 'right'), 'right');
  });

  test('trying few accounts first does not open the way to many', async () => {
    for (let number = 20_001; number < 20_007; number++) await fails(5, number);
    let passed = 0;
    for (let number = 21_001; number < 21_200; number++) if ((await tries(number, 'wrong')) === 'wrong') passed++;
    assert.ok(passed <= 15, `${passed} guesses passed`);
  });

  test('an address that was quiet for a quarter of an hour begins anew, though people signed on from it meanwhile', async () => {
    await sprays(20_001, 30);
    for (let minute = 0; minute < 16; minute++) {
      clock.advance(MINUTE);
      assert.equal(await tries(30_001 + minute, 'right'), 'right');
    }
    await sprays(40_001, 30);
    assert.equal(await tries(40_099, 'right'), 1_000);
  });

  test('a right password does not give a guesser his failures back', async () => {
    for (let number = 20_001; number < 20_031; number++) {
      assert.equal(await tries(number, 'wrong'), 'wrong');
      assert.equal(await tries(29_999, 'right'), 'right');
    }
    assert.equal(typeof (await tries(20_099, 'wrong')), 'number');
  });

  test('of an IPv6 network all addresses are one', async () => {
    for (let n = 0; n < 30; n++) assert.equal(await tries(20_001 + n, 'wrong', at(`2001:db8::${n.toString(16)}`)), 'wrong');
    assert.equal(typeof (await tries(20_099, 'wrong', at('2001:db8::ffff'))), 'number');
    assert.equal(await tries(20_099, 'right', at('2001:db8:0:1::1')), 'right');
  });

  test('behind a relay that hides people only the pair counts', async () => {
    const relay: Peer = { address: '203.0.113.5', port: 1, known: false };
    await sprays(20_001, 200, relay);
    assert.equal(await tries(30_001, 'right', relay), 'right');
    await fails(4, 20_001, relay);
    assert.equal(await tries(20_001, 'right', relay), 1_000);
  });
});

describe('addresses that can be forged', () => {
  const FORGED: Peer = { ...SITE, forgeable: true };

  test('slow down nobody who came to his honestly, however often they fail', async () => {
    await fails(5, 20_001, FORGED);
    assert.equal(await tries(20_001, 'right', FORGED), 1_000);
    await fails(5, 20_001);
  });

  test('nor take from him that he signed on from there before', async () => {
    assert.equal(await tries(30_001, 'right'), 'right');
    assert.equal(await tries(30_001, 'wrong', FORGED), 'wrong');
    await sprays(20_001, 29, FORGED);
    assert.equal(await tries(30_002, 'right', FORGED), 1_000);
    await sprays(20_001, 30);
    assert.equal(await tries(30_001, 'right'), 'right');
  });

  test('behind a relay that hides people neither', async () => {
    const relay: Peer = { address: '203.0.113.5', port: 1, known: false };
    await fails(5, 20_001, { ...relay, forgeable: true });
    assert.equal(await tries(20_001, 'right', relay), 'right');
  });
});

describe('at the same time', () => {
  /** Looks at `at` passwords at once, all wrong or all right; returns the most that were looked at together, and the outcomes. */
  async function together(count: number, numberOf: (n: number) => number, outcome: 'right' | 'wrong'): Promise<{ most: number; looked: number }> {
    let now = 0;
    let most = 0;
    let looked = 0;
    await Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const attempt = await brake.enter(uin(numberOf(n)), SITE);
        if (attempt instanceof Refused) return;
        looked++;
        most = Math.max(most, ++now);
        await settled();
        now--;
        brake.leave(attempt, outcome);
      }),
    );
    return { most, looked };
  }

  test('a thousand guesses at one password are worth five', async () => {
    assert.deepEqual(await together(1_000, () => 20_001, 'wrong'), { most: 5, looked: 5 });
  });

  test('a thousand guesses at a thousand accounts are worth thirty', async () => {
    assert.deepEqual(await together(1_000, (n) => 20_001 + n, 'wrong'), { most: 30, looked: 30 });
  });

  test('a minute after failures there is room for all again', async () => {
    await sprays(10_001, 29);
    clock.advance(MINUTE);
    assert.deepEqual(await together(1_000, (n) => 20_001 + n, 'wrong'), { most: 30, looked: 30 });
  });

  test('after four failures guesses are looked at one by one', async () => {
    await fails(4, 20_001);
    assert.deepEqual(await together(10, () => 20_001, 'wrong'), { most: 1, looked: 1 });
  });

  test('a room full of right passwords only queues', async () => {
    assert.deepEqual(await together(1_000, (n) => 20_001 + n, 'right'), { most: 30, looked: 1_000 });
  });

  test('and does not queue the next time, because it is known', async () => {
    await together(300, (n) => 20_001 + n, 'right');
    assert.deepEqual(await together(300, (n) => 20_001 + n, 'right'), { most: 300, looked: 300 });
  });

  test('many clients of one person with the right password all get in', async () => {
    assert.deepEqual(await together(50, () => 20_001, 'right'), { most: 5, looked: 50 });
  });

  test('an attempt that came to nothing costs nothing', async () => {
    for (let time = 0; time < 100; time++) {
      const attempt = await brake.enter(uin(20_001), SITE);
      assert.ok(!(attempt instanceof Refused));
      brake.leave(attempt, 'not-looked-at');
    }
    await fails(5, 20_001);
  });

  test('nobody is forgotten in the queue, whatever the order', async () => {
    // Pairs and addresses crosswise, so that attempts wait now for one and now for the other.
    const answers = await Promise.all(
      Array.from({ length: 600 }, async (_, n) => {
        const attempt = await brake.enter(uin(20_001 + (n % 7)), at(`192.0.2.${n % 3}`));
        if (attempt instanceof Refused) return 'refused';
        for (let turn = 0; turn < n % 5; turn++) await Promise.resolve();
        brake.leave(attempt, n % 8 === 0 ? 'right' : 'wrong');
        return 'looked at';
      }),
    );
    assert.ok(answers.includes('refused') && answers.includes('looked at'));
    clock.advance(60 * MINUTE);
    for (let n = 0; n < 21; n++) assert.equal(await tries(20_001 + (n % 7), 'right', at(`192.0.2.${n % 3}`)), 'right', 'no place is taken for ever');
  });
});

test('what is remembered has a bound, and the oldest goes first', async () => {
  brake = new SignOnBrake({ ...PEOPLE, brakeEntriesMax: 100 }, clock);
  await fails(5, 19_999, at('203.0.113.77'));
  for (let n = 0; n < 1_000; n++) await tries(20_001 + n, 'wrong', at(`198.51.${n >> 8}.${n & 255}`));
  for (let n = 0; n < 1_000; n++) await tries(30_001 + n, 'right', at(`198.52.${n >> 8}.${n & 255}`));
  assert.ok(brake.size <= 300, `${brake.size} entries`);
  assert.equal(await tries(19_999, 'right', at('203.0.113.77')), 'right');
});

test('right passwords leave nothing but the knowledge of who comes from where', async () => {
  for (let time = 0; time < 10; time++) for (let n = 0; n < 50; n++) await tries(20_001 + n, 'right');
  assert.equal(brake.size, 50);
});
