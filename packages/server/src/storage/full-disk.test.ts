import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Runs in a mount namespace of its own, so that a file system made for it goes when it does. */
const UNSHARE = process.getuid?.() === 0 ? ['-m'] : ['-U', '-r', '-m'];

function whyNot(): string | false {
  if (process.platform !== 'linux') return 'small file systems are made with Linux mount namespaces';
  const { status } = spawnSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'none', tmpdir()]);
  return status === 0 ? false : 'no permission for mount namespaces; run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)';
}

interface Seen {
  readonly codes: readonly string[];
  readonly acknowledgedWhenFull: readonly number[];
  readonly storedWhenFull: readonly number[];
  readonly found: number;
  readonly backup: string;
  readonly refused: readonly number[];
  readonly again: readonly string[];
  readonly storedInTheEnd: readonly number[];
  readonly broken: number;
  readonly journalled: number;
}

const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);

for (const there of [false, true]) {
  const to = there ? 'somebody who is there' : 'somebody who is not there';
  test(`a full disk refuses messages to ${to}, loses nothing, and takes them again when there is room`, { skip: whyNot() }, () => filled(there));
}

function filled(there: boolean): void {
  const directory = mkdtempSync(join(tmpdir(), 'seekyou-full-'));
  try {
    const script = fileURLToPath(new URL('./testdata/fill-disk.ts', import.meta.url));
    const command = `mount -t tmpfs -o size=3m none ${directory} && exec "$@"`;
    const run = spawnSync(
      'unshare',
      [...UNSHARE, 'sh', '-c', command, 'sh', process.execPath, ...process.execArgv, script, directory, ...(there ? ['there'] : [])],
      { encoding: 'utf8' },
    );
    assert.equal(run.status, 0, run.stderr);
    const seen = JSON.parse(run.stdout) as Seen;
    assert.deepEqual(new Set(seen.codes), new Set(['full']));
    assert.ok(seen.acknowledgedWhenFull.length > 100, `${seen.acknowledgedWhenFull.length} acknowledged`);
    assert.deepEqual(sorted(seen.storedWhenFull), sorted(seen.acknowledgedWhenFull));
    assert.equal(seen.found, 10_001);
    assert.equal(seen.backup, 'full');
    assert.deepEqual(new Set(seen.again), new Set(['stored']));
    assert.deepEqual(sorted(seen.storedInTheEnd), sorted([...seen.acknowledgedWhenFull, ...seen.refused]));
    assert.equal(seen.broken, 0);
    assert.equal(seen.journalled > 0, there, `${seen.journalled} went by the journal`);
  } finally {
    rmdirSync(directory);
  }
}
