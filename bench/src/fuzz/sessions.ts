/** Sessions that break rules: at the door, while setting up, and when they are in. */
import { setTimeout as delay } from 'node:timers/promises';
import { nextSequence } from '@seekyou/wire/oscar';
import type { Chance } from '../chance.ts';
import { type Address, Line } from '../load/line.ts';
import { Session } from '../load/session.ts';
import type { Specimen } from './corpus.ts';
import { badConversation, strangeDatagrams } from './datagrams.ts';
import { framesOf, inPieces, mutatedFrame, mutatedOrder, mutatedStream } from './mutate.ts';

export interface FuzzPlace {
  readonly address: Address;
  /** Where the same server speaks UDP. */
  readonly udp: Address;
  readonly password: string;
  /** Accounts nobody else uses. */
  readonly uins: readonly number[];
  readonly specimens: readonly Specimen[];
}

/** Longest a bad session is waited for. */
const SESSION_MS_MAX = 3_000;
/** What a server may need for the last bytes before the line is closed. */
const LINGER_MS = 50;
const FRAMES_MAX = 12;

/** What a session did, to be written down when its batch went wrong. */
export interface Deed {
  readonly kind: string;
  readonly uin?: number;
  readonly sent: Buffer[];
}

/** Failed sign-ons slow an address down, as they should; bad sessions come from others than the witnesses. */
const somewhere = (chance: Chance): string => `127.${1 + chance.below(250)}.${chance.below(250)}.${1 + chance.below(250)}`;

export function badSession(place: FuzzPlace, chance: Chance): Promise<Deed> {
  // Most mistakes are made by those who are in.
  return chance.pick([stranger, dialogue, inside, inside, inside, overUdp])(place, chance);
}

function overUdp(place: FuzzPlace, chance: Chance): Promise<Deed> {
  return chance.pick([strangeDatagrams, badConversation, badConversation])(place, somewhere(chance), chance);
}

const someFrames = ({ specimens }: FuzzPlace, chance: Chance): Buffer[] =>
  Array.from({ length: 1 + chance.below(FRAMES_MAX) }, () => Buffer.from(chance.pick(specimens).frame));

/** Never signs on: a stream that may begin like a dialogue and is nothing. */
async function stranger(place: FuzzPlace, chance: Chance): Promise<Deed> {
  const deed: Deed = { kind: 'stranger', sent: [] };
  const frames = someFrames(place, chance).map((frame) => (chance.below(2) === 0 ? mutatedFrame(frame, chance) : frame));
  const stream = Buffer.concat(mutatedOrder(frames, chance));
  const bytes = chance.below(2) === 0 ? mutatedStream(stream, chance) : stream;
  const over = Promise.withResolvers<void>();
  const line = new Line(place.address, { frame: () => {}, closed: () => over.resolve() }, somewhere(chance));
  for (const piece of inPieces(bytes, chance)) {
    deed.sent.push(piece);
    line.sendRaw(piece);
    // Another piece in another turn: what arrives is split there.
    if (chance.below(4) === 0) await delay(0);
  }
  await leave(line, over.promise, chance);
  return deed;
}

/** Signs on by the rules but for one step, which is changed. */
async function dialogue(place: FuzzPlace, chance: Chance): Promise<Deed> {
  const uin = chance.pick(place.uins);
  const deed: Deed = { kind: 'dialogue', uin, sent: [] };
  let step = 0;
  const wrongStep = chance.below(6);
  const alter = (frames: Buffer): Uint8Array => {
    const changed =
      step++ === wrongStep
        ? Buffer.concat(
            mutatedOrder(
              framesOf(frames).map((frame) => mutatedFrame(frame, chance)),
              chance,
            ),
          )
        : frames;
    deed.sent.push(Buffer.from(changed));
    return changed;
  };
  const done = Promise.withResolvers<Session>();
  const session = new Session(
    { address: place.address, password: Buffer.from(place.password), uin, waitsForHello: chance.below(2) === 0, from: somewhere(chance), alter },
    (_error, session) => done.resolve(session),
  );
  await Promise.race([done.promise, delay(SESSION_MS_MAX / 4 + chance.below(200))]);
  session.drop();
  return deed;
}

/** Signs on by the rules, and then sends frames that are changed, in an order that makes no sense. */
async function inside(place: FuzzPlace, chance: Chance): Promise<Deed> {
  const uin = chance.pick(place.uins);
  const deed: Deed = { kind: 'inside', uin, sent: [] };
  const done = Promise.withResolvers<Error | undefined>();
  const over = Promise.withResolvers<void>();
  const session = new Session(
    { address: place.address, password: Buffer.from(place.password), uin, waitsForHello: true, from: somewhere(chance), lost: () => over.resolve() },
    (error) => done.resolve(error),
  );
  if ((await done.promise) !== undefined) return deed;
  let frames = someFrames(place, chance).map((frame) => (chance.below(4) === 0 ? frame : mutatedFrame(frame, chance)));
  if (chance.below(2) === 0) frames = mutatedOrder(frames, chance);
  let sequence = chance.below(0x8000);
  for (const frame of frames) {
    frame.writeUInt16BE(sequence, 2);
    sequence = nextSequence(sequence);
    for (const piece of chance.below(4) === 0 ? inPieces(frame, chance) : [frame]) {
      deed.sent.push(piece);
      session.line.sendRaw(piece);
      if (chance.below(8) === 0) await delay(0);
    }
  }
  if (chance.below(2) === 0) {
    await Promise.race([over.promise, delay(LINGER_MS)]);
    session.drop();
  } else await Promise.race([session.signOff(), over.promise, delay(SESSION_MS_MAX).then(() => session.drop())]);
  return deed;
}

async function leave(line: Line, over: Promise<void>, chance: Chance): Promise<void> {
  await Promise.race([over, delay(LINGER_MS)]);
  if (chance.below(2) === 0) line.destroy();
  else {
    line.end();
    await Promise.race([over, delay(LINGER_MS)]);
    line.destroy();
  }
}
