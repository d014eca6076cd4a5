/**
 * An ICQ 99 of our own making on a machine of the lab. One JSON object a line each way.
 *
 *   udp-client.ts HOST PORT UIN PASSWORD HASTE [CONTACT…]      HASTE: how many times faster than real its clock goes
 *   < {"say":"text","to":100002}   < {"quit":true}
 *   > {"type":"signed-on"}   > {"type":"accepted"}   > {"type":"failed","problem":"…"}
 *   > {"type":"message","from":100001,"text":"…"}   > {"type":"seen","uin":100001,"status":"online"}   > {"type":"closed"}
 */
import { createInterface } from 'node:readline';
import { connectUdp, nodeUdpPlatform } from '@seekyou/client/udp';

const [host = '', port = '', uin = '', password = '', haste = '1', ...contacts] = process.argv.slice(2);
const platform = nodeUdpPlatform();
const { timers } = platform;

const tell = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

async function run(): Promise<void> {
  const client = await connectUdp(
    { ...platform, timers: { now: () => timers.now(), after: (ms, call) => timers.after(ms / Number(haste), call) } },
    { server: { host, port: Number(port) }, uin: Number(uin), password, contacts: contacts.map(Number) },
  );
  tell({ type: 'signed-on' });
  client.listen((event) => {
    if (event.type === 'message') tell({ type: 'message', from: event.from, text: event.text });
    if (event.type === 'presence') tell({ type: 'seen', uin: event.uin, status: event.status.status });
    if (event.type === 'closed') tell({ type: 'closed' });
  });
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line) as { readonly say?: string; readonly to?: number; readonly quit?: boolean };
    if (command.say !== undefined) {
      await client.send(Number(command.to), command.say);
      tell({ type: 'accepted' });
    }
    if (command.quit === true) break;
  }
  client.close();
}

run().then(
  () => process.exit(0),
  (error: unknown) => {
    tell({ type: 'failed', problem: (error as Error).message });
    process.exit(1);
  },
);
