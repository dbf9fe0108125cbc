import { emptyPublished, keepsOther, publishedState, type PublishedRow } from './model.ts'
import type { Published } from './records.ts'

interface Reading {
  readonly me: string
  readonly other: string
  /** all that the other account has published now */
  readonly published: Published
  readonly now: number
}

/**
 * What an account's records make of our row about it. The records are the agreement: an offer that is there
 * holds, and one that is no more has ended, whichever side's it was. Gives the row itself when nothing is new,
 * undefined when there is nothing between the two.
 */
export function afterReading(
  row: PublishedRow | undefined,
  { me, other, published, now }: Reading,
): PublishedRow | undefined {
  const { offers, consents, peers } = published
  const offer = offers.find(({ subject }) => subject === me)
  const yours = offer && {
    minCopies: offer.minCopies,
    intervalSec: offer.intervalSec,
    priority: offer.priority,
  }
  const read = { yours, consent: consents.length > 0, peers, readAt: now }

  if (row?.ended !== undefined) {
    // One that was there when it ended is the one that ended: only another one is new.
    const isNew = offer !== undefined && (row.yours === undefined || (offer.createdAt ?? 0) > row.ended.at)
    if (isNew && row.due === undefined)
      return { ...emptyPublished(me, other, now), handle: row.handle, ...read }
    return row.yours === undefined || offer !== undefined ? row : { ...row, yours: undefined }
  }
  if (row === undefined)
    return yours === undefined ? undefined : { ...emptyPublished(me, other, now), ...read }

  const next: PublishedRow = { ...row, ...read }
  if (publishedState(next) === 'incoming' && yours === undefined) return undefined
  const lost = keepsOther(row) && !keepsOther(next)
  // Its end is ours too, as with agreements that are made directly; and it asks for our copy to go.
  if (lost)
    return { ...next, mine: undefined, due: 'delete', ended: { by: 'them', at: now }, purgeHere: 'due' }
  return next
}
