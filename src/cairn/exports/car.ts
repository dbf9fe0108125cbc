import { exportCar } from '../../storage/export-car.ts'
import type { Storage } from '../../storage/port.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { whileRead } from '../../sync/reading.ts'
import type { ExportFile } from '../api.ts'
import { baseName } from './names.ts'
import { streamOf } from './stream.ts'

/** A snapshot as a CAR v1 file, which any atproto server or tool reads, and Cairn imports with the same root. */
export function exportCarFile(
  storage: Storage,
  snapshot: SnapshotRow,
  handle: string | undefined,
): ExportFile {
  return {
    name: `${baseName(snapshot, handle)}.car`,
    type: 'application/vnd.ipld.car',
    // Tree nodes are measured only as they are read.
    size: undefined,
    stream: streamOf(whileRead(storage, snapshot, exportCar(storage, snapshot))),
  }
}
