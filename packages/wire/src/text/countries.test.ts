import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCodepage } from './codepages.ts';
import { codepageForCountry } from './countries.ts';

test('countries have the code pages of the reference', () => {
  const reference: [country: number, codepage: number][] = [
    [7, 1251],
    [972, 1255],
    [81, 932],
    [86, 936],
    [886, 950],
    [82, 949],
    [30, 1253],
    [90, 1254],
    [48, 1250],
    [420, 1250],
  ];
  for (const [country, codepage] of reference) assert.equal(codepageForCountry(country), codepage);
});

test('a country without a page of its own has none', () => {
  for (const country of [0, 1, 44, 49, 65535]) assert.equal(codepageForCountry(country), undefined);
});

test('every page a country suggests is one we know', () => {
  for (let country = 0; country <= 0xffff; country++) {
    const codepage = codepageForCountry(country);
    assert.ok(codepage === undefined || isCodepage(codepage));
  }
});
