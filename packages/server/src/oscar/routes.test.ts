import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Family, snacName } from '@seekyou/wire/oscar';
import { BOS_FAMILIES } from './oservice.ts';
import { PEOPLE_RATES, rateGroups } from './rates.ts';
import { ROUTES, routeOf } from './routes.ts';

test('no packet is answered by two handlers', () => {
  const names = ROUTES.map(({ declaration }) => snacName(declaration));
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
  for (const route of ROUTES) assert.equal(routeOf(route.declaration), route);
  assert.equal(routeOf({ family: 0x7777, subtype: 1 }), undefined);
});

test('what is answered comes from clients, in a family that is offered', () => {
  for (const { declaration } of ROUTES) {
    assert.notEqual(declaration.from, 'server', snacName(declaration));
    // Our own family is offered to nobody: who knows it uses it.
    assert.ok(BOS_FAMILIES.includes(declaration.family) || declaration.family === Family.own, snacName(declaration));
  }
});

test('everything a client may send is in a rate class: AIM sends nothing that is in none', () => {
  const listed = new Set(rateGroups(PEOPLE_RATES).flatMap(({ snacs }) => snacs.map(snacName)));
  const missing = ROUTES.map(({ declaration }) => snacName(declaration)).filter((name) => !listed.has(name));
  assert.deepEqual(missing, []);
});
