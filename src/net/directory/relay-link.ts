import { NetError } from '../errors.ts'
import type { ByteStream } from '../net.ts'
import { createLink, type DirectoryLink } from './link.ts'
import type { Timers } from '../../core/timers.ts'
import type { Random } from './parts.ts'

/** Waits between tries to reach a relay, ms: a restarted relay is found again within seconds. */
const FIRST_WAIT = 500
const LONGEST_WAIT = 10_000
/** A link that lasted so long wipes out the failures before it, ms: one that breaks at once is as good as none. */
const STABLE = 10_000
/** A relay that does not take the stream in this time is out of reach for now, ms. */
const OPEN_WITHIN = 10_000
/** How often an idle link is asked whether it is there, ms: a broken connection can look whole for long. */
const PING_EVERY = 20_000

/** One relay that we want a link to, and the link while there is one. */
export interface RelayLink {
  readonly relay: string
  /** the open link; undefined while there is none */
  current(): DirectoryLink | undefined
  /** The link, when the try that is going on succeeds; rejects when it fails or the next one has to wait. */
  opened(): Promise<DirectoryLink>
  /** Something changed: do not wait for the next try. */
  hurry(): void
  close(): void
}

export interface RelayLinkOptions {
  readonly relay: string
  readonly timers: Timers
  readonly random: Random
  open(relay: string, signal: AbortSignal): Promise<ByteStream>
  onOpen(link: DirectoryLink): void
  onEnd(relay: string): void
}

export function createRelayLink(options: RelayLinkOptions): RelayLink {
  const { relay, timers, random } = options
  const stopping = new AbortController()
  let link: DirectoryLink | undefined
  let trying: Promise<DirectoryLink> | undefined
  let wait = FIRST_WAIT
  let stopWait: (() => void) | undefined
  let lastError: unknown = new NetError('net.no-relay')

  const connect = async (): Promise<DirectoryLink> => {
    const late = new AbortController()
    const stopTimer = timers.after(OPEN_WITHIN, () => late.abort())
    try {
      const signal = AbortSignal.any([late.signal, stopping.signal])
      const opened = createLink(await options.open(relay, signal), timers)
      try {
        // The stream may be open on our side only: whoever answers is there.
        await opened.ask({ type: 'ping' }, signal)
        return opened
      } catch (error) {
        opened.close()
        throw error
      }
    } finally {
      stopTimer()
    }
  }
  const keepAlive = (open: DirectoryLink): void => {
    const stop = timers.after(PING_EVERY, () => {
      // No answer ends the link, which is then seen below.
      open.ask({ type: 'ping' }).then(
        () => keepAlive(open),
        () => {},
      )
    })
    // Never rejects, by its contract.
    void open.ended.then(stop)
  }
  const retryLater = (): void => {
    if (stopping.signal.aborted) return
    stopWait = timers.after(wait * (0.5 + random() / 2), attempt)
    wait = Math.min(LONGEST_WAIT, wait * 2)
  }
  const attempt = (): void => {
    stopWait?.()
    stopWait = undefined
    if (stopping.signal.aborted || trying !== undefined || link !== undefined) return
    trying = connect()
    trying.then(
      (open) => {
        trying = undefined
        if (stopping.signal.aborted) return open.close()
        link = open
        const stopProving = timers.after(STABLE, () => {
          wait = FIRST_WAIT
        })
        keepAlive(open)
        options.onOpen(open)
        void open.ended.then(() => {
          link = undefined
          stopProving()
          if (stopping.signal.aborted) return
          options.onEnd(relay)
          retryLater()
        })
      },
      (error: unknown) => {
        trying = undefined
        lastError = error
        retryLater()
      },
    )
  }
  attempt()
  return {
    relay,
    current: () => link,
    async opened() {
      const open = link ?? (await trying)
      if (open === undefined) throw lastError
      return open
    },
    hurry() {
      if (link === undefined && trying === undefined) attempt()
    },
    close() {
      stopping.abort()
      stopWait?.()
      link?.close()
    },
  }
}
