import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DataDirectoryError } from '../runtime/data-directory.ts';
import { restoreBackup } from './backup.ts';
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
