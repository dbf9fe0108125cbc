import { type Clock, leftOf } from '../../core/clock.ts'
import type { Jobs } from '../jobs.ts'
import type { TransferStatus } from '../network-model.ts'
import { createRate, type Rate } from '../rate.ts'

type What = TransferStatus['what']

/** What was sent to a peer of a repo is under way until it pauses for so long, ms. */
const PAUSE = 4000

interface Sending {
  readonly did: string
  readonly peer: string
  readonly what: What
  bytes: number
  at: number
  rate: number
  readonly meter: Rate
}

export interface Transfers {
  /** bytes of a repo that went to a peer: of all of it unless told */
  sent(peer: string, did: string, bytes: number, what?: What): void
  list(): readonly TransferStatus[]
}

/** What moves between this device and its peers now. */
export function createTransfers(clock: Clock, jobs: Pick<Jobs, 'list'>): Transfers {
  const sending = new Map<string, Sending>()
  const forgetPaused = (now: number): void => {
    for (const [key, entry] of sending) if (leftOf(PAUSE, entry.at, now) === 0) sending.delete(key)
  }
  return {
    sent(peer, did, bytes, what = 'repo') {
      const key = `${did}/${peer}/${what}`
      const now = clock.now()
      const before = sending.get(key)
      // Whether or not anyone looks: peers come and go, and so do repos.
      if (before === undefined) forgetPaused(now)
      const entry =
        before !== undefined && leftOf(PAUSE, before.at, now) > 0
          ? before
          : { did, peer, what, bytes: 0, at: now, rate: 0, meter: createRate() }
      entry.bytes += bytes
      entry.at = now
      entry.rate = entry.meter.note(now, entry.bytes) ?? entry.rate
      sending.set(key, entry)
    },
    list() {
      forgetPaused(clock.now())
      const incoming = jobs
        .list()
        .filter((job) => job.kind === 'peer' && job.endedAt === undefined)
        .map((job): TransferStatus => ({
          id: job.id,
          did: job.did ?? '',
          peer: '',
          direction: 'in',
          what: 'repo',
          bytes: job.bytes,
          totalBytes: job.totalBytes,
          rate: job.rate,
          timeLeft: job.timeLeft,
        }))
      const outgoing = [...sending].map(([id, { did, peer, what, bytes, rate }]): TransferStatus => ({
        id,
        did,
        peer,
        direction: 'out',
        what,
        bytes,
        totalBytes: undefined,
        rate,
        timeLeft: undefined,
      }))
      return [...incoming, ...outgoing]
    },
  }
}
