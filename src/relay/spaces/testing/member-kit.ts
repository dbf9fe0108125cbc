import { createPrng } from '../../../repo/testing/prng.ts'
import { signLinkClosing } from '../../../spaces/links/closing.ts'
import { linkSigner } from '../../../spaces/links/link-key.ts'
import { signLinkRecord } from '../../../spaces/links/record.ts'
import type { Act, NamedHead, Role } from '../../../spaces/members/model.ts'
import { createTestDevice, type TestDevice } from '../../../spaces/testing/kit.ts'
import type { Storage } from '../../../storage/port.ts'
import {
  createTestReplica,
  createTestSpace,
  type TestReplica,
  type TestSpace,
} from '../../../sync/spaces/testing/space-world.ts'

/** A device that keeps a space, with the true log and the true repos. */
export interface Member extends Pick<TestReplica, 'log' | 'repos' | 'repo' | 'write'> {
  readonly device: TestDevice
  /** Signs an operation over all that is here and adds it; its bytes. */
  act(act: Act): Promise<Uint8Array>
  /** Everything of the log that is here, for another. */
  all(): { readonly operations: Uint8Array[] }
  /** Another device's view of the same space, with what is in this log. */
  beside(storage: Storage, device: TestDevice): Promise<Member>
}

export const testDevice = (name: string): TestDevice => createTestDevice(createPrng(`relay member ${name}`))

/** Begins a group, `name` tells it from others; as its owner has it. */
export async function foundGroup(storage: Storage, name: string): Promise<Member> {
  const group = await createTestSpace(name)
  return memberOf(storage, group, group.owner)
}

async function memberOf(storage: Storage, group: TestSpace, device: TestDevice): Promise<Member> {
  const { log, repos, repo, write } = await createTestReplica(storage, group, device)
  const bytesOf = (cids: readonly string[]): Uint8Array[] => cids.flatMap((cid) => log.operation(cid) ?? [])
  const all: Member['all'] = () => ({ operations: bytesOf(log.after([])) })
  return {
    ...{ device, log, repos, repo, write, all },
    async act(act) {
      const [bytes] = bytesOf([await group.act(log, device, act)])
      if (bytes === undefined) throw new Error('not added')
      return bytes
    },
    async beside(other, as) {
      const member = await memberOf(other, group, as)
      await member.log.add(all())
      return member
    },
  }
}

export const roleAct = (person: string, role: Role, heads: readonly NamedHead[] = []): Act => ({
  kind: 'role',
  body: { person, role, enrol: role !== 'none', heads, via: null },
})

/** The head of a member, as a removal names it. */
export async function headOf({ repos, repo, device }: Member): Promise<NamedHead> {
  const head = await repos.head(repo)
  return { device: device.id, rev: head?.rev ?? null, commit: head?.cid ?? null }
}

/** A join link of a space: its key, its record as an operation, and its closing. */
export async function linkActs(by: Member, expires: number | null = null) {
  const key = new Uint8Array(32).fill(9)
  const signer = linkSigner(key)
  const record = await signLinkRecord(
    {
      ...{ space: by.log.space, link: signer.id, role: 'writer', approval: false },
      ...{ created: 1, expires, uses: 2, epoch: null, by: by.device.id },
    },
    by.device,
  )
  const closing = await signLinkClosing(
    { space: by.log.space, link: signer.id, reason: 'revoked', joins: [], by: by.device.id },
    by.device,
  )
  const acts: { readonly open: Act; readonly close: Act } = {
    open: { kind: 'link', body: { record } },
    close: { kind: 'close', body: { closing } },
  }
  return { signer, ...acts }
}
