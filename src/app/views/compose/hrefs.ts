import { repoHref } from '../../lib/routes.ts'

/** What to write, in the address: so that it can be linked, and is still there after a reload. */
export interface ToWrite {
  /** at:// URI of what is answered */
  readonly reply?: string
  /** at:// URI of what is quoted */
  readonly quote?: string
  /** path of the record to be changed */
  readonly edit?: string
  /** a new record of any kind, as JSON */
  readonly as?: 'json'
}

/** The account's own screen for writing. */
export function writingHref(did: string, what: ToWrite = {}): string {
  const query = new URLSearchParams({ ...what }).toString()
  return `${repoHref(did, 'writing')}${query === '' ? '' : `?${query}`}`
}

export const POST = 'app.bsky.feed.post'
export const PROFILE_PATH = 'app.bsky.actor.profile/self'
