/**
 * Records what a client and a server say to each other, to read, to replay and to look at with Wireshark.
 *
 *     node_modules/.bin/node --conditions=source test/wire/record.ts SERVER:PORT FILE
 *
 * prints the address to give to the client, and to the server as `--advertise`. Lines typed meanwhile become notes. Ctrl-C ends it and
 * writes FILE.txt and FILE.pcap. For a replay (test/wire/replay.test.ts) the text wants headers for the accounts it needs, as the files
 * in test/recordings/ have them; and remember that a recording holds passwords that anybody can read.
 */
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { startRecorder } from './recorder.ts';

const [target = '', file] = process.argv.slice(2);
const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(target);
if (match === null || file === undefined) {
  console.error('usage: node_modules/.bin/node --conditions=source test/wire/record.ts SERVER:PORT FILE');
  process.exit(2);
}
const recorder = await startRecorder();
recorder.towards({ host: match[1] as string, port: Number(match[2]) });
console.log(`recording: clients connect to ${recorder.address}, and the server runs with --advertise ${recorder.address}`);
createInterface({ input: process.stdin }).on('line', (line) => recorder.note(line));
process.once('SIGINT', () => {
  writeFileSync(`${file}.txt`, recorder.text([['origin', 'who made it, with which version']]));
  writeFileSync(`${file}.pcap`, recorder.pcap());
  console.log(`${file}.txt and ${file}.pcap: ${recorder.events.length} events`);
  process.exit(0);
});
