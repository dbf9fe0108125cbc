import { CairnError } from '../../core/errors.ts'
import { parseKeyCard } from '../key-card.ts'
import type { Members } from '../members/members.ts'
import type { LogRow, NumberedRow } from './rows.ts'

/**
 * Puts into the members what was kept, in order, and gives the rows that are in. What cannot be read, or follows such
 * a row, stays where it is and is asked of others again; a later version of this may read it.
 */
export function loadRows(members: Members, rows: readonly NumberedRow[]): NumberedRow[] {
  const good: NumberedRow[] = []
  let left = [...rows]
  // Parents lie before their children, unless an unreadable row was asked for again: then there is a second turn.
  for (let before = -1; before !== left.length;) {
    before = left.length
    left = left.filter((row) => {
      const is = restore(members, row)
      if (is === 'in') good.push(row)
      return is === 'waits'
    })
  }
  return good
}

function restore(members: Members, { kind, bytes }: LogRow): 'in' | 'waits' | 'bad' {
  try {
    if (kind === 'operation') return members.restore(bytes) ? 'in' : 'waits'
    return members.knows(parseKeyCard(bytes).card.device) ? 'in' : 'waits'
  } catch (error) {
    if (error instanceof CairnError) return 'bad'
    throw error
  }
}
