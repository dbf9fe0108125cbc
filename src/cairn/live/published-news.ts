import type { PublishedState, PublishedView } from '../../sync/published/model.ts'
import type { ActivityItem, ActivityKind } from '../model.ts'

export interface PublishedNews {
  readonly did: string
  readonly kind: ActivityKind & `agreement.${string}`
  readonly fields: Readonly<Record<string, unknown>>
  readonly level: ActivityItem['level']
}

/** What becomes of a published agreement, for the history; undefined when nothing does. The other side is an account. */
export function newsOfPublished(
  { me, other, handle, state, endedBy = 'us' }: PublishedView,
  before: PublishedState | undefined,
): PublishedNews | undefined {
  if (state === before) return undefined
  const who = { peer: other, peerName: handle === undefined ? other : `@${handle}` }
  const note = (
    kind: PublishedNews['kind'],
    by: 'us' | 'them',
    level: ActivityItem['level'],
  ): PublishedNews => ({
    did: me,
    kind,
    fields: { ...who, by, ours: me, theirs: other, ...(before && { before }) },
    level,
  })
  switch (state) {
    case 'offered':
      return before === undefined ? note('agreement.offered', 'us', 'info') : undefined
    case 'incoming':
      return note('agreement.offered', 'them', 'info')
    case 'active':
    case 'one-way':
      if (before === 'active' || before === 'one-way') return undefined
      return note('agreement.accepted', before === 'incoming' ? 'us' : 'them', 'good')
    case 'ended': {
      const broken = endedBy === 'them' && (before === 'active' || before === 'one-way')
      return note('agreement.ended', endedBy, broken ? 'warning' : 'info')
    }
  }
}
