import { isTid } from './tid.ts'

/**
 * Syntax of atproto identifiers, as the specs' grammar has it. They say what a text looks like, never
 * that what it names exists. Lengths are checked first, so each expression runs on bounded text.
 */

export { isTid }

/** Longest DID that atproto software must take, in characters. */
const MAX_DID = 2048
/** Longest handle: a DNS name. */
const MAX_HANDLE = 253
/**
 * Longest NSID: an authority of 253, a dot, a name of 63. Only the sum is held to, as the interop
 * vectors do: a short name may follow a longer authority.
 */
export const MAX_NSID = 317
/** Longest record key. */
export const MAX_RECORD_KEY = 512
/** Longest at:// URI. */
const MAX_AT_URI = 8192

const DID = /^did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]$/
const HANDLE =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/
/** What follows the first character of a DNS label, if anything. */
const LABEL_REST = '(?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?'
const NSID = new RegExp(`^[a-zA-Z]${LABEL_REST}(?:\\.[a-zA-Z0-9]${LABEL_REST})+\\.[a-zA-Z][a-zA-Z0-9]{0,62}$`)
const RECORD_KEY = /^[a-zA-Z0-9_~.:-]{1,512}$/

export function isDid(text: string): boolean {
  return text.length <= MAX_DID && DID.test(text)
}

export function isHandle(text: string): boolean {
  return text.length <= MAX_HANDLE && HANDLE.test(text)
}

/** A lexicon's name, such as `app.bsky.feed.post`. */
export function isNsid(text: string): boolean {
  return text.length <= MAX_NSID && NSID.test(text)
}

export function isRecordKey(text: string): boolean {
  return text.length <= MAX_RECORD_KEY && text !== '.' && text !== '..' && RECORD_KEY.test(text)
}

export interface AtUri {
  /** a DID or a handle */
  readonly authority: string
  readonly collection: string | undefined
  readonly rkey: string | undefined
}

/** The parts of an at:// URI without query or fragment; undefined when the text is none. */
export function parseAtUri(text: string): AtUri | undefined {
  if (text.length > MAX_AT_URI || !text.startsWith('at://')) return undefined
  const [authority, collection, rkey, ...more] = text.slice(5).split('/')
  if (authority === undefined || more.length > 0) return undefined
  if (!isDid(authority) && !isHandle(authority)) return undefined
  if (collection !== undefined && !isNsid(collection)) return undefined
  if (rkey !== undefined && !isRecordKey(rkey)) return undefined
  return { authority, collection, rkey }
}

export function isAtUri(text: string): boolean {
  return parseAtUri(text) !== undefined
}
