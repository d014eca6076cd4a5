/** Every kind of client talks to every other: versions 2 to 5 over UDP, and OSCAR; in Latin and in Cyrillic. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Actor, OscarActor, type Places, UdpActor } from './actors.ts';
import { openStage, type Stage } from './stage.ts';

const KINDS = ['v2', 'v3', 'v4', 'v5', 'OSCAR'] as const;
type Kind = (typeof KINDS)[number];

interface Script {
  readonly codepage: number;
  readonly text: string;
  readonly caption: string;
  readonly reason: string;
  readonly refusal: string;
}

const SCRIPTS: Readonly<Record<'Latin' | 'Cyrillic', Script>> = {
  Latin: { codepage: 1252, text: 'Grüße aus Köln, señor Ðþ – “so”', caption: 'Übersicht', reason: 'Ich wär’s, Jürgen', refusal: 'nö' },
  // The last letter of the text is the byte that separates fields where there are any.
  Cyrillic: { codepage: 1251, text: 'Привет, Вася! Ёлка и ю', caption: 'Моя страница', reason: 'это я, алиса', refusal: 'нет' },
};

const URL_TEXT = 'http://example.test/?a=1&b=2';
const PAIRS_AT_ONCE = 13;

for (const [name, script] of Object.entries(SCRIPTS)) {
  test(`the matrix in ${name}`, { concurrency: PAIRS_AT_ONCE, timeout: 300_000 }, async (t) => {
    const stage = await openStage();
    const results: Promise<void>[] = [];
    for (const from of KINDS) {
      for (const to of KINDS) results.push(t.test(`${from} and ${to} talk ${name}`, () => talk(stage, script, from, to)));
    }
    await Promise.all(results);
    await stage.close();
  });
}

async function talk(stage: Stage, script: Script, from: Kind, to: Kind): Promise<void> {
  const alice = await actor(stage, script, from, 'alice', false);
  const bob = await actor(stage, script, to, 'bob', false);
  // Who must be asked is another, so that the others see each other at once.
  const carol = await actor(stage, script, to, 'carol', true);
  try {
    await offlineText(script, alice, bob);
    await presence(alice, bob);
    await text(script, alice, bob);
    await url(script, alice, bob);
    await carol.signsOn();
    await authorisation(script, alice, carol);
    for (const one of [alice, bob, carol]) await one.hearsNothingMore();
    bob.signsOff();
    await alice.sees(bob, 'offline');
  } finally {
    for (const one of [alice, bob, carol]) one.signsOff();
  }
}

async function actor(stage: Stage, { codepage }: Script, kind: Kind, name: string, authorisationRequired: boolean): Promise<Actor> {
  const { uin } = await stage.person(name, { codepage, authorisationRequired });
  const places = placesOf(stage);
  const person = [`${name} (${kind})`, uin, codepage, places] as const;
  if (kind === 'OSCAR') return new OscarActor(...person);
  return new UdpActor(Number(kind.slice(1)) as 2 | 3 | 4 | 5, ...person);
}

function placesOf(stage: Stage): Places {
  const udp = /:(\d+)$/.exec(stage.server.udpAddresses[0] ?? '');
  assert.ok(udp !== null, 'the server takes datagrams');
  return { oscar: stage, udp: { host: '127.0.0.1', port: Number(udp[1]) } };
}

// ---------------------------------------------------------------- what they do

/** Bob hears, when he comes, what was said while he was not there. */
async function offlineText({ text: words }: Script, alice: Actor, bob: Actor): Promise<void> {
  await alice.signsOn([bob]);
  await alice.says(bob, `${words}: 1`);
  await alice.says(bob, `${words}: 2`);
  await bob.signsOn([alice]);
  await bob.hears(alice, `${words}: 1`, true);
  await bob.hears(alice, `${words}: 2`, true);
}

async function presence(alice: Actor, bob: Actor): Promise<void> {
  await alice.sees(bob, 'online');
  await bob.sees(alice, 'online');
  await bob.becomes('away');
  await alice.sees(bob, 'away');
  await bob.becomes('online');
  await alice.sees(bob, 'online');
}

async function text({ text: words }: Script, alice: Actor, bob: Actor): Promise<void> {
  await alice.says(bob, words);
  await bob.hears(alice, words, false);
  await bob.says(alice, `${words} – ${words}`);
  await alice.hears(bob, `${words} – ${words}`, false);
}

async function url({ caption }: Script, alice: Actor, bob: Actor): Promise<void> {
  await alice.saysUrl(bob, URL_TEXT, caption);
  await bob.hearsUrl(alice, URL_TEXT, caption);
}

async function authorisation({ reason, refusal }: Script, alice: Actor, carol: Actor): Promise<void> {
  await alice.asks(carol, reason);
  await carol.isAsked(alice, reason);
  await carol.answers(alice, false, refusal);
  await alice.isAnswered(carol, false, refusal);
  await alice.asks(carol, reason);
  await carol.isAsked(alice, reason);
  await carol.answers(alice, true, '');
  await alice.isAnswered(carol, true, '');
}
