import type { Storage } from '../../storage/port.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import type { ExportFile, ExportFormat } from '../api.ts'
import { exportCarFile } from './car.ts'
import { exportJsonl } from './jsonl.ts'
import { exportZip } from './zip.ts'

/** Files made of what is kept, for a person to take away. */
export interface Exports {
  /**
   * A snapshot as a file whose bytes are made as they are read; cancelling its stream stops the work. Errors
   * come through the stream: `storage.segment-gone` when the snapshot is deleted meanwhile.
   */
  file(format: ExportFormat, snapshot: SnapshotRow, handle: string | undefined): ExportFile
}

export function createExports(storage: Storage): Exports {
  const formats = { car: exportCarFile, zip: exportZip, jsonl: exportJsonl }
  return { file: (format, snapshot, handle) => formats[format](storage, snapshot, handle) }
}
