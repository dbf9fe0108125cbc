import { compareRev } from '../../core/tid.ts'
import type { MembersState } from '../members/state.ts'

/** Heads by device. */
export type Heads = ReadonlyMap<string, { readonly rev: string; readonly commit: string }>

export interface SeenVerdict {
  /** devices of which less was offered than a member has seen */
  readonly withheld: readonly {
    readonly device: string
    /** rev; undefined when nothing was offered */
    readonly offered: string | undefined
    readonly seen: string
    /** the device that has seen it */
    readonly by: string
  }[]
  /** devices that signed two commits with one rev, and who has which: `self`, `offered`, or a device */
  readonly forks: readonly {
    readonly device: string
    readonly rev: string
    readonly commits: readonly { readonly commit: string; readonly by: readonly string[] }[]
  }[]
}

/**
 * Holds what is offered against what members said they have seen (`words`) and what is held here. A device that was
 * stopped is asked for no more than stays of it.
 */
export function judgeHeads(
  words: ReadonlyMap<string, Heads>,
  held: Heads,
  offered: Heads,
  frozen: MembersState['frozen'],
): SeenVerdict {
  /** device → rev → commit → who says so */
  const told = new Map<string, Map<string, Map<string, string[]>>>()
  const newest = new Map<string, { readonly rev: string; readonly by: string }>()
  const note = (by: string, heads: Heads): void => {
    for (const [device, { rev, commit }] of heads) {
      const revs = told.get(device) ?? new Map<string, Map<string, string[]>>()
      told.set(device, revs)
      const commits = revs.get(rev) ?? new Map<string, string[]>()
      revs.set(rev, commits)
      commits.set(commit, [...(commits.get(commit) ?? []), by])
    }
  }
  note('self', held)
  note('offered', offered)
  for (const [by, heads] of words) {
    note(by, heads)
    for (const [device, { rev }] of heads) {
      const best = newest.get(device)
      if (best === undefined || compareRev(rev, best.rev) > 0) newest.set(device, { rev, by })
    }
  }
  const withheld: SeenVerdict['withheld'][number][] = []
  for (const [device, { rev, by }] of newest) {
    const stays = frozen.get(device)
    if (frozen.has(device) && stays === undefined) continue
    const seen = stays !== undefined && compareRev(stays.rev, rev) < 0 ? stays.rev : rev
    const found = offered.get(device)?.rev
    if (found === undefined || compareRev(found, seen) < 0)
      withheld.push({ device, offered: found, seen, by })
  }
  const forks = [...told].flatMap(([device, revs]) =>
    [...revs].flatMap(([rev, commits]) => {
      if (commits.size < 2) return []
      const list = [...commits].map(([commit, by]) => ({ commit, by }))
      return [{ device, rev, commits: list.sort((a, b) => (a.commit < b.commit ? -1 : 1)) }]
    }),
  )
  return { withheld, forks }
}
