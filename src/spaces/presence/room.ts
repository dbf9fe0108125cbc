import type { Timers } from '../../core/timers.ts'
import type { Role } from '../members/model.ts'
import type { PresentDevice } from './model.ts'
import { type Here, sameHere } from './word.ts'

/** After this long without a word a device is gone: two beats may be lost, and five seconds are not reached. */
export const SILENCE_MS = 4500

/** Who is in the room: only members are put into it, so it is as large as a space. */
export function createRoom(options: {
  readonly timers: Timers
  readonly roleOf: (device: string) => Role
  readonly onChange: () => void
}) {
  const { timers, roleOf, onChange } = options
  const devices = new Map<string, { readonly here: PresentDevice; readonly stop: () => void }>()

  function leave(device: string): void {
    devices.get(device)?.stop()
    if (devices.delete(device)) onChange()
  }

  return {
    /** Where a device is now; undefined: gone. */
    put(device: string, here: Here | undefined): void {
      if (here === undefined) {
        leave(device)
        return
      }
      const before = devices.get(device)
      before?.stop()
      const { where, typing, cursor } = here
      const stop = timers.after(SILENCE_MS, () => leave(device))
      devices.set(device, { here: { device, where, typing, cursor }, stop })
      if (before === undefined || !sameHere(before.here, here)) onChange()
    },
    /** Those who still have access, ascending. */
    list: (): readonly PresentDevice[] =>
      [...devices.values()]
        .map(({ here }) => here)
        .filter(({ device }) => roleOf(device) !== 'none')
        .sort((a, b) => (a.device < b.device ? -1 : 1)),
    close(): void {
      for (const { stop } of devices.values()) stop()
      devices.clear()
    },
  }
}
