import type { Sha256 } from '../../core/hash.ts'
import type { Weave } from '../../core/weave.ts'
import { integrityOf } from '../../pack/chain.ts'
import type { Change, PackCommit, Subscription } from '../../pack/model.ts'
import type { TableSchema } from '../../pack/table-model.ts'
import type { ToldChange } from '../../storage/import-session.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import type { SegmentReader } from '../../storage/segment-reader.ts'
import type { ListedChange } from './changes-since.ts'
import { cursorOf, timeOf } from './cursor.ts'
import { COMMIT_TABLE, PARTITION, RECORD_COLUMN } from './model.ts'

/** Records asked for in one read. */
const BATCH = 1000

/**
 * The answer that tells what changed: one commit whose changes are the records in key order, then the signed
 * commit. All changes share the scopes of the subscription, which the format writes once.
 *
 * @param verifiedRoot where the asker's chain stands; at its beginning without one
 * @throws RangeError for a head whose rev has no cursor; StorageError `storage.segment-gone` when the head was swept
 */
export async function makeList(input: {
  readonly reader: Pick<SegmentReader, 'records'>
  readonly head: SnapshotRow
  readonly changes: readonly ListedChange[]
  readonly verifiedRoot: string | undefined
  readonly sha256: Sha256
  readonly weave?: Weave | undefined
}): Promise<Subscription> {
  const { head, changes, verifiedRoot, sha256, weave } = input
  const records = await recordsOf(input.reader, changes)
  const told = changes.map(({ path }, i): ToldChange => ({ path, record: records[i] }))
  return listOf({ head, changes: told, verifiedRoot, sha256, weave })
}

/** The same of changes whose records are at hand, every path once. Throws RangeError as `makeList`. */
export function listOf(input: {
  readonly head: Pick<SnapshotRow, 'did' | 'rev' | 'commit'>
  readonly changes: readonly ToldChange[]
  readonly verifiedRoot: string | undefined
  readonly sha256: Sha256
  readonly weave?: Weave | undefined
}): Subscription {
  const { head, sha256, weave } = input
  const { did, rev } = head
  const cursor = cursorOf(rev)
  if (rev === undefined || cursor === undefined) throw new RangeError('a head without a cursor')
  const scopes = { repo: did }
  const tables = new Set<string>()
  const changes = input.changes.map(({ path, record }): Change => {
    const slash = path.indexOf('/')
    const table = path.slice(0, slash)
    const rowId = path.slice(slash + 1)
    if (record === undefined) return { table, rowId, op: 'delete', row: null, scopes }
    tables.add(table)
    return { table, rowId, op: 'upsert', row: { [RECORD_COLUMN]: record }, scopes }
  })
  tables.add(COMMIT_TABLE)
  changes.push({
    table: COMMIT_TABLE,
    rowId: rev,
    op: 'upsert',
    row: { [RECORD_COLUMN]: head.commit },
    scopes,
  })
  const commit: PackCommit = {
    commitSeq: cursor,
    createdAt: timeOf(cursor),
    actorId: did,
    changes,
    schemas: [...tables].map((table): TableSchema => ({ table, columns: [RECORD] })),
  }
  const place = { partitionId: PARTITION, subscriptionId: did }
  const integrity = integrityOf([commit], place, sha256, input.verifiedRoot, weave)
  return {
    id: did,
    status: 'active',
    scopes,
    bootstrap: false,
    nextCursor: cursor,
    ...(integrity === undefined ? {} : { integrity }),
    commits: [commit],
  }
}

const RECORD = { name: RECORD_COLUMN, type: 'bytes' } as const

/** Bytes of the records, in the order of the changes; undefined where there is none. */
async function recordsOf(
  reader: Pick<SegmentReader, 'records'>,
  changes: readonly ListedChange[],
): Promise<(Uint8Array | undefined)[]> {
  const out: (Uint8Array | undefined)[] = []
  for (let from = 0; from < changes.length; from += BATCH) {
    const batch = changes.slice(from, from + BATCH)
    const found = await reader.records(batch.flatMap(({ place }) => place ?? []))
    let next = 0
    for (const { place } of batch) out.push(place === undefined ? undefined : found[next++])
  }
  return out
}
