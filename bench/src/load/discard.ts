/** Ports that take everything and say nothing: what a flood costs a machine when nobody looks at it. */
import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer } from 'node:net';

const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.resume();
});
const datagrams = createSocket('udp4', () => {});
server.listen(0, '127.0.0.1', () => {
  datagrams.bind(0, '127.0.0.1', () => {
    process.stdout.write(`ready 127.0.0.1:${(server.address() as AddressInfo).port} udp 127.0.0.1:${datagrams.address().port}\n`);
  });
});
process.on('SIGTERM', () => process.exit(0));
