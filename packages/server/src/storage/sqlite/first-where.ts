/** A search in what is in order. */

/** The first of `count` numbers from 0 that fits, when all after one that does fit, too; `count` when none does. */
export function firstWhere(count: number, fits: (n: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
