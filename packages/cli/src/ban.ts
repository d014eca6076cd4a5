/** `seekyou ban …`: who may not come in, whether the server runs or not. */
import type { ShownBan } from '@seekyou/server';
import { type Command, InvalidArgumentError } from 'commander';
import { addDataOptions, operate } from './data.ts';

type Options = Record<string, unknown> & { readonly json?: boolean; readonly reason?: string; readonly for?: number };

const PAGE = 500;

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** A hundred years; whoever means longer means for good. */
const DURATION_MS_MAX = 36_525 * 86_400_000;

export function registerBan(program: Command): void {
  const ban = program.command('ban').description('who may not come in: add, list, remove');
  const command = (name: string, about: string): Command => addDataOptions(ban.command(name).description(about)).option('--json', 'one JSON object a line');

  command('add', 'ban an account or a network; live sessions end and connections are closed before this returns')
    .argument('<target>', 'a UIN, an address, or a network such as 192.0.2.0/24')
    .option('--reason <text>', 'for your own memory; nobody else is told', '')
    .option('--for <duration>', 'such as 30m, 12h, 7d, 2w; for good unless given', durationOf)
    .action(async (target: string, options: Options) => {
      const { reason = '', for: forMs } = options;
      const made = await operate(options, 'ban.add', { target, reason, ...(forMs === undefined ? {} : { forMs }) });
      print(options, made, line(made));
    });

  command('list', 'all bans').action(async (options: Options) => {
    for (let after = ''; ; ) {
      const page = await operate(options, 'ban.list', { after, limit: PAGE });
      for (const one of page) print(options, one, line(one));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      after = last.target;
    }
  });

  command('remove', 'let somebody in again')
    .argument('<target>', 'as it is listed')
    .action(async (target: string, options: Options) => {
      await operate(options, 'ban.remove', { target });
      print(options, { target, removed: true }, `${target} is no longer banned`);
    });
}

function durationOf(text: string): number {
  const match = /^(\d{1,6})([smhdw])$/.exec(text);
  const ms = Number(match?.[1]) * (UNIT_MS[match?.[2] ?? ''] ?? Number.NaN);
  if (!(ms > 0 && ms <= DURATION_MS_MAX)) throw new InvalidArgumentError('write a number and s, m, h, d or w, such as 7d.');
  return ms;
}

function line({ target, reason, until }: ShownBan): string {
  return `${target.padEnd(20)} ${until === null ? 'for good' : `until ${until}`} ${reason}`.trimEnd();
}

function print(options: Options, json: unknown, text: string): void {
  process.stdout.write(`${options.json === true ? JSON.stringify(json) : text}\n`);
}
