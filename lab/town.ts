/**
 * A network of several machines on this one: Linux network namespaces joined by cables, with real firewalls between them.
 * `scripts/lab.ts` runs the scenarios in a sandbox, so that nothing outside is touched and nothing can be left behind.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment, type Finished, finished, removeDirectory, root, Talker, temporaryDirectory } from '../test/process.ts';

/** Set by `scripts/lab.ts` for what runs inside. */
export const INSIDE = 'SEEKYOU_TEST_LAB';

const PATIENCE_MS = 10_000;
const POLL_MS = 20;

/** Without these values a machine copies what the one around it happens to have. IPv6 is off: no network of these documents has it. */
const SETTINGS = {
  'ipv4/ip_forward': 0,
  'ipv4/conf/all/rp_filter': 0,
  'ipv4/conf/default/rp_filter': 0,
  'ipv4/conf/all/send_redirects': 0,
  'ipv6/conf/all/disable_ipv6': 1,
};

export class Town {
  /** Data directories, configuration files, captures. */
  readonly directory: string = temporaryDirectory();
  private readonly running: Talker[] = [];
  private readonly hosts: string[] = [];

  /** Machines without a cable yet. */
  async machines(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      await ip('netns', 'add', name);
      this.hosts.push(name);
      await ip('-n', name, 'link', 'set', 'lo', 'up');
      await this.set(name, SETTINGS);
    }
  }

  /** Kernel settings of a machine, as below `/proc/sys/net`. */
  async set(host: string, settings: Readonly<Record<string, number>>): Promise<void> {
    const script = Object.entries(settings)
      .map(([name, value]) => `[ ! -e /proc/sys/net/${name} ] || echo ${value} >/proc/sys/net/${name}`)
      .join('; ');
    await this.does(host, 'sh', '-c', script);
  }

  /** A network that machines can be plugged into. */
  async network(name: string): Promise<void> {
    if (!this.hosts.includes(SWITCH)) await this.machines(SWITCH);
    await ip('-n', SWITCH, 'link', 'add', name, 'up', 'type', 'bridge', 'stp_state', '0');
  }

  /** A cable from a machine's interface to a network. */
  async plug(host: string, device: string, address: string, network: string): Promise<void> {
    const other = `${host}-${device}`;
    await ip('link', 'add', device, 'netns', host, 'type', 'veth', 'peer', 'name', other, 'netns', SWITCH);
    await ip('-n', SWITCH, 'link', 'set', other, 'master', network, 'up');
    await ip('-n', host, 'addr', 'add', address, 'dev', device);
    await ip('-n', host, 'link', 'set', device, 'up');
  }

  async gateway(host: string, via: string): Promise<void> {
    await ip('-n', host, 'route', 'add', 'default', 'via', via);
  }

  /** Loads a rule file of `networks/` or `deploy/`; words between @ are replaced. */
  async rules(host: string, file: string, words: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.does(host, 'nft', '-f', this.filled(file, words));
  }

  /** A firewall: forwards replies and what is allowed afterwards, drops all else. */
  async firewall(host: string): Promise<void> {
    await this.set(host, { 'ipv4/ip_forward': 1 });
    await this.rules(host, 'lab/networks/firewall.nft');
  }

  /** Adds a rule to a chain of the firewall: `service`, `local`, `prerouting`, `postrouting`. */
  async rule(host: string, chain: string, ...rule: readonly string[]): Promise<void> {
    await this.does(host, 'nft', 'add', 'rule', 'inet', 'town', chain, ...rule);
  }

  /** A copy of a file of the repository with its @WORDS@ filled in. @returns its path */
  filled(file: string, words: Readonly<Record<string, string>>): string {
    let text = readFileSync(join(root, file), 'utf8');
    for (const [word, value] of Object.entries(words)) text = text.replaceAll(`@${word}@`, value);
    assert.doesNotMatch(text, /@[A-Z_]+@/, `${file} has words nobody filled in`);
    return this.file(file.replaceAll('/', '-'), text);
  }

  file(name: string, text: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, text);
    return path;
  }

  /** Runs a command on a machine to its end, which must be good. */
  async does(host: string, ...command: readonly string[]): Promise<Finished> {
    const done = await this.tries(host, ...command);
    assert.equal(done.code, 0, `on ${host}: ${command.join(' ')}\n${done.stderr}${done.stdout}`);
    return done;
  }

  tries(host: string, ...command: readonly string[]): Promise<Finished> {
    return finished(spawn('ip', ['netns', 'exec', host, ...command], { cwd: root, env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Starts a program on a machine; it ends with the town. */
  starts(host: string, ...command: readonly string[]): Talker {
    const talker = new Talker('ip', ['netns', 'exec', host, ...command]);
    this.running.push(talker);
    return talker;
  }

  /** A program of this repository. */
  node(host: string, file: string, ...args: readonly string[]): Talker {
    return this.starts(host, process.execPath, '--conditions=source', join(root, file), ...args);
  }

  /** Waits until a machine listens, without disturbing who does. */
  async listens(host: string, protocol: 'tcp' | 'udp', port: number): Promise<void> {
    await eventually(`${host} listens on ${protocol} ${port}`, async () => {
      const { stdout } = await this.tries(host, 'ss', '-Hln', `--${protocol}`, `sport = :${port}`);
      return stdout.trim() !== '';
    });
  }

  /** How often a named counter of the firewall was hit. */
  async counted(host: string, name: string): Promise<number> {
    const { stdout } = await this.does(host, 'nft', 'list', 'counter', 'inet', 'town', name);
    return Number(/packets (\d+)/.exec(stdout)?.[1]);
  }

  async down(): Promise<void> {
    for (const talker of this.running) talker.child.kill('SIGKILL');
    for (const host of this.hosts) {
      const { stdout } = await finished(spawn('ip', ['netns', 'pids', host], { stdio: ['ignore', 'pipe', 'ignore'] }));
      for (const pid of stdout.split('\n').filter(Boolean)) kill(Number(pid));
      await ip('netns', 'del', host);
    }
    removeDirectory(this.directory);
  }
}

/** Holds one bridge a network and nothing else. */
const SWITCH = 'switch';

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

async function ip(...args: readonly string[]): Promise<void> {
  const done = await finished(spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  assert.equal(done.code, 0, `ip ${args.join(' ')}: ${done.stderr}`);
}

export async function eventually(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const give = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > give) assert.fail(`this did not come true within ${PATIENCE_MS / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Runs a scenario in a town of its own. */
export async function inTown(run: (town: Town) => Promise<void>): Promise<void> {
  assert.equal(process.env[INSIDE], '1', 'scenarios run in a sandbox: npm run lab');
  mkdirSync('/run/netns', { recursive: true });
  const town = new Town();
  try {
    await run(town);
  } finally {
    await town.down();
  }
}
