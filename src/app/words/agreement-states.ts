import type { Agreement } from '../../cairn/api.ts'
import { formatDuration, plural } from '../lib/format.ts'

const PURGED: Readonly<Record<NonNullable<Agreement['purged']>, string>> = {
  purged: 'They deleted their copy.',
  kept: 'They keep their copy nevertheless.',
  nothing: 'They had no copy to delete.',
}

/** What an agreement says, and how it stands. `who` is the other side. */
export function agreementSentences(
  agreement: Agreement,
  who: string,
  nameOf: (did: string) => string,
): readonly string[] {
  const { state, endedBy, waiting, refused, purged } = agreement
  const said = [promise(agreement, nameOf)]
  if (state === 'ended') said.push(endedBy === 'them' ? `${who} ended it.` : 'You ended it.')
  if (waiting && refused === undefined) said.push(`It reaches ${who} when both of you are online.`)
  if (refused !== undefined)
    said.push(
      refused === 'limit'
        ? 'They have as many agreements as they take for now. They are asked again by themselves.'
        : 'They could not take it so far. They are asked again by themselves.',
    )
  if (purged !== undefined) said.push(PURGED[purged])
  return said
}

function promise({ state, ours, theirs }: Agreement, nameOf: (did: string) => string): string {
  const mine = ours === undefined ? undefined : nameOf(ours)
  const yours = theirs === undefined ? undefined : nameOf(theirs)
  switch (state) {
    case 'incoming':
      return sides(mine, yours, 'They offer to keep', 'They ask you to keep', 'and ask you to keep')
    case 'offered':
      return sides(mine, yours, 'You asked them to keep', 'You offered to keep', 'and offered to keep')
    case 'active':
      return sides(mine, yours, 'They keep', 'You keep', 'and you keep')
    case 'ended':
      return sides(mine, yours, 'They kept', 'You kept', 'and you kept')
  }
}

function sides(
  mine: string | undefined,
  yours: string | undefined,
  they: string,
  you: string,
  and: string,
): string {
  if (mine !== undefined && yours !== undefined) return `${they} ${mine} for you, ${and} ${yours} for them.`
  if (mine !== undefined) return `${they} ${mine} for you.`
  return yours === undefined ? 'Neither side keeps anything.' : `${you} ${yours} for them.`
}

/** "At least 2 copies, looked at every 10 min, priority 50 of 100." */
export function agreementTerms({ minCopies, intervalSec, priority }: Agreement): string {
  const copies = plural(minCopies, 'copy', 'copies')
  return `At least ${copies}, looked at every ${formatDuration(intervalSec)}, priority ${priority} of 100.`
}
