import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMetrics } from './metrics.ts';

test('every figure is explained in docs/metrics.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/metrics.md'), 'utf8');
  const nothing = (): never => assert.fail('nobody asked for figures');
  const metrics = createMetrics({ counters: {}, figures: nothing, connections: nothing, store: nothing });
  const ours = metrics.getMetricsAsArray().filter(({ name }) => name.startsWith('seekyou_'));
  assert.ok(ours.length > 8);
  assert.deepEqual(
    ours.flatMap(({ name }) => (new RegExp(`^\\|.*\`${name}[\`{].*\\|`, 'm').test(page) ? [] : [name])),
    [],
  );
});
