/** Who may import whom (docs/architecture.md). Each rule says why, because the person it stops deserves to know. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '..');
const sources = globSync(['packages/*/src/**/*.ts', 'bench/src/**/*.ts', 'lab/**/*.ts'], { cwd: root });

interface Import {
  readonly file: string;
  readonly target: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(resolve(root, file), 'utf8');
  return [...text.matchAll(/^\s*(?:import|export)\b[^'";]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm)].map((match) => {
    const target = (match[1] ?? match[2] ?? match[3]) as string;
    return { file, target: target.startsWith('.') ? relative(root, resolve(root, dirname(file), target)) : target };
  });
}

const isTest = (file: string): boolean => file.endsWith('.test.ts') || file.endsWith('.bench.ts');
const all = sources.flatMap(importsOf);
const packageOf = (file: string): string => (/^(?:packages\/)?([^/]+)\//.exec(file) as RegExpExecArray)[1] as string;

const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  core: [],
  net: ['wire'],
  server: ['wire', 'core', 'net'],
  client: ['wire', 'net'],
  cli: ['server', 'client'],
  bench: ['wire', 'core', 'net', 'server', 'client'],
  lab: ['wire', 'client'],
};

test('packages import only those below them', () => {
  const wrong = all.flatMap(({ file, target }) => {
    const from = packageOf(file);
    const to = /^@seekyou\/(\w+)/.exec(target)?.[1];
    if (to === undefined || to === from || isTest(file)) return [];
    return (MAY_USE[from] as readonly string[]).includes(to)
      ? []
      : [`${file} imports ${target}: ${from} may use ${MAY_USE[from]?.join(', ') || 'nothing of ours'}`];
  });
  assert.deepEqual(wrong, []);
});

test('a package is entered through its doors, not through its windows', () => {
  const wrong = all.filter(({ file, target }) => target.startsWith('packages/') && packageOf(target) !== packageOf(file));
  assert.deepEqual(wrong, []);
});

test('portable packages use no runtime of their own: they also run in browsers and under a virtual clock', () => {
  const wrong = sources
    .filter((file) => /^packages\/(wire|core)\//.test(file) && !isTest(file))
    .flatMap((file) => {
      const text = readFileSync(resolve(root, file), 'utf8')
        .replaceAll(/\/\*[\s\S]*?\*\//g, '')
        .replaceAll(/\/\/.*$/gm, '');
      const found = /\b(Buffer|process|setTimeout|setInterval|setImmediate|Date\.now|Math\.random|performance)\b|from 'node:(?!assert|test)/.exec(text);
      // The golden reader and contract suites are for tests and read files.
      return found && !/testing|contracts/.test(file) ? [`${file}: ${found[0]}`] : [];
    });
  assert.deepEqual(wrong, []);
});

test('front ends do not know each other, and adapters see only the ports', () => {
  const wrong = all.flatMap(({ file, target }) => {
    if (isTest(file)) return [];
    const front = /^packages\/server\/src\/(oscar|udp|http)\//.exec(file)?.[1];
    const other = /^packages\/server\/src\/(oscar|udp|http|storage|bus|admin)\//.exec(target)?.[1];
    if (front !== undefined && other !== undefined && other !== front)
      return [`${file} imports ${target}: what two front ends share belongs to the core or the runtime`];
    const adapter = /^packages\/server\/src\/(storage|bus)\//.exec(file)?.[1];
    if (adapter !== undefined && /^packages\/server\/src\/(oscar|udp|http|admin)\//.test(target))
      return [`${file} imports ${target}: an adapter sees only the core's ports`];
    return [];
  });
  assert.deepEqual(wrong, []);
});

test('the core has never heard of a packet', () => {
  const wrong = sources
    .filter((file) => file.startsWith('packages/core/src/') && !isTest(file))
    .flatMap((file) => {
      const code = readFileSync(resolve(root, file), 'utf8')
        .replaceAll(/\/\*[\s\S]*?\*\//g, '')
        .replaceAll(/\/\/.*$/gm, '');
      const found = /\b\w*(snac|flap|tlv|icbm|sequenceNumber)\w*\b/i.exec(code);
      return found ? [`${file}: ${found[0]}`] : [];
    });
  assert.deepEqual(wrong, []);
});
