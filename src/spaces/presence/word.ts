import * as v from 'valibot'
import { equalBytes } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { verifySignature } from '../../repo/signature.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import { KEY_BYTES } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { bytesOf, bytesUpTo, deviceDid, flag, readMap, spaceUri, time, version1 } from '../maps.ts'
import { signAs, SIGNATURE_BYTES, signedBytes } from '../signed.ts'
import { PresenceError } from './errors.ts'

const TAG = 'cairn.space.presence.v1'
export const SESSION_BYTES = 16
/** UTF-16 units of a place, and of a note's id. */
const MAX_WHERE = 512
/** A relative position of Yjs is some 20 bytes. */
const MAX_CURSOR_BYTES = 256
/** Sessions that one word can say it has heard. */
export const MAX_HEARD = 32
/** Largest text in one word. What is larger is stored before anyone hears of it. */
export const MAX_TEXT_BYTES = 32_000
/** Longest signed word: with the length before it, one that is padded to 32 KiB. */
const MAX_WORD_BYTES = 32_764

export interface Here {
  /** `{kind}/{id}`, or a screen's name */
  readonly where: string
  readonly typing: boolean
  /** in a note: relative positions, as Yjs encodes them */
  readonly cursor: { readonly anchor: Uint8Array; readonly head: Uint8Array } | null
}

export type WordBody =
  | ({
      readonly kind: 'here'
      /** sessions of others, heard while their clocks and ours were far apart: their proof that this is no recording */
      readonly heard: readonly Uint8Array[]
    } & Here)
  | { readonly kind: 'gone' }
  /** a Yjs update of a note, typed just now */
  | { readonly kind: 'text'; readonly note: string; readonly update: Uint8Array }

/** What a device says to the others who are here. */
export interface WordFields {
  readonly space: string
  /** the device that speaks */
  readonly device: string
  /** the epoch under which it is sealed, 32 bytes */
  readonly epoch: Uint8Array
  /** 16 random bytes, new each time the device comes here */
  readonly session: Uint8Array
  /** 1 for a session's first word, then always more */
  readonly count: number
  /** ms since 1970 by the device's clock */
  readonly at: number
  readonly body: WordBody
}

export interface Word extends WordFields {
  readonly sig: Uint8Array
}

const cursor = bytesUpTo(MAX_CURSOR_BYTES)
const where = v.pipe(v.string(), v.maxLength(MAX_WHERE))
const here = {
  where,
  typing: flag,
  cursor: v.nullable(v.strictObject({ anchor: cursor, head: cursor })),
}
const hereShape = v.object(here)

/** True for what can be said. */
export const isHere = (value: Here): boolean => v.is(hereShape, value)

export function sameHere(a: Here, b: Here): boolean {
  const same = a.where === b.where && a.typing === b.typing
  if (!same || a.cursor === null || b.cursor === null) return same && a.cursor === b.cursor
  return equalBytes(a.cursor.anchor, b.cursor.anchor) && equalBytes(a.cursor.head, b.cursor.head)
}

const body = v.variant('kind', [
  v.strictObject({
    kind: v.literal('here'),
    ...here,
    heard: v.pipe(v.array(bytesOf(SESSION_BYTES)), v.maxLength(MAX_HEARD)),
  }),
  v.strictObject({ kind: v.literal('gone') }),
  v.strictObject({ kind: v.literal('text'), note: where, update: bytesUpTo(MAX_TEXT_BYTES) }),
])

const shape = v.strictObject({
  ver: version1,
  space: spaceUri,
  device: deviceDid,
  epoch: bytesOf(KEY_BYTES),
  session: bytesOf(SESSION_BYTES),
  count: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  at: time,
  body,
  sig: bytesOf(SIGNATURE_BYTES),
})

const unsigned = ({ space, device, epoch, session, count, at, body: said }: WordFields) => ({
  ...{ ver: 1, space, device, epoch, session, count, at },
  body: plainBody(said),
})

function plainBody(said: WordBody): Record<string, unknown> {
  if (said.kind === 'gone') return { kind: said.kind }
  if (said.kind === 'text') return { kind: said.kind, note: said.note, update: said.update }
  const { kind, typing, where: place, cursor: at, heard } = said
  const positions = at === null ? null : { anchor: at.anchor, head: at.head }
  return { kind, typing, where: place, cursor: positions, heard: [...heard] }
}

/** Whether its device signed it. */
export const isSigned = async (word: Word): Promise<boolean> =>
  (await verifySignature(word.device, word.sig, signedWord(word))) === 'valid'

/** What `word.sig` is over. */
const signedWord = (word: WordFields): Uint8Array<ArrayBuffer> => signedBytes(TAG, unsigned(word))

/**
 * A signed word's bytes.
 *
 * @throws PresenceError `presence.malformed`, `presence.too-large`; SpacesError `spaces.invalid` (another's signer)
 */
export async function signWord(fields: WordFields, signer: SpaceSigner): Promise<Uint8Array<ArrayBuffer>> {
  const sig = await signAs(signer, fields.device, signedWord(fields))
  const bytes = encodeDagCbor({ ...unsigned(fields), sig })
  if (bytes.length > MAX_WORD_BYTES)
    throw new PresenceError('presence.too-large', { size: bytes.length, most: MAX_WORD_BYTES })
  // Others wait for each key that is typed, and all but what was typed is as it was in the word before.
  if (fields.body.kind !== 'text') parseWord(bytes)
  else if (!v.is(body, fields.body)) throw new PresenceError('presence.malformed', { reason: 'body' })
  return bytes
}

/** Reads a word. Its signature is not checked. Throws PresenceError `presence.malformed`. */
export function parseWord(bytes: Uint8Array): Word {
  const { ver: _ver, ...word } = readAs(bytes, shape, MAX_WORD_BYTES)
  return word
}

/** As `readMap`, with `presence.malformed`. */
export function readAs<S extends v.GenericSchema>(bytes: Uint8Array, of: S, most: number): v.InferOutput<S> {
  try {
    return readMap(bytes, of, 'spaces.invalid', most)
  } catch (cause) {
    if (!(cause instanceof SpacesError)) throw cause
    const reason = cause.code === 'spaces.version' ? 'version' : cause.fields['reason']
    throw new PresenceError('presence.malformed', { reason }, { cause })
  }
}
