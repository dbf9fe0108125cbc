import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import { compare, storedSide } from '../repo/mst/diff.ts'
import { find } from '../repo/mst/read.ts'
import { headOf, snapshotsOf } from '../sync/kept.ts'
import type { Storage } from '../storage/port.ts'
import type { SnapshotRow } from '../storage/rows.ts'
import type { Change, ChangeSet, RecordVersion } from './api.ts'
import { MAX_PAGE, readable, type Records } from './records.ts'
import { summaryOf } from './summaries.ts'

/** Reads what changed over the snapshots of a repo. */
export interface History {
  versions(did: string, path: string): Promise<RecordVersion[]>
  changes(
    did: string,
    from: string | undefined,
    to: string,
    page?: { offset: number; limit: number },
  ): Promise<ChangeSet>
  forget(): void
}

/** A digest that no tree has: of the side that is not there. */
const NONE = new Uint8Array(32)

export function createHistory(storage: Storage, records: Pick<Records, 'reader' | 'snapshot'>): History {
  /** The last comparison: a screen pages through it. */
  let compared: { key: string; items: readonly Change[] } | undefined

  const differences = async (
    did: string,
    from: SnapshotRow | undefined,
    to: SnapshotRow,
  ): Promise<readonly Change[]> => {
    const key = `${did} ${from?.id ?? ''} ${to.id}`
    if (compared?.key === key) return compared.items
    const source = records.reader(did)
    const before = storedSide(source, from?.root, from?.data ?? NONE)
    const found = await compare(before, storedSide(source, to.root, to.data))
    const items = found.map(({ key: path, before: was, after: is }): Change => ({
      path,
      type: was === undefined ? 'added' : is === undefined ? 'deleted' : 'changed',
      before: was && cidString(CODEC_DAG_CBOR, was),
      after: is && cidString(CODEC_DAG_CBOR, is),
    }))
    compared = { key, items }
    return items
  }

  return {
    async versions(did, path) {
      const out: { -readonly [K in keyof RecordVersion]: RecordVersion[K] }[] = []
      const reader = records.reader(did)
      const head = await headOf(storage, did)
      for (const row of await snapshotsOf(storage, did)) {
        const { entry } = await find(reader, row.root, path)
        const cid = entry && cidString(CODEC_DAG_CBOR, entry.digest)
        const summary = summaryOf(row)
        const inHead = row.id === head?.id
        const last = out.at(-1)
        if (last !== undefined && last.cid === cid) {
          last.lastSnapshot = summary
          last.inHead ||= inHead
          continue
        }
        // Before it first appeared there is nothing to tell.
        if (last === undefined && cid === undefined) continue
        const [bytes] = entry === undefined ? [] : await reader.records([entry.place])
        out.push({
          cid,
          value: bytes && readable(bytes),
          firstSnapshot: summary,
          lastSnapshot: summary,
          inHead,
        })
      }
      return out
    },
    async changes(did, fromId, toId, { offset, limit } = { offset: 0, limit: 100 }) {
      const to = await records.snapshot(did, toId)
      const from = fromId === undefined ? undefined : await records.snapshot(did, fromId)
      const items = await differences(did, from, to)
      const counts = { added: 0, changed: 0, deleted: 0 }
      for (const { type } of items) counts[type]++
      const start = Math.max(0, offset)
      return {
        from: from && summaryOf(from),
        to: summaryOf(to),
        ...counts,
        items: items.slice(start, start + Math.max(0, Math.min(limit, MAX_PAGE))),
      }
    },
    forget() {
      compared = undefined
    },
  }
}
