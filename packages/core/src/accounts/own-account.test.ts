import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Client, OWN, Place, type PlaceOptions, refusalOf } from '../core-testing.ts';
import { Refused } from '../refusals.ts';
import type { ScramVerifier } from '../ports.ts';
import { uin } from '../testing.ts';

const ALICE = 20_001;
const MAIN = 'a long main password';
const WANTED = 'another long main password';

interface Scene {
  readonly place: Place;
  readonly alice: Client;
  /** SCRAM's key of a password for the verifier that is there now. */
  readonly keyOf: (password: string) => Promise<Uint8Array>;
  readonly mainIs: (password: string) => Promise<boolean>;
}

async function scene(old: string | null = 'old', password: string = MAIN, options: PlaceOptions = {}): Promise<Scene> {
  const place = new Place(options);
  const made = await place.core.admin.create({ uin: uin(ALICE), password, ...(old === null ? {} : { oldPassword: old }) });
  assert.ok(!(made instanceof Refused));
  const main = async (): Promise<ScramVerifier> => (await place.core.admin.show(uin(ALICE)))?.main ?? assert.fail('the account is gone');
  return {
    place,
    alice: await place.signsOn(ALICE, { profile: OWN }),
    keyOf: async (given) => place.secrets.hmac(place.secrets.salted(given, (await main()).salt), new TextEncoder().encode('Client Key')),
    mainIs: async (given) => place.secrets.proves(given, await main()),
  };
}

describe('other passwords for who proves the present one', () => {
  test('the main one: it counts at once, other sessions end, and old clients keep theirs', async () => {
    const { place, alice, keyOf, mainIs } = await scene();
    const other = await place.signsOn(ALICE, { coexist: true });
    const answer = await alice.asks('account.credentials', { clientKey: await keyOf(MAIN), main: await place.secrets.verifier(WANTED) });
    assert.deepEqual(answer, { oldClients: true });
    assert.deepEqual([alice.endings, other.endings], [[], ['password-changed']]);
    assert.deepEqual([await mainIs(WANTED), await mainIs(MAIN)], [true, false]);
    assert.equal(refusalOf(await place.verify(ALICE, 'old')), undefined);
    assert.ok(place.audited.some((event) => event.event === 'password-changed' && event.by === 'owner'));
  });

  test('an old password that was the main one opens nothing any more', async () => {
    const { place, alice, keyOf } = await scene(null, 'same');
    assert.equal(refusalOf(await place.verify(ALICE, 'same')), undefined);
    const answer = await alice.asks('account.credentials', { clientKey: await keyOf('same'), main: await place.secrets.verifier(WANTED) });
    assert.deepEqual(answer, { oldClients: false });
    assert.equal(refusalOf(await place.verify(ALICE, 'same')), 'wrong-credentials');
  });

  test('what old clients say, alone or with the main one', async () => {
    const { place, alice, keyOf, mainIs } = await scene();
    assert.deepEqual(await alice.asks('account.credentials', { clientKey: await keyOf(MAIN), old: 'newer' }), { oldClients: true });
    assert.equal(await mainIs(MAIN), true);
    assert.equal(refusalOf(await place.verify(ALICE, 'newer')), undefined);
    await alice.asks('account.credentials', { clientKey: await keyOf(MAIN), old: 'newest', main: await place.secrets.verifier(WANTED) });
    assert.equal(await mainIs(WANTED), true);
    assert.equal(refusalOf(await place.verify(ALICE, 'newest')), undefined);
  });

  test('nothing changes without the right key', async () => {
    const { place, alice, keyOf, mainIs } = await scene();
    const right = await keyOf(MAIN);
    const wrong = [await keyOf('wrong'), await keyOf('old'), right.slice(0, 31), Uint8Array.of(...right, 0), new Uint8Array(0)];
    const main = await place.secrets.verifier(WANTED);
    for (const clientKey of wrong) assert.equal(refusalOf(await alice.asks('account.credentials', { clientKey, main })), 'wrong-credentials');
    assert.equal(await mainIs(MAIN), true);
  });

  test('nor to what cannot be one', async () => {
    const { place, alice, keyOf, mainIs } = await scene();
    const clientKey = await keyOf(MAIN);
    const main = await place.secrets.verifier(WANTED);
    const none = new Uint8Array(0);
    for (const bad of [
      { ...main, salt: none },
      { ...main, iterations: 2 },
      { ...main, storedKey: none },
      { ...main, serverKey: none },
    ]) {
      assert.equal(refusalOf(await alice.asks('account.credentials', { clientKey, main: bad })), 'bad-password');
      place.clock.advance(3_600_000);
    }
    assert.equal(refusalOf(await alice.asks('account.credentials', { clientKey })), 'bad-input');
    for (const old of ['', 'ninechars', 'ключ']) {
      assert.equal(refusalOf(await alice.asks('account.credentials', { clientKey, old })), 'bad-password');
      place.clock.advance(3_600_000);
    }
    assert.equal(await mainIs(MAIN), true);
  });

  test('the main password is none for old clients where the two are apart, and none is where there are none', async () => {
    const apart = await scene('old', 'short', { settings: { oldClients: 'own' } });
    const { place, alice } = apart;
    const clientKey = await apart.keyOf('short');
    assert.equal(refusalOf(await alice.asks('account.credentials', { clientKey, old: 'short' })), 'bad-password');
    const main = await place.secrets.verifier('next');
    assert.equal(refusalOf(await alice.asks('account.credentials', { clientKey, main, old: 'next' })), 'bad-password');
    const off = await scene(null, MAIN, { settings: { oldClients: 'off' } });
    assert.equal(refusalOf(await off.alice.asks('account.credentials', { clientKey: await off.keyOf(MAIN), old: 'old' })), 'old-clients-off');
  });
});

test('no client gives itself a password for old clients where there are none', async () => {
  const { place, alice } = await scene(null, MAIN, { settings: { oldClients: 'off' } });
  assert.equal(refusalOf(await alice.asks('account.password', { password: 'old' })), 'old-clients-off');
  assert.equal((await place.core.admin.show(uin(ALICE)))?.old, undefined);
  assert.deepEqual(
    place.audited.filter(({ event }) => event === 'password-changed'),
    [],
  );
});

test('who proves the main password by its key leaves for good', async () => {
  const { place, alice, keyOf } = await scene();
  assert.equal(refusalOf(await alice.asks('account.unregister', { clientKey: await keyOf('old') })), 'wrong-credentials');
  assert.equal(await alice.asks('account.unregister', { clientKey: await keyOf(MAIN) }), undefined);
  assert.equal(await place.core.admin.show(uin(ALICE)), undefined);
});
