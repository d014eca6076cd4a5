import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client, PersonDetails } from '@seekyou/client';
import { FieldError, tell } from './client-directory.ts';

/** What the library is told. */
async function told(field: string, value: string): Promise<unknown> {
  const said: unknown[] = [];
  const client = {
    directory: { tell: (details: Partial<PersonDetails>) => Promise.resolve(void said.push(details)) },
    hideAddress: (hidden: boolean) => void said.push({ hidden }),
  };
  await tell(client as unknown as Client, field, value);
  assert.equal(said.length, 1);
  return said[0];
}

test('details are texts, numbers, yes or no, and lists of these', async () => {
  for (const [field, value, expected] of [
    ['nickname', 'Żółw', { nickname: 'Żółw' }],
    ['nickname', '', { nickname: '' }],
    ['gmtOffset', '-2', { gmtOffset: -2 }],
    ['webAware', 'no', { webAware: false }],
    ['directPermissions', '2', { directPermissions: 2 }],
    ['hideAddress', '', { hidden: true }],
    ['hideAddress', 'no', { hidden: false }],
    ['languages', '44  50', { languages: [44, 50] }],
    ['languages', '', { languages: [] }],
    [
      'interests',
      '104 chess & go; 113',
      {
        interests: [
          { category: 104, text: 'chess & go' },
          { category: 113, text: '' },
        ],
      },
    ],
    ['pasts', '', { pasts: [] }],
  ] as const)
    assert.deepEqual(await told(field, value), expected, `${field} ${value}`);
});

test('what is none of them is refused with what it should be', async () => {
  for (const [field, value, expected] of [
    ['shoeSize', '42', /is none of nickname, /],
    ['gender', 'female', /gender is a number, not female/],
    ['webAware', 'maybe', /webAware is yes or no/],
    ['languages', '1 2 3 4', /up to three numbers/],
    ['languages', 'Polish', /up to three numbers/],
    ['interests', 'chess', /numbers with words/],
    ['interests', '104chess', /numbers with words/],
  ] as const)
    await assert.rejects(told(field, value), (error: Error) => error instanceof FieldError && expected.test(error.message), `${field} ${value}`);
});
