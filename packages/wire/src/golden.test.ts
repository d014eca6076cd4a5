import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findSnacs } from './oscar/registry.ts';
import { checkGolden, hexOf, parseGolden } from './testing.ts';

const folder = new URL('../testdata/', import.meta.url);
const reference = readFileSync(new URL('../../../docs/protocol/oscar.md', import.meta.url), 'utf8');

const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`)
  .sort();

test('there are golden packets', () => {
  assert.ok(files.length > 20, `only ${files.length} files in testdata`);
});

for (const file of files) {
  const name = file.slice(file.indexOf('testdata/'));
  test(`golden packet ${name}`, () => {
    assert.match(name, /\.hex$/, 'every file in testdata is a golden packet and ends in .hex');
    const golden = parseGolden(readFileSync(file, 'utf8'), name);
    checkGolden(golden);
    const example = /^origin: worked example (.+) of docs\/protocol\/oscar\.md/m.exec(golden.head)?.[1];
    if (example !== undefined) assert.equal(hexOf(golden.bytes), exampleBytes(example), `not the bytes of worked example ${example}`);
  });
}

test('each worked example of the reference is a golden packet', () => {
  const named = new Set(files.map((file) => /^origin: worked example (.+) of docs\/protocol\/oscar\.md/m.exec(readFileSync(file, 'utf8'))?.[1]));
  const examples = [...reference.matchAll(/^[CS]→[CS] ((\S+)(?: \d{2}\/\d{2} [0-9A-F]{4})?).*\(\d+ bytes\)$/gm)];
  assert.ok(examples.length > 50, `${examples.length} examples`);
  for (const [, whole = '', id = ''] of examples) assert.ok(named.has(whole) || named.has(id), `no golden packet of ${whole}`);
});

test('each SNAC of the reference’s tables is declared', () => {
  const rows = [...reference.matchAll(/^\| ((?:[0-9A-F]{2}\/[0-9A-F]{2}[^|]*))\|/gm)].map(([, cell = '']) => cell);
  const snacs = rows.flatMap((cell) => [...cell.matchAll(/(?<![/\w])([0-9A-F]{2})\/([0-9A-F]{2})(?![/\w])/g)]);
  assert.ok(snacs.length > 80, `${snacs.length} SNACs`);
  for (const [name, family = '', subtype = ''] of snacs) {
    const declared = (['client', 'server'] as const).flatMap((from) => findSnacs(Number.parseInt(family, 16), Number.parseInt(subtype, 16), from));
    assert.notDeepEqual(declared, [], `${name} is not declared`);
  }
});

/** The bytes under `C→S D1 04/06 … (64 bytes)` in the reference, found by `D1` or `D1 04/06`; an elided cookie is 00 to FF. */
function exampleBytes(id: string): string {
  const from = reference.split('\n').findIndex((line) => line.startsWith(`C→S ${id} `) || line.startsWith(`S→C ${id} `));
  assert.notEqual(from, -1, `the reference has no worked example ${id}`);
  const lines = reference.split('\n').slice(from + 1);
  const text = lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith('  ')),
    )
    .join(' ');
  const elided = Array.from({ length: 252 }, (_, i) => (i + 4).toString(16).padStart(2, '0')).join('');
  return text
    .replace(/…\([^)]*\)/, elided)
    .replaceAll(/\s/g, '')
    .toLowerCase();
}
