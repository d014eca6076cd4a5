/**
 * Configuration: one table of keys. Each is a command-line option, an environment variable and a key of `seekyou.toml`;
 * precedence: option, environment, file, default.
 */
import { existsSync, readFileSync } from 'node:fs';
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Limits, PEOPLE } from '@seekyou/core';
import { CODEPAGES, isCodepage } from '@seekyou/wire/text';
import { parse as parseToml } from 'smol-toml';

/** A wrong or unknown setting. The message names where it stands, the key, and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** An address to tell clients (design §6). */
export interface Advertised {
  readonly host: string;
  /** Absent: the port the client came in on. */
  readonly port?: number;
  /** CIDR of the clients this entry is for; absent: everybody else. */
  readonly for?: string;
  /** Only for clients that came in on this port. */
  readonly listen?: number;
}

export interface Config {
  /** The file that was read, whether there was one or not. */
  readonly file: string;
  /** The keys that options or variables gave. */
  readonly givenBeside: readonly string[];
  readonly data: string;
  readonly listen: readonly HostPort[];
  /** Empty: no UDP. */
  readonly udp: readonly HostPort[];
  readonly admin: HostPort;
  readonly adminToken: string | undefined;
  readonly advertise: readonly Advertised[];
  readonly trustProxy: readonly string[];
  readonly plainRelays: readonly string[];
  /** Absent: made on the first start, in the data directory. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Absent: 20, on port 443 1000. */
  readonly greetMs: number | undefined;
  readonly registration: 'open' | 'closed';
  readonly oldClients: 'same' | 'own' | 'off';
  readonly clearSignOn: 'off' | 'challenge' | 'all';
  readonly direct: 'off' | 'contacts' | 'all';
  readonly defaultCodepage: number;
  /** Absent: none is kept. */
  readonly auditLog: string | undefined;
  readonly logFile: string | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly limits: Limits;
  readonly limitsProfile: 'people' | 'bench';
}

/** A key of the configuration. `name` is its TOML path; the option is `--like-this`, the variable `SEEKYOU_LIKE_THIS`. */
export interface ConfigKey {
  readonly name: string;
  /** What may be written, for help and errors. */
  readonly allowed: string;
  readonly about: string;
  readonly list: boolean;
  /** A list that may not be empty. */
  readonly atLeastOne?: boolean;
  /** Left out of the short help. */
  readonly detail?: boolean;
  /** @throws Error with nothing but the reason */
  readonly parse: (value: unknown) => unknown;
}

// ---------------------------------------------------------------- kinds of values

const WRONG = new Error('wrong');

function oneOf(...words: readonly string[]): Pick<ConfigKey, 'allowed' | 'parse'> {
  return {
    allowed: words.join(', '),
    parse: (value) => {
      if (typeof value === 'string' && words.includes(value)) return value;
      throw WRONG;
    },
  };
}

function wholeNumber(min: number, max: number): Pick<ConfigKey, 'allowed' | 'parse'> {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    parse: (value) => {
      const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
      if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number;
      throw WRONG;
    },
  };
}

const path: Pick<ConfigKey, 'allowed' | 'parse'> = {
  allowed: 'a path',
  parse: (value) => {
    if (typeof value === 'string' && value !== '') return value;
    throw WRONG;
  },
};

const codepage: Pick<ConfigKey, 'allowed' | 'parse'> = {
  allowed: CODEPAGES.join(', '),
  parse: (value) => {
    if ((typeof value === 'string' || typeof value === 'number') && isCodepage(Number(value))) return Number(value);
    throw WRONG;
  },
};

const secret: Pick<ConfigKey, 'allowed' | 'parse'> = {
  allowed: 'at least 16 characters',
  parse: (value) => {
    if (typeof value === 'string' && value.length >= 16) return value;
    throw WRONG;
  },
};

/** `127.0.0.1:5190`, `[::]:5190`, `chat.example.org:5190`. */
export function parseHostPort(value: unknown): HostPort {
  const match = typeof value === 'string' ? /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(value) : null;
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65535 || (match?.[1] !== undefined && !isIPv6(host))) throw WRONG;
  return { host, port };
}

export function formatHostPort(at: HostPort): string {
  return at.host.includes(':') ? `[${at.host}]:${at.port}` : `${at.host}:${at.port}`;
}

const hostPort: Pick<ConfigKey, 'allowed' | 'parse'> = { allowed: 'HOST:PORT, [IPv6]:PORT; port 0 means any free one', parse: parseHostPort };

const OFF = 'off';

const hostPortOrOff: Pick<ConfigKey, 'allowed' | 'parse'> = {
  allowed: `${hostPort.allowed}; off`,
  parse: (value) => (value === OFF ? OFF : parseHostPort(value)),
};

function parseCidr(value: unknown): string {
  const [address, bits, ...more] = typeof value === 'string' ? value.split('/') : [];
  const family = isIP(address ?? '');
  const max = family === 4 ? 32 : 128;
  if (family === 0 || more.length > 0 || (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > max))) throw WRONG;
  return `${address}/${bits ?? max}`;
}

const cidr: Pick<ConfigKey, 'allowed' | 'parse'> = { allowed: 'an address or network such as 10.0.0.0/8', parse: parseCidr };

/** A test for membership in any of the networks. IPv4 addresses also match in their IPv6 form. */
export function networks(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const one of cidrs) {
    const [address, bits] = one.split('/') as [string, string];
    list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** What somebody can connect to: a name that looks like none, or an address that is none, is a mistake. */
function isReachable(host: string): boolean {
  if (!/^[\w.:-]+$/.test(host) || /^[0.:]+$/.test(host)) return false;
  return host.includes(':') ? isIPv6(host) : isIPv4(host) || !/^[\d.]+$/.test(host);
}

const advertised: Pick<ConfigKey, 'allowed' | 'parse'> = {
  allowed: 'HOST, HOST:PORT, or { address = "HOST:PORT", for = "NETWORK", listen = PORT }',
  parse: (value) => {
    // Options and variables have a table as its text.
    const given = typeof value === 'string' && value.startsWith('{') ? parseToml(`entry = ${value}`)['entry'] : value;
    const table = typeof given === 'string' ? { address: given } : given;
    if (typeof table !== 'object' || table === null) throw WRONG;
    const { address, for: network, listen, ...others } = table as Record<string, unknown>;
    if (typeof address !== 'string' || Object.keys(others).length > 0) throw WRONG;
    const withPort = /:\d+$/.test(address) && !(isIPv6(address) && !address.startsWith('['));
    const at: { host: string; port?: number } = withPort ? parseHostPort(address) : { host: address.replace(/^\[(.*)\]$/, '$1') };
    if (!isReachable(at.host) || at.port === 0) throw WRONG;
    return {
      ...at,
      ...(network === undefined ? {} : { for: parseCidr(network) }),
      ...(listen === undefined ? {} : { listen: wholeNumber(1, 65535).parse(listen) as number }),
    } satisfies Advertised;
  },
};

// ---------------------------------------------------------------- the table

const snake = (camel: string): string => camel.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Clients are told some limits, in packets that have two bytes for each. */
const TOLD_MAX = 0xffff;
const LARGEST: Partial<Record<keyof Limits, number>> = {
  capabilitiesMax: TOLD_MAX,
  contactsMax: TOLD_MAX,
  groupsMax: TOLD_MAX,
  messageBytesMax: TOLD_MAX,
  profileBytesMax: TOLD_MAX,
  roomLineBytesMax: TOLD_MAX,
  roomMembersMax: TOLD_MAX,
  roomNameBytesMax: TOLD_MAX,
  roomsJoinedMax: TOLD_MAX,
  rosterListMax: TOLD_MAX,
  watchersMax: TOLD_MAX,
  udpKeepAliveMs: TOLD_MAX * 1_000, // told in seconds
};

const LIMIT_KEYS: readonly ConfigKey[] = (Object.keys(PEOPLE) as (keyof Limits)[]).map((name) => ({
  name: `limits.${snake(name)}`,
  about: `see docs/settings.md; ${PEOPLE[name].toLocaleString('en')} unless set`,
  list: false,
  detail: true,
  ...wholeNumber(0, LARGEST[name] ?? 2 ** 31),
}));

export const CONFIG_KEYS: readonly ConfigKey[] = [
  { name: 'data', about: 'the data directory', list: false, ...path },
  { name: 'listen', about: 'where clients connect (default [::]:5190, IPv4 included)', list: true, atLeastOne: true, ...hostPort },
  { name: 'udp', about: 'where clients of 1996 to 1999 connect (default [::]:4000, IPv4 included)', list: true, ...hostPortOrOff },
  { name: 'admin', about: 'health and metrics over HTTP (default 127.0.0.1:5180)', list: false, ...hostPort },
  { name: 'admin_token', about: 'bearer token for the admin address; needed when it is not loopback', list: false, ...secret },
  { name: 'advertise', about: 'the addresses clients are told to connect to', list: true, ...advertised },
  { name: 'trust_proxy', about: 'relays that must say by a PROXY header for whom they connect; nobody else may', list: true, ...cidr },
  { name: 'plain_relays', about: 'relays that hide the client: sessions from there have no known address', list: true, ...cidr },
  {
    name: 'tls_cert',
    about: 'certificate and its chain, PEM; read again when it changes (default tls.crt in the data directory, made at the first start)',
    list: false,
    ...path,
  },
  { name: 'tls_key', about: 'its private key, PEM (default tls.key in the data directory)', list: false, ...path },
  {
    name: 'greet_ms',
    about: 'how long a silent connection is left alone before it is greeted as an ICQ client (default 20, on port 443 1000)',
    list: false,
    ...wholeNumber(0, 9_000),
  },
  { name: 'registration', about: 'whether clients may create accounts (default open)', list: false, ...oneOf('open', 'closed') },
  {
    name: 'old_clients',
    about: 'the password of old clients: the same, one of their own, or none (default same)',
    list: false,
    ...oneOf('same', 'own', 'off'),
  },
  { name: 'clear_sign_on', about: 'what an unencrypted client may use to sign on (default all)', list: false, ...oneOf('off', 'challenge', 'all') },
  { name: 'direct', about: 'who may be told addresses for direct connections (default contacts)', list: false, ...oneOf('off', 'contacts', 'all') },
  { name: 'default_codepage', about: 'Windows code page of clients that do not say theirs (default 1252)', list: false, ...codepage },
  { name: 'audit_log', about: 'where security events are recorded (default audit.log in the data directory)', list: false, ...path, allowed: 'a path, or off' },
  { name: 'log_file', about: 'write logs there instead of stderr', list: false, ...path },
  { name: 'log_level', about: 'how much to log (default info)', list: false, ...oneOf('debug', 'info', 'warn', 'error') },
  { name: 'limits.profile', about: 'people, or bench, which lifts message rates (default people)', list: false, ...oneOf('people', 'bench') },
  ...LIMIT_KEYS,
];

export const optionOf = (key: ConfigKey): string => `--${key.name.replaceAll(/[._]/g, '-')}`;
export const variableOf = (key: ConfigKey): string => `SEEKYOU_${key.name.replaceAll('.', '_').toUpperCase()}`;

// ---------------------------------------------------------------- reading

/** What a source said, still unparsed. */
export interface ConfigSources {
  /** By key name, as given on the command line. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `--config`; else `seekyou.toml` in the data directory, where there is one. */
  readonly file?: string;
}

type Found = { readonly key: ConfigKey; readonly value: unknown; readonly where: string };

/** @throws ConfigError */
export function loadConfig(sources: ConfigSources): Config {
  const found = new Map<string, unknown>();
  const take = (entries: readonly Found[]): void => {
    for (const { key, value, where } of entries) found.set(key.name, parsed(key, value, where));
  };
  const given = [...fromEnvironment(sources.environment), ...fromOptions(sources.options)];
  const data = given.findLast((entry) => entry.key.name === 'data')?.value;
  const dataDirectory = resolve(typeof data === 'string' && data !== '' ? data : defaultDataDirectory());
  const file = sources.file ?? join(dataDirectory, 'seekyou.toml');
  if (sources.file !== undefined && !existsSync(file)) throw new ConfigError(`${file}: there is no such file (named by --config)`);
  if (existsSync(file)) {
    const entries = fromFile(file);
    // Who asks for another directory must not be served from this one, without a word.
    const elsewhere = sources.file === undefined ? entries.find(({ key }) => key.name === 'data') : undefined;
    if (elsewhere !== undefined)
      throw new ConfigError(`${elsewhere.where} is possible only in a file named by --config: this one was found in the data directory`);
    take(entries);
  }
  take(given);
  const chosen = sources.file !== undefined && typeof found.get('data') === 'string' ? resolve(found.get('data') as string) : dataDirectory;
  return { ...complete(found, chosen), file: resolve(file), givenBeside: [...new Set(given.map(({ key }) => key.name))] };
}

function parsed(key: ConfigKey, value: unknown, where: string): unknown {
  const values = key.list ? (Array.isArray(value) ? value : [value]) : [value];
  if (values.length === 0 && key.atLeastOne === true) throw new ConfigError(`${where}: an empty list is not possible; allowed: at least one ${key.allowed}`);
  const results = values.map((one) => {
    try {
      return key.parse(one);
    } catch {
      throw new ConfigError(`${where}: ${JSON.stringify(one)} is not possible; allowed: ${key.allowed}`);
    }
  });
  return key.list ? results : results[0];
}

function fromOptions(options: ConfigSources['options']): Found[] {
  return CONFIG_KEYS.flatMap((key) => {
    const value = options[key.name];
    return value === undefined ? [] : [{ key, value, where: `option ${optionOf(key)}` }];
  });
}

function fromEnvironment(environment: ConfigSources['environment']): Found[] {
  const known = new Map(CONFIG_KEYS.map((key) => [variableOf(key), key]));
  const found: Found[] = [];
  for (const [name, value] of Object.entries(environment)) {
    // SEEKYOU_REQUIRE and SEEKYOU_TEST_… steer the tests, not the server.
    if (!name.startsWith('SEEKYOU_') || value === undefined || name === 'SEEKYOU_REQUIRE' || name.startsWith('SEEKYOU_TEST_')) continue;
    const key = known.get(name);
    if (key === undefined) throw new ConfigError(`environment: unknown variable ${name}; ${suggestions(name, [...known.keys()])}`);
    found.push({ key, value: key.list ? (value.match(/\{[^}]*\}|[^\s,]+/g) ?? []) : value, where: `environment variable ${name}` });
  }
  return found;
}

function fromFile(file: string): Found[] {
  let table: Record<string, unknown>;
  try {
    table = parseToml(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${file}: ${(error as Error).message.trim()}`, { cause: error });
  }
  const known = new Map(CONFIG_KEYS.map((key) => [key.name, key]));
  const flat = Object.entries(table).flatMap(([name, value]) =>
    name === 'limits' && typeof value === 'object' && value !== null
      ? Object.entries(value).map(([inner, v]) => [`limits.${inner}`, v] as const)
      : [[name, value] as const],
  );
  return flat.map(([name, value]) => {
    const key = known.get(name);
    if (key === undefined) throw new ConfigError(`${file}: unknown key ${name}; ${suggestions(name, [...known.keys()])}`);
    return { key, value, where: `${file}: ${name}` };
  });
}

/** How much of two names is the same when they look like each other, as a share of both. */
const ALIKE_MIN = 0.3;
const SUGGESTIONS_MAX = 5;

/** The names that look like the wrong one, the most alike first; when none does, all but the limits, which are many. */
function suggestions(wrong: string, known: readonly string[]): string {
  const isLimit = (name: string): boolean => /^(SEEKYOU_)?limits[._]/i.test(name);
  const pairs = (name: string): Set<string> => {
    const own = name
      .replace(/^SEEKYOU_/, '')
      .replace(/^limits[._]/i, '')
      .toLowerCase();
    return new Set(Array.from({ length: own.length - 1 }, (_, i) => own.slice(i, i + 2)));
  };
  const mine = pairs(wrong);
  const alike = (name: string): number => (2 * pairs(name).intersection(mine).size) / (pairs(name).size + mine.size);
  const looksIt = known.filter((name) => alike(name) >= ALIKE_MIN).toSorted((a, b) => alike(b) - alike(a));
  const named = looksIt.length > 0 ? looksIt.slice(0, SUGGESTIONS_MAX) : known.filter((name) => !isLimit(name) && !isLimit(wrong));
  return [...(named.length > 0 ? [`known: ${named.join(', ')}`] : []), 'docs/settings.md has all'].join('; ');
}

function complete(found: ReadonlyMap<string, unknown>, data: string): Omit<Config, 'file' | 'givenBeside'> {
  const get = <T>(name: string, fallback: T): T => (found.has(name) ? (found.get(name) as T) : fallback);
  const limits = Object.fromEntries(
    (Object.keys(PEOPLE) as (keyof Limits)[]).map((name) => [name, get(`limits.${snake(name)}`, PEOPLE[name])]),
  ) as unknown as Limits;
  const config: ReturnType<typeof complete> = {
    data,
    listen: get('listen', [{ host: '::', port: 5190 }]),
    udp: udpOf(get('udp', [{ host: '::', port: 4000 }])),
    admin: get('admin', { host: '127.0.0.1', port: 5180 }),
    adminToken: get('admin_token', undefined),
    advertise: get('advertise', []),
    trustProxy: get('trust_proxy', []),
    plainRelays: get('plain_relays', []),
    tls: tlsOf(get('tls_cert', undefined), get('tls_key', undefined)),
    greetMs: get('greet_ms', undefined),
    registration: get('registration', 'open'),
    oldClients: get('old_clients', 'same'),
    clearSignOn: get('clear_sign_on', 'all'),
    direct: get('direct', 'contacts'),
    defaultCodepage: get('default_codepage', 1252),
    auditLog: auditLogOf(get('audit_log', undefined), data),
    logFile: get('log_file', undefined),
    logLevel: get('log_level', 'info'),
    limits,
    limitsProfile: get('limits.profile', 'people'),
  };
  if (!isLoopback(config.admin.host) && config.adminToken === undefined) {
    throw new ConfigError(`admin: ${formatHostPort(config.admin)} is not loopback, so admin_token must be set (${secret.allowed})`);
  }
  return config;
}

function tlsOf(cert: string | undefined, key: string | undefined): Config['tls'] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new ConfigError(`${cert === undefined ? 'tls_key' : 'tls_cert'}: tls_cert and tls_key belong together; set both or neither`);
  }
  return { cert: resolve(cert), key: resolve(key) };
}

function udpOf(given: readonly (HostPort | typeof OFF)[]): readonly HostPort[] {
  const addresses = given.filter((at) => at !== OFF);
  if (addresses.length > 0 && addresses.length < given.length) throw new ConfigError('udp: off cannot stand beside addresses');
  return addresses;
}

function auditLogOf(given: string | undefined, data: string): string | undefined {
  return given === 'off' ? undefined : (given ?? join(data, 'audit.log'));
}

/** Whether the programs of 1996 to 1999 are let in: over UDP, where nothing can be encrypted, a password goes as it is. */
export function takesUdp({ oldClients, clearSignOn }: Pick<Config, 'oldClients' | 'clearSignOn'>): boolean {
  return oldClients !== 'off' && clearSignOn === 'all';
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

// ---------------------------------------------------------------- places

/** `./data` in a clone; elsewhere the user's state directory. */
export function defaultDataDirectory(): string {
  const clone = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');
  if (isClone(clone)) return join(clone, 'data');
  const { XDG_STATE_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === 'win32') return join(LOCALAPPDATA ?? homedir(), 'seekyou');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'seekyou');
  return join(XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'seekyou');
}

function isClone(directory: string): boolean {
  try {
    return (JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { name?: string }).name === 'seekyou-workspace';
  } catch {
    return false;
  }
}

/** What each line of the file is without its `#`: the default where there is one, else an example. */
const TEMPLATE: Readonly<Record<string, string>> = {
  listen: '["[::]:5190"]',
  udp: '["[::]:4000"]',
  admin: '"127.0.0.1:5180"',
  admin_token: '"at least 16 characters"',
  advertise: '["chat.example.org", { address = "10.0.0.5", for = "10.0.0.0/8" }]',
  trust_proxy: '["192.0.2.1"]',
  plain_relays: '["192.0.2.1"]',
  tls_cert: '"/etc/seekyou/tls.crt"',
  tls_key: '"/etc/seekyou/tls.key"',
  greet_ms: '20',
  registration: '"open"',
  old_clients: '"same"',
  clear_sign_on: '"all"',
  direct: '"contacts"',
  default_codepage: '1252',
  audit_log: '"/var/log/seekyou/audit.log"',
  log_file: '"/var/log/seekyou/seekyou.log"',
  log_level: '"info"',
};

/** What `serve` writes into a new data directory: every key, commented out, with what is allowed. */
export function configTemplate(): string {
  const lines = ['# seekyou: settings. Remove the # before a key to change it; options and environment variables go before this file.', ''];
  for (const key of CONFIG_KEYS.filter((k) => k.name !== 'data' && k.detail !== true && !k.name.startsWith('limits.'))) {
    lines.push(`# ${key.about}`, `# allowed: ${key.allowed}`, `#${key.name} = ${TEMPLATE[key.name]}`, '');
  }
  lines.push('# limits: docs/settings.md has all of them', '#limits.profile = "people"', '');
  return lines.join('\n');
}
