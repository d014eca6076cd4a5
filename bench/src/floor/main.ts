/** The floor's process: `ready HOST:PORT` on stdout, ends with the signal that stops it. */
import { formatEndpoint, listenTcp } from '@seekyou/net';
import { FloorRelay } from './relay.ts';

const SEND_QUEUE_BYTES_MAX = 16 * 1024 * 1024;

const relay = new FloorRelay();
const listener = await listenTcp({
  host: '127.0.0.1',
  port: 0,
  limits: { sendQueueBytesMax: SEND_QUEUE_BYTES_MAX },
  onConnection: (transport) => relay.accept(transport),
});
process.stdout.write(`ready ${formatEndpoint(listener.address.host, listener.address.port)}\n`);
process.on('SIGTERM', () => process.exit(0));
