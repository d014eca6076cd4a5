/** A storage thread: the writer, which commits in groups, or the reader, which answers from what is committed. */
import { constants, getPriority, setPriority } from 'node:os';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type Failure, ThreadFailure } from './failure.ts';
import type { Answer, Call } from './group-commit.ts';
import { ParcelReader, ParcelWriter, type SentParcel } from './parcel.ts';
import { FRESH_BYTES, type FromThread, OPERATION_NAMES, OPERATIONS, type OperationName, type ThreadData, type ToThread } from './protocol.ts';
import { openReaderService, openWriterService, type Service } from './service.ts';

interface NumberedCall extends Call {
  readonly number: number;
}

const TIDY_MS = 1_000;

type Answers = readonly Answer<NumberedCall>[];

/** Takes calls off the port and posts answers, one group at a time. */
function attend(port: MessagePort, service: Service): void {
  const parcels: ParcelReader[] = [];
  const answers = new ParcelWriter();
  let closing = false;
  let serving = false;
  /** Parcels whose last call was taken since the last answers. */
  let done = 0;
  let settledTo = service.settledTo;
  let tidying: NodeJS.Timeout | undefined;

  /** Until something else is to be done. What is not due yet is looked at again, also when nobody asks for anything any more. */
  function tidy(): void {
    let left = service.tidy();
    while (left === 'more' && waiting() === undefined) left = service.tidy();
    if (service.settledTo !== settledTo) {
      settledTo = service.settledTo;
      port.postMessage({ type: 'settled', to: settledTo } satisfies FromThread);
    }
    giveBack();
    if (left === 'done' || closing) return;
    tidying ??= setTimeout(() => {
      tidying = undefined;
      if (!serving) void serve();
    }, TIDY_MS);
  }

  /** Blocks of the usual size. To make one anew costs more than to fill it, on both sides. */
  function giveBack(): void {
    const blocks = service.emptied().map(({ buffer }) => buffer as ArrayBuffer);
    const whole = blocks.filter(({ byteLength }) => byteLength === FRESH_BYTES);
    if (whole.length > 0) port.postMessage({ type: 'emptied', blocks: whole } satisfies FromThread, whole);
  }

  function take(message: ToThread): void {
    if (message.type === 'close') {
      closing = true;
      return;
    }
    if (message.fresh !== undefined) service.enter(message.fresh);
    if (message.parcel !== undefined) parcels.push(new ParcelReader(message.parcel));
  }

  function dropEmpty(): void {
    while (parcels[0]?.done === true) {
      parcels.shift();
      done++;
    }
  }

  /** The parcel to take the next call from. What arrived meanwhile belongs to this group: it would wait for the disk twice otherwise. */
  function waiting(): ParcelReader | undefined {
    for (;;) {
      dropEmpty();
      if (parcels.length > 0) return parcels[0];
      const arrived = receiveMessageOnPort(port) as { message: ToThread } | undefined;
      if (arrived === undefined) return undefined;
      take(arrived.message);
    }
  }

  function next(): NumberedCall | undefined {
    const parcel = waiting();
    if (parcel === undefined) return undefined;
    const number = parcel.value<number>();
    const name = OPERATION_NAMES[parcel.value<number>()] as OperationName;
    return { number, name, request: OPERATIONS[name].request.take(parcel) };
  }

  async function serve(): Promise<void> {
    serving = true;
    do {
      if (waiting() !== undefined) await serveGroup();
      tidy();
    } while (waiting() !== undefined);
    serving = false;
    if (!closing) return;
    clearTimeout(tidying);
    service.close();
    port.close();
  }

  async function serveGroup(): Promise<void> {
    const started = performance.now();
    const answered = await service.serve(next);
    const parcel = sealed(answered, answers);
    dropEmpty();
    port.postMessage({ type: 'answers', parcel, done, busyMs: performance.now() - started } satisfies FromThread, [parcel.bytes.buffer as ArrayBuffer]);
    done = 0;
  }

  port.on('message', (message: ToThread) => {
    take(message);
    if (!serving) void serve();
  });
}

function sealed(answered: Answers, parcel: ParcelWriter): SentParcel {
  for (const answer of answered) {
    parcel.value(answer.call.number);
    parcel.value(answer.ok);
    if (answer.ok) OPERATIONS[answer.call.name].reply.put(parcel, answer.reply as never);
    else {
      parcel.value(answer.failure.code);
      parcel.value(answer.failure.message);
    }
  }
  return parcel.seal();
}

/** In steps of nice. */
const READER_STEPS_BACK = 10;

/**
 * Searches must not hold up messages while the processors are busy. Of the reader alone: the writer is asked at every sign-on,
 * and five steps made those of people with rosters a tenth slower. Where threads have no priority of their own, or none may
 * be given up, all stays as it is.
 */
function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Math.min(getPriority() + READER_STEPS_BACK, constants.priority.PRIORITY_LOW));
  } catch {
    // Forbidden from outside; the store works the same.
  }
}

/** A thread that could not open its file says why and ends. */
async function start(port: MessagePort, { thread, file }: ThreadData): Promise<void> {
  let service: Service;
  try {
    service = thread === 'writer' ? await openWriterService(file) : openReaderService(file);
  } catch (error) {
    port.postMessage({ type: 'failed', failure: openFailure(error, file) } satisfies FromThread);
    return;
  }
  // Only now: threads that were made from here while the file was opened would have stepped back, too.
  if (thread === 'reader') stepBack();
  attend(port, service);
  port.postMessage({ type: 'ready', lastId: service.lastId } satisfies FromThread);
}

/** For the person who starts the server. */
function openFailure(error: unknown, file: string): Failure {
  if (error instanceof ThreadFailure) return { code: error.code, message: error.message };
  return { code: 'broken', message: `${file}: ${(error as Error).message}` };
}

if (parentPort === null) throw new Error('this module is for a worker thread');
await start(parentPort, workerData as ThreadData);
