/** The repository looks at itself: references that lead somewhere, pages that are current, nothing left lying about. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '..');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(resolve(root, file)));
const read = (file: string): string => readFileSync(resolve(root, file), 'utf8');
const code = tracked.filter((file) => file.endsWith('.ts') || file.endsWith('.js'));
const pages = tracked.filter((file) => file.endsWith('.md'));

test('nothing is promised for later in the code', () => {
  const wrong = code.filter((file) => file !== 'test/tidiness.test.ts' && /\b(TODO|FIXME|XXX|HACK)\b/.test(read(file)));
  assert.deepEqual(wrong, []);
});

test('no test is skipped or singled out without a reason', () => {
  const wrong = code.filter((file) => file !== 'test/tidiness.test.ts' && /\b(test|it|describe)\.(only|skip|todo)\(|\bonly: true|skip: true/.test(read(file)));
  assert.deepEqual(wrong, []);
});

test('every chapter of the reference that the code cites exists', () => {
  const headings = new Map<string, Set<string>>();
  for (const page of ['oscar', 'own', 'icq-udp', 'direct', 'proxies', 'firewall-scenarios']) {
    const numbers = [...read(`docs/protocol/${page}.md`).matchAll(/^#+\s+(\d+(?:\.\d+)*)\b/gm)].map((match) => match[1] as string);
    headings.set(page, new Set(numbers));
  }
  const wrong: string[] = [];
  for (const file of code) {
    for (const [, page, chapter] of read(file).matchAll(/\b(oscar|own|icq-udp|direct|proxies)\.md §(\d+(?:\.\d+)*)/g)) {
      if (!headings.get(page as string)?.has(chapter as string)) wrong.push(`${file}: ${page}.md §${chapter}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('links between pages lead somewhere', () => {
  const wrong = pages
    .filter((page) => !page.startsWith('docs/protocol/'))
    .flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)].flatMap(([, target]) =>
        existsSync(resolve(root, dirname(page), target as string)) ? [] : [`${page}: ${target}`],
      ),
    );
  assert.deepEqual(wrong, []);
});

test('every dependency has its sentence of reason', () => {
  const reasons = read('docs/decisions/0002-dependencies.md');
  const names = tracked
    .filter((file) => file.endsWith('package.json'))
    .flatMap((file) => {
      const { dependencies = {}, devDependencies = {}, optionalDependencies = {} } = JSON.parse(read(file)) as Record<string, Record<string, string>>;
      return Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    })
    .filter((name) => !name.startsWith('@seekyou/'));
  assert.deepEqual(
    [...new Set(names)].filter((name) => !reasons.includes(`\`${name}\``)),
    [],
  );
});

for (const [page, script] of [
  ['docs/coverage.md', 'scripts/coverage.ts'],
  ['docs/settings.md and docs/metrics.md', 'scripts/pages.ts'],
] as const) {
  test(`current: ${page}`, () => {
    execFileSync(process.execPath, ['--conditions=source', script, '--check'], { cwd: root, stdio: 'pipe' });
  });
}
