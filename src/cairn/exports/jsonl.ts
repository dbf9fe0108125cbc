import { utf8 } from '../../core/bytes.ts'
import { type TreeEntry, visit } from '../../repo/mst/read.ts'
import type { Storage } from '../../storage/port.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import { whileRead } from '../../sync/reading.ts'
import type { ExportFile } from '../api.ts'
import { jsonLine } from './json-line.ts'
import { baseName } from './names.ts'
import { streamOf } from './stream.ts'

/** Records read and written at a time, and their bytes when they are large. */
const BATCH = 400
const BATCH_BYTES = 2 << 20

/** Every record of a snapshot as one line of JSON, in key order. */
export function exportJsonl(storage: Storage, snapshot: SnapshotRow, handle: string | undefined): ExportFile {
  return {
    name: `${baseName(snapshot, handle)}.jsonl`,
    type: 'application/jsonl',
    size: undefined,
    stream: streamOf(whileRead(storage, snapshot, lines(storage, snapshot))),
  }
}

async function* lines(storage: Storage, snapshot: SnapshotRow): AsyncGenerator<Uint8Array> {
  const { did, root } = snapshot
  const reader = createSegmentReader(storage, did)
  for (let skip = 0; skip < root.records;) {
    const batch: TreeEntry[] = []
    let bytes = 0
    await visit(reader, root, { skip, reverse: false }, (entry) => {
      batch.push(entry)
      bytes += entry.place.length
      return batch.length < BATCH && bytes < BATCH_BYTES
    })
    if (batch.length === 0) throw new RangeError('a tree has fewer records than its counts say')
    skip += batch.length
    const values = await reader.records(batch.map((it) => it.place))
    const text = batch.map(({ key, digest }, i) =>
      jsonLine(did, { path: key, digest, bytes: values[i] ?? new Uint8Array() }),
    )
    yield utf8(`${text.join('\n')}\n`)
  }
}
