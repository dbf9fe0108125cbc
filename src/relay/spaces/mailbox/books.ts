import {
  BYTES_PER_ADDRESS,
  CAPABILITY_QUIET,
  MAX_BYTES,
  MAX_GONE,
  MAX_PLACES,
  PLACES_PER_ADDRESS,
  RECOVERY_QUIET,
  TOLD_FOR,
} from './limits.ts'
import type { FetchedRow, PlaceKind } from './rows.ts'

/** What is known of a place without reading it. */
export interface Entry {
  readonly kind: PlaceKind
  /** of the body; undefined when it is gone */
  readonly bytes: number | undefined
  readonly expires: number | null
  readonly at: number
  readonly fetched: FetchedRow
  /** who made it: what limits count a client by. In memory only; undefined after a restart */
  readonly by: string | undefined
}

/** The books of the mailbox, in memory: about 400 bytes a place. They hold no body. */
export interface Books {
  get(place: string): Entry | undefined
  set(place: string, entry: Entry | undefined): void
  /** why a body of so many bytes by this client does not fit in the place of what is there */
  refusal(place: string, bytes: number, by: string): 'too-many' | 'full' | undefined
  /** the place that has been quiet longest, and long enough to go when there is no room */
  quietest(now: number): string | undefined
  /** places whose end has come, and what is told no longer of those that went */
  due(now: number): { readonly expired: readonly string[]; readonly forgotten: readonly string[] }
  /** places with a body, and their bytes */
  readonly places: number
  readonly bytes: number
}

interface Sum {
  places: number
  bytes: number
}

export function createBooks(): Books {
  const entries = new Map<string, Entry>()
  const byClient = new Map<string, Sum>()
  const all: Sum = { places: 0, bytes: 0 }

  const count = (sum: Sum, { bytes }: Entry, sign: 1 | -1): void => {
    if (bytes === undefined) return
    sum.places += sign
    sum.bytes += sign * bytes
  }
  const countAll = (entry: Entry, sign: 1 | -1): void => {
    count(all, entry, sign)
    if (entry.by === undefined) return
    const sum = byClient.get(entry.by) ?? { places: 0, bytes: 0 }
    count(sum, entry, sign)
    if (sum.places === 0) byClient.delete(entry.by)
    else byClient.set(entry.by, sum)
  }

  const refusal: Books['refusal'] = (place, bytes, by) => {
    const before = entries.get(place)
    const adds = bytes - (before?.bytes ?? 0)
    const addsPlace = before?.bytes === undefined ? 1 : 0
    const mine = byClient.get(before?.by ?? by)
    if ((mine?.places ?? 0) + addsPlace > PLACES_PER_ADDRESS) return 'too-many'
    if (adds > 0 && (mine?.bytes ?? 0) + adds > BYTES_PER_ADDRESS) return 'too-many'
    if (all.places + addsPlace > MAX_PLACES || (adds > 0 && all.bytes + adds > MAX_BYTES)) return 'full'
    return undefined
  }

  return {
    get: (place) => entries.get(place),
    set(place, entry) {
      const before = entries.get(place)
      if (before !== undefined) countAll(before, -1)
      if (entry === undefined) {
        entries.delete(place)
        return
      }
      countAll(entry, 1)
      entries.set(place, entry)
    },
    refusal,
    quietest(now) {
      let found: { readonly place: string; readonly since: number } | undefined
      for (const [place, { kind, bytes, at, fetched }] of entries) {
        const since = Math.max(at, fetched.lastAt)
        const quiet = kind === 'recovery' ? RECOVERY_QUIET : CAPABILITY_QUIET
        if (bytes === undefined || now - since <= quiet) continue
        if (found === undefined || since < found.since) found = { place, since }
      }
      return found?.place
    },
    due(now) {
      const expired: string[] = []
      const gone: { readonly place: string; readonly at: number }[] = []
      for (const [place, { bytes, expires, at }] of entries) {
        if (bytes === undefined) gone.push({ place, at })
        else if (expires !== null && expires <= now) expired.push(place)
      }
      gone.sort((a, b) => b.at - a.at)
      const forgotten = gone.filter(({ at }, i) => i >= MAX_GONE || now - at > TOLD_FOR)
      return { expired, forgotten: forgotten.map(({ place }) => place) }
    },
    get places() {
      return all.places
    },
    get bytes() {
      return all.bytes
    },
  }
}
