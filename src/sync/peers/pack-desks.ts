import { hasCode } from '../../core/errors.ts'
import type { Net } from '../../net/net.ts'
import type { PushedCommit, Subscription } from '../../pack/model.ts'
import { SyncError } from '../errors.ts'
import type { Host } from '../host.ts'
import { openPacks, type PackClient } from '../packs/client.ts'
import { httpPacks } from '../packs/http-client.ts'
import { MAX_SUBSCRIPTIONS, type PullAsk, type PushAsk } from '../packs/model.ts'
import { PackWireError } from '../packs/wire-errors.ts'
import { unlessAborted } from '../unless-aborted.ts'
import type { Candidate } from './choose.ts'

/** A stream that nobody asks over is closed after this, ms: a burst of news needs no second one. */
const IDLE = 10_000
/** What was foreseen and nobody asked for is forgotten after this, ms. */
const FORESEEN_FOR = 30_000

export interface PackDesksOptions {
  readonly host: Pick<Host, 'fetch' | 'timers'>
  readonly net: Net
  /** web address of a store that is within reach */
  readonly storeUrl?: (peer: string) => string | undefined
}

/**
 * Where packs are asked for: one stream to each peer for all who ask at the time, so that what is asked for
 * together goes together. A store with a web address is asked by plain HTTP: a pack proves itself, and nothing is
 * gained by encrypting it a second time.
 */
export interface PackDesks {
  /**
   * What a repo became since the head that the ask names.
   *
   * @throws SyncError `sync.peer-failed` for an ask without an answer; as `PackClient.pull`
   */
  pull(candidate: Candidate, ask: PullAsk, signal: AbortSignal): Promise<Subscription>
  /**
   * Asks for many repos in one round trip, for those who will ask for each of them soon. What one answer has no room
   * for, and what fails, is asked for then.
   */
  foresee(candidate: Candidate, asks: readonly PullAsk[]): void
  /** Hands a signed commit over. Throws as `PackClient.push`. */
  push(candidate: Candidate, commit: PushAsk, signal: AbortSignal): Promise<PushedCommit>
  close(): Promise<void>
}

/** An answer that waits to be asked for. */
interface Foreseen {
  readonly ask: string
  readonly answer: Promise<Subscription | undefined>
}

interface Desk {
  readonly client: Promise<PackClient>
  users: number
  stopIdling: () => void
}

export function createPackDesks({ host, net, storeUrl }: PackDesksOptions): PackDesks {
  const { timers, fetch } = host
  const over = new AbortController()
  const desks = new Map<string, Desk>()

  const openClient = async ({ peer, addresses }: Candidate, url: string | undefined): Promise<PackClient> => {
    const options = { timers, clientId: net.self, signal: over.signal }
    return url === undefined
      ? openPacks(net, peer, { ...options, addresses })
      : httpPacks(new URL('sync', url).href, fetch, options)
  }
  const close = (key: string, desk: Desk): void => {
    if (desks.get(key) === desk) desks.delete(key)
    desk.stopIdling()
    // One that never opened needs no closing.
    void desk.client.then((it) => it.close()).catch(() => {})
  }

  const use = async <T>(
    candidate: Candidate,
    signal: AbortSignal,
    run: (client: PackClient) => Promise<T>,
  ): Promise<T> => {
    const url = storeUrl?.(candidate.peer)
    const key = url ?? candidate.peer
    let desk = desks.get(key)
    if (desk === undefined) {
      desk = { client: openClient(candidate, url), users: 0, stopIdling: () => {} }
      desks.set(key, desk)
    }
    const mine = desk
    mine.users++
    mine.stopIdling()
    try {
      return await unlessAborted(mine.client.then(run), signal, cancelled)
    } catch (error) {
      if (!signal.aborted && !isWord(error)) close(key, mine)
      throw error
    } finally {
      mine.users--
      if (mine.users === 0) mine.stopIdling = timers.after(IDLE, () => close(key, mine))
    }
  }

  const foreseen = new Map<string, Foreseen>()
  const placeOf = ({ peer }: Candidate, { id }: PullAsk): string => `${peer} ${id}`
  /** Each answer is given once: it holds for the head that was asked about. */
  const takeForeseen = async (candidate: Candidate, ask: PullAsk): Promise<Subscription | undefined> => {
    const place = placeOf(candidate, ask)
    const found = foreseen.get(place)
    foreseen.delete(place)
    return found?.ask === JSON.stringify(ask) ? found.answer : undefined
  }

  return {
    async pull(candidate, ask, signal) {
      const ready = await unlessAborted(takeForeseen(candidate, ask), signal, cancelled)
      if (ready !== undefined) return ready
      return use(candidate, signal, async (client) => {
        const { answers } = await client.pull([ask])
        const answer = answers.get(ask.id)
        if (answer === undefined)
          throw new SyncError('sync.peer-failed', { peer: candidate.peer, did: ask.id })
        return answer
      })
    },
    foresee(candidate, asks) {
      const some = asks.slice(0, MAX_SUBSCRIPTIONS)
      const answers = use(candidate, over.signal, async (client) => client.pull(some, { once: true })).catch(
        () => undefined,
      )
      const mine = some.map((ask): readonly [string, Foreseen] => {
        const answer = answers.then((it) => it?.answers.get(ask.id))
        return [placeOf(candidate, ask), { ask: JSON.stringify(ask), answer }]
      })
      for (const [place, it] of mine) foreseen.set(place, it)
      timers.after(FORESEEN_FOR, () => {
        for (const [place, it] of mine) if (foreseen.get(place) === it) foreseen.delete(place)
      })
    },
    push: (candidate, commit, signal) => use(candidate, signal, (client) => client.push(commit)),
    async close() {
      over.abort()
      foreseen.clear()
      const all = [...desks.values()]
      for (const [key, desk] of desks) close(key, desk)
      await Promise.allSettled(all.map((it) => it.client))
    },
  }
}

/** The peer was understood, and can be asked on. */
const isWord = (error: unknown): boolean =>
  hasCode(error, 'net.refused') || error instanceof PackWireError || error instanceof SyncError

const cancelled = (): SyncError => new SyncError('sync.cancelled')
