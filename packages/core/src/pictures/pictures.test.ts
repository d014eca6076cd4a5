import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Client, Place, refusalOf } from '../core-testing.ts';
import { memoryStore, uin } from '../testing.ts';
import type { RosterItem } from '../words.ts';
import { pictureFormat } from './picture.ts';

const ALICE = 20_001;
const BOB = 20_002;
const HASH = '00112233445566778899aabbccddeeff';
const OTHER_HASH = 'ffeeddccbbaa99887766554433221100';
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const GIF = ascii('GIF89a, more or less');

async function town(options: ConstructorParameters<typeof Place>[0] = {}): Promise<{ place: Place; alice: Client; bob: Client }> {
  const place = new Place(options);
  await place.accounts(ALICE, BOB);
  const [alice, bob] = [await place.signsOn(ALICE), await place.signsOn(BOB)];
  await bob.asks('contacts.add', { uins: [uin(ALICE)], temporary: false });
  return { place, alice, bob };
}

async function shows(client: Client, hash = HASH, bytes = GIF): Promise<void> {
  assert.deepEqual(await client.asks('pictures.claim', { kind: 'icon', hash }), { state: 'wanted' });
  assert.deepEqual(await client.asks('pictures.put', { kind: 'icon', hash, bytes }), { kind: 'icon', hash });
}

const seen = (client: Client): unknown => client.events.flatMap((event) => (event.type === 'presence' ? [event.view.pictures] : [])).at(-1);
const refusedAs = async (answer: Promise<unknown>): Promise<string | undefined> => refusalOf(await answer);

describe('a picture', () => {
  test('that is put is shown to those who see the account, who can get it', async () => {
    const { alice, bob } = await town();
    await shows(alice);
    assert.deepEqual(seen(bob), [{ kind: 'icon', hash: HASH }]);
    assert.equal(alice.events.filter(({ type }) => type === 'own-presence').length > 0, true);
    assert.deepEqual(await bob.asks('pictures.get', { uin: uin(ALICE), hash: HASH }), { bytes: GIF });
    assert.deepEqual(await alice.asks('pictures.get', { uin: uin(ALICE), hash: HASH }), { bytes: GIF }, 'herself');
  });

  test('that the account shows already need not be sent again', async () => {
    const { alice } = await town();
    await shows(alice);
    assert.deepEqual(await alice.asks('pictures.claim', { kind: 'icon', hash: HASH }), { state: 'shown' });
    assert.deepEqual(await alice.asks('pictures.claim', { kind: 'big', hash: HASH }), { state: 'shown' });
  });

  test('is not given to somebody who knows no more than its hash', async () => {
    const { alice, bob } = await town();
    await shows(alice);
    assert.deepEqual(await bob.asks('pictures.claim', { kind: 'icon', hash: HASH }), { state: 'wanted' });
    assert.equal(await refusedAs(bob.asks('pictures.get', { uin: uin(BOB), hash: HASH })), 'no-such-picture');
    assert.deepEqual(await bob.asks('pictures.put', { kind: 'icon', hash: HASH, bytes: GIF }), { kind: 'icon', hash: HASH }, 'he has it, too');
  });

  test('outlives the session and a restart', async () => {
    const store = memoryStore();
    const { alice } = await town({ store });
    await shows(alice);
    const place = new Place({ store, seed: 2 });
    const [again, bob] = [await place.signsOn(ALICE), await place.signsOn(BOB)];
    assert.equal(again.session.ended, false);
    await bob.asks('contacts.add', { uins: [uin(ALICE)], temporary: false });
    assert.deepEqual(seen(bob), [{ kind: 'icon', hash: HASH }]);
  });

  test('is replaced, and taken away', async () => {
    const { alice, bob } = await town();
    await shows(alice);
    await shows(alice, OTHER_HASH);
    assert.deepEqual(seen(bob), [{ kind: 'icon', hash: OTHER_HASH }]);
    assert.equal(await refusedAs(bob.asks('pictures.get', { uin: uin(ALICE), hash: HASH })), 'no-such-picture');
    assert.deepEqual(await alice.asks('pictures.claim', { kind: 'icon' }), { state: 'none' });
    assert.equal(seen(bob), undefined);
    assert.deepEqual(await alice.asks('pictures.claim', { kind: 'icon' }), { state: 'none' }, 'again');
  });

  test('of somebody one does not see is not there', async () => {
    const { alice, bob } = await town();
    await shows(alice);
    const deny: RosterItem = { groupId: 0, itemId: 9, kind: 'deny', type: 3, name: String(BOB), uin: uin(BOB), attributes: new Uint8Array(0) };
    await alice.asks('roster.edit', { edits: [{ do: 'add', item: deny }], importing: false });
    assert.equal(await refusedAs(bob.asks('pictures.get', { uin: uin(ALICE), hash: HASH })), 'no-such-picture');
    alice.session.close(true);
    assert.equal(await refusedAs(bob.asks('pictures.get', { uin: uin(ALICE), hash: HASH })), 'no-such-picture');
  });
});

describe('a picture is refused', () => {
  test('when nobody claimed it, or another was claimed', async () => {
    const { alice } = await town();
    assert.equal(await refusedAs(alice.asks('pictures.put', { kind: 'icon', hash: HASH, bytes: GIF })), 'bad-input');
    await alice.asks('pictures.claim', { kind: 'icon', hash: OTHER_HASH });
    assert.equal(await refusedAs(alice.asks('pictures.put', { kind: 'icon', hash: HASH, bytes: GIF })), 'bad-input');
    assert.equal(await refusedAs(alice.asks('pictures.put', { kind: 'big', hash: OTHER_HASH, bytes: GIF })), 'bad-input');
  });

  test('when it is too large, or nothing clients show', async () => {
    const { alice } = await town({ limits: { pictureBytesMax: 30 } });
    await alice.asks('pictures.claim', { kind: 'icon', hash: HASH });
    const put = (bytes: Uint8Array): Promise<string | undefined> => refusedAs(alice.asks('pictures.put', { kind: 'icon', hash: HASH, bytes }));
    assert.equal(await put(ascii(`GIF89a${'x'.repeat(25)}`)), 'too-large');
    for (const wrong of ['', 'GIF89a', 'MZ a program', '<html>', 'FWS a film', '<?xml version="1.0"?>'])
      assert.equal(await put(ascii(wrong)), 'bad-input', wrong);
    assert.equal(await put(GIF), undefined, 'a refused one can be put again');
  });

  test('when its hash is none', async () => {
    const { alice } = await town();
    for (const hash of ['', 'xyz', HASH.toUpperCase(), `${HASH}00`])
      assert.equal(await refusedAs(alice.asks('pictures.claim', { kind: 'icon', hash })), 'bad-input');
  });

  test('when its session is gone', async () => {
    const { place, alice } = await town();
    await alice.asks('pictures.claim', { kind: 'icon', hash: HASH });
    alice.session.close(true);
    const again = await place.signsOn(ALICE);
    assert.equal(await refusedAs(again.asks('pictures.put', { kind: 'icon', hash: HASH, bytes: GIF })), 'bad-input');
  });
});

test('pictures are known by how they begin', () => {
  const formats = ['GIF87a.', 'GIF89a.', '\xff\xd8\xff\xe0', '\x89PNG\r\n\x1a\n.', 'BM..', 'CWS.', '<?xml ', 'RIFF....WEBP'];
  assert.deepEqual(
    formats.map((text) => pictureFormat(ascii(text))),
    ['gif', 'gif', 'jpeg', 'png', 'bmp', 'flash', 'xml', undefined],
  );
});
