/** Writes docs/settings.md and docs/metrics.md from the tables in the sources; `--check` only compares. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { PEOPLE, type Limits } from '@seekyou/core';
import { CONFIG_KEYS, DOOR_EVENTS, HTTP_COUNTERS, OSCAR_COUNTERS, optionOf, UDP_COUNTERS, variableOf } from '@seekyou/server';

/** The reasons stand beside the numbers in the source; here they are read from there. */
function reasons(): ReadonlyMap<string, string> {
  const source = readFileSync('packages/core/src/limits.ts', 'utf8');
  return new Map([...source.matchAll(/^ {2}(\w+): [^/\n]+?,\s*\/\/ (.+)$/gm)].map((match) => [match[1] as string, match[2] as string]));
}

function settings(): string {
  const rows = CONFIG_KEYS.filter((key) => key.detail !== true).map(
    (key) => `| \`${key.name}\`${key.list ? ' (list)' : ''} | ${key.about} | ${key.allowed.replaceAll('|', '\\|')} |`,
  );
  const why = reasons();
  const snake = (camel: string): string => camel.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const limits = (Object.keys(PEOPLE) as (keyof Limits)[]).map((name) => `| \`limits.${snake(name)}\` | ${PEOPLE[name]} | ${why.get(name) ?? ''} |`);
  const example = CONFIG_KEYS.find((key) => key.name === 'default_codepage');
  return [
    '# Settings',
    '',
    'Written by `npm run pages` from the table in `packages/server/src/runtime/config.ts` and the limits in `packages/core/src/limits.ts`.',
    '',
    `Every key may stand in \`seekyou.toml\` in the data directory, as an environment variable and as an option: \`default_codepage\`, \`${example && variableOf(example)}\`, \`${example && optionOf(example)}\`.`,
    'An option goes before the environment, the environment before the file. Lists are repeated options, arrays in the file, and split at commas in the environment; what stands in braces is one entry in all three.',
    'Paths that do not begin with / are looked for from the directory the server was started in.',
    '`data` may stand in a file only where `--config` names that file: the one in the data directory cannot choose another directory.',
    '',
    '| Key | What it does | Allowed |',
    '|---|---|---|',
    ...rows,
    '',
    '## Limits',
    '',
    'Names tell the unit: `…_ms` milliseconds, `…_bytes_max` bytes, `…_days` days.',
    '',
    '| Key | Default | Why |',
    '|---|---|---|',
    ...limits,
    '',
  ].join('\n');
}

function metrics(): string {
  return [
    '# Metrics',
    '',
    'Written by `npm run pages`. `/metrics` on the admin address has, beside the figures of the process (`process_…`, `nodejs_…`):',
    '',
    '| Name | What it is |',
    '|---|---|',
    '| `seekyou_connections` | open connections, signed on or not |',
    '| `seekyou_sessions` | signed-on sessions |',
    '| `seekyou_users_online` | accounts with at least one session |',
    '| `seekyou_rooms` | rooms with somebody in them |',
    '| `seekyou_store_operations{thread}`, `seekyou_store_operations_failed{thread}`, `seekyou_store_operations_waiting{thread}` | operations of the database by thread, and messages of the journal (docs/decisions/0010) |',
    '| `seekyou_store_commits{thread}`, `seekyou_store_busy_seconds{thread}` | groups of operations (for the writer each is one commit, for the journal one write), and the time spent on them |',
    '| `seekyou_turn_seconds{kind}` | histogram: how long the event loop was kept at a time, by what began it: `input`, `answers` of the database, `timer` |',
    '| `seekyou_turn_seconds_max{kind}` | the longest since the start |',
    '| `seekyou_events_total{event}` | what happened since the start, by event: |',
    '',
    '| Event | Counts |',
    '|---|---|',
    '| `messages_stored` | messages in the store |',
    '| `messages_delivered` | messages a client is known to have |',
    '| `sign_ons_refused` | wrong passwords, unknown UINs, and who was told to slow down |',
    ...Object.entries({ ...DOOR_EVENTS, ...HTTP_COUNTERS, ...OSCAR_COUNTERS, ...UDP_COUNTERS }).map(([name, about]) => `| \`${name}\` | ${about} |`),
    '',
  ].join('\n');
}

for (const [file, page] of [
  ['docs/settings.md', settings()],
  ['docs/metrics.md', metrics()],
] as const) {
  if (!process.argv.includes('--check')) writeFileSync(file, page);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== page) {
    process.stderr.write(`${file} is not current: npm run pages\n`);
    process.exitCode = 1;
  }
}
