import type { Clock } from '../../core/clock.ts'
import type { Jobs } from '../jobs.ts'
import type { TransferStatus } from '../network-model.ts'
import { createRate, type Rate } from '../rate.ts'

/** What was sent to a peer of a repo is under way until it pauses for so long, ms. */
const PAUSE = 4000

interface Sending {
  readonly did: string
  readonly peer: string
  bytes: number
  at: number
  rate: number
  readonly meter: Rate
}

export interface Transfers {
  /** bytes of a repo that went to a peer */
  sent(peer: string, did: string, bytes: number): void
  list(): readonly TransferStatus[]
}

/** What moves between this device and its peers now. */
export function createTransfers(clock: Clock, jobs: Pick<Jobs, 'list'>): Transfers {
  const sending = new Map<string, Sending>()
  return {
    sent(peer, did, bytes) {
      const key = `${did}/${peer}`
      const now = clock.now()
      const before = sending.get(key)
      const entry =
        before !== undefined && now - before.at < PAUSE
          ? before
          : { did, peer, bytes: 0, at: now, rate: 0, meter: createRate() }
      entry.bytes += bytes
      entry.at = now
      entry.rate = entry.meter.note(now, entry.bytes) ?? entry.rate
      sending.set(key, entry)
    },
    list() {
      const now = clock.now()
      for (const [key, entry] of sending) if (now - entry.at >= PAUSE) sending.delete(key)
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
      const outgoing = [...sending].map(([id, { did, peer, bytes, rate }]): TransferStatus => ({
        id,
        did,
        peer,
        direction: 'out',
        what: 'repo',
        bytes,
        totalBytes: undefined,
        rate,
        timeLeft: undefined,
      }))
      return [...incoming, ...outgoing]
    },
  }
}
