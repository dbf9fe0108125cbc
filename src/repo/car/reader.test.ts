import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, copyRange, equalBytes } from '../../core/bytes.ts'
import { CODEC_DAG_CBOR, CODEC_RAW } from '../../core/cid.ts'
import type { Cid } from '../../core/cid.ts'
import { createSha256 } from '../../core/hash.ts'
import { describeWithFixtures } from '../../core/testing/fixtures.ts'
import { RepoError } from '../errors.ts'
import { createCarReader, DEFAULT_CAR_LIMITS } from './reader.ts'
import type { CarLimits } from './reader.ts'
import { buildCar, carFrameHead, carFrameLength, carHeader } from './writer.ts'
import type { CarBlock } from './writer.ts'

interface Read {
  roots: readonly Cid[] | undefined
  blocks: (CarBlock & { position: number })[]
  copied: number
}

/** Reads a CAR in the given chunks; throws what the reader throws. */
function read(chunks: readonly Uint8Array[], limits: CarLimits = DEFAULT_CAR_LIMITS): Read {
  const out: Read = { roots: undefined, blocks: [], copied: 0 }
  let current: Uint8Array | undefined
  const reader = createCarReader(
    {
      header: ({ roots }) => (out.roots = roots),
      block: (codec, buffer, digestOffset, dataOffset, dataEnd, position) => {
        if (buffer.buffer !== current?.buffer) out.copied++
        const digest = copyRange(buffer, digestOffset, digestOffset + 32)
        out.blocks.push({ codec, digest, data: copyRange(buffer, dataOffset, dataEnd), position })
      },
    },
    limits,
  )
  for (const chunk of chunks) {
    current = chunk
    reader.push(chunk)
  }
  reader.end()
  return out
}

function split(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size))
  return chunks
}

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'ok'
  } catch (error) {
    if (error instanceof RepoError) return error.code
    throw error
  }
}

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
const block = fc.record({
  codec: fc.constantFrom(CODEC_DAG_CBOR, CODEC_RAW),
  digest,
  data: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.nat(70_000).map((size) => new Uint8Array(size).fill(size)),
  ),
})

describe('createCarReader', () => {
  it('reads what the writer wrote, in any chunks, with each position', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 30 })
    fc.assert(
      fc.property(
        fc.array(digest, { maxLength: 23 }),
        fc.array(block, { maxLength: 6 }),
        cuts,
        (roots, blocks, at) => {
          const car = buildCar(roots, blocks)
          const ends = [...at.map((cut) => cut % (car.length + 1)), car.length].toSorted((a, b) => a - b)
          const result = read(ends.map((end, i) => car.slice(ends[i - 1] ?? 0, end)))
          expect(result.roots).toEqual(roots.map((root) => ({ codec: CODEC_DAG_CBOR, digest: root })))
          expect(result.blocks.length).toBe(blocks.length)
          let position = carHeader(roots).length
          for (const [i, found] of result.blocks.entries()) {
            const { codec, digest: hash, data } = blocks[i] as CarBlock // as many as there are found
            expect(found.codec).toBe(codec)
            expect(equalBytes(found.digest, hash) && equalBytes(found.data, data)).toBe(true)
            expect(found.position).toBe(position)
            position += carFrameLength(data.length)
          }
          expect(position).toBe(car.length)
        },
      ),
    )
  })

  const blocks = [0, 1, 90, 91, 92, 127, 128, 129, 5000].map((size, i) => ({
    codec: CODEC_DAG_CBOR,
    digest: new Uint8Array(32).fill(i),
    data: new Uint8Array(size).fill(size),
  }))
  const car = buildCar([new Uint8Array(32)], blocks)

  it.each([1, 2, 3, 7, 64, 1000, 1 << 20])('reads chunks of %d', (size) => {
    const result = read(split(car, size))
    expect(result.blocks.map(({ position: _position, ...rest }) => rest)).toEqual(blocks)
  })

  it('copies nothing that lies whole in a chunk, and only what does not', () => {
    expect(read([car]).copied).toBe(0)
    expect(read(split(car, 4000)).copied).toBe(1)
  })

  it('reads Node Buffers, and views into larger memory', () => {
    const large = concat([new Uint8Array(9), car, new Uint8Array(9)])
    expect(read([Buffer.from(car)]).blocks.length).toBe(blocks.length)
    expect(read([large.subarray(9, 9 + car.length)]).blocks.length).toBe(blocks.length)
  })

  it('is truncated at every length that is not after a frame', () => {
    const ends = new Set([carHeader([new Uint8Array(32)]).length])
    for (const { position, data } of read([car]).blocks) ends.add(position + carFrameLength(data.length))
    for (let length = 0; length <= car.length; length++) {
      const expected = ends.has(length) ? 'ok' : 'repo.car-truncated'
      expect(codeOf(() => read([car.subarray(0, length)]))).toBe(expected)
    }
  })

  it('gives typed errors or a reading for every change of a byte, the same in small chunks', () => {
    const small = buildCar([new Uint8Array(32)], blocks.slice(0, 3))
    const codes = new Set<string>()
    const differing: number[] = []
    for (let at = 0; at < small.length; at++) {
      for (let value = 0; value < 256; value++) {
        const bytes = small.slice()
        bytes[at] = value
        const code = codeOf(() => read([bytes]))
        codes.add(code)
        if (value % 16 === 0 && codeOf(() => read(split(bytes, 5))) !== code) differing.push(at)
      }
    }
    expect(differing).toEqual([])
    for (const code of [
      'ok',
      'repo.car-header',
      'repo.car-version',
      'repo.car-frame',
      'repo.car-truncated',
      'repo.cid-unsupported',
    ]) {
      expect(codes).toContain(code)
    }
  })

  it('refuses a length above the limit before its bytes come, and says where', () => {
    const head = carFrameHead(CODEC_RAW, new Uint8Array(32), 101)
    const start = carHeader([]).length
    const run = (): unknown => read([carHeader([]), head], { maxBlockBytes: 100 })
    expect(run).toThrow(
      expect.objectContaining({ code: 'repo.block-too-large', fields: { offset: start, size: 101 } }),
    )
    expect(
      codeOf(() =>
        read([buildCar([], [{ codec: CODEC_RAW, digest: new Uint8Array(32), data: new Uint8Array(100) }])], {
          maxBlockBytes: 100,
        }),
      ),
    ).toBe('ok')
  })

  it.each([
    ['no room for a CID', [35]],
    ['zero padding', [0]],
    ['a long form', [0x80, 0x00]],
    ['2^53', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['no end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])('refuses a frame with %s, whole or byte by byte', (_name, frame) => {
    const bytes = concat([carHeader([]), Uint8Array.from(frame), new Uint8Array(40)])
    expect(codeOf(() => read([bytes]))).toBe('repo.car-frame')
    expect(codeOf(() => read(split(bytes, 1)))).toBe('repo.car-frame')
  })

  it('holds no more memory than was received', () => {
    const readers = []
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 400; i++) {
      const reader = createCarReader({ header: () => {}, block: () => {} })
      reader.push(
        concat([
          carHeader([]),
          carFrameHead(CODEC_RAW, new Uint8Array(32), DEFAULT_CAR_LIMITS.maxBlockBytes),
        ]),
      )
      reader.push(new Uint8Array(10))
      readers.push(reader)
    }
    // The claims add up to 800 MiB; what came is 40 KB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6)
    for (const reader of readers) expect(() => reader.end()).toThrow(RepoError)
  })

  it('gives the same error for good, also the sink’s own', () => {
    const reader = createCarReader({
      header: () => {},
      block: () => {
        throw new Error('full')
      },
    })
    expect(() => reader.push(car)).toThrow('full')
    expect(() => reader.push(car)).toThrow('full')
    expect(() => reader.end()).toThrow('full')
  })

  it('counts the bytes it took', () => {
    const reader = createCarReader({ header: () => {}, block: () => {} })
    reader.push(car.subarray(0, 10))
    reader.push(car.subarray(10, 30))
    expect(reader.position).toBe(30)
  })
})

describeWithFixtures('CAR vectors', (dir) => {
  it('reads every file, and every block hashes to its CID', async () => {
    const sha256 = await createSha256()
    const folders = ['cars', 'mst/cars'].map((name) => join(dir, name))
    const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    const cars = files.filter((file) => file.endsWith('.car'))
    expect(cars.length).toBeGreaterThan(100)
    for (const file of cars) {
      const result = read(split(new Uint8Array(readFileSync(file)), 4096))
      expect(result.roots?.length).toBe(1)
      for (const found of result.blocks) expect(equalBytes(sha256(found.data), found.digest)).toBe(true)
    }
  })

  it('writes a file again byte by byte', () => {
    const bytes = new Uint8Array(readFileSync(join(dir, 'cars/testpds-alice-full.car')))
    const result = read([bytes])
    expect(
      equalBytes(
        buildCar(
          (result.roots ?? []).map((root) => root.digest),
          result.blocks,
        ),
        bytes,
      ),
    ).toBe(true)
  })
})
