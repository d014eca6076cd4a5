import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { testClock } from '@seekyou/core/testing';
import { selfSigned } from '@seekyou/net/testing';
import { CertificateError, type CertificateFiles, loadIdentity, ownNames, readIdentity, type ServerIdentity, watchIdentity } from './certificate.ts';

const NAMES = ['chat.example.org', '203.0.113.9', '2001:db8::9'];
const YEAR_MS = 365.25 * 86_400_000;
const START = Date.UTC(2026, 0, 1);

let directory: string;
let files: CertificateFiles;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'seekyou-certificate-'));
  files = { key: join(directory, 'tls.key'), cert: join(directory, 'tls.crt'), given: false };
});
afterEach(() => rmSync(directory, { recursive: true }));

const certificate = (): X509Certificate => new X509Certificate(readFileSync(files.cert));

test('the first start makes a P-256 key and a certificate for ten years, with the names clients use', async () => {
  const { identity, newKey } = await loadIdentity(files, NAMES, START);
  assert.equal(newKey, true);
  const made = certificate();
  for (const name of ['chat.example.org', '203.0.113.9', '2001:db8::9']) {
    assert.ok(name.includes('org') ? made.checkHost(name) : made.checkIP(name), name);
  }
  assert.equal(made.checkHost('other.example.org'), undefined);
  assert.equal(made.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.ok(made.verify(made.publicKey), 'it signed itself');
  assert.ok(Math.abs(made.validToDate.getTime() - START - 10 * YEAR_MS) < 86_400_000);
  assert.ok(made.validFromDate.getTime() < START, 'clients whose clocks are slow take it');
  assert.match(identity.fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
  assert.deepEqual(readdirSync(directory), ['tls.crt', 'tls.key']);
  if (process.platform !== 'win32') assert.equal(statSync(files.key).mode & 0o777, 0o600);
});

test('later starts keep both, and the key when the certificate is renewed', async () => {
  const first = await loadIdentity(files, NAMES, START);
  assert.deepEqual(await loadIdentity(files, NAMES, START + YEAR_MS), { identity: first.identity, newKey: false });
  const later = await loadIdentity(files, ['new.example.org'], START + 9.95 * YEAR_MS);
  assert.equal(later.newKey, false);
  assert.equal(later.identity.fingerprint, first.identity.fingerprint);
  assert.notEqual(later.identity.cert, first.identity.cert);
  assert.ok(certificate().checkHost('new.example.org'));
  rmSync(files.cert);
  assert.equal((await loadIdentity(files, NAMES, START)).identity.fingerprint, first.identity.fingerprint);
});

test('a certificate that lost its key is not replaced by itself', async () => {
  await loadIdentity(files, NAMES, START);
  rmSync(files.key);
  await assert.rejects(loadIdentity(files, NAMES, START), (error: Error) => error instanceof CertificateError && error.message.includes(files.key));
  assert.ok(!existsSync(files.key));
});

test('files that cannot be used are named, with what is wrong', async () => {
  const given = { ...files, given: true };
  await assert.rejects(loadIdentity(given, NAMES, START), /tls\.key cannot be read/);
  const mine = selfSigned('mine');
  writeFileSync(files.key, mine.cert);
  writeFileSync(files.cert, mine.cert);
  assert.throws(() => readIdentity(files), /tls\.key holds no private key in PEM form/);
  writeFileSync(files.key, mine.key);
  writeFileSync(files.cert, 'nothing');
  assert.throws(() => readIdentity(files), /tls\.crt holds no certificate/);
  writeFileSync(files.cert, selfSigned('yours').cert);
  assert.throws(() => readIdentity(files), /tls\.key is not the key of .*tls\.crt/);
  writeFileSync(files.cert, mine.cert);
  assert.equal(readIdentity(files).fingerprint, mine.fingerprint);
});

test('a chain that TLS does not take is refused, though its first certificate is right', () => {
  const mine = selfSigned('mine');
  writeFileSync(files.key, mine.key);
  writeFileSync(files.cert, `${mine.cert}${selfSigned('theirs').cert.slice(0, 200)}`);
  assert.throws(
    () => readIdentity(files),
    (error: Error) => error instanceof CertificateError && error.message.includes(files.cert) && error.message.includes(files.key),
  );
});

test('in the data directory, too, only a certificate of ours is made anew', async () => {
  const mine = selfSigned('mine');
  writeFileSync(files.key, mine.key);
  writeFileSync(files.cert, mine.cert);
  await loadIdentity(files, NAMES, Date.UTC(2049, 11, 30));
  assert.equal(readFileSync(files.cert, 'utf8'), mine.cert);
});

test('a certificate is made for P-256 keys alone, and the key that is none is named', async () => {
  for (const { privateKey } of [generateKeyPairSync('ec', { namedCurve: 'P-384' }), generateKeyPairSync('ed25519')]) {
    writeFileSync(files.key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await assert.rejects(loadIdentity(files, NAMES, START), (error: Error) => error instanceof CertificateError && error.message.includes(files.key));
  }
});

test('an administrator’s certificate is never renewed here', async () => {
  const mine = selfSigned('mine');
  writeFileSync(files.key, mine.key);
  writeFileSync(files.cert, mine.cert);
  await loadIdentity({ ...files, given: true }, NAMES, Date.UTC(2049, 11, 30));
  assert.equal(readFileSync(files.cert, 'utf8'), mine.cert);
});

test('inside names are in the certificate only when clients are told no others', () => {
  assert.deepEqual(ownNames(['chat.example.org', '203.0.113.9']), ['localhost', 'chat.example.org', '203.0.113.9']);
  assert.ok(ownNames([]).includes('127.0.0.1'));
});

test('changed files are taken when they have lain still; a pair that is none is told once', () => {
  const [one, two] = [selfSigned('one'), selfSigned('two')];
  let stamp = START / 1000;
  const put = (file: string, text: string): void => {
    writeFileSync(file, text);
    utimesSync(file, ++stamp, stamp);
  };
  put(files.key, one.key);
  put(files.cert, one.cert);
  const clock = testClock();
  const taken: ServerIdentity[] = [];
  const refused: CertificateError[] = [];
  const end = watchIdentity({ files, clock, changed: (identity) => taken.push(identity), refused: (error) => refused.push(error) });
  clock.advance(10_000);
  // A renewal writes one file, and a moment later the other.
  put(files.cert, two.cert);
  clock.advance(2_000);
  put(files.key, two.key);
  clock.advance(2_000);
  assert.deepEqual([taken.length, refused.length], [0, 0]);
  clock.advance(2_000);
  assert.deepEqual(
    taken.map(({ fingerprint }) => fingerprint),
    [two.fingerprint],
  );
  put(files.key, one.key);
  clock.advance(20_000);
  assert.equal(refused.length, 1);
  rmSync(files.key);
  clock.advance(20_000);
  assert.equal(refused.length, 2);
  put(files.key, two.key);
  clock.advance(20_000);
  assert.equal(taken.length, 2);
  // Copied halfway: it lies still, and its first certificate is whole.
  put(files.cert, `${two.cert}${one.cert.slice(0, 200)}`);
  clock.advance(20_000);
  assert.equal(refused.length, 3);
  put(files.cert, two.cert);
  clock.advance(20_000);
  assert.equal(taken.length, 3);
  if (process.platform !== 'win32') {
    // Nothing a file can be ends the server, whose next look finds the pair again.
    rmSync(files.key);
    symlinkSync(files.key, files.key);
    clock.advance(20_000);
    assert.equal(refused.length, 4);
    assert.match(refused.at(-1)?.message ?? '', /tls\.key cannot be read/);
    rmSync(files.key);
    put(files.key, two.key);
    clock.advance(20_000);
    assert.equal(taken.length, 4);
  }
  end();
  assert.equal(clock.timers, 0);
});
