import { CLOSING_REASONS, type ClosingReason, type LinkClosing } from './closing.ts'
import type { Join } from './join.ts'
import type { LinkRecord } from './record.ts'

/** Why a join does not count. */
export type IgnoredBecause =
  /** of another space or link */
  | 'other'
  /** from before the link was made, by its own word */
  | 'early'
  /** from after its end, by its own word */
  | 'expired'
  /** a closing does not list it */
  | 'closed'
  /** the device has an earlier one */
  | 'again'
  /** others came first, and that was all */
  | 'surplus'

/** What is asked about a join. */
export type JoinClaim = Pick<Join, 'space' | 'link' | 'device' | 'at' | 'id'>

export interface Acceptance<J extends JoinClaim = Join> {
  /** joins that count, by time and id; with `approval` they ask, and an admin's operation lets in */
  readonly accepted: readonly J[]
  readonly ignored: ReadonlyMap<string, IgnoredBecause>
}

/**
 * Which joins count: docs/spaces.md, "Which joins count". A function of the two sets, so each member finds the same
 * when it has the same, in whatever order and however often it came. A closing only ever takes away. `closings` are
 * those whose makers may close.
 */
export function acceptJoins<J extends JoinClaim>(
  record: LinkRecord,
  joins: Iterable<J>,
  closings: readonly LinkClosing[],
): Acceptance<J> {
  const lists = closings.filter((it) => isOf(record, it)).map((it) => new Set(it.joins))
  const accepted: J[] = []
  const ignored = new Map<string, IgnoredBecause>()
  const devices = new Set<string>()
  for (const join of inOrder(joins)) {
    const reason =
      ownFault(record, join) ??
      (lists.every((it) => it.has(join.id)) ? undefined : 'closed') ??
      (devices.has(join.device) ? 'again' : undefined) ??
      (accepted.length < record.uses ? undefined : 'surplus')
    if (reason === undefined) {
      devices.add(join.device)
      accepted.push(join)
    } else {
      ignored.set(join.id, reason)
    }
  }
  return { accepted, ignored }
}

const isOf = (record: LinkRecord, it: { readonly space: string; readonly link: string }): boolean =>
  it.space === record.space && it.link === record.link

/** Each once, by time, then by id. */
function inOrder<J extends JoinClaim>(joins: Iterable<J>): J[] {
  const byId = new Map<string, J>()
  for (const join of joins) byId.set(join.id, join)
  return [...byId.values()].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
}

function ownFault(record: LinkRecord, join: JoinClaim): IgnoredBecause | undefined {
  if (!isOf(record, join)) return 'other'
  if (join.at < record.created) return 'early'
  return record.expires !== null && join.at >= record.expires ? 'expired' : undefined
}

/** What a link says to who opens it. */
export type LinkState = 'live' | ClosingReason

/** How a link is, at `now` (ms since 1970) by the clock of who asks. */
export function linkState(
  record: LinkRecord,
  accepted: number,
  closings: readonly LinkClosing[],
  now: number,
): LinkState {
  const own = closings.filter((it) => isOf(record, it))
  const closed = CLOSING_REASONS.find((reason) => own.some((it) => it.reason === reason))
  if (closed !== undefined) return closed
  if (record.expires !== null && now >= record.expires) return 'expired'
  return accepted >= record.uses ? 'used-up' : 'live'
}
