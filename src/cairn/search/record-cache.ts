import { binary } from '../../repo/mst/diff.ts'
import type { Place } from '../../repo/mst/stored.ts'
import type { SegmentReader } from '../../storage/segment-reader.ts'

/** Bytes of records kept: what is typed on mostly finds the same ones, and each scattered read costs a quarter of a millisecond. */
const CACHE_BYTES = 8 << 20
/** What a record costs beside its bytes. */
const OVERHEAD = 200

/** Reads records, remembering those read last by their digest: their bytes can never be others. */
export interface RecordCache {
  read(
    reader: Pick<SegmentReader, 'records'>,
    wanted: readonly { readonly digest: Uint8Array; readonly place: Place }[],
  ): Promise<Uint8Array[]>
  clear(): void
}

export function createRecordCache(budget = CACHE_BYTES): RecordCache {
  const held = new Map<string, Uint8Array>()
  let size = 0

  const keep = (key: string, bytes: Uint8Array): void => {
    held.set(key, bytes)
    size += bytes.length + OVERHEAD
    for (const [oldest, gone] of held) {
      if (size <= budget) return
      held.delete(oldest)
      size -= gone.length + OVERHEAD
    }
  }

  return {
    async read(reader, wanted) {
      const keys = wanted.map(({ digest }) => binary(digest))
      const missing = wanted.filter((_, i) => !held.has(keys[i] ?? ''))
      const read = await reader.records(missing.map((it) => it.place))
      const found = new Map<string, Uint8Array>()
      // A copy: what was read is a view of a run of many records.
      missing.forEach(({ digest }, i) => found.set(binary(digest), (read[i] ?? new Uint8Array()).slice()))
      const out: Uint8Array[] = []
      for (const key of keys) {
        const bytes = found.get(key) ?? held.get(key) ?? new Uint8Array()
        out.push(bytes)
        found.set(key, bytes)
      }
      // Those used now go last.
      for (const [key, bytes] of found) {
        if (held.delete(key)) size -= bytes.length + OVERHEAD
        keep(key, bytes)
      }
      return out
    },
    clear() {
      held.clear()
      size = 0
    },
  }
}
