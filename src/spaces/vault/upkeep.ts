import { formatSpaceRepo } from '../../repo/space/uri.ts'
import { commitInner, commitRaw } from './commit.ts'
import { currentEpoch, lacking } from './epoch-choice.ts'
import type { VaultParts } from './parts.ts'
import { hidesPast } from './past.ts'

const canWrite = (parts: VaultParts): boolean => parts.role() === 'writer' || parts.role() === 'admin'

/**
 * Publishes what others need to read on: wraps of the epoch in use for devices whose cards came later, and epochs that
 * lie in no repo any more. Does nothing where nothing lacks. With `make` a new epoch is begun when there is none in
 * use, as after a removal: by who removed, so that not all who hear of it make one each. The caller has the vault
 * alone.
 */
export async function keepReadable(parts: VaultParts, make: boolean): Promise<void> {
  if (!canWrite(parts)) return
  if (make || currentEpoch(parts) !== undefined) await commitInner(parts, () => [])
  const { keyring, host, space } = parts
  const hidePast = hidesPast(parts)
  const held = [...keyring.held()].filter(({ info }) => hidePast || !keyring.lies(info.name))
  const changes = await lacking(parts, held)
  if (changes.length === 0) return
  const repo = formatSpaceRepo({ space, author: parts.device().id })
  await host.storage.lock(`space-write/${space}`, { mode: 'exclusive' }, async () => {
    await parts.repos.catchUp(parts.device().id)
    await commitRaw(parts, repo, changes)
  })
}
