import * as v from 'valibot'
import type { Clock } from '../../core/clock.ts'
import { isDid } from '../../core/syntax.ts'
import type { Net } from '../../net/net.ts'
import type { Timers } from '../../core/timers.ts'
import type { Storage } from '../../storage/port.ts'
import { createDelivery, type Delivered } from './delivery.ts'
import { AgreementError } from './errors.ts'
import {
  type AgreementRow,
  DEFAULT_TERMS,
  type KeptAgreement,
  LIMITS,
  type Offer,
  type OnChange,
  type Terms,
} from './model.ts'
import { createPurge, type PurgeRequest } from './purge.ts'
import { allRows, alone, mayAdd, putRow, rowAt, rowsOf } from './rows.ts'
import { serveAgreements } from './serve.ts'
import { emptyRow, keepsTheirs, stateOf, viewOf, withDue } from './state.ts'
import { termShapes } from './wire.ts'

export interface AgreementsOptions {
  readonly storage: Storage
  readonly net: Net
  readonly clock: Clock
  readonly timers: Timers
  /** a random 32-bit number */
  readonly random: () => number
  /** told of every agreement that is new, or changed on either side */
  readonly onChange?: OnChange
  /**
   * Deletes our copy of a repo that was kept under an agreement; true when it is gone, false when it stays for
   * reasons of our own (it was kept before, or for somebody else). May be asked twice.
   */
  readonly onPurge: (request: PurgeRequest) => Promise<boolean>
}

export interface OfferInput {
  /** peer id of the other side */
  readonly peer: string
  /** DID of the repo that they are to keep for us */
  readonly ours?: string
  /** DID of the repo that we keep for them */
  readonly theirs?: string
  readonly terms?: Partial<Terms>
}

/**
 * Agreements to keep copies for each other, kept on this device. Every wish is durable when its method returns;
 * the other side is told of it by `deliver`, now or when it can be reached. What was not answered waits. All methods reject with
 * `StorageError` when the storage fails.
 */
export interface Agreements {
  list(): Promise<KeptAgreement[]>
  /**
   * Offers an agreement. Gives the one that there is already, if it is the same; accepts theirs if they have
   * offered the same.
   *
   * @throws AgreementError `agreement.invalid`, `agreement.limit`
   */
  offer(input: OfferInput): Promise<KeptAgreement>
  /**
   * Accepts their offer, on its own terms unless others are given; of both offers' terms those hold that do
   * more.
   *
   * @throws AgreementError `agreement.not-found`, `agreement.ended`, `agreement.not-yours`, `agreement.invalid`
   */
  accept(id: string, terms?: Partial<Terms>): Promise<KeptAgreement>
  /**
   * Ends it on both sides, or declines their offer. With `purge` they are asked to delete their copy of ours
   * (what they said is in `purged`, when they have), and our copy of theirs is deleted.
   *
   * @throws AgreementError `agreement.not-found`; what `onPurge` throws, and then the deletion is tried again
   * with the next delivery
   */
  end(id: string, purge: boolean): Promise<KeptAgreement>
  /** Tells a peer what waits for it. Not being able to is no rejection: it waits on. */
  deliver(peer: string): Promise<Delivered>
  /** Peers for whom something waits. */
  waiting(): Promise<string[]>
  /** Serves the protocol until the returned function is called. */
  handle(): () => void
}

export function createAgreements(options: AgreementsOptions): Agreements {
  const { storage, net, clock, random } = options
  const onChange = options.onChange ?? (() => {})
  const purge = createPurge(storage, options.onPurge, onChange)
  const delivery = createDelivery({ ...options, onChange, purge })

  const name = (): string =>
    Array.from({ length: 4 }, () => (random() >>> 0).toString(16).padStart(8, '0')).join('')
  const ourOffer = (terms: Terms): Offer => ({ id: name(), ...terms, createdAt: clock.now() })

  const told = (row: AgreementRow, before: AgreementRow | undefined): KeptAgreement => {
    const agreement = viewOf(row)
    onChange(agreement, before && stateOf(before))
    return agreement
  }
  const accepted = (row: AgreementRow, terms: Terms): AgreementRow =>
    withDue({ ...row, mine: ourOffer(terms) }, 'accept')

  const existing = async (id: string): Promise<AgreementRow> => {
    const row = await rowAt(storage, id)
    if (row === undefined || row.gone !== undefined) throw new AgreementError('agreement.not-found', { id })
    return row
  }

  return {
    async list() {
      return (await allRows(storage)).filter(({ gone }) => gone === undefined).map(viewOf)
    },

    async offer({ peer, ours, theirs, terms: asked }) {
      if (peer === net.self || !/^[A-Za-z0-9]{1,128}$/.test(peer))
        throw new AgreementError('agreement.invalid', { reason: 'peer' })
      const repos = [ours, theirs].filter((did) => did !== undefined)
      if (repos.length === 0 || !repos.every(isDid))
        throw new AgreementError('agreement.invalid', { reason: 'repo' })
      const terms = checkedTerms({ ...DEFAULT_TERMS, ...asked })
      return alone(storage, async () => {
        const rows = await rowsOf(storage, peer)
        const same = rows.find((row) => row.ended === undefined && row.ours === ours && row.theirs === theirs)
        if (same?.mine !== undefined) return viewOf(same)
        if (same === undefined && !(await mayAdd(storage, rows, 'ours')))
          throw new AgreementError('agreement.limit', { peer, limit: LIMITS.perPeer })
        const mine = ourOffer(terms)
        const row =
          same === undefined
            ? withDue({ ...emptyRow(peer, mine.id, clock.now()), ours, theirs, mine }, 'offer')
            : accepted(same, terms)
        await putRow(storage, rows, row)
        return told(row, same)
      })
    },

    accept: (id, asked) =>
      alone(storage, async () => {
        const row = await existing(id)
        const state = stateOf(row)
        if (state === 'ended') throw new AgreementError('agreement.ended', { id })
        if (state === 'active') return viewOf(row)
        if (row.yours === undefined) throw new AgreementError('agreement.not-yours', { id })
        const { minCopies, intervalSec, priority } = row.yours
        const changed = accepted(row, checkedTerms({ minCopies, intervalSec, priority, ...asked }))
        await putRow(storage, await rowsOf(storage, row.peer), changed)
        return told(changed, row)
      }),

    async end(id, asksToPurge) {
      const ended = await alone(storage, async () => {
        const row = await existing(id)
        if (row.ended !== undefined && (row.purge || !asksToPurge)) return row
        const changed: AgreementRow = {
          ...withDue(row, 'end'),
          ended: row.ended ?? { by: 'us', at: clock.now() },
          purge: asksToPurge,
          purgeHere: asksToPurge && keepsTheirs(row) ? (row.purgeHere ?? 'due') : row.purgeHere,
        }
        await putRow(storage, await rowsOf(storage, row.peer), changed)
        told(changed, row)
        return changed
      })
      return viewOf((await purge(ended.id)) ?? ended)
    },

    deliver: delivery.deliver,

    async waiting() {
      const rows = await allRows(storage)
      return [...new Set(rows.filter((row) => viewOf(row).waiting).map(({ peer }) => peer))]
    },

    handle: () => serveAgreements({ ...options, onChange, purge }),
  }
}

const termsShape = v.object(termShapes)

function checkedTerms(terms: Terms): Terms {
  const result = v.safeParse(termsShape, terms)
  if (!result.success) throw new AgreementError('agreement.invalid', { reason: 'terms' })
  return result.output
}
