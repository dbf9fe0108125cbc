/** Of the reversed polynomial that zip uses (APPNOTE 4.4.7). */
const makeTable = (): Uint32Array =>
  Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
    return value
  })

/** The CRC-32 of bytes that come in pieces. */
export function createCrc32(): { add(bytes: Uint8Array): void; value(): number } {
  const table = makeTable()
  let crc = 0xffffffff
  return {
    add(bytes) {
      for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0)
    },
    value: () => ~crc >>> 0,
  }
}
