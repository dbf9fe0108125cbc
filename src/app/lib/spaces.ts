import type { SpaceSummary } from '../../cairn/api.ts'
import { useLive, type Live } from './live.ts'

/** All spaces of this device, and what is new in them. */
export function useSpaces(): Live<readonly SpaceSummary[]> {
  return useLive(
    'spaces',
    (cairn) => cairn.spaces.list(),
    (event) => event.type === 'spaces' || event.type === 'space',
  )
}

/** For the count beside their place in the navigation. */
export function useUnreadOfAll(): number {
  return (useSpaces().value ?? []).reduce((sum, { unread }) => sum + unread, 0)
}
