/** What the second decoder throws: the bytes are not what the format's description allows. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError'
}

export function malformed(what: string): never {
  throw new MalformedError(what)
}

export type Json = null | boolean | number | string | readonly Json[] | JsonMap
export interface JsonMap {
  readonly [key: string]: Json
}

export interface SecondRow {
  readonly [column: string]: Json | Uint8Array
}

export interface SecondColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'float' | 'boolean' | 'json' | 'bytes'
  readonly nullable?: true
}

export interface SecondTable {
  readonly table: string
  readonly columns: SecondColumn[]
  readonly rows: SecondRow[]
}

export type Cursor = ReturnType<typeof createCursor>

/** Reads the primitives of both formats in turn; all numbers are little-endian and of fixed width. */
export function createCursor(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // A byte order mark is a character like any other: without `ignoreBOM` it would be dropped.
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let at = 0

  const left = () => view.byteLength - at
  function take(size: number): number {
    if (size > left()) malformed(`${size} bytes wanted at ${at}, ${left()} left`)
    const start = at
    at += size
    return start
  }

  const u8 = () => view.getUint8(take(1))
  const u16 = () => view.getUint16(take(2), true)
  const u32 = () => view.getUint32(take(4), true)
  const i32 = () => view.getInt32(take(4), true)

  function i64(): number {
    const value = Number(view.getBigInt64(take(8), true))
    return Number.isSafeInteger(value) ? value : malformed('integer beyond the safe ones')
  }

  function f64(): number {
    const value = view.getFloat64(take(8), true)
    return Number.isFinite(value) ? value : malformed('float that is not finite')
  }

  function bool(): boolean {
    const byte = u8()
    return byte < 2 ? byte === 1 : malformed(`boolean ${byte}`)
  }

  function raw(size: number): Uint8Array {
    const start = take(size)
    return bytes.subarray(start, start + size)
  }

  function text(size: number): string {
    const part = raw(size)
    try {
      return utf8.decode(part)
    } catch {
      return malformed('text that is not UTF-8')
    }
  }

  const str16 = () => text(u16())
  const str32 = () => text(u32())
  const bytes32 = () => raw(u32())

  function json(): Json {
    const source = str32()
    try {
      // JSON.parse gives exactly the values that Json names
      return JSON.parse(source) as Json
    } catch {
      return malformed('text that is not JSON')
    }
  }

  const option = <T>(read: () => T): T | undefined => (bool() ? read() : undefined)

  /** Nothing is allocated ahead: a count that lies meets the end of the bytes. */
  function list<T>(read: () => T): T[] {
    const items: T[] = []
    for (let more = u32(); more > 0; more -= 1) items.push(read())
    return items
  }

  /** One of `names`, which are numbered from 1. */
  const named = <T>(names: readonly T[]): T => {
    const code = u8()
    return names[code - 1] ?? malformed(`code ${code} of none`)
  }

  function start(magic: string, version: number): void {
    for (const letter of magic) if (u8() !== letter.charCodeAt(0)) malformed(`not ${magic}`)
    if (u16() !== version) malformed(`not version ${version} of ${magic}`)
    if (u16() !== 0) malformed('flags')
  }

  function end(): void {
    if (left() > 0) malformed(`${left()} bytes after the end`)
  }

  return {
    left,
    u8,
    u16,
    u32,
    i32,
    i64,
    f64,
    bool,
    raw,
    str16,
    str32,
    bytes32,
    json,
    option,
    list,
    named,
    start,
    end,
  }
}

const TYPES = ['string', 'integer', 'float', 'boolean', 'json', 'bytes'] as const

/**
 * The table that SBT1 bytes hold; byte columns come as views of the input. Written from the description of the
 * format alone, apart from the decoder it is compared with.
 * @throws MalformedError
 */
export function decodeTableAgain(bytes: Uint8Array): SecondTable {
  const cursor = createCursor(bytes)
  cursor.start('SBT1', 1)
  const table = cursor.str16()
  const columns: SecondColumn[] = []
  for (let more = cursor.u16(); more > 0; more -= 1) columns.push(readColumn(cursor))

  const rowCount = cursor.u32()
  // A row takes a byte at least, but in a table without columns, where a count could run on for free.
  if (rowCount > cursor.left()) malformed(`${rowCount} rows in ${cursor.left()} bytes`)
  const rows: SecondRow[] = []
  while (rows.length < rowCount) rows.push(readRow(cursor, columns))
  cursor.end()
  return { table, columns, rows }
}

function readColumn(cursor: Cursor): SecondColumn {
  const name = cursor.str16()
  const type = cursor.named(TYPES)
  const flags = cursor.u8()
  if (flags > 1) malformed(`column flags ${flags}`)
  return { name, type, ...(flags === 1 && { nullable: true }) }
}

function readRow(cursor: Cursor, columns: readonly SecondColumn[]): SecondRow {
  const nulls = cursor.raw(Math.ceil(columns.length / 8))
  const isNull = (index: number) => (((nulls[index >> 3] ?? 0) >> (index & 7)) & 1) === 1
  for (let index = columns.length; index < nulls.length * 8; index += 1) {
    if (isNull(index)) malformed('padding of the null map is set')
  }
  const cells = columns.map((column, index): [string, Json | Uint8Array] => {
    if (!isNull(index)) return [column.name, readCell(cursor, column.type)]
    return column.nullable ? [column.name, null] : malformed('null in a column that allows none')
  })
  return Object.fromEntries(cells)
}

function readCell(cursor: Cursor, type: SecondColumn['type']): Json | Uint8Array {
  switch (type) {
    case 'string':
      return cursor.str32()
    case 'integer':
      return cursor.i64()
    case 'float':
      return cursor.f64()
    case 'boolean':
      return cursor.bool()
    case 'json':
      return cursor.json()
    case 'bytes':
      return cursor.bytes32()
  }
}
