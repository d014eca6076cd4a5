/**
 * The container of `deploy/container`, step by step: what is copied suffices, npm accepts it, and it serves from there as the image's
 * ordinary user, whom nothing is given. There is no engine in here and no image: Node and the system around it are this machine's.
 *
 *     client 192.168.1.10 ── server 192.168.1.17
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { type Finished, root, type Talker } from '../../test/process.ts';
import { eventually, inTown, type Town } from '../town.ts';

const SERVER = '192.168.1.17';
/** `node`, in the image. */
const USER = '1000';
const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child'];
const SCRIPT = join(root, 'lab/networks/container.sh');
const FILE = readFileSync(join(root, 'deploy/container/Containerfile'), 'utf8').replaceAll('\\\n', '');

const others = spawnSync('setpriv', ['--reuid', USER, 'true']).status === 0;
const needsRoot = others ? {} : { skip: 'needs root, because the container has a user of its own' };

/** The rest of the line that begins with this word; the last, where there are several. */
function line(word: string): string {
  const found = FILE.match(new RegExp(`^${word} +(.+)$`, 'gm'))?.at(-1);
  assert.ok(found, `the Containerfile has a line ${word}`);
  return found.slice(word.length).trim();
}

const command = (word: string): readonly string[] => JSON.parse(/\[.*\]/.exec(line(word))?.[0] ?? '') as string[];

/** COPY and npm ci, as the Containerfile has them. @returns the directory that becomes /seekyou */
function build(town: Town): string {
  const built = join(town.directory, 'built');
  for (const [, words = ''] of FILE.matchAll(/^COPY (?!--from)(.+)$/gm)) {
    const paths = words.split(/ +/);
    const to = paths.pop() as string;
    for (const path of paths) cpSync(join(root, path), join(built, to.endsWith('/') ? join(to, path) : to), { recursive: true });
  }
  const install = line('RUN npm').split(' ');
  const accepted = spawnSync('npm', [...install, '--dry-run', '--offline'], { cwd: built, encoding: 'utf8' });
  assert.equal(accepted.status, 0, accepted.stderr);
  // The network is not there, but what would come from it is.
  const omitted = install.filter((word) => word.startsWith('--omit'));
  const { stdout } = spawnSync('npm', ['ls', '--all', '--parseable', ...omitted], { cwd: root, encoding: 'utf8' });
  const modules = stdout
    .trim()
    .split('\n')
    .map((path) => relative(root, path))
    .filter((path) => path.startsWith('node_modules'));
  assert.ok(modules.length > 20, stdout);
  mkdirSync(join(built, 'node_modules'));
  for (const path of modules.filter(isOutermost)) {
    mkdirSync(dirname(join(built, path)), { recursive: true });
    cpSync(join(root, path), join(built, path), { recursive: true, verbatimSymlinks: true });
  }
  return built;
}

/** What is inside another comes with it. */
const isOutermost = (path: string): boolean => path.split('node_modules').length === 2;

/** A container that runs. */
class Container {
  readonly talker: Talker;
  private readonly town: Town;

  constructor(town: Town, talker: Talker) {
    this.town = town;
    this.talker = talker;
  }

  /** Its process 1, as seen from outside. */
  get first(): number {
    const { pid } = this.talker.child;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
  }

  /** As `podman exec`. */
  tries(...words: readonly string[]): Promise<Finished> {
    const inside = ['--target', String(this.first), '--mount', '--pid', '--root', '--wd', '--setuid', USER, '--setgid', USER];
    return this.town.tries('server', 'nsenter', ...inside, ...words);
  }
}

test('what the Containerfile copies serves as its user, is healthy, takes commands and stops', needsRoot, () =>
  inTown(async (town) => {
    await town.machines('server', 'client');
    await town.network('inside');
    await town.plug('server', 'eth0', `${SERVER}/24`, 'inside');
    await town.plug('client', 'eth0', '192.168.1.10/24', 'inside');
    assert.equal(line('USER'), 'node');
    const run = [...command('ENTRYPOINT'), ...command('CMD')];
    const container = new Container(town, town.starts('server', 'unshare', ...NAMESPACES, 'sh', SCRIPT, build(town), process.execPath, USER, ...run));
    await container.talker.line((printed) => printed.startsWith('ready'), 'the ready line');
    const healthy = command('HEALTHCHECK');
    await eventually('it is healthy', async () => (await container.tries(...healthy)).code === 0);
    for (const uin of ['100001', '100002']) {
      const added = await container.tries('node', 'packages/cli/bin/seekyou.js', 'user', 'add', uin, '--password', 'secret1', '--data', '/data');
      assert.equal(added.code, 0, added.stderr);
    }
    const people = ['100001', '100002'].map((uin) => town.node('client', 'lab/drivers/old-client.ts', SERVER, '5190', uin, 'secret1'));
    for (const one of people) await one.event('signed-on');
    people[0]?.say(JSON.stringify({ say: 'are you there?', to: 100_002 }));
    assert.equal((await people[1]?.event('message'))?.['text'], 'are you there?');
    const owners = await container.tries('stat', '--format', '%u %a', '/data/secret.key', '/data/seekyou.sqlite');
    assert.equal(owners.stdout, `${USER} 600\n${USER} 600\n`);
    assert.notEqual((await container.tries('touch', '/seekyou/here')).code, 0, 'the program cannot change itself');
    process.kill(container.first, line('STOPSIGNAL'));
    assert.equal((await container.talker.end()).code, 0);
    assert.match(container.talker.errors, /"stopped"/);
  }),
);
