import { toHex } from '../../core/bytes.ts'
import type { Storage, WriteOp } from '../../storage/port.ts'
import { digest } from '../crypto.ts'
import { SpacesError } from '../errors.ts'

const ID = /^[0-9a-f]{64}$/

/** Sealed chunks of one space's files, as byte values of this device's storage. */
export interface FileChunks {
  has(ids: readonly string[]): Promise<readonly boolean[]>
  /** undefined when it is not here */
  get(id: string): Promise<Uint8Array | undefined>
  /**
   * Durable when it resolves; one that is here is left as it is. With `making` it belongs to a file that is being put
   * in: until `made` says that a record names it, it goes with `unmake`.
   *
   * @throws SpacesError `spaces.file-chunk` when the bytes are not those of the id; StorageError
   */
  put(id: string, bytes: Uint8Array<ArrayBuffer>, making?: string): Promise<void>
  made(making: string): Promise<void>
  /** Deletes what a file that came to nothing left, but for those that are in use. */
  unmake(making: string, used?: ReadonlySet<string>): Promise<void>
  /** Files whose end nobody saw: a page was closed while they were put in. */
  makings(): Promise<readonly string[]>
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
  const makingKey = (making = '', id = ''): string => `making/${name}/${making}${id === '' ? '' : `/${id}`}`
  const rangeOf = (making: string) => ({ from: `${makingKey(making)}/`, to: `${makingKey(making)}0` })
  const allMaking = { from: makingKey(), to: makingKey('~') }
  const rowsOf = (ids: readonly string[]): Promise<unknown[]> =>
    storage.getMany(
      'space-files',
      ids.map((id) => rowKey(checked(id))),
    )
  const dropOps = (id: string): WriteOp[] => [
    { type: 'delete', table: 'space-files', key: rowKey(checked(id)) },
    { type: 'delete-bytes', key: bytesKey(id) },
  ]

  return {
    has: async (ids) => (await rowsOf(ids)).map((row) => row !== undefined),
    async get(id) {
      const [row] = await rowsOf([id])
      return row === undefined ? undefined : storage.readBytes(bytesKey(id))
    },
    async put(id, bytes, making) {
      if (toHex(await digest(bytes)) !== checked(id))
        throw new SpacesError('spaces.file-chunk', { reason: 'id' })
      const row: ChunkRow = { bytes: bytes.length }
      await storage.write([
        { type: 'put-bytes', key: bytesKey(id), parts: [bytes] },
        { type: 'put', table: 'space-files', key: rowKey(id), value: row },
        ...(making === undefined ? [] : [noteOf(makingKey(making, id))]),
      ])
    },
    made: (making) => storage.write([{ type: 'delete-range', table: 'space-files', ...rangeOf(making) }]),
    async unmake(making, used) {
      const keys = await storage.keys('space-files', rangeOf(making))
      const gone = keys.map((key) => key.slice(-64)).filter((id) => used?.has(id) !== true)
      await storage.write([
        ...gone.flatMap(dropOps),
        { type: 'delete-range', table: 'space-files', ...rangeOf(making) },
      ])
    },
    async makings() {
      const keys = await storage.keys('space-files', allMaking)
      return [...new Set(keys.map((key) => key.split('/')[2] ?? ''))]
    },
    drop: (ids) => storage.write(ids.flatMap(dropOps)),
    async list() {
      const all = await storage.list('space-files', rows)
      // only `put` writes them
      return all.map(({ key, value }) => ({ id: key.slice(-64), bytes: (value as ChunkRow).bytes }))
    },
    async dropAll() {
      await storage.write([
        { type: 'delete-range', table: 'space-files', ...rows },
        { type: 'delete-range', table: 'space-files', ...allMaking },
        { type: 'delete-bytes-range', from: bytesKey(''), to: bytesKey('~') },
      ])
    },
  }
}

const noteOf = (key: string): WriteOp => ({ type: 'put', table: 'space-files', key, value: true })

function checked(id: string): string {
  if (!ID.test(id)) throw new SpacesError('spaces.invalid', { what: 'chunk' })
  return id
}
