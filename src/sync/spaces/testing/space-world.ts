import { createHash } from 'node:crypto'
import type { Clock } from '../../../core/clock.ts'
import { realHost } from '../../../net/testing/nodes.ts'
import { createSpaceLog } from '../../../spaces/log/log.ts'
import type { SpaceLog } from '../../../spaces/log/model.ts'
import { signKeyCard } from '../../../spaces/key-card.ts'
import type { Act, NamedHead, Role } from '../../../spaces/members/model.ts'
import { signOperation } from '../../../spaces/members/operation.ts'
import { createTestDevice, type TestDevice } from '../../../spaces/testing/kit.ts'
import { p256 } from '@noble/curves/nist.js'
import { secretTopic, type Topic } from '../../../net/topics.ts'
import { toHex, utf8 } from '../../../core/bytes.ts'
import { createPrng } from '../../../repo/testing/prng.ts'
import { formatSpaceRepo } from '../../../repo/space/uri.ts'
import type { Storage } from '../../../storage/port.ts'
import type { SpaceChange } from '../../../storage/space/change.ts'
import { testStore } from '../../../storage/space/testing/kit.ts'
import type { SpaceStore } from '../../../storage/space/store.ts'
import { random, sha256 } from '../../../storage/testing/node-host.ts'
import type { SpaceFault, SpaceReplica, SpaceTopic } from '../model.ts'

/** A space with a real membership graph: an authority, its owner, and those whom the owner lets in. */
export interface TestSpace {
  readonly space: string
  readonly root: string
  readonly owner: TestDevice
  device(name: string): TestDevice
  /** Signs an operation over what a log holds, and adds it there; its CID. */
  act(log: SpaceLog, by: TestDevice, act: Act, asAuthority?: boolean): Promise<string>
  role(log: SpaceLog, who: TestDevice, role: Role, heads?: readonly NamedHead[]): Promise<string>
  card(who: TestDevice): Promise<Uint8Array>
}

export async function createTestSpace(seed = 'space'): Promise<TestSpace> {
  const deviceOf = (name: string): TestDevice => createTestDevice(createPrng(`${seed} ${name}`))
  const authority = deviceOf('authority')
  const owner = deviceOf('owner')
  const space = `at://${authority.id}/space/app.cairn.group/main`
  const create = await signOperation(
    {
      ...{ space, author: owner.id, seq: 1, parents: [], at: 1 },
      act: { kind: 'create', body: { successor: null } },
    },
    owner,
    authority,
    sha256,
  )
  const made: TestSpace = {
    space,
    root: create.cid,
    owner,
    device: deviceOf,
    async act(log, by, act, asAuthority = false) {
      const signed = await signOperation(
        {
          ...{ space, author: by.id, seq: log.members.nextSeq(by.id) },
          ...{ parents: [...log.heads()].sort(), at: 1, act },
        },
        by,
        asAuthority ? authority : undefined,
        sha256,
      )
      const added = await log.add({ operations: [signed.bytes] })
      if (added.refused.length > 0) throw new Error(JSON.stringify(added.refused))
      return signed.cid
    },
    role(log, who, role, heads = []) {
      const body = { person: who.id, role, enrol: role !== 'none', heads, via: null }
      return made.act(log, owner, { kind: 'role', body })
    },
    card(who) {
      const point = p256.Point.fromBytes(p256.getPublicKey(createPrng(who.id).bytes(32), true)).toBytes(false)
      return signKeyCard({ device: who.id, key: point }, who)
    },
  }
  created.set(space, create.bytes)
  return made
}

/** First operations by space. */
const created = new Map<string, Uint8Array>()

export interface TestReplica extends SpaceReplica {
  readonly log: SpaceLog
  readonly repos: SpaceStore
  readonly faults: SpaceFault[]
  readonly moved: string[]
  readonly offered: Map<string, ReadonlyMap<string, { readonly rev: string; readonly commit: string }>>
  readonly chunkRows: Map<string, Uint8Array>
  /** Commits to the own repo. */
  write(changes: readonly SpaceChange[]): Promise<void>
  readonly repo: string
  /** what the topics are made of: the present one, and one that is only looked under */
  secret: string
  former: string | undefined
  /** may read whatever the log says: links */
  readonly links: Set<string>
}

/** A replica on the real log and the real repos; without a device it is a store's. */
export async function createTestReplica(
  storage: Storage,
  world: Pick<TestSpace, 'space' | 'root'>,
  device: TestDevice | undefined,
  options: { readonly empty?: boolean; readonly clock?: Clock } = {},
): Promise<TestReplica> {
  const { space, root } = world
  const log = await createSpaceLog({ storage, space, root, sha256 })
  const first = created.get(space)
  if (options.empty !== true && first !== undefined) await log.add({ operations: [first] })
  const repos = await testStore(storage, {
    mayWrite: async (author, _repo, { rev, members }, cid) =>
      log.members.mayWrite({ author, rev, members, cid }),
  })
  const chunkRows = new Map<string, Uint8Array>()
  const faults: SpaceFault[] = []
  const moved: string[] = []
  const offered: TestReplica['offered'] = new Map()
  const links = new Set<string>()
  const topicOf = (it: string): Topic =>
    secretTopic(
      createHash('sha256')
        .update(utf8(space + it))
        .digest(),
    )
  let secret = 'epoch 1'
  let former: string | undefined
  let now = 1_790_000_000_000
  return {
    ...{ space, log, repos, faults, moved, offered, chunkRows, links },
    ...(device === undefined ? {} : { device: device.id }),
    repo: formatSpaceRepo({ space, author: device?.id ?? 'none' }),
    get secret() {
      return secret
    },
    set secret(next) {
      secret = next
    },
    get former() {
      return former
    },
    set former(next) {
      former = next
    },
    mayRead: (key) => links.has(key) || log.members.state().devices.has(key),
    prove:
      device === undefined
        ? undefined
        : async (challenge) => ({ key: device.id, sig: device.key.sign(challenge) }),
    topics: (): readonly SpaceTopic[] => {
      if (device === undefined) return []
      const old = former === undefined ? [] : [{ ...topicOf(former), announce: false }]
      return [topicOf(secret), ...old]
    },
    onMoved: (author, from) => void moved.push(`${author} ${from}`),
    onFault: (fault) => void faults.push(fault),
    onOffered: (peer, heads) => void offered.set(peer, heads),
    chunks: {
      has: async (ids) => ids.map((id) => chunkRows.has(id)),
      get: async (id) => chunkRows.get(id),
      async put(id, bytes) {
        if (toHex(sha256(bytes)) !== id) throw new Error('not its id')
        chunkRows.set(id, bytes)
      },
    },
    async write(changes) {
      if (device === undefined) throw new Error('a store writes nothing')
      await repos.commit(formatSpaceRepo({ space, author: device.id }), {
        ...{ changes, signer: device, now: now++ },
        members: log.heads().slice(0, 256),
      })
    },
  }
}

/** What all nodes of a test have in common. */
export const testHost = { timers: realHost.timers, clock: realHost.clock, random, sha256 }

/** Heads of all repos of a space, as one text. */
export async function headsText({ repos, space }: Pick<SpaceReplica, 'repos' | 'space'>): Promise<string> {
  const all = await repos.heads(`${space}/`, { limit: 100_000 })
  return all.map(({ repo, head }) => `${repo.slice(-12)} ${head.rev} ${head.cid}`).join('\n')
}
