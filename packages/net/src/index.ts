/** Travel: connections that carry bytes. */
export * from './address.ts';
export { type ConnectOptions, connectTcp, type ListenOptions, listenTcp, type TcpListener } from './tcp.ts';
export * from './transport.ts';
export { type PairOptions, transportPair } from './virtual/pair.ts';
