import { type Clock, leftOf } from '../../core/clock.ts'
import type { KeptAgreement, OnChange } from '../../sync/agreements/model.ts'
import type { ActivityLog } from '../activity.ts'
import type { ActivityItem, ActivityKind } from '../model.ts'

/** Anyone may offer, as often as they like; so many offers an hour are told of, and all are in the list. */
const STRANGERS_AN_HOUR = 30
const HOUR = 3_600_000

type State = KeptAgreement['state']

/** Notes in the history what becomes of agreements, whichever side did it. */
export function createAgreementNotes(
  log: Pick<ActivityLog, 'note'>,
  clock: Clock,
): (...change: Parameters<OnChange>) => Promise<void> {
  let since = Number.NEGATIVE_INFINITY
  let strangers = 0
  const mayNote = (): boolean => {
    const now = clock.now()
    if (leftOf(HOUR, since, now) === 0) [since, strangers] = [now, 0]
    return ++strangers <= STRANGERS_AN_HOUR
  }

  return async (agreement, before) => {
    const news = newsOf(agreement, before)
    if (news === undefined) return
    const { peer, ours, theirs, state } = agreement
    const { kind, by, level } = news
    // Until it is agreed, nothing of it needs our consent.
    const isStrange = by === 'them' && (state === 'incoming' || before === 'incoming')
    if (isStrange && !mayNote()) return
    const fields = { peer, by, before, ours, theirs }
    await log.note({ did: ours ?? theirs, kind, fields: present(fields), level })
  }
}

interface News {
  readonly kind: ActivityKind & `agreement.${string}`
  /** whose doing it was */
  readonly by: 'us' | 'them'
  readonly level: ActivityItem['level']
}

function newsOf({ state, endedBy = 'us' }: KeptAgreement, before: State | undefined): News | undefined {
  if (state === before) return undefined
  switch (state) {
    case 'offered':
      // One that they have lost is offered to them again by itself.
      return before === undefined ? { kind: 'agreement.offered', by: 'us', level: 'info' } : undefined
    case 'incoming':
      return { kind: 'agreement.offered', by: 'them', level: 'info' }
    case 'active':
      return { kind: 'agreement.accepted', by: before === 'incoming' ? 'us' : 'them', level: 'good' }
    case 'ended':
      // Someone keeps a copy no more who had said that they would.
      return {
        kind: 'agreement.ended',
        by: endedBy,
        level: endedBy === 'them' && before === 'active' ? 'warning' : 'info',
      }
  }
}

const present = (fields: Readonly<Record<string, string | undefined>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
