import { personTag } from '../../spaces/content/ids.ts'
import type { Entity } from '../../spaces/content/model.ts'
import type { GroupCopy } from '../space-model.ts'
import type { Spaces } from '../spaces-api.ts'
import type { OpenSpace } from './open-space.ts'
import { quietly } from './parts.ts'
import type { OpenSpaces } from './service.ts'
import { selfOf } from './summary.ts'

/** What a person says of their copies is said anew after this, ms. */
const SAY_AGAIN = 60 * 60_000

/** The group's backup of its members' atproto repos: offered by one, kept by the others, and who keeps what. */
export function copyActions({ use, context }: OpenSpaces): Pick<Spaces, 'copies' | 'offerRepo' | 'keepCopy'> {
  const { library, host } = context

  const profiles = ({
    vault,
  }: OpenSpace): { readonly person: string; readonly profile: Entity<'profile'> }[] =>
    [...vault.state().persons.keys()].flatMap((person) => {
      const profile = vault.content.get('profile', personTag(person))
      return profile === undefined ? [] : [{ person, profile }]
    })
  const ownProfile = (it: OpenSpace): Entity<'profile'>['fields'] =>
    it.vault.content.get('profile', personTag(selfOf(it.vault)))?.fields ?? {}
  const setProfile = (it: OpenSpace, set: Entity<'profile'>['fields']): Promise<void> =>
    it.edit([{ kind: 'profile', id: personTag(selfOf(it.vault)), set }])

  /** Says which heads are kept here now, where that is other than was said, or long ago. */
  const sayKept = async (it: OpenSpace): Promise<void> => {
    const before = ownProfile(it).keeps ?? []
    const now = host.clock.now()
    const keeps = await Promise.all(
      before.map(async (kept) => {
        const rev = (await library.get(kept.did))?.head?.rev
        if (rev === undefined || (rev === kept.rev && now - kept.at < SAY_AGAIN)) return kept
        return { did: kept.did, rev, at: now }
      }),
    )
    if (keeps.some((kept, i) => kept !== before[i])) await setProfile(it, { keeps })
  }

  return {
    async copies(space) {
      const it = await use(space)
      if (it.vault.role() !== 'reader' && it.vault.role() !== 'none') quietly(sayKept(it))
      const all = profiles(it)
      const offered = all.flatMap(({ person, profile }) =>
        (profile.fields.repos ?? []).map((did) => ({ did, person })),
      )
      return Promise.all(
        offered.map(async ({ did, person }): Promise<GroupCopy> => {
          const kept = all.flatMap((other) => {
            const mine = other.profile.fields.keeps?.find((one) => one.did === did)
            return mine === undefined ? [] : [{ person: other.person, rev: mine.rev, at: mine.at }]
          })
          const here = await library.get(did)
          const newest = [here?.head?.rev ?? '', ...kept.map(({ rev }) => rev)].reduce((a, b) =>
            a > b ? a : b,
          )
          return {
            ...{ did, person },
            handle: here?.handle,
            kept: kept.map(({ person: keeper, rev, at }) => ({
              person: keeper,
              current: rev !== '' && rev === newest,
              answeredAt: at === 0 ? undefined : at,
            })),
            keptHere: here?.head !== undefined,
          }
        }),
      )
    },
    async offerRepo(space, did, offered) {
      const it = await use(space)
      const repos = new Set(ownProfile(it).repos)
      if (offered) repos.add(did)
      else repos.delete(did)
      await setProfile(it, { repos: [...repos] })
    },
    async keepCopy(space, did, keep) {
      const it = await use(space)
      const others = (ownProfile(it).keeps ?? []).filter((kept) => kept.did !== did)
      const rev = (await library.get(did))?.head?.rev ?? ''
      const mine = { did, rev, at: rev === '' ? 0 : host.clock.now() }
      await setProfile(it, { keeps: keep ? [...others, mine] : others })
      // Its server is asked, and then whoever else keeps it. What is here already stays when it is no longer kept.
      if (keep) await library.backup(did)
    },
  }
}
