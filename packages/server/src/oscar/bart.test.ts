import assert from 'node:assert/strict';
import { hash as digest } from 'node:crypto';
import { describe, test } from 'node:test';
import { decode, encode } from '@seekyou/wire';
import { bart, BartFlag, type BartItem, bartItems, BartType, buddy, ErrorCode, Family, feedbag, oservice, statusNote } from '@seekyou/wire/oscar';
import { claimAllPictures, claimPictures, dropPictures, itemsOf, routes } from './bart.ts';
import { service } from './service-testing.ts';
import { quiet, type TestClient, world } from './test-client.ts';
import { asked, ascii, BOB, contextOf, handle, receivedOne, viewOf } from './testing.ts';

const GIF = ascii('GIF89a, more or less');
const HASH = digest('md5', GIF);
const HASH_BYTES = Uint8Array.from(Buffer.from(HASH, 'hex'));
const id: BartItem = { type: BartType.icon, flags: BartFlag.custom, data: HASH_BYTES };
const context = () => contextOf({ state: { service: Family.bart } });
const avatar = (name: string, hash: Uint8Array): feedbag.FeedbagItem => feedbag.makeItem(feedbag.ItemType.ownAvatar, 0, 77, name, { bart: { flags: 1, hash } });

describe('10/02', () => {
  const uploaded = (type: number, data: Uint8Array) => handle(routes, bart.upload, { type, data }, context());

  test('is a picture of this hash, and BOS is told that it was taken', () => {
    const { input, answered, refused } = asked(uploaded(BartType.icon, GIF), 'pictures.put');
    assert.deepEqual(input, { kind: 'icon', hash: HASH, bytes: GIF });
    const [reply, tell] = answered({ kind: 'icon', hash: HASH });
    assert.ok(reply);
    assert.deepEqual(receivedOne([reply], bart.uploadReply), { code: bart.BartCode.ok, id });
    assert.ok(tell?.do === 'ask' && tell.command === 'session.say');
    assert.deepEqual((tell.input as { value: unknown }).value, { items: [id] });
    const code = (refusal: Parameters<typeof refused>[0]): number => receivedOne(refused(refusal), bart.uploadReply).code;
    assert.deepEqual([code('too-large'), code('bad-input'), code('unavailable')], [bart.BartCode.tooBig, bart.BartCode.invalid, bart.BartCode.invalid]);
  });

  test('of a kind nobody knows, or of nothing, is refused', () => {
    assert.equal(receivedOne(uploaded(BartType.arriveSound, GIF), bart.uploadReply).code, bart.BartCode.invalidType);
    assert.equal(receivedOne(uploaded(BartType.icon, new Uint8Array(0)), bart.uploadReply).code, bart.BartCode.tooSmall);
  });
});

describe('a download', () => {
  test('of the old form has the picture, or nothing', () => {
    const { input, answered, refused } = asked(handle(routes, bart.download, { screenName: String(BOB), command: 1, id }, context()), 'pictures.get');
    assert.deepEqual(input, { uin: BOB, hash: HASH });
    assert.deepEqual(receivedOne(answered({ bytes: GIF }), bart.downloadReply), { screenName: String(BOB), id, data: GIF });
    assert.deepEqual(receivedOne(refused('no-such-picture'), bart.downloadReply).data, new Uint8Array(0));
  });

  test('of the new form has an answer for each', () => {
    const effects = handle(routes, bart.download2, { screenName: String(BOB), ids: [id, { ...id, type: BartType.bigIcon }] }, context());
    assert.equal(effects.length, 2);
    const { answered, refused } = asked([effects[0] as (typeof effects)[number]], 'pictures.get');
    assert.deepEqual(receivedOne(answered({ bytes: GIF }), bart.download2Reply), { screenName: String(BOB), queried: id, code: 0, id, data: GIF });
    assert.equal(receivedOne(refused('no-such-picture'), bart.download2Reply).code, bart.BartCode.notFound);
  });

  test('of what is no hash, or of nobody, is asked for and not found', () => {
    const odd = handle(routes, bart.download, { screenName: 'bob', command: 1, id: { ...id, data: bart.NO_ICON_HASH } }, context());
    assert.deepEqual(asked(odd, 'pictures.get').input, { uin: 0, hash: '' });
    const many = handle(routes, bart.download2, { screenName: String(BOB), ids: Array.from({ length: 9 }, () => id) }, context());
    assert.equal(receivedOne(many, bart.error).code, ErrorCode.refusedByClient);
  });
});

describe('roster items of type 14', () => {
  test('claim a picture; one that is not here is asked for', () => {
    const { input, answered } = asked(claimPictures([avatar('1', HASH_BYTES)]), 'pictures.claim');
    assert.deepEqual(input, { kind: 'icon', hash: HASH });
    const flags = (state: 'shown' | 'wanted'): number | undefined => receivedOne(answered({ state }), oservice.bartReply).items[0]?.flags;
    assert.deepEqual([flags('wanted'), flags('shown')], [0x41, 0x01]);
    assert.deepEqual(answered({ state: 'none' }), []);
  });

  test('without a hash, or removed, take it away', () => {
    for (const effects of [claimPictures([avatar('12', bart.NO_ICON_HASH)]), dropPictures([avatar('12', HASH_BYTES)])]) {
      assert.deepEqual(asked(effects, 'pictures.claim').input, { kind: 'big' });
    }
  });

  test('that are not there at sign-on leave nothing to show', () => {
    const claims = (items: readonly feedbag.FeedbagItem[]) => claimAllPictures(items).map((effect) => effect.do === 'ask' && effect.input);
    assert.deepEqual(claims([]), [{ kind: 'small' }, { kind: 'icon' }, { kind: 'flash' }, { kind: 'big' }]);
    assert.deepEqual(claims([avatar('1', HASH_BYTES)]), [{ kind: 'icon', hash: HASH }, { kind: 'small' }, { kind: 'flash' }, { kind: 'big' }]);
  });

  test('that are broken, or of kinds nobody knows, do nothing or no harm', () => {
    assert.deepEqual(claimPictures([avatar('2', HASH_BYTES), avatar('x', HASH_BYTES), { ...avatar('1', HASH_BYTES), type: 0 }]), []);
    const cut = { ...avatar('1', HASH_BYTES), attributes: Uint8Array.of(0, 0xd5, 0, 9, 1) };
    assert.deepEqual(asked(claimPictures([cut]), 'pictures.claim').input, { kind: 'icon' });
  });
});

describe('TLV 1D', () => {
  const note: BartItem = { type: BartType.statusNote, flags: 4, data: encode(statusNote, { text: ascii('busy'), encodings: 0 }) };

  test('has what the client says, and the server’s pictures in place of its own', () => {
    const items = encode(bartItems, [note, { ...id, data: new Uint8Array(16) }]);
    const shown = itemsOf(viewOf(BOB, { items, pictures: [{ kind: 'icon', hash: HASH }] }));
    assert.deepEqual(decode(bartItems, shown as Uint8Array), [note, id]);
    assert.deepEqual(decode(bartItems, itemsOf(viewOf(BOB, { pictures: [{ kind: 'icon', hash: HASH }] })) as Uint8Array), [id]);
  });

  test('is as it came when there are none', () => {
    const items = encode(bartItems, [note]);
    assert.deepEqual(itemsOf(viewOf(BOB, { items })), items);
    assert.equal(itemsOf(viewOf(BOB)), undefined);
  });

  test('has no picture that only the client speaks of', () => {
    const claimed = encode(bartItems, [id]);
    assert.equal(itemsOf(viewOf(BOB, { items: claimed })), undefined);
    assert.deepEqual(itemsOf(viewOf(BOB, { items: encode(bartItems, [id, note]) })), encode(bartItems, [note]));
    assert.equal(itemsOf(viewOf(BOB, { items: Uint8Array.of(...claimed, 0xff, 0xff, 0xff) })), undefined, 'nor when the rest cannot be read');
  });
});

// ---------------------------------------------------------------- whole connections

test('a picture goes from roster to upload to presence to download, and is there after the next sign-on', async () => {
  const here = await world();
  const [alice, bob] = [await here.account(), await here.account()];
  const hers = await here.online(alice);
  const his = await here.online(bob);
  his.say(buddy.addBuddies, { screenNames: [String(alice)] });
  await quiet();
  his.take();
  hers.say(feedbag.insertItems, { items: [avatar('1', HASH_BYTES)] });
  await quiet();
  assert.deepEqual(pictureWord(hers), { flags: 0x41, data: HASH_BYTES });
  assert.deepEqual(his.heard(), [], 'nothing to see yet');

  const pictures = await service(here, hers, Family.bart);
  pictures.say(bart.upload, { type: BartType.icon, data: GIF });
  await quiet();
  assert.equal(pictures.one(bart.uploadReply).code, bart.BartCode.ok);
  assert.deepEqual(pictureWord(hers), { flags: 0x01, data: HASH_BYTES });
  const seen = decode(bartItems, his.one(buddy.arrived).tlvs.items as Uint8Array);
  assert.deepEqual(seen, [id]);

  const theirs = await service(here, his, Family.bart);
  theirs.say(bart.download2, { screenName: String(alice), ids: seen });
  await quiet();
  assert.deepEqual(theirs.one(bart.download2Reply).data, GIF);

  hers.transport.end();
  await quiet();
  his.take();
  const again = await here.online(alice);
  assert.deepEqual(decode(bartItems, his.one(buddy.arrived).tlvs.items as Uint8Array), [id]);
  again.say(feedbag.query, {});
  await quiet();
  assert.deepEqual(pictureWord(again), { flags: 0x01, data: HASH_BYTES }, 'no need to send it again');
  again.say(feedbag.deleteItems, { items: [feedbag.makeItem(feedbag.ItemType.ownAvatar, 0, 77, '')] });
  await quiet();
  assert.equal(his.one(buddy.arrived).tlvs.items, undefined);
});

function pictureWord(client: TestClient): { readonly flags: number; readonly data: Uint8Array } {
  const [item] = client.one(oservice.bartReply).items;
  assert.ok(item);
  return { flags: item.flags, data: item.data };
}

test('a picture of another hash, kind or size, or that is none, is refused, and the right one is taken afterwards', async () => {
  const here = await world({ limits: { pictureBytesMax: 100 } });
  const bos = await here.online(await here.account());
  const program = ascii('MZ no picture at all');
  const film = ascii('FWS a film');
  const large = Uint8Array.of(...GIF, ...new Uint8Array(100));
  const pictures = await service(here, bos, Family.bart);
  const upload = async (data: Uint8Array, claimed: Uint8Array = data, type: number = BartType.icon): Promise<number> => {
    bos.say(feedbag.insertItems, { items: [avatar('1', Uint8Array.from(Buffer.from(digest('md5', claimed), 'hex')))] });
    await quiet();
    pictures.say(bart.upload, { type, data });
    await quiet();
    bos.say(feedbag.deleteItems, { items: [avatar('1', HASH_BYTES)] });
    await quiet();
    bos.take();
    return pictures.one(bart.uploadReply).code;
  };
  const { BartCode } = bart;
  assert.equal(await upload(GIF, program), BartCode.invalid, 'another hash');
  assert.equal(await upload(GIF, GIF, BartType.bigIcon), BartCode.invalid, 'another kind');
  assert.equal(await upload(GIF, GIF, 0x4242), BartCode.invalidType);
  assert.equal(await upload(program), BartCode.invalid);
  assert.equal(await upload(film), BartCode.invalid, 'it would run');
  assert.equal(await upload(large), BartCode.tooBig);
  assert.equal(await upload(new Uint8Array(0)), BartCode.tooSmall);
  assert.equal(await upload(GIF), BartCode.ok);
  assert.equal(pictures.how, undefined);
});
