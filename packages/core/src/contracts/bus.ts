/** The bus contract. A test of an adapter calls `busContract` with its name and a way to open a bus. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Bus, type Clock, NoResponders, RequestTimeout } from '../ports.ts';
import { type TestClock, testClock } from '../testing.ts';

/** Something that hears payloads and can be waited for. */
class Listener {
  readonly heard: unknown[] = [];
  readonly hear = (payload: unknown): void => {
    this.heard.push(payload);
    if (this.heard.length >= this.#wanted) this.#enough.resolve();
  };
  #wanted = Infinity;
  #enough = Promise.withResolvers<void>();

  /** Resolves once so many payloads have come. */
  async hears(count: number): Promise<void> {
    if (this.heard.length >= count) return;
    this.#wanted = count;
    this.#enough = Promise.withResolvers<void>();
    await this.#enough.promise;
  }
}

/** Waits until everything published before has arrived: a publisher's payloads come in order. */
async function arrived(bus: Bus): Promise<void> {
  const last = new Listener();
  const end = bus.subscribe('contract.arrived', last.hear);
  bus.publish('contract.arrived', null);
  await last.hears(1);
  end();
}

type Check = (what: string, run: (bus: Bus, clock: TestClock) => Promise<void>) => void;

/** @param open a bus nobody else is on, for each test; its time-outs follow the clock */
export function busContract(name: string, open: (clock: Clock) => Bus | Promise<Bus>): void {
  const check: Check = (what, run) => {
    test(what, async () => {
      const clock = testClock();
      const bus = await open(clock);
      try {
        await run(bus, clock);
      } finally {
        await bus.close();
      }
      assert.equal(clock.timers, 0, 'no timer outlives its request or its bus');
    });
  };
  describe(`${name} bus`, () => {
    publishing(check);
    asking(check);
  });
}

function publishing(check: Check): void {
  check('everybody who subscribed hears everything, in order, and nobody else', async (bus) => {
    const [one, two, other] = [new Listener(), new Listener(), new Listener()];
    bus.subscribe('user.10001', one.hear);
    bus.subscribe('user.10001', two.hear);
    bus.subscribe('user.10002', other.hear);
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    for (const n of numbers) bus.publish('user.10001', n);
    bus.publish('nobody', 'lost');
    await arrived(bus);
    assert.deepEqual(one.heard, numbers);
    assert.deepEqual(two.heard, numbers);
    assert.deepEqual(other.heard, []);
  });

  check('a payload arrives as it was sent', async (bus) => {
    const payload = { type: 'message.stored', at: 981_173_106_007, bytes: Uint8Array.of(0, 254, 255), list: [1, 'Привет\0', null, true], nested: { deep: {} } };
    const listener = new Listener();
    bus.subscribe('user.1', listener.hear);
    bus.publish('user.1', payload);
    await listener.hears(1);
    assert.deepEqual(listener.heard, [payload]);
  });

  check('a subscription ends', async (bus) => {
    const [leaves, stays] = [new Listener(), new Listener()];
    const leave = bus.subscribe('room', leaves.hear);
    bus.subscribe('room', stays.hear);
    bus.publish('room', 1);
    await arrived(bus);
    leave();
    leave();
    bus.publish('room', 2);
    await arrived(bus);
    assert.deepEqual([leaves.heard, stays.heard], [[1], [1, 2]]);
  });

  check('who subscribes twice hears twice, and ends one at a time', async (bus) => {
    const listener = new Listener();
    const end = bus.subscribe('room', listener.hear);
    bus.subscribe('room', listener.hear);
    bus.publish('room', 'a');
    await arrived(bus);
    end();
    end();
    bus.publish('room', 'b');
    await arrived(bus);
    assert.deepEqual(listener.heard, ['a', 'a', 'b']);
  });

  check('a subscriber that throws disturbs nobody', async (bus) => {
    const listener = new Listener();
    bus.subscribe('room', () => {
      throw new Error('on purpose');
    });
    bus.subscribe('room', listener.hear);
    bus.publish('room', 1);
    bus.publish('room', 2);
    await arrived(bus);
    assert.deepEqual(listener.heard, [1, 2]);
  });

  check('what a subscriber publishes comes after what is being delivered', async (bus) => {
    const [echoes, late] = [new Listener(), new Listener()];
    bus.subscribe('room', (payload) => {
      if (payload === 'first') bus.publish('room', 'answer');
    });
    bus.subscribe('room', late.hear);
    bus.subscribe('room', (payload) => {
      if (payload === 'answer') bus.publish('echo', 'heard');
    });
    bus.subscribe('echo', echoes.hear);
    bus.publish('room', 'first');
    await late.hears(2);
    await echoes.hears(1);
    assert.deepEqual(late.heard, ['first', 'answer']);
  });

  check('a subscriber may come and go while something is delivered', async (bus) => {
    const late = new Listener();
    let rounds = 0;
    const end = bus.subscribe('room', () => {
      rounds++;
      end();
      bus.subscribe('room', late.hear);
    });
    bus.publish('room', 'first');
    await arrived(bus);
    bus.publish('room', 'second');
    await late.hears(1);
    assert.equal(rounds, 1);
    assert.equal(late.heard.at(-1), 'second');
  });
}

function asking(check: Check): void {
  check('a request is answered, at once or later', async (bus) => {
    bus.respond('double', (payload) => (payload as number) * 2);
    bus.respond('later', (payload) => Promise.resolve({ was: payload }));
    const answers = await Promise.all([bus.request('double', 21, 1_000), bus.request('double', 4, 1_000), bus.request('later', 'x', 1_000)]);
    assert.deepEqual(answers, [42, 8, { was: 'x' }]);
  });

  check('a request nobody answers is known at once', async (bus) => {
    await assert.rejects(bus.request('nobody', 1, 1_000), NoResponders);
    const end = bus.respond('somebody', () => 'yes');
    assert.equal(await bus.request('somebody', 1, 1_000), 'yes');
    end();
    end();
    await assert.rejects(bus.request('somebody', 1, 1_000), NoResponders);
  });

  check('a request waits so long and no longer', async (bus, clock) => {
    const asked = new Listener();
    const answer = Promise.withResolvers<string>();
    bus.respond('slow', (payload) => {
      asked.hear(payload);
      return answer.promise;
    });
    const failures: unknown[] = [];
    const request = bus.request('slow', 1, 1_000).catch((error: unknown) => failures.push(error));
    await asked.hears(1);
    clock.advance(999);
    await arrived(bus);
    assert.equal(failures.length, 0);
    clock.advance(1);
    await request;
    assert.ok(failures[0] instanceof RequestTimeout, String(failures[0]));
    // An answer that comes too late belongs to nobody.
    answer.resolve('late');
    await arrived(bus);
    assert.equal(await bus.request('slow', 2, 1_000), 'late');
  });

  check('a responder that fails is not waited for', async (bus) => {
    bus.respond('throws', () => {
      throw new Error('on purpose');
    });
    bus.respond('rejects', () => Promise.reject(new Error('on purpose')));
    await assert.rejects(bus.request('throws', 1, 1_000), /on purpose/);
    await assert.rejects(bus.request('rejects', 1, 1_000), /on purpose/);
  });

  check('closing ends what is waiting', async (bus) => {
    const asked = new Listener();
    bus.respond('never', (payload) => {
      asked.hear(payload);
      return new Promise(() => undefined);
    });
    const listener = new Listener();
    bus.subscribe('room', listener.hear);
    const request = assert.rejects(bus.request('never', 1, 1_000));
    await asked.hears(1);
    await bus.close();
    await request;
    bus.publish('room', 'too late');
    await assert.rejects(bus.request('never', 1, 1_000));
    assert.deepEqual(listener.heard, []);
    await bus.close();
  });
}
