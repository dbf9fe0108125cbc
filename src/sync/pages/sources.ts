import { type CairnError, hasCode } from '../../core/errors.ts'
import { NetError } from '../../net/errors.ts'
import type { Net } from '../../net/net.ts'
import { withRetry } from '../../pds/retry.ts'
import { RepoError, type RepoErrorCode } from '../../repo/errors.ts'
import { SyncError } from '../errors.ts'
import { fraction, type Host } from '../host.ts'
import type { Work } from '../work.ts'
import { openPages, type PageClient } from './client.ts'

/** A peer that a repo can be had from. */
export interface PageSource {
  readonly peer: string
  /** Opens a stream to it. Errors: those of `Net.open`. */
  open(signal: AbortSignal): Promise<PageClient>
}

/** A peer of this network as a source. */
export const pageSource = (
  net: Net,
  host: Pick<Host, 'timers'>,
  { peer, addresses = [] }: { readonly peer: string; readonly addresses?: readonly string[] },
): PageSource => ({
  peer,
  open: (signal) => openPages(net, peer, { addresses, signal, timers: host.timers }),
})

/** Tries of one connection in a row that brought nothing, before a peer is given up. */
const TRIES = 3
/** The same of the only one left, when it gave something before: half a minute, in which a relay starts anew. */
const LAST_TRIES = 8
/** What says nothing of the peer's honesty: its line broke, or it has no room now. */
const BROKEN = new Set([
  'net.reset',
  'net.timeout',
  'net.unreachable',
  'net.no-addresses',
  'net.closed',
  'net.limit',
])

/** Hears of a peer that is asked no more because its line kept breaking, or because it was wrong. */
export type OnOut = (peer: string, error: CairnError) => void

/** Peers that are asked one after another until one has answered. */
export interface Sources {
  /**
   * Runs with a client of the first peer that does. When its line breaks the next peer takes over, and it may
   * have another turn; a peer that is wrong, or refuses, has none. Runs again from the start each time: `run`
   * keeps what it has proven outside.
   *
   * @throws the last error, with `peer` among its fields, when no peer is left; whatever is not a peer's doing
   */
  use<T>(run: (client: PageClient) => Promise<T>): Promise<T>
  /** Something was proven: tries that failed before do not count any more. */
  progress(): void
  /** Lets those have another turn that refused for this reason. False when there are none. */
  forgive(reason: string): boolean
  /** who is asked now */
  readonly peer: string | undefined
  close(): Promise<void>
}

interface State {
  readonly source: PageSource
  /** opened once, whoever asks first */
  client: Promise<PageClient> | undefined
  failures: number
  /** something that it gave was proven */
  gave: boolean
  /** why it has no more turns */
  out: string | undefined
  /** what it did then; whatever else was asked of it at that time fails by its line, which says less */
  fault: CairnError | undefined
}

export function createSources(
  sources: readonly PageSource[],
  host: Host,
  work: Work,
  onOut: OnOut = () => {},
): Sources {
  const states: State[] = sources.map((source) => ({
    source,
    client: undefined,
    failures: 0,
    gave: false,
    out: undefined,
    fault: undefined,
  }))
  let now = 0
  const left = (): State[] => states.filter((it) => it.out === undefined)
  const triesOf = (state: State): number => (state.gave && left().length === 1 ? LAST_TRIES : TRIES)

  const drop = async (state: State, client = state.client): Promise<void> => {
    if (state.client === client) state.client = undefined
    // One that was never opened needs no closing.
    await client?.then((it) => it.close()).catch(() => {})
  }

  const attempt = async <T>(state: State, run: (client: PageClient) => Promise<T>): Promise<T> => {
    const { peer } = state.source
    const client = (state.client ??= state.source.open(work.signal))
    try {
      return await run(await client)
    } catch (error) {
      work.check()
      const named = blaming(error, peer)
      if (named === undefined) throw error
      if (state.fault !== undefined) throw new Turn(state.fault)
      const { reason } = named.fields
      const full = reason === 'too-many'
      // After a refusal the stream can be used on, unless it is one of the stream itself.
      if (named.code !== 'net.refused' || full) await drop(state, client)
      const passes = full || BROKEN.has(named.code)
      if (!passes || ++state.failures >= triesOf(state)) {
        state.out = typeof reason === 'string' ? reason : named.code
        state.fault = named
        // To say no, or to speak another protocol, is no failure.
        if (named.code !== 'net.refused' && named.code !== 'net.unsupported') onOut(peer, named)
      }
      throw new Turn(named)
    }
  }

  /** One peer after another, each once. */
  const round = async <T>(run: (client: PageClient) => Promise<T>): Promise<T> => {
    let last: CairnError | undefined
    for (let turns = left().length; turns > 0; turns--) {
      while (states[now % states.length]?.out !== undefined) now++
      const state = states[now % states.length]
      if (state === undefined) break
      try {
        return await attempt(state, run)
      } catch (error) {
        if (!(error instanceof Turn)) throw error
        last = error.reason
        now++
        if (left().length === 0) break
      }
    }
    const fault = states.findLast((it) => it.fault !== undefined)?.fault
    throw new Turn(last ?? fault ?? new SyncError('sync.no-copy', { asked: states.length }))
  }

  return {
    async use(run) {
      try {
        return await withRetry(() => round(run), {
          timers: host.timers,
          random: fraction(host),
          signal: work.signal,
          onWait: (wait) =>
            work.onWait({ ...wait, error: wait.error instanceof Turn ? wait.error.reason : wait.error }),
          tries: TRIES * 100,
          maxDelayMs: 8000,
          retriable: (error) => error instanceof Turn && left().length > 0,
        })
      } catch (error) {
        work.check()
        throw error instanceof Turn ? error.reason : error
      }
    },
    progress() {
      for (const state of states) state.failures = 0
      const giver = states[now % states.length]
      if (giver !== undefined) giver.gave = true
    },
    forgive(reason) {
      let any = false
      for (const state of states) {
        if (state.out !== reason) continue
        state.out = undefined
        state.fault = undefined
        any = true
      }
      return any
    },
    get peer() {
      return states[now % states.length]?.source.peer
    },
    async close() {
      await Promise.all(states.map((it) => drop(it)))
    },
  }
}

/** It is another's turn. */
class Turn extends Error {
  readonly reason: CairnError

  constructor(reason: CairnError) {
    super(reason.message)
    this.reason = reason
  }
}

/** An error that is the peer's doing, with its name; undefined for our own trouble. */
function blaming(error: unknown, peer: string): CairnError | undefined {
  if (error instanceof RepoError) return error.fields['peer'] === peer ? error : named(error, peer)
  // A difference that is too large to hold here.
  if (hasCode(error, 'net.limit') && error.fields['what'] === 'difference') return undefined
  if (error instanceof NetError)
    return new NetError(error.code as never, { ...error.fields, peer }, { cause: error })
  return undefined
}

const named = (error: RepoError, peer: string): RepoError =>
  new RepoError(error.code satisfies RepoErrorCode, { ...error.fields, peer }, { cause: error })
