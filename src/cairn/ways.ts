import type { Storage } from '../storage/port.ts'
import type { Attempt, Way } from '../sync/peers/model.ts'
import type { ActivityItem } from './api.ts'
import { errorOf } from './job-error.ts'
import { peerName } from './network/copies.ts'

/** Attempts that are noted: what a person may want to read, not a log. */
const MAX_TRIED = 8

/** The way of what came from someone else because its own server had failed. */
export function afterServer(error: unknown, way: Way): Way {
  const server: Attempt = { rung: 'server', peer: undefined, code: errorOf(error).code }
  return { ...way, tried: [server, ...way.tried] }
}

/** What a note says of how something came: `peer`, `rung`, and where they apply `url`, `resumed`, `tried`. */
export function wayFields(way: Way | undefined): Record<string, unknown> {
  if (way === undefined) return {}
  const { peer, rung, url, resumed, tried } = way
  return {
    peer,
    rung,
    ...(url === undefined ? {} : { url }),
    ...(resumed ? { resumed } : {}),
    ...(tried.length === 0 ? {} : { tried: tried.slice(0, MAX_TRIED) }),
  }
}

/**
 * Notes with the names that the person has given by now: `peerName` of a note's `peer`, and `name` of each peer
 * in `tried`. Names are not stored with notes: one that is given later names what was before, too.
 */
export async function withNames(storage: Storage, items: readonly ActivityItem[]): Promise<ActivityItem[]> {
  const peers = new Set(items.flatMap(({ fields }) => [fields, ...triedIn(fields)].flatMap(peerIn)))
  const found = await Promise.all([...peers].map(async (it) => [it, await peerName(storage, it)] as const))
  const names = new Map(found)
  const nameOf = (of: object): string | undefined => peerIn(of).flatMap((it) => names.get(it) ?? [])[0]
  return items.map((item) => {
    const name = nameOf(item.fields)
    const tried = triedIn(item.fields).map((it) => {
      const name = nameOf(it)
      return name === undefined ? it : { ...it, name }
    })
    if (name === undefined && tried.length === 0) return item
    const called = name === undefined ? {} : { peerName: name }
    return { ...item, fields: { ...item.fields, ...called, ...(tried.length === 0 ? {} : { tried }) } }
  })
}

/** A note may be of another version: what is no attempt is none. */
const triedIn = ({ tried }: ActivityItem['fields']): object[] =>
  Array.isArray(tried) ? tried.filter((it: unknown) => typeof it === 'object' && it !== null) : []

const peerIn = (of: object): string[] => ('peer' in of && typeof of.peer === 'string' ? [of.peer] : [])
