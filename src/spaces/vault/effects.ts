import { kindOf } from '../content/ids.ts'
import type { Content, InnerPlace } from '../content/model.ts'
import type { Ignored, VaultChange } from './model.ts'

/** True for what makes an entity; all else is handed on as it is. */
export const isEntity = ({ collection }: InnerPlace): boolean => kindOf(collection) !== undefined

/** What happened since it was last told. */
export interface Effects {
  /** An inner place of a device has this value now. */
  put(device: string, place: InnerPlace, value: Uint8Array | undefined): void
  /** Everything of a device is gone; `places` are those of it that are no entities. */
  drop(device: string, places: readonly InnerPlace[]): void
  members(): void
  ignored(what: Ignored): void
  onIgnored(listener: (what: Ignored) => void): () => void
  onChange(listener: (change: VaultChange) => void): () => void
  /** Tells what changed, if anything did. */
  tell(): void
}

export function createEffects(content: Content): Effects {
  const changed = new Set<(change: VaultChange) => void>()
  const faults = new Set<(what: Ignored) => void>()
  let records: VaultChange['records'][number][] = []
  let members = false
  const ignored = (what: Ignored): void => {
    for (const listener of faults) listener(what)
  }
  const listen = <T>(listeners: Set<T>, listener: T): (() => void) => {
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }
  return {
    put(device, place, value) {
      if (!isEntity(place)) {
        records.push({ device, ...place })
        return
      }
      const fault = content.put(device, place, value)
      if (fault !== undefined) ignored({ code: fault.code, device, fields: { ...fault.place } })
    },
    drop(device, places) {
      content.drop(device)
      for (const place of places) records.push({ device, ...place })
    },
    members() {
      content.membersChanged()
      members = true
    },
    ignored,
    onIgnored: (listener) => listen(faults, listener),
    onChange: (listener) => listen(changed, listener),
    tell() {
      const change: VaultChange = { entities: content.takeChanged(), records, members }
      records = []
      members = false
      if (change.entities.length === 0 && change.records.length === 0 && !change.members) return
      for (const listener of changed) listener(change)
    },
  }
}
