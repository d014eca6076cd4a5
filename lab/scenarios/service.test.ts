/**
 * The unit of `deploy/systemd` under systemd itself, hardened as it is: it starts, serves, is started again when it dies, and stops.
 * systemd runs as process 1 of namespaces of its own.
 *
 *     client 192.168.1.10 ── server 192.168.1.17
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Finished, root, type Talker } from '../../test/process.ts';
import { eventually, inTown, type Town } from '../town.ts';

const SERVER = '192.168.1.17';
const PASSWORD = 'secret1';
const ALICE = '100001';
const BORIS = '100002';
const SYSTEMD = '/lib/systemd/systemd';
const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--cgroup', '--uts', '--ipc', '--mount-proc'];
const SCRIPT = join(root, 'lab/networks/service.sh');

/** Other users than root have to exist in here. */
const canBoot = existsSync(SYSTEMD) && spawnSync('unshare', [...NAMESPACES, 'sh', '-c', 'mount -t cgroup2 none /mnt && setpriv --reuid 1 true']).status === 0;
const needsSystemd = canBoot ? {} : { skip: 'needs systemd, and root: apt-get install systemd, and run it as root' };

/** A machine that was booted. */
class Machine {
  private readonly town: Town;
  /** Its process 1, as seen from outside. */
  private readonly first: string;

  private constructor(town: Town, first: string) {
    this.town = town;
    this.first = first;
  }

  static async boots(town: Town, port443: boolean): Promise<Machine> {
    await town.machines('server', 'client');
    await town.network('inside');
    await town.plug('server', 'eth0', `${SERVER}/24`, 'inside');
    await town.plug('client', 'eth0', '192.168.1.10/24', 'inside');
    const booting = town.starts('server', 'unshare', ...NAMESPACES, 'sh', SCRIPT, root, process.execPath, port443 ? 'yes' : 'no');
    let first: string | undefined;
    await eventually('systemd runs', () => {
      if (booting.child.exitCode !== null) assert.fail(booting.errors);
      first = readdirSync('/proc').find(runsSystemd);
      return first !== undefined;
    });
    const machine = new Machine(town, String(first));
    await machine.answers();
    for (const uin of [ALICE, BORIS]) await machine.user('seekyou', 'user', 'add', uin, '--password', PASSWORD, '--data', '/var/lib/seekyou');
    return machine;
  }

  tries(...command: readonly string[]): Promise<Finished> {
    return this.town.tries('server', 'nsenter', '--target', this.first, '--mount', '--pid', '--cgroup', ...command);
  }

  /** As root. */
  async does(...command: readonly string[]): Promise<string> {
    const done = await this.tries(...command);
    assert.equal(done.code, 0, `${command.join(' ')}: ${done.stderr}${done.stdout}`);
    return done.stdout.trim();
  }

  /** As the user of the service. */
  user(...command: readonly string[]): Promise<string> {
    return this.does('runuser', '-u', 'seekyou', '--', ...command);
  }

  /** What systemd knows of the service. */
  says(property: string): Promise<string> {
    return this.does('systemctl', 'show', '--property', property, '--value', 'seekyou');
  }

  printed(): Promise<string> {
    return this.does('cat', '/run/seekyou.out');
  }

  async answers(): Promise<void> {
    await eventually('the service answers', async () => (await this.tries('seekyou-healthy')).code === 0).catch(async (error: unknown) => {
      const { stdout } = await this.tries('sh', '-c', 'systemctl status --no-pager seekyou; cat /run/seekyou.out');
      throw new Error(`${(error as Error).message}\n${stdout}`, { cause: error });
    });
  }

  async signsOn(uin: string, port = 5190): Promise<Talker> {
    const client = this.town.node('client', 'lab/drivers/old-client.ts', SERVER, String(port), uin, PASSWORD);
    await client.event('signed-on');
    return client;
  }

  async converse(port = 5190): Promise<void> {
    const alice = await this.signsOn(ALICE, port);
    const boris = await this.signsOn(BORIS);
    alice.say(JSON.stringify({ say: 'are you there?', to: Number(BORIS) }));
    await alice.event('accepted');
    assert.equal((await boris.event('message'))['text'], 'are you there?');
    for (const client of [alice, boris]) {
      client.say('{"quit":true}');
      await client.end();
    }
  }
}

/** There is no other in here. One that has ended has no program any more. */
function runsSystemd(pid: string): boolean {
  try {
    return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/exe`) === realpathSync(SYSTEMD);
  } catch {
    return false;
  }
}

/** The lines of /proc/PID/status. */
function fields(status: string): Readonly<Record<string, string>> {
  return Object.fromEntries(status.split('\n').map((line) => line.split(/:\s+/) as [string, string]));
}

test('the unit serves as it is: as its own user, with nothing to spare, and comes back when it dies', needsSystemd, () =>
  inTown(async (town) => {
    const machine = await Machine.boots(town, false);
    await machine.converse();
    const process = await machine.says('MainPID');
    const status = fields(await machine.does('cat', `/proc/${process}/status`));
    const { stdout: uid } = await machine.tries('id', '-u', 'seekyou');
    assert.equal(status['Uid']?.split('\t')[0], uid.trim());
    assert.deepEqual([status['NoNewPrivs'], status['Seccomp']], ['1', '2']);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) assert.match(String(status[set]), /^0+$/, set);
    assert.equal(await machine.does('sh', '-c', 'cd /var/lib/seekyou && find . ! -user seekyou -o -perm /077'), '', 'its data are its own');
    await machine.does('kill', '-KILL', process);
    await eventually('another takes its place', async () => !['0', process].includes(await machine.says('MainPID')));
    await machine.answers();
    await machine.converse();
    await machine.does('systemctl', 'stop', 'seekyou');
    assert.deepEqual([await machine.says('Result'), await machine.says('ExecMainStatus')], ['success', '0']);
    assert.match(await machine.printed(), /"stopped"/);
  }),
);

test('with the one capability of port 443 it listens there, too', needsSystemd, () =>
  inTown(async (town) => {
    const machine = await Machine.boots(town, true);
    await machine.converse(443);
    const status = fields(await machine.does('cat', `/proc/${await machine.says('MainPID')}/status`));
    // CAP_NET_BIND_SERVICE is number 10.
    for (const set of ['CapEff', 'CapBnd']) assert.equal(Number.parseInt(String(status[set]), 16), 1 << 10, set);
  }),
);

test('what the unit must not have stops it: the test sees what systemd forbids', needsSystemd, () =>
  inTown(async (town) => {
    const machine = await Machine.boots(town, false);
    const forbids = async (line: string): Promise<string> => {
      await machine.does('sh', '-c', `printf '[Service]\nRestart=no\n%s\n' '${line}' >/etc/systemd/system/seekyou.service.d/more.conf`);
      await machine.does('systemctl', 'daemon-reload');
      await machine.tries('systemctl', 'restart', 'seekyou');
      await eventually(`it ends with ${line}`, async () => (await machine.says('ActiveState')) === 'failed');
      return machine.says('Result');
    };
    assert.notEqual(await forbids('MemoryDenyWriteExecute=yes'), 'success');
    assert.notEqual(await forbids('SystemCallFilter=~@network-io'), 'success');
    assert.notEqual(await forbids('RestrictAddressFamilies=~AF_INET AF_INET6'), 'success');
  }),
);
