import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { BenchContext } from './lib/context.ts'
import { startRelay, type RelayProcess } from './lib/relay.ts'
import type { ScaleCalls } from './lib/scale-peers.ts'
import { type BenchRow, median } from './lib/table.ts'

const SIZES = [10, 100, 1000]
const PEER_KILOBYTES = 100
const LOOKUPS = 2000
/** The most peers over the fewest. */
const COST_TIMES = 1.2
/** Lookups on their way where the rate is measured: what a busy relay has. */
const AT_ONCE = 64
/** And where the cost is: at most one a connection at each size, so that nowhere several share a message. */
const ONE_EACH = 10
/**
 * Pings go on meanwhile and are no lookup's cost: they are measured alone, and taken off. All peers ask every 20 s,
 * those that came together at about the same time, so that only whole periods can be compared.
 */
const PERIOD_MS = 20_000
const LOOKUP_MS = 3000
/** Peers that come and go before anything is measured: compiled code and caches are no peer's. */
const WARM_UP = 30

/** One relay, more and more peers: memory of its process, and what lookups cost it. */
export async function benchRelayScale(context: BenchContext): Promise<BenchRow[]> {
  const sizes = [...(context.sizes ?? SIZES)].sort((a, b) => a - b)
  const most = Math.max(...sizes)
  const relay = await startRelay({
    // All peers are of one address here.
    limits: {
      connections: 2 * most + 100,
      connectionsPerAddress: 2 * most + 100,
      connectsPerMinutePerAddress: 100_000,
      reservations: most + 100,
      reservationsPerAddress: most + 100,
    },
  })
  try {
    await withPeers(async (call) => {
      await call('connect', { relay: addressOf(relay), peers: WARM_UP })
      await call('announce', { relay: addressOf(relay) })
      await call('lookups', { atOnce: AT_ONCE, ms: LOOKUP_MS })
    })
    return await withPeers((call) => measure(context, relay, sizes, call))
  } finally {
    await relay.stop()
  }
}

type Call = <N extends keyof ScaleCalls>(
  name: N,
  input: Parameters<ScaleCalls[N]>[0],
) => ReturnType<ScaleCalls[N]>

async function measure(
  context: BenchContext,
  relay: RelayProcess,
  sizes: readonly number[],
  call: Call,
): Promise<BenchRow[]> {
  const empty = await memoryOf(relay)
  const rows: BenchRow[] = []
  const costs: number[] = []
  /** what announcing has added to the process so far, which is no part of an idle peer */
  let announced = 0
  for (const peers of sizes) {
    const size = `${peers} peers`
    context.log(`relay-scale: ${size}`)
    const before = await memoryOf(relay)
    const topicsBefore = announced
    await call('connect', { relay: addressOf(relay), peers })
    const idle = await memoryOf(relay)
    await call('announce', { relay: addressOf(relay) })
    const busy = await memoryOf(relay)
    announced += busy.resident - idle.resident
    const perPeer = (idle.resident - empty.resident - topicsBefore) / peers / 1024
    const heap = (idle.heap - before.heap) / (peers - (sizes[sizes.indexOf(peers) - 1] ?? 0)) / 1024
    const resting = await relay.ask('cpu')
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS))
    const idleShare = ((await relay.ask('cpu')) - resting) / (PERIOD_MS / 1000)
    const rates: number[] = []
    const cpus: number[] = []
    for (let i = 0; i < context.runs; i++) {
      const { lookups, ms } = await call('lookups', { atOnce: AT_ONCE, ms: LOOKUP_MS })
      rates.push((lookups * 1000) / ms)
      const from = await relay.ask('cpu')
      const one = await call('lookups', { atOnce: ONE_EACH, ms: PERIOD_MS })
      const seconds = (await relay.ask('cpu')) - from - (idleShare * one.ms) / 1000
      if (one.records < one.lookups) throw new Error(`${one.records} records in ${one.lookups} lookups`)
      cpus.push((seconds * 1e6) / one.lookups)
    }
    const cost = median(cpus)
    costs.push(cost)
    const judged = peers === Math.max(...sizes)
    rows.push(
      {
        name: 'relay-scale: memory per idle reserved peer',
        size,
        unit: 'KB',
        ours: perPeer,
        rivals: { 'of it in the heap': heap },
        target: judged ? `≤ ${PEER_KILOBYTES} KB` : '–',
        met: judged ? perPeer <= PEER_KILOBYTES : undefined,
      },
      {
        name: 'relay-scale: the same with a topic announced and two directory streams',
        size,
        unit: 'KB',
        ours: (busy.resident - empty.resident) / peers / 1024,
        target: '–',
        met: undefined,
      },
      {
        name: 'relay-scale: processor time of the relay while nothing is asked',
        size,
        unit: 'ms/s',
        ours: idleShare * 1000,
        target: '–',
        met: undefined,
      },
      {
        name: `relay-scale: lookups, ${AT_ONCE} at a time over all connections`,
        size,
        unit: '/s',
        ours: median(rates),
        target: `≥ ${LOOKUPS}/s`,
        met: median(rates) >= LOOKUPS,
      },
      {
        name: `relay-scale: processor time of the relay per lookup, ${ONE_EACH} at a time`,
        size,
        unit: 'µs',
        ours: cost,
        ...(judged && costs[0] !== undefined ? { floor: costs[0], ratio: cost / costs[0] } : {}),
        target: judged ? `≤ ${COST_TIMES}× that at ${sizes[0] ?? 0}` : '–',
        met: judged ? cost <= COST_TIMES * (costs[0] ?? cost) : undefined,
      },
    )
  }
  return rows
}

const addressOf = ({ peerId, multiaddrs }: RelayProcess) => ({ peerId, multiaddrs })

/** Bytes, after garbage was collected: the process as the system sees it where it tells, and the heap in it. */
async function memoryOf(relay: RelayProcess): Promise<{ readonly resident: number; readonly heap: number }> {
  const { rss, heapUsed, external } = await relay.ask('memory')
  return { resident: rss, heap: heapUsed + external }
}

/** Peers in a process of their own, which ends with the work. */
async function withPeers<T>(work: (call: Call) => Promise<T>): Promise<T> {
  const child = fork(join(import.meta.dirname, 'lib', 'scale-peers.ts'))
  try {
    return await work(callsTo(child))
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
}

function callsTo(child: ChildProcess): Call {
  let count = 0
  // Each call that waits listens for itself.
  child.setMaxListeners(0)
  return (name, input) => {
    const id = count++
    const answered = new Promise((resolve, reject) => {
      const hear = (message: unknown): void => {
        // only our own code in the child sends
        const answer = message as { id: number; value?: unknown; error?: string }
        if (answer.id !== id) return
        child.off('message', hear)
        if (answer.error === undefined) resolve(answer.value)
        else reject(new Error(answer.error))
      }
      child.on('message', hear)
      child.once('exit', () => reject(new Error('the peers ended')))
    })
    child.send({ id, name, input })
    // each call is answered with its own result
    return answered as ReturnType<ScaleCalls[typeof name]>
  }
}
