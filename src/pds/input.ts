import { isDid, isHandle } from '../core/syntax.ts'
import { didMethod } from './did-fetch.ts'
import { PdsError } from './errors.ts'

export type AccountName =
  | { readonly type: 'did'; readonly did: string }
  | { readonly type: 'handle'; readonly handle: string }

/** Longer input is no name of an account, characters. */
const MAX_INPUT = 2560
/** Apps put direction marks and zero-width characters around handles; they come along when copied. */
const INVISIBLE = /[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g

/**
 * The account that a person means by a handle (with or without `@`), a DID, an at:// URI, or a link
 * to a profile or post (`https://…/profile/NAME…`). Throws `pds.input-unsupported { input }`, and
 * `pds.did-unsupported { did }` for a DID that is no account's.
 */
export function parseAccountName(input: string): AccountName {
  const text = input.slice(0, MAX_INPUT).replace(INVISIBLE, '').trim()
  const name = nameIn(text)
  if (isDid(name)) {
    didMethod(name)
    return { type: 'did', did: name }
  }
  const handle = name.replace(/^@/, '').toLowerCase()
  if (isHandle(handle)) return { type: 'handle', handle }
  throw new PdsError('pds.input-unsupported', { input: text.slice(0, 256) })
}

function nameIn(text: string): string {
  const at = /^at:\/\/([^/?#]+)/i.exec(text)
  if (at !== null) return at[1] ?? ''
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return text
  const segments = new URL(text).pathname.split('/')
  const name = segments[segments.indexOf('profile') + 1]
  if (!segments.includes('profile') || name === undefined) return ''
  try {
    return decodeURIComponent(name)
  } catch {
    // a stray % in a pasted link
    return ''
  }
}
