import { personTag } from '../../spaces/content/ids.ts'
import type { Spaces } from '../spaces-api.ts'
import type { OpenSpaces } from './service.ts'

/** Who is here: told to those who are linked, and stored nowhere. */
export const presenceActions = ({ use }: OpenSpaces): Pick<Spaces, 'presence' | 'setPresence'> => ({
  async presence(space) {
    const { vault, presence } = await use(space)
    return presence.list().map(({ device, where, typing, cursor }) => {
      const person = vault.persons.personOf(device) ?? device
      const name = vault.content.get('profile', personTag(person))?.fields.name ?? ''
      return { person, device, name, where, typing, cursor: cursor ?? undefined }
    })
  },
  async setPresence(space, here) {
    const { presence } = await use(space)
    presence.set(
      here === undefined
        ? undefined
        : { where: here.where, typing: here.typing ?? false, cursor: here.cursor ?? null },
    )
  },
})
