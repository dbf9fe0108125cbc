import type { Place } from '../repo/mst/stored.ts'

/** Records nearer than this are read in one go. */
const GAP = 4 * 1024
/** The longest single read of records. */
const LONGEST = 1024 * 1024

/** Bytes [from, to) of a segment that are read in one go, for the places `order[first]` up to `order[end - 1]`. */
export interface Run {
  readonly segment: number
  readonly from: number
  to: number
  readonly first: number
  end: number
}

/** How places are read: in which order, and which of them together. `offsets` says where each lies now. */
export function planRuns(
  places: readonly Place[],
  offsets: readonly number[],
): { readonly runs: readonly Run[]; readonly order: readonly number[] } {
  const order = places.map((_, i) => i)
  const compare = (a: number, b: number): number =>
    (places[a]?.segment ?? 0) - (places[b]?.segment ?? 0) || (offsets[a] ?? 0) - (offsets[b] ?? 0)
  // What was taken in as it lies in the tree lies so on the disk.
  if (order.some((i) => i > 0 && compare(i - 1, i) > 0)) order.sort(compare)
  const runs: Run[] = []
  let last: Run | undefined
  for (let n = 0; n < order.length; n++) {
    const i = order[n] ?? 0
    const segment = places[i]?.segment ?? 0
    const from = offsets[i] ?? 0
    const to = from + (places[i]?.length ?? 0)
    if (last?.segment === segment && from - last.to < GAP && to - last.from < LONGEST) {
      last.to = Math.max(last.to, to)
      last.end = n + 1
    } else runs.push((last = { segment, from, to, first: n, end: n + 1 }))
  }
  return { runs, order }
}
