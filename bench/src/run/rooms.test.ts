import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roomFigure } from './rooms.ts';

const result = (spreadP50Ms: number, lastP50Ms: number, wrong = 0) => ({ spreadP50Ms, spreadMaxMs: spreadP50Ms, lastP50Ms, wrong });

test('a room reaches its bar when the last hears it 20 ms after the first, and a member costs the same among many', () => {
  assert.equal(roomFigure(result(2, 2), result(20, 8)).standing, 'ok');
  assert.equal(roomFigure(result(2, 2), result(20.1, 8)).standing, 'below');
  assert.equal(roomFigure(result(2, 2), result(10, 12.1)).standing, 'below', 'more than linear');
  assert.equal(roomFigure(result(2, 2, 1), result(2, 2)).standing, 'failed', 'whatever its speed');
});
