/** What every adapter of a port has to do, as tests an adapter runs on itself. */
export { busContract } from './bus.ts';
export { liveMailboxContract, storeContract } from './store.ts';
