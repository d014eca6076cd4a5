/** An independent judge: tshark dissects a whole conversation of our own clients with our server and finds nothing malformed. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStage } from '../dialogue/stage.ts';
import { wholeConversation } from './conversation.ts';
import { pcapOf } from './pcap.ts';
import { startRecorder } from './recorder.ts';
import type { WireEvent } from './recording.ts';

const tshark = spawnSync('tshark', ['--version'], { encoding: 'utf8' });
const skip = tshark.status === 0 ? false : 'tshark is not here: apt-get install tshark';

/** Marks of tshark that are its own mistakes. Each names the packets it may stand on, and why it is wrong. */
const FAULTS_OF_THE_DISSECTOR: readonly { readonly family: number; readonly subtype: number; readonly mark: RegExp; readonly because: string }[] = [];

/** The kinds of SNAC in the conversation, as family/subtype, without those that tshark 4.0 has no name for: 02/0B, 02/0C, 04/10, 04/17. */
const EXPECTED = [
  '01/01 01/02 01/03 01/04 01/06 01/07 01/08 01/0A 01/0E 01/0F 01/11 01/13 01/17 01/18 01/1E',
  '02/01 02/02 02/03 02/04 02/05 02/06 02/15',
  '03/02 03/03 03/0B 03/0C',
  '04/01 04/02 04/04 04/05 04/06 04/07 04/0B 04/0C 04/14',
  '09/02 09/03',
  '13/01 13/02 13/03 13/04 13/05 13/06 13/07 13/08 13/09 13/0A 13/0E 13/11 13/12 13/18 13/19 13/1A 13/1B 13/1C',
  '15/01 15/02 15/03',
  '17/02 17/03 17/04 17/05 17/06 17/07',
]
  .join(' ')
  .split(' ');

const FIELDS = ['frame.number', 'aim.fnac.family', 'aim.fnac.subtype', 'aim.channel', '_ws.malformed', '_ws.expert.severity', '_ws.expert.message'];
const CHECKED = ['tcp.check_checksum:TRUE', 'ip.check_checksum:TRUE', 'tcp.desegment_tcp_streams:TRUE'];
/** Expert severities: note, warning, error. */
const SEVERITY_ERROR = 0x800000;

interface Row {
  readonly frame: string;
  readonly snacs: readonly string[];
  readonly channels: readonly string[];
  readonly malformed: boolean;
  readonly marks: readonly { readonly severity: number; readonly message: string }[];
}

/** What tshark makes of a recording, one row a packet. */
function dissect(pcap: Uint8Array): Row[] {
  const directory = mkdtempSync(join(tmpdir(), 'seekyou-tshark-'));
  try {
    const file = join(directory, 'conversation.pcap');
    writeFileSync(file, pcap);
    const args = ['-r', file, '-d', 'tcp.port==5190,aim', ...CHECKED.flatMap((one) => ['-o', one]), '-T', 'fields', '-E', 'aggregator=|'];
    const output = execFileSync('tshark', [...args, ...FIELDS.flatMap((field) => ['-e', field])], { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1e8 });
    return output.trimEnd().split('\n').map(rowOf);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function rowOf(line: string): Row {
  const [frame = '', families = '', subtypes = '', channels = '', malformed = '', severities = '', messages = ''] = line.split('\t');
  const list = (text: string): string[] => (text === '' ? [] : text.split('|'));
  const pair = (text: string): string => Number(text).toString(16).toUpperCase().padStart(2, '0');
  return {
    frame,
    // Of a SNAC without a name it shows the family alone; then nobody can tell whose the subtypes are.
    snacs: list(families).length === list(subtypes).length ? list(families).map((family, i) => `${pair(family)}/${pair(list(subtypes)[i] ?? '')}`) : [],
    channels: list(channels),
    malformed: malformed !== '',
    marks: list(severities).map((severity, i) => ({ severity: Number(severity), message: list(messages)[i] ?? '' })),
  };
}

/** Packets the dissector complains about, without its own mistakes. */
function complaints(rows: readonly Row[]): string[] {
  return rows.flatMap(({ frame, snacs, malformed, marks }) => {
    const wrong = marks.filter(({ severity, message }) => severity >= SEVERITY_ERROR && !isItsOwnFault(snacs, message)).map(({ message }) => message);
    if (malformed && marks.length === 0) wrong.push('malformed');
    return wrong.map((message) => `packet ${frame}, ${snacs.join(' ')}: ${message}`);
  });
}

function isItsOwnFault(snacs: readonly string[], message: string): boolean {
  const name = (family: number, subtype: number): string => [family, subtype].map((n) => n.toString(16).toUpperCase().padStart(2, '0')).join('/');
  return FAULTS_OF_THE_DISSECTOR.some(({ family, subtype, mark }) => snacs.includes(name(family, subtype)) && mark.test(message));
}

async function recorded(): Promise<readonly WireEvent[]> {
  const recorder = await startRecorder();
  const stage = await openStage({ advertise: [recorder.address], 'limits.confirm_after_ms': 0 });
  try {
    recorder.towards(stage);
    await wholeConversation(stage, recorder);
  } finally {
    await stage.close();
    await recorder.close();
  }
  return recorder.events;
}

test('a whole conversation is dissected by tshark without one malformed packet', { skip }, async (t) => {
  const events = await recorded();
  const rows = dissect(pcapOf(events));
  const snacs = rows.flatMap((row) => row.snacs);
  t.diagnostic(`${tshark.stdout.split('\n')[0]}: ${rows.length} packets, ${snacs.length} SNACs`);
  const missing = EXPECTED.filter((name) => !snacs.includes(name));
  assert.deepEqual(missing, [], 'every kind of SNAC was decoded; an empty capture would say nothing');
  assert.deepEqual(complaints(rows), []);

  await t.test('and a packet that lies about a length is noticed', () => {
    const broken = events.map((event) => (event.type === 'bytes' ? { ...event, bytes: withLyingLength(event.bytes) } : event));
    assert.notDeepEqual(complaints(dissect(pcapOf(broken))), []);
  });
});

/** 01/0F whose screen name is said to be longer than the packet. */
function withLyingLength(bytes: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(bytes);
  if (changed[1] === 2 && changed[7] === 0x01 && changed[9] === 0x0f) changed[16] = 0xff;
  return changed;
}
