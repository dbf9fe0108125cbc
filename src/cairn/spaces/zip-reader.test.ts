import { type Zippable, zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../core/bytes.ts'
import { blobSource } from './byte-source.ts'
import { createCrc32 } from './crc32.ts'
import { openZip } from './zip-reader.ts'

const open = (bytes: Uint8Array) => openZip(blobSource(new Blob([new Uint8Array(bytes)])))

/** Opens an archive and reads all that is in it; what went wrong, if anything. */
async function codeOf(bytes: Uint8Array): Promise<string> {
  try {
    const zip = await open(bytes)
    for (const entry of zip.entries.values()) for await (const piece of zip.read(entry)) void piece
    return 'none'
  } catch (error) {
    const { code, fields } = error as { code: string; fields: { reason?: string; what?: string } }
    return `${code} ${fields.reason ?? fields.what}`
  }
}

const stored = (files: Zippable): Uint8Array<ArrayBuffer> => new Uint8Array(zipSync(files, { level: 0 }))
const END = [0x50, 0x4b, 5, 6]
const ENTRY = [0x50, 0x4b, 1, 2]

/** Where these four bytes stand, the n-th time. */
function find(bytes: Uint8Array, mark: readonly number[], nth = 0): number {
  let left = nth
  for (let at = 0; at < bytes.length - 3; at++)
    if (mark.every((byte, i) => bytes[at + i] === byte) && left-- === 0) return at
  throw new Error('no such mark')
}

/** The archive with a number at a place of its end, or of an entry of its directory, changed. */
function changed(
  zip: Uint8Array,
  mark: readonly number[],
  field: number,
  value: number,
  nth = 0,
): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(zip)
  new DataView(copy.buffer).setUint32(find(copy, mark, nth) + field, value, true)
  return copy
}

/** As `stored`, of one file, with all numbers in zip64 fields. */
function wide(name: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const label = utf8(name)
  const crc = createCrc32()
  crc.add(content)
  const made = (length: number, fill: (view: DataView) => void): Uint8Array => {
    const bytes = new Uint8Array(length)
    fill(new DataView(bytes.buffer))
    return bytes
  }
  const local = made(30, (view) => {
    view.setUint32(0, 0x04034b50, true)
    view.setUint16(26, label.length, true)
  })
  const from = local.length + label.length + content.length
  const entry = made(46, (view) => {
    view.setUint32(0, 0x02014b50, true)
    view.setUint32(16, crc.value(), true)
    for (const field of [20, 24, 42]) view.setUint32(field, 0xffffffff, true)
    view.setUint16(28, label.length, true)
    view.setUint16(30, 8 + 28, true)
  })
  const extra = made(8 + 28, (view) => {
    // An extra field of another kind stands first.
    view.setUint16(0, 0x5455, true)
    view.setUint16(2, 4, true)
    view.setUint16(8, 1, true)
    view.setUint16(10, 24, true)
    view.setBigUint64(12, BigInt(content.length), true)
    view.setBigUint64(20, BigInt(content.length), true)
  })
  const length = entry.length + label.length + extra.length
  const end64 = made(56 + 20, (view) => {
    view.setUint32(0, 0x06064b50, true)
    view.setBigUint64(32, 1n, true)
    view.setBigUint64(40, BigInt(length), true)
    view.setBigUint64(48, BigInt(from), true)
    view.setUint32(56, 0x07064b50, true)
    view.setBigUint64(64, BigInt(from + length), true)
  })
  const end = made(22, (view) => {
    view.setUint32(0, 0x06054b50, true)
    for (const field of [8, 10]) view.setUint16(field, 0xffff, true)
    for (const field of [12, 16]) view.setUint32(field, 0xffffffff, true)
  })
  return concat([local, label, content, entry, label, extra, end64, end])
}

const two = stored({ 'a.txt': utf8('first'), 'b.txt': utf8('second one') })

describe('an archive', () => {
  it('is read as other tools write it, packed or not, with a comment, folders, and names of any kind', async () => {
    const noise = crypto.getRandomValues(new Uint8Array(60_000))
    const large = new Uint8Array(5 << 20).fill(7)
    large.set(noise, 3 << 20)
    const files = {
      'é/ü.txt': utf8('umlaut'),
      '../../up': utf8('stays a name'),
      large,
      empty: new Uint8Array(),
    }
    const zip = zipSync({ ...files, folder: {} }, { level: 6, comment: 'PK\u0005\u0006 and more' })
    const opened = await open(zip)
    expect([...opened.entries.keys()].sort()).toEqual(Object.keys(files).sort())
    for (const [name, content] of Object.entries(files)) {
      const entry = opened.entries.get(name)
      if (entry === undefined) throw new Error(name)
      const parts: Uint8Array[] = []
      for await (const part of opened.read(entry)) parts.push(part)
      expect(concat(parts)).toEqual(new Uint8Array(content))
    }
  })

  it('may have numbers of 64 bits', async () => {
    const zip = await open(wide('big.txt', utf8('not so big')))
    const entry = zip.entries.get('big.txt')
    expect(entry && (await zip.text(entry, 100))).toBe('not so big')
  })

  it('gives text up to a bound, and only text', async () => {
    const zip = await open(stored({ a: utf8('abc'), b: new Uint8Array([0xff]) }))
    const entry = (name: string) => zip.entries.get(name) ?? expect.fail(name)
    await expect(zip.text(entry('a'), 2)).rejects.toMatchObject({ code: 'spaces.import-too-large' })
    await expect(zip.text(entry('b'), 2)).rejects.toMatchObject({ code: 'spaces.import-damaged' })
  })
})

describe('a hostile archive', () => {
  const deflated = new Uint8Array(zipSync({ a: new Uint8Array(3_000_000) }, { level: 9 }))

  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'spaces.import-not-space zip'],
    ['no archive', utf8('hello '.repeat(100)), 'spaces.import-not-space zip'],
    ['cut off at its end', two.subarray(0, -5), 'spaces.import-not-space zip'],
    ['without its beginning', two.subarray(20), 'spaces.import-damaged directory'],
    ['a directory beyond its end', changed(two, END, 16, 0xfffffff0), 'spaces.import-damaged directory'],
    ['a directory larger than any', changed(two, END, 12, 0x7fffffff), 'spaces.import-too-large directory'],
    [
      'more files than the directory has',
      changed(two, END, 8, 0x00050005),
      'spaces.import-damaged directory',
    ],
    ['a file beyond its end', changed(two, ENTRY, 42, 0xfff), 'spaces.import-damaged cut-off'],
    ['a file that begins nowhere', changed(two, ENTRY, 42, 3), 'spaces.import-damaged header'],
    ['two files at one place', changed(two, ENTRY, 42, 0, 1), 'spaces.import-damaged overlap'],
    [
      'a packed size beyond its end',
      changed(deflated, ENTRY, 20, 0x7fffffff),
      'spaces.import-damaged cut-off',
    ],
    ['sizes that differ of what is not packed', changed(two, ENTRY, 24, 6), 'spaces.import-damaged size'],
    ['a size that is too small', changed(deflated, ENTRY, 24, 5), 'spaces.import-damaged size'],
    ['a size that is too large', changed(deflated, ENTRY, 24, 4_000_000), 'spaces.import-damaged size'],
    ['another checksum', changed(two, ENTRY, 16, 1), 'spaces.import-damaged checksum'],
    ['an unknown way of packing', changed(two, ENTRY, 10, 12), 'spaces.import-not-space method'],
    ['an encrypted file', changed(two, ENTRY, 8, 1), 'spaces.import-not-space encrypted'],
    [
      'numbers of 64 bits that are not there',
      changed(two, ENTRY, 42, 0xffffffff),
      'spaces.import-damaged directory',
    ],
    [
      'a broken stream',
      changed(deflated, [0x50, 0x4b, 3, 4], 34, 0xffffffff),
      'spaces.import-damaged deflate',
    ],
    ['a stream that does not end', changed(deflated, ENTRY, 20, 700), 'spaces.import-damaged deflate'],
  ])('with %s is refused', async (_, bytes, code) => {
    expect(await codeOf(bytes)).toBe(code)
  })

  it('with one name twice is refused', async () => {
    const zip = stored({ 'a.txt': utf8('one'), 'b.txt': utf8('two') })
    const last = find(zip, ENTRY, 1) + 46
    zip[last] = 0x61
    expect(await codeOf(zip)).toBe('spaces.import-damaged twice')
  })

  it('that unpacks to a thousand times its size is refused before it is unpacked', async () => {
    const bomb = zipSync({ a: new Uint8Array(200 << 20) }, { level: 9 })
    expect(await codeOf(bomb)).toBe('spaces.import-too-large archive')
    // And when it lies about that, while it is.
    expect(await codeOf(changed(bomb, ENTRY, 24, 1000))).toBe('spaces.import-damaged size')
  })
})
