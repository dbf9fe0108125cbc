import type { KeepLink } from '../network-model.ts'
import { isDid } from '../../core/syntax.ts'

/** More than anyone has; the rest of a link is ignored. */
const MAX_NAMED = 8
const MAX_LINK = 4096

/** `{app}/#/keep/{did}?relay=…&peer=…`: what follows `#` reaches no server. */
export function writeKeepLink(
  app: string,
  { did, relays, peers }: Pick<KeepLink, 'did' | 'relays' | 'peers'>,
): KeepLink {
  const query = new URLSearchParams()
  for (const relay of relays.slice(0, MAX_NAMED)) query.append('relay', relay)
  for (const peer of peers.slice(0, MAX_NAMED)) query.append('peer', peer)
  const tail = query.size === 0 ? '' : `?${query.toString()}`
  return { did, relays, peers, url: `${new URL('/', app).href}#/keep/${did}${tail}` }
}

/** What a link names, whatever app's address it begins with; undefined for text that is none. */
export function readKeepLink(text: string): Omit<KeepLink, 'url'> | undefined {
  if (text.length > MAX_LINK || !URL.canParse(text)) return undefined
  const hash = new URL(text).hash
  const match = /^#\/keep\/([^?]+)(?:\?(.*))?$/.exec(hash)
  const did = decoded(match?.[1])
  if (did === undefined || !isDid(did)) return undefined
  const query = new URLSearchParams(match?.[2] ?? '')
  return {
    did,
    relays: query
      .getAll('relay')
      .filter((it) => URL.canParse(it) && /^https?:$/.test(new URL(it).protocol))
      .slice(0, MAX_NAMED),
    peers: query
      .getAll('peer')
      .filter((it) => /^[1-9A-HJ-NP-Za-km-z]{40,70}$/.test(it))
      .slice(0, MAX_NAMED),
  }
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text)
  } catch {
    return undefined
  }
}
