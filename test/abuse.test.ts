/** What others feel of a flood. Longer, and each kind of flood by itself: `npm run bench -- abuse`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Felt, feel, MEMORY_BYTES_MAX, prepare, RATIO_MAX, ratioOf, TURN_MS_MAX } from '../bench/src/run/abuse.ts';
import { removeDirectory, temporaryDirectory } from './process.ts';

/** The processors are shared with whatever else runs here, so a bad minute is given another chance; a bad server is not helped by it. */
const ATTEMPTS = 4;

test('connections, guesses, registrations, messages and searches flood in, and others hardly feel it', async (t) => {
  const directory = temporaryDirectory();
  try {
    await prepare(directory, () => {});
    const size = { rounds: 1, warmUpSeconds: 0.5, seconds: 3 };
    const all: { readonly control: Felt['control'][number][]; readonly flooded: Felt['flooded'][number][] } = { control: [], flooded: [] };
    for (let attempt = 0; attempt < ATTEMPTS && !(ratioOf(all) <= RATIO_MAX); attempt++) {
      const felt = await feel({ directory, size, tell: () => {} }, 'everything');
      all.control.push(...felt.control);
      all.flooded.push(...felt.flooded);
      const { flood } = felt.flooded[0] ?? assert.fail('a flood');
      t.diagnostic(
        `${flood.sent} sent, ${flood.ended} thrown out; longest turn ${felt.turnMs.toFixed(1)} ms; best p99 so far ${ratioOf(all).toFixed(2)} × control`,
      );
      assert.ok(flood.sent > 1_000 && flood.ended > 100, 'there was a flood, and the server defended itself');
      assert.ok(felt.turnMs <= TURN_MS_MAX, `a turn took ${felt.turnMs.toFixed(1)} ms`);
      assert.ok(felt.memory.after - felt.memory.before <= MEMORY_BYTES_MAX, `memory grew from ${felt.memory.before} to ${felt.memory.after} bytes`);
    }
    assert.ok(
      ratioOf(all) <= RATIO_MAX,
      `others' slowest messages took ${ratioOf(all).toFixed(1)} times as long as with the same flood at a port that discards it`,
    );
  } finally {
    removeDirectory(directory);
  }
});
