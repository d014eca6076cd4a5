import { deepEqual, equal } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLog, type LogDisk, LogLines } from './log.ts';

const LOG = new URL('./log.ts', import.meta.url).href;

/** A process of its own that logs: `log` is there. */
function logging(logFile: string | undefined, body: string): ReturnType<typeof spawn> {
  const script = `const { createLog } = await import(${JSON.stringify(LOG)});
    const log = createLog({ logFile: ${JSON.stringify(logFile)}, logLevel: 'info' });
    ${body}`;
  return spawn(process.execPath, ['--conditions=source', '--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'pipe'] });
}

test('what was logged right before the end is in the file', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'seekyou-log-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'log');
  const [code] = (await once(logging(file, `for (let i = 0; i < 100; i++) log.info({ i }, 'line'); process.exit(3);`), 'exit')) as [number];
  equal(code, 3);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  // The line that is on its way to the disk in that moment may stand behind the others.
  deepEqual(
    lines.map((line) => (JSON.parse(line) as { i: number }).i).toSorted((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
});

test('nobody waits for whoever does not read the log, and what is too much is dropped', { timeout: 20_000 }, async () => {
  const child = logging(undefined, `for (let i = 0; i < 3_000; i++) log.info('x'.repeat(1_000)); console.log('went on');`);
  const { stdout, stderr } = child as typeof child & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream };
  const [said] = (await once(stdout, 'data')) as [Buffer];
  equal(String(said), 'went on\n');
  let bytes = 0;
  stderr.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await once(child, 'close');
  equal(bytes > 0 && bytes < 2_000_000, true, `${bytes} bytes of 3,000,000`);
});

const NO_SPACE: NodeJS.ErrnoException = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

/** A disk that takes so many bytes. */
function smallDisk(): { room: number; text: string; readonly disk: LogDisk; readonly answers: (() => void)[] } {
  const small = { room: Infinity, text: '', answers: [] as (() => void)[] };
  const take = (bytes: Uint8Array): number => {
    const taken = bytes.subarray(0, small.room);
    if (taken.length === 0) throw NO_SPACE;
    small.text += Buffer.from(taken).toString();
    small.room -= taken.length;
    return taken.length;
  };
  const disk: LogDisk = {
    writeSync: (_, bytes) => take(bytes),
    write: (_, bytes, done) =>
      small.answers.push(() => {
        let taken = 0;
        try {
          taken = take(bytes);
        } catch (error) {
          done(error as NodeJS.ErrnoException, 0);
          return;
        }
        done(null, taken);
      }),
  };
  return Object.assign(small, { disk });
}

/** Everything that is on its way to the disk arrives, or is refused. */
function settle(small: ReturnType<typeof smallDisk>): void {
  for (let answer = small.answers.shift(); answer !== undefined; answer = small.answers.shift()) answer();
}

test('on a full disk lines are lost, and their number is told when there is room again', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const small = smallDisk();
  const lost: number[] = [];
  const lines = new LogLines(-1, (count) => lost.push(count), small.disk);
  const say = (...texts: readonly string[]): void => {
    for (const text of texts) lines.write(`${text}\n`);
    t.mock.timers.tick(100);
    settle(small);
  };
  say('first');
  small.room = 5;
  say('second', 'third');
  say('fourth');
  deepEqual([small.text, lost], ['first\nsecon', []]);
  small.room = Infinity;
  say('fifth');
  deepEqual([small.text, lost], ['first\nsecon\nfifth\n', [3]]);
  say('sixth');
  deepEqual([small.text, lost], ['first\nsecon\nfifth\nsixth\n', [3]]);
  small.room = 0;
  lines.write('last\n');
  lines.flushSync();
  equal(small.text, 'first\nsecon\nfifth\nsixth\n');
});

test('a full disk keeps no process from its end', { skip: !existsSync('/dev/full') && 'a device that is always full is needed', timeout: 20_000 }, async () => {
  const child = logging('/dev/full', `log.info('a line'); setTimeout(() => { log.fatal('the worst'); log.info('more'); process.exit(3); }, 300);`);
  const [code] = (await once(child, 'exit')) as [number];
  equal(code, 3);
});

test('a log file that cannot be opened is known at once', () => {
  let problem: unknown;
  try {
    createLog({ logFile: '/nowhere/at/all', logLevel: 'info' });
  } catch (error) {
    problem = error;
  }
  equal((problem as NodeJS.ErrnoException | undefined)?.code, 'ENOENT');
});
