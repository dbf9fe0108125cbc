import { Inflate } from 'fflate'
import { fromUtf8Strict } from '../../core/bytes.ts'
import { type ByteSource, PIECE } from './byte-source.ts'
import { createCrc32 } from './crc32.ts'
import { damaged, ImportError } from './import-errors.ts'
import { findDirectory, readEntries, type ZipEntry } from './zip-directory.ts'

/** Packed bytes that are inflated at once: deflate makes at most 1,032 times as many of them. */
const INFLATED_AT_ONCE = 16 * 1024
/** What an archive may unpack to: so many times its own size, and as much as is not worth a word. */
const MAX_RATIO = 100
const ALWAYS = 64 << 20

/** A zip archive, read where it lies: neither it nor a file in it is ever whole in memory. */
export interface ZipArchive {
  /** by name; folders are none */
  readonly entries: ReadonlyMap<string, ZipEntry>
  /**
   * The bytes of one file, in pieces. Whoever reads to the end has them as they were written.
   *
   * @throws ImportError `spaces.import-damaged`
   */
  read(entry: ZipEntry): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined>
  /**
   * A whole file as text.
   *
   * @throws ImportError `spaces.import-damaged`, `spaces.import-too-large` for more than `most` bytes
   */
  text(entry: ZipEntry, most: number): Promise<string>
}

/**
 * Opens a zip archive (APPNOTE 6.3.10; stored or deflated files, zip64). Names mean nothing but themselves: no file is
 * ever written under one.
 *
 * @throws ImportError `spaces.import-not-space`, `spaces.import-damaged`, `spaces.import-too-large`
 */
export async function openZip(source: ByteSource): Promise<ZipArchive> {
  const directory = await findDirectory(source)
  const all = readEntries(await source.read(directory.from, directory.to), directory.count)
  checkPlaces(all, directory.from)
  const size = all.reduce((sum, entry) => sum + entry.size, 0)
  const most = source.size * MAX_RATIO + ALWAYS
  if (size > most) throw new ImportError('spaces.import-too-large', { what: 'archive', size, most })
  const entries = new Map<string, ZipEntry>()
  for (const entry of all) {
    if (entry.name.endsWith('/')) continue
    // Of two with one name every tool takes another.
    if (entries.has(entry.name)) throw damaged('twice', entry.name)
    entries.set(entry.name, entry)
  }

  async function* read(entry: ZipEntry): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    const { name } = entry
    const from = await startOf(source, entry, directory.from)
    const crc = createCrc32()
    let size = 0
    for await (const piece of entry.method === 'stored'
      ? pieces(source, from, entry.packed, PIECE)
      : inflated(source, from, entry)) {
      size += piece.length
      if (size > entry.size) throw damaged('size', name)
      crc.add(piece)
      yield piece
    }
    if (size !== entry.size) throw damaged('size', name)
    if (crc.value() !== entry.crc) throw damaged('checksum', name)
  }

  return {
    entries,
    read,
    async text(entry, most) {
      const { name, size: length } = entry
      if (length > most) throw new ImportError('spaces.import-too-large', { what: name, size: length, most })
      const bytes = new Uint8Array(length)
      let filled = 0
      for await (const piece of read(entry)) {
        bytes.set(piece, filled)
        filled += piece.length
      }
      const text = fromUtf8Strict(bytes)
      if (text === undefined) throw damaged('text', name)
      return text
    },
  }
}

/** Files lie one after another before the directory: what overlaps would unpack to more than there is. */
function checkPlaces(entries: readonly ZipEntry[], end: number): void {
  let before = 0
  for (const { at, packed, name } of entries.toSorted((a, b) => a.at - b.at)) {
    if (at < before) throw damaged('overlap', name)
    before = at + LOCAL_BYTES + packed
    if (before > end) throw damaged('cut-off', name)
  }
}

const LOCAL_BYTES = 30
const LOCAL = 0x04034b50

/** Where a file's bytes begin: after its local header, whose name and extra field may be of another length. */
async function startOf(source: ByteSource, { at, packed, name }: ZipEntry, end: number): Promise<number> {
  const header = await source.read(at, at + LOCAL_BYTES)
  const view = new DataView(header.buffer)
  if (view.getUint32(0, true) !== LOCAL) throw damaged('header', name)
  const from = at + LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true)
  if (from + packed > end) throw damaged('cut-off', name)
  return from
}

async function* pieces(
  source: ByteSource,
  from: number,
  length: number,
  piece: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const end = from + length
  for (let at = from; at < end; at += piece) yield source.read(at, Math.min(at + piece, end))
}

async function* inflated(
  source: ByteSource,
  from: number,
  { packed, name }: ZipEntry,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let made: Uint8Array<ArrayBuffer>[] = []
  const inflate = new Inflate((piece) => made.push(piece))
  let left = packed
  for await (const block of pieces(source, from, packed, PIECE)) {
    for (let at = 0; at < block.length; at += INFLATED_AT_ONCE) {
      const some = block.subarray(at, at + INFLATED_AT_ONCE)
      left -= some.length
      try {
        inflate.push(some, left === 0)
      } catch {
        throw damaged('deflate', name)
      }
      yield* made
      made = []
    }
  }
}
