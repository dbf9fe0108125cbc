import type { SignedOperation } from '../operation.ts'
import type { OperationSet } from '../set.ts'
import { acts, commitCid, createStory, did, revOf, type Story } from './story.ts'

export const AUTHORITY = { by: 'authority' }

/** An owner, two admins, two writers. */
export function begin(): Story {
  const story = createStory()
  story.does('owner', acts.create('heir'), AUTHORITY)
  story.does('owner', acts.role('anna', 'admin'), AUTHORITY)
  story.does('owner', acts.role('ben', 'admin'), AUTHORITY)
  story.does('anna', acts.role('wim', 'writer'))
  story.does('ben', acts.role('xia', 'writer'))
  return story
}

export const roleOf = (set: OperationSet, name: string): string =>
  set.state().devices.get(did(name)) ?? 'none'

export const commit = (name: string, n: number, heads: readonly SignedOperation[]) => ({
  author: did(name),
  rev: revOf(n),
  cid: commitCid(`${name} ${n}`),
  members: heads.map((it) => it.cid).sort(),
})
