import { type ChunkReader, readChunks } from '../../src/core/chunk-reader.ts'
import type { CarInput } from './protocol.ts'

/** What one read of a network stream gives. */
const CHUNK_BYTES = 64 * 1024

/**
 * The CAR's bytes in chunks of 64 KB: from memory, so that the transfer is not part of what is measured,
 * or streamed as the product reads a server, so that memory holds no more than what the reader keeps. A streamed
 * chunk is good until the next.
 */
export async function carChunks(input: CarInput): Promise<AsyncIterable<Uint8Array<ArrayBuffer>>> {
  const response = await fetch(input.url)
  if (!response.ok || response.body === null) throw new Error(`no data at ${input.url}`)
  if (input.stream === true) return readAll(readChunks(response.body))
  const bytes = new Uint8Array(await response.arrayBuffer())
  return slices(bytes)
}

export async function carWhole(input: CarInput): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(input.url)).arrayBuffer())
}

async function* readAll(body: ChunkReader): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let chunk = await body.read(); chunk !== undefined; chunk = await body.read()) yield chunk
}

async function* slices(bytes: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES)
}

/** Calls back with the range of each block in a whole, sound CAR. */
export function eachBlock(car: Uint8Array, visit: (cid: number, from: number, to: number) => void): number {
  let at = 0
  let blocks = 0
  const varint = (): number => {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = car[at++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
  }
  const header = varint()
  at += header
  while (at < car.length) {
    const length = varint()
    visit(at, at + 36, at + length)
    at += length
    blocks++
  }
  return blocks
}
