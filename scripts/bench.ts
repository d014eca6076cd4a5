/**
 * `npm run bench -- abuse`: what others feel of a flood. `npm run bench -- rooms`: a line in a room full of people.
 * `npm run bench -- udp`: what clients of 1996 to 1999 cost, idle and keeping themselves alive.
 * `npm run bench -- directory`: searches among 200,000 people, and what a flood of them does to others.
 * `npm run bench -- smoke`: the figures of docs/bench.md, measured beside the floor and the disk.
 *
 * Exit codes: 0 measured; 1 a measurement failed (a message was lost, repeated, reordered or changed), or with --strict a bar
 * was not reached; 2 wrong usage.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { abuse, ABUSE_FULL, ABUSE_SHORT, TRIALS } from '../bench/src/run/abuse.ts';
import { directory as directoryRun } from '../bench/src/run/directory.ts';
import { type Figure, tableHead, tableRow } from '../bench/src/run/figures.ts';
import { FsyncMeter, volatileFileSystem } from '../bench/src/run/fsync.ts';
import { Progress } from '../bench/src/run/progress.ts';
import { ROOM_LINES, rooms } from '../bench/src/run/rooms.ts';
import { udp, UDP_FULL, UDP_SHORT } from '../bench/src/run/udp.ts';
import { FULL, GROUPS, OUR_POPULATION, SHORT, smoke, smokeAgainst, type SmokeOptions } from '../bench/src/run/smoke.ts';

const USAGE = `npm run bench -- smoke|abuse|rooms|udp|directory [options]

  --short               a few minutes less: shorter measurements, 2,000 idle sessions; a bar that is missed is only printed
  --strict              exit with 1 when a bar is missed
  --only GROUP,…        some figures of smoke alone: ${GROUPS.join(', ')};
                        of abuse: ${TRIALS.join(', ')}
  --dir DIR             make the databases there (default: the system's directory for temporary files)
  --json                one JSON object a figure
  --server-node=ARG     give ARG to the Node of our server, such as --cpu-prof (repeatable)
  --against HOST:PORT   smoke: measure a server that runs already, instead of ours
    --first-uin N --accounts N --password PW   who has accounts there, all with one password
    --pid N             its process, for its memory
`;

/** Asked for: that is not wrong. */
class Help extends Error {}
class Usage extends Error {}

const RUNS = ['smoke', 'abuse', 'rooms', 'udp', 'directory'] as const;
const isRun = (name: string | undefined): name is (typeof RUNS)[number] => (RUNS as readonly (string | undefined)[]).includes(name);

/** Options that not every run has. */
const RUNS_WITH: Readonly<Record<'only' | 'against' | 'pid', readonly (typeof RUNS)[number][]>> = {
  only: ['smoke', 'abuse'],
  against: ['smoke'],
  pid: ['smoke'],
};

function options() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        short: { type: 'boolean', default: false },
        strict: { type: 'boolean', default: false },
        only: { type: 'string' },
        dir: { type: 'string', default: tmpdir() },
        json: { type: 'boolean', default: false },
        'server-node': { type: 'string', multiple: true, default: [] },
        against: { type: 'string' },
        'first-uin': { type: 'string', default: String(OUR_POPULATION.first) },
        accounts: { type: 'string', default: String(OUR_POPULATION.count) },
        password: { type: 'string', default: OUR_POPULATION.password },
        pid: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) throw new Help(USAGE);
    const [run] = positionals;
    if (positionals.length !== 1 || !isRun(run)) throw new Usage(USAGE);
    const wrong = (['only', 'against', 'pid'] as const).find((name) => values[name] !== undefined && !RUNS_WITH[name].includes(run));
    if (wrong !== undefined) throw new Usage(`--${wrong} is for ${RUNS_WITH[wrong].join(' and ')}\n`);
    return { ...values, run };
  } catch (error) {
    throw error instanceof Usage || error instanceof Help ? error : new Usage(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function number(text: string, name: string): number {
  if (!/^\d+$/.test(text)) throw new Usage(`--${name}: ${text} is not a number\n\n${USAGE}`);
  return Number(text);
}

function groups<N extends string>(text: string | undefined, all: readonly N[]): ReadonlySet<N> | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',');
  const wrong = names.find((name) => !(all as readonly string[]).includes(name));
  if (wrong !== undefined) throw new Usage(`--only: ${wrong} is none of ${all.join(', ')}\n`);
  return new Set(names as N[]);
}

async function main(): Promise<number> {
  const given = options();
  const only = given.run === 'smoke' ? groups(given.only, GROUPS) : undefined;
  const floods = given.run === 'abuse' ? groups(given.only, TRIALS) : undefined;
  const [, host = '', port = ''] = /^\[?([^\]]+)\]?:(\d+)$/.exec(given.against ?? '') ?? [];
  if (given.against !== undefined && host === '') throw new Usage(`--against: ${given.against} is not HOST:PORT\n`);

  const directory = mkdtempSync(join(given.dir, 'seekyou-bench-'));
  const progress = new Progress(process.stderr);
  const figures: Figure[] = [];
  const options_: SmokeOptions = {
    size: given.short ? SHORT : FULL,
    directory,
    tell: (what) => progress.tell(what),
    print: (figure) => {
      figures.push(figure);
      progress.clear();
      process.stdout.write(`${given.json ? JSON.stringify(figure) : tableRow(figure)}\n`);
    },
    nodeArguments: given['server-node'],
    ...(only === undefined ? {} : { only }),
  };
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  try {
    if (!given.json) process.stdout.write(`${heading(directory, given.run, given.short)}\n\n${tableHead()}\n`);
    if (given.run === 'abuse') await abuse({ ...options_, size: given.short ? ABUSE_SHORT : ABUSE_FULL, ...(floods === undefined ? {} : { floods }) });
    else if (given.run === 'rooms') await rooms({ ...options_, lines: given.short ? ROOM_LINES.short : ROOM_LINES.full });
    else if (given.run === 'directory') await directoryRun({ ...options_, short: given.short });
    else if (given.run === 'udp') await udp({ ...options_, size: given.short ? UDP_SHORT : UDP_FULL });
    else if (given.against === undefined) await smoke(options_);
    else {
      const population = { first: number(given['first-uin'], 'first-uin'), count: number(given.accounts, 'accounts'), password: given.password };
      const { pid } = given;
      await smokeAgainst(options_, {
        target: { address: { host, port: Number(port) }, password: given.password },
        population,
        ...(pid === undefined ? {} : { memoryBytes: () => Number(readFileSync(`/proc/${number(pid, 'pid')}/statm`, 'latin1').split(' ')[1]) * 4096 }),
      });
    }
  } finally {
    progress.clear();
  }
  return verdict(figures, given.strict);
}

function heading(directory: string, run: string, short: boolean): string {
  const meter = new FsyncMeter(directory);
  meter.measure(500);
  const { perSecond, p50Ms, p99Ms } = meter.result();
  const memory = volatileFileSystem(directory);
  return [
    `seekyou bench ${run}${short ? ' --short' : ''}, Node ${process.versions.node}, ${new Date().toISOString()}`,
    `${directory}: ${Math.round(perSecond)} fdatasync/s of 4 KiB appends, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`,
    ...(memory === undefined ? [] : [`WARNING: this is ${memory}: nothing there is durable; name a directory on a disk with --dir`]),
    `${availableParallelism()} processors, load average ${(loadavg()[0] as number).toFixed(1)} before the run; the less, the better the figures can be trusted`,
    'generator and server share the processors, nothing is pinned; times are p50/p99 unless a line says otherwise',
  ].join('\n');
}

function verdict(figures: readonly Figure[], strict: boolean): number {
  const failed = figures.filter(({ standing }) => standing === 'failed');
  const below = figures.filter(({ standing }) => standing === 'below');
  process.stderr.write(`\n${figures.length} figures: ${failed.length} failed, ${below.length} below their bar\n`);
  return failed.length > 0 || figures.length === 0 || (strict && below.length > 0) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof Help) process.stdout.write(error.message);
  else {
    process.stderr.write(`${error instanceof Usage ? error.message : (error as Error).stack}\n`);
    process.exitCode = error instanceof Usage ? 2 : 1;
  }
}
