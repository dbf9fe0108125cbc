import type { Cairn } from '../../cairn/api.ts'

export interface Neighbours {
  /** 0-based place among the collection's records, newest first */
  readonly position: number
  readonly total: number
  readonly newer: string | undefined
  readonly older: string | undefined
}

/** More halvings than any collection that fits a device needs. */
const MAX_STEPS = 40

/**
 * Where a record stands in its collection, by halving: records come in rkey order, so some seventeen
 * small reads find one among 100,000, and an address needs to say no more than the record's path.
 * undefined when it is not in this snapshot.
 */
export async function findNeighbours(
  cairn: Cairn,
  did: string,
  path: string,
  snapshot?: string,
): Promise<Neighbours | undefined> {
  const slash = path.indexOf('/')
  const collection = path.slice(0, slash)
  const rkey = path.slice(slash + 1)
  const read = (offset: number, limit: number) =>
    cairn.library.records({
      did,
      collection,
      offset,
      limit,
      newestFirst: true,
      ...(snapshot === undefined ? {} : { snapshot }),
    })
  const { total } = await read(0, 1)
  let low = 0
  let high = total
  for (let step = 0; step < MAX_STEPS && low < high; step++) {
    const middle = (low + high) >> 1
    const [item] = (await read(middle, 1)).items
    if (item === undefined) return undefined
    // newest first is descending
    if (item.rkey > rkey) low = middle + 1
    else high = middle
  }
  const first = Math.max(0, low - 1)
  const { items } = await read(first, 3)
  const index = items.findIndex((item) => item.rkey === rkey)
  if (index < 0) return undefined
  return { position: first + index, total, newer: items[index - 1]?.path, older: items[index + 1]?.path }
}
