/**
 * An ICQ 2002 of our own making on a machine of the lab: signs on as it would, then does what its input says and tells what happened,
 * one JSON object a line each way.
 *
 *   old-client.ts HOST PORT UIN PASSWORD
 *   < {"say":"text","to":100002}   < {"quit":true}
 *   > {"type":"told","address":"…"}            where the server sent it after the first connection
 *   > {"type":"signed-on","external":"…"}      its address as the server sees it (01/0F, TLV 0A), null when it was not told
 *   > {"type":"message","from":100001,"text":"…"}   > {"type":"accepted"}
 *   > {"type":"refused","error":2}   > {"type":"failed","problem":"…"}
 *   > {"type":"heard","bytes":"…"}             at the end: every byte the server sent, in hexadecimal
 */
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { decode, encode } from '@seekyou/wire';
import { decodeSnac, decodeSnacBody, FlapChannel, FlapDecoder, type FlapFrame, icbm, oservice } from '@seekyou/wire/oscar';
import { fragmentsFromText, textFromFragments } from '@seekyou/wire/text';
import { answerTo, oldClient, type RawClient } from '../../test/wire/raw-client.ts';
import type { Target } from '../../test/wire/recorder.ts';

const CODEPAGE = 1252;
const [host = '', port = '', uin = '', password = ''] = process.argv.slice(2);
const server: Target = { host, port: Number(port) };
const who = { uin: Number(uin), password };

const tell = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

/** In two connections, as every OSCAR client: the second goes where the first was told. */
async function run(): Promise<void> {
  const answer = await answerTo(server, who, 'roasted');
  if (answer.address === undefined) {
    tell({ type: 'refused', error: answer.error });
    return;
  }
  tell({ type: 'told', address: answer.address });
  const heard: Buffer[] = [];
  const client = await oldClient(server, who);
  const decoder = new FlapDecoder();
  client.socket.on('data', (chunk) => {
    heard.push(chunk);
    for (const frame of decoder.push(Uint8Array.from(chunk))) hear(frame);
  });
  const info = await client.ask(oservice.userInfoQuery, {}, oservice.userInfoUpdate);
  tell({ type: 'signed-on', external: info.tlvs.externalIp ?? null });
  for (const frame of client.frames.splice(0)) hear(frame);
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line) as { readonly say?: string; readonly to?: number; readonly quit?: boolean };
    if (command.say !== undefined) say(client, String(command.to), command.say);
    if (command.quit === true) break;
  }
  tell({ type: 'heard', bytes: Buffer.concat(heard).toString('hex') });
  client.destroy();
}

function say(client: RawClient, recipient: string, text: string): void {
  const imData = encode(icbm.fragments, fragmentsFromText(text, { unicode: false, codepage: CODEPAGE }));
  client.snac(icbm.channelMsgToHost, { cookie: randomBytes(8), channel: 1, recipient, tlvs: { imData, requestHostAck: true, store: true } });
}

function hear(frame: FlapFrame): void {
  if (frame.channel !== FlapChannel.snac) return;
  const snac = decodeSnac(frame.payload);
  const is = (of: { readonly family: number; readonly subtype: number }): boolean => snac.family === of.family && snac.subtype === of.subtype;
  if (is(icbm.hostAck)) tell({ type: 'accepted' });
  if (!is(icbm.channelMsgToClient)) return;
  const { sender, tlvs } = decodeSnacBody(icbm.channelMsgToClient, snac.data);
  const { text } = textFromFragments(decode(icbm.fragments, tlvs.imData ?? new Uint8Array(0)), CODEPAGE);
  tell({ type: 'message', from: Number(sender.screenName), text });
}

run().then(
  () => process.exit(0),
  (error: unknown) => {
    tell({ type: 'failed', problem: (error as Error).message });
    process.exit(1);
  },
);
