import { commitFrame } from '../../../pds/firehose/testing/firehose-server.ts'
import { decodeFrame } from '../../../pds/firehose/frame.ts'
import { carBytes, type TestBlock } from '../../../repo/testing/car.ts'
import { cidText } from '../../../repo/testing/cid.ts'
import type { TestRepo } from '../../../repo/testing/repo.ts'
import { walkNodes } from '../../../repo/testing/tree.ts'
import type { CommitEvent } from '../told-commit.ts'

export interface WholeCommit {
  readonly blocks: readonly TestBlock[]
  readonly ops: readonly Record<string, unknown>[]
  /** fields of the frame beside those that every commit has */
  readonly fields: Record<string, unknown>
}

/** What a server of today says of the step from one repo to the next: every node of the new tree, and its news. */
export function wholeCommit(before: TestRepo, after: TestRepo): WholeCommit {
  const link = (cid: Uint8Array | undefined) => (cid === undefined ? null : { $link: cidText(cid) })
  const old = new Map(before.records.map(({ path, cid }) => [path, cid]))
  const now = new Map(after.records.map(({ path, cid }) => [path, cid]))
  const paths = [...new Set([...old.keys(), ...now.keys()])].filter(
    (path) => cidTextOf(old.get(path)) !== cidTextOf(now.get(path)),
  )
  const ops = paths.map((path) => {
    const [was, is] = [old.get(path), now.get(path)]
    const action = was === undefined ? 'create' : is === undefined ? 'delete' : 'update'
    return { action, path, cid: link(is), ...(was === undefined ? {} : { prev: link(was) }) }
  })
  const blocks: TestBlock[] = [
    { cid: after.commit, bytes: after.commitBytes },
    ...[...walkNodes(after.tree)].map(({ cid, bytes }) => ({ cid, bytes })),
    ...after.records.filter(({ path }) => paths.includes(path)),
  ]
  const fields = {
    since: before.rev,
    prevData: link(before.root),
    ops,
    blocks: carBytes([after.commit], blocks),
  }
  return { blocks, ops, fields }
}

export const wholeFrame = (
  seq: number,
  before: TestRepo,
  after: TestRepo,
  more: Record<string, unknown> = {},
): Uint8Array<ArrayBuffer> => commitFrame(seq, after, { ...wholeCommit(before, after).fields, ...more })

/** The same as it is read. */
export function wholeEvent(
  before: TestRepo,
  after: TestRepo,
  more: Record<string, unknown> = {},
): CommitEvent {
  const event = decodeFrame(wholeFrame(1, before, after, more))
  if (event.kind !== 'commit') throw new RangeError('a commit is read as one')
  return event
}

const cidTextOf = (cid: Uint8Array | undefined): string => (cid === undefined ? '' : cidText(cid))
