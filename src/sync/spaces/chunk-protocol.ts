import * as v from 'valibot'
import { parseSpace } from '../../repo/space/uri.ts'

/**
 * `/cairn/space-chunks/1.0.0`: sealed chunks of a space's files, by the SHA-256 of their bytes. Requests and answers
 * alternate on one stream, canonical DAG-CBOR behind their length as a varint; further requests may be sent before an
 * answer has come, and are answered in their order.
 *
 * | request | answer |
 * |---|---|
 * | `has { space, ids }` | `{ has }`: for each id one byte, 0 or 1 |
 * | `get { space, id }` | `{ size }`, then a frame of that many bytes |
 * | `put { space, id, size }`, then a frame of that many bytes | `{ stored: true }` |
 *
 * Any answer may be `{ refused }`, and the stream goes on.
 */
export const CHUNKS_PROTOCOL = '/cairn/space-chunks/1.0.0'

/** A chunk of 1 MiB, its salt and its tag, with some room: docs/spaces.md. */
export const MAX_CHUNK_BYTES = (1 << 20) + 64
export const MAX_REQUEST_BYTES = 32 * 1024
export const MAX_ANSWER_BYTES = 8 * 1024
/** Ids of one question. */
export const MAX_IDS = 256
export const ID_BYTES = 32

/** `not-kept`: the space is not here, or not for this peer; `lacking`: the chunk is not. */
export type ChunkRefusal = 'too-many' | 'bad-request' | 'not-kept' | 'lacking' | 'full' | 'bad-chunk'

const bytes = v.custom<Uint8Array>((value) => value instanceof Uint8Array)
const space = v.pipe(
  v.string(),
  v.maxLength(2048),
  v.check((text) => parseSpace(text) !== undefined),
)
const id = v.pipe(
  bytes,
  v.check((it) => it.length === ID_BYTES),
)
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_CHUNK_BYTES))

export const chunkRequestShape = v.variant('type', [
  v.object({
    type: v.literal('has'),
    space,
    ids: v.pipe(
      bytes,
      v.check((it) => it.length % ID_BYTES === 0 && it.length <= ID_BYTES * MAX_IDS),
    ),
  }),
  v.object({ type: v.literal('get'), space, id }),
  v.object({ type: v.literal('put'), space, id, size }),
])
export type ChunkRequest = v.InferOutput<typeof chunkRequestShape>

export const hasShape = v.object({ has: bytes })
export const sizeShape = v.object({ size })
export const storedShape = v.object({ stored: v.literal(true) })
