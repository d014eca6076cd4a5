/** The least a datagram can cost: it goes back where it came from. `ready HOST:PORT` on stdout, ends with the signal that stops it. */
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4', (bytes, { address, port }) => socket.send(bytes, port, address));
socket.bind(0, '127.0.0.1', () => process.stdout.write(`ready 127.0.0.1:${socket.address().port}\n`));
process.on('SIGTERM', () => process.exit(0));
