import * as v from 'valibot'
import { toHex, utf8 } from '../../core/bytes.ts'
import type { Sha256 } from '../../core/hash.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { bytesUpTo, readMap } from '../maps.ts'

/** What lies in a space repo, by collection: docs/spaces.md, "What lies in a repo". */
export const SEALED = 'app.cairn.sealed'
export const EPOCHS = 'app.cairn.space.epoch'
const WRAPS = 'app.cairn.space.wrap'

const MAX_EPOCH_RECORD = 131_200
const MAX_WRAP_RECORD = 4_200
/** Half of a SHA-256, in hexadecimal: enough that no two devices of a space share it by chance. */
const DEVICE_DIGITS = 32

const EPOCH_NAME = /^[0-9a-f]{64}$/
const WRAP_NAME = /^([0-9a-f]{64})\.([0-9a-f]{32})$/

export const sealedPath = (rkey: string): string => `${SEALED}/${rkey}`
export const epochPath = (name: string): string => `${EPOCHS}/${name}`
export const wrapPath = (epoch: string, tag: string): string => `${WRAPS}/${epoch}.${tag}`

/** How a wrap's rkey names a device. */
export const deviceTag = (device: string, sha256: Sha256): string =>
  toHex(sha256(utf8(device))).slice(0, DEVICE_DIGITS)

/** What a path of a repo is about; undefined for what this version does not know. */
type RepoPlace =
  | { readonly kind: 'sealed'; readonly rkey: string }
  | { readonly kind: 'epoch'; readonly name: string }
  | { readonly kind: 'wrap'; readonly epoch: string; readonly tag: string }

export function parsePlace(path: string): RepoPlace | undefined {
  const slash = path.indexOf('/')
  const [collection, rkey] = [path.slice(0, slash), path.slice(slash + 1)]
  if (collection === SEALED) return { kind: 'sealed', rkey }
  if (collection === EPOCHS) return EPOCH_NAME.test(rkey) ? { kind: 'epoch', name: rkey } : undefined
  const wrap = collection === WRAPS ? WRAP_NAME.exec(rkey) : null
  return wrap === null ? undefined : { kind: 'wrap', epoch: wrap[1] ?? '', tag: wrap[2] ?? '' }
}

const epochShape = v.strictObject({ $type: v.literal(EPOCHS), epoch: bytesUpTo(MAX_EPOCH_RECORD) })
const wrapShape = v.strictObject({ $type: v.literal(WRAPS), wrap: bytesUpTo(MAX_WRAP_RECORD) })

export const epochRecord = (epoch: Uint8Array): Uint8Array<ArrayBuffer> =>
  encodeDagCbor({ $type: EPOCHS, epoch })
export const wrapRecord = (wrap: Uint8Array): Uint8Array<ArrayBuffer> => encodeDagCbor({ $type: WRAPS, wrap })

/** Bytes of the epoch in its record. Throws `spaces.epoch-malformed`. */
export const readEpochRecord = (record: Uint8Array): Uint8Array<ArrayBuffer> =>
  readMap(record, epochShape, 'spaces.epoch-malformed', MAX_EPOCH_RECORD).epoch

/** Bytes of the wrap in its record. Throws `spaces.wrap-malformed`. */
export const readWrapRecord = (record: Uint8Array): Uint8Array<ArrayBuffer> =>
  readMap(record, wrapShape, 'spaces.wrap-malformed', MAX_WRAP_RECORD).wrap
