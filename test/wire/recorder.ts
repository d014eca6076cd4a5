/**
 * A relay on loopback that writes down what passes through it and changes nothing.
 *
 * Clients connect to the recorder, and the server must tell them the recorder's address for BOS: open the recorder first and give
 * its `address` to the server as `advertise`; then point it at the server with `towards`.
 */
import { connect, createServer, type Socket } from 'node:net';
import { framesOf, formatRecording, type Recording, type Side, type WireEvent } from './recording.ts';
import { pcapOf } from './pcap.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface Recorder extends Target {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly events: readonly WireEvent[];
  /** Where connections go from now on. */
  towards(server: Target): void;
  /** Writes down what a person does now. */
  note(text: string): void;
  recording(headers: Recording['headers']): Recording;
  text(headers: Recording['headers']): string;
  pcap(): Uint8Array;
  /** Breaks what is still connected and stops. */
  close(): Promise<void>;
}

export async function startRecorder(): Promise<Recorder> {
  const events: WireEvent[] = [];
  const sockets = new Set<Socket>();
  let target: Target | undefined;
  let connections = 0;

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (target === undefined) {
      client.destroy();
      return;
    }
    const connection = ++connections;
    const upstream = connect({ ...target, allowHalfOpen: true, noDelay: true });
    events.push({ type: 'open', connection, atMs: Date.now(), clientPort: client.remotePort ?? 0 });
    pass(connection, 'client', client, upstream);
    pass(connection, 'server', upstream, client);
  });

  function pass(connection: number, from: Side, source: Socket, sink: Socket): void {
    sockets.add(source);
    let over = false;
    const ended = (how: 'fin' | 'reset'): void => {
      if (over) return;
      over = true;
      events.push({ type: 'close', connection, atMs: Date.now(), from, how });
    };
    source.on('data', (chunk) => {
      events.push({ type: 'bytes', connection, atMs: Date.now(), from, bytes: Uint8Array.from(chunk) });
      if (sink.write(chunk)) return;
      source.pause();
      sink.once('drain', () => source.resume());
    });
    source.on('end', () => {
      ended('fin');
      sink.end();
    });
    source.on('error', () => {
      ended('reset');
      if (!sink.destroyed) sink.resetAndDestroy();
    });
    source.on('close', () => {
      sockets.delete(source);
      if (!over && !sink.destroyed) sink.destroy();
    });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const recording = (headers: Recording['headers']): Recording => ({ headers, events: framesOf(events) });
  return {
    host: '127.0.0.1',
    port,
    address: `127.0.0.1:${port}`,
    events,
    towards: (next) => {
      target = next;
    },
    note: (text) => {
      events.push({ type: 'note', connection: 0, atMs: Date.now(), text });
    },
    recording,
    text: (headers) => formatRecording(recording(headers)),
    pcap: () => pcapOf(events),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
