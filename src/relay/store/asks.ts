import type { Clock } from '../../core/clock.ts'
import type { Storage } from '../../storage/port.ts'
import { rows } from './ledger.ts'

/** One asker's wish for one repo. Table `meta`, key: `store/ask/DID/asker`. */
export interface Ask {
  readonly did: string
  /** a peer id, or `operator` */
  readonly by: string
  /** device time, ms */
  readonly firstAt: number
  readonly askedAt: number
}

export const OPERATOR = 'operator'
const PREFIX = 'store/ask/'
/** An asker who asks often writes no more often than this, ms: one hour is nothing beside the 30 days. */
const RENEW_EVERY = 60 * 60_000

const keyOf = (did: string, by: string): string => `${PREFIX}${did}/${by}`

/** Who asked for what. In memory, and on the disk before it counts. */
export interface Asks {
  of(did: string): readonly Ask[]
  /** DIDs that this one asked for */
  by(by: string): readonly string[]
  has(did: string, by: string): boolean
  /** Writes it down, or renews it. True when it is new. */
  note(did: string, by: string): Promise<boolean>
  remove(did: string, by: string): Promise<void>
  removeAll(did: string): Promise<void>
  /** every DID that someone asked for */
  dids(): readonly string[]
  readonly peers: number
}

export async function openAsks(storage: Storage, clock: Clock): Promise<Asks> {
  const byDid = new Map<string, Map<string, Ask>>()
  const byAsker = new Map<string, Set<string>>()

  const put = (ask: Ask): void => {
    const asks = byDid.get(ask.did) ?? new Map<string, Ask>()
    byDid.set(ask.did, asks.set(ask.by, ask))
    byAsker.set(ask.by, (byAsker.get(ask.by) ?? new Set()).add(ask.did))
  }
  const take = (did: string, by: string): void => {
    const asks = byDid.get(did)
    asks?.delete(by)
    if (asks?.size === 0) byDid.delete(did)
    const dids = byAsker.get(by)
    dids?.delete(did)
    if (dids?.size === 0) byAsker.delete(by)
  }

  // Our own rows, written by this code.
  for await (const { value } of rows(storage, 'meta', { from: PREFIX, to: 'store/ask0' })) put(value as Ask)

  return {
    of: (did) => [...(byDid.get(did)?.values() ?? [])],
    by: (by) => [...(byAsker.get(by) ?? [])],
    has: (did, by) => byDid.get(did)?.has(by) === true,
    async note(did, by) {
      const now = clock.now()
      const known = byDid.get(did)?.get(by)
      if (known !== undefined && now - known.askedAt < RENEW_EVERY) return false
      const ask: Ask = { did, by, firstAt: known?.firstAt ?? now, askedAt: now }
      // In memory first: the gate asks whose room this write may take.
      put(ask)
      try {
        await storage.write([{ type: 'put', table: 'meta', key: keyOf(did, by), value: ask }])
      } catch (error) {
        if (known === undefined) take(did, by)
        else put(known)
        throw error
      }
      return known === undefined
    },
    async remove(did, by) {
      if (byDid.get(did)?.has(by) !== true) return
      await storage.write([{ type: 'delete', table: 'meta', key: keyOf(did, by) }])
      take(did, by)
    },
    async removeAll(did) {
      const asks = [...(byDid.get(did)?.keys() ?? [])]
      if (asks.length === 0) return
      await storage.write(asks.map((by) => ({ type: 'delete', table: 'meta', key: keyOf(did, by) }) as const))
      for (const by of asks) take(did, by)
    },
    dids: () => [...byDid.keys()],
    get peers() {
      return byAsker.size - (byAsker.has(OPERATOR) ? 1 : 0)
    },
  }
}
