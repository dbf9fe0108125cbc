import { describe, expect, it } from 'vitest'
import { concat, fromHex } from '../../core/bytes.ts'
import type { Cid } from '../../core/cid.ts'
import { varintLength, writeVarint } from '../../core/varint.ts'
import { RepoError } from '../errors.ts'
import { MAX_HEADER_BYTES } from './header.ts'
import { createCarReader } from './reader.ts'

/** The roots that a reader finds in these chunks. */
function rootsOf(chunks: readonly Uint8Array[]): readonly Cid[] {
  let found: readonly Cid[] = []
  const reader = createCarReader({ header: ({ roots }) => (found = roots), block: () => {} })
  for (const chunk of chunks) reader.push(chunk)
  reader.end()
  return found
}

function codeOf(chunks: readonly Uint8Array[]): string {
  try {
    rootsOf(chunks)
    return 'ok'
  } catch (error) {
    if (error instanceof RepoError) return error.code
    throw error
  }
}

/** One chunk for each byte. */
const byBytes = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte))

describe('the CAR header', () => {
  const framed = (hex: string): Uint8Array => {
    const body = fromHex(hex.replaceAll(' ', '')) ?? new Uint8Array()
    const head = new Uint8Array(varintLength(body.length))
    writeVarint(head, 0, body.length)
    return concat([head, body])
  }
  const ROOTS = '65 726f6f7473'
  const VERSION = '67 76657273696f6e'
  const LINK = `d82a 5825 00 01711220 ${'ab'.repeat(32)}`

  it.each([
    ['ok', `a2 ${ROOTS} 80 ${VERSION} 01`],
    ['ok', `a2 ${ROOTS} 82 ${LINK} ${LINK.replace('0171', '0155')} ${VERSION} 01`],
    ['repo.car-version', `a1 ${VERSION} 02`],
    ['repo.car-version', `a2 ${ROOTS} 80 ${VERSION} 00`],
    ['repo.car-version', `a2 ${ROOTS} 80 ${VERSION} 190100`],
    ['repo.car-header', `a1 ${VERSION} 01`],
    ['repo.car-header', `a1 ${ROOTS} 80`],
    ['repo.car-header', `a2 ${ROOTS} 80 ${VERSION} 20`],
    ['repo.car-header', `a2 ${ROOTS} f6 ${VERSION} 01`],
    ['repo.car-header', `a2 ${ROOTS} 81 f6 ${VERSION} 01`],
    ['repo.car-header', `a2 ${ROOTS} ${LINK} ${VERSION} 01`],
    ['repo.car-header', `a2 ${VERSION} 01 ${ROOTS} 80`],
    ['repo.car-header', `a3 61 61 01 ${ROOTS} 80 ${VERSION} 01`],
    ['repo.car-header', `a2 ${ROOTS} 80 ${VERSION} 1801`],
    ['repo.car-header', `a2 ${ROOTS} 80 ${VERSION} 01 00`],
    ['repo.car-header', '80'],
    ['repo.car-header', '01'],
  ])('%s: %s', (expected, hex) => {
    expect(codeOf([framed(hex)])).toBe(expected)
    expect(codeOf(byBytes(framed(hex)))).toBe(expected)
  })

  it('may have more roots than one byte counts, up to its size', () => {
    const body = (count: number): string =>
      `a2 ${ROOTS} 99${count.toString(16).padStart(4, '0')} ${LINK.repeat(count)} ${VERSION} 01`
    expect(rootsOf([framed(body(1500))]).length).toBe(1500)
    expect(codeOf([framed(body(1600))])).toBe('repo.car-header')
    const head = new Uint8Array(4)
    writeVarint(head, 0, MAX_HEADER_BYTES + 1)
    expect(codeOf([head])).toBe('repo.car-header')
  })

  it('is not a web page', () => {
    const page = new TextEncoder().encode('<!doctype html><title>Bad gateway</title>'.repeat(20))
    expect(codeOf([page])).toBe('repo.car-header')
  })
})
