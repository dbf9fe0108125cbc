import { commonCounter } from './clock.ts'
import { isEntityId, isOfTag, isOwned, itemOf, kindOf, personTag } from './ids.ts'
import type { Counted, View } from './merge.ts'
import { viewOf } from './merge.ts'
import type { ContentFault, InnerPlace, Kind, WhoIs } from './model.ts'
import { misfit, readRegister, type Register } from './register.ts'

/** A clock may be so far ahead of ours before it is told, ms. */
const AHEAD = 600_000

/** What one device gave. */
export interface Device {
  readonly id: string
  person: string | undefined
  tag: string
  isAdmin: boolean
  readonly items: Set<Item>
  /** records that are nothing, by item or place, and why: told once */
  readonly refused: Map<string, string>
  /** greatest clock of its registers; undefined when it has to be looked for */
  clock: number | undefined
}

export interface Item {
  readonly key: string
  readonly kind: Kind
  readonly id: string
  readonly registers: Map<Device, Register>
  view: View | undefined
}

export interface ReplicaOptions {
  readonly who: WhoIs
  /** ms since 1970 by this device's clock, for `clockAhead` alone */
  readonly now?: (() => number) | undefined
  /** Told when a view became another. */
  readonly onView: (item: Item, before: View | undefined, after: View | undefined) => void
}

/** The registers of all devices, and the views that they make: made when they are asked for. */
export interface Replica {
  put(device: string, place: InnerPlace, value: Uint8Array | undefined): ContentFault | undefined
  drop(device: string): void
  membersChanged(): void
  setUnsent(items: Iterable<string>): void
  /** Makes all views that are due. */
  settle(): void
  item(key: string): Item | undefined
  device(id: string): Device | undefined
  /** Registers of an item that count. */
  counted(item: Item): readonly Counted[]
  /** the counter that all go on from */
  counter(): number
  takeChanged(): readonly string[]
}

export function createReplica({ who, now, onView }: ReplicaOptions): Replica {
  const devices = new Map<string, Device>()
  const items = new Map<string, Item>()
  const due = new Set<Item>()
  /** whose clock is ahead of ours, until ours is there */
  const ahead = new Set<Item>()
  let changed = new Set<string>()
  let unsent: ReadonlySet<string> = new Set()

  function touch(item: Item): void {
    due.add(item)
    changed.add(item.key)
  }

  function deviceOf(id: string): Device {
    const known = devices.get(id)
    if (known !== undefined) return known
    const device: Device = { id, ...standing(id), items: new Set(), refused: new Map(), clock: 0 }
    devices.set(id, device)
    return device
  }

  function standing(id: string): Pick<Device, 'person' | 'tag' | 'isAdmin'> {
    const person = who.personOf(id)
    if (person === undefined) return { person, tag: '', isAdmin: false }
    return { person, tag: personTag(person), isAdmin: who.roleOf(person) === 'admin' }
  }

  function take(device: Device, item: Item): void {
    const register = item.registers.get(device)
    if (register === undefined) return
    item.registers.delete(device)
    device.items.delete(item)
    if (register.clock === device.clock) device.clock = undefined
    touch(item)
  }

  function counted(item: Item): readonly Counted[] {
    const out: Counted[] = []
    for (const [device, register] of item.registers) {
      if (device.person !== undefined && standsFor(device, item.kind, item.id) === undefined)
        out.push({ device: device.id, person: device.person, register })
    }
    return out
  }

  function settle(): void {
    const latest = now === undefined ? Number.POSITIVE_INFINITY : now() + AHEAD
    for (const item of ahead) if ((item.view?.latestAt ?? 0) <= latest) touch(item)
    for (const item of due) {
      const before = item.view
      const told = { isHidden: who.isHidden(item.key), isUnsent: unsent.has(item.key), latest }
      item.view = viewOf(item.kind, item.id, counted(item), told)
      if (item.view?.entity.clockAhead === true) ahead.add(item)
      else ahead.delete(item)
      if (item.registers.size === 0) items.delete(item.key)
      onView(item, before, item.view)
    }
    due.clear()
  }

  function clockOf(device: Device): number {
    if (device.clock === undefined) {
      device.clock = 0
      for (const item of device.items)
        device.clock = Math.max(device.clock, item.registers.get(device)?.clock ?? 0)
    }
    return device.clock
  }

  /** What is wrong with a record; it is taken in when it is a register at all. */
  function takeIn(
    device: Device,
    kind: Kind | undefined,
    rkey: string,
    value: Uint8Array,
  ): Refusal | undefined {
    if (kind === undefined) return { code: 'content.unknown-kind' }
    if (!isEntityId(kind, rkey)) return { code: 'content.bad-id' }
    const register = readRegister(kind, value)
    const key = itemOf(kind, rkey)
    const item: Item = items.get(key) ?? { key, kind, id: rkey, registers: new Map(), view: undefined }
    if (typeof register === 'string') {
      take(device, item)
      return { code: register }
    }
    const before = item.registers.get(device)
    items.set(key, item)
    item.registers.set(device, register)
    device.items.add(item)
    touch(item)
    if (device.clock !== undefined) {
      if (register.clock >= device.clock) device.clock = register.clock
      else if (before?.clock === device.clock) device.clock = undefined
    }
    const code = standsFor(device, kind, rkey)
    if (code !== undefined) return { code }
    const field = misfit(kind, register)
    return field === undefined ? undefined : { code: 'content.field', field }
  }

  return {
    put(id, place, value) {
      const device = deviceOf(id)
      const kind = kindOf(place.collection)
      const key = kind === undefined ? `${place.collection}/${place.rkey}` : itemOf(kind, place.rkey)
      const item = items.get(key)
      if (value === undefined) {
        device.refused.delete(key)
        if (item !== undefined) take(device, item)
        return undefined
      }
      const refusal = takeIn(device, kind, place.rkey, value)
      const before = device.refused.get(key)
      if (refusal === undefined) device.refused.delete(key)
      else device.refused.set(key, refusal.code)
      return refusal === undefined || refusal.code === before ? undefined : { ...refusal, device: id, place }
    },
    drop(id) {
      const device = devices.get(id)
      if (device === undefined) return
      for (const item of device.items) {
        item.registers.delete(device)
        touch(item)
      }
      devices.delete(id)
    },
    membersChanged() {
      for (const device of devices.values()) {
        const { person, tag, isAdmin } = standing(device.id)
        if (person !== device.person) for (const item of device.items) touch(item)
        else if (isAdmin !== device.isAdmin)
          for (const item of device.items) if (item.kind === 'space') touch(item)
        Object.assign(device, { person, tag, isAdmin })
      }
      for (const item of items.values())
        if (item.view !== undefined && item.view.entity.hidden !== who.isHidden(item.key)) touch(item)
    },
    setUnsent(list) {
      const before = unsent
      unsent = new Set(list)
      for (const key of [...before, ...unsent]) {
        const item = items.get(key)
        if (item !== undefined && before.has(key) !== unsent.has(key)) touch(item)
      }
    },
    settle,
    item: (key) => items.get(key),
    device: (id) => devices.get(id),
    counted,
    counter() {
      const greatest = new Map<string, number>()
      for (const device of devices.values()) {
        if (device.person === undefined || device.items.size === 0) continue
        greatest.set(device.person, Math.max(greatest.get(device.person) ?? 0, clockOf(device)))
      }
      return commonCounter(greatest.values())
    },
    takeChanged() {
      const keys = [...changed]
      changed = new Set()
      return keys
    },
  }
}

interface Refusal {
  readonly code: string
  readonly field?: string
}

/** Why what a device wrote of an entity counts for nothing; undefined when it counts. */
function standsFor(
  { person, tag, isAdmin }: Pick<Device, 'person' | 'tag' | 'isAdmin'>,
  kind: Kind,
  id: string,
): 'content.no-person' | 'content.not-yours' | 'content.admins-only' | undefined {
  if (person === undefined) return 'content.no-person'
  if (kind === 'space') return isAdmin ? undefined : 'content.admins-only'
  return isOwned(kind) && !isOfTag(kind, id, tag) ? 'content.not-yours' : undefined
}
