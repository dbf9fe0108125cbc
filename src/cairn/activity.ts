import type { ActivityItem, ActivityKind } from './api.ts'
import type { CairnHost } from './host.ts'
import { withNames } from './ways.ts'

/** Older entries are dropped: a history for people, not a log. */
const KEPT = 1000
/** Entries of one millisecond keep their order, up to this many: three characters of base 36. */
const TURNS = 36 ** 3
/** How many are written between two looks at whether there are too many. */
const TRIM_EVERY = 50

export interface ActivityLog {
  note(item: Omit<ActivityItem, 'id' | 'at' | 'kind'> & { readonly kind: ActivityKind }): Promise<void>
  list(page: { before?: string; limit: number }): Promise<ActivityItem[]>
  clear(): Promise<void>
}

/** What happened, newest first. Ids sort by time. */
export function createActivityLog(host: CairnHost, onChange: () => void): ActivityLog {
  const { storage } = host
  let written = 0

  const trim = async (): Promise<void> => {
    const oldest = (await storage.keys('activity', { reverse: true, limit: KEPT })).at(KEPT - 1)
    if (oldest === undefined) return
    await storage.write([{ type: 'delete-range', table: 'activity', from: '', to: oldest }], {
      durability: 'relaxed',
    })
  }

  return {
    async note(item) {
      const at = host.clock.now()
      const turn = (written % TURNS).toString(36).padStart(3, '0')
      const id = `${String(at).padStart(14, '0')}-${turn}${host.random().toString(36).padStart(7, '0')}`
      const value: ActivityItem = { ...item, id, at }
      await storage.write([{ type: 'put', table: 'activity', key: id, value }], { durability: 'relaxed' })
      if (written++ % TRIM_EVERY === 0) await trim()
      onChange()
    },
    async list({ before, limit }) {
      const range = {
        reverse: true,
        limit: Math.min(limit, KEPT),
        ...(before === undefined ? {} : { to: before }),
      }
      // Our own rows, written by this code.
      const items = (await storage.list('activity', range)).map(({ value }) => value as ActivityItem)
      return withNames(storage, items)
    },
    async clear() {
      await storage.write([{ type: 'delete-range', table: 'activity', from: '', to: '~' }])
      onChange()
    },
  }
}
