import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLAP_HEADER_BYTES } from '@seekyou/wire/oscar';
import { Chance } from '../chance.ts';
import { setUpFlights } from '../load/frames.ts';
import { clientSpecimens, goldenSpecimens } from './corpus.ts';
import { framesOf, inPieces, mutatedFrame, mutatedOrder, mutatedStream } from './mutate.ts';

const SEED = Chance.seed();

test(`a changed frame keeps a right FLAP length, and most are changed (seed ${SEED})`, () => {
  const chance = new Chance(SEED);
  const specimens = goldenSpecimens();
  assert.ok(specimens.length > 100, `${specimens.length} golden packets`);
  let changed = 0;
  for (const { frame } of specimens) {
    const mutated = mutatedFrame(Buffer.from(frame), chance);
    assert.equal(mutated.readUInt16BE(4), mutated.length - FLAP_HEADER_BYTES);
    if (!mutated.equals(frame)) changed++;
  }
  assert.ok(changed > specimens.length * 0.8, `${changed} of ${specimens.length} changed`);
});

test('frames of real clients are found in their recordings, each whole', () => {
  const specimens = clientSpecimens();
  assert.ok(specimens.length > 50, `${specimens.length} frames`);
  for (const { name, frame } of specimens) assert.equal(frame.readUInt16BE(4), frame.length - FLAP_HEADER_BYTES, name);
});

test('the same seed makes the same changes', () => {
  const frames = framesOf(setUpFlights.second);
  const make = (): Buffer => {
    const chance = new Chance(42);
    const order = mutatedOrder(
      frames.map((frame) => mutatedFrame(frame, chance)),
      chance,
    );
    return mutatedStream(Buffer.concat(order), chance);
  };
  assert.deepEqual(make(), make());
});

test(`pieces are the whole, in order (seed ${SEED})`, () => {
  const chance = new Chance(SEED);
  const whole = Buffer.concat([setUpFlights.first, setUpFlights.second]);
  const cuts = Array.from({ length: 50 }, () => inPieces(whole, chance));
  for (const pieces of cuts) assert.deepEqual(Buffer.concat(pieces), whole);
  assert.ok(
    cuts.some((pieces) => pieces.length > 1),
    'most are cut somewhere',
  );
});
