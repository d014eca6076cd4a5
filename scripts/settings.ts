/** Writes docs/settings.md from the table of keys and the limits; `--check` only compares. */
import { readFileSync, writeFileSync } from 'node:fs';
import { PEOPLE, type Limits } from '@seekyou/core';
import { CONFIG_KEYS, optionOf, variableOf } from '@seekyou/server';

const file = 'docs/settings.md';

/** The reasons stand beside the numbers in the source; here they are read from there. */
function reasons(): ReadonlyMap<string, string> {
  const source = readFileSync('packages/core/src/limits.ts', 'utf8');
  return new Map([...source.matchAll(/^ {2}(\w+): [^/\n]+?,\s*\/\/ (.+)$/gm)].map((match) => [match[1] as string, match[2] as string]));
}

function page(): string {
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
    'Written by `npm run settings` from the table in `packages/server/src/runtime/config.ts` and the limits in `packages/core/src/limits.ts`.',
    '',
    `Every key may stand in \`seekyou.toml\` in the data directory, as an environment variable and as an option: \`default_codepage\`, \`${example && variableOf(example)}\`, \`${example && optionOf(example)}\`.`,
    'An option goes before the environment, the environment before the file. Lists are repeated options, arrays in the file, and split at commas in the environment.',
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

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== page()) {
    process.stderr.write(`${file} is not current: npm run settings\n`);
    process.exitCode = 1;
  }
} else writeFileSync(file, page());
