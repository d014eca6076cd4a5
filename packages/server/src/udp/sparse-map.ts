/** A map that takes no room while it is empty: there may be twenty thousand of them. */
export class SparseMap<K, V> implements Pick<Map<K, V>, 'get' | 'set' | 'delete' | 'size'> {
  private entries: Map<K, V> | undefined;

  get size(): number {
    return this.entries?.size ?? 0;
  }

  get(key: K): V | undefined {
    return this.entries?.get(key);
  }

  set(key: K, value: V): Map<K, V> {
    this.entries ??= new Map();
    return this.entries.set(key, value);
  }

  delete(key: K): boolean {
    const was = this.entries?.delete(key) === true;
    if (this.entries?.size === 0) this.entries = undefined;
    return was;
  }
}
