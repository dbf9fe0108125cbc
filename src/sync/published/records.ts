import * as v from 'valibot'
import { isDid } from '../../core/syntax.ts'
import { DEFAULT_TERMS, type Terms } from '../agreements/model.ts'

/**
 * Records of one's own repo by which people say that they keep copies for each other, as p2pds nodes write and read
 * them. Anyone can read them; only their author's server can write them.
 */
export const PEER = 'org.p2pds.peer'
export const OFFER = 'org.p2pds.replication.offer'
export const CONSENT = 'org.p2pds.replication.consent'

/** Addresses of a peer that are read and written: more are of no use to anyone. */
const MAX_ADDRESSES = 16
const MAX_TEXT = 512

export interface StoredRecord {
  readonly rkey: string
  readonly value: unknown
}

/** "I keep a copy of that account, if it wants." */
export interface PublishedOffer extends Terms {
  readonly rkey: string
  readonly subject: string
  /** ms; undefined where it says no sound time */
  readonly createdAt: number | undefined
}

/** A device that keeps what its account has offered. */
export interface PublishedPeer {
  readonly rkey: string
  readonly peerId: string
  readonly multiaddrs: readonly string[]
  /** web address of a node that is not a browser */
  readonly endpoint: string | undefined
}

/** All that an account has published. */
export interface Published {
  readonly offers: readonly PublishedOffer[]
  /** keys of records that let anyone keep a copy of the account */
  readonly consents: readonly string[]
  readonly peers: readonly PublishedPeer[]
}

/** The key under which p2pds nodes write a record about an account. */
export const rkeyOf = (did: string): string => did.replaceAll(':', '-').replaceAll('%', '~')

const whole = (least: number, most: number, or: number) =>
  v.fallback(
    v.pipe(
      v.number(),
      v.transform((it) => Math.min(most, Math.max(least, Math.round(it)))),
      v.integer(),
    ),
    or,
  )
const time = v.fallback(
  v.pipe(
    v.string(),
    v.maxLength(64),
    v.transform((text) => Date.parse(text)),
    v.number(),
    v.finite(),
  ),
  Number.NaN,
)
const offerShape = v.object({
  subject: v.pipe(v.string(), v.check(isDid)),
  minCopies: whole(1, 100, DEFAULT_TERMS.minCopies),
  intervalSec: whole(60, 2_678_400, DEFAULT_TERMS.intervalSec),
  priority: whole(0, 100, DEFAULT_TERMS.priority),
  createdAt: time,
})
const peerShape = v.object({
  peerId: v.pipe(v.string(), v.regex(/^[A-Za-z0-9]{1,128}$/)),
  multiaddrs: v.fallback(
    v.pipe(
      v.array(v.unknown()),
      v.transform((list) =>
        list
          .filter((it): it is string => typeof it === 'string' && it.startsWith('/') && it.length <= MAX_TEXT)
          .slice(0, MAX_ADDRESSES),
      ),
    ),
    [],
  ),
  endpoint: v.optional(
    v.fallback(v.optional(v.pipe(v.string(), v.maxLength(MAX_TEXT), v.regex(/^https?:\/\//))), undefined),
  ),
})
const consentShape = v.object({ scope: v.literal('any') })

/** What the records say. Each is read by itself: one that is none is passed over. */
export function readPublished(records: {
  readonly offers: readonly StoredRecord[]
  readonly consents: readonly StoredRecord[]
  readonly peers: readonly StoredRecord[]
}): Published {
  const offers = records.offers.flatMap(({ rkey, value }): PublishedOffer[] => {
    const result = v.safeParse(offerShape, value)
    if (!result.success) return []
    const { createdAt, ...terms } = result.output
    return [{ rkey, ...terms, createdAt: Number.isNaN(createdAt) ? undefined : createdAt }]
  })
  const consents = records.consents.flatMap(({ rkey, value }) => (v.is(consentShape, value) ? [rkey] : []))
  const peers = records.peers.flatMap(({ rkey, value }): PublishedPeer[] => {
    const result = v.safeParse(peerShape, value)
    return result.success ? [{ rkey, endpoint: undefined, ...result.output }] : []
  })
  return { offers, consents, peers }
}

export const offerRecord = (
  subject: string,
  { minCopies, intervalSec, priority }: Terms,
  now: number,
): Record<string, unknown> => ({
  $type: OFFER,
  subject,
  minCopies,
  intervalSec,
  priority,
  createdAt: new Date(now).toISOString(),
})

export const consentRecord = (now: number): Record<string, unknown> => ({
  $type: CONSENT,
  scope: 'any',
  createdAt: new Date(now).toISOString(),
})

export const peerRecord = (
  { peerId, multiaddrs }: Pick<PublishedPeer, 'peerId' | 'multiaddrs'>,
  now: number,
): Record<string, unknown> => ({
  $type: PEER,
  peerId,
  multiaddrs: multiaddrs.slice(0, MAX_ADDRESSES),
  createdAt: new Date(now).toISOString(),
})
