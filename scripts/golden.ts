/**
 * Writes the value and the dissection of golden packets, from their bytes.
 *
 *     npm run golden                      those that have none yet
 *     npm run golden -- packages/…/a.hex  these, anew: read the difference before you commit it
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
// By path, so that `node scripts/golden.ts` works without a condition, too.
import { parseGolden, renderGolden } from '../packages/wire/src/testing.ts';

const named = process.argv.slice(2);
const files = named.length > 0 ? named : globSync('packages/*/testdata/**/*.hex').sort();
for (const file of files) {
  try {
    const before = readFileSync(file, 'utf8');
    const golden = parseGolden(before, file);
    if (named.length === 0 && golden.value !== undefined) continue;
    const after = renderGolden(golden);
    if (after !== before) writeFileSync(file, after);
    console.log(`${file}: ${after === before ? 'unchanged' : 'written'}`);
  } catch (error) {
    process.exitCode = 1;
    console.error(error instanceof Error ? error.message : error);
  }
}
