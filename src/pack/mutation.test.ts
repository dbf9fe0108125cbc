import { describe, expect, it } from 'vitest'
import { PackError } from './errors.ts'
import { decodePack } from './pack-reader.ts'
import { encodePack } from './pack-writer.ts'
import { decodeTable } from './table-reader.ts'
import { encodeTable } from './table-writer.ts'
import { PACK_CASES, TABLE_CASES } from './testing/cases.ts'

/** A reader, what it reads, and a way back from what it gave. */
interface Subject {
  readonly name: string
  readonly bytes: Uint8Array
  readonly roundTrip: (bytes: Uint8Array) => Uint8Array
}

const subjects: readonly Subject[] = [
  ...PACK_CASES.map(({ name, pack, groupThreshold }) => ({
    name,
    bytes: encodePack(pack, { groupThreshold }),
    roundTrip: (bytes: Uint8Array) => encodePack(decodePack(bytes), { groupThreshold: 1 }),
  })),
  ...TABLE_CASES.map(({ name, table }) => ({
    name,
    bytes: encodeTable(table),
    roundTrip: (bytes: Uint8Array) => encodeTable(decodeTable(bytes)),
  })),
]

/** True when the bytes were refused as they must be; false when they were read. */
function checkRefused({ roundTrip }: Subject, bytes: Uint8Array): boolean {
  let again: Uint8Array
  try {
    again = roundTrip(bytes)
  } catch (error) {
    if (!(error instanceof PackError)) throw error
    // A table with rows in a group and others in place: it can be read, but no writer makes it.
    if (error.code === 'pack.value' && error.fields.reason === 'missing') return false
    const { offset } = error.fields
    if (typeof offset !== 'number' || !(offset >= 0 && offset <= bytes.length)) throw error
    return true
  }
  // What was read can be written, and reading that gives it again.
  expect(Buffer.compare(roundTrip(again), again)).toBe(0)
  return false
}

describe.each(subjects)('$name', (subject) => {
  const { bytes } = subject

  it('cut off anywhere is refused', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(checkRefused(subject, bytes.subarray(0, length)), `${length} bytes`).toBe(true)
    }
  })

  it('with anything behind it is refused', () => {
    const longer = new Uint8Array(bytes.length + 1)
    longer.set(bytes)
    expect(() => subject.roundTrip(longer)).toThrow(
      expect.objectContaining({ code: 'pack.trailing', fields: { offset: bytes.length, bytes: 1 } }),
    )
  })

  it('with any byte changed is refused with a typed error, or read as something that can be written', () => {
    const changed = bytes.slice()
    let refused = 0
    for (const [at, byte] of bytes.entries()) {
      for (const other of new Set([byte ^ 1, byte ^ 2, byte ^ 0x80, byte + 1, byte - 1, 0, 0x7f, 0xff])) {
        changed[at] = other
        if (changed[at] !== byte && checkRefused(subject, changed)) refused++
      }
      changed[at] = byte
    }
    expect(refused).toBeGreaterThan(0)
  })

  it('with any four bytes the largest number is refused, or read', () => {
    for (let at = 0; at + 4 <= bytes.length; at++) {
      const changed = bytes.slice().fill(0xff, at, at + 4)
      checkRefused(subject, changed)
    }
  })
})
