import { concat } from './bytes.ts'

/** Forms that every host compresses into and out of by itself. */
export type CompressedForm = 'gzip' | 'deflate-raw'

/**
 * Compressed bytes that are given at once. A host decompresses what it is given whole, however much that is, before
 * anyone can stop it: a thousandfold at most.
 */
const SLICE = 16 * 1024

/** All of it compressed. `bytes` must not change until then. */
export async function compress(bytes: Uint8Array, form: CompressedForm): Promise<Uint8Array<ArrayBuffer>> {
  return concat(await through([bytes], new CompressionStream(form), Number.POSITIVE_INFINITY))
}

/**
 * What was compressed; undefined for what is not of this form, to its last byte, or is more than `maxBytes`
 * again: it stops there. `bytes` must not change until then.
 */
export async function decompress(
  bytes: Uint8Array,
  form: CompressedForm,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return concat(await through(slices(bytes), new DecompressionStream(form), maxBytes))
  } catch {
    // Whatever it throws, the bytes are not what they should be.
    return undefined
  }
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += SLICE) yield bytes.subarray(at, at + SLICE)
}

async function through(
  input: Iterable<Uint8Array>,
  transform: CompressionStream | DecompressionStream,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const feed = async (): Promise<void> => {
    const writer = transform.writable.getWriter()
    for (const part of input) {
      // Not before what came of the part before was read.
      await writer.ready
      // Nothing of ours lies in memory that is shared.
      await writer.write(part as Uint8Array<ArrayBuffer>)
    }
    await writer.close()
  }
  // Whatever goes wrong with it is told to who reads.
  const fed = feed().catch(() => {})
  const reader = transform.readable.getReader()
  const parts: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return parts
      size += value.length
      parts.push(value)
      if (size > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`)
    }
  } finally {
    await reader.cancel().catch(() => {})
    await fed
  }
}
