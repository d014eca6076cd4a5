import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '@seekyou/wire';
import { icqMeta, type Snac } from '@seekyou/wire/oscar';
import { Directory } from './directory.ts';
import { RequestRefused } from './errors.ts';

const UIN = 100_001;
const { basicInfoReply, fullInfoRequest, MetaResult, setInfoTlvs, setPermissions } = icqMeta;
const none = new Uint8Array(0);
const utf8 = new TextEncoder();

const BASIC = {
  nick: none,
  first: none,
  last: none,
  email: utf8.encode('me@example.org'),
  city: none,
  state: none,
  phone: none,
  fax: none,
  street: none,
  cellular: none,
  zip: none,
  country: 0,
  gmtOffset: -100,
  authorization: icqMeta.Authorization.required,
  webAware: 1,
  directPermissions: 0,
  hideEmail: 0,
};

interface Scene {
  readonly directory: Directory;
  /** The subtypes of what was said. */
  readonly said: () => readonly number[];
  /** What was said last. */
  readonly last: <T>(declaration: icqMeta.MetaRequest<T>) => T;
}

/** @param own how the server answers who asks for his own details */
function scene(own: readonly Uint8Array[] = [icqMeta.encodeMetaReply(basicInfoReply, BASIC)]): Scene {
  const asked: { readonly subtype: number; readonly data: Uint8Array }[] = [];
  const gather = (_question: unknown, { block }: any): Promise<readonly Snac[]> => {
    const request = decode(icqMeta.metaRequestData, block.data as Uint8Array);
    asked.push(request);
    const reply = icqMeta.META_REQUESTS.get(request.subtype)?.reply as number;
    const answers = request.subtype === fullInfoRequest.subtype ? own : [icqMeta.encodeMetaResult(reply, MetaResult.success)];
    const answered = answers.map((data) => ({ data: encode(icqMeta.reply.body, { block: { ...block, type: icqMeta.IcqType.metaReply, data } }) }));
    return Promise.resolve(answered as unknown as readonly Snac[]);
  };
  return {
    directory: new Directory({ uin: UIN, gather }, 1252),
    said: () => asked.map(({ subtype }) => subtype),
    last: (declaration) => {
      const { subtype, data } = asked.at(-1) ?? assert.fail('nothing was said');
      assert.equal(subtype, declaration.subtype);
      return decode(declaration.body, data);
    },
  };
}

test('a new address says nothing of hiding unless it is told to', async () => {
  const { directory, last } = scene();
  const email = utf8.encode('new@example.org');
  await directory.tell({ email: 'new@example.org' });
  assert.deepEqual(last(setInfoTlvs).emails, [{ email }]);
  for (const hideEmail of [true, false]) {
    await directory.tell({ email: 'new@example.org', hideEmail });
    assert.deepEqual(last(setInfoTlvs).emails, [{ email, hidden: Number(hideEmail) }]);
  }
});

test('what is told together with something else is first read', async () => {
  const { directory, last } = scene();
  await directory.tell({ hideEmail: true });
  assert.deepEqual(last(setInfoTlvs).emails, [{ email: BASIC.email, hidden: 1 }]);
  await directory.tell({ directPermissions: 1 });
  assert.deepEqual(last(setPermissions), { authorization: icqMeta.Authorization.required, webAware: 1, directPermissions: 1, last: 0 });
});

test('nothing is written back that could not be read', async () => {
  const { failed, noData } = MetaResult;
  for (const own of [
    [icqMeta.encodeMetaResult(basicInfoReply.subtype, failed)],
    [icqMeta.encodeMetaResult(basicInfoReply.subtype, noData)],
    [icqMeta.encodeMetaReply(icqMeta.aboutInfoReply, { about: none })],
  ]) {
    const { directory, said } = scene(own);
    for (const details of [{ hideEmail: true }, { directPermissions: 1 }]) await assert.rejects(directory.tell(details), RequestRefused);
    assert.deepEqual(said(), [fullInfoRequest.subtype, fullInfoRequest.subtype]);
  }
});

test('a server that fails is not somebody who has told nothing', async () => {
  const { failed, noData } = MetaResult;
  await assert.rejects(scene([icqMeta.encodeMetaResult(basicInfoReply.subtype, failed)]).directory.info(UIN), RequestRefused);
  assert.equal(await scene([icqMeta.encodeMetaResult(basicInfoReply.subtype, noData)]).directory.info(UIN), undefined);
  assert.equal((await scene().directory.info(UIN))?.email, 'me@example.org');
});
