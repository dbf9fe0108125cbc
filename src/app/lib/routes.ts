import { CALLBACK_PATH } from '../../pds/account/callback.ts'

/**
 * The addresses of the app, typed both ways. DIDs and rkeys go in as encoded path parts and come out
 * exact: a did:web with a port holds `%3A`, which a decode too many would turn into another DID.
 */
export const REPO_TABS = [
  'overview',
  'records',
  'blobs',
  'search',
  'snapshots',
  'writing',
  'health',
  'export',
] as const
export type RepoTab = (typeof REPO_TABS)[number]

export const SPACE_TABS = [
  'posts',
  'notes',
  'tasks',
  'files',
  'members',
  'links',
  'backup',
  'search',
  'settings',
] as const
export type SpaceTab = (typeof SPACE_TABS)[number]

export type Route =
  | { readonly name: 'library' }
  | { readonly name: 'search' }
  | { readonly name: 'network' }
  | { readonly name: 'activity' }
  | { readonly name: 'settings' }
  | { readonly name: 'open' }
  /** where a server leads back to at the end of a sign-in; its answer is held in memory (`oauth-answer.ts`) */
  | { readonly name: 'signing-in' }
  /** getting an account ready to leave its server, and taking it to another */
  | { readonly name: 'moving'; readonly did: string }
  | { readonly name: 'spaces' }
  /** where a link into a space leads; the link itself is held in memory (`secret-link.ts`) */
  | { readonly name: 'join' }
  | {
      readonly name: 'space'
      /** `at://{did}/space/app.cairn.group/{skey}` */
      readonly space: string
      readonly tab: SpaceTab
      /** one post, note, task or file */
      readonly id: string | undefined
    }
  /** a link to keep a copy by; what it says stands behind the `#`, which reaches no server */
  | { readonly name: 'keep' }
  | {
      readonly name: 'repo'
      readonly did: string
      readonly tab: RepoTab
      readonly collection: string | undefined
      readonly rkey: string | undefined
    }
  | { readonly name: 'unknown' }

const UNKNOWN: Route = { name: 'unknown' }

/** Screens whose address is their name. */
const PLAIN = [
  { name: 'search' },
  { name: 'network' },
  { name: 'activity' },
  { name: 'settings' },
  { name: 'open' },
  { name: 'spaces' },
  { name: 'join' },
] as const satisfies readonly Route[]

const KEEP_HASH = '#/keep/'

/** Reads a raw `location.pathname` and `location.hash`. */
export function parseRoute(pathname: string, hash = ''): Route {
  if (hash.startsWith(KEEP_HASH)) return { name: 'keep' }
  const parts = pathname.split('/').filter((part) => part !== '')
  const [first, rawDid, section, rawCollection, rawRkey, ...rest] = parts
  if (first === undefined) return { name: 'library' }
  if (parts.length === 1) {
    return PLAIN.find(({ name }) => name === first) ?? UNKNOWN
  }
  if (first === 'space') return parseSpace(parts)
  if (pathname === CALLBACK_PATH) return { name: 'signing-in' }
  const did = decode(rawDid)
  if (first === 'moving' && parts.length === 2 && did?.startsWith('did:') === true)
    return { name: 'moving', did }
  const collection = decode(rawCollection)
  const rkey = decode(rawRkey)
  if (first !== 'repo' || did === undefined || !did.startsWith('did:') || rest.length > 0) return UNKNOWN
  const repo = { name: 'repo', did, collection: undefined, rkey: undefined } as const
  if (section === undefined) return { ...repo, tab: 'overview' }
  if (section === 'record' && collection !== undefined && rkey !== undefined) {
    return { ...repo, tab: 'records', collection, rkey }
  }
  if (section === 'records' && rkey === undefined) return { ...repo, tab: 'records', collection }
  const tab = REPO_TABS.find((name) => name === section)
  return tab === undefined || collection !== undefined ? UNKNOWN : { ...repo, tab }
}

const GROUP = /^at:\/\/(did:[a-z]+:[^/]+)\/space\/app\.cairn\.group\/([^/]+)$/

function parseSpace(parts: readonly string[]): Route {
  const [, did, skey, section = 'posts', id, ...rest] = parts.map(decode)
  const tab = SPACE_TABS.find((name) => name === section)
  if (did === undefined || skey === undefined || tab === undefined || rest.length > 0) return UNKNOWN
  const space = `at://${did}/space/app.cairn.group/${skey}`
  return GROUP.test(space) ? { name: 'space', space, tab, id } : UNKNOWN
}

function decode(part: string | undefined): string | undefined {
  if (part === undefined) return undefined
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

/** `:` is legal in a path part, and a DID with colons is one that a person can read. */
const encode = (part: string) => encodeURIComponent(part).replaceAll('%3A', ':')

export function repoHref(did: string, tab: RepoTab = 'overview'): string {
  return tab === 'overview' ? `/repo/${encode(did)}` : `/repo/${encode(did)}/${tab}`
}

export const movingHref = (did: string): string => `/moving/${encode(did)}`

/** A place in a space; `id` is that of a post, note, task or file. */
export function spaceHref(space: string, tab: SpaceTab = 'posts', id?: string): string {
  const [, did = '', skey = ''] = GROUP.exec(space) ?? []
  const base = `/space/${encode(did)}/${encode(skey)}`
  if (id !== undefined) return `${base}/${tab}/${encode(id)}`
  return tab === 'posts' ? base : `${base}/${tab}`
}

export function collectionHref(did: string, collection: string): string {
  return `/repo/${encode(did)}/records/${encode(collection)}`
}

/** `path` is `collection/rkey`; `snapshot` asks for the value in an older backup. */
export function recordHref(did: string, path: string, snapshot?: string): string {
  const [collection = '', rkey = ''] = path.split('/')
  const query = snapshot === undefined ? '' : `?snapshot=${encodeURIComponent(snapshot)}`
  return `/repo/${encode(did)}/record/${encode(collection)}/${encode(rkey)}${query}`
}

/** The page of an at:// URI with a DID in it; undefined for anything else. */
export function atUriHref(uri: string): string | undefined {
  const match = /^at:\/\/(did:[a-z]+:[^/?#\s]+)(?:\/([^/?#\s]+)(?:\/([^/?#\s]+))?)?$/.exec(uri)
  const [, did, collection, rkey] = match ?? []
  if (did === undefined) return undefined
  if (collection === undefined) return repoHref(did)
  return rkey === undefined ? collectionHref(did, collection) : recordHref(did, `${collection}/${rkey}`)
}
