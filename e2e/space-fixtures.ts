import { availableParallelism, loadavg } from 'node:os'
import type { Device, DeviceOptions } from './device.ts'
import { expect, NOT_INSTALLED, test as base } from './fixtures.ts'
import { createSpaceScreen, type SpaceScreen } from './space-screen.ts'
import { startWatchedRelay, type WatchedRelay } from './space-watched-relay.ts'

export { expect, NOT_INSTALLED }

const HOUR = 60 * 60_000

/**
 * What a newcomer may wait from the press of the button to being in, ms: two seconds where the machine is free to do
 * it. Others may be at work on it, and then nothing can be said in seconds.
 */
export const inWithin = (): number => ((loadavg()[0] ?? 0) > availableParallelism() ? 15_000 : 2_000)

/** A member of a space with a browser of their own. */
export interface Member extends Device {
  readonly name: string
  readonly screen: SpaceScreen
}

export interface Group {
  readonly space: string
  /** an editor link that stays live */
  readonly link: string
  /** in the order of their names; the first owns the space */
  readonly members: readonly Member[]
}

interface SpaceFixtures {
  /** a relay that writes down all that reaches it; `flags` of `cairn serve` */
  watchedRelay: (...flags: readonly string[]) => Promise<WatchedRelay>
  /** a browser of its own whose network is up */
  someone: (name: string, options?: DeviceOptions) => Promise<Member>
  /** A space with these people in it, each of whom sees all the others. Its screen is open at everyone's. */
  group: (title: string, names: readonly string[], options?: DeviceOptions) => Promise<Group>
}

export const test = base.extend<SpaceFixtures>({
  watchedRelay: async ({ pds }, use) => {
    const started: WatchedRelay[] = []
    await use(async (...flags) => {
      const relay = await startWatchedRelay(['--plc', pds.plc, '--allow-local', '--stun', 'none', ...flags])
      started.push(relay)
      return relay
    })
    await Promise.all(started.map((relay) => relay.close()))
  },

  // After `watchedRelay`, so that browsers are closed before the relays that they use.
  someone: async ({ device, app, watchedRelay: _ }, use) => {
    await use(async (name, options = {}) => {
      const made = await device(options)
      await made.connected()
      return { ...made, name, screen: createSpaceScreen(made.page, (options.relay ?? app).url) }
    })
  },

  group: async ({ someone }, use) => {
    await use(async (title, names, options) => {
      const members = await Promise.all(names.map((name) => someone(name, options)))
      const [first, ...others] = members
      if (first === undefined) throw new Error('a group needs someone')
      const { space } = await first.engine.spaces.create({ title, name: first.name })
      const { url = '' } = await first.engine.spaces.makeLink(space, {
        kind: 'editor',
        expiresIn: HOUR,
        uses: 20,
      })
      for (const { engine, name } of others) await engine.spaces.join(url, { name })
      const sorted = names.toSorted()
      for (const member of members)
        await expect.poll(() => namesOf(member, space), `${member.name} sees everyone`).toEqual(sorted)
      await Promise.all(members.map(({ screen }) => screen.open(space)))
      return { space, link: url, members }
    })
  },
})

/** Names of the members, as a member's device knows them. */
export async function namesOf({ engine }: Device, space: string): Promise<string[]> {
  const persons = (await engine.spaces.get(space))?.persons ?? []
  return persons.map(({ name }) => name).sort()
}

/** The person of that name. */
export async function personOf({ engine }: Device, space: string, name: string): Promise<string> {
  const found = (await engine.spaces.get(space))?.persons.find((each) => each.name === name)
  if (found === undefined) throw new Error(`nobody is called ${name}`)
  return found.person
}

/** Titles of all tasks that a device can read, sorted. */
export async function titlesOf({ engine }: Device, space: string): Promise<string[]> {
  const tasks = await engine.spaces.entities(space, 'task')
  return tasks.map(({ fields }) => ('title' in fields ? (fields.title ?? '') : '')).sort()
}

/** Adds a task without a screen. */
export async function addTask({ engine }: Device, space: string, title: string): Promise<string> {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(26)), (byte) => 'abcdefgh'[byte % 8]).join('')
  await engine.spaces.edit(space, [{ kind: 'task', id, set: { title } }])
  return id
}

/** Waits until a store or another device has all that this one wrote. */
export async function sent({ engine }: Device, space: string): Promise<void> {
  await expect
    .poll(async () => {
      const sync = (await engine.spaces.get(space))?.sync
      return sync !== undefined && sync.unsent === 0 && sync.current > 0
    })
    .toBe(true)
}

/** One text of many, to be searched. */
export const everything = (parts: readonly string[]): string => parts.join('\n')

/**
 * Devices that only a relay can link: the browser's offline mode, by which tests part them, lets direct connections
 * between browsers live on.
 */
export const PARTABLE: DeviceOptions = { network: { relayOnly: true }, installs: true }

/** Cuts these off from everything, or links them again. They must have been made {@link PARTABLE}. */
export async function setApart(members: readonly Device[], apart: boolean): Promise<void> {
  // What a screen loads when it first needs it comes from the device then.
  if (apart) await Promise.all(members.map(({ tab }) => tab.installed()))
  await Promise.all(members.map(({ context }) => context.setOffline(apart)))
}
