import { CairnError, hasCode } from '../../core/errors.ts'
import type { SpaceRow } from '../../spaces/vault/model.ts'
import type { SpacesNet } from '../network/spaces-net.ts'
import type { SpaceSummary } from '../space-model.ts'
import type { OpenSpace } from './open-space.ts'
import { summaryOf } from './summary.ts'

/**
 * All spaces of these rows, changed last first. One that does not open shows what its row remembers, with its `fault`,
 * and keeps no other from the list; one that was forgotten meanwhile is left out.
 */
export async function listSpaces(
  rows: readonly SpaceRow[],
  use: (space: string) => Promise<OpenSpace>,
  net: SpacesNet | undefined,
): Promise<readonly SpaceSummary[]> {
  const found = await Promise.all(
    rows.map(async (row) => {
      try {
        return await summaryOf(await use(row.space), net)
      } catch (error) {
        return hasCode(error, 'spaces.not-here') ? undefined : unopenedSummary(row, error)
      }
    }),
  )
  return found.filter((it) => it !== undefined).sort((a, b) => b.changedAt - a.changedAt)
}

/** What is known of a space without opening it, and why it does not open. */
function unopenedSummary({ space, title, state, joinedAt }: SpaceRow, error: unknown): SpaceSummary {
  const { code, fields } = error instanceof CairnError ? error : new CairnError('app.unexpected')
  return {
    ...{ space, title, state, joinedAt, changedAt: joinedAt },
    role: 'none',
    fault: { code, fields },
    ...{ members: 0, unread: 0, mentions: 0, storedBytes: 0 },
    sync: { connected: 0, current: 0, known: 0, unsent: 0, answeredAt: undefined },
  }
}
