import * as v from 'valibot'
import { fromHex, toHex } from '../../core/bytes.ts'
import type { Change, ChangeScopes } from '../../pack/model.ts'
import { isRow } from '../../pack/values.ts'
import {
  COMMIT_TABLE,
  type HeadName,
  MAX_OPERATIONS,
  MAX_REQUEST_BYTES,
  type PushAsk,
  type PushOperation,
  RECORD_COLUMN,
} from './model.ts'
import { isRepoId } from './repo-id.ts'
import { headShape } from './request-shape.ts'

/** What a request has beside its one commit's records, and each operation beside its record, bytes. */
const FRAME_BYTES = 16 * 1024
const OPERATION_BYTES = 100

/**
 * A pushed commit from a list of changes, the signed commit among them, as the answer to a pull has it. Undefined
 * when it is more than one push may hold: then the other side has to fetch.
 *
 * @param input.base the head that the changes lead on from
 * @param input.head the head that they lead to; its commit names the push, so that it is the same when sent again
 * @throws RangeError for changes without a signed commit, or rows that are no records
 */
export function makePush(input: {
  readonly clientId: string
  /** of the repo */
  readonly id: string
  readonly base: HeadName
  readonly head: HeadName
  readonly changes: readonly Change[]
}): PushAsk | undefined {
  const { clientId, id, base, head, changes } = input
  if (changes.length > MAX_OPERATIONS) return undefined
  if (!changes.some((it) => it.table === COMMIT_TABLE)) throw new RangeError('changes without a commit')
  const size = changes.reduce((sum, it) => sum + sizeOf(it), FRAME_BYTES)
  if (size > MAX_REQUEST_BYTES) return undefined
  const operations = changes.map(({ table, rowId, op, row }): PushOperation => {
    if (op === 'delete') return { table, rowId, op, payload: null }
    const bytesHex = toHex(recordOf(row))
    const { rev, commit } = base
    return table === COMMIT_TABLE
      ? { table, rowId, op, payload: { bytesHex, repo: id, base: { rev, commit } } }
      : { table, rowId, op, payload: { bytesHex } }
  })
  return { clientId, clientCommitId: head.commit, operations }
}

function recordOf(row: Change['row']): Uint8Array {
  const record = row !== null && isRow(row) ? row[RECORD_COLUMN] : undefined
  if (!(record instanceof Uint8Array)) throw new RangeError('a row that is no record')
  return record
}

/** What a change takes in a request, bytes. */
const sizeOf = ({ table, rowId, op, row }: Change): number =>
  OPERATION_BYTES + table.length + rowId.length + (op === 'delete' ? 0 : recordOf(row).length * 2)

const signedShape = v.strictObject({
  bytesHex: v.string(),
  repo: v.pipe(v.string(), v.check(isRepoId)),
  base: headShape,
})
const recordShape = v.strictObject({ bytesHex: v.string() })

/** The repo that a pushed commit says it is of; undefined when it says none. */
export function pushedRepo({ operations }: PushAsk): string | undefined {
  const signed = operations.find((it) => it.table === COMMIT_TABLE)
  const read = v.safeParse(signedShape, signed?.payload)
  return read.success ? read.output.repo : undefined
}

/** A pushed commit, read: well-formed, and nothing of it proven. */
export interface PushedChanges {
  readonly repo: string
  readonly base: HeadName
  /** the signed commit's block */
  readonly commit: Uint8Array<ArrayBuffer>
  /** as the answer to a pull has them, the signed commit among them */
  readonly changes: readonly Change[]
}

/** Reads a pushed commit, or tells the index of the operation that is not as it has to be. */
export function readPush({ operations }: PushAsk): PushedChanges | number {
  const at = operations.findIndex((it) => it.table === COMMIT_TABLE)
  const payload = v.safeParse(signedShape, operations[at]?.payload)
  if (!payload.success) return Math.max(0, at)
  const { repo, base } = payload.output
  const scopes: ChangeScopes = { repo }
  const changes: Change[] = []
  let commit: Uint8Array<ArrayBuffer> | undefined
  for (const [index, { table, rowId, op, payload: sent }] of operations.entries()) {
    if (op === 'delete') {
      if (sent !== null || index === at) return index
      changes.push({ table, rowId, op, row: null, scopes })
      continue
    }
    if (index !== at && !v.is(recordShape, sent)) return index
    const bytes = bytesOf(sent)
    if (bytes === undefined) return index
    if (index === at) commit = bytes
    changes.push({ table, rowId, op, row: { [RECORD_COLUMN]: bytes }, scopes })
  }
  return commit === undefined ? Math.max(0, at) : { repo, base, commit, changes }
}

function bytesOf(payload: PushOperation['payload']): Uint8Array<ArrayBuffer> | undefined {
  const read = v.safeParse(v.object({ bytesHex: v.string() }), payload)
  return read.success ? fromHex(read.output.bytesHex) : undefined
}
