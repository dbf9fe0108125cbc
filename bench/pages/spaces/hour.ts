import { TABLES, type Storage } from '../../../src/storage/port.ts'
import { foundSpace } from '../../../src/spaces/vault/found.ts'
import { openVault } from '../../../src/spaces/vault/vault.ts'
import { countingStorage, sizeOf } from '../counting-storage.ts'
import type { Task } from '../worker.ts'
import { dayOf } from './day.ts'
import { hasty, vaultHost } from './host.ts'
import { doStep, sideOf, writeAll } from './side.ts'

/** Someone types; counted is what that leaves in the database, sealed, with all that is kept beside it. */
export const ourHour: Task<'ourHour'> = async ({ keys }) => {
  const opened = await vaultHost('hour', hasty)
  const { storage, counts } = countingStorage(opened.storage)
  const host = { ...opened, storage }
  const row = await foundSpace(host, { title: 'Garden', name: 'Anna', hidePast: false, relays: [] })
  const vault = await openVault(host, row)
  const side = await sideOf(host, vault)
  await writeAll(side)
  const steps = dayOf(0, keys, 0)
  return async () => {
    const before = await bytesIn(opened.storage)
    counts.written = 0
    side.made.bytes = 0
    for (const step of steps) await doStep(side, step)
    const held = await bytesIn(opened.storage)
    // the note is left
    await side.notes.close()
    const left = await bytesIn(opened.storage)
    return {
      updates: side.made.bytes,
      flushes: steps.length,
      written: counts.written,
      storedOpen: held - before,
      stored: left - before,
    }
  }
}

/** Rows with their keys, and byte values. */
async function bytesIn(storage: Storage): Promise<number> {
  let bytes = 0
  for (const table of TABLES)
    for (const { key, value } of await storage.list(table)) bytes += key.length + sizeOf(value)
  return bytes
}
