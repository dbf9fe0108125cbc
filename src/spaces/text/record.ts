import * as v from 'valibot'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { SpacesError } from '../errors.ts'
import { bytesOf, bytesUpTo, readMap, version1 } from '../maps.ts'
import { textClient } from './client.ts'
import { malformed, TextError } from './errors.ts'
import { FULL_BASES, MAX_SESSIONS, MAX_UPDATE_BYTES, SALT_BYTES, TAILS, VERSIONS } from './limits.ts'
import type { TextUpdate } from './model.ts'
import { readUpdate } from './read-update.ts'
import { writeUpdate } from './write-update.ts'

/** Longest value of a record of text. */
const MAX_TEXT_VALUE = MAX_UPDATE_BYTES + 16_384

const shape = v.strictObject({
  ver: version1,
  salts: v.pipe(v.array(bytesOf(SALT_BYTES)), v.maxLength(MAX_SESSIONS)),
  update: bytesUpTo(MAX_UPDATE_BYTES),
})

/** Salts of sessions, by the client id that each gives. */
export type Sessions = ReadonlyMap<number, Uint8Array>

export interface TextRecord {
  readonly update: TextUpdate
  readonly sessions: Sessions
}

/**
 * What a device's record (or an event with what it just typed) says of a note: only structs of its own sessions.
 *
 * @throws TextError `text.malformed`, `text.version`, `text.foreign`
 */
export function readText(device: string, note: string, value: Uint8Array): TextRecord {
  const { salts, update: bytes } = readValue(value)
  const update = readUpdate(bytes)
  const sessions = new Map(salts.map((salt) => [textClient(device, note, salt), salt]))
  if (sessions.size !== salts.length) throw malformed('salts')
  for (const client of update.structs.keys())
    if (!sessions.has(client)) throw new TextError('text.foreign', { client })
  if (sessions.size !== update.structs.size) throw malformed('salts')
  return { update, sessions }
}

function readValue(value: Uint8Array): v.InferOutput<typeof shape> {
  try {
    return readMap(value, shape, 'spaces.invalid', MAX_TEXT_VALUE)
  } catch (error) {
    if (!(error instanceof SpacesError)) throw error
    const { reason, version } = error.fields
    if (error.code === 'spaces.version') throw new TextError('text.version', { version })
    throw new TextError('text.malformed', { reason })
  }
}

/** The value of a record with this update; `sessions` has the salts of its clients, and may have others. */
export function writeText(update: TextUpdate, sessions: Sessions): Uint8Array<ArrayBuffer> {
  const salts = [...update.structs.keys()].map((client) => sessions.get(client))
  return encodeDagCbor({ ver: 1, salts, update: writeUpdate(update) })
}

/** Which of a note's records a key names. */
export type TextPlace =
  | { readonly kind: 'base' }
  | { readonly kind: 'tail' | 'full' | 'version'; readonly index: number }

const LAST = /^(v?)(0|[1-9][0-9]?)$/

/** Undefined for a key that is none of this note's. */
export function textPlace(note: string, rkey: string): TextPlace | undefined {
  if (rkey === note) return { kind: 'base' }
  if (!rkey.startsWith(`${note}.`)) return undefined
  const match = LAST.exec(rkey.slice(note.length + 1))
  if (match === null) return undefined
  const index = Number(match[2])
  if (match[1] === 'v') return index < VERSIONS ? { kind: 'version', index } : undefined
  if (index < TAILS) return { kind: 'tail', index }
  return index < TAILS + FULL_BASES ? { kind: 'full', index } : undefined
}

/** The note that a key speaks of. */
export const noteOf = (rkey: string): string => rkey.split('.', 1)[0] ?? rkey

export const tailKey = (note: string, index: number): string => `${note}.${index}`
export const versionKey = (note: string, index: number): string => `${note}.v${index}`
