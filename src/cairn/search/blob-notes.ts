import { hasCode } from '../../core/errors.ts'
import type { BlobRef } from '../../repo/cbor/blob-refs.ts'
import type { Guard, Storage, WriteOp } from '../../storage/port.ts'
import { blobKey } from '../../storage/rows.ts'
import type { BlobRow } from '../../sync/blobs.ts'

/** Records that are remembered for one blob. */
const MAX_PATHS = 5
/** Blobs noted in one transaction. */
const AT_ONCE = 200
/** Another writer (a blob being kept) may be there first; each round sees what it wrote. */
const ROUNDS = 8

interface Note {
  readonly type: string
  readonly size: number | undefined
  readonly paths: string[]
}

/** Gathers the blobs that records mention, and notes them in table `blobs`. */
export interface BlobNotes {
  add(path: string, refs: readonly BlobRef[]): void
  readonly size: number
  /**
   * Merges what was gathered into the rows: a blob not known yet is wanted; a known one keeps its state and
   * learns of more records. Doing it twice changes nothing.
   */
  write(): Promise<void>
}

/** @param onNoted rows were written: something is known now that was not before */
export function createBlobNotes(storage: Storage, did: string, onNoted: () => void = () => {}): BlobNotes {
  let notes = new Map<string, Note>()

  const merge = async (part: readonly (readonly [string, Note])[]): Promise<void> => {
    for (let round = 1; ; round++) {
      const rows = await storage.getMany(
        'blobs',
        part.map(([cid]) => blobKey(did, cid)),
      )
      const ops: WriteOp[] = []
      const guards: Guard[] = [{ table: 'repos', key: did, holds: (value) => value !== undefined }]
      part.forEach(([cid, note], i) => {
        const key = blobKey(did, cid)
        // Our own row, written by this code.
        const row = rows[i] as BlobRow | undefined
        if (row === undefined) {
          const value: BlobRow = {
            cid,
            state: 'wanted',
            bytes: undefined,
            declaredType: note.type,
            declaredBytes: note.size,
            imageType: undefined,
            paths: note.paths,
          }
          ops.push({ type: 'add', table: 'blobs', key, value })
          return
        }
        const paths = [...new Set([...row.paths, ...note.paths])].slice(0, MAX_PATHS)
        if (row.declaredType !== undefined && paths.length === row.paths.length) return
        const value: BlobRow = {
          ...row,
          declaredType: row.declaredType ?? note.type,
          declaredBytes: row.declaredBytes ?? note.size,
          paths,
        }
        ops.push({ type: 'put', table: 'blobs', key, value })
        guards.push({ table: 'blobs', key, holds: (now) => sameRow(now as BlobRow | undefined, row) })
      })
      if (ops.length === 0) return
      try {
        await storage.write(ops, { durability: 'relaxed', guards })
        onNoted()
        return
      } catch (error) {
        const raced =
          hasCode(error, 'storage.exists') ||
          (hasCode(error, 'storage.conflict') && error.fields['table'] === 'blobs')
        if (!raced || round === ROUNDS) throw error
      }
    }
  }

  return {
    add(path, refs) {
      for (const { cid, mimeType, size } of refs) {
        const note = notes.get(cid)
        if (note === undefined) notes.set(cid, { type: mimeType, size, paths: [path] })
        else if (note.paths.length < MAX_PATHS && !note.paths.includes(path)) note.paths.push(path)
      }
    },
    get size() {
      return notes.size
    },
    async write() {
      const all = [...notes]
      notes = new Map()
      for (let i = 0; i < all.length; i += AT_ONCE) await merge(all.slice(i, i + AT_ONCE))
    },
  }
}

function sameRow(a: BlobRow | undefined, b: BlobRow): boolean {
  return a?.state === b.state && a.declaredType === b.declaredType && a.paths.join(' ') === b.paths.join(' ')
}
