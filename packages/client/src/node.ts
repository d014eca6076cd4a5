/** The library's needs, met by Node.js. */
import { createHash, randomBytes } from 'node:crypto';
import { connectTcp } from '@seekyou/net';
import type { Platform } from './login.ts';

/** More than a person types while a line stalls. */
const SEND_QUEUE_BYTES_MAX = 1024 * 1024;
const CONNECT_MS_MAX = 15_000;

export function nodePlatform(): Platform {
  return {
    dial: (host, port) => connectTcp({ host, port, limits: { sendQueueBytesMax: SEND_QUEUE_BYTES_MAX }, timeoutMs: CONNECT_MS_MAX }),
    timers: {
      now: () => Date.now(),
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    md5: (data) => createHash('md5').update(data).digest(),
    random: (bytes) => randomBytes(bytes),
  };
}
