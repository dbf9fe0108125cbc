import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { toJson } from '../../repo/json.ts'
import { find } from '../../repo/mst/read.ts'
import type { Storage } from '../../storage/port.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import { headOf } from '../kept.ts'
import { SyncError } from '../errors.ts'
import type { RecordValue } from './model.ts'

/** The verified head of a repo, as far as drafts are compared with it. */
export interface HeadValues {
  readonly rev: string | undefined
  /** CID of the signed commit */
  readonly commit: string
  /** what the path holds; undefined: nothing */
  cid(path: string): Promise<string | undefined>
  value(path: string): Promise<RecordValue | undefined>
}

/** @throws SyncError `sync.not-kept` */
export async function readHead(storage: Storage, did: string): Promise<HeadValues> {
  const head = await headOf(storage, did)
  if (head === undefined) throw new SyncError('sync.not-kept', { did })
  const reader = createSegmentReader(storage, did)
  const entryAt = async (path: string) => (await find(reader, head.root, path)).entry
  return {
    rev: head.rev,
    commit: head.commitCid,
    async cid(path) {
      const entry = await entryAt(path)
      return entry && cidString(CODEC_DAG_CBOR, entry.digest)
    },
    async value(path) {
      const entry = await entryAt(path)
      const [bytes] = entry === undefined ? [] : await reader.records([entry.place])
      // a record is a map, checked before it was stored
      return bytes && (toJson(bytes) as RecordValue)
    },
  }
}
