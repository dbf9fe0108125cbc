import { parseOperation } from '../members/operation.ts'
import type { SpaceRow } from './model.ts'
import type { VaultParts } from './parts.ts'
import { hidesPast } from './past.ts'

/** Brings the row in step with what the members' operations and the content say. */
export async function settleStanding(parts: VaultParts): Promise<void> {
  const row = parts.row()
  const person = parts.persons.personOf(parts.device().id) ?? row.person
  const title = parts.content.get('space', 'space')?.fields.title ?? row.title
  const state = stateOf(parts, row, person)
  const hidePast = hidesPast(parts)
  const isSame =
    person === row.person && title === row.title && state === row.state && hidePast === row.hidePast
  if (!isSame) await parts.patch({ person, title, state, hidePast })
}

function stateOf(parts: VaultParts, row: SpaceRow, person: string | undefined): SpaceRow['state'] {
  if (parts.role() !== 'none') return 'member'
  if (row.state !== 'member') return row.state
  return person !== undefined && hasLeft(parts, person) ? 'left' : 'removed'
}

/** Whether the newest word about this person's role is that they left. */
function hasLeft({ log, host }: VaultParts, person: string): boolean {
  for (const cid of log.members.all().toReversed()) {
    const { act } = parseOperation(log.members.bytesOf(cid), host.sha256).operation
    if (act.kind === 'leave' && act.body.person === person) return true
    if (act.kind === 'role' && act.body.person === person) return false
  }
  return false
}
