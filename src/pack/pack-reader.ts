import { createByteReader, type ByteReader } from './byte-reader.ts'
import type { ColumnsOf } from './commit-reader.ts'
import { readMagic } from './header.ts'
import { PACK_LIMITS, type PackLimits } from './limits.ts'
import { PACK_MAGIC, PACK_VERSION, type PullResponse, type SyncPack } from './model.ts'
import { readPush } from './push.ts'
import { readList, readOption } from './read-parts.ts'
import { readSubscription } from './subscription.ts'

export interface DecodeOptions {
  /** how much the reader may take on; the format's own limits when left out */
  readonly limits?: PackLimits
  /** which columns the rows of a table must have, when they travel in binary; any when left out */
  readonly columnsOf?: ColumnsOf
  /**
   * Subscriptions whose commits have views of the bytes for cells, where these travel in binary; none when left out.
   * The bytes must not change while they are of use.
   */
  readonly sharesIn?: (subscriptionId: string) => boolean
}

/**
 * What a sync pack holds, format SSP1 version 14. Strict: every mark, index and text is checked, each row of a
 * group is used at most once, manifests agree with their chunks, and nothing may follow. What it allocates is
 * bounded by the bytes that came and by the limits. Values are copies, so the bytes can be let go, but for those that
 * were asked for as views.
 *
 * What is not checked here: the chain (`checkChain`), digests of manifests (`checkManifestDigest`) and chunks.
 *
 * Throws a `PackError` with the byte's offset.
 */
export function decodePack(bytes: Uint8Array, options: DecodeOptions = {}): SyncPack {
  const { limits = PACK_LIMITS, columnsOf = () => undefined, sharesIn = () => false } = options
  const reader = createByteReader(bytes, limits)
  readMagic(reader, PACK_MAGIC, PACK_VERSION)
  const ok = reader.bool()
  const requiredSchemaVersion = readOption(reader, reader.i32)
  const latestSchemaVersion = readOption(reader, reader.i32)
  const push = readOption(reader, readPush)
  const pull = readOption(reader, (it) => readPull(it, columnsOf, sharesIn))
  reader.end()
  return {
    ok,
    ...(requiredSchemaVersion === undefined ? {} : { requiredSchemaVersion }),
    ...(latestSchemaVersion === undefined ? {} : { latestSchemaVersion }),
    ...(push === undefined ? {} : { push }),
    ...(pull === undefined ? {} : { pull }),
  }
}

function readPull(reader: ByteReader, columnsOf: ColumnsOf, sharesIn: (id: string) => boolean): PullResponse {
  return {
    ok: reader.bool(),
    subscriptions: readList(reader, 26, (it) => readSubscription(it, columnsOf, sharesIn)),
  }
}
