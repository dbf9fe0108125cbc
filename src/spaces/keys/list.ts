import * as v from 'valibot'
import { compareBytes, fromHex } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import {
  deriveKey,
  GCM_TAG_BYTES,
  gcmOpen,
  gcmSeal,
  importSecret,
  KEY_BYTES,
  type Random,
  randomBytes,
} from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { ascending, bytesOf, bytesUpTo, link, readMap, spaceUri, time, version1 } from '../maps.ts'
import { isPaddedSize, LENGTH_BYTES, pad, unpad } from '../sealing/padding.ts'
import { KeysError } from './errors.ts'
import { type RecoveryFinder, SEALED_KEY_BYTES } from './finder.ts'

const SEAL_TAG = 'cairn.recovery.list-seal.v1'
const TAG = 'cairn.recovery.list.v1'

/** Most bytes of a list: padded and sealed it is half of what a mailbox takes. Some 80 spaces. */
const MAX_LIST_BYTES = 32_768 - LENGTH_BYTES
export const MAX_SEALED_LIST_BYTES = 33_024
const MAX_SPACES = 128
const MAX_TITLE = 200
const MAX_RELAYS = 8
const MAX_ADDRESS = 256

/** One space of a recovery list. */
export interface RecoveryEntry {
  readonly space: string
  /** CID of the operation that the space began with */
  readonly root: string
  /** where it is kept; hints */
  readonly relays: readonly string[]
  readonly title: string
  /** `newRecoveryDevice`; null where the device is derived from the secret */
  readonly seed: Uint8Array | null
  /** the authority's key by `sealForRecovery`, where this person's devices hold it */
  readonly authority: Uint8Array | null
}

/** The spaces that a recovery opens. Bytes: docs/spaces.md, "Recovery". */
export interface RecoveryList {
  /** grows with each change, so that an older list is known for one */
  readonly counter: number
  /** ms since 1970, by the clock of the device that wrote it; shown only */
  readonly at: number
  /** ascending by space */
  readonly spaces: readonly RecoveryEntry[]
}

const sealedKey = v.nullable(bytesOf(SEALED_KEY_BYTES))
const shape = v.strictObject({
  ver: version1,
  counter: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  at: time,
  spaces: v.pipe(
    v.array(
      v.strictObject({
        space: spaceUri,
        root: link,
        relays: v.pipe(
          v.array(v.pipe(v.string(), v.maxLength(MAX_ADDRESS), v.regex(/^[\x21-\x7e]+$/))),
          v.maxLength(MAX_RELAYS),
        ),
        title: v.pipe(v.string(), v.maxLength(MAX_TITLE)),
        seed: sealedKey,
        authority: sealedKey,
      }),
    ),
    v.maxLength(MAX_SPACES),
    v.check((list) => ascending(list.map((it) => it.space))),
  ),
})

const sealedShape = v.strictObject({
  ver: version1,
  salt: bytesOf(KEY_BYTES),
  sealed: v.pipe(
    bytesUpTo(MAX_SEALED_LIST_BYTES),
    v.check((it) => isPaddedSize(it.length - GCM_TAG_BYTES)),
  ),
})

/**
 * The bytes for relays to keep at `finder.place`. Each sealing has a salt of its own. Spaces may come in any order.
 *
 * @throws KeysError `keys.list-malformed` (a list that nobody would take), `keys.too-large`
 */
export async function sealRecoveryList(
  finder: RecoveryFinder,
  list: RecoveryList,
  random: Random,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = encodeList(list)
  if (bytes.length > MAX_LIST_BYTES)
    throw new KeysError('keys.too-large', { what: 'recovery-list', size: bytes.length, most: MAX_LIST_BYTES })
  parseList(bytes)
  const salt = randomBytes(random, KEY_BYTES)
  const sealed = await gcmSeal(await keyOf(finder, salt), additionalOf(finder), pad([bytes]))
  return encodeDagCbor({ ver: 1, salt, sealed })
}

/**
 * A list as a relay or a file gave it. `remembered` is the counter of the newest list that this device has seen: an
 * older one is refused. A bare device remembers none, and has to take what it gets.
 *
 * @throws KeysError `keys.list-malformed`, `keys.list-broken`, `keys.list-rolled-back`, `keys.version`
 */
export async function openRecoveryList(
  finder: RecoveryFinder,
  bytes: Uint8Array,
  remembered = 0,
): Promise<RecoveryList> {
  const { salt, sealed } = read(bytes, sealedShape, MAX_SEALED_LIST_BYTES)
  const padded = await gcmOpen(await keyOf(finder, salt), additionalOf(finder), sealed)
  if (padded === undefined) throw new KeysError('keys.list-broken')
  const content = unpad(padded)
  if (content === undefined) throw new KeysError('keys.list-malformed', { reason: 'padding' })
  const list = parseList(content)
  if (list.counter < remembered)
    throw new KeysError('keys.list-rolled-back', { found: list.counter, remembered })
  return list
}

/**
 * One list of two that devices wrote apart: all spaces of both, and a counter above both. Of a space that both name,
 * what the list with the higher counter says; a key that only one of them has stays.
 */
export function mergeRecoveryLists(a: RecoveryList, b: RecoveryList): RecoveryList {
  const [older, newer] = isBefore(a, b) ? [a, b] : [b, a]
  const spaces = new Map(older.spaces.map((it) => [it.space, it]))
  for (const entry of newer.spaces) {
    const authority = entry.authority ?? spaces.get(entry.space)?.authority ?? null
    spaces.set(entry.space, { ...entry, authority })
  }
  return {
    counter: newer.counter + 1,
    at: Math.max(a.at, b.at),
    spaces: [...spaces.values()].sort(bySpace),
  }
}

/** With equal counters the bytes decide, so that two who merge the same have the same. */
const isBefore = (a: RecoveryList, b: RecoveryList): boolean =>
  a.counter === b.counter ? compareBytes(encodeList(a), encodeList(b)) < 0 : a.counter < b.counter

const bySpace = (a: RecoveryEntry, b: RecoveryEntry): number => (a.space < b.space ? -1 : 1)

const encodeList = ({ counter, at, spaces }: RecoveryList): Uint8Array<ArrayBuffer> =>
  encodeDagCbor({
    ...{ ver: 1, counter, at },
    spaces: [...spaces].sort(bySpace).map(({ space, root, relays, title, seed, authority }) => ({
      ...{ space, title, seed, authority },
      root: { $link: root },
      relays: [...relays],
    })),
  })

function parseList(bytes: Uint8Array): RecoveryList {
  const { counter, at, spaces } = read(bytes, shape, MAX_LIST_BYTES)
  return { counter, at, spaces }
}

const keyOf = async ({ listKey }: RecoveryFinder, salt: Uint8Array): Promise<CryptoKey> =>
  deriveKey(await importSecret(listKey), salt, [SEAL_TAG])

const additionalOf = ({ place }: RecoveryFinder) => [TAG, fromHex(place) ?? new Uint8Array()]

/** As `readMap`, with this room's errors. */
function read<S extends v.GenericSchema>(bytes: Uint8Array, of: S, most: number): v.InferOutput<S> {
  try {
    return readMap(bytes, of, 'spaces.invalid', most)
  } catch (cause) {
    if (!(cause instanceof SpacesError)) throw cause
    if (cause.code === 'spaces.version')
      throw new KeysError('keys.version', { what: 'recovery-list', version: cause.fields['version'] })
    throw new KeysError('keys.list-malformed', { reason: cause.fields['reason'] }, { cause })
  }
}
