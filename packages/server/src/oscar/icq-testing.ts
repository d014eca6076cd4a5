/** People who ask the directory in ICQ's own packets, and a whole core that answers: for the tests of the `icq-…` files. */
import assert from 'node:assert/strict';
import { asUin, type ClientProfile, type Core, createCore, PEOPLE, Refused, type Session, type SessionEvent, type Uin } from '@seekyou/core';
import { memoryStore, settled, testAccount, testBus, testChance, testClock, testSecrets, testSettings, type TestClock } from '@seekyou/core/testing';
import { decode } from '@seekyou/wire';
import { icqMeta } from '@seekyou/wire/oscar';
import { routes } from './icq-meta.ts';
import type { OscarEffect, OutgoingSnac } from './state.ts';
import { bytesOf, contextOf, handle, hex, UNICODE_CLIENT } from './testing.ts';

export const ANNA = asUin(100_001) as Uin;
export const BORIS = asUin(100_002) as Uin;
export const CHIE = asUin(100_003) as Uin;

/** One packet of an answer. */
export interface Answered {
  readonly subtype: number;
  readonly result: number;
  readonly data: Uint8Array;
  readonly flags: number;
}

export interface Asker {
  readonly session: Session;
  readonly events: readonly SessionEvent[];
  /** Asks, and gives all packets of the answer. */
  asks<T>(declaration: icqMeta.MetaRequest<T>, value: T): Promise<readonly Answered[]>;
  /** The same with any bytes as `data` of the request. */
  says(data: Uint8Array): Promise<readonly Answered[]>;
  /** Asks what is answered by a result alone. */
  result<T>(declaration: icqMeta.MetaRequest<T>, value: T): Promise<number>;
}

const REGISTERED = [ANNA, BORIS, CHIE];

export interface DirectoryTown {
  readonly core: Core;
  readonly clock: TestClock;
  readonly asker: (uin: Uin, profile?: Partial<ClientProfile>) => Promise<Asker>;
}

/** The clock stands at 3 February 2001. Passwords are `secret`. */
export async function directoryTown(): Promise<DirectoryTown> {
  const store = memoryStore();
  const secrets = testSecrets();
  const clock = testClock();
  const ports = { clock, chance: testChance(1), secrets, store, bus: testBus(), report: assert.fail, audit: () => undefined };
  const core = createCore(ports, { ...testSettings, limits: { ...PEOPLE, searchesAtOnceMax: 1_000 } });
  for (const uin of REGISTERED) await store.accounts.create(testAccount(uin, { old: secrets.seal(uin, 'secret') }));
  return { core, clock, asker: (uin, profile = {}) => signOn(core, uin, { ...UNICODE_CLIENT, ...profile }) };
}

async function signOn(core: Core, uin: Uin, profile: ClientProfile): Promise<Asker> {
  const events: SessionEvent[] = [];
  const peer = { address: '192.0.2.7', port: 1024, known: true };
  const opened = await core.open({ uin, peer, profile, coexist: false, receive: (event) => void events.push(event) });
  if (opened instanceof Refused) assert.fail(opened.refusal);
  const session: Session = opened;
  await core.run(session, 'presence.ready', undefined);
  const context = { ...contextOf({ uin, profile }), session, now: Date.UTC(2001, 1, 3) };

  async function packetsOf(effects: readonly OscarEffect[]): Promise<OutgoingSnac[]> {
    const packets: OutgoingSnac[] = [];
    for (const effect of effects) {
      if (effect.do === 'send') packets.push(effect.packet);
      else if (effect.do === 'ask') packets.push(...(await packetsOf(await answersOf(effect))));
      else assert.fail(`${effect.do}: a question does nothing else`);
    }
    return packets;
  }

  async function answersOf(effect: OscarEffect & { readonly do: 'ask' }): Promise<readonly OscarEffect[]> {
    if (effect.command === 'connection.count') return [];
    const output: unknown = await core.run(session, effect.command as 'profile.load', effect.input as { uin: Uin });
    await settled();
    return output instanceof Refused ? effect.refused(output) : effect.answered(output);
  }

  async function says(data: Uint8Array): Promise<readonly Answered[]> {
    const block = { owner: uin, type: icqMeta.IcqType.metaRequest, sequence: hex('02 00'), data };
    const packets = await packetsOf(handle(routes, icqMeta.request, { block }, context));
    return packets.map((packet) => answeredBy(packet, uin));
  }

  return {
    session,
    events,
    says,
    asks: (declaration, value) => says(icqMeta.encodeMetaRequest(declaration, value)),
    async result(declaration, value) {
      const [answer, ...more] = await says(icqMeta.encodeMetaRequest(declaration, value));
      assert.ok(answer !== undefined && more.length === 0 && answer.data.length === 0 && answer.flags === 0, 'a result alone');
      assert.equal(answer.subtype, declaration.reply);
      return answer.result;
    },
  };
}

function answeredBy(packet: OutgoingSnac, uin: Uin): Answered {
  assert.equal(packet.declaration, icqMeta.reply);
  assert.ok(bytesOf(packet).length > 0, 'it can be written');
  const { block } = packet.value as icqMeta.Reply;
  assert.deepEqual([block?.owner, block?.type, block?.sequence], [uin, icqMeta.IcqType.metaReply, hex('02 00')]);
  return { ...decode(icqMeta.metaReplyData, block?.data ?? new Uint8Array(0)), flags: packet.flags ?? 0 };
}

/** What stands in a successful answer. */
export function contentOf<T>(answered: Answered | undefined, declaration: icqMeta.MetaReply<T>): T {
  assert.deepEqual([answered?.subtype, answered?.result], [declaration.subtype, icqMeta.MetaResult.success]);
  return decode(declaration.body, answered?.data ?? new Uint8Array(0));
}
