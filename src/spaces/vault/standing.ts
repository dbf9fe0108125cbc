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
  // Who is in has nothing to go back to.
  const isBack = state === 'member' && row.was !== undefined
  const isSame =
    person === row.person && title === row.title && state === row.state && hidePast === row.hidePast
  if (isSame && !isBack) return
  await parts.patch({ person, title, state, hidePast, ...(isBack ? { was: undefined } : {}) })
}

function stateOf(parts: VaultParts, row: SpaceRow, person: string | undefined): SpaceRow['state'] {
  if (parts.role() !== 'none') return 'member'
  if (row.state === 'asked' || row.state === 'declined') return answerOf(parts) ?? row.state
  if (row.state !== 'member') return row.state
  return person !== undefined && hasLeft(parts, person) ? 'left' : 'removed'
}

/** What became of the request of this device; undefined where it has made none that counts. */
function answerOf({ log, device }: VaultParts): 'asked' | 'declined' | undefined {
  const { links, asks } = log.members.state()
  const own = device().id
  if (asks.some((it) => it.device === own)) return 'asked'
  const hasAsked = links.some(({ record, joins }) => record.approval && joins.some((it) => it.device === own))
  return hasAsked ? 'declined' : undefined
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
