import { basename } from 'node:path'
import { type Account, account, servePlc } from './lib/account.ts'
import { createProfile, type Profile } from './lib/chromium.ts'
import type { BenchContext } from './lib/context.ts'
import { type Processor, watchProcessor } from './lib/processor.ts'
import type { Hotspot } from './lib/profile.ts'
import { startRelay, type RelayProcess } from './lib/relay.ts'
import { bareRtc, bareSocket } from './lib/replicate-floors.ts'
import { bareRow, processorRow, taskRow } from './lib/replicate-rows.ts'
import { type Replica, withFreshReplica, withReplica } from './lib/replica.ts'
import { type BenchRow, median } from './lib/table.ts'
import { type Task, watchTasks } from './lib/tasks.ts'
import type { Taken } from './pages/replica/protocol.ts'

const SIZES = [100_000, 300_000]
/** Rates and times are judged at this size, memory at the other. */
const JUDGED = 100_000
const MEMORY_SIZE = 300_000
const MEMORY_MEGABYTES = 96
/** Time over that of the floor. */
const STORE_TIMES = 1.6
/** Bytes a second over those of the floor. */
const WEBRTC_RATE = 0.8
const CIRCUIT_RATE = 0.6

/** Where everything of one size comes from. */
interface Scene {
  readonly context: BenchContext
  readonly account: Account
  readonly relay: RelayProcess
  readonly plc: string
  readonly size: string
  /** of a browser that keeps the repo */
  readonly keeper: Profile
}

type Way = 'store' | 'WebRTC' | 'circuit'

/** A repo to a fresh browser, verified and durable, by each of the ways that the product has. */
export async function benchReplicate(context: BenchContext): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const records of context.sizes ?? SIZES) {
    const made = await account(records)
    const plc = await servePlc([made])
    context.log(`replicate ${records}: a relay's store and a browser take the repo in`)
    const relay = await startRelay({ account: made })
    const keeper = createProfile()
    try {
      const scene = { context, account: made, relay, plc: plc.origin, size: `${records / 1000}k`, keeper }
      await withReplica(context.origin, keeper, async (one) => {
        await start(scene, one, false)
        await one.call('load', { did: made.did, url: dataUrl(made) })
      })
      rows.push(...(await storeRows(scene)))
      rows.push(...(await peerRows(scene, 'WebRTC')))
      rows.push(...(await peerRows(scene, 'circuit')))
      if (context.ours)
        for (const way of ['store', 'WebRTC', 'circuit'] as const) rows.push(...(await flatRows(scene, way)))
    } finally {
      await relay.stop()
      await plc.close()
      keeper.remove()
    }
  }
  return rows
}

const dataUrl = ({ file }: Account): string => `/data/${basename(file)}`

const start = ({ relay, plc }: Scene, one: Replica, relayOnly: boolean) =>
  one.call('start', {
    relay: { peerId: relay.peerId, multiaddrs: relay.multiaddrs },
    relayOnly,
    plc,
  })

async function storeRows(scene: Scene): Promise<BenchRow[]> {
  const { context, account: made, relay, size } = scene
  const { did } = made
  const url = `${relay.origin}/xrpc/com.atproto.sync.getRepo?did=${did}`
  const floors: number[] = []
  const pages: number[] = []
  const https: number[] = []
  for (let i = 0; i < context.runs; i++) {
    context.log(`replicate ${size} from the store, run ${i + 1} of ${context.runs}`)
    await withFreshReplica(context.origin, async (one) => {
      floors.push((await one.call('floorHttp', { url: dataUrl(made) })).ms)
    })
    if (!context.ours) continue
    await withFreshReplica(context.origin, async (one) => {
      pages.push((await pullFrom(scene, one, 'store')).ms)
    })
    await withFreshReplica(context.origin, async (one) => {
      await start(scene, one, false)
      https.push((await one.call('pullHttp', { did, url })).ms)
    })
  }
  const floor = median(floors)
  const row = (name: string, times: readonly number[], target: boolean): BenchRow => {
    const ours = times.length === 0 ? undefined : median(times)
    return {
      name,
      size,
      unit: 'ms',
      ours,
      floor,
      ...(ours === undefined ? {} : { ratio: ours / floor }),
      target: target ? `≤ ${STORE_TIMES}× floor` : '–',
      met: ours === undefined || !target ? undefined : ours <= STORE_TIMES * floor,
    }
  }
  const judged = made.records === JUDGED
  return [
    row('replicate: from the store, getRepo over HTTP (what the app does)', https, judged),
    row('replicate: from the store, by pages over its WebSocket', pages, false),
  ]
}

/** Brings two ends together: from then on nothing but the transfer is left, which the returned function does. */
async function meet(scene: Scene, one: Replica, way: Way, sender?: Replica): Promise<() => Promise<Taken>> {
  const { account: made, relay } = scene
  const relayOnly = way === 'circuit'
  const from =
    sender === undefined
      ? { peer: relay.peerId, addresses: relay.multiaddrs }
      : await start(scene, sender, relayOnly)
  await start(scene, one, relayOnly)
  const input = { did: made.did, ...from }
  await one.call('meet', { ...input, path: relayOnly ? 'relayed' : 'direct' })
  return async () => {
    const taken = await one.call('pull', input)
    scene.context.log(`  ${Math.round(taken.ms)} ms, ${mega(taken.bytes)} MB, ${taken.how}`)
    return taken
  }
}

async function pullFrom(
  scene: Scene,
  one: Replica,
  way: Way,
  sender?: Replica,
  onMet?: () => Promise<void>,
): Promise<Taken> {
  const pull = await meet(scene, one, way, sender)
  await onMet?.()
  if (!scene.context.profile) return pull()
  const receiverEnds = await one.profile()
  const senderEnds = await sender?.profile()
  await scene.relay.ask('profile')
  const taken = await pull()
  const spots: [string, readonly { readonly name: string; readonly share: number }[]][] = [
    ['receiver', byThread(await receiverEnds())],
    ['sender', byThread((await senderEnds?.()) ?? [])],
    ['relay', await scene.relay.ask('profile-end')],
  ]
  for (const [who, found] of spots)
    for (const { name, share } of found.slice(0, SHOWN))
      scene.context.log(`    ${who}: ${(share * 100).toFixed(1)} % ${name}`)
  return taken
}

/** Lines of a profile that are shown for each process. */
const SHOWN = 24

const byThread = (spots: readonly Hotspot[]): { readonly name: string; readonly share: number }[] =>
  spots
    .map(({ thread, name, share }) => ({ name: `${thread}: ${name}`, share }))
    .sort((a, b) => b.share - a.share)

async function peerRows(scene: Scene, way: 'WebRTC' | 'circuit'): Promise<BenchRow[]> {
  const { context, account: made, size, keeper } = scene
  const floors: number[] = []
  const bare: number[] = []
  const ours: number[] = []
  const spent: Processor[] = []
  for (let i = 0; i < context.runs; i++) {
    context.log(`replicate ${size} from a browser, ${way}, run ${i + 1} of ${context.runs}`)
    await withReplica(context.origin, keeper, (sender) =>
      withFreshReplica(context.origin, async (receiver) => {
        const floor = way === 'WebRTC' ? bareRtc : bareSocket
        floors.push(rate(await floor(sender, receiver, made.bytes)))
        if (!context.ours) return
        let processor: (() => Promise<Processor>) | undefined
        const taken = await pullFrom(scene, receiver, way, sender, async () => {
          processor = await watchProcessor({ sender, receiver }, scene.relay)
        })
        ours.push(rate({ ...taken, bytes: made.bytes }))
        if (processor !== undefined) spent.push(await processor())
        // Last, when both ends run warm code: it is to be the most that there can be.
        bare.push(rate(await receiver.call('takeBytes', { bytes: made.bytes })))
      }),
    )
  }
  const floor = median(floors)
  const mine = ours.length === 0 ? undefined : median(ours)
  const target = way === 'WebRTC' ? WEBRTC_RATE : CIRCUIT_RATE
  const judged = made.records === JUDGED
  return [
    {
      name:
        way === 'WebRTC'
          ? 'replicate: from a browser over WebRTC'
          : 'replicate: from a browser over the circuit',
      size,
      unit: 'MB/s',
      ours: mine,
      floor,
      ...(mine === undefined ? {} : { ratio: mine / floor }),
      target: judged ? `≥ ${target}× floor` : '–',
      met: mine === undefined || !judged ? undefined : mine >= target * floor,
    },
    ...(bare.length === 0 ? [] : [bareRow(way, size, median(bare), floor)]),
    ...(spent.length === 0 ? [] : [processorRow(way, size, spent)]),
  ]
}

const mega = (bytes: number): number => Math.round(bytes / 1e5) / 10
const rate = ({ ms, bytes }: Taken): number => bytes / 1e3 / ms

/** Peak memory above idle and long tasks, of both sides, while it goes on. */
async function flatRows(scene: Scene, way: Way): Promise<BenchRow[]> {
  const { context, account: made, size, keeper } = scene
  const peaks: Record<Side, number[]> = { sender: [], receiver: [] }
  const longest: Record<Side, number> = { sender: 0, receiver: 0 }
  const watch = async (receiver: Replica, sender?: Replica): Promise<void> => {
    const sides = [
      ['receiver', receiver],
      ...(sender === undefined ? [] : [['sender', sender] as const]),
    ] as const
    const pull = await meet(scene, receiver, way, sender)
    const watches = await Promise.all(sides.map(([, one]) => one.memory()))
    // those of what was before, the collecting of its garbage among it
    for (const [, one] of sides) await one.call('longTasks', undefined)
    await pull()
    for (const [i, [side, one]] of sides.entries()) {
      const memory = watches[i]?.stop()
      if (memory !== undefined) peaks[side].push(memory.above / 2 ** 20)
      longest[side] = Math.max(longest[side], ...(await one.call('longTasks', undefined)))
    }
  }
  const tasks: Record<Side, Task[]> = { sender: [], receiver: [] }
  const trace = async (receiver: Replica, sender?: Replica): Promise<void> => {
    const pull = await meet(scene, receiver, way, sender)
    const ends: [Side, () => Promise<Task>][] = [['receiver', await watchTasks(receiver.page)]]
    if (sender !== undefined) ends.push(['sender', await watchTasks(sender.page)])
    await pull()
    for (const [side, end] of ends) tasks[side].push(await end())
  }
  const both = (run: (receiver: Replica, sender?: Replica) => Promise<void>): Promise<void> =>
    withFreshReplica(context.origin, (receiver) =>
      way === 'store'
        ? run(receiver)
        : withReplica(context.origin, keeper, (sender) => run(receiver, sender)),
    )
  for (let i = 0; i < context.runs; i++) {
    context.log(`replicate ${size}, memory, ${way}, run ${i + 1} of ${context.runs}`)
    await both(watch)
    await both(trace)
  }
  const judged = made.records === MEMORY_SIZE
  return (way === 'store' ? SIDES.slice(0, 1) : SIDES).flatMap((side) => {
    const above = peaks[side].length === 0 ? undefined : median(peaks[side])
    return [
      {
        name: `replicate, ${way}: memory of the ${side} above idle`,
        size,
        unit: 'MB' as const,
        ours: above,
        target: judged ? `≤ ${MEMORY_MEGABYTES} MB` : '–',
        met: judged && above !== undefined ? above <= MEMORY_MEGABYTES : undefined,
      },
      {
        name: `replicate, ${way}: longest task over 50 ms on the ${side}'s page`,
        size,
        unit: 'ms' as const,
        ours: longest[side],
        target: 'none',
        met: longest[side] === 0,
      },
      taskRow(`replicate, ${way}`, size, side, tasks[side]),
    ]
  })
}

const SIDES = ['receiver', 'sender'] as const
type Side = (typeof SIDES)[number]
