import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

withFile('a damaged file is not taken for an empty one, and not written over', (file) => {
  fileKnownServers(file).remember(HERE, ONE);
  for (const damaged of ['', '{', '[1]', '{"icq.example:5190":{"fingerprint":"yes"}}', '{"icq.example:5190":null}']) {
    writeFileSync(file, damaged);
    assert.throws(() => fileKnownServers(file).find(HERE), ClientError, damaged);
    assert.throws(() => fileKnownServers(file).remember(HERE, TWO), ClientError, damaged);
    assert.equal(readFileSync(file, 'utf8'), damaged);
  }
});
