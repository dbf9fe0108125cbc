import { fromBase32, toBase32 } from '@atcute/multibase'
import * as v from 'valibot'
import { concat, copyRange, equalBytes, fromUtf8Strict, toHex, utf8 } from '../../core/bytes.ts'
import { CHECK_OK } from '../../repo/cbor/codes.ts'
import { checkRecord, MAX_DEPTH, MAX_RECORD_BYTES } from '../../repo/cbor/check.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { type Entry, readEntries } from '../../repo/cbor/entries.ts'
import { headLength } from '../../repo/cbor/head.ts'
import { checkPathString } from '../../repo/path.ts'
import { formatSpaceRepo, parseSpaceRepo, type SpaceRepoName } from '../../repo/space/uri.ts'
import { deriveKey, GCM_TAG_BYTES, gcmOpen, gcmSeal, KEY_BYTES, type Random, randomBytes } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { bytesOf, bytesUpTo, readMap } from '../maps.ts'
import { type PartsForm, partsForm, readSealedForm, textForm } from './form.ts'
import { isPaddedSize, LENGTH_BYTES, pad, unpad } from './padding.ts'

/** The one collection that a store sees. */
const SEALED_COLLECTION = 'app.cairn.sealed'

const KEY_TAG = 'cairn.space.record.v1'
const TAG = 'cairn.space.sealed.v1'
const RKEY_BYTES = 16
const RKEY_CHARS = 26
/** Largest padded size with which the record stays within 1 MiB. */
const MAX_PADDED = 1_032_192
/** Most bytes of `{ collection, rkey, value }`. */
export const MAX_SEALED_CONTENT = MAX_PADDED - LENGTH_BYTES

/** An epoch's key in use. */
export interface EpochKey {
  /** the epoch's name, 32 bytes */
  readonly epoch: Uint8Array
  /** the key, for HKDF: `importSecret` */
  readonly secret: CryptoKey
}

/** Where a sealed record stands. */
export interface SealedPlace extends SpaceRepoName {
  /** by `newSealedRkey` */
  readonly rkey: string
}

/** What a sealed record is about. */
export interface OpenRecord {
  readonly collection: string
  readonly rkey: string
  /** DAG-CBOR of a map */
  readonly value: Uint8Array
}

/** A new name for a record, which it keeps for life: 16 bytes of chance, 26 characters. */
export const newSealedRkey = (random: Random): string => toBase32(randomBytes(random, RKEY_BYTES))

/** True for what `newSealedRkey` gives. */
export const isSealedRkey = (rkey: string): boolean => rkeyBytes(rkey) !== undefined

function rkeyBytes(rkey: string): Uint8Array | undefined {
  if (!/^[a-z2-7]{26}$/.test(rkey)) return undefined
  try {
    const bytes = fromBase32(rkey)
    return bytes.length === RKEY_BYTES && toBase32(bytes) === rkey ? bytes : undefined
  } catch {
    // Left-over bits that are not zero: another text for the same bytes.
    return undefined
  }
}

/** Of all records of one repo. */
interface RepoForms {
  readonly info: PartsForm
  readonly additional: PartsForm
}

/** Repos whose forms are ready: more than are read at once. */
const MAX_FORMS = 64
const forms = new Map<string, RepoForms>()

/** Made of the names alone, whoever asks. Throws `spaces.invalid`. */
function formsOf({ space, author }: SealedPlace): RepoForms {
  const repo = formatSpaceRepo({ space, author })
  const known = forms.get(repo)
  if (known !== undefined) return known
  if (parseSpaceRepo(repo) === undefined) throw new SpacesError('spaces.invalid', { what: 'place' })
  const made: RepoForms = {
    info: partsForm([KEY_TAG, space, author], RKEY_BYTES, KEY_BYTES),
    additional: textForm([TAG], `${repo}/${SEALED_COLLECTION}/`, RKEY_CHARS, KEY_BYTES),
  }
  forms.set(repo, made)
  const [oldest] = forms.keys()
  if (forms.size > MAX_FORMS && oldest !== undefined) forms.delete(oldest)
  return made
}

interface Derivation {
  info(salt: Uint8Array): Uint8Array<ArrayBuffer>
  additional(epoch: Uint8Array): Uint8Array<ArrayBuffer>
}

function derivationOf(place: SealedPlace): Derivation {
  const { info, additional } = formsOf(place)
  const name = rkeyBytes(place.rkey)
  if (name === undefined) throw new SpacesError('spaces.invalid', { what: 'place' })
  return {
    info: (salt) => info.with(name, salt),
    additional: (epoch) => additional.with(utf8(place.rkey), epoch),
  }
}

const uriOf = (place: SealedPlace): string => `${formatSpaceRepo(place)}/${SEALED_COLLECTION}/${place.rkey}`

/**
 * The record to write at `place`: canonical DAG-CBOR of `{ $type, epoch, salt, sealed }`. Sealing the same twice gives
 * two records that have nothing in common but their size. The caller looks that the epoch may be used (`chooseEpoch`).
 *
 * @throws SpacesError `spaces.invalid` (a place or content that is none), `spaces.too-large`
 */
export async function sealRecord(
  place: SealedPlace,
  key: EpochKey,
  content: OpenRecord,
  random: Random,
): Promise<Uint8Array<ArrayBuffer>> {
  const how = derivationOf(place)
  const inner = encodeContent(content)
  if (inner.length > MAX_SEALED_CONTENT)
    throw new SpacesError('spaces.too-large', {
      what: 'record',
      size: inner.length,
      most: MAX_SEALED_CONTENT,
    })
  const salt = randomBytes(random, KEY_BYTES)
  const sealed = await gcmSeal(
    await deriveKey(key.secret, salt, how.info(salt)),
    how.additional(key.epoch),
    pad([inner]),
  )
  return encodeDagCbor({ $type: SEALED_COLLECTION, epoch: key.epoch, salt, sealed })
}

const sealedShape = v.strictObject({
  $type: v.literal(SEALED_COLLECTION),
  epoch: bytesOf(KEY_BYTES),
  salt: bytesOf(KEY_BYTES),
  sealed: v.pipe(
    bytesUpTo(MAX_PADDED + GCM_TAG_BYTES),
    v.check((it) => isPaddedSize(it.length - GCM_TAG_BYTES)),
  ),
})

/** A sealed record, read but not opened. */
export interface SealedRecord {
  /** name of the epoch whose key it wants, 32 bytes */
  readonly epoch: Uint8Array
  readonly salt: Uint8Array
  readonly sealed: Uint8Array
}

/** Reads a sealed record's bytes. Throws `spaces.sealed-malformed`. */
export function parseSealedRecord(bytes: Uint8Array): SealedRecord {
  const form = bytes.length <= MAX_RECORD_BYTES ? readSealedForm(bytes) : undefined
  const padded = (form?.sealed.length ?? 0) - GCM_TAG_BYTES
  if (form !== undefined && padded <= MAX_PADDED && isPaddedSize(padded)) return form
  // Nothing else is one: this says what is wrong with it.
  const { epoch, salt, sealed } = readMap(bytes, sealedShape, 'spaces.sealed-malformed', MAX_RECORD_BYTES)
  return { epoch, salt, sealed }
}

/**
 * What was sealed at `place`.
 *
 * @throws SpacesError `spaces.invalid` (no place), `spaces.sealed-epoch`, `spaces.sealed-broken`,
 *   `spaces.sealed-content`
 */
export async function openRecord(
  place: SealedPlace,
  key: EpochKey,
  record: SealedRecord,
): Promise<OpenRecord> {
  const how = derivationOf(place)
  if (!equalBytes(key.epoch, record.epoch))
    throw new SpacesError('spaces.sealed-epoch', { epoch: toHex(record.epoch) })
  const aes = await deriveKey(key.secret, record.salt, how.info(record.salt))
  const padded = await gcmOpen(aes, how.additional(record.epoch), record.sealed)
  if (padded === undefined) throw new SpacesError('spaces.sealed-broken', { uri: uriOf(place) })
  const inner = unpad(padded)
  const content = inner === undefined ? 'padding' : readContent(inner)
  if (typeof content === 'string')
    throw new SpacesError('spaces.sealed-content', { uri: uriOf(place), reason: content })
  return content
}

/** The record's own nesting, in one more map. */
const INNER_LIMITS = { maxDepth: MAX_DEPTH + 1 }
// Three pairs in canonical order, around bytes of a value that stay as they are.
const MAP_OF_3 = new Uint8Array([0xa3])
const RKEY_KEY = encodeDagCbor('rkey')
const VALUE_KEY = encodeDagCbor('value')
const COLLECTION_KEY = encodeDagCbor('collection')

function encodeContent({ collection, rkey, value }: OpenRecord): Uint8Array<ArrayBuffer> {
  if (!checkPathString(`${collection}/${rkey}`) || checkRecord(value, 0, value.length) !== CHECK_OK)
    throw new SpacesError('spaces.invalid', { what: 'record' })
  return concat([
    MAP_OF_3,
    ...[RKEY_KEY, encodeDagCbor(rkey), VALUE_KEY, value],
    ...[COLLECTION_KEY, encodeDagCbor(collection)],
  ])
}

/** The content, or what is wrong with it. */
function readContent(inner: Uint8Array): OpenRecord | string {
  if (checkRecord(inner, 0, inner.length, INNER_LIMITS) !== CHECK_OK) return 'dag-cbor'
  const entries = readEntries(inner, 0, inner.length)
  const value = entries?.get('value')
  const collection = textOf(inner, entries?.get('collection'))
  const rkey = textOf(inner, entries?.get('rkey'))
  if (entries?.size !== 3 || value === undefined || collection === undefined || rkey === undefined)
    return 'fields'
  if (!checkPathString(`${collection}/${rkey}`)) return 'path'
  // With what is around it, it was checked as deep as a record may be.
  if ((inner[value.from] as number) >> 5 !== 5) return 'value'
  return { collection, rkey, value: copyRange(inner, value.from, value.to) }
}

/** The text there; undefined when it is none. */
function textOf(bytes: Uint8Array, entry: Entry | undefined): string | undefined {
  if (entry === undefined || (bytes[entry.from] as number) >> 5 !== 3) return undefined
  return fromUtf8Strict(bytes, entry.from + headLength(bytes, entry.from), entry.to)
}
