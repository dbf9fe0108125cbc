import { linkState } from '../../spaces/links/accept.ts'
import type { MembersState } from '../../spaces/members/state.ts'

/** Whether a key is that of a join link by which one can still come in, at a time by this clock (ms since 1970). */
export const isLiveLink = ({ links }: MembersState, key: string, now: number): boolean =>
  links.some(
    ({ record, mayAdmit, joins, closings }) =>
      record.link === key && mayAdmit && linkState(record, joins.length, closings, now) === 'live',
  )
