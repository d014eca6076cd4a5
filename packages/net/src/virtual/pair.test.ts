import { transportContract } from '../transport-contract.ts';
import { transportPair } from './pair.ts';

transportContract('pair', {
  open: (sendQueueBytesMax) => Promise.resolve({ ...transportPair({ sendQueueBytesMax }), release: () => Promise.resolve() }),
});
