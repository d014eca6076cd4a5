import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { loadConfig } from '../runtime/config.ts';
import { DataDirectoryError, dataFiles } from '../runtime/data-directory.ts';
import type { BackupFile } from '../storage/sqlite/protocol.ts';
import { backupFiles, notInBackup, restoreBackup } from './backup.ts';
import { OperationFailed } from './operations.ts';

const directory = mkdtempSync(join(tmpdir(), 'seekyou-restore-'));
after(() => rmSync(directory, { recursive: true }));

test('what cannot be restored is said in a sentence, and leaves nothing behind', () => {
  const file = join(directory, 'file');
  writeFileSync(file, 'neither a backup nor a directory');
  assert.throws(
    () => restoreBackup(file, file),
    (error) => error instanceof DataDirectoryError && error.message === `data directory ${file}: a file stands where a directory is needed`,
  );
  assert.throws(() => restoreBackup(file, join(file, 'below')), DataDirectoryError);
  const target = join(directory, 'target');
  assert.throws(
    () => restoreBackup(file, target),
    (error) => error instanceof OperationFailed && error.message.startsWith(`${file} is not a seekyou backup: `),
  );
  const folder = join(directory, 'folder');
  mkdirSync(folder);
  assert.throws(
    () => restoreBackup(folder, target),
    (error) => error instanceof OperationFailed && error.message.startsWith(`${folder} cannot be copied to ${target}: `),
  );
  assert.deepEqual(readdirSync(target), []);
  assert.throws(() => restoreBackup(file, directory), /is not empty/);
});

/** As the store writes one, of a database with nobody in it. */
function backupOf(inside: readonly BackupFile[], file: string): void {
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE account (state TEXT, old BLOB); CREATE TABLE backup_file (name TEXT PRIMARY KEY, content BLOB NOT NULL)');
  const insert = database.prepare('INSERT INTO backup_file VALUES (?, ?)');
  for (const { name, content } of inside) insert.run(name, content);
  database.close();
}

test('a TLS key that lies elsewhere is in the backup, and it is said where it was', () => {
  const data = join(directory, 'data');
  mkdirSync(data);
  const tls = { key: join(directory, 'own.key'), cert: join(directory, 'own.crt') };
  for (const file of Object.values(tls)) writeFileSync(file, `in ${file}`, { mode: 0o644 });
  const files = dataFiles(data);
  writeFileSync(files.tlsKey, 'not used');
  const backup = join(directory, 'with-tls');
  backupOf(backupFiles(files, { file: files.config, tls }, false), backup);

  const target = join(directory, 'with-tls-restored');
  assert.deepEqual(restoreBackup(backup, target).tlsWas, tls);
  const restored = dataFiles(target);
  assert.equal(readFileSync(restored.tlsKey, 'utf8'), `in ${tls.key}`);
  assert.equal(readFileSync(restored.tlsCert, 'utf8'), `in ${tls.cert}`);
  assert.equal(statSync(restored.tlsKey).mode & 0o777, 0o600);

  rmSync(tls.key);
  assert.throws(
    () => backupFiles(files, { file: files.config, tls }, false),
    (error) => error instanceof OperationFailed && /^tls_key: .*own\.key cannot be read/.test(error.message),
  );
  backupOf(backupFiles(files, { file: files.config, tls: undefined }, false), join(directory, 'own-tls'));
  assert.equal(restoreBackup(join(directory, 'own-tls'), join(directory, 'own-tls-restored')).tlsWas, undefined);
  assert.equal(readFileSync(join(directory, 'own-tls-restored', 'tls.key'), 'utf8'), 'not used');
});

test('the settings in a backup are those that were read, and what no file says is named', () => {
  const data = join(directory, 'data-of-config');
  mkdirSync(data);
  writeFileSync(join(data, 'seekyou.toml'), 'registration = "open"\n');
  const file = join(directory, 'elsewhere.toml');
  writeFileSync(file, `registration = "closed"\ndata = ${JSON.stringify(data)}\n[limits]\nwatchers_max = 7\n`);
  const config = loadConfig({
    options: { direct: 'off', data, tls_key: 'k', tls_cert: 'c' },
    environment: { SEEKYOU_DIRECT: 'all', SEEKYOU_LOG_LEVEL: 'warn' },
    file,
  });
  assert.deepEqual(notInBackup(config), ['direct', 'log_level']);
  const backup = join(directory, 'with-config');
  backupOf(backupFiles(dataFiles(data), { ...config, tls: undefined }, false), backup);

  const target = join(directory, 'with-config-restored');
  restoreBackup(backup, target);
  const restored = loadConfig({ options: { data: target }, environment: {} });
  assert.deepEqual([restored.registration, restored.limits.watchersMax, restored.data], ['closed', 7, target]);
  assert.deepEqual(notInBackup(restored), []);
});
