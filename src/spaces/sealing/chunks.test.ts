import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, equalBytes, toHex } from '../../core/bytes.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { digest } from '../crypto.ts'
import { codeOf, randomFrom, vectorText } from '../testing/kit.ts'
import { createChunkOpener, openFile, sealFile, type SealedChunk } from './chunks.ts'
import {
  CHUNK_BYTES,
  chunkCount,
  encodeSealedFile,
  MAX_CHUNKS,
  parseSealedFile,
  type SealedFile,
  sealedChunkLength,
} from './file.ts'

const key = new Uint8Array(32).fill(5)

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function* list(items: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* items
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const it of source) items.push(it)
  return items
}

const contentOf = (size: number): Uint8Array => createPrng(size).bytes(size)

async function sealed(content: Uint8Array, pieceSize = 400_000): Promise<[SealedFile, SealedChunk[]]> {
  const chunks = await all(
    sealFile(pieces(content, pieceSize), { key, size: content.length, random: randomFrom(1) }),
  )
  const ids = concat(chunks.map((it) => it.id))
  return [{ key, size: content.length, chunks: ids }, chunks]
}

const bytesOf = (chunks: readonly SealedChunk[]): Uint8Array[] => chunks.map((it) => it.bytes)
const opened = async (file: SealedFile, chunks: readonly Uint8Array[]): Promise<Uint8Array> =>
  concat(await all(openFile(file, list(chunks))))

describe('a sealed file', () => {
  it('has the committed bytes', async () => {
    const content = new TextEncoder().encode('a small file')
    const [file, chunks] = await sealed(content)
    const shown = {
      keyHex: toHex(key),
      contentHex: toHex(content),
      descriptionHex: toHex(encodeSealedFile(file)),
      chunksHex: chunks.map((it) => toHex(it.bytes)),
    }
    await expect(vectorText(shown)).toMatchFileSnapshot(join(import.meta.dirname, 'vectors', 'file.json'))
  })

  it.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 77_777])(
    'of %i bytes opens to what it was',
    async (size) => {
      const content = contentOf(size)
      const [file, chunks] = await sealed(content)
      expect(chunks.map((it) => it.last)).toEqual(chunks.map((_, n) => n === chunks.length - 1))
      expect(chunks.length).toBe(chunkCount(size))
      for (const { index, bytes } of chunks) expect(bytes.length).toBe(sealedChunkLength(size, index))
      expect(
        equalBytes(await opened(parseSealedFile(encodeSealedFile(file)), bytesOf(chunks)), content),
      ).toBe(true)
    },
  )

  it('is sealed the same however its source is cut', async () => {
    const content = contentOf(CHUNK_BYTES + 5000)
    const [whole] = await sealed(content, content.length)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 3000, max: CHUNK_BYTES * 2 }), async (size) => {
        expect(toHex((await sealed(content, size))[0].chunks)).toBe(toHex(whole.chunks))
      }),
      { numRuns: 5 },
    )
  })

  it('is sealed and opened on from any chunk', async () => {
    const content = contentOf(2 * CHUNK_BYTES + 900)
    const [file, chunks] = await sealed(content)
    for (const from of [0, 1, 2, 3]) {
      const rest = content.subarray(from * CHUNK_BYTES)
      const options = { key, size: content.length, from, random: randomFrom(77) }
      const later = await all(sealFile(pieces(rest, 300_000), options))
      expect(later.map((it) => it.index)).toEqual([0, 1, 2].slice(from))
      // Another salt: nothing that was sealed before the break is sealed again under the same key.
      for (const it of later) expect(toHex(it.id)).not.toBe(toHex(chunks[it.index]?.id ?? key))
      const mixed = [...chunks.slice(0, from), ...later]
      const joined = { ...file, chunks: concat(mixed.map((it) => it.id)) }
      expect(equalBytes(await opened(joined, bytesOf(mixed)), content)).toBe(true)
      const tail = concat(await all(openFile(file, list(bytesOf(chunks).slice(from)), from)))
      expect(equalBytes(tail, rest)).toBe(true)
    }
    const opener = await createChunkOpener(file)
    const second = await opener.open(1, chunks[1]?.bytes ?? key)
    expect(equalBytes(second, content.subarray(CHUNK_BYTES, 2 * CHUNK_BYTES))).toBe(true)
  })

  it('with chunks cut off, swapped, doubled or of another file is refused', async () => {
    const content = contentOf(2 * CHUNK_BYTES + 900)
    const [file, chunks] = await sealed(content)
    const [a, b, c] = bytesOf(chunks)
    if (a === undefined || b === undefined || c === undefined) throw new Error('three chunks')
    const open = (...them: Uint8Array[]): Promise<string> => codeOf(() => opened(file, them))
    expect(await open(a, b)).toBe('spaces.file-end')
    expect(await open()).toBe('spaces.file-end')
    expect(await open(a, b, c, c)).toBe('spaces.file-end')
    expect(await open(b, a, c)).toBe('spaces.file-chunk id')
    expect(await open(a, a, c)).toBe('spaces.file-chunk id')
    expect(await open(a, c)).toBe('spaces.file-chunk size')
    expect(await open(a, b, c.subarray(1))).toBe('spaces.file-chunk size')
  })

  it('stays in order by its seals alone, when its list of ids lies', async () => {
    const content = contentOf(3 * CHUNK_BYTES)
    const [file, chunks] = await sealed(content)
    const open = async (them: readonly SealedChunk[]): Promise<string> =>
      codeOf(() =>
        opened(
          { key, size: them.length * CHUNK_BYTES, chunks: concat(them.map((it) => it.id)) },
          bytesOf(them),
        ),
      )
    const [a, b, c] = chunks
    if (a === undefined || b === undefined || c === undefined) throw new Error('three chunks')
    expect(file.size).toBe(content.length)
    expect(await open([a, b, c])).toBe('none')
    expect(await open([b, a, c])).toBe('spaces.file-chunk broken')
    expect(await open([a, b])).toBe('spaces.file-chunk broken')
    expect(await open([a, c])).toBe('spaces.file-chunk broken')
    expect(await open([a, b, c, c])).toBe('spaces.file-chunk broken')
    expect(await open([a, a, c])).toBe('spaces.file-chunk broken')
  })

  it('with any byte of a chunk changed is refused, also by its seal alone', async () => {
    const [file, [chunk]] = await sealed(contentOf(100))
    if (chunk === undefined) throw new Error('one chunk')
    for (let at = 0; at < chunk.bytes.length; at++) {
      const bad = new Uint8Array(chunk.bytes)
      bad[at] = (bad[at] ?? 0) ^ 1
      expect(await codeOf(() => opened(file, [bad]))).toBe('spaces.file-chunk id')
      const lying = { ...file, chunks: await digest(bad) }
      expect(await codeOf(() => opened(lying, [bad]))).toBe('spaces.file-chunk broken')
    }
    const shorter = { ...file, size: 99 }
    expect(await codeOf(() => opened(shorter, [chunk.bytes]))).toBe('spaces.file-chunk content')
    const otherKey = { ...file, key: new Uint8Array(32) }
    expect(await codeOf(() => opened(otherKey, [chunk.bytes]))).toBe('spaces.file-chunk broken')
  })

  it('is not sealed from a source that is longer or shorter than it said', async () => {
    const content = contentOf(CHUNK_BYTES + 50)
    const seal = (size: number, from = 0): Promise<string> =>
      codeOf(() => all(sealFile(pieces(content, 100_000), { key, size, from, random: randomFrom(1) })))
    expect(await seal(content.length)).toBe('none')
    expect(await seal(content.length - 1)).toBe('spaces.file-source')
    expect(await seal(content.length + 1)).toBe('spaces.file-source')
    expect(await seal(CHUNK_BYTES)).toBe('spaces.file-source')
    expect(await seal(10, 2)).toBe('spaces.invalid')
    expect(await seal(-1)).toBe('spaces.invalid')
    expect(await seal(MAX_CHUNKS * CHUNK_BYTES + 1)).toBe('spaces.too-large')
  })

  it('has a description of exactly its form', async () => {
    const [file] = await sealed(contentOf(10))
    const read = (it: SealedFile): Promise<string> => codeOf(() => parseSealedFile(encodeSealedFile(it)))
    expect(await read(file)).toBe('none')
    expect(await read({ ...file, size: CHUNK_BYTES + 1 })).toBe('spaces.file-malformed chunks')
    expect(await read({ ...file, size: -1 })).toBe('spaces.file-malformed size')
    expect(await read({ ...file, size: Number.MAX_SAFE_INTEGER })).toBe('spaces.file-malformed size')
    expect(await read({ ...file, chunks: new Uint8Array(0) })).toBe('spaces.file-malformed chunks')
    expect(await read({ ...file, key: new Uint8Array(16) })).toBe('spaces.file-malformed key')
  })
})
