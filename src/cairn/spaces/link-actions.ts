import { CairnError } from '../../core/errors.ts'
import { personTag } from '../../spaces/content/ids.ts'
import { linkState } from '../../spaces/links/accept.ts'
import type { Capability } from '../../spaces/links/capability.ts'
import { formatLink } from '../../spaces/links/link.ts'
import type { MemberLink } from '../../spaces/members/links.ts'
import { joinSpace } from '../../spaces/vault/joining.ts'
import type { JoinLink, LinkKind } from '../space-model.ts'
import type { Spaces } from '../spaces-api.ts'
import { joinError } from './join-faults.ts'
import { createLinkKeeper, readCapability } from './link-mail.ts'
import type { OpenSpace } from './open-space.ts'
import { quietly } from './parts.ts'
import type { OpenSpaces } from './service.ts'
import { summaryOf } from './summary.ts'
import { forgetSpace } from './forget.ts'

/** A newcomer who has everything at hand is in within so long, or is told that it waits, ms. */
const WAIT = 10_000

type LinkApi = Pick<Spaces, 'preview' | 'join' | 'links' | 'makeLink' | 'revokeLink'>

/** Join links: made, kept at relays, opened, and ended. */
export function linkActions(spaces: OpenSpaces): {
  readonly api: LinkApi
  /** Brings what relays keep of our links in step with what they are now. */
  settle(): Promise<void>
  /** The same for one space, from now on, whenever its members or its epochs are others. */
  watch(it: OpenSpace): void
  close(): void
} {
  const { context, use, whileClosed, rows, each } = spaces
  const { app, vaults, host, net } = context
  const keeper = createLinkKeeper(context)
  const settleOne = (it: OpenSpace): void => quietly(keeper.settle(it))

  const describe = async (it: OpenSpace, link: MemberLink): Promise<JoinLink> => {
    const { record, joins, ignored, closings, mayAdmit } = link
    const { content } = it.vault
    const held = await it.vault.links.held(record.link)
    const mail = await keeper.of(it.space, record.link)
    const state = linkState(record, joins.length, closings, host.clock.now())
    return {
      link: record.link,
      url:
        held === undefined || state !== 'live'
          ? undefined
          : formatLink(app, mail?.long === true ? { kind: 'long', capability: held.capability } : held.short),
      kind: kindOf(record),
      state: state === 'live' && !mayAdmit ? 'revoked' : state,
      createdAt: record.created,
      expiresAt: record.expires ?? undefined,
      uses: record.uses,
      joined: joins.map(({ device, at }) => ({
        ...{ person: device, at },
        name: content.get('profile', personTag(device))?.fields.name ?? '',
      })),
      ignored: ignored.length,
      by: it.vault.persons.personOf(record.by) ?? record.by,
      atRelay: (mail?.at.length ?? 0) > 0,
    }
  }
  const linkOf = (it: OpenSpace, link: string): MemberLink => {
    const found = it.vault.state().links.find(({ record }) => record.link === link)
    if (found === undefined) throw new CairnError('spaces.no-link', { link })
    return found
  }

  /** Resolves when the newcomer is in, may only wait, or is refused. */
  const arrival = async (it: OpenSpace, { approval }: Capability): Promise<void> => {
    const { vault } = it
    const end = Promise.withResolvers<void>()
    const look = (): void => {
      const fault = joinError(vault, host.clock.now())
      if (fault !== undefined) end.reject(fault)
      if (vault.row.state === 'member' || (approval && vault.row.person !== undefined)) end.resolve()
    }
    const stops = [
      vault.onChange(look),
      vault.log.onChange(look),
      host.timers.after(WAIT, () => end.resolve()),
    ]
    look()
    try {
      await end.promise
    } finally {
      for (const stop of stops) stop()
    }
  }

  const api: LinkApi = {
    async preview(link) {
      const { space, title, role, approval, expires } = await readCapability(context, link)
      const row = (await rows()).find((it) => it.space === space)
      return {
        ...{ space, title },
        kind: kindOf({ role, approval }),
        expiresAt: expires ?? undefined,
        isMember: row?.state === 'member',
      }
    },
    async join(link, { name }) {
      const capability = await readCapability(context, link)
      const before = (await rows()).find((it) => it.space === capability.space)
      const { space } = capability
      if (before?.state !== 'member') await whileClosed(space, () => joinSpace(vaults, capability, { name }))
      const it = await use(space)
      for (const relay of capability.relays) quietly(net()?.reach(relay) ?? Promise.resolve())
      context.emit({ type: 'spaces' })
      try {
        await arrival(it, capability)
      } catch (error) {
        if (before === undefined) {
          await whileClosed(space, () => forgetSpace(context, space))
          context.emit({ type: 'spaces' })
        }
        throw error
      }
      return summaryOf(it, net())
    },
    async links(space) {
      const it = await use(space)
      const all = await Promise.all(it.vault.state().links.map((link) => describe(it, link)))
      return all.sort((a, b) => b.createdAt - a.createdAt)
    },
    async makeLink(space, { kind, expiresIn, uses, long = false }) {
      const it = await use(space)
      if (long && kind !== 'ask') throw new CairnError('spaces.long-link', { kind })
      const { link } = await it.vault.links.make({
        role: kind === 'viewer' ? 'reader' : 'writer',
        approval: kind === 'ask',
        expires: expiresIn === undefined ? null : host.clock.now() + expiresIn,
        uses,
        relays: net()?.relays() ?? [app],
      })
      await keeper.begin(space, link, long)
      // Shown at once; whether a relay has it is told when it does.
      await keeper.settle(it)
      return describe(it, linkOf(it, link))
    },
    async revokeLink(space, link) {
      const it = await use(space)
      await it.vault.links.close(link)
      settleOne(it)
      const sync = net()?.sync
      if (sync !== undefined) quietly(sync.look(space))
    },
  }
  return {
    api,
    async settle() {
      for await (const it of each()) settleOne(it)
    },
    watch(it) {
      let known = it.vault.epochs().length
      it.vault.onChange(({ members }) => {
        const now = it.vault.epochs().length
        if (!members && now === known) return
        known = now
        settleOne(it)
      })
    },
    close: () => keeper.close(),
  }
}

const kindOf = ({ role, approval }: Pick<Capability, 'role' | 'approval'>): LinkKind =>
  approval ? 'ask' : role === 'reader' ? 'viewer' : 'editor'
