import { inflateRawSync } from 'node:zlib'

/**
 * Reads a zip by its central directory, independently of what wrote it. Handles stored and deflated
 * entries and zip64 sizes; throws on anything else or on a wrong CRC.
 * Spec: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function readZip(bytes: Buffer): Map<string, Buffer> {
  const end = bytes.lastIndexOf(Buffer.from('504b0506', 'hex'))
  if (end < 0) throw new Error('no end of central directory')
  let count = bytes.readUInt16LE(end + 10)
  let at = bytes.readUInt32LE(end + 16)
  const locator = end - 20
  if (locator >= 0 && bytes.readUInt32LE(locator) === 0x07064b50) {
    const end64 = Number(bytes.readBigUInt64LE(locator + 8))
    count = Number(bytes.readBigUInt64LE(end64 + 32))
    at = Number(bytes.readBigUInt64LE(end64 + 48))
  }
  const entries = new Map<string, Buffer>()
  for (let i = 0; i < count; i++) {
    if (bytes.readUInt32LE(at) !== 0x02014b50) throw new Error(`no central entry at ${at}`)
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      bytes.readUInt16LE(at + field),
    )
    const name = bytes.toString('utf8', at + 46, at + 46 + (nameLength ?? 0))
    entries.set(name, readEntry(bytes, at, nameLength ?? 0, extraLength ?? 0))
    at += 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0)
  }
  return entries
}

function readEntry(bytes: Buffer, at: number, nameLength: number, extraLength: number): Buffer {
  const method = bytes.readUInt16LE(at + 10)
  const crc = bytes.readUInt32LE(at + 16)
  const sizes = [bytes.readUInt32LE(at + 24), bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 42)]
  const wide = extraField(bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength), 0x0001)
  let used = 0
  const [size = 0, packed = 0, offset = 0] = sizes.map((value) => {
    if (value !== 0xffffffff || wide === undefined) return value
    used += 8
    return Number(wide.readBigUInt64LE(used - 8))
  })
  if (bytes.readUInt32LE(offset) !== 0x04034b50) throw new Error(`no local entry at ${offset}`)
  const start = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28)
  const raw = bytes.subarray(start, start + packed)
  if (method !== 0 && method !== 8) throw new Error(`method ${method}`)
  const data = method === 0 ? raw : inflateRawSync(raw)
  if (data.length !== size) throw new Error(`size ${data.length}, not ${size}`)
  if (crc32(data) !== crc) throw new Error('wrong CRC')
  return data
}

function extraField(extra: Buffer, id: number): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2)
    if (extra.readUInt16LE(at) === id) return extra.subarray(at + 4, at + 4 + length)
    at += 4 + length
  }
  return undefined
}

/** Bit by bit on purpose: it shares no code with what is tested. */
function crc32(data: Buffer): number {
  let crc = 0xffffffff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}
