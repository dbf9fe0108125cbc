import { hasCode } from '../core/errors.ts'
import { StorageError } from './errors.ts'
import type { Guard, Storage, WriteOp, WriteOptions } from './port.ts'
import {
  type ImportRow,
  repoRange,
  segmentBytesKey,
  segmentKey,
  type SegmentRow,
  spillBytesKey,
} from './rows.ts'

/** Holds while this import has been neither ended nor discarded: the fence of everything that it writes. */
function holdsImport(did: string, importId: string): Guard {
  // Our own row, written by this code.
  return { table: 'imports', key: did, holds: (value) => (value as ImportRow | undefined)?.id === importId }
}

/** One import's hold on its repo: what it writes lands only while nobody has ended or discarded it. */
export interface ImportHold {
  readonly id: string
  /** it was cut off before, and goes on */
  readonly resumed: boolean
  /** its row was written: something of it may be on the disk */
  readonly begun: boolean
  /** Bytes have been taken over when it returns. */
  write(ops: readonly WriteOp[], options?: Pick<WriteOptions, 'durability'>): Promise<void>
  /** What ends it, for the transaction that moves the head. */
  end(): { readonly ops: readonly WriteOp[]; readonly guards: readonly Guard[] }
}

/**
 * Finds the import that was cut off, or makes a new one.
 *
 * @throws StorageError `storage.conflict` ({ table: `imports` }) when another began meanwhile; of `late` ones from the
 * first write, or from the transaction that moves the head
 */
export async function beginImport(options: {
  readonly storage: Storage
  readonly did: string
  /** a random 32-bit number */
  readonly random: () => number
  readonly now: number
  readonly source: ImportRow['source']
  readonly label: string
  /** its row is written with the first of what it writes: one that ends in a single transaction needs none */
  readonly late?: boolean
  /** there is none, as far as is known: nobody looks */
  readonly fresh?: boolean
}): Promise<ImportHold> {
  const { storage, did, random } = options
  // Our own row, written by this code.
  const found =
    options.fresh === true ? undefined : ((await storage.get('imports', did)) as ImportRow | undefined)
  const id = found?.id ?? random().toString(16).padStart(8, '0') + random().toString(16).padStart(8, '0')
  const row: ImportRow = { id, did, startedAt: options.now, source: options.source, label: options.label }
  let beginning = found === undefined ? undefined : Promise.resolve()

  const begin = async (ops: readonly WriteOp[], settings: WriteOptions): Promise<void> => {
    try {
      await storage.write([{ type: 'add', table: 'imports', key: did, value: row }, ...ops], settings)
    } catch (error) {
      if (hasCode(error, 'storage.exists') && error.fields['table'] === 'imports') throw conflict(did)
      throw error
    }
  }
  // Strict would wait for the disk. Every segment does, and what a database wrote before it is there with it.
  if (beginning === undefined && options.late !== true)
    await (beginning = begin([], { durability: 'relaxed' }))

  return {
    id,
    resumed: found !== undefined,
    get begun() {
      return beginning !== undefined
    },
    write(ops, settings = {}) {
      if (beginning === undefined) return (beginning = begin(ops, settings))
      return storage.write(ops, { ...settings, guards: [holdsImport(did, id)] })
    },
    end() {
      const spilled = spillBytesKey(did, id, 0).slice(0, -1)
      if (beginning === undefined)
        return { ops: [], guards: [{ table: 'imports', key: did, holds: (value) => value === undefined }] }
      return {
        ops: [
          { type: 'delete', table: 'imports', key: did },
          { type: 'delete-bytes-range', from: spilled, to: `${spilled}~` },
        ],
        guards: [holdsImport(did, id)],
      }
    },
  }
}

const conflict = (did: string): StorageError =>
  new StorageError('storage.conflict', { table: 'imports', key: did })

/**
 * Drops an import that has not ended, and every segment it wrote, in one transaction. Segments that another
 * session of it wrote while this one looked are dropped after it: nothing more can land by then.
 */
export async function discardImport(storage: Storage, did: string, importId?: string): Promise<void> {
  const row = (await storage.get('imports', did)) as ImportRow | undefined
  if (row === undefined || (importId !== undefined && row.id !== importId)) return
  const spilled = spillBytesKey(did, row.id, 0).slice(0, -1)
  const ops: WriteOp[] = [
    { type: 'delete', table: 'imports', key: did },
    { type: 'delete-bytes-range', from: spilled, to: `${spilled}~` },
    ...(await segmentDeletes(storage, did, row.id)),
  ]
  await storage.write(ops, { guards: [holdsImport(did, row.id)] })
  const late = await segmentDeletes(storage, did, row.id)
  if (late.length > 0) await storage.write(late)
}

async function segmentDeletes(storage: Storage, did: string, importId: string): Promise<WriteOp[]> {
  const ops: WriteOp[] = []
  for (const { key, value } of await storage.list('segments', repoRange(did))) {
    // Our own row, written by this code.
    const row = value as SegmentRow
    if (row.import !== importId) continue
    const segment = Number.parseInt(key.slice(did.length + 1), 16)
    ops.push({ type: 'delete', table: 'segments', key: segmentKey(did, segment) })
    ops.push({ type: 'delete-bytes', key: segmentBytesKey(did, segment, row.generation) })
  }
  return ops
}
