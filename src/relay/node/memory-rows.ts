import { NotFoundError } from '@libp2p/interface'
import type { Libp2pInit } from 'libp2p'
import { NetError } from '../../net/errors.ts'

type Rows = NonNullable<Libp2pInit['datastore']>
type Key = Parameters<Rows['get']>[0]

interface Row {
  readonly key: Key
  readonly value: Uint8Array
}

/** Rows of one DHT key lie together (`/dht/provider/KEY/PEER`): each lookup asks for just these. */
const groupOf = (name: string): string | undefined => /^(\/[^/]+){3}(?=\/)/.exec(name)?.[0]

/** What a row takes on average, bytes: a peer with its key and some addresses, or a provider. */
const ROW_BYTES = 512
/** A longer row is no peer's: who has hundreds of addresses is refused. Bytes. */
const MOST_ROW_BYTES = 32 * 1024

/**
 * What libp2p remembers of peers and of the DHT, in memory and bounded: both take in rows from anyone, and
 * its own store for it grows without end. When full, the row that was written longest ago goes. Nothing
 * here must last: peers come back and say it again.
 *
 * @param most rows, of half a kilobyte on average
 */
export function createMemoryRows(most: number): Rows {
  const rows = new Map<string, Row>()
  const groups = new Map<string, Map<string, Row>>()
  const mostBytes = most * ROW_BYTES
  let bytes = 0

  function drop(name: string): void {
    const group = groupOf(name)
    const members = group === undefined ? undefined : groups.get(group)
    members?.delete(name)
    if (group !== undefined && members?.size === 0) groups.delete(group)
    bytes -= rows.get(name)?.value.length ?? 0
    rows.delete(name)
  }

  /** Rows under a prefix: of one group when the prefix names one, else of all. */
  function under(prefix = ''): Row[] {
    const group = groupOf(`${prefix}/`)
    const among = group === undefined ? rows : (groups.get(group) ?? new Map<string, Row>())
    return [...among.values()].filter(({ key }) => key.toString().startsWith(prefix))
  }

  const put: Rows['put'] = (key, value) => {
    const name = key.toString()
    if (value.length > MOST_ROW_BYTES)
      throw new NetError('net.limit', { what: 'peer-row', limit: MOST_ROW_BYTES })
    // Anew, so that the map stays in the order of writing.
    drop(name)
    const row = { key, value }
    rows.set(name, row)
    bytes += value.length
    const group = groupOf(name)
    if (group !== undefined) groups.set(group, (groups.get(group) ?? new Map<string, Row>()).set(name, row))
    for (const oldest of rows.keys()) {
      if (rows.size <= most && bytes <= mostBytes) break
      drop(oldest)
    }
    return key
  }
  const get: Rows['get'] = (key) => {
    const row = rows.get(key.toString())
    if (row === undefined) throw new NotFoundError(`no row ${key.toString()}`)
    return row.value
  }
  const remove: Rows['delete'] = (key) => drop(key.toString())

  const query: Rows['query'] = async function* ({ prefix, filters = [], orders = [], offset = 0, limit }) {
    let found = under(prefix)
    for (const filter of filters) found = found.filter((row) => filter(row))
    for (const order of orders) found.sort(order)
    yield* found.slice(offset, limit === undefined ? undefined : offset + limit)
  }

  return {
    put,
    get,
    has: (key) => rows.has(key.toString()),
    delete: remove,
    query,
    queryKeys: async function* ({ prefix, filters = [], orders = [], offset = 0, limit }) {
      let found = under(prefix).map(({ key }) => key)
      for (const filter of filters) found = found.filter((key) => filter(key))
      for (const order of orders) found.sort(order)
      yield* found.slice(offset, limit === undefined ? undefined : offset + limit)
    },
    putMany: async function* (source) {
      for await (const { key, value } of source) {
        await put(key, value)
        yield key
      }
    },
    getMany: async function* (source) {
      for await (const key of source) yield { key, value: await get(key) }
    },
    deleteMany: async function* (source) {
      for await (const key of source) {
        await remove(key)
        yield key
      }
    },
    batch: () => {
      const todo: (() => unknown)[] = []
      return {
        put: (key, value) => void todo.push(() => put(key, value)),
        delete: (key) => void todo.push(() => remove(key)),
        commit: async () => {
          for (const one of todo.splice(0)) await one()
        },
      }
    },
  }
}
