import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CODEC_RAW } from '../../core/cid.ts'
import { formatTid } from '../../core/tid.ts'
import { carFrameHead, carHeader } from '../../repo/car/writer.ts'
import { writeCar } from '../../repo/testing/car.ts'
import { cidKey } from '../../repo/testing/cid.ts'
import { editRepo } from '../../repo/testing/edit.ts'
import { createTestKey } from '../../repo/testing/keys.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { signRepo, type TestRepo } from '../../repo/testing/repo.ts'
import { TABLES } from '../../storage/port.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { headOf, repoRow, snapshotsOf } from '../kept.ts'
import type { LocalPds } from '../testing/local-pds.ts'
import { pullRepoSync } from './pull.ts'
import { cutAfter, endless, saying, silentAfter, trickling } from './testing/lies.ts'
import { type RealNet, startRealNet } from './testing/real-net.ts'
import { startStockPeer, type StockPeer, type Wire } from './testing/stock-peer.ts'
import { type Device, realTimers, withTwoDevices } from './testing/two-devices.ts'

let liar: StockPeer
let node: RealNet

beforeAll(async () => {
  liar = await startStockPeer()
  node = await startRealNet('tcp')
})
afterAll(async () => {
  await liar.close()
  await node.net.stop()
})

/** After the generated commits, before the clock of the tests. */
const ROTATED = Date.UTC(2026, 9, 1, 12)
/** Limits of these tests, ms: shorter than any pause between two tries. */
const FIRST = 400
const IDLE = 300
const BUDGET = 3_000_000

interface World {
  readonly did: string
  /** what is kept, where something is */
  readonly head: TestRepo
  /** what an honest peer would send */
  readonly next: TestRepo
  readonly pastKey: TestRepo['key']
  readonly other: TestRepo
}

const carOf = (repo: TestRepo): Uint8Array => Buffer.concat([...repo.car('preorder')])
const later = (repo: TestRepo): string => formatTid(ROTATED * 1000 + 5_000_000, repo.records.length % 1024)
const stranger = createTestKey(createPrng('stranger'), 'k256')

/** A CAR frame of random bytes under their true CID. */
function strayBlock(size: number): Uint8Array {
  const bytes = Buffer.alloc(size, 7)
  return Buffer.concat([carFrameHead(CODEC_RAW, sha256(bytes), size), bytes])
}

type Tell = (world: World) => (wire: Wire) => Promise<void>

/** What it says, and what is said of it. */
const LIES: readonly (readonly [name: string, code: string, tell: Tell])[] = [
  ['another account’s repo', 'repo.did-mismatch', ({ other }) => saying(carOf(other))],
  [
    'a repo under the right name that a stranger signed',
    'repo.bad-signature',
    ({ next }) => saying(carOf(editRepo({ ...next, key: stranger }, { create: 1 }))),
  ],
  [
    'another account’s tree under the right name',
    'repo.bad-signature',
    ({ other, did, next }) => saying(carOf(signRepo({ ...other, did, rev: later(next) }))),
  ],
  [
    'a newer head by a past key',
    'repo.past-key',
    ({ next, pastKey }) => saying(carOf(signRepo({ ...next, key: pastKey, rev: later(next) }))),
  ],
  [
    'a head from the future',
    'repo.rev-future',
    ({ next }) => saying(carOf(signRepo({ ...next, rev: formatTid(Date.UTC(2030, 0) * 1000, 0) }))),
  ],
  ['a byte that is wrong', 'repo.bad-hash', ({ next }) => saying(flip(carOf(next), 40_000))],
  ['less than a whole block', 'repo.car-truncated', ({ next }) => saying(carOf(next).subarray(0, -3))],
  ['nothing after the status', 'repo.car-truncated', () => saying()],
  [
    'a tree without a record that is new',
    'repo.record-missing',
    ({ head, next }) => {
      const old = new Set(head.blocks('preorder').map((block) => cidKey(block.cid)))
      const record = next.records.find(({ cid }) => !old.has(cidKey(cid)))
      const kept = next.blocks('preorder').filter(({ cid }) => cidKey(cid) !== cidKey(record?.cid ?? cid))
      return saying(carOfBlocks(next, kept))
    },
  ],
  [
    'a commit without a tree',
    'repo.node-missing',
    ({ next }) => saying(carOfBlocks(next, next.blocks('preorder').slice(0, 1))),
  ],
  ['a CAR without its commit', 'repo.no-root', ({ next }) => saying(carOfBlocks(next, []))],
  ['a web page', 'repo.car-header', () => saying(Buffer.from('<!doctype html>'.repeat(1000)))],
  ['zeros', 'repo.car-header', () => saying(new Uint8Array(100_000))],
  [
    'blocks of nothing without an end',
    'sync.over-budget',
    ({ next }) => endless(carHeader([next.commit.subarray(4)]), strayBlock(50_000)),
  ],
  [
    'a good beginning and then blocks of nothing without an end',
    'sync.over-budget',
    ({ next }) => endless(carOf(next), strayBlock(50_000)),
  ],
  [
    'one block without an end',
    'repo.block-too-large',
    ({ next }) =>
      endless(
        Buffer.concat([
          carHeader([next.commit.subarray(4)]),
          carFrameHead(CODEC_RAW, new Uint8Array(32), 2 ** 40),
        ]),
        new Uint8Array(50_000),
      ),
  ],
  ['no word', 'net.timeout', () => silentAfter()],
  ['a status and no more', 'net.timeout', () => silentAfter(Uint8Array.of(0))],
  [
    'half of it and no more',
    'net.timeout',
    ({ next }) => silentAfter(Uint8Array.of(0), carOf(next).subarray(0, 90_000)),
  ],
  ['a byte now and then', 'net.timeout', ({ next }) => trickling(carOf(next), 20)],
  ['half of it before it breaks off', 'net.reset', ({ next }) => cutAfter(carOf(next).subarray(0, 90_000))],
]

/** Lies about what is kept already. */
const BACKWARDS: typeof LIES = [
  [
    'an older head',
    'repo.rev-rollback',
    ({ head }) => saying(carOf(signRepo({ ...head, rev: formatTid(ROTATED * 1000 - 7_000_000, 0) }))),
  ],
  [
    'another commit with the same rev',
    'repo.equivocation',
    ({ head }) => saying(carOf(signRepo({ ...head, records: head.records.slice(3) }))),
  ],
]

/** After these what has come waits for the next try, as a transfer that was cut off does. */
const WAITS: ReadonlySet<string> = new Set(['repo.car-truncated', 'net.timeout', 'net.reset'])

const carOfBlocks = (repo: TestRepo, blocks: ReturnType<TestRepo['blocks']>): Uint8Array =>
  Buffer.concat([...writeCar([repo.commit], blocks)])

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const out = bytes.slice()
  out[at] = (out[at] ?? 0) ^ 1
  return out
}

/** An account whose key was changed, at two moments. */
async function world(pds: LocalPds): Promise<World> {
  const other = await pds.account({ name: 'other', records: 30 })
  const alice = await pds.account({ name: 'alice', records: 300 })
  const { before } = await alice.rotate(ROTATED)
  alice.serve(signRepo({ ...alice.repo, rev: formatTid((ROTATED + 1000) * 1000, 3) }))
  const head = alice.commit({ create: 1 })
  const next = alice.commit({ create: 3, update: 3, delete: 3 })
  alice.serve(head)
  return { did: alice.did, head, next, pastKey: before, other: other.repo }
}

function pull(device: Device, did: string) {
  const timers = {
    after: (ms: number, run: () => void) => (ms <= FIRST ? realTimers : device.timers).after(ms, run),
  }
  device.timers.pass(1000)
  return pullRepoSync({ ...device.host, timers }, device.pds.endpoints, node.net, {
    did,
    peer: liar.id,
    addresses: [liar.tcp],
    label: '@alice',
    work: device.work(),
    limits: { firstByteMs: FIRST, idleMs: IDLE, answerBytes: BUDGET },
  })
}

/** Every row and the key of every byte value, evidence apart. */
async function everything({ storage }: Device): Promise<unknown> {
  const rows = await Promise.all(
    TABLES.map(async (table) =>
      (await storage.list(table)).filter(({ key }) => !key.startsWith('evidence/')),
    ),
  )
  return [rows, await storage.byteKeys()]
}

describe('a peer that sends', () => {
  it.each([...LIES, ...BACKWARDS])('%s changes nothing of a repo that is kept: %s', (_name, code, tell) =>
    withTwoDevices(async ({ pds, taker }) => {
      const it = await world(pds)
      await taker.backUp(it.did)
      const before = await everything(taker)
      liar.behave = tell(it)
      await expect(pull(taker, it.did)).rejects.toMatchObject({ code })
      expect(await everything(taker)).toEqual(before)
      // And an honest answer is taken after it.
      liar.behave = saying(carOf(it.next))
      expect((await pull(taker, it.did)).snapshot).toMatchObject({ rev: it.next.rev })
    }),
  )

  it.each(LIES)('%s makes no head of a repo that is not kept: %s', (_name, code, tell) =>
    withTwoDevices(async ({ pds, taker }) => {
      const it = await world(pds)
      const before = await everything(taker)
      liar.behave = tell(it)
      await expect(pull(taker, it.did)).rejects.toMatchObject({ code })
      if (!WAITS.has(code)) expect(await everything(taker)).toEqual(before)
      expect(await headOf(taker.storage, it.did)).toBeUndefined()
      expect(await repoRow(taker.storage, it.did)).toBeUndefined()
      expect(await snapshotsOf(taker.storage, it.did)).toEqual([])
      liar.behave = saying(carOf(it.next))
      expect((await pull(taker, it.did)).snapshot).toMatchObject({ rev: it.next.rev })
    }),
  )

  it('a wrong block is told which', () =>
    withTwoDevices(async ({ pds, taker }) => {
      const it = await world(pds)
      liar.behave = saying(flip(carOf(it.next), 40_000))
      await expect(pull(taker, it.did)).rejects.toMatchObject({
        code: 'repo.bad-hash',
        fields: { cid: expect.stringMatching(/^baf/) as string, offset: expect.any(Number) as number },
      })
    }))
})
