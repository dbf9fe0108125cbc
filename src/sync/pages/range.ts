/**
 * A part of a repo in the order of its paths. Both sides of a page go by these rules, so that what a page has
 * to hold is the same for both.
 */
export interface PathRange {
  /** what came before: only paths above it */
  readonly after?: string | undefined
  /** first path, inclusive */
  readonly from?: string | undefined
  /** first path past the end */
  readonly to?: string | undefined
}

/** The range of a collection: `0` follows `/`. */
export const collectionRange = (nsid: string): { from: string; to: string } => ({
  from: `${nsid}/`,
  to: `${nsid}0`,
})

export const inRange = ({ after, from, to }: PathRange, path: string): boolean =>
  (after === undefined || path > after) &&
  (from === undefined || path >= from) &&
  (to === undefined || path < to)

/**
 * Whether a subtree whose paths all lie between `lower` and `upper`, both exclusive, can hold a path of the
 * range; '' and undefined stand for the ends of the tree.
 */
export function mayHold({ after, from, to }: PathRange, lower: string, upper: string | undefined): boolean {
  if (
    upper !== undefined &&
    ((after !== undefined && upper <= after) || (from !== undefined && upper <= from))
  )
    return false
  return to === undefined || lower < to
}

/** Whether every path between `after` and `before`, both exclusive, is in the range; '' and undefined as above. */
export const holdsAll = (
  { after, from, to }: PathRange,
  span: { readonly after: string; readonly before: string | undefined },
): boolean =>
  (after === undefined || after <= span.after) &&
  (from === undefined || from <= span.after) &&
  (to === undefined || (span.before !== undefined && span.before <= to))
