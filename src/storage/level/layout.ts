import { randomBytes } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import type { ClassicLevel } from 'classic-level'
import { StorageError } from '../errors.ts'
import type { Range, Table } from '../port.ts'

// What lies where. A row: `r/<table>/<key>`. A byte value: one head `b/<key>` that names a version, and
// the chunks of that version, `c/<version>/<n>`. Chunks are written once and never changed, so a value
// is replaced by one new head. A version that is still being brought in has a mark `s/<version>`; what
// is marked when the database is opened was left by a crash, and is swept.

/** Both keys and values are handled as bytes on disk: keys as UTF-8, values as they are. */
export type Level = ClassicLevel<string, Uint8Array>

/** Bytes of one chunk: the most that reading a small range has to move. */
export const CHUNK_SIZE = 64 * 1024

/** The head of a byte value. */
export interface Head {
  readonly version: string
  readonly length: number
}

const BYTES_PREFIX = 'b/'
const MARK_PREFIX = 's/'

export const rowPrefix = (table: Table): string => `r/${table}/`
export const bytesPrefix = (): string => BYTES_PREFIX
export const markPrefix = (): string => MARK_PREFIX
export const markKey = (version: string): string => MARK_PREFIX + version

/** A row as stored; `storage.failed` (reason `value`) for what no structured clone can carry. */
export function rowBytes(value: unknown): Uint8Array {
  try {
    return serialize(value)
  } catch (error) {
    throw new StorageError('storage.failed', { reason: 'value' }, { cause: error })
  }
}

export const readRow = (bytes: Uint8Array | undefined): unknown =>
  bytes === undefined ? undefined : deserialize(bytes)

export const headBytes = (head: Head): Uint8Array => serialize(head)

export function readHead(bytes: Uint8Array): Head {
  // Only `headBytes` is ever written under the prefix of heads.
  return deserialize(bytes) as Head
}

/** A name that no byte value had before: 96 random bits. */
export const newVersion = (): string => randomBytes(12).toString('hex')

const chunkCount = (length: number): number => Math.ceil(length / CHUNK_SIZE)

/** Chunk numbers have eight hex digits: 2^32 chunks are 256 TB. */
export function chunkKey(version: string, at: number): string {
  return `c/${version}/${at.toString(16).padStart(8, '0')}`
}

/** All chunk keys of a value whose head is known. */
export function chunkKeys({ version, length }: Head): string[] {
  return Array.from({ length: chunkCount(length) }, (_, at) => chunkKey(version, at))
}

/** Every chunk of a version, however many there are: `/` and the character after it. */
export function chunkRange(version: string): { gte: string; lt: string } {
  return { gte: `c/${version}/`, lt: `c/${version}0` }
}

/** A range of keys under a prefix that ends in `/`, as LevelDB's iterators take it. */
export function levelRange(prefix: string, { from = '', to, limit, reverse = false }: Range) {
  const past = `${prefix.slice(0, -1)}0`
  return {
    gte: prefix + from,
    lt: to === undefined ? past : prefix + to,
    limit: limit === undefined || limit === Number.POSITIVE_INFINITY ? -1 : Math.ceil(limit),
    reverse,
  }
}
