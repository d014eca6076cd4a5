/**
 * Opens a connection, says something, and tells what came back, as one JSON object.
 *
 *   knock.ts HOST PORT [TEXT]
 *   > {"type":"answer","bytes":"…","closed":true}     closed: the other side ended it, within two seconds
 */
import { connect } from 'node:net';

const WAIT_MS = 2_000;
const [host = '', port = '', text = ''] = process.argv.slice(2);
const heard: Buffer[] = [];
const socket = connect({ host, port: Number(port) }, () => socket.write(text.replaceAll(String.raw`\r\n`, '\r\n')));

function tell(closed: boolean): void {
  process.stdout.write(`${JSON.stringify({ type: 'answer', bytes: Buffer.concat(heard).toString('hex'), closed })}\n`);
  process.exit(0);
}

socket.on('data', (chunk) => heard.push(chunk));
socket.on('error', () => tell(true));
socket.on('end', () => tell(true));
setTimeout(() => tell(false), WAIT_MS);
