/** `npm run bench -- udp`: what clients of 1996 to 1999 cost: memory when they are idle, time when they say that they are there. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { range } from '../load/crowd.ts';
import { prepareAccounts } from './accounts.ts';
import { brokenFigure, type Figure, whole } from './figures.ts';
import { Generator } from './generator.ts';
import { type ServerProcess, startOurServer, startDiscard } from './processes.ts';
import type { Population, SmokeOptions } from './smoke.ts';

export interface UdpSize {
  readonly sessions: number;
  readonly rounds: number;
  readonly seconds: number;
}

export const UDP_FULL: UdpSize = { sessions: 20_000, rounds: 5, seconds: 3 };
export const UDP_SHORT: UdpSize = { sessions: 4_000, rounds: 3, seconds: 1.5 };

export interface UdpOptions extends Pick<SmokeOptions, 'directory' | 'tell' | 'print' | 'nodeArguments'> {
  readonly size: UdpSize;
}

/** With fewer, what the process needs for itself weighs too much. */
const MEMORY_SESSIONS = 20_000;
const BYTES_MAX = 6 * 1024;
const ECHOES_MAX = 3;
/** Who signs on before anything is measured, again and again: code, queues and threads take memory that no session is to be charged with. */
const FIRST_ONES = 1_000;
const FIRST_ROUNDS = 15;
/** So that neither side ever waits for the other. */
const IN_FLIGHT = 64;
/** Clients are complete five seconds after their sign-on; then memory settles. */
const SETTLE_MS = 9_000;
/** Of /proc/PID/stat. */
const TICK_US = 10_000;

interface Cost {
  readonly us: number;
  readonly perSecond: number;
}

export async function udp(options: UdpOptions): Promise<readonly Figure[]> {
  const { directory, tell, print, size, nodeArguments = [] } = options;
  const population: Population = { first: 100_000, count: size.sessions + FIRST_ONES, password: 'bench123' };
  tell(`making ${population.count} accounts`);
  await prepareAccounts({ data: directory, population, contacts: 'none', tell });
  const inspector = Promise.withResolvers<string>();
  const server = await startOurServer({
    data: directory,
    profile: 'people',
    nodeArguments: [...nodeArguments, '--inspect=127.0.0.1:0'],
    log: (line) => {
      const url = /^Debugger listening on (ws:\S+)/.exec(line)?.[1];
      if (url !== undefined) inspector.resolve(url);
    },
  });
  const echo = await startDiscard(resolve(import.meta.dirname, '../floor/echo.ts'));
  const generator = new Generator(tell);
  try {
    const figures = await measured(options, population, { ...server, inspector: await inspector.promise }, echo, generator).catch((error: unknown) => [
      brokenFigure('old clients', error as Error, 'people'),
    ]);
    for (const figure of figures) print(figure);
    return figures;
  } finally {
    await generator.stop();
    await Promise.all([server.stop(), echo.kill()]);
  }
}

async function measured(
  { size, tell }: UdpOptions,
  { first, password }: Population,
  server: ServerProcess & { readonly inspector: string },
  echo: ServerProcess,
  generator: Generator,
): Promise<Figure[]> {
  const target = server.udp;
  if (target === undefined) throw new Error('the server does not speak UDP');
  for (let turn = 0; turn < FIRST_ROUNDS; turn++) await generator.run('udpHold', { target, uins: range(first, FIRST_ONES), password });
  await delay(SETTLE_MS);
  await generator.run('udpKeepAlives', { target, inFlight: IN_FLIGHT, seconds: 1 });
  const before = await memoryOf(server);
  const uins = range(first + FIRST_ONES, size.sessions);
  await generator.run('udpHold', { target, uins, password });
  tell(`${uins.length} on line, letting memory settle`);
  await delay(SETTLE_MS);
  const after = await memoryOf(server);

  const costs: Cost[] = [];
  const echoes: Cost[] = [];
  const round = async (of: ServerProcess, at: typeof target): Promise<Cost> => costOf(generator, of, at, size.seconds);
  await round(server, target);
  await round(echo, echo.address);
  for (let turn = 0; turn < size.rounds; turn++) {
    tell(`keep-alives, round ${turn + 1} of ${size.rounds}`);
    costs.push(await round(server, target));
    echoes.push(await round(echo, echo.address));
  }
  return [memoryFigure(before, after, uins.length), costFigure(middle(costs), middle(echoes))];
}

/** Time of the processor that one datagram and its answer took. */
async function costOf(generator: Generator, { pid }: ServerProcess, target: NonNullable<ServerProcess['udp']>, seconds: number): Promise<Cost> {
  const before = cpuUs(pid);
  const { answered, seconds: took } = await generator.run('udpKeepAlives', { target, inFlight: IN_FLIGHT, seconds });
  if (answered === 0) throw new Error('nobody answers keep-alives');
  return { us: (cpuUs(pid) - before) / answered, perSecond: answered / took };
}

function cpuUs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

function middle(costs: readonly Cost[]): Cost {
  return costs.toSorted((a, b) => a.us - b.us)[Math.floor(costs.length / 2)] as Cost;
}

/** Resident, as it is and after garbage was collected. Signing on twenty thousand people makes some; keeping them on line does not. */
interface Memory {
  readonly asIs: number;
  readonly collected: number;
}

async function memoryOf(server: ServerProcess & { readonly inspector: string }): Promise<Memory> {
  const asIs = server.memoryBytes();
  await collectGarbage(server.inspector);
  await delay(1_000);
  return { asIs, collected: server.memoryBytes() };
}

/** @throws Error when the inspector does not answer */
async function collectGarbage(url: string): Promise<void> {
  const socket = new WebSocket(url);
  await new Promise<void>((done, failed) => {
    socket.addEventListener('error', () => failed(new Error("the server's inspector does not answer")));
    socket.addEventListener('open', () => socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' })));
    socket.addEventListener('message', () => done());
  });
  socket.close();
}

const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;

function memoryFigure(before: Memory, after: Memory, sessions: number): Figure {
  const enough = sessions >= MEMORY_SESSIONS;
  const each = (after.collected - before.collected) / sessions;
  return {
    name: `memory of an idle UDP session, ${whole(sessions)} on line`,
    value: kilobytes(each),
    bar: enough ? '≤ 6 KB' : `≤ 6 KB at ${whole(MEMORY_SESSIONS)}`,
    aim: '',
    standing: enough ? (each <= BYTES_MAX ? 'ok' : 'below') : 'no bar',
    profile: 'people',
    beside: `resident, after a collection of garbage; ${kilobytes((after.asIs - before.asIs) / sessions)} with what their sign-ons left behind`,
  };
}

function costFigure(own: Cost, echo: Cost): Figure {
  return {
    name: 'a keep-alive over UDP, time of the processor',
    value: `${own.us.toFixed(1)} µs`,
    bar: `≤ ${ECHOES_MAX} × echo`,
    aim: '',
    standing: own.us <= ECHOES_MAX * echo.us ? 'ok' : 'below',
    profile: 'people',
    beside: `${(own.us / echo.us).toFixed(2)} × a bare echo's ${echo.us.toFixed(1)} µs; ${whole(own.perSecond)}/s against ${whole(echo.perSecond)}/s`,
  };
}
