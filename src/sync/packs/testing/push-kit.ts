import { toHex } from '../../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../../../core/cid.ts'
import type { Change } from '../../../pack/model.ts'
import type { TestRepo } from '../../../repo/testing/repo.ts'
import { COMMIT_TABLE, type HeadName, type PushAsk, RECORD_COLUMN } from '../model.ts'
import { makePush } from '../push.ts'

export const nameOf = ({ rev, commit }: TestRepo): HeadName => ({
  rev,
  commit: cidString(CODEC_DAG_CBOR, commit.subarray(4)),
})

/** What differs between two commits of a repo, the signed commit last. */
export function changesBetween(from: TestRepo, to: TestRepo): Change[] {
  const scopes = { repo: to.did }
  const before = new Map(from.records.map((it) => [it.path, toHex(it.cid)]))
  const changes: Change[] = []
  const change = (path: string, bytes: Uint8Array | undefined): void => {
    const [table = '', rowId = ''] = path.split('/')
    changes.push(
      bytes === undefined
        ? { table, rowId, op: 'delete', row: null, scopes }
        : { table, rowId, op: 'upsert', row: { [RECORD_COLUMN]: bytes }, scopes },
    )
  }
  for (const { path, cid, bytes } of to.records) {
    if (before.get(path) !== toHex(cid)) change(path, bytes)
    before.delete(path)
  }
  for (const path of before.keys()) change(path, undefined)
  change(`${COMMIT_TABLE}/${to.rev}`, to.commitBytes)
  return changes
}

/** A push that leads from one commit of a repo to a later one. */
export function pushBetween(from: TestRepo, to: TestRepo, clientId = 'client'): PushAsk {
  const [base, head] = [nameOf(from), nameOf(to)]
  const ask = makePush({ clientId, id: to.did, base, head, changes: changesBetween(from, to) })
  if (ask === undefined) throw new RangeError('more than one push')
  return ask
}
