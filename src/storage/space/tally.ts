import type { LtHash } from '../../repo/space/lthash.ts'
import type { KeptRecord, SpaceRecordRow } from './rows.ts'

/** What a repo holds, as its commit signs it: kept in step with every record that comes and goes. */
export interface Tally {
  /** LtHash state, the tally's own */
  readonly state: Uint8Array
  records(): number
  /** of the records, in all */
  bytes(): number
  /** Takes out what stood at a path, and puts in what will. */
  replace(path: string, from: SpaceRecordRow | undefined, to: SpaceRecordRow | undefined): void
}

/** A tally that begins with what a row says; with nothing when there is none. */
export function createTally(
  ltHash: LtHash,
  start?: { readonly state: Uint8Array; readonly records: number; readonly bytes: number },
): Tally {
  const state = start === undefined ? ltHash.empty() : new Uint8Array(start.state)
  let { records, bytes } = start ?? { records: 0, bytes: 0 }
  return {
    state,
    records: () => records,
    bytes: () => bytes,
    replace(path, from, to) {
      const old = live(from)
      const next = live(to)
      if (old?.cid === next?.cid) return
      if (old !== undefined) {
        ltHash.remove(state, path, old.cid)
        records--
        bytes -= old.size
      }
      if (next !== undefined) {
        ltHash.add(state, path, next.cid)
        records++
        bytes += next.size
      }
    },
  }
}

/** The row when a record is there. */
export const live = (row: SpaceRecordRow | undefined): KeptRecord | undefined =>
  row !== undefined && 'cid' in row ? row : undefined
