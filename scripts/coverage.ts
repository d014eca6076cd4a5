/**
 * `npm run coverage` writes docs/coverage.md: each declared packet, its chapter, and whether it is proved and used;
 * and what the reference describes and nobody declared.
 * `npm run coverage -- --check` fails when the page is not current.
 *
 * Golden: a file in packages/wire/testdata names it. Server and client: their code names it as `icbm.hostAck`, or for the UDP
 * protocols as `replies.userOnline`.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { REGISTRY, type Registered } from '@seekyou/wire/oscar';
import { META_REGISTRY, type RegisteredMeta, type RegisteredUdp, UDP_REGISTRY } from '@seekyou/wire/udp';

const root = resolve(import.meta.dirname, '..');
const page = resolve(root, 'docs/coverage.md');

/** Chapters in the order of the reference; modules are its families. */
const TITLES: Readonly<Record<string, string>> = {
  oservice: '01 generic service',
  location: '02 location',
  buddy: '03 presence',
  icbm: '04 ICBM messages',
  rendezvous: '04 channel 2, inside the messages',
  extended: '04 channel 2, other services, and files between clients',
  invitation: '06 invitation',
  administration: '07 administration',
  popup: '08 pop-up',
  privacy: '09 privacy',
  lookup: '0A lookup by mail address',
  statistics: '0B statistics',
  'chat-navigation': '0D chat navigation',
  chat: '0E chat rooms',
  directory: '0F directory search',
  bart: '10 pictures',
  feedbag: '13 feedbag',
  'icq-meta': '15 ICQ extensions',
  login: '17 sign-on, and FLAP channels 1 and 4',
  'email-alert': '18 mail alert',
  broadcast: '85 broadcast',
  'user-info': 'Shared blocks',
};

/** Packets of a server that ours does not send, and why no client misses them. */
const UNSAID: Readonly<Record<string, string>> = {
  'oservice pauseReq': 'A pause goes before a move to another server, and there is none to move to (§2.6).',
  'oservice resume': 'Follows a pause.',
  'oservice migrateGroups': 'There is one server. When it stops, channel 4 without a reason brings all clients back by themselves (§2.6).',
  'oservice evilNotification': 'Nobody is warned here: 04/08 is answered with error 08 (§6.7).',
  'oservice wellKnownUrls': 'Optional, never needed (§3.4).',
  'location watcherNotification': 'Follows 02/07, which the reference lets servers ignore (§4).',
  'buddy watcherNotification': 'Follows 03/08, which the reference lets servers ignore (§5.2).',
  'buddy rejectNotification': 'Optional (§5.2); who must not be seen looks off line (§10.1).',
  'icbm evilReply': 'Nobody is warned here (§6.7).',
  'invitation inviteReply': 'There is no mail: 06/02 is answered with error 05 (§8.1).',
  'administration error': 'What is wrong stands in 07/03 to 07/09; packets that cannot be read have the error that all families share.',
  'popup error': 'The error that all families share.',
  'popup display': 'Windows of advertisements; nothing here needs one (§8.1).',
  'privacy serviceError': 'A list may be edited in every mode (§5.3).',
  'statistics error': 'The error that all families share.',
  'chat evilReply': 'Nobody is warned here: 0E/07 is answered with error 08.',
  'login securIdRequest': 'For AIM’s staff alone (§2.2).',
  'email-alert error': 'The service is declined at 01/04, with 01/01 (§3.4).',
  'email-alert mailboxInfo': 'The service is declined (§8.2).',
  'broadcast error': 'The family is not offered: optional, of one other server (§8.5).',
  'broadcast broadcastReply': 'The family is not offered (§8.5).',
};

const textOf = (pattern: string): string =>
  globSync(pattern, { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => readFileSync(resolve(root, file), 'utf8'))
    .join('\n');

const golden = new Set(
  globSync('packages/wire/testdata/**/*.hex', { cwd: root }).flatMap((file) => /^packet: (.+)$/m.exec(readFileSync(resolve(root, file), 'utf8'))?.[1] ?? []),
);
const server = textOf('packages/server/src/oscar/**/*.ts');
const client = textOf('packages/client/src/**/*.ts');
const udpServer = textOf('packages/server/src/udp/**/*.ts');
const udpClient = textOf('packages/client/src/udp/**/*.ts');

/** `icq-meta` is imported as `icqMeta`. */
const importName = (module: string): string => module.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

function uses(text: string, { module, name }: Registered): boolean {
  // Blocks of user-info.ts are exported by name.
  const call = module === 'user-info' ? String.raw`\b${name}\b` : String.raw`\b${importName(module)}\.${name}\b`;
  return new RegExp(call).test(text);
}

function numbers({ snac }: Registered): string {
  if (snac === undefined) return '';
  const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0');
  const direction = { client: 'C→S', server: 'S→C', both: 'C↔S' }[snac.from];
  return `${hex(snac.family)}/${hex(snac.subtype)} ${direction}`;
}

const chapterOf = ({ ref }: Registered): string => ref?.replace('oscar.md ', '') ?? '';

const mark = (yes: boolean): string => (yes ? 'yes' : '–');

function row(entry: Registered): string {
  const isGolden = golden.has(`oscar/${entry.module} ${entry.name}`);
  return `| ${numbers(entry)} | \`${entry.name}\` | ${chapterOf(entry)} | ${mark(isGolden)} | ${mark(uses(server, entry))} | ${mark(uses(client, entry))} |`;
}

function section(module: string): string {
  const entries = REGISTRY.filter((entry) => entry.module === module).toSorted((a, b) => order(a) - order(b));
  const title = TITLES[module] ?? module;
  return [`## ${title}`, '', '| SNAC | name | chapter | golden | server | client |', '|---|---|---|---|---|---|', ...entries.map(row), ''].join('\n');
}

/** Packets by number, then the blocks inside them. */
function order({ snac }: Registered): number {
  return snac === undefined ? 0x10000 : snac.subtype;
}

/** @throws Error when a packet is neither sent nor explained */
function unsaid(): string {
  const silent = snacs.filter((entry) => entry.snac?.from !== 'client' && !uses(server, entry)).toSorted((a, b) => (numbers(a) < numbers(b) ? -1 : 1));
  const keys = new Set(silent.map(({ module, name }) => `${module} ${name}`));
  const stale = Object.keys(UNSAID).filter((key) => !keys.has(key));
  if (stale.length > 0) throw new Error(`scripts/coverage.ts explains what is sent, or is not declared: ${stale.join(', ')}`);
  const rows = silent.map((entry) => {
    const why = UNSAID[`${entry.module} ${entry.name}`];
    if (why === undefined) throw new Error(`${numbers(entry)} ${entry.name} is not sent by the server: say why in scripts/coverage.ts`);
    return `| ${numbers(entry).slice(0, 5)} | \`${entry.name}\` | ${why} |`;
  });
  return ['## What our server never says', '', '| SNAC | name | why no client misses it |', '|---|---|---|', ...rows, ''].join('\n');
}

/** What chapter 8 of the reference describes and nobody declared: served by an error, or not at all. */
function undeclared(): string {
  const chapter = /^## 8\..*?(?=^## 9\.)/ms.exec(readFileSync(resolve(root, 'docs/protocol/oscar.md'), 'utf8'))?.[0] ?? '';
  const declared = new Set(snacs.map((entry) => numbers(entry).slice(0, 5)));
  const named = [...chapter.matchAll(/(?<!TLV )\b(?:0[678ABDEF]|10|18|85)\/[0-9A-F]{2}\b/g)].map(([number]) => number);
  const rows = [...new Set(named)].filter((number) => !declared.has(number)).toSorted();
  const head = ['## Other families', '', 'In chapter 8 of the reference, and not declared:', ''];
  return rows.length === 0 ? '' : [...head, rows.join(', '), ''].join('\n');
}

type UdpEntry = RegisteredUdp | RegisteredMeta;

const udpEntries: readonly UdpEntry[] = [...UDP_REGISTRY, ...META_REGISTRY];
const isUdpGolden = ({ module, name }: UdpEntry): boolean => golden.has(`udp/${module} ${name}`);
const isUdpUsed = (text: string, { module, name }: UdpEntry): boolean => new RegExp(String.raw`\b${module}\.${name}\b`).test(text);

function udpNumbers(entry: UdpEntry): string {
  if (entry.module !== 'meta') return entry.declaration.code.toString(16).toUpperCase().padStart(4, '0');
  const { old, new: recent } = entry.declaration;
  return old === recent || recent === undefined ? String(old) : `${old}, ${recent}`;
}

function udpVersions(entry: UdpEntry): string {
  if (entry.module === 'meta') return '4–5';
  const { since, until } = entry.declaration;
  return since === until ? String(since) : `${since}–${until}`;
}

function udpRow(entry: UdpEntry): string {
  const chapter = entry.declaration.ref.replace('icq-udp.md ', '');
  const marks = [isUdpGolden(entry), isUdpUsed(udpServer, entry), isUdpUsed(udpClient, entry)].map(mark).join(' | ');
  return `| ${udpNumbers(entry)} | \`${entry.name}\` | ${udpVersions(entry)} | ${chapter} | ${marks} |`;
}

const UDP_TITLES = { commands: 'UDP, from clients', replies: 'UDP, from servers', meta: 'UDP, inside META' } as const;

function udpSection(module: keyof typeof UDP_TITLES): string {
  const rows = udpEntries.filter((entry) => entry.module === module).map(udpRow);
  return [
    `## ${UDP_TITLES[module]}`,
    '',
    '| number | name | versions | chapter | golden | server | client |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

const modules = [...new Set(REGISTRY.map((entry) => entry.module))];
const snacs = REGISTRY.filter((entry) => entry.snac !== undefined);
const proved = REGISTRY.filter((entry) => golden.has(`oscar/${entry.module} ${entry.name}`));
const text = [
  '# Coverage of the protocol',
  '',
  'Written by `npm run coverage` from the declarations in `packages/wire/src/oscar` and `udp`; a test keeps it current.',
  'Golden: a packet in `packages/wire/testdata` proves the layout. Server, client: their code uses the declaration.',
  'A row without a number is a block that stands inside packets.',
  '',
  `${snacs.length} SNACs and ${REGISTRY.length - snacs.length} blocks are declared; ${proved.length} of the ${REGISTRY.length} have golden packets.`,
  `Of the UDP protocols, ${UDP_REGISTRY.length} packets and ${META_REGISTRY.length} META requests and answers; ${udpEntries.filter(isUdpGolden).length} have golden packets.`,
  '',
  ...modules.map(section),
  undeclared(),
  unsaid(),
  udpSection('commands'),
  udpSection('replies'),
  udpSection('meta'),
].join('\n');

if (process.argv.includes('--check')) {
  const current = readFileSync(page, 'utf8');
  if (current !== text) {
    console.error('docs/coverage.md is not current: run "npm run coverage"');
    process.exitCode = 1;
  }
} else {
  writeFileSync(page, text);
  console.log(`docs/coverage.md: ${proved.length} of ${REGISTRY.length} declarations have golden packets`);
}
