import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import type { ScramProved } from '../commands.ts';
import { HERE, OWN, Place, type PlaceOptions, refusalOf } from '../core-testing.ts';
import { memoryStore } from '../memory-store.ts';
import { Refused } from '../refusals.ts';
import { countingStore, uin } from '../testing.ts';
import type { Peer } from '../words.ts';
import { checkScram } from './scram.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const PASSWORD = 'a long password of our own';
const SAID = ascii('n=20001,r=a,r=ab,s=,i=1,c=,r=ab');

async function place(options: PlaceOptions = {}): Promise<Place> {
  const made = new Place(options);
  await made.account(20_001, { main: await made.secrets.verifier(PASSWORD) });
  return made;
}

/** What a client does with the challenge it is given. */
async function prove(at: Place, number: number, password: string, peer: Peer = HERE, said = SAID): Promise<ScramProved | Refused> {
  const challenge = await at.core.scram.start(uin(number));
  assert.ok(!(challenge instanceof Refused));
  const { secrets } = at;
  const clientKey = secrets.hmac(secrets.salted(password, challenge.salt), ascii('Client Key'));
  const signature = secrets.hmac(secrets.sha256(clientKey), SAID);
  return at.core.scram.finish({ uin: uin(number), authMessage: said, proof: clientKey.map((byte, i) => byte ^ (signature[i] as number)) }, peer);
}

describe('SCRAM', () => {
  test('the example conversation of RFC 7677', () => {
    const secrets = {
      sha256: (data: Uint8Array) => createHash('sha256').update(data).digest(),
      hmac: (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest(),
    };
    const base64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
    const verifier = {
      salt: base64('W22ZaJ0SNY7soEsUEjb6gQ=='),
      iterations: 4096,
      storedKey: base64('WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY='),
      serverKey: base64('wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU='),
    };
    const message = ascii(
      'n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    );
    const proof = base64('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=');
    const checked = checkScram(secrets, verifier, message, proof);
    assert.equal(checked.proved, true);
    assert.equal(Buffer.from(checked.serverSignature).toString('base64'), '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
    for (let at = 0; at < proof.length; at++) {
      const changed = proof.map((byte, i) => (i === at ? byte ^ 1 : byte));
      assert.equal(checkScram(secrets, verifier, message, changed).proved, false, `byte ${at}`);
      assert.equal(checkScram(secrets, verifier, message, proof.subarray(0, at)).proved, false, `${at} bytes`);
    }
    assert.equal(checkScram(secrets, verifier, message, Uint8Array.from([...proof, 0])).proved, false, 'one byte more');
  });

  test('the right password gets the account, and a signature that only this server can make', async () => {
    const at = await place();
    const answer = await prove(at, 20_001, PASSWORD);
    assert.ok(!(answer instanceof Refused));
    assert.equal(answer.account.uin, 20_001);
    assert.deepEqual(answer.serverSignature, new Uint8Array(at.secrets.hmac(answer.account.main.serverKey, SAID)));
  });

  test('a proof of one conversation proves nothing in another', async () => {
    assert.equal(refusalOf(await prove(await place(), 20_001, PASSWORD, HERE, ascii('another conversation'))), 'wrong-credentials');
  });

  test('the old password is not the main one', async () => {
    assert.equal(refusalOf(await prove(await place(), 20_001, 'secret')), 'wrong-credentials');
  });

  test('a UIN nobody has shows a salt as well: the same each time, and another one for each', async () => {
    const at = await place();
    const [one, again, other] = [await at.core.scram.start(uin(20_009)), await at.core.scram.start(uin(20_009)), await at.core.scram.start(uin(20_010))];
    const real = await at.core.scram.start(uin(20_001));
    assert.deepEqual(one, again);
    assert.notDeepEqual(one, other);
    assert.deepEqual(Object.keys(one), Object.keys(real));
  });

  test('an unknown UIN and a wrong password get the same answer for the same work', async () => {
    const store = countingStore(memoryStore());
    const at = await place({ store });
    const costs = [];
    for (const number of [20_001, 20_009]) {
      store.reset();
      const before = { ...at.secrets.worked };
      const challenge = await at.core.scram.start(uin(number));
      assert.ok(!(challenge instanceof Refused));
      const answer = await at.core.scram.finish({ uin: uin(number), authMessage: SAID, proof: new Uint8Array(32) }, HERE);
      const { decoy, sha256, hmac } = at.secrets.worked;
      const work = { decoy: decoy - before.decoy, sha256: sha256 - before.sha256, hmac: hmac - before.hmac };
      costs.push({ answer, work, stored: [...store.counts], opened: at.secrets.opened });
    }
    assert.deepEqual(costs[0], costs[1]);
    assert.deepEqual(costs[0], {
      answer: new Refused('wrong-credentials'),
      work: { decoy: 2, sha256: 1, hmac: 2 },
      stored: [['accounts.find', 2]],
      opened: 0,
    });
  });

  test('what stands in for an account opens none', async () => {
    const at = await place();
    assert.equal(refusalOf(await prove(at, 20_009, 'nobody knows this')), 'wrong-credentials');
  });

  test('suspended and deleted are told only after the right proof', async () => {
    for (const state of ['suspended', 'deleted'] as const) {
      const at = await place();
      await at.store.accounts.update(uin(20_001), { state });
      assert.equal(refusalOf(await prove(at, 20_001, PASSWORD)), state);
      assert.equal(refusalOf(await prove(at, 20_001, 'guess')), 'wrong-credentials');
    }
  });

  test('it does not ask whether old clients may come', async () => {
    const at = await place({ settings: { oldClients: 'off' } });
    assert.ok(!((await prove(at, 20_001, PASSWORD)) instanceof Refused));
  });

  test('five wrong proofs, of either kind, and the right one has to wait', async () => {
    const at = await place();
    for (let time = 0; time < 3; time++) await prove(at, 20_001, 'guess');
    for (let time = 0; time < 2; time++) await at.verify(20_001, 'guess');
    assert.deepEqual(await prove(at, 20_001, PASSWORD), new Refused('slow-down', 1_000));
    assert.equal(refusalOf(await prove(at, 20_001, PASSWORD, { address: '198.51.100.1', port: 1, known: true })), undefined, 'from elsewhere it need not');
    at.clock.advance(1_000);
    assert.equal(refusalOf(await prove(at, 20_001, PASSWORD)), undefined);
  });

  test('a thousand UINs tried from one address stop that address', async () => {
    const at = await place();
    const answers = new Set<string | undefined>();
    for (let number = 30_000; number < 30_100; number++) answers.add(refusalOf(await prove(at, number, 'guess')));
    assert.deepEqual([...answers], ['wrong-credentials', 'slow-down']);
  });

  test('a refused proof is counted and written down, without anything of it', async () => {
    const at = await place();
    await prove(at, 20_001, 'guess');
    assert.equal(at.core.figures().signOnsRefused, 1);
    assert.deepEqual(at.audited.at(-1), { event: 'sign-on-refused', uin: 20_001, address: HERE.address, why: 'wrong-credentials' });
  });

  test('a password that is changed after the proof closes the door to what was proved', async () => {
    const at = await place();
    const proved = await prove(at, 20_001, PASSWORD);
    assert.ok(!(proved instanceof Refused));
    await at.core.admin.passwd(uin(20_001), 'another');
    const session = await at.core.open({ uin: uin(20_001), peer: HERE, profile: OWN, coexist: true, verified: proved.account, receive: () => {} });
    assert.equal(refusalOf(session), 'wrong-credentials');
  });

  test('an account can be registered without telling the password, and looks like any other', async () => {
    const at = await place();
    const salt = new Uint8Array(16).fill(9);
    const salted = at.secrets.salted('of my own', salt);
    const verifier = {
      salt,
      iterations: 1,
      storedKey: at.secrets.sha256(at.secrets.hmac(salted, ascii('Client Key'))),
      serverKey: at.secrets.hmac(salted, ascii('Server Key')),
    };
    const created = await at.core.register({ password: verifier }, HERE);
    assert.ok(!(created instanceof Refused));
    assert.deepEqual(Object.keys(created), ['uin']);
    assert.ok(!((await prove(at, created.uin, 'of my own')) instanceof Refused));
    assert.equal((await at.core.admin.show(created.uin))?.old, undefined, 'no old client can use it');

    const short = new Uint8Array(15);
    for (const odd of [{ salt: short }, { iterations: 2 }, { storedKey: short }, { serverKey: short }]) {
      assert.equal(refusalOf(await at.core.register({ password: { ...verifier, ...odd } }, HERE)), 'bad-password', Object.keys(odd).join());
    }
  });

  test('eight of our own stand beside each other, and the ninth is told', async () => {
    const at = await place();
    for (let n = 0; n < 8; n++) await at.opens(20_001, { profile: OWN, coexist: true });
    const ninth = await at.core.open({ uin: uin(20_001), peer: HERE, profile: OWN, coexist: true, receive: () => {} });
    assert.equal(refusalOf(ninth), 'too-many-sessions');
  });
});
