import type { Clock } from '../../../core/clock.ts'
import type { Storage } from '../../../storage/port.ts'
import type { Books, Entry } from './books.ts'
import { type FetchedRow, fetchedKey, NEVER, placeKey, type PlaceRow, PLACES, readPlace } from './rows.ts'

export interface UpkeepParts {
  readonly storage: Storage
  readonly books: Books
  readonly clock: Clock
}

/** Held alone by whoever changes a place, together by those who fetch from it. */
export const lockName = (place: string): string => `place/${place}`

export const entryOf = (row: PlaceRow, fetched: FetchedRow, by: string | undefined): Entry => ({
  kind: row.kind,
  bytes: row.body?.length,
  expires: row.expires,
  at: row.at,
  fetched,
  by,
})

/** What is left says that it was here. The caller holds the place alone. */
export async function takeAway({ storage, books }: UpkeepParts, place: string, row: PlaceRow): Promise<void> {
  const gone: PlaceRow = { ...row, body: null }
  await storage.write([{ type: 'put', table: PLACES, key: placeKey(place), value: gone }])
  books.set(place, entryOf(gone, books.get(place)?.fetched ?? NEVER, undefined))
}

/** Nothing is left. False when someone is at it. */
export function forget({ storage, books }: UpkeepParts, place: string): Promise<boolean> {
  return storage.lock(lockName(place), { mode: 'exclusive', ifAvailable: true }, async (held) => {
    if (!held) return false
    const keys = [placeKey(place), fetchedKey(place)]
    await storage.write(keys.map((key) => ({ type: 'delete', table: PLACES, key })))
    books.set(place, undefined)
    return true
  })
}

/** Bodies whose end has come go; what is told no longer is forgotten. */
export async function sweep(parts: UpkeepParts, isOver: () => boolean): Promise<void> {
  const { storage, books, clock } = parts
  const { expired, forgotten } = books.due(clock.now())
  for (const place of expired) {
    if (isOver()) return
    await storage.lock(lockName(place), { mode: 'exclusive' }, async () => {
      const row = await readPlace(storage, place)
      // It may have been put anew meanwhile.
      if (row === undefined || row.expires === null || row.expires > clock.now() || row.body === null) return
      await takeAway(parts, place, { ...row, at: row.expires })
    })
  }
  for (const place of forgotten) {
    if (isOver()) return
    await forget(parts, place)
  }
}
