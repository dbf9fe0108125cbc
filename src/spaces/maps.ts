import { BytesWrapper, CidLinkWrapper, decode } from '@atcute/cbor'
import * as v from 'valibot'
import { CODEC_DAG_CBOR, parseCid } from '../core/cid.ts'
import { checkDagCbor } from '../repo/cbor/check.ts'
import { CHECK_OK } from '../repo/cbor/codes.ts'
import { isDeviceDid, parseSpace } from '../repo/space/uri.ts'
import { SpacesError, type SpacesErrorCode } from './errors.ts'

/** Maps of a few names, lists in them, maps in those: deeper is none of ours. */
const MAX_DEPTH = 4
/** Largest time: what a `Date` can hold. */
const MAX_TIME = 8_640_000_000_000_000

/**
 * The map in canonical DAG-CBOR bytes, of exactly this shape: byte strings as fresh `Uint8Array`, links as
 * `CidLinkWrapper`. With `ver` in the shape, another number there is `spaces.version`; whatever else is wrong is
 * `code`, with the reason.
 */
export function readMap<S extends v.GenericSchema>(
  bytes: Uint8Array,
  shape: S,
  code: SpacesErrorCode,
  most: number,
): v.InferOutput<S> {
  if (bytes.length > most) throw new SpacesError(code, { reason: 'size' })
  if (checkDagCbor(bytes, 0, bytes.length, { maxDepth: MAX_DEPTH }) !== CHECK_OK)
    throw new SpacesError(code, { reason: 'dag-cbor' })
  // To the shapes an array is an object too.
  if ((bytes[0] ?? 0) >> 5 !== 5) throw new SpacesError(code, { reason: 'map' })
  const value = plain(decode(bytes))
  const result = v.safeParse(shape, value)
  if (result.success) return result.output
  const version: unknown =
    typeof value === 'object' && value !== null && 'ver' in value ? value.ver : undefined
  const [issue] = result.issues
  const key: unknown = issue.path?.[0]?.key
  const name = typeof key === 'string' ? key : 'map'
  if (name === 'ver' && typeof version === 'number')
    throw new SpacesError('spaces.version', { what: code, version })
  // A name that came from outside is no reason of ours.
  throw new SpacesError(code, { reason: issue.expected === 'never' ? 'unknown-field' : name })
}

/** The decoder wraps byte strings; here they are what they are, and no view of what came. */
function plain(value: unknown): unknown {
  if (value instanceof BytesWrapper) return new Uint8Array(value.buf)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || value instanceof CidLinkWrapper) return value
  // Keys become own properties even when they are called `__proto__`.
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, plain(it)]))
}

/** Shapes of fields that several maps have. */
export const version1 = v.literal(1)
export const spaceUri = v.pipe(
  v.string(),
  v.check((it) => parseSpace(it) !== undefined),
)
export const deviceDid = v.pipe(v.string(), v.check(isDeviceDid))
export const time = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_TIME))
export const flag = v.boolean()

export const bytesOf = (length: number) =>
  v.pipe(
    v.custom<Uint8Array<ArrayBuffer>>((it) => it instanceof Uint8Array),
    v.check((it) => it.length === length),
  )

export const bytesUpTo = (most: number) =>
  v.pipe(
    v.custom<Uint8Array<ArrayBuffer>>((it) => it instanceof Uint8Array),
    v.check((it) => it.length <= most),
  )

/** A link to DAG-CBOR, as its text. */
export const link = v.pipe(
  v.instance(CidLinkWrapper),
  v.transform((it) => it.$link),
  v.check((it) => parseCid(it)?.codec === CODEC_DAG_CBOR),
)

/** Ascending, none twice. */
export const ascending = (list: readonly string[]): boolean =>
  list.every((it, at) => at === 0 || (list[at - 1] ?? '') < it)
