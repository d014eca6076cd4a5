import { liveMailboxContract, storeContract } from './contracts/index.ts';
import { memoryStore } from './memory-store.ts';

storeContract('memory', () => Promise.resolve(memoryStore()));
liveMailboxContract('memory', () => Promise.resolve(memoryStore()));
