import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ClientError } from './errors.ts';
import { fileKnownServers } from './known-servers.ts';

const HERE = { host: 'ICQ.example', port: 5190 };
const ONE = `SHA256:${'A'.repeat(43)}`;
const TWO = `SHA256:${'B'.repeat(42)}A`;

function withFile(name: string, run: (file: string, directory: string) => void): void {
  test(name, () => {
    const directory = mkdtempSync(join(tmpdir(), 'seekyou-known-'));
    try {
      run(join(directory, 'config', 'known-servers.json'), join(directory, 'config'));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

withFile('what was remembered is found by the next run, whatever the case of the name, and nowhere else', (file) => {
  assert.equal(fileKnownServers(file).find(HERE), undefined);
  fileKnownServers(file).remember(HERE, ONE);
  assert.equal(fileKnownServers(file).find({ host: 'icq.EXAMPLE', port: 5190 }), ONE);
  assert.equal(fileKnownServers(file).find({ ...HERE, port: 443 }), undefined);
  fileKnownServers(file).remember({ host: '::1', port: 5190 }, TWO);
  fileKnownServers(file).remember(HERE, TWO);
  assert.equal(fileKnownServers(file).find(HERE), TWO);
  assert.equal(fileKnownServers(file).find({ host: '::1', port: 5190 }), TWO);
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(file, 'utf8')) as object), ['icq.example:5190', '::1:5190']);
});

withFile('it is for its owner alone, and no half-written file stays beside it', (file, directory) => {
  fileKnownServers(file).remember(HERE, ONE);
  assert.deepEqual(readdirSync(directory), ['known-servers.json']);
  if (process.platform === 'win32') return;
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
});

withFile('clients that meet their servers at the same moment lose no key', (file, directory) => {
  fileKnownServers(file).remember(HERE, ONE);
  const there = { ...HERE, port: 443 };
  // Another client has begun, and is done while we wait.
  writeFileSync(`${file}.lock`, '');
  fileKnownServers(file, () => {
    const others = { ...(JSON.parse(readFileSync(file, 'utf8')) as object), 'icq.example:5191': { fingerprint: TWO, since: '2026-01-01T00:00:00.000Z' } };
    writeFileSync(file, JSON.stringify(others));
    rmSync(`${file}.lock`);
  }).remember(there, ONE);
  const known = fileKnownServers(file);
  assert.deepEqual([known.find(HERE), known.find(there), known.find({ ...HERE, port: 5191 })], [ONE, ONE, TWO]);
  assert.deepEqual(readdirSync(directory), ['known-servers.json']);
});

withFile('one that crashed stops nobody, and who waits for him takes nothing from another one who waited', (file, directory) => {
  fileKnownServers(file).remember(HERE, ONE);
  const lock = `${file}.lock`;
  const age = (): void => utimesSync(lock, 0, 0);
  const there = { ...HERE, port: 443 };
  // What it had written is left, too, and is nobody's.
  for (const left of [lock, `${file}.new`]) writeFileSync(left, '{');
  let waits = 0;
  fileKnownServers(file, () => {
    waits++;
    // Old at last; another one is about to take it, does, writes and is done.
    if (waits === 10) age();
    if (waits === 10) writeFileSync(`${lock}.old`, '');
    if (waits === 20) utimesSync(lock, new Date(), new Date());
    if (waits === 20) rmSync(`${lock}.old`);
    if (waits < 30) return;
    writeFileSync(file, JSON.stringify({ 'icq.example:5191': { fingerprint: TWO, since: '2026-01-01T00:00:00.000Z' } }));
    rmSync(lock);
  }).remember(there, ONE);
  assert.equal(waits, 30);
  const known = fileKnownServers(file);
  assert.deepEqual([known.find(there), known.find({ ...HERE, port: 5191 })], [ONE, TWO]);

  writeFileSync(lock, '');
  age();
  fileKnownServers(file, () => assert.fail('nobody is waited for who crashed long ago')).remember(HERE, TWO);
  assert.equal(known.find(HERE), TWO);
  assert.deepEqual(readdirSync(directory).toSorted(), ['known-servers.json', 'known-servers.json.new']);
});

withFile('who waits in vain says for what', (file) => {
  fileKnownServers(file).remember(HERE, ONE);
  const lock = `${file}.lock`;
  writeFileSync(lock, '');
  const later = new Date(Date.now() + 3_600_000);
  utimesSync(lock, later, later);
  assert.throws(
    () => fileKnownServers(file, () => {}).remember(HERE, TWO),
    (error) => error instanceof ClientError && error.code === 'bad-pin' && error.message.includes(`remove ${lock}`),
  );
  assert.equal(fileKnownServers(file).find(HERE), ONE);
});

withFile('a damaged file is not taken for an empty one, and not written over', (file, directory) => {
  fileKnownServers(file).remember(HERE, ONE);
  for (const damaged of ['', '{', '[1]', '{"icq.example:5190":{"fingerprint":"yes"}}', '{"icq.example:5190":null}']) {
    writeFileSync(file, damaged);
    assert.throws(() => fileKnownServers(file).find(HERE), ClientError, damaged);
    assert.throws(() => fileKnownServers(file).remember(HERE, TWO), ClientError, damaged);
    assert.equal(readFileSync(file, 'utf8'), damaged);
    assert.deepEqual(readdirSync(directory), ['known-servers.json']);
  }
});
