import type { Entity, FieldValue, Kind } from './model.ts'
import type { Register, Version } from './register.ts'

/** A register that counts, and whose it is. */
export interface Counted {
  readonly device: string
  readonly person: string
  readonly register: Register
}

/** The value that a field has, and who gave it. */
export interface Won {
  readonly version: Version
  readonly device: string
  readonly person: string
}

/** What the registers of one entity make it, and what lists are made by. */
export interface View {
  readonly entity: Entity
  /** the lowest counter: when it was made */
  readonly made: number
  /** the latest time that any value in it tells, ms */
  readonly latestAt: number
}

/** For each field that has one, the value with the greatest counter, then of the greatest device DID. */
export function winnersOf(kind: Kind, registers: readonly Counted[]): Map<string, Won> {
  const winners = new Map<string, Won>()
  for (const { device, person, register } of registers) {
    for (const [name, version] of register.fields) {
      if (!version.fits) continue
      const other = winners.get(name)
      if (other === undefined || isAfter(kind, version, device, other))
        winners.set(name, { version, device, person })
    }
  }
  return winners
}

function isAfter(kind: Kind, version: Version, device: string, other: Won): boolean {
  if (kind === 'read') {
    // One has read as far as any of one's devices says. What was taken back is before all that was read.
    const [a, b] = [upToOf(version), upToOf(other.version)]
    if (a !== b) return a > b
  }
  const { counter } = other.version
  return version.counter > counter || (version.counter === counter && device > other.device)
}

const upToOf = ({ value }: Version): number => (typeof value === 'number' ? value : -1)

/** What these registers, all of them of one entity, make it; undefined when there is none. */
export function viewOf(
  kind: Kind,
  id: string,
  registers: readonly Counted[],
  told: { readonly isHidden: boolean; readonly isUnsent: boolean; readonly latest: number },
): View | undefined {
  const [first] = registers
  if (first === undefined) return undefined
  let maker = first
  let latestAt = Number.NEGATIVE_INFINITY
  for (const it of registers) {
    if (isBefore(it, maker)) maker = it
    latestAt = Math.max(latestAt, it.register.made.at)
  }
  const { made } = maker.register
  let changed = { counter: made.counter, at: made.at, by: maker.person, device: maker.device }
  let isDeleted = false
  const fields: Record<string, FieldValue> = {}
  for (const [name, { version, device, person }] of winnersOf(kind, registers)) {
    const { counter, at, value } = version
    latestAt = Math.max(latestAt, at)
    if (counter > changed.counter || (counter === changed.counter && device > changed.device))
      changed = { counter, at, by: person, device }
    if (name === 'deleted') isDeleted = value === true
    else if (value !== undefined) fields[name] = value
  }
  const entity: Entity = {
    kind,
    id,
    // Each value fits its field: `readRegister` has asked.
    fields,
    deleted: isDeleted,
    hidden: told.isHidden,
    by: maker.person,
    madeAt: made.at,
    changedAt: changed.at,
    changedBy: changed.by,
    counter: changed.counter,
    clockAhead: latestAt > told.latest,
    unsent: told.isUnsent,
  }
  return { entity, made: made.counter, latestAt }
}

function isBefore(a: Counted, b: Counted): boolean {
  const [one, two] = [a.register.made.counter, b.register.made.counter]
  return one < two || (one === two && a.device < b.device)
}
