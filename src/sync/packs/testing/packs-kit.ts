import { expect } from 'vitest'
import { recheckOf } from '../../../storage/testing/contents.ts'
import { headOf } from '../../kept.ts'
import { type PagesNode, withNodes } from '../../pages/testing/pages-kit.ts'
import type { TestAccount } from '../../testing/account.ts'
import { decodePack } from '../../../pack/pack-reader.ts'
import { encodePack } from '../../../pack/pack-writer.ts'
import type { SyncPack, Subscription } from '../../../pack/model.ts'
import type { BackupResult } from '../../backup.ts'
import type { LocalPds } from '../../testing/local-pds.ts'
import { contents, type SyncKit, wanted } from '../../testing/sync-kit.ts'
import { askFor } from '../ask.ts'
import type { PullAsk } from '../model.ts'
import { publicSource, type PublicSourceOptions } from '../public-source.ts'
import { takeList } from '../take-list.ts'

export const packBytes = (subscription: Subscription): Uint8Array => {
  const pack: SyncPack = { ok: true, pull: { ok: true, subscriptions: [subscription] } }
  return encodePack(pack, { groupThreshold: 1 })
}

export function overTheLine(subscription: Subscription): Subscription {
  const [read] = decodePack(packBytes(subscription)).pull?.subscriptions ?? []
  if (read === undefined) throw new Error('no subscription')
  return read
}

/** What a device answers, as it comes over the line. */
export async function answerOf(
  { host }: SyncKit,
  ask: PullAsk,
  options: Partial<PublicSourceOptions> = {},
): Promise<Subscription> {
  const { storage, sha256 } = host
  const source = publicSource({ storage, sha256, ...options })
  const answer = await source.pull(ask, { caller: { peer: 'asker' }, room: 1 << 20, alone: true })
  if (answer === undefined) throw new Error('no answer')
  return overTheLine(answer)
}

/** Asks one device for what another lacks, and takes it in there. */
export async function pullList(input: {
  readonly from: SyncKit
  readonly to: SyncKit
  readonly pds: LocalPds
  readonly did: string
  /** what becomes of the answer on its way */
  readonly bend?: (answer: Subscription) => Subscription
}): Promise<BackupResult> {
  const { from, to, pds, did, bend = (it) => it } = input
  const ask = await askFor(to.storage, did)
  // What is bent may be what no encoder writes, but a reader lets through.
  const subscription = bend(await answerOf(from, ask))
  return takeList(to.host, pds.endpoints, {
    ask,
    subscription,
    peer: 'node-0',
    label: did,
    work: to.work(),
  })
}

export interface Two {
  readonly pds: LocalPds
  readonly a: PagesNode
  readonly b: PagesNode
  readonly alice: TestAccount
  /** what a has and b lacks */
  pull(bend?: (answer: Subscription) => Subscription): ReturnType<typeof pullList>
}

/** Two devices, and an account that both may back up. */
export async function withTwo(records: number, use: (two: Two) => Promise<void>): Promise<void> {
  await withNodes(2, async ({ pds, nodes: [a, b] }) => {
    if (a === undefined || b === undefined) throw new Error('two nodes')
    const alice = await pds.account({ name: 'alice', records })
    await use({
      pds,
      a,
      b,
      alice,
      pull: (bend) => pullList({ from: a, to: b, pds, did: alice.did, ...(bend && { bend }) }),
    })
  })
}

/** What is kept is what the account had at that rev, and proves itself as an export does. */
export async function expectProven({ storage }: PagesNode, alice: TestAccount): Promise<void> {
  const head = await headOf(storage, alice.did)
  const repo = alice.history.find((it) => it.rev === head?.rev)
  if (head === undefined || repo === undefined) throw new Error('a head that never was')
  expect(await contents(storage, head)).toEqual(wanted(repo))
  expect(await recheckOf(storage, head)).toBe(repo.records.length)
}
