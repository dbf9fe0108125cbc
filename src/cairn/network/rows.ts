import type { Storage } from '../../storage/port.ts'

/** Rows of the table `network` under a prefix, as small stores of the parts that need one. */
export function rowsOf(storage: Storage, prefix: string) {
  const from = `${prefix}/`
  return {
    async load(): Promise<{ readonly key: string; readonly value: unknown }[]> {
      const rows = await storage.list('network', { from, to: `${prefix}0` })
      return rows.map(({ key, value }) => ({ key: key.slice(from.length), value }))
    },
    async save({ key, value }: { readonly key: string; readonly value: unknown }): Promise<void> {
      await storage.write([{ type: 'put', table: 'network', key: from + key, value }])
    },
    async remove(key: string): Promise<void> {
      await storage.write([{ type: 'delete', table: 'network', key: from + key }])
    },
  }
}

/** One small value of the table. */
export function bytesOf(storage: Storage, key: string) {
  return {
    // written below only
    load: async () => (await storage.get('network', key)) as Uint8Array | undefined,
    save: (value: Uint8Array) => storage.write([{ type: 'put', table: 'network', key, value }]),
  }
}

/** A counter that never gives a number twice, over restarts too; it skips some when the app is stopped. */
export function counterOf(storage: Storage, key: string): { next(): Promise<number> } {
  /** numbers written ahead, so that not every one costs a write */
  const STEP = 64
  let next = 0
  let end = 0
  let turn: Promise<unknown> = Promise.resolve()
  const take = async (): Promise<number> => {
    if (next >= end) {
      const stored = (await storage.get('network', key)) as number | undefined
      next = Math.max(next, stored ?? 1)
      await storage.write([{ type: 'put', table: 'network', key, value: next + STEP }])
      end = next + STEP
    }
    return next++
  }
  return {
    next() {
      const mine = turn.then(take)
      turn = mine.catch(() => {})
      return mine
    },
  }
}
