/**
 * What a session may do: atproto's permission scopes (https://atproto.com/specs/permission), as far as servers
 * know them, and the `transition:` ones before them. Asked for by need, when the need first comes up.
 */
export const NEEDS = {
  /** make, change and delete any record of one's own repo, with blobs */
  write: ['repo:*', 'blob:*/*'],
  /** publish with whom one keeps copies */
  agreements: [
    'repo:org.p2pds.peer',
    'repo:org.p2pds.replication.offer',
    'repo:org.p2pds.replication.consent',
  ],
  /** what is not in the repo: preferences, mutes, drafts and bookmarks */
  preferences: [
    'rpc:app.bsky.actor.getPreferences?aud=*',
    'rpc:app.bsky.actor.putPreferences?aud=*',
    'rpc:app.bsky.graph.getMutes?aud=*',
    'rpc:app.bsky.graph.muteActor?aud=*',
    'rpc:app.bsky.graph.getListMutes?aud=*',
    'rpc:app.bsky.graph.muteActorList?aud=*',
    'rpc:app.bsky.draft.getDrafts?aud=*',
    'rpc:app.bsky.draft.createDraft?aud=*',
    'rpc:app.bsky.bookmark.getBookmarks?aud=*',
    'rpc:app.bsky.bookmark.createBookmark?aud=*',
  ],
  /** leave for another server: the identity's operations, the repo as a whole, and whether the account is active */
  move: [
    'identity:*',
    'account:repo?action=manage',
    'account:status?action=manage',
    'rpc:com.atproto.server.createAccount?aud=*',
  ],
} as const satisfies Record<string, readonly string[]>

export type Need = keyof typeof NEEDS

export const isNeed = (text: string): text is Need => Object.hasOwn(NEEDS, text)

/** Who one is, and nothing else; part of every session. */
export const BASE_SCOPE = 'atproto'
/** Repo, blobs and most calls, on servers that know nothing narrower. */
export const COARSE_SCOPE = 'transition:generic'

/** All that is ever asked for: a client must declare it beforehand. */
export const ALL_SCOPES: readonly string[] = [BASE_SCOPE, COARSE_SCOPE, ...Object.values(NEEDS).flat()]

/** What a password opens: an app password the repo and most calls, the account's own everything. */
export const APP_PASSWORD_SCOPES: readonly string[] = [BASE_SCOPE, COARSE_SCOPE]
export const FULL_PASSWORD_SCOPES: readonly string[] = [
  ...APP_PASSWORD_SCOPES,
  'transition:email',
  'transition:chat.bsky',
  'identity:*',
  'account:email?action=manage',
  'account:repo?action=manage',
  'account:status?action=manage',
]

/** The scopes among `needed` that nothing in `granted` covers. */
export function missingScopes(granted: readonly string[], needed: readonly string[]): string[] {
  const have = granted.map(parse)
  return needed.filter((scope) => !granted.includes(scope) && !isCovered(have, parse(scope)))
}

/** The needs that these scopes meet. */
export function metNeeds(granted: readonly string[]): Need[] {
  return (Object.keys(NEEDS) as Need[]).filter((need) => missingScopes(granted, NEEDS[need]).length === 0)
}

interface Scope {
  readonly name: string
  readonly all: (parameter: string) => readonly string[]
}

const REPO_ACTIONS = ['create', 'update', 'delete']
/** The parameter that may stand right behind the colon. */
const POSITIONAL: Readonly<Record<string, string>> = {
  repo: 'collection',
  blob: 'accept',
  rpc: 'lxm',
  account: 'attr',
  identity: 'attr',
  transition: 'what',
}

/** `name`, `name:value`, `name:value?more=…` or `name?…`. What is none of these covers and is covered by nothing. */
function parse(text: string): Scope {
  const query = text.indexOf('?')
  const head = query === -1 ? text : text.slice(0, query)
  const colon = head.indexOf(':')
  const name = colon === -1 ? head : head.slice(0, colon)
  const parameters = new URLSearchParams(query === -1 ? '' : text.slice(query + 1))
  const value = colon === -1 ? undefined : decode(head.slice(colon + 1))
  const first = POSITIONAL[name]
  if (value !== undefined && first !== undefined) parameters.append(first, value)
  return { name, all: (parameter) => parameters.getAll(parameter) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function isCovered(granted: readonly Scope[], needed: Scope): boolean {
  const of = (name: string) => granted.filter((scope) => scope.name === name)
  const transition = (what: string) => of('transition').some((scope) => scope.all('what').includes(what))
  const each = (parameter: string, covered: (value: string) => boolean): boolean => {
    const values = needed.all(parameter)
    return values.length > 0 && values.every(covered)
  }
  switch (needed.name) {
    case 'repo':
      return (
        transition('generic') ||
        each('collection', (collection) =>
          actionsOf(needed).every((action) =>
            of('repo').some(
              (scope) => hasOrAll(scope.all('collection'), collection) && actionsOf(scope).includes(action),
            ),
          ),
        )
      )
    case 'blob':
      return (
        transition('generic') ||
        each('accept', (type) =>
          of('blob').some((scope) => scope.all('accept').some((it) => takes(it, type))),
        )
      )
    case 'rpc': {
      const [aud = ''] = needed.all('aud')
      return each(
        'lxm',
        (method) =>
          transition(method.startsWith('chat.bsky.') ? 'chat.bsky' : 'generic') ||
          of('rpc').some((scope) => hasOrAll(scope.all('lxm'), method) && hasOrAll(scope.all('aud'), aud)),
      )
    }
    case 'account': {
      const [attribute = ''] = needed.all('attr')
      const actions = needed.all('action')
      return (actions.length === 0 ? ['read'] : actions).every(
        (action) =>
          (attribute === 'email' && action === 'read' && transition('email')) ||
          of('account').some(
            (scope) =>
              scope.all('attr').includes(attribute) &&
              (action === 'read' || scope.all('action').includes('manage')),
          ),
      )
    }
    case 'identity':
      return each('attr', (attribute) =>
        of('identity').some((scope) => hasOrAll(scope.all('attr'), attribute)),
      )
    default:
      return false
  }
}

const hasOrAll = (values: readonly string[], value: string): boolean =>
  values.includes('*') || values.includes(value)

const actionsOf = (scope: Scope): readonly string[] => {
  const actions = scope.all('action')
  return actions.length === 0 ? REPO_ACTIONS : actions
}

/** Whether a pattern such as `image/*` takes all that `type`, a type or a pattern, names. */
const takes = (pattern: string, type: string): boolean =>
  pattern === '*/*' || pattern === type || (pattern.endsWith('/*') && type.startsWith(pattern.slice(0, -1)))
