import { createIdentityResolver } from '../../pds/identity.ts'
import { isRetriable, PdsError } from '../../pds/errors.ts'
import { requireHome } from '../../pds/home.ts'
import { parseAccountName } from '../../pds/input.ts'
import { metNeeds } from '../../pds/account/scopes.ts'
import { AgreementError } from '../../sync/agreements/errors.ts'
import { createIdentities } from '../../sync/follow/identities.ts'
import { networkOf } from '../../sync/host.ts'
import { SyncError } from '../../sync/errors.ts'
import { headOf } from '../../sync/kept.ts'
import type { RepoRow, SnapshotRow } from '../../storage/rows.ts'
import type { PublishedView } from '../../sync/published/model.ts'
import { createPublished } from '../../sync/published/published.ts'
import { readAllPublished, type ReadCollection, recordsOfServer } from '../../sync/published/read.ts'
import type { PublishedPeer } from '../../sync/published/records.ts'
import { writeRecords } from '../../sync/published/written.ts'
import type { ThisDevice } from '../../sync/published/writes.ts'
import { exclusively, type Work } from '../../sync/work.ts'
import { isKeptFor, keepTheirs } from '../network/agreement-actions.ts'
import { quietly, type ServiceParts } from '../network/parts.ts'
import type { Relays } from '../network/relays.ts'
import type { PublishedAgreement, Publishing } from '../published-model.ts'
import { readSettings } from '../settings.ts'
import { newsOfPublished } from './published-news.ts'

/** How often what others have published is read again, ms: as often as offers say unless told. */
const ROUND = 10 * 60_000
/** Whoever looks at the list sees what is no older than this, ms. */
const FRESH_FOR = 60_000
/** What could not be written is tried again after these, ms; the last one stays. */
const PAUSES = [5_000, 20_000, 60_000, 300_000] as const
/** After a start others come first; changes that come together are read together, ms. */
const SOON = 2000
/** Records of a kept collection that are read: more than any account has use for. */
const MAX_KEPT = 500

/** Published agreements, while this context leads. */
export interface PublishingService extends Publishing {
  /** a repo's head moved here */
  changed(did: string): void
  /** who is signed in may have changed */
  accountsChanged(): void
  /** devices that keep a repo by what their accounts have published */
  peersOf(did: string): Promise<readonly PublishedPeer[]>
  /** a peer with whose account it was agreed about this repo */
  isWith(peer: string, did: string): Promise<boolean>
  keeps(did: string): Promise<boolean>
  close(): Promise<void>
}

export interface PublishingParts extends ServiceParts {
  /** how others reach this device */
  readonly device: () => ThisDevice | undefined
  /** an agreement that was made directly keeps this repo */
  readonly isAgreedDirectly: (did: string) => Promise<boolean>
}

export function createPublishing(parts: PublishingParts): PublishingService {
  const { host, network, sessions, emit, library, log } = parts
  const { storage, clock, timers } = host
  const over = new AbortController()
  const endpoints = async () => (await readSettings(storage)).endpoints
  const identities = createIdentities(host, endpoints)
  const work: Work = {
    signal: over.signal,
    report: () => {},
    onWait: () => {},
    check() {
      if (over.signal.aborted) throw new SyncError('sync.cancelled')
    },
    exclusively: (did, run) => exclusively(storage, did, run),
  }

  const ofCopy =
    (did: string, { collections }: Pick<SnapshotRow, 'collections'>): ReadCollection =>
    async (collection) => {
      if (!collections.some(({ nsid }) => nsid === collection)) return []
      const { total, items } = await library.records({ did, collection, offset: 0, limit: MAX_KEPT })
      if (total > items.length) return undefined
      return items.map(({ path, value }) => ({ rkey: path.slice(collection.length + 1), value }))
    }
  const ofServer = async (did: string): Promise<ReadCollection | undefined> => {
    const pds = (await identities.of(did, work))?.pds
    return pds === undefined
      ? undefined
      : recordsOfServer(networkOf(host, await endpoints()), pds, did, over.signal)
  }

  const published = createPublished({
    storage,
    clock,
    async read(did, from) {
      const head = from === 'any' ? await headOf(storage, did) : undefined
      const collection = head === undefined ? await ofServer(did) : ofCopy(did, head)
      try {
        return collection && (await readAllPublished(collection))
      } catch (error) {
        // A server that does not answer, or has the account no more, says nothing of what it has published.
        if (error instanceof PdsError) return undefined
        throw error
      }
    },
    ready: (did) => sessions.require(did, 'agreements'),
    async write(did, writes) {
      const session = await sessions.require(did, 'agreements')
      requireHome(session, (await identities.of(did, work))?.pds)
      await writeRecords(session, writes)
    },
    accounts: async () =>
      (await sessions.list())
        .filter(({ state, scopes }) => state === 'active' && metNeeds(scopes).includes('agreements'))
        .map(({ did }) => did),
    kept: () => storage.keys('repos'),
    device: parts.device,
    onChange(view, before) {
      emit({ type: 'agreements' })
      const news = newsOfPublished(view, before)
      if (news !== undefined) quietly(log.note(news))
      quietly(keep(view))
    },
    onConsent: () => emit({ type: 'agreements' }),
    async onPurge(did) {
      if (!(await isKeptFor(storage, did)) || (await parts.isAgreedDirectly(did))) return false
      await library.deleteRepo(did)
      return true
    },
  })

  const keep = ({ other, state }: PublishedView): Promise<void> =>
    keepTheirs(parts, { theirs: other, state: state === 'one-way' ? 'active' : state })

  let cancel = (): void => {}
  let readAt = Number.NEGATIVE_INFINITY
  let turn: Promise<void> = Promise.resolve()
  const inTurn = (run: () => Promise<void>): void => {
    // A round that fails is followed by the next; a storage that is gone says so to whoever uses it next.
    turn = turn.then(() => (over.signal.aborted ? undefined : run())).catch(() => {})
  }
  const roundIn = (ms: number): void => {
    cancel()
    cancel = timers.after(ms, () => {
      readAt = clock.now()
      inTurn(async () => {
        await published.round()
        await again()
      })
      roundIn(ROUND)
    })
  }
  let tries = 0
  let cancelAgain = (): void => {}
  /** What waits is not left until the next round. */
  const again = async (): Promise<void> => {
    cancelAgain()
    const isDue = await published.isDue()
    if (!isDue) tries = 0
    if (!isDue || over.signal.aborted) return
    cancelAgain = timers.after(PAUSES[Math.min(tries++, PAUSES.length - 1)] ?? ROUND, () => inTurn(write))
  }
  const write = async (): Promise<void> => {
    await published.writeDue()
    await again()
  }
  // A service worker has seconds, and others use for them.
  if (network.context === 'page') roundIn(SOON)
  const stopHearing = network.live?.onOnline(() => {
    tries = 0
    inTurn(write)
  })
  const thenAgain = async <T>(work: Promise<T>): Promise<T> => {
    const done = await work
    await again()
    return done
  }

  /** Whom a name means. Without a network it is whoever is kept here by it. */
  const whom = async (who: string): Promise<{ did: string; handle: string | undefined }> => {
    const asked = await endpoints()
    try {
      const resolver = createIdentityResolver({ ...networkOf(host, asked), endpoints: asked })
      const { did, handle, handleVerified } = await resolver.resolve(who, { signal: over.signal })
      return { did, handle: handleVerified ? handle : undefined }
    } catch (error) {
      if (!isRetriable(error)) throw error
      const name = parseAccountName(who)
      const kept = (await storage.list('repos')).map(({ value }) => value as RepoRow) // our own rows
      const found = kept.find(({ did, handle }) =>
        name.type === 'did' ? did === name.did : handle === name.handle,
      )
      if (found !== undefined) return { did: found.did, handle: found.handle }
      if (name.type === 'did') return { did: name.did, handle: undefined }
      throw error
    }
  }

  return {
    keeps: published.keeps,
    changed: (did) => inTurn(() => published.heard(did)),
    accountsChanged: () => roundIn(SOON),
    async peersOf(did) {
      const rows = await published.holding()
      return rows.filter(({ me, other }) => me === did || other === did).flatMap(({ peers }) => peers)
    },
    async isWith(peer, did) {
      const rows = await published.holding()
      return rows.some(
        (row) => (row.me === did || row.other === did) && row.peers.some(({ peerId }) => peerId === peer),
      )
    },
    async close() {
      over.abort()
      stopHearing?.()
      cancel()
      cancelAgain()
      await turn
    },

    async published() {
      const list = await published.list()
      const isOpen = list.some(({ state }) => state !== 'ended')
      if (isOpen && clock.now() - readAt > FRESH_FOR) roundIn(0)
      return list.map(shown)
    },
    async publish({ ours, theirs }) {
      const { did, handle } = await whom(theirs)
      return shown(await thenAgain(published.offer(ours, did, { handle })))
    },
    endPublished: (ours, theirs, purge) => thenAgain(published.end(ours, theirs, purge)),
    async findPublished(who) {
      const { did, handle } = await whom(who)
      const found = await published.look(did, handle)
      if (found === undefined) throw new AgreementError('agreement.unread', { did })
      const mine = new Set((await sessions.list()).map((it) => it.did))
      return {
        did,
        handle,
        consents: found.consents.length > 0,
        offersTo: found.offers.flatMap(({ subject }) => (mine.has(subject) ? [subject] : [])),
        devices: found.peers.length,
      }
    },
    consent: (did) => published.consents(did),
    async setConsent(did, consent) {
      await thenAgain(published.setConsent(did, consent))
      emit({ type: 'agreements' })
    },
  }
}

/** How others reach this device: through relays that they can reach. */
export const thisDevice = (relays: Pick<Relays, 'facts'>, peerId: string): ThisDevice => ({
  peerId,
  multiaddrs: relays
    .facts()
    .flatMap(({ shareable, multiaddrs }) => (shareable ? multiaddrs : []))
    .map((address) => `${address}/p2p-circuit/p2p/${peerId}`),
})

const shown = ({ me, other, ...view }: PublishedView): PublishedAgreement => ({
  ...view,
  ours: me,
  theirs: other,
})
