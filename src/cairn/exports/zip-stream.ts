import { makeZip } from 'client-zip'

type ZipFiles = Parameters<typeof makeZip>[0]

/** As many files as an archive counts without numbers above 16 bits; from there on a second end has to count them. */
const MOST = 0xffff
const END = 0x06054b50
const END_BYTES = 22
const WIDE_END = 0x06064b50
const WIDE_END_BYTES = 56
const LOCATOR = 0x07064b50
const LOCATOR_BYTES = 20

/** An archive of files as it is written, a piece at a time; ended early, it ends what writes the files. */
export async function* zipStream(files: ZipFiles): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let count = 0
  async function* counted() {
    for await (const file of files) {
      count++
      yield file
    }
  }
  const reader = makeZip(counted()).getReader()
  /** the last piece may be the end, and what was before it a second one */
  let held: Uint8Array<ArrayBuffer> | undefined
  let before: Uint8Array | undefined
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      if (held !== undefined) yield held
      before = held
      held = new Uint8Array(value)
    }
    if (held === undefined) return
    if (count >= MOST && before !== undefined && !isWideEnd(before)) yield wideEnd(held, count)
    yield held
  } finally {
    // Does nothing once the archive is whole; before that the writer ends by throwing what it is given.
    await reader.cancel().catch(() => {})
  }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength)

const isWideEnd = (piece: Uint8Array): boolean =>
  piece.length >= WIDE_END_BYTES && viewOf(piece).getUint32(0, true) === WIDE_END

/** What the writer leaves out where files are many and small: an end that counts them all, and what points to it. */
function wideEnd(end: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const given = viewOf(end)
  if (end.length !== END_BYTES || given.getUint32(0, true) !== END)
    throw new TypeError('no end of an archive')
  const size = given.getUint32(12, true)
  const from = given.getUint32(16, true)
  const bytes = new Uint8Array(WIDE_END_BYTES + LOCATOR_BYTES)
  const view = viewOf(bytes)
  view.setUint32(0, WIDE_END, true)
  view.setBigUint64(4, BigInt(WIDE_END_BYTES - 12), true)
  // made by and to be read by version 4.5, on Unix
  view.setUint16(12, 0x032d, true)
  view.setUint16(14, 45, true)
  view.setBigUint64(24, BigInt(count), true)
  view.setBigUint64(32, BigInt(count), true)
  view.setBigUint64(40, BigInt(size), true)
  view.setBigUint64(48, BigInt(from), true)
  view.setUint32(WIDE_END_BYTES, LOCATOR, true)
  view.setBigUint64(WIDE_END_BYTES + 8, BigInt(from + size), true)
  view.setUint32(WIDE_END_BYTES + 16, 1, true)
  return bytes
}
