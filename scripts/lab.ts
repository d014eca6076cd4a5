/**
 * `npm run lab`: scenarios with real firewalls, relays and proxies, in network namespaces of their own. Needs Linux, iproute2,
 * nftables and util-linux; HAProxy for some. Works as an ordinary user where user namespaces are allowed.
 *
 * The service under systemd needs root and systemd; else it is skipped, with the reason.
 *
 * `npm run lab -- WORD…` runs the scenarios whose file name contains one of the words. Exit code 77: cannot run here.
 */
import { spawn, spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { INSIDE } from '../lab/town.ts';

const CANNOT = 77;
const PROGRAMS = ['ip', 'ss', 'nft', 'unshare', 'haproxy'];

/** An ordinary user's path lacks them. */
process.env['PATH'] = `${process.env['PATH']}:/usr/sbin:/sbin`;
process.exitCode = process.env[INSIDE] === '1' ? await scenarios(process.argv.slice(2)) : await sandbox(process.argv.slice(2));

async function sandbox(words: readonly string[]): Promise<number> {
  const missing = PROGRAMS.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
  if (process.platform !== 'linux' || missing.length > 0) {
    return cannot(`missing: ${missing.join(', ')}`, 'apt-get install --no-install-recommends iproute2 nftables util-linux haproxy, on Linux');
  }
  const user = works([]) ? [] : ['--user', '--map-root-user'];
  if (!works(user)) return cannot('this user may make no network namespaces', 'run it as root, or allow user namespaces');
  // When the outermost process dies, the kernel ends everything inside and the namespaces with it.
  const begin = 'mount -t tmpfs none /run && mkdir -p -m 1777 /run/netns /run/town && ip link set lo up && exec "$@"';
  const args = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', begin, 'sh'];
  const child = spawn('unshare', [...user, ...args, process.execPath, '--conditions=source', import.meta.filename, ...words], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1', TMPDIR: '/run/town' },
  });
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
}

function works(user: readonly string[]): boolean {
  return spawnSync('unshare', [...user, '--net', 'true']).status === 0;
}

function cannot(why: string, remedy: string): number {
  process.stderr.write(`npm run lab cannot run here: ${why}\n  to enable it: ${remedy}\n`);
  return process.env['SEEKYOU_REQUIRE'] === 'all' ? 1 : CANNOT;
}

async function scenarios(words: readonly string[]): Promise<number> {
  const files = globSync('lab/scenarios/*.test.ts')
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .toSorted();
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  // One town at a time: two would wait for each other's processors, and time is part of some scenarios.
  const stream = run({ files, concurrency: false, timeout: 120_000, execArgv: ['--import', new URL('ends.ts', import.meta.url).href] });
  stream.on('test:pass', (event) => {
    if (event.skip !== undefined) skipped++;
    else if (event.details.type !== 'suite') passed++;
  });
  stream.on('test:fail', () => failed++);
  for await (const chunk of stream.compose(spec())) process.stdout.write(chunk as string);
  process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  return failed > 0 || passed === 0 || (skipped > 0 && process.env['SEEKYOU_REQUIRE'] === 'all') ? 1 : 0;
}
