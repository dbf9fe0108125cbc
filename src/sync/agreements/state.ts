import {
  type AgreementRow,
  DEFAULT_TERMS,
  type KeptAgreement,
  LIMITS,
  type Offer,
  type Terms,
} from './model.ts'
import { type AcceptMessage, type Answer, type EndMessage, type OfferMessage, termsOf } from './wire.ts'

// What messages and answers make of an agreement. An agreement is two offers that match: it is active as soon
// as a row has both, whichever way they came. So each of these can run twice, and in any order.

/** What a message makes of the rows of its peer: the row that changed, if one did, and what to answer. */
export interface Outcome {
  readonly row?: AgreementRow
  readonly answer: Answer
}

export const stateOf = ({ ended, mine, yours }: AgreementRow): KeptAgreement['state'] => {
  if (ended !== undefined) return 'ended'
  if (mine === undefined) return 'incoming'
  return yours === undefined ? 'offered' : 'active'
}

/** What holds between two offers: the most copies, the shortest interval, the highest priority. */
export const effectiveTerms = (a: Terms, b: Terms): Terms => ({
  minCopies: Math.max(a.minCopies, b.minCopies),
  intervalSec: Math.min(a.intervalSec, b.intervalSec),
  priority: Math.max(a.priority, b.priority),
})

export function viewOf(row: AgreementRow): KeptAgreement {
  const { id, peer, ours, theirs, mine, yours, createdAt, ended, refused, purged } = row
  const one = mine ?? yours ?? DEFAULT_TERMS
  const { minCopies, intervalSec, priority } = effectiveTerms(one, yours ?? one)
  return {
    id,
    peer,
    ours,
    theirs,
    state: stateOf(row),
    minCopies,
    intervalSec,
    priority,
    createdAt,
    endedBy: ended?.by,
    endedAt: ended?.at,
    waiting: row.due !== undefined || row.purgeHere === 'due',
    refused,
    purged,
  }
}

export const emptyRow = (peer: string, id: string, now: number): AgreementRow => ({
  id: `${peer}/${id}`,
  peer,
  ours: undefined,
  theirs: undefined,
  mine: undefined,
  yours: undefined,
  gone: undefined,
  createdAt: now,
  ended: undefined,
  due: undefined,
  serial: 0,
  refused: undefined,
  purge: false,
  purged: undefined,
  purgeHere: undefined,
})

/** The row with something new to tell the other side, in place of what waited. */
export const withDue = (row: AgreementRow, what: 'offer' | 'accept' | 'end'): AgreementRow => ({
  ...row,
  due: { what, n: row.serial + 1 },
  serial: row.serial + 1,
  refused: undefined,
})

const answerOf = (row: AgreementRow): Answer => {
  if (row.ended !== undefined) return { status: 'ended' }
  return row.mine === undefined || row.yours === undefined
    ? { status: 'pending' }
    : { status: 'active', offer: termsOf(row.mine) }
}

export function takeOffer(
  rows: readonly AgreementRow[],
  message: OfferMessage,
  fresh: { readonly peer: string; readonly now: number; readonly mayAdd: boolean },
): Outcome {
  const { id, subject, wants } = message
  const known = rows.find(({ yours, gone }) => yours?.id === id || gone === id)
  if (known !== undefined) return { answer: answerOf(known) }
  if (rows.some(({ mine }) => mine?.id === id)) return { answer: { status: 'refused', reason: 'id' } }
  const yours = termsOf(message)
  // We offered them the same, perhaps at this moment: then both have said what an acceptance says.
  const match = rows.find((row) => row.ended === undefined && row.ours === subject && row.theirs === wants)
  if (match !== undefined) {
    const row = { ...match, yours }
    return { row, answer: answerOf(row) }
  }
  if (!fresh.mayAdd) return { answer: { status: 'refused', reason: 'limit' } }
  const row = { ...emptyRow(fresh.peer, id, fresh.now), ours: subject, theirs: wants, yours }
  return { row, answer: answerOf(row) }
}

export function takeAccept(rows: readonly AgreementRow[], message: AcceptMessage): Outcome {
  const known = rows.find(({ mine }) => mine?.id === message.id)
  if (known === undefined) return { answer: { status: 'unknown' } }
  if (known.ended !== undefined) return { answer: answerOf(known) }
  const yours: Offer = termsOf({ ...message, id: message.offer })
  // Our offer has reached them, whether or not its answer came back.
  const row = { ...known, yours, due: known.due?.what === 'offer' ? undefined : known.due }
  return { row, answer: answerOf(row) }
}

export function takeEnd(
  rows: readonly AgreementRow[],
  { id, purge }: EndMessage,
  fresh: { readonly peer: string; readonly now: number; readonly mayAdd: boolean },
): Outcome {
  const known = rows.find(({ mine, yours, gone }) => mine?.id === id || yours?.id === id || gone === id)
  const ended = { by: 'them', at: fresh.now } as const
  const answer: Answer = { status: 'ended', purged: 'nothing' }
  // It overtook its offer, or that was forgotten: the offer, should it still come, is over.
  if (known === undefined)
    return {
      answer,
      ...(fresh.mayAdd ? { row: { ...emptyRow(fresh.peer, id, fresh.now), gone: id, ended } } : {}),
    }
  const row: AgreementRow = {
    ...known,
    ended: known.ended ?? ended,
    due: known.due?.what === 'end' ? known.due : undefined,
    purgeHere: purge && keepsTheirs(known) ? (known.purgeHere ?? 'due') : known.purgeHere,
  }
  return { row, answer }
}

/** Both had agreed that we keep a repo of theirs. */
export const keepsTheirs = ({ mine, yours, theirs }: AgreementRow): boolean =>
  mine !== undefined && yours !== undefined && theirs !== undefined

/** What the answer to what was due makes of the row, which may have changed since it was sent. */
export function afterAnswer(
  row: AgreementRow,
  sent: NonNullable<AgreementRow['due']>,
  answer: Answer,
  now: number,
): AgreementRow {
  const done = row.due?.n === sent.n ? { ...row, due: undefined, refused: undefined } : row
  switch (answer.status) {
    case 'pending':
      return done
    case 'active':
      return row.ended === undefined && answer.offer !== undefined ? { ...done, yours: answer.offer } : done
    case 'ended':
      return {
        ...done,
        ended: row.ended ?? { by: 'them', at: now },
        purged: sent.what === 'end' && row.purge ? answer.purged : row.purged,
      }
    case 'refused':
      return { ...row, refused: answer.reason ?? 'refused' }
    case 'unknown':
      // They have lost our agreement, not their wish for it: it is offered to them.
      return sent.what === 'accept' && row.due?.n === sent.n
        ? { ...withDue(row, 'offer'), yours: undefined }
        : { ...row, refused: 'unknown' }
  }
}

/** Ended rows of a peer that may be forgotten: the oldest of too many, when nothing about them waits. */
export function forgettable(rows: readonly AgreementRow[]): AgreementRow[] {
  const over = rows.filter(
    (row) => row.ended !== undefined && row.due === undefined && row.purgeHere !== 'due',
  )
  return over
    .toSorted((a, b) => (a.ended?.at ?? 0) - (b.ended?.at ?? 0))
    .slice(0, Math.max(0, over.length - LIMITS.endedPerPeer))
}
