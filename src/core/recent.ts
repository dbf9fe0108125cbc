/** What belongs to the keys that were used last; of more than `most`, the one not used for longest goes. */
export interface Recent<K, V> {
  /** Counts as a use. */
  get(key: K): V | undefined
  set(key: K, value: V): void
}

export function createRecent<K, V>(most: number): Recent<K, V> {
  // In the order in which they were used.
  const values = new Map<K, V>()
  const set = (key: K, value: V): void => {
    values.delete(key)
    values.set(key, value)
    const [oldest] = values.size > most ? values.keys() : []
    if (oldest !== undefined) values.delete(oldest)
  }
  return {
    get(key) {
      const value = values.get(key)
      if (value !== undefined) set(key, value)
      return value
    },
    set,
  }
}
