import { createBlockTable, type BlockTable } from '../repo/verify/block-table.ts'
import { type Place, storedSize, type StoredNode } from '../repo/mst/stored.ts'
import type { WalkSink } from '../repo/verify/walk-model.ts'
import type { SegmentWriter } from './segment-writer.ts'

/** Nodes of three layers lie together: about 64 entries, so one short read covers a path through them. */
const LAYERS_TOGETHER = 3
const WRITTEN = 1

export interface TreeSink extends WalkSink {
  /** A node that is stored already; it will not be written again. */
  known(digest: Uint8Array, place: Place): void
  /** Where such a node is. */
  placeOf(digest: Uint8Array): Place | undefined
}

/** Writes proven nodes, children first, to one writer for each group of layers; never the same node twice. */
export function createTreeSink(input: {
  readonly writers: readonly SegmentWriter[]
  readonly seed: number
  readonly onNode: (digest: Uint8Array, at: Place) => void
}): TreeSink {
  const written: BlockTable = createBlockTable(input.seed)
  const placeOf = (digest: Uint8Array): Place | undefined => {
    const found = written.size === 0 ? -1 : written.find(digest, 0)
    return found < 0
      ? undefined
      : { segment: written.a(found), offset: written.b(found), length: written.c(found) }
  }
  const put = (stored: StoredNode, digest: Uint8Array, layer: number): Place => {
    const found = placeOf(digest)
    if (found !== undefined) return found
    const group = Math.min(Math.floor(layer / LAYERS_TOGETHER), input.writers.length - 1)
    const writer = input.writers[group]
    if (writer === undefined) throw new RangeError('no writer for the tree')
    const length = storedSize(stored)
    const offset = writer.node(stored, length)
    return { segment: writer.segment, offset, length }
  }
  return {
    placeOf,
    known(digest, place) {
      const index = written.insert(digest, 0)
      if (written.added) written.set(index, WRITTEN, place.segment, place.offset, place.length)
    },
    node(stored, digest, layer) {
      const place = put(stored, digest, layer)
      input.onNode(digest, place)
      return place
    },
  }
}
