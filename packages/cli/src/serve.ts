/** `seekyou serve`: from the start to the ready line, and to a clean end. */
import { isatty } from 'node:tty';
import { type Config, createLog, defaultDataDirectory, type Log, type RunningServer, startServer, STOP_MS_MAX, takesUdp } from '@seekyou/server';
import type { Command } from 'commander';
import { addConfigOptions, configFrom } from './config-options.ts';
import { ExitCode, Failed } from './exit.ts';

export function registerServe(program: Command): void {
  addConfigOptions(program.command('serve').description('run the service')).action(serve);
}

async function serve(options: Record<string, unknown>): Promise<void> {
  const config = configFrom(options);
  const log = logOf(config);
  const terminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
  // Before anything is open: a signal that arrives while starting must not be lost.
  const stopAsked = new Promise<NodeJS.Signals>((resolve) => {
    // A second signal changes nothing: both the terminal's group and a supervisor may send one.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stops(signal, terminal) && resolve(signal));
  });
  const server = await startServer(config, log).catch((error: unknown) => {
    throw error instanceof Error && error.name !== 'TypeError' ? new Failed(error.message) : error;
  });
  let why: NodeJS.Signals | Error;
  try {
    process.stdout.write(`${readyLine(server)}\n`);
    log.info({ addresses: server.addresses, udp: server.udpAddresses, data: config.data }, 'serving');
    await tellFirstUser(server, config);
    why = await Promise.race([stopAsked, server.failed]);
    if (why instanceof Error) log.fatal({ err: why }, 'the database stopped working; what was acknowledged is stored. Look at the disk, then start again');
    else log.info({ signal: why }, 'stopping');
  } catch (error) {
    log.fatal({ err: error }, 'stopping, because of a fault');
    await stop(server, log);
    throw error;
  }
  await stop(server, log);
  process.exit(why instanceof Error ? ExitCode.failed : ExitCode.done);
}

/** A terminal that closes ends what it was used for. nohup wants otherwise; Node does not tell that, but then no terminal is left. */
export function stops(signal: NodeJS.Signals, terminal: boolean): boolean {
  return signal !== 'SIGHUP' || terminal;
}

async function stop(server: RunningServer, log: Log): Promise<void> {
  const late = setTimeout(() => {
    log.error('the stop took too long; what was acknowledged is stored');
    process.exit(ExitCode.failed);
  }, STOP_MS_MAX - 500);
  await server.stop();
  clearTimeout(late);
  log.info('stopped');
}

function readyLine({ addresses, adminUrl, udpAddresses }: RunningServer): string {
  const udp = udpAddresses.length === 0 ? [] : ['udp', ...udpAddresses];
  return ['ready', ...addresses, 'admin', adminUrl.replace('http://', ''), ...udp].join(' ');
}

function logOf(config: Parameters<typeof createLog>[0]): Log {
  try {
    return createLog(config);
  } catch (error) {
    throw new Failed(`log_file ${config.logFile}: ${(error as Error).message}`);
  }
}

/** What to type next. Only people read this; a script has the ready line. */
async function tellFirstUser(server: RunningServer, config: Config): Promise<void> {
  const { data, oldClients, clearSignOn } = config;
  const address = (server.addresses[0] as string).replace('[::]', 'localhost').replace('0.0.0.0', 'localhost');
  const first = (await server.accounts()) === 0;
  const lines = [
    '',
    first ? 'Nobody has an account yet. In another terminal:' : 'To make another account, in another terminal:',
    `  npx seekyou user add --password secret12${data === defaultDataDirectory() ? '' : ` --data ${quoted(data)}`}`,
    'prints a UIN. Chat with it from here:',
    `  npx seekyou client --server ${address} --pin ${server.fingerprint()} --uin UIN --password secret12`,
    ...(oldClients === 'off' || clearSignOn === 'off' ? [] : [inTheClear(address)]),
    ...(takesUdp(config) ? server.udpAddresses.slice(0, 1) : []).map((udp) => `Those of 1996 to 1999: the same server, UDP port ${udp.replace(/^.*:/, '')}.`),
    `This server's key: ${server.fingerprint()}`,
    `A page about it all: http://${address}/`,
    `Health and metrics: ${server.adminUrl}/healthz, /metrics`,
    '',
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

function inTheClear(address: string): string {
  return `Old ICQ clients: server ${address.replace(/:\d+$/, '')}, port ${address.replace(/^.*:/, '')}. docs/clients/ tells where each one wants it typed.`;
}

/** For a shell, where it is needed. */
export function quoted(path: string): string {
  if (/^[\w@%+=:,./~-]+$/.test(path)) return path;
  return process.platform === 'win32' ? `"${path}"` : `'${path.replaceAll("'", "'\\''")}'`;
}
