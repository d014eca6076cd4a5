/** Signing on and registering, as the programs of each version do it. @see icq-udp.md §9, §10 */
import type { Endpoint } from '@seekyou/net';
import { statusBits, StatusBit, type StatusName } from '@seekyou/wire/oscar';
import { commands, type Login, replies, type Version } from '@seekyou/wire/udp';
import { decodeText } from '@seekyou/wire/text';
import { ClientError } from '../errors.ts';
import type { Server } from '../login.ts';
import { type Heard, readAck, UdpLink } from './link.ts';
import type { UdpPlatform } from './platform.ts';

/** What this library speaks; version 1 is nobody's any more. */
export type UdpVersion = 2 | 3 | 4 | 5;

const PASSWORD_BYTES_MAX = 8;
const NOWHERE = '0.0.0.0';
/** Longest wait for an answer that is not an acknowledgement. */
export const ANSWER_MS_MAX = 60_000;

/** Text of the program's own, in bytes of its code page; passwords are ASCII to be sure. */
export function passwordBytes(password: string): Uint8Array {
  return new TextEncoder().encode(password).subarray(0, PASSWORD_BYTES_MAX);
}

/** @throws ClientError `unreachable` */
export async function openLink(platform: UdpPlatform, server: Server, version: Version, uin: number): Promise<UdpLink> {
  const { timers, chance } = platform;
  const target: Endpoint = { address: await addressOf(platform, server), port: server.port };
  let link: UdpLink | undefined;
  const port = await platform
    .openPort((bytes, from) => link?.received(bytes, from))
    .catch((error: unknown) => {
      throw new ClientError('unreachable', `no UDP port for a client: ${String(error)}`, { cause: error });
    });
  link = new UdpLink({ version, uin, port, server: target, timers, chance });
  return link;
}

async function addressOf(platform: UdpPlatform, { host }: Server): Promise<string> {
  try {
    return await platform.resolve(host);
  } catch (error) {
    throw new ClientError('unreachable', `${host} has no address`, { cause: error });
  }
}

/** Resolves with the first of these that comes; its words of refusal become errors. */
export function answerOn(link: UdpLink, platform: UdpPlatform, fits: (heard: Heard) => boolean, what: string): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const cancel = platform.timers.after(ANSWER_MS_MAX, () => reject(new ClientError('timeout', `${what}: no answer from the server within 60 s`)));
    const settle = (settled: () => void): void => {
      cancel();
      link.listen(undefined);
      link.onLost = () => {};
      settled();
    };
    link.onLost = (error) => settle(() => reject(error));
    link.listen((heard) => {
      const refusal = refusalIn(heard);
      if (refusal !== undefined) settle(() => reject(refusal));
      else if (fits(heard)) settle(() => resolve(heard));
    });
  });
}

/** What the server's words of refusal mean (§11). */
export function refusalIn({ declaration, value }: Heard): ClientError | undefined {
  switch (declaration) {
    case replies.badPass:
      return new ClientError('wrong-password', 'the server knows no such number with this password');
    case replies.tryAgain:
      return new ClientError('unavailable', 'the server is busy; try again later');
    case replies.loginErr:
      return new ClientError('refused', `the server refused: ${decodeText((value as { readonly text: Uint8Array }).text, 1252)}`);
    case replies.notConnected:
      return new ClientError('closed', 'the server does not know this session');
    case replies.goAway:
      return new ClientError('closed', 'the server ended the session');
    default:
      return undefined;
  }
}

// ---------------------------------------------------------------- signing on

export interface SignOnOptions {
  readonly uin: number;
  readonly password: string;
  readonly status?: StatusName;
  readonly invisible?: boolean;
}

export function statusWord(status: StatusName = 'online', invisible = false): number {
  return statusBits(status) | (invisible ? StatusBit.invisible : 0);
}

/** Up to the server's answer. @returns how often it wants to hear from us. @throws ClientError */
export async function signOn(link: UdpLink, platform: UdpPlatform, options: SignOnOptions): Promise<{ readonly intervalSeconds: number }> {
  if (link.version === 4) await tryOut(link, platform, options);
  const answered = answerOn(link, platform, ({ declaration }) => declaration === replies.loginReply, 'signing on');
  const { acknowledged } = link.send(commands.login, loginOf(link.version, platform, options));
  const [{ value }] = await Promise.all([answered, acknowledged]);
  return value as { readonly intervalSeconds: number };
}

/** ICQ 98a tries number and password before it signs on (§9.3). */
async function tryOut(link: UdpLink, platform: UdpPlatform, { uin, password }: SignOnOptions): Promise<void> {
  await link.send(commands.newUser1, { padding: new Uint8Array(0) }).acknowledged;
  const answered = answerOn(link, platform, ({ declaration }) => declaration === replies.depsList, 'trying the password');
  const { acknowledged } = link.send(commands.getDeps, { uin, password: passwordBytes(password), clientVersion: 0x98 });
  await Promise.all([answered, acknowledged]);
}

/** What each version says of itself, and that everything goes through the server. */
function loginOf(version: Version, { timers }: UdpPlatform, { password, status, invisible }: SignOnOptions): Login {
  const common = {
    port: 0,
    password: passwordBytes(password),
    address: NOWHERE,
    tcpFlag: commands.TcpFlag.proxy,
    status: statusWord(status, invisible),
  };
  const time = Math.floor(timers.now() / 1000) >>> 0;
  if (version === 3) return { ...common, x1: 0x98, tcpVersion: 2, tail: { extra: Uint8Array.of(0, 0, 0, 0, 0x13, 0, 0x7a, 0) } };
  if (version === 4) return { ...common, time, x1: 0x98, tcpVersion: 3, tail: { extra: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0x98, 0) } };
  if (version === 5) return { ...common, time, x1: 0x98, tcpVersion: 6, tail: OWN_TAIL };
  return { ...common, x1: 0x78, tcpVersion: 2, loginSeq: 1, tail: { extra: Uint8Array.of(0, 0, 0, 0, 8, 0, 0x78, 0) } };
}

/** The long form, with a build of our own: "SY", 1. Nobody's oddities are meant for us. */
const OWN_TAIL = {
  zero: 0,
  x2: 0x00980010,
  webPort: 0,
  features: 3,
  build: 0x53590001,
  infoTime: 0,
  statusTime: 0,
  extra: new Uint8Array(0),
};

// ---------------------------------------------------------------- registering

export interface RegisterOptions {
  readonly server: Server;
  readonly version: UdpVersion;
  /** Versions 2 and 5. In 3 and 4 the server chooses it. */
  readonly password: string;
  readonly nickname?: string;
}

export interface Registered {
  /** Absent when the server told it in words only. */
  readonly uin?: number;
  readonly password?: string;
  /** What the server has to say to the newcomer: versions 3 and 4. */
  readonly text?: string;
}

/** Asks for a new number. @throws ClientError `registration-refused`, `timeout`, `unreachable`; RequestRefused when the nickname is too long */
export async function registerUdp(platform: UdpPlatform, options: RegisterOptions): Promise<Registered> {
  const link = await openLink(platform, options.server, options.version, 0);
  try {
    return await (options.version === 3 || options.version === 4 ? registerByForm(link, platform, options) : registerByPassword(link, platform, options));
  } finally {
    link.close(new ClientError('closed', 'registered'));
  }
}

const MICQ_CLIENT_VERSION = 0xa0;
const V2_CLIENT_VERSION = Uint8Array.of(0x72, 0, 0, 0, 0, 0, 0, 0);
const REFUSED = 'the server registers nobody this way';

async function registerByPassword(link: UdpLink, platform: UdpPlatform, { password }: RegisterOptions): Promise<Registered> {
  const isV5 = link.version === 5;
  // Versions before ask leave first, and the acknowledgement is the leave.
  if (!isV5) await link.send(commands.newUser1, { padding: new Uint8Array(0) }).acknowledged;
  const answered = answerOn(link, platform, ({ declaration }) => declaration === replies.newUin, 'registering');
  const id = Math.floor(platform.chance() * 0x10000);
  const request = isV5
    ? { password: passwordBytes(password), clientVersion: MICQ_CLIENT_VERSION, id, tail: new Uint8Array(8) }
    : { two: 2, password: passwordBytes(password), tail: V2_CLIENT_VERSION };
  const { acknowledged } = link.send(commands.regNewUser, request);
  const refused = acknowledged.then((parameters) => {
    if (isV5 && readAck(parameters).result === replies.Result.failed) throw new ClientError('registration-refused', REFUSED);
    return new Promise<never>(() => {});
  });
  const heard = await Promise.race([answered, refused]);
  const uin = isV5 ? heard.uin : ((heard.value as { readonly uin?: number }).uin ?? 0);
  if (uin === 0) throw new ClientError('protocol', 'the server answered with no number');
  return { uin, password };
}

/** The server chooses the password and tells it in a text for people (§10.3). */
async function registerByForm(link: UdpLink, platform: UdpPlatform, { nickname = '' }: RegisterOptions): Promise<Registered> {
  const asked = answerOn(link, platform, ({ declaration }) => declaration === replies.registrationInfo, 'asking for the form');
  void link.send(commands.registrationRequest, { padding: new Uint8Array(0) }).acknowledged.catch(() => {});
  const { value } = await asked;
  if ((value as { readonly open: number }).open === 0) throw new ClientError('registration-refused', REFUSED);
  const accepts = ({ declaration }: Heard): boolean => declaration === replies.registrationAccepted || declaration === replies.newUin;
  const nick = new TextEncoder().encode(nickname);
  void link.send(commands.registrationForm, { clientVersion: 0x98, nick, more: new Uint8Array(0) }).acknowledged.catch(() => {});
  const heard = await answerOn(link, platform, accepts, 'registering');
  if (heard.declaration === replies.newUin) return { uin: heard.uin };
  return readAccepted(decodeText((heard.value as { readonly text: Uint8Array }).text, 1252));
}

/** Number and password stand in the text, each behind a word for it. */
function readAccepted(text: string): Registered {
  const uin = /\b\d{5,10}\b/.exec(text)?.[0];
  const password = /password\W+(?:is\W+)?(\S{1,8})(?=\s|[.,;]?$)/im.exec(text)?.[1];
  return { text, ...(uin === undefined ? {} : { uin: Number(uin) }), ...(password === undefined ? {} : { password }) };
}
