import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Mail } from './mail.ts';

test('what came later may be written and confirmed before', () => {
  const mail = new Mail();
  for (const id of [5, 9, 7, 3, 9]) mail.give(id);
  assert.equal(mail.size, 4);
  mail.written(9, 100);
  mail.written(7, 200);
  mail.written(9, 300);
  mail.written(4, 50);
  assert.deepEqual(mail.takeWrittenUntil(99), []);
  assert.deepEqual(mail.takeWrittenUntil(150), [9]);
  assert.equal(mail.take(3), true);
  assert.equal(mail.take(3), false);
  assert.deepEqual(
    [3, 4, 5, 7, 9].filter((id) => mail.has(id)),
    [5, 7],
  );
  mail.written(5, 250);
  assert.deepEqual(mail.takeWrittenUntil(1_000), [5, 7]);
  assert.equal(mail.size, 0);
});

type Step = { readonly do: 'give' | 'written' | 'take' | 'until'; readonly id: number };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ do: fc.constantFrom('give', 'give', 'written', 'take', 'until'), id: fc.integer({ min: 1, max: 12 }) }),
  { maxLength: 60 },
);

test('whatever happens to messages on their way, each is confirmed once and in time', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const mail = new Mail();
      const given = new Map<number, number | undefined>();
      for (const [now, step] of all.entries()) {
        const { id } = step;
        assert.equal(mail.has(id), given.has(id));
        if (step.do === 'give') {
          mail.give(id);
          if (!given.has(id)) given.set(id, undefined);
        } else if (step.do === 'written') {
          mail.written(id, now);
          if (given.has(id)) given.set(id, given.get(id) ?? now);
        } else if (step.do === 'take') assert.equal(mail.take(id), given.delete(id));
        else {
          const due = [...given].flatMap(([one, at]) => (at !== undefined && at <= now - id ? [one] : []));
          for (const one of due) given.delete(one);
          assert.deepEqual(
            mail.takeWrittenUntil(now - id),
            due.toSorted((a, b) => a - b),
          );
        }
        assert.equal(mail.size, given.size);
      }
    }),
    { numRuns: 500 },
  );
});
