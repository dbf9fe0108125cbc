import type { Storage } from '../../storage/port.ts'
import type { SpaceRow } from './model.ts'

/** Rows of the spaces that are kept here. */
interface VaultRows {
  list(): Promise<readonly SpaceRow[]>
  get(space: string): Promise<SpaceRow | undefined>
  put(row: SpaceRow): Promise<void>
  /** Changes some fields of a row that is there; undefined when there is none. */
  patch(space: string, change: Partial<Omit<SpaceRow, 'space'>>): Promise<SpaceRow | undefined>
  drop(space: string): Promise<void>
}

/** Table `spaces`, key: the space's URI. Errors: `StorageError`. */
export function createVaultRows(storage: Storage): VaultRows {
  // Only this file writes them.
  const get = async (space: string) => (await storage.get('spaces', space)) as SpaceRow | undefined
  const put = (row: SpaceRow): Promise<void> =>
    storage.write([{ type: 'put', table: 'spaces', key: row.space, value: row }])
  return {
    list: async () => (await storage.list('spaces')).map(({ value }) => value as SpaceRow),
    get,
    put,
    patch: (space, change) =>
      storage.lock(`space-row/${space}`, { mode: 'exclusive' }, async () => {
        const row = await get(space)
        if (row === undefined) return undefined
        const next: SpaceRow = { ...row, ...change }
        await put(next)
        return next
      }),
    drop: (space) => storage.write([{ type: 'delete', table: 'spaces', key: space }]),
  }
}
