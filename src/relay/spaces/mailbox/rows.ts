import type { Storage } from '../../../storage/port.ts'
import { rows } from '../../store/ledger.ts'

/** `capability`: of a join link or a device link. */
export type PlaceKind = 'capability' | 'recovery'

/** What lies under a place. Table `space-keys`, key `place/{place}`. */
export interface PlaceRow {
  /** SHA-256 of the owner's 32 bytes */
  readonly owner: Uint8Array
  readonly kind: PlaceKind
  /** null: it is gone, for the reason that follows from `revoked` */
  readonly body: Uint8Array | null
  /** ms since 1970 */
  readonly expires: number | null
  readonly uses: number | null
  readonly revoked: boolean
  /** ms: the last put; of what is gone, when it went */
  readonly at: number
}

/**
 * How often it was fetched. Table `space-keys`, key `fetched/{place}`. A row of its own, so that a fetch writes some
 * bytes only; it always weighs the same, so a fetch never needs room.
 */
export interface FetchedRow {
  readonly count: number
  /** ms; 0: never */
  readonly lastAt: number
}

/** On a relay this table has nothing else. */
export const PLACES = 'space-keys'
const PLACE = 'place/'
const FETCHED = 'fetched/'

export const placeKey = (place: string): string => PLACE + place
export const fetchedKey = (place: string): string => FETCHED + place

/** All places with their counts. Only this room writes these rows. */
export async function* storedPlaces(
  storage: Storage,
): AsyncGenerator<{ readonly place: string; readonly row: PlaceRow; readonly fetched: FetchedRow }> {
  const counts = new Map<string, FetchedRow>()
  for await (const { key, value } of rows(storage, PLACES, { from: FETCHED, to: 'fetched0' }))
    counts.set(key.slice(FETCHED.length), value as FetchedRow)
  for await (const { key, value } of rows(storage, PLACES, { from: PLACE, to: 'place0' })) {
    const place = key.slice(PLACE.length)
    yield { place, row: value as PlaceRow, fetched: counts.get(place) ?? NEVER }
  }
}

export const NEVER: FetchedRow = { count: 0, lastAt: 0 }

export async function readPlace(storage: Storage, place: string): Promise<PlaceRow | undefined> {
  // Only this room writes these rows.
  return (await storage.get(PLACES, placeKey(place))) as PlaceRow | undefined
}
