import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '@seekyou/wire';
import { ErrorCode, icqMeta, own, scram, type SnacDeclaration } from '@seekyou/wire/oscar';
import { OwnAccount, type Secret } from './account.ts';
import { Directory } from './directory.ts';
import { ClientError, RequestRefused } from './errors.ts';
import { nodePlatform } from './node.ts';

const UIN = 100_001;
const PRESENT = 'correct horse';
const WANTED = 'battery staple';
const SALT = new Uint8Array(16).fill(4);
const platform = nodePlatform();
const keyOf = async (password: string, salt: Uint8Array, iterations: number): Promise<Uint8Array> =>
  scram.clientKey(platform.scram, await platform.scram.salted(scram.passwordBytes(password), salt, iterations));

interface Scene {
  readonly account: OwnAccount;
  readonly secret: Secret;
  readonly asked: { readonly question: SnacDeclaration<any>; readonly value: unknown }[];
}

/** @param answer what the server says to each question */
function scene(secret: Secret, answer: () => unknown): Scene {
  const asked: Scene['asked'] = [];
  const request = async <Q, A>(question: SnacDeclaration<Q>, value: Q): Promise<A> => {
    asked.push({ question, value });
    return answer() as A;
  };
  const directory = new Directory({ uin: UIN, gather: (question, value) => request(question, value) }, 1252);
  return { account: new OwnAccount({ uin: UIN, directory, request }, secret, platform), secret, asked };
}

const ours = (): Secret => ({ password: PRESENT, proof: { salt: SALT, iterations: 4_096 } });
const fails = (code: string) => (error: Error) => error instanceof ClientError && error.code === code;

test('a server of ours is told a proof and a verifier, and of neither password a byte', async () => {
  const { account, secret, asked } = scene(ours(), () => ({ oldClients: 1 }));
  assert.deepEqual(await account.changePassword(PRESENT, WANTED), { oldClients: true });
  const [{ question, value }] = asked as [Scene['asked'][number]];
  assert.equal(question, own.passwordChange);
  const said = value as own.PasswordChange;
  assert.deepEqual(said.clientKey, await keyOf(PRESENT, SALT, 4_096));
  assert.ok(said.salt !== undefined && said.iterations === scram.ITERATIONS);
  assert.notDeepEqual(said.salt, SALT);
  const key = await keyOf(WANTED, said.salt, said.iterations);
  assert.deepEqual(said.storedKey, platform.scram.sha256(key));
  const bytes = Buffer.from(encode(own.passwordChange.body, said));
  for (const password of [PRESENT, WANTED]) assert.equal(bytes.includes(password), false);

  assert.equal(secret.password, WANTED, 'the next sign-on proves this one');
  await account.changePassword(WANTED, PRESENT);
  const [, next] = asked as [unknown, Scene['asked'][number]];
  assert.deepEqual((next.value as own.PasswordChange).clientKey, key, 'with the salt that is right now');
});

test('what the server refuses changes nothing here', async () => {
  const denied = scene(ours(), () => {
    throw new RequestRefused('changing', ErrorCode.requestDenied);
  });
  await assert.rejects(denied.account.changePassword('wrong', WANTED), fails('wrong-password'));
  await assert.rejects(denied.account.changeOldPassword('wrong', 'attic'), fails('wrong-password'));
  await assert.rejects(denied.account.unregister('wrong'), fails('wrong-password'));
  assert.deepEqual(denied.secret, ours());
  const tooFast = scene(ours(), () => {
    throw new RequestRefused('changing', ErrorCode.serverRateLimit);
  });
  await assert.rejects(tooFast.account.changePassword(PRESENT, WANTED), RequestRefused);
});

test('what cannot be a password is not asked for', async () => {
  const { account, asked } = scene(ours(), () => assert.fail('nothing was to be asked'));
  for (const wanted of ['', 'x'.repeat(65), 'half \ud83d']) await assert.rejects(account.changePassword(PRESENT, wanted), fails('refused'));
  for (const wanted of ['', 'ninechars', 'ключ']) await assert.rejects(account.changeOldPassword(PRESENT, wanted), fails('refused'));
  assert.deepEqual(asked, []);
});

test('an old server is told the new password, once the old one was typed again', async () => {
  const { account, secret, asked } = scene({ password: PRESENT, proof: undefined }, () => [
    { family: 0x15, subtype: 3, flags: 0, requestId: 1, data: encode(icqMeta.reply.body, { block: answerOf(0x00aa) }) },
  ]);
  await assert.rejects(account.changePassword('wrong', 'short'), fails('wrong-password'));
  await assert.rejects(account.changePassword(PRESENT, WANTED), fails('refused'));
  await assert.rejects(account.unregister('wrong'), fails('wrong-password'));
  assert.deepEqual(asked, []);
  assert.deepEqual(await account.changePassword(PRESENT, 'short'), { oldClients: true });
  assert.equal(secret.password, 'short');
  assert.equal(asked.length, 1);
});

function answerOf(subtype: number): icqMeta.IcqBlock {
  return { owner: UIN, type: icqMeta.IcqType.metaReply, sequence: Uint8Array.of(2, 0), data: icqMeta.encodeMetaResult(subtype, icqMeta.MetaResult.success) };
}
