import { toHex } from '../../core/bytes.ts'
import type { Storage } from '../../storage/port.ts'
import { digest } from '../crypto.ts'
import { SpacesError } from '../errors.ts'

const ID = /^[0-9a-f]{64}$/

/** Sealed chunks of one space's files, as byte values of this device's storage. */
export interface FileChunks {
  has(ids: readonly string[]): Promise<readonly boolean[]>
  /** undefined when it is not here */
  get(id: string): Promise<Uint8Array | undefined>
  /**
   * Durable when it resolves; one that is here is left as it is.
   *
   * @throws SpacesError `spaces.file-chunk` when the bytes are not those of the id; StorageError
   */
  put(id: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>
  drop(ids: readonly string[]): Promise<void>
  /** all of them, with bytes in all */
  list(): Promise<readonly { readonly id: string; readonly bytes: number }[]>
  /** Every chunk of the space. */
  dropAll(): Promise<void>
}

/** Rows beside the bytes tell sizes without reading them. */
interface ChunkRow {
  readonly bytes: number
}

export async function createFileChunks(storage: Storage, space: string): Promise<FileChunks> {
  // A space's URI is long, and byte values have short keys.
  const name = toHex((await digest(new TextEncoder().encode(space))).subarray(0, 16))
  const rowKey = (id: string): string => `chunk/${name}/${id}`
  const bytesKey = (id: string): string => `space-chunk/${name}/${id}`
  const rows = { from: rowKey(''), to: rowKey('~') }
  const rowsOf = (ids: readonly string[]): Promise<unknown[]> =>
    storage.getMany(
      'space-files',
      ids.map((id) => rowKey(checked(id))),
    )

  return {
    has: async (ids) => (await rowsOf(ids)).map((row) => row !== undefined),
    async get(id) {
      const [row] = await rowsOf([id])
      return row === undefined ? undefined : storage.readBytes(bytesKey(id))
    },
    async put(id, bytes) {
      if (toHex(await digest(bytes)) !== checked(id))
        throw new SpacesError('spaces.file-chunk', { reason: 'id' })
      const row: ChunkRow = { bytes: bytes.length }
      await storage.write([
        { type: 'put-bytes', key: bytesKey(id), parts: [bytes] },
        { type: 'put', table: 'space-files', key: rowKey(id), value: row },
      ])
    },
    async drop(ids) {
      await storage.write(
        ids.flatMap((id) => [
          { type: 'delete', table: 'space-files', key: rowKey(checked(id)) } as const,
          { type: 'delete-bytes', key: bytesKey(id) } as const,
        ]),
      )
    },
    async list() {
      const all = await storage.list('space-files', rows)
      // only `put` writes them
      return all.map(({ key, value }) => ({ id: key.slice(-64), bytes: (value as ChunkRow).bytes }))
    },
    async dropAll() {
      await storage.write([
        { type: 'delete-range', table: 'space-files', ...rows },
        { type: 'delete-bytes-range', from: bytesKey(''), to: bytesKey('~') },
      ])
    },
  }
}

function checked(id: string): string {
  if (!ID.test(id)) throw new SpacesError('spaces.invalid', { what: 'chunk' })
  return id
}
