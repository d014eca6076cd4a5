/** What only old clients do, against a real server: register, look for people, keep lists, come back. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ClientError, RequestRefused } from '@seekyou/client';
import {
  connectUdp,
  nodeUdpPlatform,
  type Registered,
  registerUdp,
  type UdpClient,
  type UdpConnectOptions,
  type UdpEvent,
  type UdpVersion,
} from '@seekyou/client/udp';
import { encodeText } from '@seekyou/wire/text';
import { commands, decodeReply, replies } from '@seekyou/wire/udp';
import { RawUdpClient } from '../wire/raw-udp-client.ts';
import { OscarActor, type Places } from './actors.ts';
import { openStage, PASSWORD, type Person, type Stage } from './stage.ts';

const VERSIONS: readonly UdpVersion[] = [2, 3, 4, 5];
const PATIENCE_MS = 30_000;
const AT_ONCE = 6;
const WRITTEN: readonly UdpEvent['type'][] = ['message', 'url', 'contacts', 'notice', 'trouble'];

interface Scene {
  readonly stage: Stage;
  readonly places: Places;
  /** Signs on; signed off at the end of the test. */
  readonly comes: (person: Pick<Person, 'uin'>, options?: Partial<UdpConnectOptions>) => Promise<Present>;
}

/** Somebody signed on, and what is heard. */
class Present {
  readonly client: UdpClient;
  private readonly events: UdpEvent[] = [];
  private wake: () => void = () => {};

  constructor(client: UdpClient) {
    this.client = client;
    client.listen((event) => {
      this.events.push(event);
      this.wake();
    });
  }

  /** The first event of a kind that fits, out of what came or will come. */
  async hears<T extends UdpEvent['type']>(
    type: T,
    fits: (event: Extract<UdpEvent, { type: T }>) => boolean = () => true,
  ): Promise<Extract<UdpEvent, { type: T }>> {
    const give = Date.now() + PATIENCE_MS;
    for (;;) {
      const at = this.events.findIndex((event) => event.type === type && fits(event as Extract<UdpEvent, { type: T }>));
      if (at >= 0) return this.events.splice(at, 1)[0] as Extract<UdpEvent, { type: T }>;
      const left = give - Date.now();
      if (left <= 0) assert.fail(`waited for "${type}"; came instead: ${JSON.stringify(this.events)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async hearsText(text: string): Promise<boolean> {
    const event = await this.hears('message');
    assert.equal(event.text, text);
    return event.stored;
  }

  async sees({ uin }: Pick<Person, 'uin'>, status: string): Promise<void> {
    await this.hears('presence', (event) => event.uin === uin && event.status.status === status);
  }

  /** The server answers in order: what it had before is there. */
  async hearsNothingMore(): Promise<void> {
    await this.client.info(this.client.uin);
    assert.deepEqual(
      this.events.filter(({ type }) => WRITTEN.includes(type)),
      [],
    );
  }

  /** Nothing is left that was heard of this person's presence. */
  async seesNothingOf({ uin }: Pick<Person, 'uin'>): Promise<void> {
    await this.client.info(this.client.uin);
    assert.deepEqual(
      this.events.filter((event) => event.type === 'presence' && event.uin === uin),
      [],
    );
  }
}

const scenes: (() => void)[] = [];

/** They run at the end of the file, some at a time: most of each is waiting. */
function scene(name: string, play: (parts: Scene) => Promise<void>, options: Readonly<Record<string, unknown>> = {}): void {
  const run = async (): Promise<void> => {
    const stage = await openStage(options);
    const present: Present[] = [];
    const places = {
      oscar: stage,
      get udp() {
        return { host: '127.0.0.1', port: Number(/:(\d+)$/.exec(stage.server.udpAddresses[0] ?? '')?.[1]) };
      },
    };
    const comes: Scene['comes'] = async ({ uin }, how = {}) => {
      const one = new Present(await connectUdp(nodeUdpPlatform(), { server: places.udp, uin, password: PASSWORD, ...how }));
      present.push(one);
      return one;
    };
    try {
      await play({ stage, places, comes });
    } finally {
      for (const { client } of present) client.close();
      await stage.close();
    }
  };
  scenes.push(() => void test(name, { timeout: 120_000 }, run));
}

const MANY_REGISTRATIONS = { 'limits.udp_registrations_per_address_per_hour': 10 };

scene('wrong passwords over UDP, where anybody can write as if from anywhere, keep nobody out who comes over TCP', async ({ stage, places }) => {
  const alice = await stage.person('alice');
  const guesses = Array.from({ length: 6 }, () => connectUdp(nodeUdpPlatform(), { server: places.udp, version: 5, uin: alice.uin, password: 'guess' }));
  for (const { status } of await Promise.allSettled(guesses)) assert.equal(status, 'rejected');
  await alice.signsOn();
});

for (const version of VERSIONS) {
  scene(
    `version ${version} registers a number and signs on to it`,
    async ({ stage, places, comes }) => {
      const bob = await stage.person('bob');
      const registered: Registered = await registerUdp(nodeUdpPlatform(), { server: places.udp, version, password: 'mine1234', nickname: 'Newcomer' });
      assert.ok(registered.uin !== undefined && registered.password !== undefined, JSON.stringify(registered));
      const newcomer = await comes({ uin: registered.uin }, { version, password: registered.password });
      const friend = await comes(bob, { version });
      await newcomer.client.send(bob.uin, 'hello, I am new');
      await friend.hearsText('hello, I am new');
      await friend.client.send(registered.uin, 'welcome');
      await newcomer.hearsText('welcome');
    },
    MANY_REGISTRATIONS,
  );

  scene(`version ${version}: a wrong password and an unknown number are told the same`, async ({ stage, places }) => {
    const { uin } = await stage.person('alice');
    const failure = async (how: Pick<UdpConnectOptions, 'uin' | 'password'>): Promise<string> => {
      const error: unknown = await connectUdp(nodeUdpPlatform(), { server: places.udp, version, ...how }).catch((e: unknown) => e);
      assert.ok(error instanceof ClientError, String(error));
      assert.equal(error.code, 'wrong-password');
      return error.message;
    };
    assert.equal(await failure({ uin, password: 'wrong' }), await failure({ uin: 99_999_999, password: PASSWORD }));
  });

  scene(`version ${version}: what was read does not come again, and what waits survives a restart`, async ({ stage, comes }) => {
    const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
    const writer = await comes(alice, { version });
    await writer.client.send(bob.uin, 'one');
    const reader = await comes(bob, { version });
    assert.equal(await reader.hearsText('one'), true);
    await reader.hears('stored-told');
    await reader.hearsNothingMore();
    reader.client.close();
    await writer.client.send(bob.uin, 'two');
    writer.client.close();
    await stage.restart();
    const again = await comes(bob, { version });
    assert.equal(await again.hearsText('two'), true);
    await again.hears('stored-told');
    await again.hearsNothingMore();
  });

  scene(`version ${version}: signing on elsewhere ends the session that was`, async ({ stage, comes }) => {
    const alice = await stage.person('alice');
    const first = await comes(alice, { version });
    const second = await comes(alice, { version });
    await first.hears('closed');
    await second.client.info(alice.uin);
  });

  scene(`version ${version} finds people and reads what they say of themselves`, async ({ stage, comes }) => {
    const [alice, bob] = [await stage.person('alice', { codepage: 1251 }), await stage.person('bob', { codepage: 1251 })];
    const seeker = await comes(alice, { version, codepage: 1251 });
    const found = await comes(bob, { version, codepage: 1251 });
    await found.client.setInfo({ nick: 'Боря', first: 'Борис', last: 'Иванов', email: 'boris@example.test' });
    const byNumber = await seeker.client.search({ uin: bob.uin });
    assert.deepEqual(
      byNumber.people.map(({ uin, nick, first, last }) => ({ uin, nick, first, last })),
      [{ uin: bob.uin, nick: 'Боря', first: 'Борис', last: 'Иванов' }],
    );
    const byName = await seeker.client.search({ first: 'Борис', last: 'Иванов' });
    assert.deepEqual(
      byName.people.map(({ uin }) => uin),
      [bob.uin],
    );
    assert.deepEqual((await seeker.client.search({ nick: 'nobody is called so' })).people, []);
    assert.equal((await seeker.client.info(bob.uin)).first, 'Борис');
    assert.equal((await seeker.client.extendedInfo(bob.uin)).uin, bob.uin);
    await assert.rejects(seeker.client.info(99_999_999), RequestRefused);
  });

  scene(`version ${version}: lists of those who may see one and those who may not`, async ({ stage, comes }) => {
    const [alice, bob, carol] = [await stage.person('alice'), await stage.person('bob'), await stage.person('carol')];
    const watchers = { version, contacts: [bob.uin] };
    const [a, c] = [await comes(alice, watchers), await comes(carol, watchers)];
    const hidden = await comes(bob, { version, invisible: true, visible: [alice.uin] });
    await a.sees(bob, 'online');
    await c.seesNothingOf(bob);
    await hidden.client.setStatus('online');
    await c.sees(bob, 'online');
    await hidden.client.list('invisible', carol.uin, true);
    await c.sees(bob, 'offline');
    assert.equal(a.client.statusOf(bob.uin).status, 'online');
    await c.client.send(bob.uin, 'hello anyway');
    await hidden.hearsText('hello anyway');
  });

  scene(`version ${version}: a password that is changed is the one from then on`, async ({ stage, comes }) => {
    const alice = await stage.person('alice');
    const session = await comes(alice, { version });
    await session.client.changePassword('changed1');
    session.client.close();
    await assert.rejects(comes(alice, { version }), ClientError);
    await comes(alice, { version, password: 'changed1' });
  });

  scene(`version ${version}: contacts are handed on, and a message to nobody is answered in words`, async ({ stage, comes }) => {
    const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
    const [a, b] = [await comes(alice, { version }), await comes(bob, { version })];
    const contacts = [
      { uin: alice.uin, nickname: 'Alice' },
      { uin: 100_777, nickname: 'Jürgen' },
    ];
    await a.client.sendContacts(bob.uin, contacts);
    assert.deepEqual((await b.hears('contacts')).contacts, contacts);
    await a.client.send(99_999_999, 'anybody there?');
    assert.match((await a.hears('notice')).text, /99999999 was not delivered/);
  });
}

scene('Groupware keeps what it has its own packets for, and its server says in them that it stops', async ({ stage, places }) => {
  const { uin } = await stage.person('anna', { codepage: 1251 });
  const anna = await RawUdpClient.signsOn(places.udp, { uin, password: PASSWORD }, { version: 3, x1: 0x0002_007a });
  try {
    anna.say(commands.login1, { padding: new Uint8Array(0) });
    for (const list of [commands.contactList, commands.invisibleList, commands.visibleList]) anna.say(list, { uins: [] });
    anna.say(commands.broadcastRequest, { lastTime: 0, zero: 0 });
    for (const end of [replies.endOfMessages, replies.endOfContactList, replies.endOfStoredBroadcasts]) await anna.expect(end);
    const text = encodeText('о себе', 1251).bytes;
    anna.say(commands.setNotes, { text });
    await anna.expect(replies.notesSet);
    anna.say(commands.getFullInfo, { uin });
    for (const part of [replies.basicInfo, replies.workInfoReply, replies.workPage, replies.homeInfoReply, replies.homePage]) await anna.expect(part);
    anna.say(commands.getNotes, { uin });
    assert.deepEqual(decodeReply(3, await anna.expect(replies.notes))?.value, { text, updated: 0, lastLogin: 0, address: '0.0.0.0' });
    anna.say(commands.getFullInfo, { uin: 99_999_999 });
    await anna.expect(replies.invalidUin);
    await stage.restart();
    await anna.expect(replies.goAway);
  } finally {
    anna.destroy();
  }
});

scene('stored messages come unasked to who never asks, as ICQ 99b and licq do not', async ({ stage, comes }) => {
  const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
  const writer = await comes(alice);
  await writer.client.send(bob.uin, 'do you ask?');
  const reader = await comes(bob, { asksForStored: false });
  assert.equal(await reader.hearsText('do you ask?'), true);
});

scene('version 5 describes itself, and is found by it', async ({ stage, comes }) => {
  const [alice, bob] = [await stage.person('alice', { codepage: 1250 }), await stage.person('bob', { codepage: 1250 })];
  const [a, b] = [await comes(alice, { codepage: 1250 }), await comes(bob, { codepage: 1250 })];
  const general = {
    nick: 'Łukasz',
    first: 'Łukasz',
    last: 'Żółć',
    email: 'l@example.test',
    email2: '',
    email3: '',
    city: 'Łódź',
    state: '',
    phone: '42 1',
    fax: '',
    street: 'Piotrkowska 1',
    cellular: '',
    zip: '90-001',
    country: 48,
    gmtOffset: -2,
  };
  await b.client.directory.setGeneral({ ...general, hideEmail: 0 });
  await b.client.directory.setAbout('Zażółć gęślą jaźń');
  await b.client.directory.setInterests([{ category: 100, keywords: 'szachy' }]);
  const work = { city: 'Łódź', state: '', phone: '', fax: '', street: '', zip: '', country: 48, company: 'Kino', department: '', position: 'Kierownik' };
  await b.client.directory.setWork({ ...work, occupation: 1, webPage: 'http://kino.example.test' });
  const info = await a.client.directory.fullInfo(bob.uin);
  for (const [name, value] of Object.entries(general)) {
    assert.equal((info.general as Record<string, unknown> | undefined)?.[name], value, name);
  }
  assert.equal(info.about?.about, 'Zażółć gęślą jaźń');
  assert.deepEqual(info.interests?.interests[0], { category: 100, keywords: 'szachy' });
  assert.deepEqual([info.work?.company, info.work?.position], ['Kino', 'Kierownik']);
  assert.equal((await a.client.directory.shortInfo(bob.uin)).nick, 'Łukasz');
  for (const criteria of [{ uin: bob.uin }, { email: 'l@example.test' }, { first: 'Łukasz', last: 'Żółć' }, { pages: { city: 'Łódź', country: 48 } }]) {
    const people = await a.client.directory.find(criteria);
    assert.deepEqual(
      people.map(({ person }) => person.uin),
      [bob.uin],
      JSON.stringify(criteria),
    );
  }
  assert.deepEqual(await a.client.directory.find({ email: 'nobody@example.test' }), []);
  await assert.rejects(a.client.directory.fullInfo(99_999_999), RequestRefused);
});

scene('somebody is found for random chat, and not after leaving', async ({ stage, comes }) => {
  const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
  const [a, b] = [await comes(alice), await comes(bob)];
  assert.equal(await a.client.findRandom(4), undefined);
  await b.hears('contacts-told'); // before that he is not shown to anybody
  await b.client.joinRandom(4);
  assert.equal(await a.client.findRandom(4), bob.uin);
  await b.client.joinRandom(0);
  assert.equal(await a.client.findRandom(4), undefined);
});

const PAGES: readonly { readonly codepage: number; readonly text: string }[] = [
  { codepage: 1250, text: 'Zażółć gęślą jaźń' },
  { codepage: 1251, text: 'Съешь ещё этих мягких французских булок' },
  { codepage: 1252, text: 'Où est l’île? – “là”' },
  { codepage: 932, text: 'こんにちは、世界。表示' },
];

for (const { codepage, text } of PAGES) {
  scene(`text in code page ${codepage} is the same on both sides of the bridge`, async ({ stage, places, comes }) => {
    const [alice, bob] = [await stage.person('alice', { codepage }), await stage.person('bob', { codepage })];
    const modern = new OscarActor('bob', bob.uin, codepage, places);
    await modern.signsOn();
    for (const version of VERSIONS) {
      const old = await comes(alice, { version, codepage });
      const friend = { name: 'alice', uin: alice.uin } as OscarActor;
      await old.client.send(bob.uin, text);
      await modern.hears(friend, text, false);
      await modern.says(friend, text);
      await old.hearsText(text);
      old.client.close();
    }
    modern.signsOff();
  });
}

scene('what a code page cannot say is replaced, and the rest stays', async ({ stage, places, comes }) => {
  const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
  const old = await comes(alice, { codepage: 1252 });
  const modern = new OscarActor('bob', bob.uin, 1252, places);
  await modern.signsOn();
  await modern.says({ uin: alice.uin } as OscarActor, 'a <b> & c: Привет — “x” ž');
  const heard = await old.hears('message');
  assert.equal(heard.text, 'a <b> & c: ?????? — “x” ž');
  modern.signsOff();
});

scene('a long text arrives in parts that are the whole', async ({ stage, places, comes }) => {
  const [alice, bob] = [await stage.person('alice', { codepage: 1251 }), await stage.person('bob', { codepage: 1251 })];
  const modern = new OscarActor('bob', bob.uin, 1251, places);
  await modern.signsOn();
  const long = Array.from({ length: 200 }, (_, i) => `слово${i}`).join(' ');
  for (const version of VERSIONS) {
    const old = await comes(alice, { version, codepage: 1251 });
    await modern.says({ uin: alice.uin } as OscarActor, long);
    let heard = '';
    while (heard.length < long.length) heard += (await old.hears('message')).text;
    assert.equal(heard, long, `version ${version}`);
    old.client.close();
  }
  modern.signsOff();
});

scene('who comes back to many friends and letters gets them in few packets, if its version has those', async ({ stage, comes }) => {
  const packed = async (): Promise<number> => {
    const text = await (await fetch(`${stage.server.adminUrl}/metrics`)).text();
    return Number(/^seekyou_events_total\{event="udp_packed"\} (\d+)$/m.exec(text)?.[1]);
  };
  const alice = await stage.person('alice');
  const friends: Present[] = [];
  for (let i = 0; i < 12; i++) friends.push(await comes(await stage.person(`friend ${i}`)));
  const uins = friends.map(({ client }) => client.uin);
  for (const version of VERSIONS) {
    const before = await packed();
    const letters = Array.from({ length: 6 }, (_, i) => `version ${version}, letter ${i}`);
    for (const letter of letters) await friends[0]?.client.send(alice.uin, letter);
    const reader = await comes(alice, { version, contacts: uins });
    for (const letter of letters) assert.equal(await reader.hearsText(letter), true);
    for (const uin of uins) await reader.sees({ uin }, 'online');
    await reader.hearsNothingMore();
    const more = (await packed()) - before;
    if (version === 5) assert.ok(more >= 4, `${more} packets went with others`);
    else assert.equal(more, 0, `version ${version}`);
    reader.client.close();
  }
});

scene('nine hundred contacts are one packet after another', async ({ stage, comes }) => {
  const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
  const contacts = [...Array.from({ length: 900 }, (_, i) => 500_000 + i), bob.uin];
  const a = await comes(alice, { contacts });
  await comes(bob);
  await a.sees(bob, 'online');
});

scene(
  'where old clients are not wanted, nobody signs on',
  async ({ stage, places }) => {
    const { uin } = await stage.person('alice');
    for (const version of VERSIONS) {
      await assert.rejects(connectUdp(nodeUdpPlatform(), { server: places.udp, version, uin, password: PASSWORD }), ClientError, `version ${version}`);
    }
  },
  { old_clients: 'off' },
);

suite('old clients', { concurrency: AT_ONCE }, () => {
  for (const add of scenes) add();
});
