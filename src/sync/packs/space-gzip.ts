import { concat } from '../../core/bytes.ts'

/** gzip, as every host has it. */
export interface Gzip {
  compress(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>>
  /** Undefined for what is no gzip, or is more than `maxBytes` when decompressed; stops there. */
  decompress(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined>
}

export function createGzip(): Gzip {
  return {
    async compress(bytes) {
      const whole = await through(bytes, new CompressionStream('gzip'), Number.POSITIVE_INFINITY)
      return whole ?? new Uint8Array()
    },
    async decompress(bytes, maxBytes) {
      try {
        return await through(bytes, new DecompressionStream('gzip'), maxBytes)
      } catch {
        // Whatever it throws, the bytes are not what they should be.
        return undefined
      }
    },
  }
}

async function through(
  bytes: Uint8Array,
  transform: CompressionStream | DecompressionStream,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const source = new Blob([new Uint8Array(bytes)]).stream()
  const reader = source.pipeThrough(transform).getReader()
  const parts: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > maxBytes) {
      await reader.cancel()
      return undefined
    }
    parts.push(value)
  }
  return concat(parts)
}
