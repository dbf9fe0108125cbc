import type { Entity } from '../../../../cairn/api.ts'

export interface PostFeed {
  /** posts that answer nothing, newest first */
  readonly threads: readonly Entity<'post'>[]
  /** by what they answer, oldest first */
  readonly replies: ReadonlyMap<string, readonly Entity<'post'>[]>
}

/** Sorts posts into those that begin something and those that answer. Order is the group's, not the clocks'. */
export function newestOf(posts: readonly Entity<'post'>[]): PostFeed {
  const threads: Entity<'post'>[] = []
  const replies = new Map<string, Entity<'post'>[]>()
  for (const post of posts) {
    const { parent } = post.fields
    if (parent === undefined) threads.push(post)
    else {
      const known = replies.get(parent)
      if (known === undefined) replies.set(parent, [post])
      else known.push(post)
    }
  }
  // those of a kind come newest first
  for (const each of replies.values()) each.reverse()
  return { threads, replies }
}

/** The oldest of the newest `count` posts by others; undefined when none is new. */
export function unreadFrom(
  threads: readonly Pick<Entity<'post'>, 'id' | 'by'>[],
  count: number,
  self: string,
): string | undefined {
  let left = count
  let last: string | undefined
  for (const { id, by } of threads) {
    if (left <= 0) break
    if (by === self) continue
    last = id
    left -= 1
  }
  return last
}
