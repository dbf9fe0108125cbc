import type { ByteSource } from './byte-source.ts'
import { damaged, ImportError, notSpace } from './import-errors.ts'

/** One file of a zip archive, as its directory says. */
export interface ZipEntry {
  readonly name: string
  readonly method: 'stored' | 'deflated'
  /** bytes of the file, and of what is kept of it */
  readonly size: number
  readonly packed: number
  readonly crc: number
  /** where its local header begins */
  readonly at: number
}

const END_BYTES = 22
const MAX_COMMENT = 65_535
const LOCATOR_BYTES = 20
const END64_BYTES = 56
const ENTRY_BYTES = 46
const END = 0x06054b50
const LOCATOR = 0x07064b50
const END64 = 0x06064b50
const ENTRY = 0x02014b50
/** Stands where the number is in the extra field. */
const IN_EXTRA = 0xffffffff
const EXTRA_ZIP64 = 1
/** Flags of files that are encrypted, in one of three ways. */
const ENCRYPTED = 0x2041

/** More files than an export has; and as many bytes as they take with long names. */
const MAX_ENTRIES = 70_000
const MAX_DIRECTORY_BYTES = 64 << 20

/** Where an archive's directory lies: bytes [from, to), and of how many files it is. */
export interface DirectoryPlace {
  readonly from: number
  readonly to: number
  readonly count: number
}

/**
 * Looks for the directory from the end, as the format wants it.
 *
 * @throws ImportError `spaces.import-not-space`, `spaces.import-damaged`, `spaces.import-too-large`
 */
export async function findDirectory(source: ByteSource): Promise<DirectoryPlace> {
  const tailFrom = Math.max(0, source.size - END_BYTES - MAX_COMMENT)
  const tail = await source.read(tailFrom, source.size)
  const view = new DataView(tail.buffer)
  let at = tail.length - END_BYTES
  while (at >= 0 && !isEnd(view, at)) at--
  if (at < 0) throw notSpace('zip')
  const end = tailFrom + at
  const wide = await wideEnd(source, end)
  const place = wide ?? {
    count: view.getUint16(at + 10, true),
    from: view.getUint32(at + 16, true),
    to: view.getUint32(at + 16, true) + view.getUint32(at + 12, true),
  }
  const { from, to, count } = place
  if (count > MAX_ENTRIES)
    throw new ImportError('spaces.import-too-large', { what: 'files', size: count, most: MAX_ENTRIES })
  if (to - from > MAX_DIRECTORY_BYTES)
    throw new ImportError('spaces.import-too-large', {
      ...{ what: 'directory', size: to - from, most: MAX_DIRECTORY_BYTES },
    })
  if (to > end) throw damaged('directory')
  return place
}

/** A comment may hold anything: an end is one whose comment ends with the file. */
const isEnd = (view: DataView, at: number): boolean =>
  view.getUint32(at, true) === END && at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength

/** The end of an archive with numbers above 32 bits; undefined where there is none. */
async function wideEnd(source: ByteSource, end: number): Promise<DirectoryPlace | undefined> {
  if (end < LOCATOR_BYTES) return undefined
  const locator = new DataView((await source.read(end - LOCATOR_BYTES, end)).buffer)
  if (locator.getUint32(0, true) !== LOCATOR) return undefined
  const at = wide(locator, 8)
  if (at + END64_BYTES > end - LOCATOR_BYTES) throw damaged('directory')
  const view = new DataView((await source.read(at, at + END64_BYTES)).buffer)
  if (view.getUint32(0, true) !== END64) throw damaged('directory')
  const from = wide(view, 48)
  return { count: wide(view, 32), from, to: from + wide(view, 40) }
}

function wide(view: DataView, at: number): number {
  const number = view.getBigUint64(at, true)
  // Larger than any file: sums stay exact.
  if (number > 2n ** 50n) throw damaged('directory')
  return Number(number)
}

/** @throws ImportError `spaces.import-damaged`, `spaces.import-not-space` (`encrypted`, `method`) */
export function readEntries(directory: Uint8Array<ArrayBuffer>, count: number): readonly ZipEntry[] {
  const view = new DataView(directory.buffer, directory.byteOffset, directory.byteLength)
  const names = new TextDecoder()
  const entries: ZipEntry[] = []
  let at = 0
  for (let index = 0; index < count; index++) {
    if (at + ENTRY_BYTES > directory.length || view.getUint32(at, true) !== ENTRY) throw damaged('directory')
    const nameFrom = at + ENTRY_BYTES
    const extraFrom = nameFrom + view.getUint16(at + 28, true)
    const extraTo = extraFrom + view.getUint16(at + 30, true)
    const next = extraTo + view.getUint16(at + 32, true)
    if (next > directory.length) throw damaged('directory')
    const name = names.decode(directory.subarray(nameFrom, extraFrom))
    if ((view.getUint16(at + 8, true) & ENCRYPTED) !== 0) throw notSpace('encrypted')
    const numbers = wideNumbers(view, extraFrom, extraTo)
    const number = (field: number): number => {
      const short = view.getUint32(at + field, true)
      return short === IN_EXTRA ? numbers() : short
    }
    // In the order in which the extra field has them.
    const size = number(24)
    const packed = number(20)
    const entry = { name, size, packed, crc: view.getUint32(at + 16, true), at: number(42) }
    entries.push({ ...entry, method: methodOf(view.getUint16(at + 10, true)) })
    if (entries.at(-1)?.method === 'stored' && size !== packed) throw damaged('size', name)
    at = next
  }
  return entries
}

function methodOf(method: number): ZipEntry['method'] {
  if (method === 0) return 'stored'
  if (method === 8) return 'deflated'
  throw notSpace('method')
}

/** Gives the 64-bit numbers of an entry's extra field, one after another. */
function wideNumbers(view: DataView, from: number, to: number): () => number {
  let at = from
  while (at + 4 <= to && view.getUint16(at, true) !== EXTRA_ZIP64) at += 4 + view.getUint16(at + 2, true)
  let next = at + 4
  const end = next <= to ? Math.min(to, next + view.getUint16(at + 2, true)) : to
  return () => {
    if (next + 8 > end) throw damaged('directory')
    next += 8
    return wide(view, next - 8)
  }
}
