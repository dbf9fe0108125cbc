import { formatSpaceRepo } from '../../repo/space/uri.ts'
import { SpacesError } from '../errors.ts'
import { type Act, MAX_NAMED, type NamedHead, type Role } from '../members/model.ts'
import type { VaultParts } from './parts.ts'
import { claimOf, isIn } from './repos.ts'

/** What persons do about each other, as operations. Each gives the operation's CID. */
export interface VaultActs {
  /** Gives a person that is in, or was, another role. */
  setRole(person: string, role: Role): Promise<string>
  /** Takes all access from a person; what is here of their devices' work by now stays. */
  removePerson(person: string): Promise<string>
  /** This person goes. */
  leave(): Promise<string>
  /** A device is no longer its person's. */
  dropDevice(device: string): Promise<string>
  /** Makes a device one of this person's, by its own consent. */
  addDevice(device: string, consent: Uint8Array): Promise<string>
  /** Hides an item, `{kind}/{id}`, from all, or shows it again. */
  hide(item: string, hidden: boolean): Promise<string>
  /** Names who may take over; nobody with undefined. */
  setSuccessor(person: string | undefined): Promise<string>
  /** Takes over as the one who was named. */
  succeed(): Promise<string>
}

/** `act` signs and adds. Errors: those of `Vault.act`, SpacesError `spaces.no-person`. */
export function createActs(parts: VaultParts, act: (act: Act) => Promise<string>): VaultActs {
  const { space, log, store, persons } = parts

  /** The last commit of a device that is here and counts. */
  async function headOf(device: string): Promise<NamedHead> {
    const head = await store.head(formatSpaceRepo({ space, author: device }))
    if (head === undefined || !isIn(log.members.judge(claimOf(head))))
      return { device, rev: null, commit: null }
    return { device, rev: head.rev, commit: head.cid }
  }

  async function headsOf(devices: readonly string[]): Promise<NamedHead[]> {
    const heads: NamedHead[] = []
    for (const device of devices) heads.push(await headOf(device))
    // There is room for so many; what is not named leaves nothing, so those with work go first.
    heads.sort((a, b) => Number(a.rev === null) - Number(b.rev === null))
    return heads.slice(0, MAX_NAMED).sort((a, b) => (a.device < b.device ? -1 : 1))
  }

  const self = (): string => {
    const { person } = parts.row()
    if (person === undefined) throw new SpacesError('spaces.no-person', { device: parts.device().id })
    return person
  }

  async function setRole(person: string, role: Role): Promise<string> {
    const isLow = role === 'none' || role === 'reader'
    const heads = isLow ? await headsOf(persons.devicesOf(person)) : []
    return act({ kind: 'role', body: { person, role, enrol: false, heads, via: null } })
  }

  return {
    setRole,
    removePerson: (person) => setRole(person, 'none'),
    async leave() {
      const person = self()
      return act({ kind: 'leave', body: { person, heads: await headsOf(persons.devicesOf(person)) } })
    },
    async dropDevice(device) {
      const person = persons.personOf(device)
      if (person === undefined) throw new SpacesError('spaces.no-person', { device })
      return act({ kind: 'drop', body: { person, heads: [await headOf(device)] } })
    },
    addDevice: async (device, consent) => act({ kind: 'device', body: { person: self(), device, consent } }),
    hide: (item, hidden) => act({ kind: 'hide', body: { item, hidden } }),
    async setSuccessor(person) {
      const { authority, persons: people } = log.members.state()
      // Who has the authority already takes over from nobody: naming that key unnames all others.
      if (person === undefined) return act({ kind: 'successor', body: { key: authority } })
      const devices = people.get(person)?.devices ?? []
      const key = devices.includes(person) ? person : devices[0]
      if (key === undefined) throw new SpacesError('spaces.no-person', { person })
      return act({ kind: 'successor', body: { key } })
    },
    succeed: () => act({ kind: 'succeed', body: {} }),
  }
}
