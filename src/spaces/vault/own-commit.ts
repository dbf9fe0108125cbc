import { compareRev } from '../../core/tid.ts'
import type { Storage } from '../../storage/port.ts'
import { readHead } from '../../storage/space/read.ts'
import { heldKey, under } from '../../storage/space/rows.ts'

/**
 * Whether a commit of this device's own repo is one that was made here, as far as that is known: all newer ones, and
 * others of the same time, come from a copy of this profile. Where no repo is (it was set aside, or lost), it is taken
 * as others have it.
 */
export async function isMadeHere(
  storage: Storage,
  repo: string,
  commit: { readonly rev: string; readonly cid: string },
): Promise<boolean> {
  const head = await readHead(storage, repo)
  if (head === undefined || head.cid === commit.cid) return true
  if (compareRev(commit.rev, head.rev) >= 0) return false
  const held = await storage.get('space-repos', heldKey(repo, commit.rev))
  if (held !== undefined) return held === commit.cid
  const range = under(`held/${repo}`)
  const [oldest] = await storage.keys('space-repos', { ...range, limit: 1 })
  // From before all that is remembered.
  return oldest !== undefined && commit.rev < oldest.slice(range.from.length)
}
