import * as v from 'valibot'
import { isDid } from '../../core/syntax.ts'
import type { AgreementRow, Offer } from './model.ts'

/**
 * Agreements between two nodes: messages of length-prefixed DAG-CBOR on one stream, each answered before the
 * next. Any message may come twice, or after one that was sent later.
 *
 *   offer   { type, id, subject?, wants?, minCopies, intervalSec, priority, createdAt }
 *           I keep `subject` for you, you keep `wants` for me; one of them at least
 *   accept  { type, id, offer, minCopies, intervalSec, priority, createdAt }
 *           yes to your offer `id`; `offer` is the id of mine that meets it
 *   end     { type, id, purge }
 *           the agreement with this offer, of either side, is over; with `purge` you delete your copy
 *   answer  { status, offer?, purged?, reason? }
 */
export const AGREEMENTS_PROTOCOL = '/cairn/agreements/1.0.0'

const id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/))
const did = v.pipe(v.string(), v.check(isDid))
const whole = (from: number, to: number) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(from), v.maxValue(to))

export const termShapes = {
  minCopies: whole(1, 100),
  // A peer that asked for less would have us ask it all the time.
  intervalSec: whole(60, 31 * 86_400),
  priority: whole(0, 100),
}
const terms = { ...termShapes, createdAt: whole(0, Number.MAX_SAFE_INTEGER) }

const offerShape = v.pipe(
  v.object({ type: v.literal('offer'), id, subject: v.optional(did), wants: v.optional(did), ...terms }),
  v.check(({ subject, wants }) => subject !== undefined || wants !== undefined),
)
const acceptShape = v.object({ type: v.literal('accept'), id, offer: id, ...terms })
const endShape = v.object({ type: v.literal('end'), id, purge: v.boolean() })

export const messageShape = v.union([offerShape, acceptShape, endShape])
export type Message = v.InferOutput<typeof messageShape>
export type OfferMessage = v.InferOutput<typeof offerShape>
export type AcceptMessage = v.InferOutput<typeof acceptShape>
export type EndMessage = v.InferOutput<typeof endShape>

export const answerShape = v.object({
  /** pending: it is there, nobody has said yes. unknown: no such offer here. refused: see `reason` */
  status: v.picklist(['pending', 'active', 'ended', 'refused', 'unknown']),
  /** with `active`: the answering side's own offer */
  offer: v.optional(v.object({ id, ...terms })),
  purged: v.optional(v.picklist(['purged', 'kept', 'nothing'])),
  reason: v.optional(v.pipe(v.string(), v.maxLength(64))),
})
export type Answer = v.InferOutput<typeof answerShape>

/** What a row has to say to the other side; undefined when there is nothing. */
export function messageOf(row: AgreementRow): Message | undefined {
  const { due, mine, yours, ours, theirs, purge } = row
  if (due?.what === 'end') {
    // They know their own offer; ours may never have reached them.
    const known = yours?.id ?? mine?.id
    return known === undefined ? undefined : { type: 'end', id: known, purge }
  }
  if (due === undefined || mine === undefined) return undefined
  const { id, ...rest } = termsOf(mine)
  if (due.what === 'accept' && yours !== undefined)
    return { type: 'accept', id: yours.id, offer: id, ...rest }
  return {
    type: 'offer',
    id,
    ...(theirs === undefined ? {} : { subject: theirs }),
    ...(ours === undefined ? {} : { wants: ours }),
    ...rest,
  }
}

/** An offer and nothing else. */
export const termsOf = ({ id, minCopies, intervalSec, priority, createdAt }: Offer): Offer => ({
  id,
  minCopies,
  intervalSec,
  priority,
  createdAt,
})
