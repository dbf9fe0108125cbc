import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../core/bytes.ts'
import { blobSource, type ByteSource } from './byte-source.ts'
import { createStreamSealer, isSealed, openSealedSource } from './sealed-zip.ts'

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
const MIB = 1 << 20
const HEADER = 96
const PASSPHRASE = 'correct horse Battery'

function content(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 65_536)
    crypto.getRandomValues(bytes.subarray(at, Math.min(length, at + 65_536)))
  return bytes
}

async function* inParts(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function sealed(bytes: Uint8Array, part = 300_000): Promise<Uint8Array<ArrayBuffer>> {
  const sealer = await createStreamSealer(PASSPHRASE, random)
  const parts: Uint8Array[] = []
  for await (const piece of sealer.seal(inParts(bytes, part))) parts.push(piece)
  return concat(parts)
}

const sourceOf = (bytes: Uint8Array<ArrayBuffer>): ByteSource => blobSource(new Blob([bytes]))
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'none',
    (error: { code: string; fields: { reason?: string } }) => `${error.code} ${error.fields.reason ?? ''}`,
  )

describe('a sealed file', () => {
  it.each([0, MIB, 2 * MIB + 5])('of %i bytes opens again', async (length) => {
    const plain = content(length)
    const file = await sealed(plain)
    expect(file.length).toBe(HEADER + length + 16 * Math.max(1, Math.ceil(length / MIB)))
    expect(await isSealed(sourceOf(file))).toBe(true)
    const opened = await openSealedSource(sourceOf(file), PASSPHRASE)
    expect(opened.size).toBe(length)
    expect(await opened.read(0, length)).toEqual(plain)
    for (const [from, to] of [
      [length >> 1, length],
      [Math.max(0, length - 3), length],
      [Math.max(0, MIB - 5), Math.min(length, MIB + 5)],
    ] as const)
      if (from < to) expect(await opened.read(from, to)).toEqual(plain.slice(from, to))
  })

  it('takes one passphrase in whatever form it was typed, and no other', async () => {
    const sealer = await createStreamSealer('Zoë', random)
    const parts: Uint8Array[] = []
    for await (const piece of sealer.seal(inParts(content(10), 10))) parts.push(piece)
    const source = sourceOf(concat(parts))
    expect((await openSealedSource(source, 'Zoe\u0308')).size).toBe(10)
    expect(await codeOf(openSealedSource(source, 'zoë'))).toBe('spaces.import-passphrase wrong')
    expect(await codeOf(openSealedSource(source, undefined))).toBe('spaces.import-passphrase missing')
    await expect(createStreamSealer('', random)).rejects.toMatchObject({ code: 'keys.invalid' })
  })

  it('that was cut off, changed, or put together anew is known for it', async () => {
    const plain = content(2 * MIB + 100)
    const file = await sealed(plain)
    const piece = (index: number) =>
      file.slice(HEADER + index * (MIB + 16), Math.min(file.length, HEADER + (index + 1) * (MIB + 16)))
    const head = file.slice(0, HEADER)
    const made: [string, Uint8Array<ArrayBuffer>[]][] = [
      ['without its end', [head, piece(0), piece(1)]],
      ['cut in a piece', [file.slice(0, HEADER + MIB + 500)]],
      ['cut in a tag', [file.slice(0, HEADER + MIB + 16 + 7)]],
      ['without pieces', [head]],
    ]
    for (const [name, parts] of made)
      expect(await codeOf(openSealedSource(sourceOf(concat(parts)), PASSPHRASE)), name).toMatch(
        /^spaces.import-damaged/,
      )
    const swapped = await openSealedSource(sourceOf(concat([head, piece(1), piece(0), piece(2)])), PASSPHRASE)
    expect(await codeOf(swapped.read(0, 10))).toBe('spaces.import-damaged sealed')
    const flipped = new Uint8Array(file)
    flipped[HEADER + 5] = (flipped[HEADER + 5] ?? 0) ^ 1
    const opened = await openSealedSource(sourceOf(flipped), PASSPHRASE)
    expect(await codeOf(opened.read(MIB - 1, MIB + 1))).toBe('spaces.import-damaged sealed')
    // What is sound is still read.
    expect(await opened.read(MIB, MIB + 9)).toEqual(plain.slice(MIB, MIB + 9))
  })

  it('of another version, or of another kind, is told apart', async () => {
    const file = new Uint8Array(200)
    file.set(utf8('cairn-sealed'))
    file[15] = 2
    expect(await codeOf(openSealedSource(sourceOf(file), PASSPHRASE))).toBe('spaces.import-version ')
    expect(await isSealed(sourceOf(new Uint8Array(200)))).toBe(false)
    expect(await isSealed(sourceOf(new Uint8Array(3)))).toBe(false)
  })
})
