import type { Storage } from '../../storage/port.ts'
import { type Chunk, type ChunkRow, openChunk } from './chunk.ts'
import { type Built, chunkKey, goneKey, type Lane } from './rows.ts'
import { readGone } from './update.ts'

/**
 * Chunks kept in memory over all repos, bytes: the text of some 300,000 posts. What does not fit is read
 * again with each search.
 */
const CACHE_BYTES = 64 << 20
/** Chunks read in one transaction. */
const READ_AHEAD = 16

/** Chunks in the order of hits, of which some records may be gone. */
export interface LoadedLane {
  readonly did: string
  readonly chunks: number
  /** Resolves with the chunk, from memory where it is there. */
  chunk(index: number): Chunk | Promise<Chunk | undefined> | undefined
  /** Reads what is not in memory yet; false when the room is used up. */
  warm(): Promise<boolean>
  /** True when a newer delta has removed or replaced the record at this path. */
  isGone(path: string): boolean
}

export interface LoadedRepo {
  /** the rows that it consists of */
  readonly stamp: string
  readonly lanes: readonly LoadedLane[]
  /** Reads what is not in memory yet, as far as there is room without taking any from other repos. */
  warm(): Promise<void>
}

export interface IndexCache {
  /** The lanes of a repo's index, from memory while it consists of the same rows. */
  open(did: string, built: Built): Promise<LoadedRepo>
  drop(did: string): void
}

interface Held {
  readonly repo: LoadedRepo
  bytes: number
  /** some chunk found no room */
  full: boolean
}

/** Names the rows of an index: a row never changes, and no name comes twice. */
export const stampOf = (built: Built): string => [built.base.id, ...built.deltas.map((it) => it.id)].join(' ')

/** Keeps what was searched last; the least recently searched repo goes first. */
export function createIndexCache(storage: Storage, budget = CACHE_BYTES): IndexCache {
  const held = new Map<string, Held>()
  const total = (): number => [...held.values()].reduce((sum, it) => sum + it.bytes, 0)

  /** Makes room at the cost of other repos; false when there is none. */
  const room = (did: string, bytes: number): boolean => {
    for (const other of held.keys()) {
      if (total() + bytes <= budget) break
      if (other !== did) held.delete(other)
    }
    return total() + bytes <= budget
  }

  const lane = (
    did: string,
    id: string,
    kind: Lane,
    count: number,
    gone: ReadonlySet<string>,
    own: Held,
  ): LoadedLane => {
    const chunks: (Chunk | undefined)[] = []
    const read = async (index: number, evict: boolean): Promise<Chunk | undefined> => {
      const keys: string[] = []
      for (let i = index; i < Math.min(count, index + READ_AHEAD); i++) keys.push(chunkKey(did, id, kind, i))
      const rows = await storage.getMany('search', keys)
      let first: Chunk | undefined
      rows.forEach((value, i) => {
        // Our own row, written by this code; undefined once the index was replaced.
        if (value === undefined) return
        const chunk = chunks[index + i] ?? openChunk(value as ChunkRow)
        if (i === 0) first = chunk
        if (chunks[index + i] !== undefined) return
        if (held.get(did) !== own || !(evict ? room(did, chunk.bytes) : total() + chunk.bytes <= budget)) {
          own.full = true
          return
        }
        chunks[index + i] = chunk
        own.bytes += chunk.bytes
      })
      return first
    }
    return {
      did,
      chunks: count,
      chunk: (index) => chunks[index] ?? read(index, true),
      isGone: (path) => gone.has(path),
      async warm() {
        for (let i = 0; i < count && !own.full; i++) if (chunks[i] === undefined) await read(i, false)
        return !own.full
      },
    }
  }

  return {
    async open(did, built) {
      const stamp = stampOf(built)
      const known = held.get(did)
      if (known?.repo.stamp === stamp) {
        // Searched last: goes last.
        held.delete(did)
        held.set(did, known)
        return known.repo
      }
      const rows = await storage.getMany(
        'search',
        built.deltas.map((it) => goneKey(did, it.id)),
      )
      const lanes: LoadedLane[] = []
      const warm = async (): Promise<void> => {
        for (const it of lanes) if (!(await it.warm())) return
      }
      const own: Held = { repo: { stamp, lanes, warm }, bytes: 0, full: false }
      // Newest first: what a delta removed is gone from all before it, and not from itself.
      let gone: ReadonlySet<string> = new Set()
      built.deltas.toReversed().forEach((delta, i) => {
        lanes.push(lane(did, delta.id, 'c', delta.chunks, gone, own))
        gone = new Set([...gone, ...readGone(rows[built.deltas.length - 1 - i])])
      })
      lanes.push(lane(did, built.base.id, 'l', built.base.narrow, gone, own))
      lanes.push(lane(did, built.base.id, 'w', built.base.wide, gone, own))
      held.delete(did)
      held.set(did, own)
      return own.repo
    },
    drop: (did) => void held.delete(did),
  }
}
