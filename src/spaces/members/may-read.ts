import { linkState } from '../links/accept.ts'
import type { MembersState } from './state.ts'

/**
 * Whether a key may have what lies in a space, sealed as it is, at a time by this clock (ms since 1970): that of a
 * device with a role; of a join link by which one can still come in; of a device whose request waits, which has to hear
 * the answer whatever became of its link.
 */
export const mayRead = (state: MembersState, key: string, now: number): boolean =>
  state.devices.has(key) || isLiveLink(state, key, now) || state.asks.some(({ device }) => device === key)

/** Whether a key is that of a join link by which one can still come in. */
export const isLiveLink = ({ links }: MembersState, key: string, now: number): boolean =>
  links.some(
    ({ record, mayAdmit, joins, closings }) =>
      record.link === key && mayAdmit && linkState(record, joins.length, closings, now) === 'live',
  )
