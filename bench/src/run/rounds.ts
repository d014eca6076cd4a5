/** Two things measured in turns, on machines whose neighbours come and go. */

export interface Rate {
  readonly perSecond: number;
}

export interface Rounds<T extends Rate> {
  /** In the order they were measured. */
  readonly all: readonly T[];
  /** The fastest. */
  readonly best: T;
  /** The fastest of what they are held against. */
  readonly reference: number;
  /** What was measured, as a share of the reference right before it. */
  readonly shares: readonly number[];
}

/**
 * Measures a reference and something else alternately. The best of each count: whatever else goes on in a machine only takes
 * away, and does not stay the same for as long as one measurement takes. @throws as what it measures
 */
export async function inTurns<T extends Rate>(rounds: number, reference: () => Promise<Rate>, measure: () => Promise<T>): Promise<Rounds<T>> {
  const references: number[] = [];
  const all: T[] = [];
  for (let round = 0; round < rounds; round++) {
    references.push((await reference()).perSecond);
    all.push(await measure());
  }
  return {
    all,
    best: all.reduce((best, one) => (one.perSecond > best.perSecond ? one : best)),
    reference: Math.max(...references),
    shares: all.map(({ perSecond }, round) => perSecond / (references[round] as number)),
  };
}
