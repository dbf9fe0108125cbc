import type { Members } from '../members/members.ts'
import type { EpochView } from './choose.ts'

/** What the members of a space say to who chooses an epoch, as of now: ask anew when something entered. */
export function epochViewOf({ state, history }: Pick<Members, 'state' | 'history'>): EpochView {
  return {
    access: new Set(state().devices.keys()),
    accessAt: history.accessAt,
    couldWrite(device, heads) {
      const role = history.roleAt(device, heads)
      return role === 'writer' || role === 'admin'
    },
    barriers: history.barriers(),
    knew: history.isAt,
    cameWith: history.cameWith,
  }
}
