import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chat, Family, oservice, snacName } from '@seekyou/wire/oscar';
import { BOS_FAMILIES, SERVICES } from './oservice.ts';
import { PEOPLE_RATES, rateGroups } from './rates.ts';
import { ROUTES, routeOf, SERVICE_ROUTES } from './routes.ts';

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

test('connections for one family answer that and a part of family 01', () => {
  const names = SERVICE_ROUTES.map(({ declaration }) => snacName(declaration));
  assert.equal(new Set(names).size, names.length);
  for (const { declaration } of SERVICE_ROUTES) {
    assert.notEqual(declaration.from, 'server', snacName(declaration));
    assert.ok(SERVICES.includes(declaration.family), snacName(declaration));
    assert.equal(routeOf(declaration), undefined, 'not on BOS');
    assert.equal(routeOf(declaration, declaration.family)?.declaration, declaration);
    const listed = rateGroups(PEOPLE_RATES, declaration.family).flatMap(({ snacs }) => snacs.map(snacName));
    assert.ok(listed.includes(snacName(declaration)), snacName(declaration));
  }
  assert.ok(routeOf(oservice.clientOnline, Family.bart));
  assert.equal(routeOf(oservice.setNicknameFields, Family.bart), undefined);
  assert.equal(routeOf(chat.channelMsgToHost, Family.bart), undefined);
});

test('everything a client may send is in a rate class: AIM sends nothing that is in none', () => {
  const listed = new Set(rateGroups(PEOPLE_RATES).flatMap(({ snacs }) => snacs.map(snacName)));
  const missing = ROUTES.map(({ declaration }) => snacName(declaration)).filter((name) => !listed.has(name));
  assert.deepEqual(missing, []);
});
