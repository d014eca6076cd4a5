/** Travel: connections that carry bytes. */
export * from './address.ts';
export { type ConnectOptions, connectTcp, listenFailed, type ListenOptions, listenTcp, type TcpListener } from './tcp.ts';
export {
  createFrontDoor,
  DOOR_EVENTS,
  type DoorEvent,
  type DoorLimits,
  type DoorListenOptions,
  type DoorOptions,
  type FrontDoor,
  type Identity,
  type Visit,
} from './front-door.ts';
export { fingerprintOf, parseFingerprint } from './fingerprint.ts';
export { connectTls, type TlsConnectOptions, type TlsConnection } from './tls-client.ts';
export * from './transport.ts';
export { type DatagramOptions, type DatagramPort, openUdp } from './udp.ts';
export * from './virtual/datagrams.ts';
export { type PairOptions, transportPair } from './virtual/pair.ts';
