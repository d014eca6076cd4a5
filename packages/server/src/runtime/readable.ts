import { WireError } from '@seekyou/wire';

/** For parts of a packet that clients are known to write wrongly: `undefined` instead of a `WireError`. */
export function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
