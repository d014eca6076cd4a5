/** `seekyou client`: a line-mode client. For people, lines to read; for scripts, `--json`: one JSON object a line both ways. */
import { readFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import {
  CODEPAGES,
  type Client,
  ClientError,
  connect,
  type ConnectOptions,
  fileKnownServers,
  isCodepage,
  nodePlatform,
  parseFingerprint,
  register,
  registerSecurely,
  RequestRefused,
  type Server,
  type SignOnMethod,
  WireError,
} from '@seekyou/client';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { askAboutKey } from './client-key.ts';
import { type ClientCommand, COMMANDS, CommandError, parseJson, parseLine } from './client-commands.ts';
import { ExitCode, Failed } from './exit.ts';
import { askNewSecret, askSecret } from './secret.ts';
import { jsonOutput, type Output, textOutput } from './client-output.ts';

interface Options {
  readonly server: Server;
  readonly uin?: number;
  readonly password?: string;
  readonly passwordFile?: string;
  readonly pin?: readonly string[];
  readonly trustFirst?: boolean;
  readonly oldServer?: boolean;
  readonly reconnect?: boolean;
  readonly register?: boolean;
  readonly json?: boolean;
  readonly stay?: boolean;
  readonly codepage: number;
  readonly status: string;
  readonly signOn?: SignOnMethod;
}

export function registerClient(program: Command): void {
  program
    .command('client')
    .description('sign on and chat, line by line; /help inside tells the commands')
    .addOption(new Option('--server <host:port>', 'the server').argParser(serverOf).default({ host: 'localhost', port: 5190 }, 'localhost:5190'))
    .option('--uin <number>', 'your UIN', numberOf)
    .option('--password <password>', 'your password; without it you are asked, and nobody on this machine can read it in the list of processes')
    .option('--password-file <file>', 'read the password from the first line of a file')
    .addOption(new Option('--pin <fingerprint>', 'the only key the server may have, as it prints it; may be given twice').argParser(pinOf))
    .addOption(new Option('--trust-first', 'accept the first key of a server unseen, and remember it'))
    .addOption(new Option('--old-server', 'a server without encryption: password and messages can be read on the way').conflicts(['pin', 'trustFirst']))
    .option('--reconnect', 'come back when the connection breaks')
    .option('--register', 'ask the server for a new UIN first, with this password')
    .option('--json', 'one JSON object a line, in both directions')
    .option('--stay', 'go on listening when the input ends')
    .option('--status <status>', 'the first status: online, away, not-available, occupied, do-not-disturb, free-for-chat, invisible', 'online')
    .option('--codepage <number>', 'Windows code page of clients that send no Unicode', codepageOf, 1252)
    .addOption(new Option('--sign-on <method>', 'how to prove the password to an old server (hashed)').choices(['hashed', 'hashed-old', 'roasted']))
    .action(run);
}

async function run(options: Options): Promise<void> {
  const output = options.json === true ? jsonOutput() : textOutput(process.stdout);
  try {
    if (options.register === true && options.uin !== undefined) throw new Failed('--register asks for a new UIN: leave --uin out', ExitCode.usage);
    const password = await passwordOf(options);
    const platform = nodePlatform();
    if (options.signOn !== undefined && options.oldServer !== true) throw new Failed('--sign-on is for --old-server: others are never told the password', 2);
    const trust = trustOf(options, output);
    const registered = options.register === true ? await registerAt(options.server, password, trust) : undefined;
    const uin = registered?.uin ?? options.uin;
    if (uin === undefined) throw new Failed('say who you are with --uin, or ask for a new UIN with --register', 2);
    if (registered !== undefined) output.registered(uin);
    const invisible = options.status === 'invisible';
    const client = await connect(platform, {
      server: options.server,
      uin,
      password,
      ...trust,
      // Who was asked once is not asked again.
      ...(registered?.fingerprint === undefined ? {} : { pins: [registered.fingerprint] }),
      reconnect: options.reconnect === true,
      codepage: options.codepage,
      invisible,
      status: invisible ? 'online' : statusOf(options.status),
    });
    process.exitCode = await converse(client, output, deskOf(options), options);
  } catch (error) {
    if (error instanceof ClientError || error instanceof RequestRefused) {
      output.failed(error);
      process.exitCode = 1;
      return;
    }
    throw error;
  }
}

async function registerAt(server: Server, password: string, trust: Partial<ConnectOptions>): Promise<{ readonly uin: number; readonly fingerprint?: string }> {
  return trust.tls === 'off' ? { uin: await register(nodePlatform(), server, password) } : registerSecurely(nodePlatform(), server, password, trust);
}

/** Whose key is accepted; or, for an old server, how it is told the password. */
function trustOf(options: Options, output: Output): Partial<ConnectOptions> {
  if (options.oldServer === true) return { tls: 'off', ...(options.signOn === undefined ? {} : { method: options.signOn }) };
  const known = fileKnownServers();
  if (options.pin !== undefined) return { known, pins: options.pin };
  if (options.trustFirst === true) {
    return {
      known,
      unknownKey: (key) => {
        output.trusted(key);
        return true;
      },
    };
  }
  // A script gets an error that says what to do; only a person can compare.
  return options.json === true || !process.stdin.isTTY ? { known } : { known, unknownKey: askAboutKey };
}

/** Where a conversation is held. */
export interface Desk {
  readonly input: NodeJS.ReadableStream;
  /** Of a person who types there: he gets a prompt. */
  readonly screen?: NodeJS.WritableStream;
  /** Asked to leave: Ctrl-C, or a supervisor. */
  readonly stop: AbortSignal;
}

function deskOf(options: Options): Desk {
  const stop = new AbortController();
  // Once: who asks a second time does not want to wait.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return { input: process.stdin, ...(process.stdin.isTTY && options.json !== true ? { screen: process.stdout } : {}), stop: stop.signal };
}

/**
 * Runs until the connection or the input ends, or it is asked to leave.
 *
 * @returns the exit code
 */
export async function converse(client: Client, output: Output, desk: Desk, { json, stay }: Pick<Options, 'json' | 'stay'>): Promise<number> {
  const { input, screen, stop } = desk;
  const lines = createInterface({ input, ...(screen === undefined ? {} : { output: screen, prompt: '> ' }), crlfDelay: Infinity });
  let open = true;
  lines.once('close', () => {
    open = false;
  });
  const prompt = (keepCursor?: boolean): void => {
    if (open && screen !== undefined) lines.prompt(keepCursor);
  };
  let leaving = false;
  let lost = false;
  const ended = new Promise<void>((resolve) => {
    const leave = (): void => {
      leaving = true;
      resolve();
    };
    stop.addEventListener('abort', leave);
    // At a terminal Ctrl-C comes as a key, for as long as lines are read.
    lines.once('SIGINT', leave);
    // What was waiting is told as soon as somebody listens.
    output.signedOn(client);
    client.listen((event) => {
      output.event(client, event);
      if (event.type !== 'closed') return prompt(true);
      lost = !leaving;
      return resolve();
    });
  });
  const obeyAll = async (): Promise<void> => {
    prompt();
    for await (const line of withLines(lines)) {
      if (leaving || lost) return;
      if (line.trim() === '') continue;
      if (await obey(client, output, line, json === true)) {
        leaving = true;
        return;
      }
      prompt();
    }
  };
  try {
    const obeyed = obeyAll();
    await Promise.race([obeyed, ended]);
    if (stay === true && !leaving) await ended;
    lines.close();
    // What was asked on a connection that is over has its answer now; it may have been what ended it.
    if (lost) await obeyed;
    const code = lost && !leaving ? 1 : 0;
    leaving = true;
    return code;
  } finally {
    lines.close();
    client.close();
  }
}

async function* withLines(lines: Interface): AsyncGenerator<string> {
  yield* lines;
}

/** @returns whether the person wants to leave */
async function obey(client: Client, output: Output, line: string, json: boolean): Promise<boolean> {
  let command: ClientCommand | undefined;
  try {
    command = json ? parseJson(line) : parseLine(line);
    if (command.do === 'quit') return true;
    output.done(command, await COMMANDS[command.do].run(client, command));
    return command.do === 'unregister';
  } catch (error) {
    if (error instanceof CommandError) output.failed(error, command ?? error.given);
    else if (error instanceof RequestRefused || error instanceof ClientError) output.failed(error, command);
    else if (error instanceof WireError && command !== undefined) output.failed(withoutBytes(error, `/${command.do}`), command);
    else throw error;
  }
  return false;
}

/** No packet has room for what was typed; or the answer had no sense. */
function withoutBytes(error: WireError, what: string): RequestRefused | ClientError {
  return error.offset < 0 ? new RequestRefused(what, 0x0a) : new ClientError('protocol', `${what}: the answer cannot be read: ${error.message}`);
}

export async function passwordOf(options: Pick<Options, 'password' | 'passwordFile' | 'register'>): Promise<string> {
  if (options.password !== undefined) return options.password;
  if (options.passwordFile === undefined) {
    const ask = options.register === true ? askNewSecret : askSecret;
    return ask('password', 'a password is needed: --password-file FILE or --password PASSWORD');
  }
  let password: string;
  try {
    // Blanks may belong to it.
    password = readFileSync(options.passwordFile, 'utf8').split(/\r?\n/, 1)[0] as string;
  } catch (error) {
    throw new Failed(`--password-file ${options.passwordFile}: ${(error as Error).message}`);
  }
  if (password === '') throw new Failed(`--password-file ${options.passwordFile}: its first line is empty`);
  return password;
}

function statusOf(word: string): 'online' {
  const known = ['online', 'away', 'not-available', 'occupied', 'do-not-disturb', 'free-for-chat'];
  if (!known.includes(word)) throw new Failed(`--status ${word}: use ${known.join(', ')} or invisible`, 2);
  return word as 'online';
}

function serverOf(text: string): Server {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? 5190);
  if (host === undefined || port < 1 || port > 65535) throw new InvalidArgumentError('write HOST or HOST:PORT.');
  return { host, port };
}

function pinOf(text: string, before: readonly string[] = []): readonly string[] {
  const fingerprint = parseFingerprint(text);
  if (fingerprint === undefined) throw new InvalidArgumentError('a fingerprint looks like SHA256: and 43 characters; the server prints it when it starts.');
  return [...before, fingerprint];
}

function numberOf(text: string): number {
  if (!/^[\d-]+$/.test(text)) throw new InvalidArgumentError('a number is needed.');
  return Number(text.replaceAll('-', ''));
}

function codepageOf(text: string): number {
  if (!isCodepage(Number(text))) throw new InvalidArgumentError(`allowed: ${CODEPAGES.join(', ')}.`);
  return Number(text);
}
