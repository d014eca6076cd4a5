/** `seekyou user …`: accounts, whether the server runs or not. */
import type { ShownAccount } from '@seekyou/server';
import { type Command, InvalidArgumentError } from 'commander';
import { addDataOptions, operate } from './data.ts';
import { Failed, ExitCode } from './exit.ts';
import { harmless } from './harmless.ts';
import { askNewSecret } from './secret.ts';

type Options = Record<string, unknown> & { readonly json?: boolean; readonly password?: string; readonly oldPassword?: string; readonly nickname?: string };

const PAGE = 500;

export function registerUser(program: Command): void {
  const user = program.command('user').description('accounts: add, list, show, set, passwd, suspend, resume, remove');
  const command = (name: string, about: string): Command => addDataOptions(user.command(name).description(about)).option('--json', 'one JSON object a line');

  command('add', 'make an account; without a UIN the next free one is taken')
    .argument('[uin]', 'the number', uinOf)
    .option('--password <password>', '1–64 characters, at a terminal asked for; old ICQ clients can use at most 8')
    .option('--old-password <password>', 'another password, 1–8 characters, for old clients alone')
    .option('--nickname <name>', 'the name others see')
    .action(async (uin: number | undefined, options: Options) => {
      const { oldPassword, nickname } = options;
      const input = {
        password: await passwordOf(options),
        ...(uin === undefined ? {} : { uin }),
        ...(oldPassword === undefined ? {} : { oldPassword }),
        ...(nickname === undefined ? {} : { nickname }),
      };
      const created = await operate(options, 'user.add', input);
      print(options, created, [`UIN ${created.uin}`, ...oldPasswordLine(created.oldPassword)]);
    });

  command('list', 'all accounts').action(async (options: Options) => {
    for (let after = 0; ; ) {
      const page = await operate(options, 'user.list', { after, limit: PAGE });
      for (const account of page) print(options, account, [line(account)]);
      if (page.length < PAGE) return;
      after = (page.at(-1) as ShownAccount).uin;
    }
  });

  command('show', 'one account and its sessions')
    .argument('<uin>', 'the number', uinOf)
    .action(async (uin: number, options: Options) => {
      const account = await operate(options, 'user.show', { uin });
      print(options, account, details(account));
    });

  command('set', 'change settings: nickname, codepage, authorisation, hide_address')
    .argument('<uin>', 'the number', uinOf)
    .argument('<key=value...>', 'codepage=1251')
    .action(async (uin: number, words: string[], options: Options) => {
      const account = await operate(options, 'user.set', { uin, changes: Object.fromEntries(words.map(pair)) });
      print(options, account, details(account));
    });

  command('passwd', 'change the password; live sessions are ended')
    .argument('<uin>', 'the number', uinOf)
    .option('--password <password>', 'the new one, at a terminal asked for')
    .option('--old-password <password>', 'another one for old clients alone')
    .action(async (uin: number, options: Options) => {
      const { oldPassword } = options;
      const changed = await operate(options, 'user.passwd', {
        uin,
        password: await passwordOf(options),
        ...(oldPassword === undefined ? {} : { oldPassword }),
      });
      print(options, changed, [`the password of ${uin} is changed`, ...oldPasswordLine(changed.oldPassword)]);
    });

  for (const [name, suspended, about] of [
    ['suspend', true, 'refuse sign-on and end live sessions'],
    ['resume', false, 'allow sign-on again'],
  ] as const) {
    command(name, about)
      .argument('<uin>', 'the number', uinOf)
      .action(async (uin: number, options: Options) => {
        await operate(options, 'user.suspend', { uin, suspended });
        print(options, { uin, suspended }, [`${uin} is ${suspended ? 'suspended' : 'active'}`]);
      });
  }

  command('remove', 'delete the account, its roster and its messages')
    .argument('<uin>', 'the number', uinOf)
    .action(async (uin: number, options: Options) => {
      await operate(options, 'user.remove', { uin });
      print(options, { uin, removed: true }, [`${uin} is removed`]);
    });
}

function passwordOf({ password }: Options): string | Promise<string> {
  return password ?? askNewSecret('password', 'a password is needed: --password PASSWORD');
}

function uinOf(text: string): number {
  if (!/^[\d-]+$/.test(text)) throw new InvalidArgumentError('a UIN is a number from 10000 to 4294967294.');
  return Number(text.replaceAll('-', ''));
}

function pair(word: string): [string, string] {
  const at = word.indexOf('=');
  if (at <= 0) throw new Failed(`${word}: write KEY=VALUE`, ExitCode.usage);
  return [word.slice(0, at), word.slice(at + 1)];
}

function oldPasswordLine(password: string | null): string[] {
  return password === null ? [] : [`old ICQ clients use this password instead (it is not shown again): ${password}`];
}

function line(account: ShownAccount): string {
  const online = account.sessions.length > 0 ? 'on line' : account.state;
  return `${String(account.uin).padEnd(11)} ${online.padEnd(10)} ${account.nickname}`.trimEnd();
}

function details(account: ShownAccount): string[] {
  return [
    `UIN            ${account.uin}`,
    `nickname       ${account.nickname}`,
    `state          ${account.state}`,
    `created        ${account.created}`,
    `last seen      ${account.lastSeen ?? 'never'}`,
    `authorisation  ${account.authorisationRequired ? 'yes' : 'no'}`,
    `hide_address   ${account.hideAddress ? 'yes' : 'no'}`,
    `codepage       ${account.codepage ?? 'the client’s, else the server’s'}`,
    `old clients    ${account.oldClients ? 'may sign on' : 'may not sign on'}${account.oldClientsNote === null ? '' : `: ${account.oldClientsNote}`}`,
    ...account.sessions.map(
      (session) => `on line        ${session.client} since ${session.since}${session.address === null ? '' : ` from ${session.address}`}`,
    ),
  ];
}

/** Names are what their owners made them: none may write to the administrator's terminal, or pass for another line. */
function print(options: Options, json: unknown, lines: readonly string[]): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(json)}\n` : `${lines.map(harmless).join('\n')}\n`);
}
