/**
 * What must not be said to the directory: lengths that lie, 64 KiB texts, days that never were, questions that fit everybody,
 * numbers of others. Each is answered, the session lives on, and nothing that was told before is lost.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ClientError, RequestRefused } from '@seekyou/client';
import { decode, WireError } from '@seekyou/wire';
import { decodeSnacBody, ErrorCode, icqMeta } from '@seekyou/wire/oscar';
import { openStage, type Person, type Stage } from '../dialogue/stage.ts';

const utf8 = new TextEncoder();

/** The result of the last part of whatever the server answers, or the code of its error. */
async function asks(who: Person, data: Uint8Array, owner = who.uin, type: number = icqMeta.IcqType.metaRequest): Promise<number | `error ${number}`> {
  const block = { owner, type, sequence: Uint8Array.of(2, 0), data };
  try {
    const parts = await who.client.gather(icqMeta.request, { block }, icqMeta.reply, 'a question');
    const last = parts.at(-1);
    assert.ok(last !== undefined);
    return decode(icqMeta.metaReplyData, decodeSnacBody(icqMeta.reply, last.data).block?.data ?? new Uint8Array(0)).result;
  } catch (error) {
    if (error instanceof RequestRefused) return `error ${error.code}`;
    throw error;
  }
}

async function eventsOf(stage: Stage, event: string): Promise<number> {
  const text = await (await fetch(`${stage.server.adminUrl}/metrics`)).text();
  return Number(new RegExp(`^seekyou_events_total\\{event="${event}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? assert.fail(`no ${event} in the metrics`));
}

const le = (value: number): number[] => [value & 0xff, value >>> 8];
const hex = (text: string): Uint8Array => Uint8Array.from(text.split(' '), (digits) => Number.parseInt(digits, 16));

/** Repeats a run. */
function xorshift(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

async function town<T>(run: (alice: Person, bob: Person, stage: Stage) => Promise<T>): Promise<void> {
  const stage = await openStage({ 'limits.searches_at_once_max': 100_000, 'limits.profile': 'bench' });
  try {
    const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
    for (const person of [alice, bob]) await person.signsOn();
    await alice.client.directory.tell({ nickname: 'Anna', about: 'before' });
    await run(alice, bob, stage);
    await alice.settles();
    const read = await bob.client.directory.info(alice.uin);
    assert.deepEqual([read?.nickname, read?.about], ['Anna', 'before'], 'nothing is lost');
  } finally {
    await stage.close();
  }
}

describe('the directory', () => {
  test('bears texts of 64 KiB and lengths that lie', () =>
    town(async (alice) => {
      const long = new Uint8Array(60_000).fill(0x41);
      const { failed } = icqMeta.MetaResult;
      assert.equal(await asks(alice, icqMeta.encodeMetaRequest(icqMeta.setAboutInfo, { about: long })), failed);
      assert.equal(await asks(alice, icqMeta.encodeMetaRequest(icqMeta.setInfoTlvs, { nick: long, extra: [] })), failed);
      assert.equal(await asks(alice, icqMeta.encodeMetaRequest(icqMeta.searchByEmail, { email: long })), failed);
      assert.equal(await asks(alice, icqMeta.encodeMetaRequest(icqMeta.changePassword, { password: long })), failed);
      for (const lying of ['06 04 ff ff 41', 'ea 03 ff ff', '10 04 ff ff', '3a 0c 40 01 ff ff 00', 'a0 0f ff ff 05 b9', '33 05 00 80 00', 'b2 04 01']) {
        assert.equal(await asks(alice, hex(lying)), failed, lying);
      }
    }));

  test('bears questions that fit everybody, and those about others', () =>
    town(async (alice, bob) => {
      for (const nickname of ['*', '***', '*a*', '?*', '* *']) await assert.rejects(bob.client.directory.search({ nickname }).then(nobody), /nobody/);
      assert.equal(
        await asks(bob, icqMeta.encodeMetaRequest(icqMeta.setAboutInfo, { about: utf8.encode('mine') }), alice.uin),
        `error ${ErrorCode.insufficientRights}`,
      );
      const password = utf8.encode('secret12');
      assert.equal(await asks(bob, icqMeta.encodeMetaRequest(icqMeta.unregister, { uin: alice.uin, password })), icqMeta.MetaResult.failed);
    }));

  test('says that it does not know what it does not know, and counts it', () =>
    town(async (alice, _bob, stage) => {
      const before = await eventsOf(stage, 'oscar_meta_unknown');
      const unknown = `error ${ErrorCode.invalidSnac}`;
      for (const subtype of [0x0000, 0x0001, 0x0064, 0x4242, 0xffff]) {
        for (const rest of [[], [0xff], [...new Uint8Array(60_000)]]) assert.equal(await asks(alice, Uint8Array.of(...le(subtype), ...rest)), unknown);
      }
      const { offlineMessage, offlineEnd, metaReply } = icqMeta.IcqType;
      for (const type of [0x0000, 0x003d, offlineMessage, offlineEnd, metaReply, 0xffff]) {
        assert.equal(await asks(alice, hex('b2 04'), alice.uin, type), unknown, type.toString(16));
      }
      assert.equal((await eventsOf(stage, 'oscar_meta_unknown')) - before, 5 * 3 + 6);
    }));

  test('bears whatever is made of its own packets', { timeout: 120_000 }, () =>
    town(async (_alice, bob) => {
      const seed = Date.now() & 0x7fffffff || 1;
      const chance = xorshift(seed);
      // A password that chance changes, or an account it removes, is what was asked for.
      const requests = [...icqMeta.META_REQUESTS.values()].filter(({ subtype, reply }) => reply !== undefined && ![0x042e, 0x04c4].includes(subtype));
      for (let round = 0; round < 400; round++) {
        const request = requests[Math.floor(chance() * requests.length)] ?? assert.fail();
        const whole = sample(request, chance);
        const data = broken(whole, chance);
        try {
          await asks(bob, data);
        } catch (error) {
          const known = error instanceof ClientError ? error.message : String(error);
          assert.fail(`seed ${seed}, round ${round}, ${Buffer.from(data).toString('hex').slice(0, 200)}: ${known}`);
        }
      }
    }),
  );
});

function nobody({ found }: { readonly found: readonly unknown[] }): never {
  throw new Error(found.length === 0 ? 'nobody' : 'somebody');
}

function sample(request: icqMeta.MetaRequest<unknown>, chance: () => number): Uint8Array {
  for (;;) {
    try {
      return icqMeta.encodeMetaRequest(request, request.body.sample(chance));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
  }
}

/** The subtype stays; of the rest some bytes change, or the end is missing. */
function broken(whole: Uint8Array, chance: () => number): Uint8Array {
  const data = chance() < 0.3 ? whole.slice(0, 2 + Math.floor(chance() * (whole.length - 2))) : whole.slice();
  for (let change = 0; change < 3 && data.length > 2; change++) {
    if (chance() < 0.7) data.set(le(Math.floor(chance() * 0x10000)).slice(0, 1), 2 + Math.floor(chance() * (data.length - 2)));
  }
  return data;
}
