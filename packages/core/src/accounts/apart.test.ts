import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Place, type PlaceOptions, refusalOf } from '../core-testing.ts';
import { PEOPLE } from '../limits.ts';
import { memoryStore } from '../memory-store.ts';
import { Refused } from '../refusals.ts';
import { settled, uin } from '../testing.ts';

const SENT = 'secret';

/** Passwords set under "same" are compared under "own". */
async function scene(count: number, options: PlaceOptions = {}) {
  const store = memoryStore();
  const before = new Place({ store });
  for (let n = 1; n <= count; n++) await before.core.admin.create({ uin: uin(20_000 + n), password: SENT });
  const place = new Place({ ...options, store, settings: { oldClients: 'own', ...options.settings } });
  const proves = place.secrets.proves.bind(place.secrets);
  const comparisons = { begun: 0, wait: Promise.resolve() };
  place.secrets.proves = async (password, verifier) => {
    comparisons.begun++;
    await comparisons.wait;
    return proves(password, verifier);
  };
  return { place, comparisons };
}

/** An account whose two passwords are two. */
async function apart(place: Place, number: number): Promise<void> {
  await place.account(number, { main: await place.secrets.verifier('another') });
}

describe('old_clients = own, and an account from before', () => {
  test('the main password does not sign on as an old one: the administrator is told whose it is, and what helps', async () => {
    const { place } = await scene(1);
    assert.deepEqual(await place.verify(20_001, SENT), new Refused('old-clients-off'));
    const repair = 'seekyou user passwd 20001';
    assert.deepEqual(place.audited, [{ event: 'sign-on-refused', uin: 20_001, address: '192.0.2.7', why: 'old-clients-off', repair }]);
    assert.match(place.reports.join(), /seekyou user passwd 20001/);
    assert.equal(place.core.figures().signOnsRefused, 1);

    const changed = await place.core.admin.passwd(uin(20_001), 'a better one');
    assert.ok(!(changed instanceof Refused));
    assert.equal(refusalOf(await place.verify(20_001, changed.generatedOldPassword ?? '')), undefined);
    assert.equal(refusalOf(await place.verify(20_001, SENT)), 'wrong-credentials');
  });

  test('nor does it when the main one became the same later', async () => {
    const { place } = await scene(0);
    await apart(place, 20_001);
    assert.equal(refusalOf(await place.verify(20_001, SENT)), undefined);
    await place.store.accounts.update(uin(20_001), { main: await place.secrets.verifier(SENT) });
    assert.equal(refusalOf(await place.verify(20_001, SENT)), 'old-clients-off');
  });

  test('whoever does not know the password finds nothing: no comparison, the same answer, and no waiting behind one', async () => {
    const { place, comparisons } = await scene(1, { limits: { failuresFreePerPair: 1 } });
    for (const number of [20_001, 20_009]) assert.deepEqual(await place.verify(number, 'guess'), new Refused('wrong-credentials'));
    assert.equal(comparisons.begun, 0);
    await place.passes(PEOPLE.failureDelayMaxMs);
    comparisons.wait = new Promise(() => {});
    void place.verify(20_001, SENT);
    await settled();
    assert.equal(comparisons.begun, 1);
    for (const number of [20_001, 20_009]) assert.deepEqual(await place.verify(number, 'guess'), new Refused('wrong-credentials'));
  });

  test('each account is compared once, however many clients come at once, and whatever is found', async () => {
    const { place, comparisons } = await scene(1);
    await apart(place, 20_002);
    for (const [number, answer] of [
      [20_001, 'old-clients-off'],
      [20_002, undefined],
    ] as const) {
      comparisons.begun = 0;
      const answers = await Promise.all(Array.from({ length: 10 }, () => place.verify(number, SENT)));
      assert.deepEqual(new Set([...answers, await place.verify(number, SENT)].map(refusalOf)), new Set([answer]));
      assert.equal(comparisons.begun, 1);
    }
  });

  test('one after the other', async () => {
    const { place, comparisons } = await scene(3);
    const { promise, resolve } = Promise.withResolvers<void>();
    comparisons.wait = promise;
    const answers = [20_001, 20_002, 20_003].map((number) => place.verify(number, SENT));
    await settled();
    assert.equal(comparisons.begun, 1);
    resolve();
    await Promise.all(answers);
    assert.equal(comparisons.begun, 3);
  });

  test('so many are remembered, those that came last', async () => {
    const { place, comparisons } = await scene(3, { limits: { passwordsComparedMax: 2 } });
    for (const number of [20_001, 20_002, 20_001, 20_003, 20_001]) await place.verify(number, SENT);
    assert.equal(comparisons.begun, 3);
    await place.verify(20_002, SENT);
    assert.equal(comparisons.begun, 4);
  });

  test('a comparison that fails is no answer, and is made again', async () => {
    const { place, comparisons } = await scene(1);
    comparisons.wait = Promise.reject(new Error('no memory'));
    assert.equal(refusalOf(await place.verify(20_001, SENT)), 'unavailable');
    comparisons.wait = Promise.resolve();
    assert.equal(refusalOf(await place.verify(20_001, SENT)), 'old-clients-off');
  });

  test('a suspended account is not compared, and under "same" none is', async () => {
    const own = await scene(1);
    await own.place.core.admin.suspend(uin(20_001), true);
    assert.equal(refusalOf(await own.place.verify(20_001, SENT)), 'suspended');
    const same = await scene(1, { settings: { oldClients: 'same' } });
    assert.equal(refusalOf(await same.place.verify(20_001, SENT)), undefined);
    assert.deepEqual([own.comparisons.begun, same.comparisons.begun], [0, 0]);
  });
});
