import type { Sha256 } from '../../core/hash.ts'
import type { WhoIs } from '../content/model.ts'
import { parseOperation } from '../members/operation.ts'
import { enrolmentOf, indexOf } from '../members/subjects.ts'
import type { SpaceLog } from '../log/model.ts'

/** Who is behind a device, now and ever. */
export interface Persons extends WhoIs {
  /** devices that any operation ever put to a person, ascending */
  devicesOf(person: string): readonly string[]
  /** Operations entered. */
  refresh(): void
}

/** Persons as the operations of a log name them. */
export function createPersons(log: SpaceLog, sha256: Sha256): Persons {
  const byDevice = new Map<string, Set<string>>()
  const byPerson = new Map<string, Set<string>>()
  let hidden: ReadonlySet<string> = new Set()
  const current = new Map<string, string | undefined>()
  let read = 0

  function refresh(): void {
    const { members } = log
    // It only grows, at its end.
    const all = members.all()
    for (const cid of all.slice(read)) {
      const found = enrolmentOf(parseOperation(members.bytesOf(cid), sha256).operation)
      if (found === undefined) continue
      indexOf(byDevice, found.device, () => new Set<string>()).add(found.person)
      indexOf(byPerson, found.person, () => new Set<string>()).add(found.device)
    }
    read = all.length
    hidden = new Set(members.state().hidden)
    current.clear()
  }
  refresh()

  /** Of several the one whose device it is now: so the answer follows from the operations alone. */
  function find(device: string): string | undefined {
    const { persons } = log.members.state()
    const all = [...(byDevice.get(device) ?? [])].sort()
    return all.find((it) => persons.get(it)?.devices.includes(device) === true) ?? all[0]
  }

  return {
    refresh,
    personOf(device) {
      if (!current.has(device)) current.set(device, find(device))
      return current.get(device)
    },
    roleOf: (person) => log.members.state().persons.get(person)?.role ?? 'none',
    isHidden: (item) => hidden.has(item),
    devicesOf: (person) => [...(byPerson.get(person) ?? [])].sort(),
  }
}
