import type { Storage } from '../../storage/port.ts'
import { dropRepoOps, under } from '../../storage/space/rows.ts'
import { dropRestOps } from './rows.ts'
import { spaceTag } from './tag.ts'

/** Repos that are looked for at a time. */
const PAGE = 500

/**
 * Deletes a space with all that is kept of it, repo by repo. With `wait` it waits for whoever is at work on one; without
 * it such repos stay, and their number is told: who makes room for a write must not wait for another that waits for
 * room. Nothing may be written to the space any more.
 */
export async function giveUp(
  storage: Storage,
  space: string,
  { wait }: { readonly wait: boolean },
): Promise<number> {
  let busy = 0
  for (const kind of ['head', 'take'])
    for await (const repo of reposUnder(storage, `${kind}/`, space)) {
      const options = { mode: 'exclusive', ifAvailable: !wait } as const
      // The lock by which `storage/space` keeps a repo.
      const isGone = await storage.lock(`space/${repo}`, options, async (held) => {
        if (held) await storage.write(dropRepoOps(repo))
        return held
      })
      if (!isGone) busy++
    }
  if (busy === 0) await storage.write(dropRestOps(space, spaceTag(space)))
  return busy
}

async function* reposUnder(storage: Storage, prefix: string, space: string): AsyncGenerator<string> {
  const { from, to } = under(prefix + space)
  let next = from
  for (;;) {
    const keys = await storage.keys('space-repos', { from: next, to, limit: PAGE })
    for (const key of keys) yield key.slice(prefix.length)
    const last = keys.at(-1)
    if (last === undefined || keys.length < PAGE) return
    next = `${last}\u0000`
  }
}
