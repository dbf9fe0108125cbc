import type { RecoveryFinder } from '../../spaces/keys/finder.ts'
import type { RecoveryList } from '../../spaces/keys/list.ts'
import type { Storage } from '../../storage/port.ts'

/** Table `network`: what is left of a recovery once the person has its words. The secret itself is nowhere here. */
const KEY = 'recovery'

export interface RecoveryRow {
  readonly finder: RecoveryFinder
  readonly confirmedAt: number
  readonly list: RecoveryList
  /** devices by which it opens spaces */
  readonly devices: readonly string[]
  /** devices of recoveries that were before it: they are told nothing, and are to be in no space any more */
  readonly retired?: readonly string[]
  /** lists of recoveries before it that relays have yet to take away */
  readonly gone?: readonly GoneList[]
  /** relays that keep the list with this counter */
  readonly at: readonly { readonly relay: string; readonly counter: number }[]
  /** another device of the person made it, and told this one */
  readonly byOther?: boolean
  /** the person's other devices that know of it, as `{space} {device}` */
  readonly told?: readonly string[]
}

export interface GoneList extends Pick<RecoveryFinder, 'place' | 'owner'> {
  readonly relay: string
}

export interface RecoveryRows {
  read(): Promise<RecoveryRow | undefined>
  write(row: RecoveryRow): Promise<void>
  /** Whether a device is one by which this person's recovery opens a space. */
  has(device: string): boolean
}

/** Of a recovery that takes the place of this one. */
export const retiredBy = (before: RecoveryRow | undefined): readonly string[] => [
  ...(before?.retired ?? []),
  ...(before?.devices ?? []),
]

/** What relays keep of a recovery whose place another takes. */
export const goneWith = (before: RecoveryRow | undefined): readonly GoneList[] => [
  ...(before?.gone ?? []),
  ...(before?.at ?? []).map(({ relay }) => ({
    ...{ relay, place: before?.finder.place ?? '', owner: before?.finder.owner ?? '' },
  })),
]

export async function createRecoveryRows(storage: Storage, onChange: () => void): Promise<RecoveryRows> {
  // only this file writes it
  const read = async (): Promise<RecoveryRow | undefined> =>
    (await storage.get('network', KEY)) as RecoveryRow | undefined
  let devices = new Set((await read())?.devices)
  return {
    read,
    async write(row) {
      await storage.write([{ type: 'put', table: 'network', key: KEY, value: row }])
      devices = new Set(row.devices)
      onChange()
    },
    has: (device) => devices.has(device),
  }
}
