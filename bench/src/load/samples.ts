/** Measured values, and what is said about them. */
export class Samples {
  private values: Float64Array;
  private count = 0;

  constructor(capacity = 4096) {
    this.values = new Float64Array(capacity);
  }

  get size(): number {
    return this.count;
  }

  add(value: number): void {
    if (this.count === this.values.length) {
      const grown = new Float64Array(this.count * 2);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.count++] = value;
  }

  /** The values at these parts of the whole: 0.5 is the median. NaN when there are none. */
  percentiles<const P extends readonly number[]>(parts: P): { [K in keyof P]: number } {
    const sorted = this.values.slice(0, this.count).sort();
    const at = (part: number): number => sorted[Math.min(this.count - 1, Math.floor(part * this.count))] ?? Number.NaN;
    return parts.map(at) as { [K in keyof P]: number };
  }

  max(): number {
    return this.percentiles([1])[0];
  }
}
