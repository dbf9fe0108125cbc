import { CairnError } from '../../core/errors.ts'
import { NetError } from '../../net/errors.ts'
import type { Net } from '../../net/net.ts'
import { backOff } from '../../net/networker/back-off.ts'
import type { Clock } from '../../core/clock.ts'
import type { Timers } from '../../core/timers.ts'
import type { HeadWord } from '../digests/digest.ts'
import { push } from './hand-over.ts'
import { createLine } from './line.ts'
import type { SpacePeer, SpaceReplica } from './model.ts'
import type { PackLines } from './pack-lines.ts'
import { forgetSkips, fullRound, greet, hintedRound, type RoundHost, type Standing } from './round.ts'

/** The pause after a first failure, doubled with each: short where only the line broke, ms. */
const LINE_PAUSES = { firstBackOffMs: 1000, maxBackOffMs: 5 * 60_000 }
const PAUSES = { firstBackOffMs: 5000, maxBackOffMs: 30 * 60_000 }
/** Hints that wait for one round; with more, everything is compared. */
const MAX_HINTS = 256
/** Rounds for heads that a peer told of and has not, one after another, and for how long its hints are then nothing, ms. */
const MAX_IN_VAIN = 8
const DEAF = 60_000

export interface FollowerOptions extends Omit<RoundHost, 'line' | 'standing' | 'signal'> {
  readonly net: Net
  readonly timers: Timers
  readonly clock: Clock
  readonly random: () => number
  readonly prove: NonNullable<SpaceReplica['prove']>
  readonly packLines: PackLines
  /** told to a store that is asked to keep the space */
  readonly token: ((store: string) => string | undefined) | undefined
  /** A round ended well: it may be followed. */
  readonly onMet: () => void
  readonly onChange: () => void
}

/** Keeps one peer of one space in step, one round at a time. */
export interface Follower {
  state(): SpacePeer
  /** Compares everything; resolves when that was tried, or cannot be for now. */
  look(): Promise<void>
  /** It says that it has this head. */
  hear(repo: string, rev: string): void
  /** A head moved here, by whomever: a store is to have it. */
  moved(repo: string): void
  /** what it has of a repo, as far as it said or took it */
  revOf(repo: string): string | undefined
  /** Our log changed. */
  logChanged(): void
  setConnected(connected: boolean): void
  /** It proved to be in the space: one that did not let us in, or that we did not know, may be asked again. */
  proven(): void
  /** It does not let us hear of the space: it does not know who we are. */
  refused(): void
  /** Resolves when nothing of it goes on any more. */
  close(): Promise<void>
}

interface Want {
  full: boolean
  readonly hints: Map<string, string>
  readonly pushes: Set<string>
  readonly done: ReturnType<typeof Promise.withResolvers<void>>
}

export function createFollower(options: FollowerOptions): Follower {
  const { peer, kind, replica, clock, timers, net, token, onMet, onChange } = options
  const over = new AbortController()
  const fraction = (): number => options.random() / 2 ** 32
  const standing: Standing = {
    ...{ theirs: undefined, sameLog: false, digest: undefined },
    ...{ skipped: new Map(), unwanted: new Map() },
  }
  /** repos that are here and, as far as is known, not there */
  const behind = new Set<string>()
  let connected = false
  let device: string | undefined
  let answeredAt: number | undefined
  let error: CairnError | undefined
  let failures = 0
  let pausedUntil = 0
  let stopPause = (): void => {}
  /** it proved to be in the space while a round was under way */
  let provenMeanwhile = false
  let inVain = 0
  let deafUntil = 0
  let refusals = 0
  let stopRefused = (): void => {}
  let want: Want | undefined
  let isRunning = false
  let running = Promise.resolve()

  const line = createLine({
    ...{ net, timers, random: options.random, peer, signal: over.signal },
    ...{ space: replica.space, prove: options.prove },
    packs: options.packLines.at(peer, over.signal),
    async greet(client) {
      const welcome = await greet(client, host, token?.(peer))
      device = welcome.key
      return welcome
    },
  })
  const host: RoundHost = { ...options, line, standing, signal: over.signal }

  const noteBehind = async (): Promise<void> => {
    const { theirs } = standing
    if (theirs === undefined) return
    for (const repo of behind) {
      const rev = (await replica.repos.head(repo))?.rev ?? ''
      if ((theirs.get(repo)?.rev ?? '') >= rev) behind.delete(repo)
    }
  }

  const round = async (now: Want): Promise<void> => {
    if (now.full || !line.isProven() || standing.theirs === undefined) return fullRound(host)
    if ((await hintedRound(host, now.hints)) === 'done') inVain = 0
    // Whoever cries wolf is heard again when everybody is asked.
    else if (++inVain >= MAX_IN_VAIN) {
      inVain = 0
      deafUntil = clock.now() + DEAF
    }
    if (kind !== 'store' || now.pushes.size === 0) return
    const heads: HeadWord[] = []
    for (const repo of now.pushes) {
      const head = await replica.repos.head(repo)
      const there = standing.theirs.get(repo)
      if (head === undefined || (there?.rev ?? '') >= head.rev) continue
      if (standing.unwanted.get(repo) !== head.cid) heads.push({ id: repo, rev: head.rev, commit: head.cid })
    }
    // One that takes no list of it is asked what it has.
    if ((await push(host, heads)).length > 0) await fullRound(host)
    line.rest()
  }
  /** A stream that lay idle may be dead by now, or we are out: that is no failure yet, and a hello says why. */
  const roundOnce = async (now: Want): Promise<void> => {
    const wasOpen = line.isProven()
    try {
      await round(now)
    } catch (cause) {
      line.drop()
      if (over.signal.aborted || !wasOpen || !(isOfLine(cause) || isNo(cause))) throw cause
      await round({ ...now, full: true })
    }
  }

  /** Never rejects: what fails is noted. */
  const run = async (): Promise<void> => {
    isRunning = true
    while (want !== undefined && !over.signal.aborted) {
      const now: Want = want
      want = undefined
      try {
        await roundOnce(now)
        failures = 0
        error = undefined
        answeredAt = clock.now()
        await noteBehind()
        onMet()
      } catch (cause) {
        if (!over.signal.aborted) failed(cause)
      }
      now.done.resolve()
      onChange()
    }
    want?.done.resolve()
    want = undefined
    isRunning = false
  }

  const failed = (cause: unknown): void => {
    error = cause instanceof CairnError ? cause : new CairnError('app.unexpected', {}, { cause })
    line.drop()
    failures++
    const isSoon = provenMeanwhile && NOT_IN.has(error.code) && failures === 1
    provenMeanwhile = false
    const pauses = isSoon || isOfLine(error) ? LINE_PAUSES : PAUSES
    const ms = backOff(failures, fraction, pauses)
    pausedUntil = clock.now() + ms
    stopPause()
    stopPause = timers.after(ms, () => {
      pausedUntil = 0
      if (connected) void ask((it) => void (it.full = true))
    })
  }

  const resume = (): void => {
    pausedUntil = 0
    stopPause()
  }
  const ask = (add: (want: Want) => void): Promise<void> => {
    // The end of the pause asks for everything.
    if (over.signal.aborted || !connected || pausedUntil > clock.now()) return Promise.resolve()
    want ??= { full: false, hints: new Map(), pushes: new Set(), done: Promise.withResolvers<void>() }
    const mine = want
    add(mine)
    if (mine.hints.size + mine.pushes.size > MAX_HINTS) mine.full = true
    if (!isRunning) running = run()
    return mine.done.promise
  }

  return {
    state: () => ({
      ...{ peer, kind, device, connected, answeredAt },
      current: connected && standing.theirs !== undefined && standing.sameLog && behind.size === 0,
      error: error?.code,
    }),
    look: () => ask((it) => void (it.full = true)),
    hear(repo, rev) {
      refusals = 0
      void replica.repos.head(repo).then(
        (head) => {
          if ((head?.rev ?? '') < rev && deafUntil <= clock.now())
            void ask((it) => void it.hints.set(repo, rev))
          if (head === undefined || rev < head.rev) return
          // What it has is as new as ours; of its own rev it has our commit, or a forked one that is found out later.
          if (head.rev === rev) standing.theirs?.set(repo, { id: repo, rev, commit: head.cid })
          if (behind.delete(repo) || head.rev === rev) onChange()
        },
        // A disk that cannot be read is told by whoever needs it.
        () => {},
      )
    },
    moved(repo) {
      behind.add(repo)
      if (kind === 'store') void ask((it) => void it.pushes.add(repo))
      else void noteBehind().catch(() => {})
    },
    revOf: (repo) => standing.theirs?.get(repo)?.rev,
    logChanged() {
      standing.sameLog = false
      forgetSkips(standing)
      // Who was not let in may be by now, or lets us in.
      if (error !== undefined && NOT_IN.has(error.code)) resume()
      void ask((it) => void (it.full = true))
    },
    setConnected(now) {
      if (connected === now) return
      connected = now
      // Whoever is back is asked at once, unless it was caught at a lie.
      line.drop()
      if (now && (error === undefined || isOfLine(error))) {
        resume()
        void ask((it) => void (it.full = true))
      }
      onChange()
    },
    proven() {
      provenMeanwhile = isRunning
      if (error === undefined || !NOT_IN.has(error.code)) return
      resume()
      void ask((it) => void (it.full = true))
    },
    refused() {
      refusals++
      stopRefused()
      stopRefused = timers.after(backOff(refusals, fraction, LINE_PAUSES), () => {
        line.drop()
        void ask((it) => void (it.full = true))
      })
    },
    async close() {
      over.abort(new NetError('net.cancelled'))
      stopPause()
      stopRefused()
      line.drop()
      want?.done.resolve()
      want = undefined
      await running
    },
  }
}

/** Whoever says so may say otherwise once more is known of the members. */
const NOT_IN: ReadonlySet<string> = new Set([
  'space-sync.not-kept',
  'space-sync.denied',
  'space-sync.stranger',
])

const isNo = (error: unknown): boolean => error instanceof CairnError && NOT_IN.has(error.code)

const isOfLine = (error: unknown): boolean => error instanceof CairnError && error.code.startsWith('net.')
