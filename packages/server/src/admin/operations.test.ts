import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Account, asUin, type Core, refuse, type Uin } from '@seekyou/core';
import type { Config } from '../runtime/config.ts';
import { createOperations, OperationFailed, type Operations } from './operations.ts';

const ANNA = asUin(100_001) as Uin;

interface Given {
  readonly old?: Uint8Array;
  /** What their password is, which may be the main one. */
  readonly opens?: 'theirs' | 'main' | undefined;
  readonly config?: Partial<Pick<Config, 'oldClients' | 'clearSignOn'>>;
}

/** One account, of Anna; `changes` are those she was given. `opens: undefined`: her old password cannot be opened. */
function world({ old = Uint8Array.of(1), config = {}, ...given }: Given = {}) {
  const opens = 'opens' in given ? given.opens : 'theirs';
  const account = { uin: ANNA, state: 'active', createdAt: 0, nickname: 'Anna', authorisationRequired: true, hideAddress: false };
  const changes: object[] = [];
  const admin = {
    show: () => Promise.resolve({ ...account, ...(old.length === 0 ? {} : { old }) } as unknown as Account),
    sessionsOf: () => [],
    set: (_uin: Uin, change: object) => Promise.resolve(changes.push(change) > 0),
    ban: () => Promise.resolve(refuse('bad-input')),
  };
  const operations: Operations = createOperations({
    core: { admin } as unknown as Core,
    addresses: () => [],
    accounts: () => Promise.resolve(1),
    backup: () => Promise.resolve({ bytes: 0, missing: [] }),
    config: { oldClients: 'same', clearSignOn: 'all', ...config },
    secrets: { open: () => opens, proves: (password) => Promise.resolve(password === 'main') },
  });
  return { operations, changes };
}

test('whether old clients may sign on is said as the settings and the key have it', async () => {
  for (const [given, may, note] of [
    [{}, true, null],
    [{ config: { oldClients: 'own' } }, true, null],
    [{ config: { oldClients: 'off' } }, false, /old_clients is off/],
    [{ old: new Uint8Array(0) }, false, /no password for them/],
    [{ opens: undefined }, false, /another secret\.key/],
    [{ opens: 'main' }, true, null],
    [{ opens: 'main', config: { oldClients: 'own' } }, false, /`user passwd` makes two/],
    [{ config: { clearSignOn: 'off' } }, true, /through TLS alone/],
    [{ config: { clearSignOn: 'challenge' } }, true, /MD5 challenge/],
  ] as const) {
    const { oldClients, oldClientsNote } = await world(given).operations['user.show']({ uin: ANNA });
    assert.equal(oldClients, may, JSON.stringify(given));
    if (note === null) assert.equal(oldClientsNote, null);
    else assert.match(oldClientsNote ?? '', note);
  }
});

test('an account is given a code page that we know', async () => {
  const { operations, changes } = world();
  for (const codepage of ['1251', '65001']) await operations['user.set']({ uin: ANNA, changes: { codepage } });
  await operations['user.set']({ uin: ANNA, changes: { codepage: '' } });
  assert.deepEqual(changes, [{ codepage: 1251 }, { codepage: 65001 }, { codepage: undefined }]);
  for (const codepage of ['1215', '866', '99', 'utf-8']) {
    await assert.rejects(operations['user.set']({ uin: ANNA, changes: { codepage } }), /is not possible; allowed: a code page \(874, .*1251, /);
  }
});

test('what was typed wrong is told from what could not be done', async () => {
  const { operations } = world();
  const wrong = (error: unknown): boolean => error instanceof OperationFailed && error.usage;
  await assert.rejects(async () => operations['user.show']({ uin: 99 }), wrong);
  await assert.rejects(operations['user.set']({ uin: ANNA, changes: { foo: '1' } }), wrong);
  await assert.rejects(operations['user.set']({ uin: ANNA, changes: { authorisation: 'maybe' } }), wrong);
  await assert.rejects(operations['ban.add']({ target: 'nobody', reason: '' }), wrong);
});
