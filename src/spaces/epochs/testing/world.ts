import { p256 } from '@noble/curves/nist.js'
import { utf8 } from '../../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../../../core/cid.ts'
import { sha256 } from '../../../pack/testing/sha256.ts'
import { createPrng } from '../../../repo/testing/prng.ts'
import { type KeyCard } from '../../key-card.ts'
import { createLinkKey } from '../../links/link-key.ts'
import { createTestDevice, randomFrom, type TestDevice } from '../../testing/kit.ts'
import { chooseEpoch, type EpochView } from '../choose.ts'
import { type Epoch, readEpoch } from '../epoch.ts'
import { makeEpoch, openAncestors, openEpoch, type OpenEpoch } from '../keys.ts'
import { parseWrap, unwrapEpoch, type Wrap, wrapEpoch } from '../wrap.ts'
import { createIdealWrap } from './ideal-wrap.ts'

/** A membership operation, as little of one as epochs need: who is let in or out, and what its author had seen. */
export interface Op {
  readonly id: string
  readonly kind: 'add' | 'remove'
  readonly device: string
  readonly seen: ReadonlySet<string>
  /** epoch that a link carried, for who came by it */
  readonly carried?: string
}

export interface Member extends TestDevice {
  readonly card: KeyCard
  readonly unwrap: ReturnType<ReturnType<typeof createIdealWrap>['unwrapper']>
  /** operations, epochs and wraps that have reached it */
  readonly ops: Map<string, Op>
  readonly epochs: Map<string, Epoch>
  readonly wraps: Set<Wrap>
  /** keys that came with a link, or that it made */
  readonly own: Map<string, Uint8Array>
}

export interface Written {
  readonly epoch: string
  /** devices that its writer knew to have no access, of those it had ever heard of */
  readonly shutOut: readonly string[]
  readonly access: readonly string[]
  /** operations that its writer knew then */
  readonly known: ReadonlySet<string>
}

const SPACE = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/space/app.cairn.group/main'

/** Members with real keys and epochs over a toy membership, in which everything may arrive in any order. */
export function createWorld(count: number, hidePast: boolean) {
  const prng = createPrng(count)
  const random = randomFrom(count + 1)
  const ideal = createIdealWrap(random)
  const allOps = new Map<string, Op>()
  const allEpochs = new Map<string, Epoch>()
  const allWraps = new Set<Wrap>()
  const members: Member[] = Array.from({ length: count }, () => {
    const device = createTestDevice(prng)
    const key = p256.getPublicKey(createLinkKey(random), false)
    const card = { device: device.id, key }
    const unwrap = ideal.unwrapper(device.id, key)
    return {
      ...device,
      ...{ card, unwrap, ops: new Map(), epochs: new Map(), wraps: new Set(), own: new Map() },
    }
  })
  const memberOf = (id: string): Member => {
    const found = members.find((it) => it.id === id)
    if (found === undefined) throw new Error('no such member')
    return found
  }

  /** The ids of these operations and of all that they had seen. */
  const closure = (heads: readonly string[]): Set<string> =>
    new Set(heads.flatMap((it) => [it, ...(allOps.get(it)?.seen ?? [])]))
  /** A removal beats each adding that had not seen it. */
  const accessOf = (ids: ReadonlySet<string>): Set<string> => {
    const ops = [...ids].flatMap((it) => allOps.get(it) ?? [])
    const out = (add: Op): boolean =>
      ops.some((it) => it.kind === 'remove' && it.device === add.device && !add.seen.has(it.id))
    return new Set(ops.filter((it) => it.kind === 'add' && !out(it)).map((it) => it.device))
  }
  const headsOf = (ops: ReadonlyMap<string, Op>): string[] => {
    const seen = new Set([...ops.values()].flatMap((it) => [...it.seen]))
    return [...ops.keys()].filter((it) => !seen.has(it)).sort()
  }
  const viewOf = (member: Member): EpochView => {
    const ids = new Set(member.ops.keys())
    return {
      access: accessOf(ids),
      accessAt: (heads) => (heads.every((it) => ids.has(it)) ? accessOf(closure(heads)) : undefined),
      couldWrite: (device, heads) => accessOf(closure(heads)).has(device),
      barriers: [...member.ops.values()].filter((it) => it.kind === 'remove').map((it) => it.id),
      knew: (heads, barrier) => closure(heads).has(barrier),
      cameWith: (device, epoch) =>
        [...member.ops.values()].some((it) => it.device === device && it.carried === epoch),
    }
  }

  function publish(by: Member, kind: Op['kind'], device: string, carried?: string): void {
    const id = cidString(CODEC_DAG_CBOR, sha256(utf8(`op ${allOps.size}`)))
    const seen = new Set(by.ops.keys())
    const op: Op = { id, kind, device, seen, ...(carried === undefined ? {} : { carried }) }
    allOps.set(id, op)
    by.ops.set(id, op)
  }

  /** What a member can open with wraps and epochs from these places. */
  async function keysOf(
    member: Member,
    epochs: ReadonlyMap<string, Epoch>,
    wraps: ReadonlySet<Wrap>,
  ): Promise<ReadonlyMap<string, OpenEpoch>> {
    const roots: OpenEpoch[] = []
    for (const [name, key] of member.own) {
      const info = epochs.get(name)
      if (info !== undefined) roots.push(await openEpoch(info, key))
    }
    for (const wrap of wraps) {
      const info = wrap.device === member.id ? epochs.get(wrap.epoch) : undefined
      if (info !== undefined) roots.push(await unwrapEpoch(info, wrap, member.unwrap))
    }
    const { opened, faults } = await openAncestors(roots, (name) => epochs.get(name))
    if (faults.length > 0) throw new Error('a parent did not open')
    return opened
  }

  /** The epoch that this member seals under, made when there is none. */
  async function epochFor(member: Member): Promise<OpenEpoch> {
    const view = viewOf(member)
    const held = (await keysOf(member, member.epochs, member.wraps)).values()
    const choice = chooseEpoch(member.id, held, view)
    if (choice.kind === 'use') return choice.epoch
    const { recipients, parents } = choice
    const wanted = { space: SPACE, recipients, parents, members: headsOf(member.ops), hidePast }
    const { bytes, epoch } = await makeEpoch(wanted, member, random)
    const info = await readEpoch(bytes)
    for (const epochs of [allEpochs, member.epochs]) epochs.set(info.name, info)
    member.own.set(info.name, epoch.key)
    for (const device of recipients) {
      const rules = { isRemoved: (it: string) => !view.access.has(it) }
      const wrap = parseWrap(await wrapEpoch(epoch, memberOf(device).card, rules, ideal.hpke))
      for (const wraps of [allWraps, member.wraps]) wraps.add(wrap)
    }
    return epoch
  }

  const hasAccess = (member: Member): boolean => accessOf(new Set(member.ops.keys())).has(member.id)

  return {
    members,
    hasAccess,
    allOps,
    everything: (member: Member) => keysOf(member, allEpochs, allWraps),
    viewOf,
    epochFor,
    held: (member: Member) => keysOf(member, member.epochs, member.wraps),
    add: (by: Member, whom: Member) => publish(by, 'add', whom.id),
    remove: (by: Member, whom: Member) => publish(by, 'remove', whom.id),
    /** Lets somebody in by a link that carries the key of the epoch that `by` seals under. */
    async addByLink(by: Member, whom: Member): Promise<void> {
      const { info, key } = await epochFor(by)
      whom.own.set(info.name, key)
      whom.epochs.set(info.name, info)
      publish(by, 'add', whom.id, info.name)
    },
    /** What reaches one from another: operations, epochs, wraps, each or all. */
    carry(from: Member, to: Member, what: readonly ('ops' | 'epochs' | 'wraps')[]): void {
      if (what.includes('ops')) for (const [id, op] of from.ops) to.ops.set(id, op)
      if (what.includes('epochs')) for (const [name, it] of from.epochs) to.epochs.set(name, it)
      if (what.includes('wraps')) for (const it of from.wraps) to.wraps.add(it)
    },
    async write(by: Member): Promise<Written> {
      const epoch = await epochFor(by)
      const { access } = viewOf(by)
      const heardOf = new Set([...by.ops.values()].map((it) => it.device))
      return {
        epoch: epoch.info.name,
        shutOut: [...heardOf].filter((it) => !access.has(it)),
        access: [...access],
        known: new Set(by.ops.keys()),
      }
    },
  }
}
