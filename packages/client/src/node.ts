/** The library's needs, met by Node.js. */
import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { connectTcp, connectTls } from '@seekyou/net';
import type { Platform } from './login.ts';

/** More than a person types while a line stalls. */
const SEND_QUEUE_BYTES_MAX = 1024 * 1024;
const CONNECT_MS_MAX = 15_000;
const LIMITS = { sendQueueBytesMax: SEND_QUEUE_BYTES_MAX };
const deriveKey = promisify(pbkdf2);

export function nodePlatform(): Platform {
  return {
    dial: (host, port) => connectTcp({ host, port, limits: LIMITS, timeoutMs: CONNECT_MS_MAX }),
    dialSecure: (host, port) => connectTls({ host, port, protocol: 'icq', limits: LIMITS, timeoutMs: CONNECT_MS_MAX }),
    scram: {
      sha256: (data) => createHash('sha256').update(data).digest(),
      hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
      salted: (password, salt, iterations) => deriveKey(password, salt, iterations, 32, 'sha256'),
    },
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
