import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HERE, OWN, Place, refusalOf } from '../core-testing.ts';
import { PEOPLE } from '../limits.ts';
import { memoryStore } from '../memory-store.ts';
import { StoreFailed, type Store } from '../ports.ts';
import { Refused } from '../refusals.ts';
import type { CreatedAccount } from '../service.ts';
import { countingStore, settled, uin } from '../testing.ts';

function created(answer: CreatedAccount | Refused): CreatedAccount {
  assert.ok(!(answer instanceof Refused), refusalOf(answer));
  return answer;
}

describe('sign-on', () => {
  test('the right password gets the account', async () => {
    const place = new Place();
    await place.accounts(20_001);
    const account = await place.verify(20_001, 'secret');
    assert.ok(!(account instanceof Refused));
    assert.equal(account.uin, 20_001);
  });

  test('an unknown UIN, a wrong password and an account without old password get the same answer', async () => {
    const place = new Place();
    await place.accounts(20_001);
    const { uin: modern } = created(await place.core.admin.create({ password: 'only for our own', uin: uin(20_002) }));
    await place.store.accounts.update(modern, { old: undefined });
    const answers = [await place.verify(20_009, 'secret'), await place.verify(20_001, 'guess'), await place.verify(20_002, 'guess')];
    for (const answer of answers) assert.deepEqual(answer, new Refused('wrong-credentials'));
  });

  test('they cost the same: one look into the store, one opened password, one proof', async () => {
    const store = countingStore(memoryStore());
    const place = new Place({ store });
    await place.accounts(20_001);
    await place.account(20_002, { old: new Uint8Array(0) });
    await place.store.accounts.update(uin(20_002), { old: undefined });
    for (const number of [20_001, 20_002, 20_009]) {
      store.reset();
      const opened = place.secrets.opened;
      let proofs = 0;
      await place.core.verify({ uin: uin(number), proof: (password) => ++proofs === 0 || password === '' }, HERE);
      assert.deepEqual([...store.counts], [['accounts.find', 1]]);
      assert.equal(place.secrets.opened - opened, 1);
      assert.equal(proofs, 1);
    }
    assert.deepEqual(place.reports, [], 'and all could be opened');
  });

  test('a proof that accepts anything does not open an account without old password', async () => {
    const place = new Place();
    await place.account(20_001);
    await place.store.accounts.update(uin(20_001), { old: undefined });
    for (const number of [20_001, 20_009]) assert.equal(refusalOf(await place.core.verify({ uin: uin(number), proof: () => true }, HERE)), 'wrong-credentials');
  });

  test('suspended and deleted are told only after the right password', async () => {
    const place = new Place();
    await place.account(20_001, { state: 'suspended' });
    await place.account(20_002, { state: 'deleted' });
    assert.equal(refusalOf(await place.verify(20_001, 'secret')), 'suspended');
    assert.equal(refusalOf(await place.verify(20_002, 'secret')), 'deleted');
    assert.equal(refusalOf(await place.verify(20_001, 'guess')), 'wrong-credentials');
    assert.equal(refusalOf(await place.verify(20_002, 'guess')), 'wrong-credentials');
  });

  test('neither is, to anybody else, that an account was thrown out and has to wait', async () => {
    const place = new Place();
    await place.accounts(20_001);
    place.core.flooded(uin(20_001));
    assert.equal(refusalOf(await place.verify(20_001, 'guess')), 'wrong-credentials');
    assert.equal(refusalOf(await place.verify(20_001, 'secret')), 'slow-down');
  });

  test('where old clients are off nothing is looked at', async () => {
    const store = countingStore(memoryStore());
    const place = new Place({ store, settings: { oldClients: 'off' } });
    await place.accounts(20_001);
    store.reset();
    assert.equal(refusalOf(await place.verify(20_001, 'secret')), 'old-clients-off');
    assert.equal(store.total, 0);
  });

  test('after five wrong passwords the right one has to wait, and is not even looked at', async () => {
    const place = new Place();
    await place.accounts(20_001);
    for (let time = 0; time < 5; time++) await place.verify(20_001, 'guess');
    const opened = place.secrets.opened;
    const answer = await place.verify(20_001, 'secret');
    assert.deepEqual(answer, new Refused('slow-down', 1_000));
    assert.equal(place.secrets.opened, opened);
    place.clock.advance(1_000);
    assert.equal(refusalOf(await place.verify(20_001, 'secret')), undefined);
  });

  test('a hundred guesses at once are worth five', async () => {
    const place = new Place();
    await place.accounts(20_001);
    const guesses = Array.from({ length: 100 }, (_, n) => place.verify(20_001, n === 50 ? 'secret' : `guess ${n}`));
    const answers = (await Promise.all(guesses)).map(refusalOf);
    assert.equal(answers.filter((answer) => answer === 'wrong-credentials').length, 5);
    assert.equal(answers.filter((answer) => answer === 'slow-down').length, 95);
  });

  test('whoever is told that an account is suspended has not guessed', async () => {
    const place = new Place();
    await place.account(20_001, { state: 'suspended' });
    for (let time = 0; time < 20; time++) assert.equal(refusalOf(await place.verify(20_001, 'secret')), 'suspended');
  });

  test('a store that fails counts against nobody, and says try again', async () => {
    const working = memoryStore();
    let fails = true;
    const store: Store = {
      ...working,
      accounts: {
        ...working.accounts,
        find: (number) => (fails ? Promise.reject(new StoreFailed('broken', 'no disk')) : working.accounts.find(number)),
      },
    };
    const place = new Place({ store });
    await place.accounts(20_001);
    for (let time = 0; time < 20; time++) assert.equal(refusalOf(await place.verify(20_001, 'secret')), 'unavailable');
    fails = false;
    assert.equal(refusalOf(await place.verify(20_001, 'secret')), undefined);
    assert.equal(place.reports.length, 1, 'and says so once, not twenty times');
  });

  test('a password sealed with another key is a wrong one, and the administrator hears of it', async () => {
    const place = new Place();
    await place.account(20_001, { old: new Uint8Array([1, 2, 3]) });
    assert.equal(refusalOf(await place.verify(20_001, 'secret')), 'wrong-credentials');
    assert.match(place.reports.join(), /20001 .*secret\.key/);
  });

  test('refused sign-ons are counted', async () => {
    const place = new Place();
    await place.accounts(20_001);
    await place.verify(20_001, 'guess');
    await place.verify(20_009, 'secret');
    await place.verify(20_001, 'secret');
    assert.equal(place.core.figures().signOnsRefused, 2);
  });
});

describe('creation', () => {
  test('numbers are given from 100,001 up', async () => {
    const { core } = new Place();
    const numbers: number[] = [];
    for (let n = 0; n < 3; n++) numbers.push(created(await core.admin.create({ password: 'secret' })).uin);
    assert.deepEqual(numbers, [100_001, 100_002, 100_003]);
  });

  test('a number somebody chose is passed over', async () => {
    const { core } = new Place();
    await core.admin.create({ uin: uin(100_002), password: 'secret' });
    const numbers = [created(await core.admin.create({ password: 'secret' })).uin, created(await core.admin.create({ password: 'secret' })).uin];
    assert.deepEqual(numbers, [100_001, 100_003]);
  });

  test('a crowd at the same time gets different numbers, without asking for the same one twice', async () => {
    const store = countingStore(memoryStore());
    const { core } = new Place({ store });
    const numbers = (await Promise.all(Array.from({ length: 50 }, () => core.admin.create({ password: 'secret' })))).map((answer) => created(answer).uin);
    assert.equal(new Set(numbers).size, 50);
    assert.equal(Math.max(...numbers), 100_050);
    assert.equal(store.counts.get('accounts.create'), 50);
  });

  test('a chosen number that is taken is refused', async () => {
    const place = new Place();
    await place.accounts(20_001);
    assert.equal(refusalOf(await place.core.admin.create({ uin: uin(20_001), password: 'secret' })), 'not-allowed');
  });

  test('the account has what was asked for, and no password in the clear', async () => {
    const place = new Place();
    const { uin: number } = created(await place.core.admin.create({ password: 'secret', nickname: 'Ждан', authorisationRequired: false }));
    const account = await place.core.admin.show(number);
    assert.equal(account?.nickname, 'Ждан');
    assert.equal(account.authorisationRequired, false);
    assert.equal(account.createdAt, place.clock.now());
    assert.equal(place.secrets.open(number, account.old ?? new Uint8Array(0)), 'secret');
    assert.ok(!new TextDecoder().decode(account.old).includes('secret'));
  });

  test('who says nothing has to be asked before others see him', async () => {
    const { core } = new Place();
    const { uin: number } = created(await core.admin.create({ password: 'secret' }));
    assert.equal((await core.admin.show(number))?.authorisationRequired, true);
  });

  test('a generated old password is told once and works', async () => {
    const place = new Place();
    const { uin: number, generatedOldPassword } = created(await place.core.admin.create({ password: 'a long one for our own' }));
    assert.ok(generatedOldPassword !== undefined);
    assert.equal(refusalOf(await place.verify(number, generatedOldPassword)), undefined);
    assert.equal(refusalOf(await place.verify(number, 'a long one for our own')), 'wrong-credentials');
  });

  test('a bad password makes no account', async () => {
    const { core } = new Place();
    assert.equal(refusalOf(await core.admin.create({ password: '' })), 'bad-password');
    assert.deepEqual(await core.admin.list(0, 10), []);
  });
});

describe('registration', () => {
  test('a client gets the next number, whatever it asks for', async () => {
    const { core } = new Place();
    assert.equal(created(await core.register({ uin: uin(20_001), password: 'secret' }, HERE)).uin, 100_001);
  });

  test('may be closed', async () => {
    const { core } = new Place({ settings: { registration: 'closed' } });
    assert.equal(refusalOf(await core.register({ password: 'secret' }, HERE)), 'registration-closed');
  });

  test("a reserved number is nobody else's, and an account when somebody proves to have its password", async () => {
    const place = new Place();
    const { uin: number } = created(await place.core.reserve({ password: 'secret', nickname: 'new' }, HERE));
    assert.equal(await place.core.admin.show(number), undefined);
    assert.equal(refusalOf(await place.core.admin.create({ uin: number, password: 'another' })), 'not-allowed');
    assert.equal(refusalOf(await place.verify(number, 'guess')), 'wrong-credentials');
    assert.equal(await place.core.admin.show(number), undefined);
    // Twice at the same time is one account.
    const both = await Promise.all([place.verify(number, 'secret'), place.verify(number, 'secret')]);
    assert.deepEqual(both.map(refusalOf), [undefined, undefined]);
    assert.equal((await place.core.admin.show(number))?.nickname, 'new');
    assert.equal(place.audited.filter(({ event }) => event === 'account-made').length, 1);
  });

  test('reserved numbers are drawn by chance, never twice, and guessing their passwords is slowed down', async () => {
    const place = new Place({ limits: { registrationsFreePerAddressPerHour: 2_000 } });
    const numbers: number[] = [];
    for (let i = 0; i < 100; i++) numbers.push(created(await place.core.reserve({ password: 'secret' }, HERE)).uin);
    assert.equal(new Set(numbers).size, 100);
    const steps = numbers.slice(1).map((number, i) => Math.abs(number - (numbers[i] as number)));
    assert.ok(Math.min(...steps) > 1_000, `drawn, not counted: ${numbers.slice(0, 5).join(', ')}`);
    const refusals: (string | undefined)[] = [];
    for (let i = 0; i < 10; i++) refusals.push(refusalOf(await place.verify(numbers[0] as number, `guess${i}`)));
    assert.equal(refusals.at(-1), 'slow-down');
    assert.equal(created(await place.core.register({ password: 'secret' }, HERE)).uin, 100_001, 'others are counted as ever');
  });

  test('a number that two draws would both get is drawn anew', async () => {
    let draws = 0;
    const chance = { bytes: (length: number): Uint8Array => new Uint8Array(length).fill(length === 4 && draws++ < 3 ? 1 : draws) };
    const place = new Place();
    Object.assign(place.ports, { chance });
    const both = await Promise.all([1, 2].map(() => place.core.reserve({ password: 'secret' }, HERE)));
    assert.equal(new Set(both.map((one) => created(one).uin)).size, 2);
  });

  test('a reservation ends with time', async () => {
    const place = new Place();
    const { uin: number } = created(await place.core.reserve({ password: 'secret' }, HERE));
    place.clock.advance(PEOPLE.udpRegistrationMs);
    assert.equal(refusalOf(await place.verify(number, 'secret')), 'wrong-credentials');
    assert.equal(refusalOf(await place.core.admin.create({ uin: number, password: 'another' })), undefined);
  });

  test('reserving is registering: it may be closed, and is slowed down', async () => {
    const account = { password: 'secret' };
    assert.equal(refusalOf(await new Place({ settings: { registration: 'closed' } }).core.reserve(account, HERE)), 'registration-closed');
    const { core } = new Place();
    for (let n = 0; n < 20; n++) assert.equal(refusalOf(await core.reserve(account, HERE)), undefined);
    assert.equal(refusalOf(await core.reserve(account, HERE)), 'slow-down');
  });

  test('is slowed down after twenty an hour, a crowd at the same time too', async () => {
    const { core } = new Place();
    const answers = await Promise.all(Array.from({ length: 40 }, () => core.register({ password: 'secret' }, HERE)));
    assert.equal(answers.filter((answer) => refusalOf(answer) === undefined).length, 20);
    assert.equal(answers.filter((answer) => refusalOf(answer) === 'slow-down').length, 20);
  });

  test('a refused password does not count', async () => {
    const { core } = new Place();
    for (let n = 0; n < 40; n++) assert.equal(refusalOf(await core.register({ password: '' }, HERE)), 'bad-password');
    assert.equal(refusalOf(await core.register({ password: 'secret' }, HERE)), undefined);
  });
});

describe('administration', () => {
  test('after passwd the old password is refused, the new one works, and live sessions are gone', async () => {
    const place = new Place();
    await place.accounts(20_001);
    const clients = [await place.signsOn(20_001), await place.signsOn(20_001, { profile: OWN })];
    assert.equal(refusalOf(await place.core.admin.passwd(uin(20_001), 'fresh')), undefined);
    assert.equal(refusalOf(await place.verify(20_001, 'secret')), 'wrong-credentials');
    assert.equal(refusalOf(await place.verify(20_001, 'fresh')), undefined);
    for (const client of clients) assert.deepEqual(client.endings, ['password-changed']);
    assert.deepEqual(place.core.admin.sessionsOf(uin(20_001)), []);
  });

  test('who proved the old password before passwd and comes after it is refused', async () => {
    const place = new Place();
    const { uin: number } = created(await place.core.admin.create({ password: 'secret' }));
    const verified = await place.verify(number, 'secret');
    assert.ok(!(verified instanceof Refused));
    await place.core.admin.passwd(number, 'fresh');
    await assert.rejects(place.opens(number, { verified }), /wrong-credentials/);
    const again = await place.verify(number, 'fresh');
    assert.ok(!(again instanceof Refused));
    await place.opens(number, { verified: again });
  });

  test('passwd with a long password gives a new old one', async () => {
    const place = new Place();
    await place.accounts(20_001);
    const { generatedOldPassword } = created(await place.core.admin.passwd(uin(20_001), 'a long one for our own'));
    assert.equal(refusalOf(await place.verify(20_001, generatedOldPassword ?? '')), undefined);
  });

  test('passwd with a bad password changes nothing', async () => {
    const place = new Place();
    await place.accounts(20_001);
    const client = await place.signsOn(20_001);
    assert.equal(refusalOf(await place.core.admin.passwd(uin(20_001), '')), 'bad-password');
    assert.equal(refusalOf(await place.verify(20_001, 'secret')), undefined);
    assert.deepEqual(client.endings, []);
  });

  test('a suspended account has no sessions and gets none, and its mail waits', async () => {
    const place = new Place();
    await place.accounts(20_001, 20_002);
    const client = await place.signsOn(20_001);
    assert.equal(await place.core.admin.suspend(uin(20_001), true), true);
    assert.deepEqual(client.endings, ['account-suspended']);
    await assert.rejects(place.opens(20_001), /suspended/);
    const friend = await place.signsOn(20_002);
    assert.equal(refusalOf(await friend.says(20_001, 'when you are back')), undefined);
    assert.equal(await place.core.admin.suspend(uin(20_001), false), true);
    assert.deepEqual(await (await place.signsOn(20_001)).fetches(), ['when you are back']);
  });

  test('a removed account is gone for everybody, and its owner is told so', async () => {
    const place = new Place();
    await place.accounts(20_001, 20_002);
    const client = await place.signsOn(20_001);
    const friend = await place.signsOn(20_002);
    await friend.says(20_001, 'hello');
    assert.equal(await place.core.admin.remove(uin(20_001)), true);
    assert.deepEqual(client.endings, ['account-removed']);
    assert.equal(await place.core.admin.show(uin(20_001)), undefined);
    assert.deepEqual(
      (await place.core.admin.list(0, 10)).map((account) => account.uin),
      [20_002],
    );
    assert.equal(refusalOf(await friend.says(20_001, 'hello?')), 'no-such-user');
    assert.equal(refusalOf(await place.verify(20_001, 'secret')), 'deleted');
    assert.equal(refusalOf(await place.verify(20_001, 'guess')), 'wrong-credentials');
    await assert.rejects(place.opens(20_001), /deleted/);
  });

  test('a removed number is not given out again, except by name', async () => {
    const place = new Place();
    const first = created(await place.core.admin.create({ password: 'secret' })).uin;
    await place.core.admin.remove(first);
    assert.equal(created(await place.core.admin.create({ password: 'secret' })).uin, first + 1);
    created(await place.core.admin.create({ uin: first, password: 'another', nickname: 'somebody else' }));
    assert.equal(refusalOf(await place.verify(first, 'secret')), 'wrong-credentials');
    assert.equal(refusalOf(await place.verify(first, 'another')), undefined);
  });

  test('what there is not cannot be changed', async () => {
    const { core } = new Place();
    const nobody = uin(20_009);
    assert.equal(await core.admin.set(nobody, { nickname: 'x' }), false);
    assert.equal(await core.admin.suspend(nobody, true), false);
    assert.equal(await core.admin.remove(nobody), false);
    assert.equal(refusalOf(await core.admin.passwd(nobody, 'secret')), 'no-such-user');
  });

  test('live sessions know of a change at once', async () => {
    const place = new Place();
    await place.accounts(20_001, 20_002);
    const subject = await place.signsOn(20_001);
    const watcher = await place.signsOn(20_002);
    await watcher.asks('contacts.add', { uins: [subject.session.uin], temporary: false });
    assert.deepEqual(
      watcher.events.map((event) => event.type),
      ['presence'],
    );
    await place.core.admin.set(uin(20_001), { authorisationRequired: true });
    await settled();
    assert.deepEqual(
      watcher.events.map((event) => event.type),
      ['presence', 'absence'],
    );
    assert.deepEqual(subject.endings, []);
  });

  test('list goes through all accounts page by page', async () => {
    const place = new Place();
    for (let number = 20_001; number <= 20_025; number++) await place.account(number, number % 3 === 0 ? { state: 'deleted' } : {});
    const seen: number[] = [];
    for (let after = 0; ; ) {
      const page = await place.core.admin.list(after, 4);
      seen.push(...page.map((account) => account.uin));
      if (page.length < 4) break;
      after = page.at(-1)?.uin ?? 0;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 25 }, (_, n) => 20_001 + n).filter((number) => number % 3 !== 0),
    );
  });
});

describe('when somebody was last here', () => {
  test('is written behind, once for many comings and goings', async () => {
    const store = countingStore(memoryStore());
    const place = new Place({ store });
    await place.accounts(20_001);
    for (let time = 0; time < 10; time++) (await place.signsOn(20_001)).session.close(true);
    assert.equal(store.counts.get('accounts.update'), undefined);
    await place.passes(2_000);
    assert.equal(store.counts.get('accounts.update'), 1);
    assert.equal((await place.core.admin.show(uin(20_001)))?.lastSeenAt, place.clock.now() - 2_000);
  });

  test('a crowd is written a part at a time, and nothing is left at the stop', async () => {
    const store = countingStore(memoryStore());
    const place = new Place({ store });
    for (let number = 20_001; number <= 20_500; number++) {
      await place.account(number);
      await place.opens(number);
    }
    await place.passes(1_000);
    const first = store.counts.get('accounts.update') ?? 0;
    assert.ok(first > 0 && first < 250, `${first} at once`);
    await place.passes(1_000);
    assert.equal(store.counts.get('accounts.update'), 2 * first);
    await place.core.stop('server-stopping');
    for (let number = 20_001; number <= 20_500; number++) assert.ok((await place.core.admin.show(uin(number)))?.lastSeenAt !== undefined);
  });
});
