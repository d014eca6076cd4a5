/** The storage contract of rooms and pictures, part of `storeContract`. */
import assert from 'node:assert/strict';
import type { Picture } from '../pictures/picture.ts';
import type { Store } from '../ports.ts';
import type { Room } from '../rooms/room.ts';
import type { Uin } from '../words.ts';

type Check = (what: string, run: (store: Store) => Promise<void>) => void;

const alice = 10_001 as Uin;
const bob = 10_002 as Uin;
const nobody = 99_999 as Uin;

let rooms = 0;

function room(name: string, more: Partial<Room> = {}): Room {
  const id = (++rooms).toString(16).padStart(24, '0');
  return { id, kind: 'public', name, createdBy: alice, createdAt: 1_000, usedAt: 1_000, ...more };
}

const MANY = { ownedMax: Infinity };

export function roomsContract(check: Check): void {
  check('a room comes back as it was made', async ({ rooms: store }) => {
    const cats = room('Кошки');
    assert.deepEqual(await store.open(cats, MANY), { outcome: 'made', room: cats });
    assert.deepEqual(await store.find(cats.id), cats);
    assert.equal(await store.find('0'.repeat(24)), undefined);
  });

  check('the name of a public room is everybody’s, however it is written', async ({ rooms: store }) => {
    const cats = room('Cats');
    await store.open(cats, MANY);
    assert.deepEqual(await store.open(room('CATS', { createdBy: bob }), MANY), { outcome: 'found', room: cats });
  });

  check('the name of a private room is its maker’s own', async ({ rooms: store }) => {
    const open = room('cats');
    const hers = room('cats', { kind: 'private' });
    const his = room('cats', { kind: 'private', createdBy: bob });
    for (const one of [open, hers, his]) assert.deepEqual(await store.open(one, MANY), { outcome: 'made', room: one });
    assert.deepEqual(await store.open(room('cats', { kind: 'private', createdBy: bob }), MANY), { outcome: 'found', room: his });
  });

  check('nobody makes more rooms than he may, and finds others all the same', async ({ rooms: store }) => {
    await store.open(room('one'), { ownedMax: 2 });
    await store.open(room('two', { kind: 'private' }), { ownedMax: 2 });
    assert.deepEqual(await store.open(room('three'), { ownedMax: 2 }), { outcome: 'full' });
    assert.equal((await store.open(room('one'), { ownedMax: 2 })).outcome, 'found');
    assert.equal((await store.open(room('three', { createdBy: bob }), { ownedMax: 2 })).outcome, 'made');
  });

  check('public rooms are found by a part of their names, those used last first', async ({ rooms: store }) => {
    for (const one of [
      room('Big cats', { usedAt: 1 }),
      room('Small CATS', { usedAt: 2 }),
      room('dogs', { usedAt: 3 }),
      room('secret cats', { kind: 'private', usedAt: 4 }),
    ]) {
      await store.open(one, MANY);
    }
    const names = async (fragment: string, limit = 10): Promise<string[]> => (await store.list(fragment, limit)).map(({ name }) => name);
    assert.deepEqual(await names('cats'), ['Small CATS', 'Big cats']);
    assert.deepEqual(await names(''), ['dogs', 'Small CATS', 'Big cats']);
    assert.deepEqual(await names('', 1), ['dogs']);
    assert.deepEqual(await names('%'), []);
  });

  check('a private room admits its maker and those who were invited', async ({ rooms: store }) => {
    const cats = room('cats', { kind: 'private' });
    await store.open(cats, MANY);
    assert.deepEqual([await store.admits(cats.id, alice), await store.admits(cats.id, bob)], [true, false]);
    assert.equal(await store.admit(cats.id, bob, 1), true);
    assert.equal(await store.admits(cats.id, bob), true);
    assert.equal(await store.admit(cats.id, bob, 1), true, 'again');
    assert.equal(await store.admit(cats.id, nobody, 1), false, 'it knows as many as it may');
    assert.equal(await store.admit('0'.repeat(24), bob, 1), false);
    assert.equal(await store.admits('0'.repeat(24), bob), false);
  });

  check('a private room is found by its name by those it admits, unless they made one themselves', async ({ rooms: store }) => {
    const hers = room('cats', { kind: 'private' });
    await store.open(hers, MANY);
    await store.admit(hers.id, bob, 10);
    assert.deepEqual(await store.open(room('CATS', { kind: 'private', createdBy: bob }), MANY), { outcome: 'found', room: hers });
    const his = room('dogs', { kind: 'private', createdBy: bob });
    const alsoDogs = room('dogs', { kind: 'private' });
    for (const one of [his, alsoDogs]) await store.open(one, MANY);
    await store.admit(alsoDogs.id, bob, 10);
    assert.deepEqual(await store.open(room('dogs', { kind: 'private', createdBy: bob }), MANY), { outcome: 'found', room: his });
  });

  check('rooms nobody uses are forgotten, with whom they knew', async ({ rooms: store }) => {
    const [old, used, young] = [room('old', { kind: 'private' }), room('used'), room('young', { usedAt: 5_000 })];
    for (const one of [old, used, young]) await store.open(one, MANY);
    await store.admit(old.id, bob, 10);
    await store.used(used.id, 6_000);
    assert.equal((await store.find(used.id))?.usedAt, 6_000);
    assert.equal(await store.prune(5_000, 10), 1);
    assert.equal(await store.find(old.id), undefined);
    assert.equal(await store.admits(old.id, bob), false);
    assert.equal(await store.prune(10_000, 1), 1, 'no more than asked for');
  });

  check('private rooms go with their maker, public ones stay', async (store) => {
    const [open, hers, his] = [room('open'), room('hers', { kind: 'private' }), room('his', { kind: 'private', createdBy: bob })];
    for (const one of [open, hers, his]) await store.rooms.open(one, MANY);
    await store.rooms.admit(his.id, alice, 10);
    await store.accounts.remove(alice);
    assert.equal(await store.rooms.find(hers.id), undefined);
    assert.deepEqual(await store.rooms.find(open.id), open);
    assert.equal(await store.rooms.admits(his.id, alice), false);
  });
}

const HASH = '00112233445566778899aabbccddeeff';
const OTHER_HASH = 'ffeeddccbbaa99887766554433221100';
const icon: Picture = { kind: 'icon', hash: HASH };
const bytes = Uint8Array.of(71, 73, 70, 0, 255);

export function picturesContract(check: Check): void {
  check('an account shows its pictures, and their bytes are there', async ({ accounts, pictures }) => {
    assert.equal(await pictures.save(alice, [icon], { hash: HASH, bytes }), true);
    assert.deepEqual((await accounts.find(alice))?.pictures, [icon]);
    assert.deepEqual(await pictures.find(HASH), bytes);
    assert.equal(await pictures.find(OTHER_HASH), undefined);
  });

  check('nobody shows a picture without bytes, and nobody who is not there shows one', async ({ accounts, pictures }) => {
    assert.equal(await pictures.save(alice, [icon]), false);
    assert.equal(await pictures.save(nobody, [icon], { hash: HASH, bytes }), false);
    assert.equal((await accounts.find(alice))?.pictures, undefined);
    assert.equal(await pictures.find(HASH), undefined);
  });

  check('bytes are kept as long as somebody shows them', async ({ accounts, pictures }) => {
    await pictures.save(alice, [icon, { kind: 'big', hash: HASH }], { hash: HASH, bytes });
    assert.equal(await pictures.save(bob, [icon]), true, 'they are here');
    await pictures.save(alice, []);
    assert.equal((await accounts.find(alice))?.pictures, undefined);
    assert.deepEqual(await pictures.find(HASH), bytes);
    await pictures.save(bob, [{ kind: 'icon', hash: OTHER_HASH }], { hash: OTHER_HASH, bytes });
    assert.deepEqual([await pictures.find(HASH), await pictures.find(OTHER_HASH)], [undefined, bytes]);
    await accounts.remove(bob);
    assert.equal(await pictures.find(OTHER_HASH), undefined);
  });
}
