import type { Weave } from '../core/weave.ts'
import type { ChainPlace } from './chain.ts'
import { canonicalJson } from './canonical-json.ts'
import type { PackCommit } from './model.ts'
import { wovenChanges } from './woven-changes.ts'

/** From so many on, changes are put together at once where that can be. */
const MANY = 64

const encoder = new TextEncoder()

/**
 * What a commit's digest in the chain is over: the canonical JSON of its parts, its place and the version.
 *
 * @param weave puts texts together at once, where the host can
 */
export function commitText(commit: PackCommit, place: ChainPlace, weave?: Weave): Uint8Array<ArrayBuffer> {
  const { actorId, changes, commitSeq, createdAt } = commit
  const { partitionId, subscriptionId } = place
  const version = 'syncular-wire-commit-digest-v1'
  const parts = { actorId, commitSeq, createdAt, partitionId, subscriptionId, version }
  const woven = weave === undefined || changes.length < MANY ? undefined : wovenChanges(changes)
  if (weave === undefined || woven === undefined) {
    const rows = changes.map(({ op, row, rowId, rowVersion, scopes, table }) => {
      return { op, row, rowId, rowVersion: rowVersion ?? null, scopes, table }
    })
    return canonicalJson({ ...parts, changes: rows })
  }
  const around = canonicalJson({ ...parts, changes: [] })
  const head = around.subarray(0, encoder.encode(`{"actorId":${JSON.stringify(actorId)},"changes":[`).length)
  const tail = around.subarray(head.length)
  // The comma before the first change makes place for the end of the head.
  const text = weave(woven, head.length - 1, tail.length)
  text.set(head)
  text.set(tail, text.length - tail.length)
  return text
}
