import type { Timers } from '../../../core/timers.ts'
import { headOf } from '../../kept.ts'
import { PAGES_PROTOCOL } from '../../pages/protocol.ts'
import { type Lie, lying } from '../../pages/testing/liar.ts'
import { type PagesNode, type PagesWorld, withNodes } from '../../pages/testing/pages-kit.ts'
import { tidAfter } from '../../../repo/testing/generate.ts'
import type { TestAccount } from '../../testing/account.ts'
import type { Work } from '../../work.ts'
import { createPeerCalls } from '../calls.ts'
import { type CopyRow, copyRows } from '../copy-rows.ts'
import { type Candidate, createPeerEngine, type PeerCalls, type PeerEngine } from '../engine.ts'
import type { Way } from '../model.ts'

/** A pause of the engine: it ends when a test says so. */
export interface Pause {
  readonly ms: number
  end(): void
}

/** An engine on one node, what it did, and whom its directory knows. */
export interface EngineKit extends PagesWorld {
  readonly a: PagesNode
  readonly b: PagesNode
  readonly c: PagesNode
  readonly d: PagesNode
  readonly alice: TestAccount
  readonly engine: PeerEngine
  readonly calls: PeerCalls
  /** what the directory answers */
  readonly announced: Candidate[]
  /** pulls that ended: `done`, or the code they failed with */
  readonly pulls: string[]
  /** how the last repo came */
  readonly pulled: () => Way | undefined
  /** pulls at once, at most */
  readonly most: () => number
  /** pauses that are being waited out, the clock moved past each when it is ended */
  readonly pauses: () => readonly Pause[]
  candidate(node: PagesNode): Candidate
  meet(node: PagesNode): Promise<void>
  row(node: PagesNode): Promise<CopyRow | undefined>
  rev(): Promise<string | undefined>
}

/**
 * `a` and `c` keep alice's newest commit; `b`, on which the engine runs, keeps the one before. `a` serves, `d`
 * has nothing.
 */
export async function withEngine(
  use: (kit: EngineKit) => Promise<void>,
  { records = 60, nodeBytes }: { readonly records?: number; readonly nodeBytes?: number } = {},
): Promise<void> {
  await withNodes(4, async (world) => {
    const [a, b, c, d] = world.nodes
    if (a === undefined || b === undefined || c === undefined || d === undefined)
      throw new Error('four nodes')
    const alice = await world.pds.account({ name: 'alice', records })
    await b.backUp(alice.did)
    alice.commit({ create: 3, update: 1, delete: 1 })
    await a.backUp(alice.did)
    await c.backUp(alice.did)
    a.serve()

    const announced: Candidate[] = []
    const pulls: string[] = []
    const pauses = new Set<Pause>()
    let now = 0
    let most = 0
    let way: Way | undefined
    // The long patience of transfers never runs out here.
    const after: Timers['after'] = (ms, run) => (ms > 60_000 ? () => {} : b.timers.after(ms, run))
    const calls = createPeerCalls({
      host: { ...b.host, timers: { after } },
      endpoints: async () => world.pds.endpoints,
      net: b.net,
      lookup: async () => announced,
      ...(nodeBytes === undefined ? {} : { nodeBytes }),
    })
    const run = async <T>(work: (work: Work) => Promise<T>): Promise<T> => {
      most = Math.max(most, ++now)
      try {
        const result = await work(b.work())
        pulls.push('done')
        return result
      } catch (error) {
        pulls.push(error instanceof Error && 'code' in error ? String(error.code) : 'unexpected')
        throw error
      } finally {
        now--
      }
    }
    const engine = createPeerEngine({
      host: {
        ...b.host,
        timers: {
          after(ms, then) {
            const pause: Pause = {
              ms,
              end() {
                pauses.delete(pause)
                b.timers.pass(ms)
                then()
              },
            }
            pauses.add(pause)
            return () => void pauses.delete(pause)
          },
        },
      },
      calls,
      async runPull(_did, work) {
        const result = await run(work)
        way = result.way
        return result
      },
      runCollection: (_did, _collection, work) => run(work),
      onCopies: () => {},
    })
    const candidate = (node: PagesNode): Candidate => ({ peer: node.id, addresses: [], kind: 'device' })
    try {
      await use({
        ...world,
        ...{ a, b, c, d, alice, engine, calls, announced, pulls, candidate },
        most: () => most,
        pulled: () => way,
        pauses: () => [...pauses],
        async meet(node) {
          await engine.meet(candidate(node), [alice.did])
          await engine.idle()
        },
        row: async (node) => (await copyRows(b.storage, alice.did)).find((it) => it.peer === node.id),
        rev: async () => (await headOf(b.storage, alice.did))?.rev,
      })
    } finally {
      await engine.close()
    }
  })
}

/** `node` answers as `honest` does, but for the lie. */
export const lies = (node: PagesNode, honest: PagesNode, lie: Lie): (() => void) =>
  node.net.handle(PAGES_PROTOCOL, lying(node, honest.id, lie))

/** A bit of every block and page is another one. */
export const forging: Lie = ({ request, head, bytes }) => ({
  head,
  bytes:
    bytes !== undefined && (request.type === 'page' || request.type === 'blocks')
      ? bytes.with(bytes.length - 1, 1 ^ (bytes.at(-1) ?? 0))
      : bytes,
})

/** It says to have a head that is so many minutes newer. */
export const boasting =
  (minutes: number): Lie =>
  ({ request, head, bytes }) => {
    if (request.type !== 'heads') return { head, bytes }
    const heads = head['heads'] as { rev: string }[]
    return {
      head: { heads: heads.map((it) => ({ ...it, rev: tidAfter(it.rev, minutes * 60_000_000) })) },
      bytes,
    }
  }
