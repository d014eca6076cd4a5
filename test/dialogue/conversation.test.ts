/** People talk: presence, messages, authorisation, over real sockets. */
import assert from 'node:assert/strict';
import { ClientError, type ConnectOptions, nodePlatform, register, RequestRefused } from '@seekyou/client';
import { decode } from '@seekyou/wire';
import { FlapChannel, login } from '@seekyou/wire/oscar';
import { oldClient, type RawClient } from '../wire/raw-client.ts';
import { dialogue, openStage, PASSWORD, type Person } from './stage.ts';
import { test } from 'node:test';

dialogue('two people talk', async ({ alice, bob }) => {
  await alice.signsOn();
  await bob.signsOn();
  await alice.says(bob, 'are you there?');
  await bob.hears(alice, 'are you there?', { stored: false });
  await bob.says(alice, 'yes');
  await alice.hears(bob, 'yes');
  await alice.hearsNothingMore();
  await bob.hearsNothingMore();
});

dialogue('a message waits for a friend', async ({ alice, bob }) => {
  await alice.signsOn();
  await alice.says(bob, 'are you there?');
  await bob.signsOn();
  await bob.hears(alice, 'are you there?', { stored: true });
  await bob.hearsNothingMore();
});

dialogue('a message that was read does not come again', async ({ alice, bob }) => {
  await alice.signsOn();
  await alice.says(bob, 'once');
  await bob.signsOn();
  await bob.hears(alice, 'once');
  await bob.signsOff();
  await bob.signsOn();
  await bob.hearsNothingMore();
});

dialogue('a message and its roster survive a restart of the server', async ({ stage, alice, bob }) => {
  await alice.signsOn();
  await alice.client.add(bob.uin, 'Bobby');
  await alice.says(bob, 'still there after a restart?');
  await alice.signsOff();
  await stage.restart();
  await bob.signsOn();
  await bob.hears(alice, 'still there after a restart?', { stored: true });
  await alice.signsOn();
  assert.deepEqual(
    alice.client.contacts().map(({ uin, nickname }) => ({ uin, nickname })),
    [{ uin: bob.uin, nickname: 'Bobby' }],
  );
});

dialogue('messages of one sender keep their order, stored and live together', async ({ alice, bob }) => {
  await alice.signsOn();
  for (let i = 0; i < 5; i++) await alice.says(bob, `before ${i}`);
  await bob.signsOn();
  for (let i = 0; i < 5; i++) await alice.says(bob, `after ${i}`);
  for (let i = 0; i < 5; i++) await bob.hears(alice, `before ${i}`);
  for (let i = 0; i < 5; i++) await bob.hears(alice, `after ${i}`);
  await bob.hearsNothingMore();
});

const LINES: Readonly<Record<string, string>> = {
  'a template': 'vector<int> v',
  'an entity': 'a &lt; b',
  'a query': 'h/?a=1&copy=2',
  'a Czech letter': 'č',
  Malayalam: 'ഹലോ',
  Cyrillic: 'Привет, Вася! ю',
  Japanese: 'こんにちは',
  'two lines': 'one\r\ntwo\r\n',
  emoji: '👩‍👩‍👧 🏴‍☠️ ok',
  'an HTML-like line': 'this <b>is</b> not markup',
  '7,000 bytes': 'x'.repeat(6_999) + '.',
  '3,500 characters of Unicode': 'ж'.repeat(3_500),
  'leading and trailing blanks': '  a\t ',
};

dialogue('text arrives byte for byte between clients that speak alike', async ({ alice, bob }) => {
  await alice.signsOn();
  await bob.signsOn();
  for (const text of Object.values(LINES)) {
    await alice.says(bob, text);
    await bob.hears(alice, text);
  }
});

dialogue('text that waited arrives byte for byte as well', async ({ alice, bob }) => {
  await alice.signsOn();
  for (const text of Object.values(LINES)) await alice.says(bob, text);
  await bob.signsOn();
  for (const text of Object.values(LINES)) await bob.hears(alice, text, { stored: true });
  await bob.hearsNothingMore();
});

dialogue('contacts see each other come, change and go', async ({ alice, bob }) => {
  await alice.signsOn();
  await bob.signsOn();
  await alice.client.add(bob.uin, 'Bob');
  await alice.sees(bob, 'online');
  for (const status of ['away', 'not-available', 'occupied', 'do-not-disturb', 'free-for-chat', 'online'] as const) {
    bob.client.setStatus(status);
    await alice.sees(bob, status);
  }
  await bob.signsOff();
  await alice.sees(bob, 'offline');
});

dialogue('an invisible friend is off line, and there again when he wants', async ({ alice, bob }) => {
  await alice.signsOn();
  await alice.client.add(bob.uin);
  await bob.signsOn({ invisible: true });
  await bob.settles();
  await alice.seesNothingOf(bob);
  await alice.says(bob, 'are you hiding?');
  await bob.hears(alice, 'are you hiding?');
  bob.client.setStatus('online');
  await alice.sees(bob, 'online');
  bob.client.setStatus('online', true);
  await alice.sees(bob, 'offline');
});

dialogue('on the visible list an invisible friend is seen', async ({ alice, bob }) => {
  await alice.signsOn();
  await alice.client.add(bob.uin);
  await bob.signsOn({ invisible: true });
  await bob.client.list('visible', alice.uin, true);
  await alice.sees(bob, 'online');
  await bob.client.list('visible', alice.uin, false);
  await alice.sees(bob, 'offline');
});

dialogue('on the invisible list one sees nothing, but may write', async ({ alice, bob }) => {
  await alice.signsOn();
  await alice.client.add(bob.uin);
  await bob.signsOn();
  await alice.sees(bob, 'online');
  await bob.client.list('invisible', alice.uin, true);
  await alice.sees(bob, 'offline');
  await alice.says(bob, 'hello anyway');
  await bob.hears(alice, 'hello anyway');
});

dialogue('an ignored sender is answered as if he were heard', async ({ alice, bob }) => {
  await alice.signsOn();
  await bob.signsOn();
  await bob.client.list('ignore', alice.uin, true);
  await alice.says(bob, 'hello?');
  await bob.hearsNothingMore();
  await bob.signsOff();
  await alice.says(bob, 'hello??');
  await bob.signsOn();
  await bob.hearsNothingMore();
});

dialogue('typing is passed on', async ({ alice, bob }) => {
  await alice.signsOn();
  await bob.signsOn();
  for (const typing of ['begun', 'paused', 'finished'] as const) {
    alice.client.typing(bob.uin, typing);
    await bob.expects(`typing ${typing}`, (event) => event.type === 'typing' && event.from === alice.uin && event.typing === typing);
  }
});

dialogue('who wants to be asked is asked, and seen after he agreed', async ({ stage, alice }) => {
  const carol = await stage.person('carol', { authorisationRequired: true });
  await alice.signsOn();
  await carol.signsOn();
  assert.deepEqual(await alice.client.add(carol.uin, 'Carol', 'it is me, алиса'), { awaiting: true });
  assert.equal(alice.client.contacts()[0]?.awaiting, true);
  await carol.expects('the request', (event) => event.type === 'authorisation-asked' && event.from === alice.uin && event.reason === 'it is me, алиса');
  await alice.seesNothingOf(carol);
  await carol.client.answerAuthorisation(alice.uin, true);
  await alice.expects('the grant', (event) => event.type === 'authorisation-answered' && event.from === carol.uin && event.granted);
  await alice.sees(carol, 'online');
  assert.equal(alice.client.contacts()[0]?.awaiting, false);
});

dialogue('a request waits for who is off line, and a refusal is told', async ({ stage, alice }) => {
  const carol = await stage.person('carol', { authorisationRequired: true });
  await alice.signsOn();
  await alice.client.add(carol.uin, undefined, 'please');
  await carol.signsOn();
  await carol.expects('the request', (event) => event.type === 'authorisation-asked' && event.reason === 'please');
  await carol.client.answerAuthorisation(alice.uin, false, 'no');
  await alice.expects('the refusal', (event) => event.type === 'authorisation-answered' && !event.granted && event.reason === 'no');
  await alice.seesNothingOf(carol);
});

dialogue('a request that was seen does not come again', async ({ stage, alice }) => {
  const carol = await stage.person('carol', { authorisationRequired: true });
  await alice.signsOn();
  await alice.client.add(carol.uin, undefined, 'please');
  await carol.signsOn();
  await carol.expects('the request', (event) => event.type === 'authorisation-asked');
  await carol.signsOff();
  await carol.signsOn();
  await carol.hearsNothingMore();
});

dialogue('being added is told once', async ({ alice, bob }) => {
  await bob.signsOn();
  await alice.signsOn();
  await alice.client.add(bob.uin);
  await bob.expects('the notice', (event) => event.type === 'added-by' && event.from === alice.uin);
  await bob.hearsNothingMore();
});

dialogue('two sessions of one account both hear, and share the roster', async ({ stage, alice, bob }) => {
  await bob.signsOn();
  const laptop = await secondClient(stage.port, bob);
  await alice.signsOn();
  await alice.says(bob, 'to both of you');
  await bob.hears(alice, 'to both of you');
  await laptop.hears(alice, 'to both of you');
  await bob.client.add(alice.uin, 'Alice');
  await laptop.expects('the new contact', (event) => event.type === 'roster');
  assert.equal(laptop.client.contacts()[0]?.nickname, 'Alice');
  await laptop.leave();
});

async function secondClient(port: number, person: Person): Promise<Person> {
  const { Person: PersonClass } = await import('./stage.ts');
  const second = new PersonClass(`${person.name}'s laptop`, person.uin, { port, host: '127.0.0.1' } as never);
  await second.signsOn();
  return second;
}

dialogue('a wrong password and an unknown UIN are told the same', async ({ alice }) => {
  const failure = async (how: Pick<ConnectOptions, 'method'> & { password?: string; uin?: number }): Promise<string> => {
    const error: unknown = await alice.signsOn(how).catch((e: unknown) => e);
    assert.ok(error instanceof ClientError);
    assert.equal(error.code, 'wrong-password');
    return error.message.replaceAll(/\d{5,}/g, 'N');
  };
  for (const method of ['hashed', 'hashed-old', 'roasted'] as const) {
    assert.equal(await failure({ password: 'wrong', method }), await failure({ uin: 99_999_999, method }));
  }
});

for (const method of ['hashed', 'hashed-old', 'roasted'] as const) {
  dialogue(`sign-on works ${method}`, async ({ alice }) => {
    await alice.signsOn({ method });
    await alice.settles();
  });
}

dialogue('a new UIN is registered by a client and can be used at once', async ({ stage, alice }) => {
  const uin = await register(nodePlatform(), stage, PASSWORD);
  await alice.signsOn();
  const { Person: PersonClass } = await import('./stage.ts');
  const newcomer = new PersonClass('newcomer', uin, stage);
  await newcomer.signsOn();
  await newcomer.says(alice, 'hello, I am new');
  await alice.hears(newcomer, 'hello, I am new');
  await newcomer.leave();
});

dialogue(
  'a closed server registers nobody and says so',
  async ({ stage }) => {
    await assert.rejects(register(nodePlatform(), stage, PASSWORD), (error) => error instanceof ClientError && error.code === 'registration-refused');
  },
  { registration: 'closed' },
);

dialogue('a message to nobody is refused', async ({ alice }) => {
  await alice.signsOn();
  await assert.rejects(alice.client.send(4_000_000_000, 'hello?'), RequestRefused);
});

test('two hundred people behind one address sign on at once', async () => {
  const stage = await openStage();
  try {
    const people = await Promise.all(Array.from({ length: 200 }, (_, i) => stage.person(`person ${i}`)));
    await Promise.all(people.map((person) => person.signsOn()));
    assert.equal(stage.server.core.figures().sessions, 200);
  } finally {
    await stage.close();
  }
});

dialogue('a server that stops says goodbye to all, without the code after which no client comes back', async ({ stage, alice, bob }) => {
  const signOn = (person: Person): Promise<RawClient> => oldClient(stage, { uin: person.uin, password: PASSWORD });
  const clients = [await signOn(alice), await signOn(bob)];
  const restarted = stage.restart();
  for (const client of clients) {
    const { payload } = await client.frame('the goodbye', ({ channel }) => channel === FlapChannel.close);
    assert.equal(decode(login.signOffNotice, payload).reason, undefined);
    assert.equal(await client.letGo(), 'fin', 'what was said can be read');
  }
  await restarted;
  for (const client of [await signOn(alice), await signOn(bob)]) client.destroy();
});
