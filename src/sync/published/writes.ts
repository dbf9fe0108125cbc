import type { PublishedRow } from './model.ts'
import {
  CONSENT,
  consentRecord,
  OFFER,
  offerRecord,
  PEER,
  peerRecord,
  type Published,
  type PublishedPeer,
  rkeyOf,
} from './records.ts'

/** One change of one's own repo. */
export type RecordWrite =
  | {
      readonly action: 'create' | 'update'
      readonly collection: string
      readonly rkey: string
      readonly value: Record<string, unknown>
    }
  | { readonly action: 'delete'; readonly collection: string; readonly rkey: string }

/** This device, as others reach it. */
export type ThisDevice = Pick<PublishedPeer, 'peerId' | 'multiaddrs'>

interface Wish {
  readonly me: string
  /** what the account has published by now */
  readonly own: Published
  /** its rows, those that are to be written among them */
  readonly rows: readonly PublishedRow[]
  /** whether anyone may keep a copy; undefined: as it is */
  readonly consent?: boolean
  readonly device: ThisDevice | undefined
  readonly now: number
}

/** What is to be written so that the account's records say what its rows do. Nothing where they do already. */
export function writesFor({ me, own, rows, consent, device, now }: Wish): RecordWrite[] {
  const out: RecordWrite[] = []
  for (const { other, due, mine } of rows) {
    const there = own.offers.filter(({ subject }) => subject === other)
    if (due === 'delete') out.push(...there.map(({ rkey }) => remove(OFFER, rkey)))
    if (due !== 'publish' || mine === undefined) continue
    const [first] = there
    const value = offerRecord(other, mine, now)
    if (first === undefined) out.push({ action: 'create', collection: OFFER, rkey: rkeyOf(other), value })
    else if (TERMS.some((name) => first[name] !== mine[name]))
      out.push({ action: 'update', collection: OFFER, rkey: first.rkey, value })
  }
  const consents = own.consents.length > 0
  if (consent === true && !consents)
    out.push({ action: 'create', collection: CONSENT, rkey: rkeyOf(me), value: consentRecord(now) })
  if (consent === false) out.push(...own.consents.map((rkey) => remove(CONSENT, rkey)))
  // Offers that were published elsewhere count, and stay.
  const subjects = new Set(own.offers.map(({ subject }) => subject))
  for (const { other, due } of rows) {
    if (due === 'publish') subjects.add(other)
    if (due === 'delete') subjects.delete(other)
  }
  const isNamed = subjects.size > 0 || (consent ?? consents)
  return device === undefined
    ? out
    : [...out, ...deviceWrites(me, own.peers, isNamed ? device : undefined, device.peerId, now)]
}

const TERMS = ['minCopies', 'intervalSec', 'priority'] as const

const remove = (collection: string, rkey: string): RecordWrite => ({ action: 'delete', collection, rkey })

/** A device is named while anything is offered. The first of an account has the key that p2pds nodes look for. */
function deviceWrites(
  me: string,
  peers: readonly PublishedPeer[],
  device: ThisDevice | undefined,
  peerId: string,
  now: number,
): RecordWrite[] {
  const mine = peers.filter((it) => it.peerId === peerId)
  if (device === undefined) return mine.map(({ rkey }) => remove(PEER, rkey))
  const value = peerRecord(device, now)
  const [first] = mine
  if (first === undefined) {
    const rkey = peers.some((it) => it.rkey === rkeyOf(me)) ? peerId : rkeyOf(me)
    return [{ action: 'create', collection: PEER, rkey, value }]
  }
  const isSame = first.multiaddrs.join(' ') === device.multiaddrs.join(' ')
  // Out of reach of every relay now: what was said before may hold again.
  if (isSame || device.multiaddrs.length === 0) return []
  return [{ action: 'update', collection: PEER, rkey: first.rkey, value }]
}
