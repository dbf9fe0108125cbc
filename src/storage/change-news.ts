import type { Place } from '../repo/mst/stored.ts'
import type { ToldChange } from './import-session.ts'

/** One path that differs from the base, and where its record lies; undefined: there is none any more. */
export interface ChangedPath {
  readonly path: string
  readonly place: Place | undefined
}

/**
 * Changes with their records, from the segments that an import has at hand. Undefined where one lies elsewhere, and
 * where paths and records together take more than `most` bytes: who wants to tell of them then has to read them.
 *
 * @param bytesOf the bytes of a segment, while they are in memory
 */
export function newsOf(
  changed: readonly ChangedPath[],
  bytesOf: (segment: number) => Uint8Array | undefined,
  most: number,
): readonly ToldChange[] | undefined {
  let size = 0
  for (const { path, place } of changed) size += path.length + (place?.length ?? 0)
  if (size > most) return undefined
  const news: ToldChange[] = []
  for (const { path, place } of changed) {
    const segment = place && bytesOf(place.segment)
    if (place !== undefined && segment === undefined) return undefined
    const record = place && segment?.slice(place.offset, place.offset + place.length)
    news.push({ path, record })
  }
  return news
}
