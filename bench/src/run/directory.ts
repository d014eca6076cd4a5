/**
 * `npm run bench -- directory`: searches over 200,000 profiles while messages are stored, what a flood of searches does to
 * those messages, and what it does to people who write to each other through the server.
 */
import { fork } from 'node:child_process';
import { resolve } from 'node:path';
import type { Tell } from '../load/crowd.ts';
import { ABUSE_FULL, ABUSE_SHORT, feel, prepare, ratioOf } from './abuse.ts';
import { brokenFigure, type Figure, whole } from './figures.ts';
import type { SmokeOptions } from './smoke.ts';

export interface DirectoryOrder {
  readonly data: string;
  readonly count: number;
  /** Of each question. */
  readonly rounds: number;
  readonly seed: number;
}

export interface SearchFigure {
  readonly name: string;
  readonly found: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface DirectoryResult {
  readonly searches: readonly SearchFigure[];
  /** Messages stored alone, and while searches come as fast as they are answered. */
  readonly quiet: { readonly p50Ms: number; readonly p99Ms: number };
  readonly flooded: { readonly p50Ms: number; readonly p99Ms: number };
}

export interface DirectoryOptions extends Pick<SmokeOptions, 'directory' | 'tell' | 'print' | 'nodeArguments'> {
  readonly short: boolean;
}

const PEOPLE = 200_000;
const SEED = 2_003;
export const SEARCH_MS_MAX = 50;
export const SEARCH_FLOOD_RATIO_MAX = 1.5;

export async function directory({ short, print, ...options }: DirectoryOptions): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const show = (figure: Figure): void => {
    print(figure);
    figures.push(figure);
  };
  const name = `searches over ${whole(PEOPLE)} people`;
  await filledAndSearched({ data: options.directory, count: PEOPLE, rounds: short ? 20 : 60, seed: SEED }, options.tell).then(
    (result) => searchFigures(result).forEach(show),
    (error: unknown) => show(brokenFigure(name, error as Error, '-')),
  );
  await prepare(options.directory, options.tell);
  await feel({ ...options, size: short ? ABUSE_SHORT : ABUSE_FULL }, 'searches').then(
    (felt) => show(ratioFigure("flood of searches: others' p99 through the server", ratioOf(felt), 'people', '')),
    (error: unknown) => show(brokenFigure('flood of searches', error as Error, 'people')),
  );
  return figures;
}

function filledAndSearched(order: DirectoryOrder, tell: Tell): Promise<DirectoryResult> {
  return new Promise((resolvePromise, reject) => {
    const child = fork(resolve(import.meta.dirname, 'directory-main.ts'), { execArgv: ['--conditions=source'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (said: { readonly progress?: string; readonly result?: DirectoryResult }) => {
      if (said.progress !== undefined) tell(said.progress);
      if (said.result !== undefined) resolvePromise(said.result);
    });
    child.on('exit', (code) => code !== 0 && reject(new Error('the directory could not be searched')));
    child.send(order);
  });
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;

export function searchFigures({ searches, quiet, flooded }: DirectoryResult): Figure[] {
  const each = searches.map(
    ({ name, found, p50Ms, p99Ms }): Figure => ({
      name: `search: ${name}`,
      value: `${ms(p50Ms)} / ${ms(p99Ms)}`,
      bar: `≤ ${SEARCH_MS_MAX} ms`,
      aim: '',
      standing: p99Ms <= SEARCH_MS_MAX ? 'ok' : 'below',
      profile: '-',
      beside: `${found} found`,
    }),
  );
  const beside = `${ms(flooded.p99Ms)} against ${ms(quiet.p99Ms)}; half of them ${ms(flooded.p50Ms)} against ${ms(quiet.p50Ms)}`;
  return [...each, ratioFigure('searches without pause: p99 of stored messages', flooded.p99Ms / quiet.p99Ms, '-', beside)];
}

function ratioFigure(name: string, ratio: number, profile: string, beside: string): Figure {
  const standing = ratio <= SEARCH_FLOOD_RATIO_MAX ? 'ok' : 'below';
  return { name, value: `${ratio.toFixed(2)} ×`, bar: `≤ ${SEARCH_FLOOD_RATIO_MAX} ×`, aim: '', standing, profile, beside };
}
