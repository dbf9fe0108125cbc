import { parseSpace } from '../../repo/space/uri.ts'
import { dropSpaceOps } from '../../storage/space/forget.ts'
import { forgetLog } from '../log/rows.ts'
import type { VaultHost } from './host.ts'
import { createVaultRows } from './rows.ts'

/** Held in common by what makes a space, and alone by what looks for spaces that were never made. */
const BIRTH = 'space-birth'

type Host = Pick<VaultHost, 'storage' | 'keys'>

/** Runs what makes a space: until its row is there, it is nobody's. */
export const whileMaking = <T>({ storage }: Host, work: () => Promise<T>): Promise<T> =>
  storage.lock(BIRTH, { mode: 'shared' }, work)

/**
 * Deletes a space from this device: its row first, then its repos, its log and its keys; cut off anywhere, nothing of
 * it is shown, and `sweepSpaces` ends it. Files are with `spaces/files`. The vault is closed before.
 *
 * @throws StorageError, KeysError
 */
export async function forgetSpace({ storage, keys }: Host, space: string): Promise<void> {
  await createVaultRows(storage).drop(space)
  await storage.write([...dropSpaceOps(space), forgetLog(space)])
  await keys.forget(space)
}

/** Deletes what is left of spaces that have no row: founded or forgotten in part when a device died. Gives them. */
export async function sweepSpaces(host: Host): Promise<readonly string[]> {
  const { storage } = host
  return storage.lock(BIRTH, { mode: 'exclusive' }, async () => {
    const rows = new Set((await createVaultRows(storage).list()).map(({ space }) => space))
    const lost: string[] = []
    // Keys are made first and go last.
    for (let from = ''; ;) {
      const [key] = await storage.keys('space-keys', { from, limit: 1 })
      if (key === undefined) break
      const space = key.split('/', 6).join('/')
      const isSpace = parseSpace(space) !== undefined
      // `0` follows `/`: past all of this space.
      from = isSpace ? `${space}0` : `${key}\u0000`
      if (isSpace && !rows.has(space)) lost.push(space)
    }
    for (const space of lost) await forgetSpace(host, space)
    return lost
  })
}
