import type { Spaces } from '../spaces-api.ts'
import { quietly } from './parts.ts'
import type { OpenSpaces } from './service.ts'
import { selfOf } from './summary.ts'

/** What persons do about each other: operations that are signed here and told to everyone. */
export function memberActions({
  use,
  context,
}: OpenSpaces): Pick<
  Spaces,
  | 'leave'
  | 'setRole'
  | 'removePerson'
  | 'removeDevice'
  | 'setSuccessor'
  | 'succeed'
  | 'hide'
  | 'requests'
  | 'admit'
  | 'decline'
> {
  const told = async (space: string, work: Promise<unknown>): Promise<void> => {
    await work
    const net = context.net()
    // A removal is of little use before others know of it.
    if (net !== undefined) quietly(net.sync.look(space))
    context.emit({ type: 'space', space })
  }
  return {
    leave: async (space) => told(space, (await use(space)).vault.acts.leave()),
    setRole: async (space, person, role) => told(space, (await use(space)).vault.acts.setRole(person, role)),
    removePerson: async (space, person) => told(space, (await use(space)).vault.acts.removePerson(person)),
    removeDevice: async (space, device) => told(space, (await use(space)).vault.acts.dropDevice(device)),
    setSuccessor: async (space, person) => told(space, (await use(space)).vault.acts.setSuccessor(person)),
    async succeed(space) {
      const { vault } = await use(space)
      await vault.acts.succeed()
      // Whoever decides about admins is one: a writer who takes over could let nobody in.
      await told(
        space,
        vault.role() === 'admin' ? Promise.resolve() : vault.acts.setRole(selfOf(vault), 'admin'),
      )
    },
    hide: async (space, item, hidden) => told(space, (await use(space)).vault.acts.hide(item, hidden)),
    async requests(space) {
      const { vault } = await use(space)
      return vault.state().asks.map(({ id, device, at, link, role }) => ({
        ...{ id, device, at, link, role },
        // Nothing of who asks can be read before they are in.
        name: '',
      }))
    },
    admit: async (space, request, role) => told(space, (await use(space)).vault.links.admit(request, role)),
    decline: async (space, request) => told(space, (await use(space)).vault.links.decline(request)),
  }
}
