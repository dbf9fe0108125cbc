import { signLinkClosing } from '../../../spaces/links/closing.ts'
import { signJoin } from '../../../spaces/links/join.ts'
import { signLinkRecord } from '../../../spaces/links/record.ts'
import type { SpaceLog } from '../../../spaces/log/model.ts'
import type { TestDevice } from '../../../spaces/testing/kit.ts'
import type { TestSpace } from './space-world.ts'

/** What people do with join links, over what a log holds; each added there. */
export interface TestLinks {
  make(log: SpaceLog, link: TestDevice, uses?: number): Promise<string>
  join(log: SpaceLog, link: TestDevice, who: TestDevice, at?: number): Promise<string>
  /** With nobody on its list. */
  close(log: SpaceLog, link: TestDevice): Promise<string>
}

export const createTestLinks = (world: TestSpace): TestLinks => {
  const { space, owner } = world
  return {
    async make(log, link, uses = 2) {
      const record = await signLinkRecord(
        {
          ...{ space, link: link.id, role: 'writer', approval: false },
          ...{ created: 1, expires: null, uses, epoch: null, by: owner.id },
        },
        owner,
      )
      return world.act(log, owner, { kind: 'link', body: { record } })
    },
    async join(log, link, who, at = 2) {
      const fields = { space, link: link.id, device: who.id, card: await world.card(who), at }
      const join = await signJoin(fields, link, who)
      return world.act(log, who, { kind: 'join', body: { join, epoch: null } })
    },
    async close(log, link) {
      const fields = { space, link: link.id, reason: 'revoked', joins: [], by: owner.id } as const
      const closing = await signLinkClosing(fields, owner)
      return world.act(log, owner, { kind: 'close', body: { closing } })
    },
  }
}
