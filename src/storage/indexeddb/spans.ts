/**
 * Two ranges of one Blob are read together when at most this many bytes lie between them. Each read of
 * a Blob costs about 0.25 ms however small it is; so many bytes between cost less than that (measured:
 * 100 neighbouring ranges of 300 bytes take 22 ms one by one, 1 ms as one).
 */
export const MAX_GAP = 4 * 1024

/** Ranges are joined up to this many bytes, so that no small read moves more. */
export const MAX_SPAN = 64 * 1024

/** Bytes [from, to) that are read at once, and which of the asked ranges lie in them. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly members: readonly number[]
}

/** Joins ranges that lie close together. Empty ranges are left out. */
export function joinRanges(ranges: readonly { readonly from: number; readonly to: number }[]): Span[] {
  const order = [...ranges.entries()]
    .filter(([, range]) => range.from < range.to)
    .sort(([, a], [, b]) => a.from - b.from)
  const spans: { from: number; to: number; members: number[] }[] = []
  for (const [at, { from, to }] of order) {
    const last = spans.at(-1)
    const end = Math.max(last?.to ?? 0, to)
    const isNear = last !== undefined && from - last.to <= MAX_GAP
    // What lies inside the last span already costs nothing, however long that is.
    if (isNear && (end === last.to || end - last.from <= MAX_SPAN)) {
      last.to = end
      last.members.push(at)
    } else {
      spans.push({ from, to, members: [at] })
    }
  }
  return spans
}
