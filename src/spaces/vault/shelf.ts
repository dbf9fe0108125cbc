import type { InnerPlace } from '../content/model.ts'
import { indexOf } from '../members/subjects.ts'

/** Where the sealed records of one device lie, by what is in them. */
export interface Shelf {
  /** A sealed record has this place inside. */
  put(rkey: string, place: InnerPlace): void
  /** A sealed record is gone, or does not open: the place that it had. */
  remove(rkey: string): InnerPlace | undefined
  /** What is in a sealed record, as far as that is known. */
  of(rkey: string): InnerPlace | undefined
  /** Sealed rkeys of a place, ascending: more than one of a broken device. */
  at(place: InnerPlace): readonly string[]
  /** Places of a collection whose rkeys begin so. */
  list(collection: string, prefix: string): readonly InnerPlace[]
  /** Collections that are here. */
  collections(): readonly string[]
}

export function createShelf(): Shelf {
  const places = new Map<string, InnerPlace>()
  /** collection → rkey → sealed rkeys */
  const inner = new Map<string, Map<string, readonly string[]>>()

  function remove(rkey: string): InnerPlace | undefined {
    const place = places.get(rkey)
    if (place === undefined) return undefined
    places.delete(rkey)
    const byRkey = inner.get(place.collection)
    const left = (byRkey?.get(place.rkey) ?? []).filter((it) => it !== rkey)
    if (left.length > 0) byRkey?.set(place.rkey, left)
    else byRkey?.delete(place.rkey)
    if (byRkey?.size === 0) inner.delete(place.collection)
    return place
  }

  return {
    put(rkey, place) {
      const had = places.get(rkey)
      if (had?.collection === place.collection && had.rkey === place.rkey) return
      remove(rkey)
      places.set(rkey, place)
      const byRkey = indexOf(inner, place.collection, () => new Map<string, readonly string[]>())
      const others = byRkey.get(place.rkey)
      byRkey.set(place.rkey, others === undefined ? [rkey] : [...others, rkey].sort())
    },
    remove,
    of: (rkey) => places.get(rkey),
    at: ({ collection, rkey }) => inner.get(collection)?.get(rkey) ?? [],
    list(collection, prefix) {
      const rkeys = [...(inner.get(collection)?.keys() ?? [])].filter((it) => it.startsWith(prefix)).sort()
      return rkeys.map((rkey) => ({ collection, rkey }))
    },
    collections: () => [...inner.keys()],
  }
}
