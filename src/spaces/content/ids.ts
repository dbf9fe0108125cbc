import { toBase32 } from '@atcute/multibase'
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8 } from '../../core/bytes.ts'
import { isRecordKey } from '../../core/syntax.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import type { Random } from '../crypto.ts'
import { KINDS, type Kind } from './model.ts'

/** Characters of a hash in an id: 100 bits. */
const HASH_CHARS = 20
/** Bytes of chance in a new id. */
const NEW_BYTES = 16
/** Longest id of what others speak of. */
const MAX_ID = 96
/** Longest id of a `read` mark, which holds a tag and another's kind and id. */
const MAX_READ_ID = 128

const OWNED: ReadonlySet<Kind> = new Set(['profile', 'post', 'reaction', 'read'])
const PROFILE_ID = /^[a-z2-7]{20}$/
const OWNED_ID = /^[a-z2-7]{20}\../

const PREFIX = 'app.cairn.space.'
const COLLECTIONS: ReadonlyMap<string, Kind> = new Map(KINDS.map((kind) => [PREFIX + kind, kind]))

export const collectionOf = (kind: Kind): string => PREFIX + kind

/** The kind that a collection holds; undefined for one that is none of content. */
export const kindOf = (collection: string): Kind | undefined => COLLECTIONS.get(collection)

/** True for kinds whose entities belong to one person each. */
export const isOwned = (kind: Kind): boolean => OWNED.has(kind)

const isKind = (text: string): text is Kind => COLLECTIONS.has(PREFIX + text)

/** How one entity is named by another, and by `hide`. */
export const itemOf = (kind: Kind, id: string): string => `${kind}/${id}`

/** The entity that is named; undefined when the text names none. */
export function parseItem(item: string): { readonly kind: Kind; readonly id: string } | undefined {
  const slash = item.indexOf('/')
  const kind = item.slice(0, Math.max(slash, 0))
  const id = item.slice(slash + 1)
  return isKind(kind) && isEntityId(kind, id) ? { kind, id } : undefined
}

/** True when an entity of this kind can have this id. Whose it is is another question. */
export function isEntityId(kind: Kind, id: string): boolean {
  if (kind === 'space') return id === 'space'
  if (kind === 'profile') return PROFILE_ID.test(id)
  if (id.length > (kind === 'read' ? MAX_READ_ID : MAX_ID) || !isRecordKey(id)) return false
  return !isOwned(kind) || OWNED_ID.test(id)
}

const hashText = (bytes: Uint8Array): string => toBase32(sha256(bytes)).slice(0, HASH_CHARS)

/** An id made of a text: the same text, the same id. */
export const hashId = (text: string): string => hashText(utf8(text))

/** What the ids of all that a person owns begin with: 20 characters. `person` is a `did:key`. */
export const personTag = (person: string): string => hashId(person)

/** True when an entity of an owned kind with this id belongs to the person of this tag. */
export const isOfTag = (kind: Kind, id: string, tag: string): boolean =>
  kind === 'profile' ? id === tag : id.startsWith(`${tag}.`)

/** An id that nothing else has. A post, which is owned, says whose it is. */
export function newEntityId(
  kind: 'post' | 'note' | 'task' | 'file' | 'pin',
  person: string,
  random: Random,
): string {
  const rest = toBase32(random(NEW_BYTES))
  return kind === 'post' ? `${personTag(person)}.${rest}` : rest
}

/** The id of a person's reaction to an entity with one emoji: one person has one of each. */
export const reactionId = (person: string, target: string, emoji: string): string =>
  `${personTag(person)}.${hashText(encodeDagCbor([target, emoji]))}`

/** The id of the pin of an entity: whoever pins it, there is one. */
export const pinId = (target: string): string => hashId(target)

/** The place of a mark that counts for all places: what was there before the person came. */
export const EVERYWHERE = 'all'

/** The id of a person's mark of how far they have read at a place (`posts`, `notes`, `{kind}/{id}` …). */
export const readId = (person: string, place: string): string =>
  // A record key has no slash, and a kind no colon.
  `${personTag(person)}.${place.replace('/', ':')}`

/** The place of a `read` mark's id. */
export const placeOfRead = (id: string): string => id.slice(HASH_CHARS + 1).replace(':', '/')
