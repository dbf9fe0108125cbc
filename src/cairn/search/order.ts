/** Posts come before all else: they are what people look for. */
const FIRST = 'app.bsky.feed.post'

/** Where a record stands among hits. */
export interface Standing {
  readonly nsid: string
  readonly rkey: string
}

/**
 * Order of hits: posts, then other collections by name; newer record keys (mostly TIDs) first. Negative when
 * `a` comes before `b`.
 */
export function compareStanding(a: Standing, b: Standing): number {
  if (a.nsid !== b.nsid) return compareCollections(a.nsid, b.nsid)
  return a.rkey === b.rkey ? 0 : a.rkey > b.rkey ? -1 : 1
}

export function compareCollections(a: string, b: string): number {
  if (a === b) return 0
  if (a === FIRST) return -1
  if (b === FIRST) return 1
  return a < b ? -1 : 1
}

export function standingOf(path: string): Standing {
  const slash = path.indexOf('/')
  return { nsid: path.slice(0, slash), rkey: path.slice(slash + 1) }
}
