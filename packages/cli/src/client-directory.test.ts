import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Client, PersonDetails } from '@seekyou/client';
import { DETAILS, FieldError, FORMS, searchFrom, tell } from './client-directory.ts';

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
    ['gmtOffset', '', { gmtOffset: -100 }],
    ['country', '', { country: 0 }],
    ['gender', '1', { gender: 1 }],
    ['gender', '', { gender: 0 }],
    ['birthday', '1974-05-31', { birthday: '1974-05-31' }],
    ['birthday', '', { birthday: '' }],
    ['webAware', 'no', { webAware: false }],
    ['directPermissions', '2', { directPermissions: 2 }],
    ['hideAddress', 'yes', { hidden: true }],
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
    ['homepageCategory', '50 my cats', { homepageCategory: { category: 50, text: 'my cats' } }],
    ['homepageCategory', '', { homepageCategory: { category: 0, text: '' } }],
    [
      'otherEmails',
      'ann@example.org; hidden ann@example.com',
      {
        otherEmails: [
          { address: 'ann@example.org', hidden: false },
          { address: 'ann@example.com', hidden: true },
        ],
      },
    ],
    ['otherEmails', '', { otherEmails: [] }],
  ] as const)
    assert.deepEqual(await told(field, value), expected, `${field} ${value}`);
});

test('what is none of them is refused with what it should be', async () => {
  for (const [field, value, expected] of [
    ['shoeSize', '42', /is none of nickname, /],
    ['country', 'Poland', /country is a number, not Poland/],
    ['gender', 'female', /gender is 1 for female or 2 for male, not female/],
    ['birthday', '31.5.1974', /birthday is YEAR-MONTH-DAY, such as 1974-05-31, not 31\.5\.1974/],
    ['birthday', '1974-13-01', /birthday is YEAR-MONTH-DAY/],
    ['gmtOffset', '+2', /gmtOffset is half hours west of Greenwich, .* not \+2/],
    ['gmtOffset', '60', /gmtOffset is half hours west of Greenwich/],
    ['directPermissions', '3', /directPermissions is 0 for anybody/],
    ['directPermissions', '', /directPermissions is 0 for anybody, .* not nothing/],
    ['webAware', 'maybe', /webAware is yes or no/],
    ['webAware', '', /webAware is yes or no, not nothing/],
    ['hideAddress', '', /hideAddress is yes or no, not nothing/],
    ['languages', '1 2 3 4', /up to three numbers/],
    ['languages', 'Polish', /up to three numbers/],
    ['interests', 'chess', /numbers with words/],
    ['interests', '104chess', /numbers with words/],
    ['homepageCategory', 'cats', /a number with words, such as/],
    ['otherEmails', 'ann', /addresses, such as/],
    ['otherEmails', 'ann@example.org shown', /addresses, such as/],
  ] as const)
    await assert.rejects(told(field, value), (error: Error) => error instanceof FieldError && expected.test(error.message), `${field} ${value}`);
});

test('people are searched by the topics they told', () => {
  const found = searchFrom('interest="104 chess" past=303 affiliation=205 homepage=50 city=Łódź');
  const topic = (category: number, text = ''): object => ({ category, text });
  assert.deepEqual(found, { interest: topic(104, 'chess'), past: topic(303), affiliation: topic(205), homepage: topic(50), city: 'Łódź' });
  assert.throws(() => searchFrom('interest=chess'), FieldError);
  assert.deepEqual(searchFrom('onlineOnly nickname=ann*'), { onlineOnly: true, nickname: 'ann*' });
  assert.deepEqual(searchFrom('onlineOnly=no'), { onlineOnly: false });
});

test('the page of our client lists all fields, and how they are written', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/clients/seekyou.md'), 'utf8');
  const rows = Object.entries(FORMS).map(([kind, form]) => {
    const fields = Object.entries(DETAILS).filter(([, one]) => one === kind);
    return `| ${fields.map(([name]) => `\`${name}\``).join(', ')} | ${form} |`;
  });
  const table = rows.join('\n');
  assert.ok(page.includes(table), `the table of fields there should be:\n${table}`);
});
