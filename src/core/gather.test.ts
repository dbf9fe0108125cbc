import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { createGatherer, GATHER_PIECE } from './gather.ts'

const bytesOf = async (whole: Uint8Array | Blob): Promise<Uint8Array> =>
  whole instanceof Blob ? new Uint8Array(await whole.arrayBuffer()) : whole

/** Bytes that say where they stand. */
const pattern = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255)

it.each([0, 1, 5000, GATHER_PIECE, GATHER_PIECE + 1, 3 * GATHER_PIECE + 7])(
  'gives back %i bytes and their hash, however they were cut',
  async (size) => {
    const bytes = pattern(size)
    for (const cut of [4093, 65_536, GATHER_PIECE * 2]) {
      const gatherer = await createGatherer()
      for (let at = 0; at < size; at += cut) gatherer.add(bytes.subarray(at, at + cut))
      expect(gatherer.size).toBe(size)
      const { digest, whole } = gatherer.end()
      expect(Buffer.from(digest)).toEqual(createHash('sha256').update(bytes).digest())
      expect(whole instanceof Blob).toBe(size > GATHER_PIECE)
      expect(Buffer.compare(await bytesOf(whole), bytes)).toBe(0)
    }
  },
)

it('holds a piece of what comes and no more, however much that is', async () => {
  const gatherer = await createGatherer()
  const chunk = 64 * 1024
  let most = 0
  for (let sent = 0; sent < 48 * GATHER_PIECE; sent += chunk) {
    gatherer.add(new Uint8Array(chunk))
    most = Math.max(most, gatherer.held)
  }
  expect(most).toBeLessThanOrEqual(GATHER_PIECE)
  const { whole } = gatherer.end()
  expect(whole instanceof Blob && whole.size).toBe(48 * GATHER_PIECE)
})

it('hashes several side by side', async () => {
  const [a, b] = [await createGatherer(), await createGatherer()]
  a.add(new TextEncoder().encode('sto'))
  b.add(new TextEncoder().encode('riv'))
  a.add(new TextEncoder().encode('ne'))
  b.add(new TextEncoder().encode('er'))
  for (const [gatherer, text] of [
    [a, 'stone'],
    [b, 'river'],
  ] as const) {
    expect(Buffer.from(gatherer.end().digest)).toEqual(createHash('sha256').update(text).digest())
  }
})
