import { type RecordEdit, type RepoEdits, editRepo } from '../../../repo/testing/edit.ts'
import type { Prng } from '../../../repo/testing/prng.ts'
import type { TestRepo } from '../../../repo/testing/repo.ts'
import { tidAfter } from '../../../repo/testing/generate.ts'
import type { Storage } from '../../../storage/port.ts'

/**
 * A made-up commit of a busy account: posts made, edited and deleted, likes made and undone, often the same one
 * again, and now and then a record copied to a second path.
 */
export function anyEdits(repo: TestRepo, prng: Prng): RepoEdits {
  const taken = new Set<string>()
  const there = repo.records.map((it) => it.path)
  const pick = (most: number): string[] => {
    const out: string[] = []
    for (let left = Math.min(prng.int(most + 1), there.length); left > 0; left--) {
      const path = prng.pick(there)
      if (!taken.has(path)) out.push(path)
      taken.add(path)
    }
    return out
  }
  const write = (path: string): RecordEdit => ({
    path,
    // Few values, so that one comes back to where it was.
    value: { $type: path.slice(0, path.indexOf('/')), text: `value ${prng.int(4)}` },
  })
  const gone = pick(3)
  const changed = pick(3).map(write)
  const likes = Array.from({ length: prng.int(3) }, () => `app.bsky.feed.like/like${prng.int(8)}`)
  const made = [...new Set(likes)].filter((path) => !there.includes(path)).map(write)
  const posts = Array.from({ length: prng.int(3) }, (_, i) =>
    write(`app.bsky.feed.post/${tidAfter(repo.rev, 60_000_100 + i)}`),
  )
  const source = there[prng.int(there.length + 1)]
  const copies =
    source !== undefined && prng.chance(0.2)
      ? [{ path: `app.bsky.feed.repost/copy${repo.rev}`, copyOf: source }].filter(
          () => !gone.includes(source),
        )
      : []
  return { delete: gone, update: changed, create: [...made, ...posts, ...copies] }
}

export const anyCommit = (repo: TestRepo, prng: Prng): TestRepo => editRepo(repo, anyEdits(repo, prng))

/** The same storage, which does not wait for the disk: for tests of many small writes. */
export function hasty(storage: Storage): Storage {
  return {
    ...storage,
    write: (ops, options) => storage.write(ops, { ...options, durability: 'relaxed' }),
  }
}
