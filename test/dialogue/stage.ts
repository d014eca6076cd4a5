/**
 * A stage for dialogues: a real server on a free port, and people with real clients on real sockets.
 *
 * Nobody sleeps here. A person waits for what he expects; and to say that nothing more comes, he asks the server something and
 * waits for the answer, because a connection answers in order.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Client, type ClientEvent, connect, type ConnectOptions, nodePlatform } from '@seekyou/client';
import { asUin, Refused } from '@seekyou/core';
import { type Config, createLog, loadConfig, type RunningServer, startServer } from '@seekyou/server';
import { oservice } from '@seekyou/wire/oscar';

/** Far beyond what anything here takes; a test that waits longer has failed. */
const PATIENCE_MS = 15_000;
export const PASSWORD = 'secret12';

export interface Stage {
  readonly config: Config;
  readonly server: RunningServer;
  readonly host: string;
  readonly port: number;
  /** Somebody with an account; not signed on yet. */
  person(name: string, options?: PersonOptions): Promise<Person>;
  /** Stops the server and starts it again on the same data, on the same port. */
  restart(): Promise<void>;
  data: string;
}

export interface PersonOptions {
  /** Others must ask before they see this person; false unless said. */
  readonly authorisationRequired?: boolean;
  readonly codepage?: number;
}

/** Somebody with an account and one client of ours. */
export class Person {
  readonly name: string;
  readonly uin: number;
  private readonly stage: Stage;
  private current: Client | undefined;
  private events: ClientEvent[] = [];
  private waiting: (() => void) | undefined;

  constructor(name: string, uin: number, stage: Stage) {
    this.name = name;
    this.uin = uin;
    this.stage = stage;
  }

  get client(): Client {
    assert.ok(this.current, `${this.name} is not signed on`);
    return this.current;
  }

  async signsOn(options: Partial<ConnectOptions> = {}): Promise<void> {
    const client = await connect(nodePlatform(), { server: this.stage, uin: this.uin, password: PASSWORD, tls: 'off', ...options });
    this.current = client;
    this.events = [];
    client.listen((event) => {
      this.events.push(event);
      this.waiting?.();
    });
  }

  async signsOff(): Promise<void> {
    this.client.close();
    await this.expects('the connection to close', (event) => event.type === 'closed');
    this.current = undefined;
  }

  /** The line breaks: no goodbye. */
  breaksOff(): void {
    this.client.destroy();
    this.current = undefined;
  }

  says(to: Person, text: string): Promise<void> {
    return this.client.send(to.uin, text);
  }

  /** The next message from that person; it must be this one. */
  async hears(from: Person, text: string, how: { readonly stored?: boolean } = {}): Promise<void> {
    const event = await this.expects(`"${text.slice(0, 40)}" from ${from.name}`, (e) => e.type === 'message' && e.from === from.uin);
    assert.equal((event as { text: string }).text, text, `${this.name} hears ${from.name}`);
    if (how.stored !== undefined) assert.equal((event as { stored: boolean }).stored, how.stored, 'whether the message had waited');
  }

  async sees(whom: Person, status: string): Promise<void> {
    await this.expects(`${whom.name} ${status}`, (event) => event.type === 'presence' && event.uin === whom.uin && event.status.status === status);
  }

  /** Takes the first event that fits out of what came, or waits for it. */
  async expects(what: string, fits: (event: ClientEvent) => boolean): Promise<ClientEvent> {
    const give = Date.now() + PATIENCE_MS;
    for (;;) {
      const at = this.events.findIndex(fits);
      if (at >= 0) return this.events.splice(at, 1)[0] as ClientEvent;
      const left = give - Date.now();
      if (left <= 0) assert.fail(`${this.name} waited ${PATIENCE_MS / 1000} s for ${what}; came instead: ${JSON.stringify(this.events)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Everything the server had for this person has arrived. */
  async settles(): Promise<void> {
    await this.client.request(oservice.userInfoQuery, {}, oservice.userInfoUpdate, 'a question to settle');
  }

  /** No message is left unheard; presence may be, and how often the client tried to come back. */
  async hearsNothingMore(): Promise<void> {
    await this.settles();
    assert.deepEqual(
      this.events.filter((event) => !['presence', 'added-by', 'reconnecting'].includes(event.type)),
      [],
      `${this.name} hears nothing more`,
    );
  }

  /** Nothing about this person's presence is left unheard. */
  async seesNothingOf(whom: Person): Promise<void> {
    await this.settles();
    assert.deepEqual(
      this.events.filter((event) => event.type === 'presence' && event.uin === whom.uin),
      [],
      `${this.name} sees nothing of ${whom.name}`,
    );
  }

  async leave(): Promise<void> {
    this.current?.destroy();
    this.current = undefined;
  }
}

export async function openStage(options: Readonly<Record<string, unknown>> = {}): Promise<Stage & { close(): Promise<void> }> {
  const data = mkdtempSync(join(tmpdir(), 'seekyou-stage-'));
  const people: Person[] = [];
  const start = (listen: string): Promise<RunningServer> => {
    const config = loadConfig({ options: { data, listen: [listen], udp: ['127.0.0.1:0'], admin: '127.0.0.1:0', ...options }, environment: {} });
    return startServer(config, createLog({ logFile: join(data, 'log'), logLevel: 'info' }));
  };
  let server = await start('127.0.0.1:0');
  const port = Number(/:(\d+)$/.exec(server.addresses[0] as string)?.[1]);
  const stage = {
    data,
    host: '127.0.0.1',
    port,
    config: loadConfig({ options: { data, ...options }, environment: {} }),
    get server() {
      return server;
    },
    async person(name: string, how: PersonOptions = {}): Promise<Person> {
      const created = await server.core.admin.create({ password: PASSWORD, nickname: name, authorisationRequired: how.authorisationRequired ?? false });
      assert.ok(!(created instanceof Refused), `an account for ${name}`);
      if (how.codepage !== undefined) await server.core.admin.set(created.uin, { codepage: how.codepage });
      const person = new Person(name, created.uin, stage);
      people.push(person);
      return person;
    },
    async restart(): Promise<void> {
      await server.stop();
      server = await start(`127.0.0.1:${port}`);
    },
    async close(): Promise<void> {
      await Promise.all(people.map((person) => person.leave()));
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
  return stage;
}

interface Cast {
  readonly stage: Stage;
  readonly alice: Person;
  readonly bob: Person;
}

/** A test with a server and two people who have accounts. */
export function dialogue(name: string, play: (cast: Cast, t: TestContext) => Promise<void>, options: Readonly<Record<string, unknown>> = {}): void {
  test(name, async (t) => {
    const stage = await openStage(options);
    try {
      await play({ stage, alice: await stage.person('alice'), bob: await stage.person('bob') }, t);
    } catch (error) {
      const { readFileSync } = await import('node:fs');
      t.diagnostic(`server log:\n${readFileSync(join(stage.data, 'log'), 'utf8')}`);
      throw error;
    } finally {
      await stage.close();
    }
  });
}

export const uinOf = (person: Person): NonNullable<ReturnType<typeof asUin>> => asUin(person.uin) as NonNullable<ReturnType<typeof asUin>>;
