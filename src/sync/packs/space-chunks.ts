/** Chunks that were named in an answer, until they are fetched: the last ones, by their bytes. */
export interface ChunkCache {
  put(repo: string, id: string, bytes: Uint8Array<ArrayBuffer>): void
  get(repo: string, id: string): Uint8Array<ArrayBuffer> | undefined
}

/** What is no longer here is made anew, when its page is asked for again. */
export function createChunkCache(maxBytes: number): ChunkCache {
  const kept = new Map<string, Uint8Array<ArrayBuffer>>()
  let size = 0
  const keyOf = (repo: string, id: string): string => `${id} ${repo}`
  return {
    put(repo, id, bytes) {
      const key = keyOf(repo, id)
      size += bytes.length - (kept.get(key)?.length ?? 0)
      kept.delete(key)
      kept.set(key, bytes)
      for (const [oldest, { length }] of kept) {
        if (size <= maxBytes || oldest === key) break
        kept.delete(oldest)
        size -= length
      }
    },
    get: (repo, id) => kept.get(keyOf(repo, id)),
  }
}
