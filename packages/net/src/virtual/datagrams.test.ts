import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgetfulTranslator, type Line, type VirtualClock, VirtualNetwork } from './datagrams.ts';

/** Time that passes when it is told to. */
class Time implements VirtualClock {
  private at = 0;
  private due: { readonly at: number; readonly run: () => void }[] = [];

  now(): number {
    return this.at;
  }

  after(ms: number, run: () => void): () => void {
    const one = { at: this.at + ms, run };
    this.due.push(one);
    return () => void (this.due = this.due.filter((other) => other !== one));
  }

  pass(ms: number): void {
    const end = this.at + ms;
    for (;;) {
      const next = this.due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.due = this.due.filter((one) => one !== next);
      this.at = next.at;
      next.run();
    }
    this.at = end;
  }
}

/** Numbers from 0 to 1, always the same ones for a seed. */
function chanceFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const SERVER = { address: '192.0.2.1', port: 4000 };
const CLIENT = { address: '198.51.100.7', port: 1029 };

function arrivals(line: Line, seed: number): number[] {
  const time = new Time();
  const network = new VirtualNetwork(time, chanceFrom(seed), line);
  const heard: number[] = [];
  network.open({ at: SERVER, onDatagram: (bytes) => void heard.push(bytes[0] as number) });
  const client = network.open({ at: CLIENT, onDatagram: () => {} });
  for (let i = 0; i < 200; i++) {
    client.send(Uint8Array.of(i), SERVER);
    time.pass(10);
  }
  time.pass(10_000);
  return heard;
}

const inOrder = (numbers: readonly number[]): boolean => numbers.every((number, i) => i === 0 || number >= (numbers[i - 1] as number));

test('a good line brings everything once and in order', () => {
  assert.deepEqual(
    arrivals({}, 1),
    Array.from({ length: 200 }, (_, i) => i),
  );
});

test('a bad line loses, repeats and reorders, and does the same for the same seed', () => {
  const line = { loss: 0.2, duplication: 0.2, delayMs: [5, 50] as const };
  const heard = arrivals(line, 7);
  const different = new Set(heard).size;
  assert.ok(different > 120 && different < 195, `${different} of 200 arrived`);
  assert.ok(heard.length > different, 'some came twice');
  assert.ok(!inOrder(heard), 'some overtook others');
  assert.deepEqual(arrivals(line, 7), heard);
  assert.notDeepEqual(arrivals(line, 8), heard);
});

test('a translator lets answers in until it forgets', () => {
  const time = new Time();
  const network = new VirtualNetwork(time, () => 0.5);
  const seen: number[] = [];
  const server = network.open({ at: SERVER, onDatagram: (_, from) => void seen.push(from.port) });
  let answers = 0;
  const behind = forgetfulTranslator('203.0.113.9', 30_000);
  const client = network.open({ at: { address: '10.0.0.2', port: 1029 }, behind, onDatagram: () => void answers++ });
  const answer = (port: number): void => server.send(Uint8Array.of(2), { address: '203.0.113.9', port });

  client.send(Uint8Array.of(1), SERVER);
  time.pass(29_000);
  answer(seen[0] as number);
  time.pass(1);
  assert.equal(answers, 1);
  // What comes in does not keep it: only what goes out does.
  time.pass(2_000);
  answer(seen[0] as number);
  time.pass(1);
  assert.equal(answers, 1);
  client.send(Uint8Array.of(1), SERVER);
  time.pass(1);
  assert.notEqual(seen[1], seen[0]);
  answer(seen[1] as number);
  network.send(Uint8Array.of(3), { address: '192.0.2.66', port: 4000 }, { address: '203.0.113.9', port: seen[1] as number });
  time.pass(1);
  assert.equal(answers, 2);
});
