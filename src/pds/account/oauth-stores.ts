import type { InternalStateData, Session, SessionStore, StateStore } from '@atproto/oauth-client'
import type { Clock } from '../../core/clock.ts'
import { DpopKey, pairFromJwk, pairToJwk, type PairJwk } from './dpop-key.ts'
import type { ClientMetadata } from './client.ts'
import { AccountError } from './errors.ts'
import { leave } from './leaving.ts'
import { accountRow, sessionLock, type AccountRow, type AccountStore } from './model.ts'
import { BASE_SCOPE, COARSE_SCOPE } from './scopes.ts'
import { beginsAt, expired } from './rows.ts'
import type { Seal, Sealed } from './seal.ts'

/** A sign-in that was begun and waits for the server's answer. Key: `attempt/…`. */
interface AttemptRow {
  readonly at: number
  readonly sealed: Sealed
  readonly key: CryptoKeyPair | undefined
}

const ATTEMPT = 'attempt/'
/** Servers forget a request after minutes; who comes back later starts anew, ms. */
const ATTEMPT_MS = 60 * 60_000

/** What is sealed of an OAuth session; `pair` only where the storage holds no keys. */
interface OAuthTokens {
  /** as which the app signed in: tokens are renewed and given back as the same, whatever it says of itself by then */
  readonly client: ClientMetadata
  readonly authMethod: Session['authMethod']
  readonly tokenSet: Session['tokenSet']
  readonly pair?: PairJwk
}

type Attempt = Omit<InternalStateData, 'dpopKey'> & { readonly pair?: PairJwk }

export interface StoreParts {
  readonly store: AccountStore
  readonly seal: Seal
  readonly clock: Clock
}

/** An OAuth session with the client that it was made by. */
export interface OpenedSession extends Session {
  readonly client: ClientMetadata
}

/** Sign-ins under way, each answered once. */
export function attemptStore({ store, seal, clock }: StoreParts): StateStore {
  return {
    async get(state) {
      // only `set` writes under this prefix
      const row = (await store.get(ATTEMPT + state)) as AttemptRow | undefined
      if (row === undefined || row.at < clock.now() - ATTEMPT_MS) return undefined
      const { pair, ...attempt } = ((await seal.open(ATTEMPT + state, row.sealed)) ?? {}) as Partial<Attempt>
      const dpopKey = await keyOf(row.key, pair)
      // sealed as a whole by `set`
      return dpopKey === undefined ? undefined : ({ ...attempt, dpopKey } as InternalStateData)
    },
    async set(state, { dpopKey, ...attempt }) {
      const { key, pair } = await keep(seal, dpopKey)
      const sealed = await seal.seal(ATTEMPT + state, { ...attempt, pair })
      const old = (await store.list(ATTEMPT)).filter(
        ({ value }) => (value as AttemptRow).at < clock.now() - ATTEMPT_MS,
      )
      const row: AttemptRow = { at: clock.now(), sealed, key }
      await store.write([
        { key: ATTEMPT + state, value: row },
        ...old.map((it) => ({ key: it.key, value: undefined })),
      ])
    },
    del: (state) => store.write([{ key: ATTEMPT + state, value: undefined }]),
  }
}

/**
 * The sessions that are there, for use: renewed tokens replace used ones, and a session that the server has ended
 * leaves a row that says so.
 */
export function sessionStore(parts: StoreParts & { readonly client: ClientMetadata }): SessionStore {
  const { store } = parts
  return {
    get: async (did) => openSession(parts, await accountRow(store, did)),
    async set(did, session) {
      const row = await accountRow(store, did)
      // signed out meanwhile, or in by other means: what was renewed belongs to nobody here
      if (row?.by !== 'oauth') return
      await store.write([{ key: did, value: { ...row, ...(await kept(parts, session)), state: 'active' } }])
    },
    async del(did) {
      const row = await accountRow(store, did)
      if (row?.by === 'oauth') await store.write([{ key: did, value: expired(row) }])
    },
  }
}

export interface Newcomer {
  readonly client: ClientMetadata
  /** scopes that were asked for */
  readonly asked: readonly string[]
  /** as whom; undefined when anyone of that server may come */
  readonly expected: string | undefined
}

/**
 * For the answer to a sign-in: it sees no session that was there before, so none is given up before the new one
 * is stored; the one that it replaces is put among those that the server is to be told of. What it throws makes the
 * client give the new session back.
 *
 * @throws AccountError `account.wrong-account`
 */
export function newcomerStore(parts: StoreParts & Newcomer): SessionStore {
  const { store, clock, asked, expected } = parts
  return {
    get: () => undefined,
    async set(did, session) {
      if (expected !== undefined && expected !== did) {
        throw new AccountError('account.wrong-account', { did: expected, found: did })
      }
      const tokens = await kept(parts, session)
      const narrow = asked.filter((scope) => scope !== BASE_SCOPE && scope !== COARSE_SCOPE)
      await store.lock(sessionLock(did), async () => {
        const before = await accountRow(store, did)
        const at = beginsAt(clock.now(), before)
        const row: AccountRow = {
          did,
          handle: before?.handle,
          by: 'oauth',
          state: 'active',
          signedInAt: at,
          coarse:
            before?.coarse === true ||
            (narrow.length > 0 && narrow.every((scope) => !tokens.scopes.includes(scope))),
          ...tokens,
        }
        await store.write([{ key: did, value: row }, ...leave(before, at)])
      })
    },
    del: () => {},
  }
}

/** The session of a row; undefined when it is none of OAuth, has ended, or does not open. */
export async function openSession(
  { seal }: Pick<StoreParts, 'seal'>,
  row: Pick<AccountRow, 'did' | 'by' | 'sealed' | 'key'> | undefined,
): Promise<OpenedSession | undefined> {
  if (row?.by !== 'oauth' || row.sealed === undefined) return undefined
  // sealed by `kept`
  const tokens = (await seal.open(row.did, row.sealed)) as OAuthTokens | undefined
  const dpopKey = await keyOf(row.key, tokens?.pair)
  if (tokens === undefined || dpopKey === undefined) return undefined
  const { client, authMethod, tokenSet } = tokens
  return { client, authMethod, tokenSet, dpopKey }
}

async function kept(
  { seal, client }: StoreParts & { readonly client: ClientMetadata },
  { dpopKey, authMethod, tokenSet }: Session,
): Promise<Pick<AccountRow, 'pds' | 'scopes' | 'sealed' | 'key'>> {
  const { key, pair } = await keep(seal, dpopKey)
  const tokens = {
    client,
    authMethod,
    tokenSet,
    ...(pair === undefined ? {} : { pair }),
  } satisfies OAuthTokens
  return {
    pds: new URL(tokenSet.aud).origin,
    scopes: tokenSet.scope.split(' ').filter((scope) => scope !== ''),
    sealed: await seal.seal(tokenSet.sub, tokens),
    key,
  }
}

async function keep(
  seal: Seal,
  dpopKey: unknown,
): Promise<{ readonly key: CryptoKeyPair | undefined; readonly pair: PairJwk | undefined }> {
  if (!(dpopKey instanceof DpopKey)) throw new TypeError('no key of this client')
  if (seal.holdsKeys) return { key: dpopKey.pair, pair: undefined }
  return { key: undefined, pair: await pairToJwk(dpopKey.pair) }
}

async function keyOf(
  key: CryptoKeyPair | undefined,
  pair: PairJwk | undefined,
): Promise<DpopKey | undefined> {
  if (key !== undefined) return await DpopKey.of(key)
  return pair === undefined ? undefined : await DpopKey.of(await pairFromJwk(pair))
}
