import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Account, account, servePlc } from './lib/account.ts'
import type { BenchContext } from './lib/context.ts'
import { CACHE } from './lib/data.ts'
import { pageBytes } from './lib/page-bytes.ts'
import { keptHistory } from './lib/pds-history.ts'
import { type RelayProcess, startRelay } from './lib/relay.ts'
import { withFreshReplica } from './lib/replica.ts'
import { type BenchRow, median } from './lib/table.ts'
import type { Taken } from './pages/replica/protocol.ts'

const SIZES = [100_000]

/** A whole repo from a relay's store to a fresh browser: by pages, and as one CAR over the same stream of libp2p. */
export async function benchBootstrap(context: BenchContext): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const records of context.sizes ?? SIZES) {
    const made = await account(records)
    const plc = await servePlc([made])
    try {
      const size = `${records / 1000}k`
      const times: Times = { first: [], next: [], gzipped: [], car: [] }
      for (let i = 0; i < context.runs; i++) {
        context.log(`bootstrap ${size}, run ${i + 1} of ${context.runs}`)
        await timesOf(context, made, plc.origin, times)
      }
      if (context.ours) {
        context.log(`bootstrap ${size}, bytes`)
        rows.push(...(await sizeRows(size, made, plc.origin)), ...(await pdsRows(context, records)))
      }
      const name = 'bootstrap: time to the proven durable head, over the WebSocket of a store'
      rows.push(
        timeRow(`${name}, to the first who asks`, size, times.first, times),
        timeRow(`${name}, to the next`, size, times.next, times),
      )
    } finally {
      await plc.close()
    }
  }
  return rows
}

type Way = 'pull' | 'pullCar'

/** Each ms, of one device. */
interface Times {
  readonly first: number[]
  readonly next: number[]
  /** one CAR that the store gzips as pages are compressed, and one that it does not */
  readonly gzipped: number[]
  readonly car: number[]
}

/**
 * A store that was just started gives the repo to one device and then to another, and as one CAR to a third; one that
 * gzips the CAR gives it to a fourth.
 */
async function timesOf(context: BenchContext, made: Account, plc: string, times: Times): Promise<void> {
  const from = async (gzippedCar: boolean, ways: readonly [Way, number[]][]): Promise<void> => {
    const relay = await startRelay({ account: made, gzippedCar })
    try {
      for (const [way, to] of ways)
        to.push((await taking(context, { relay, did: made.did, plc }, way, gzippedCar)).ms)
    } finally {
      await relay.stop()
    }
  }
  const ours: [Way, number[]][] = [
    ['pull', times.first],
    ['pull', times.next],
  ]
  await from(false, [...(context.ours ? ours : []), ['pullCar', times.car]])
  await from(true, [['pullCar', times.gzipped]])
}

/** Pages are compressed, so what they are held against is too. */
function timeRow(name: string, size: string, ours: readonly number[], { gzipped, car }: Times): BenchRow {
  const least = median(gzipped)
  const ms = ours.length === 0 ? undefined : median(ours)
  return {
    name,
    size,
    unit: 'ms',
    ours: ms,
    rivals: { 'one CAR gzipped': least, 'as it is': median(car) },
    ...(ms === undefined ? {} : { ratio: ms / least }),
    target: 'not above the CAR, both gzipped',
    met: ms === undefined ? undefined : ms <= least,
  }
}

const total = (all: readonly Uint8Array[]): number => all.reduce((sum, one) => sum + one.length, 0)

/** In the order in which our own nodes write a CAR, which is that of the pages. */
async function sizeRows(size: string, made: Account, plc: string): Promise<BenchRow[]> {
  const pages = await pageBytes(made, plc, true)
  const car = readFileSync(made.file)
  const least = gzipSync(car).length
  return [
    {
      ...sizeRow(`bootstrap: ${pages.length - 1} pages, and the CAR gzipped`, size, total(pages), least),
      target: 'fewer than the CAR',
      met: total(pages) < least,
    },
    sizeRow(
      'bootstrap: the same before they are compressed',
      size,
      total(await pageBytes(made, plc, false)),
      car.length,
    ),
  ]
}

/** In the order of a real PDS, when there is such a CAR from `catchup`. */
async function pdsRows(context: BenchContext, records: number): Promise<BenchRow[]> {
  const history = keptHistory(records)
  const before = history?.steps[0]?.before
  if (history === undefined || before === undefined) {
    context.log('bootstrap: no CAR of a real PDS is kept; `catchup` makes one')
    return []
  }
  const plc = await servePlc([{ ...history, file: '', bytes: 0 }])
  try {
    const file = join(CACHE, before)
    const pages = await pageBytes({ did: history.did, file }, plc.origin, true)
    const name = 'bootstrap: pages, and the CAR of a real PDS gzipped'
    return [sizeRow(name, `${records / 1000}k`, total(pages), gzipSync(readFileSync(file)).length)]
  } finally {
    await plc.close()
  }
}

const sizeRow = (name: string, size: string, ours: number, theirs: number): BenchRow => ({
  name,
  size,
  unit: 'KB',
  ours: ours / 1024,
  rivals: { 'one CAR': theirs / 1024 },
  ratio: ours / theirs,
  target: '–',
  met: undefined,
})

/** One transfer to a browser without a past, whose connection to the relay stands. */
function taking(
  context: BenchContext,
  { relay, did, plc }: { readonly relay: RelayProcess; readonly did: string; readonly plc: string },
  way: Way,
  gzipped: boolean,
): Promise<Taken> {
  return withFreshReplica(context.origin, async (one) => {
    const { peerId: peer, multiaddrs: addresses } = relay
    await one.call('start', { relay: { peerId: peer, multiaddrs: addresses }, relayOnly: false, plc })
    const input = { did, peer, addresses }
    await one.call('meet', { ...input, path: 'direct' })
    const taken = await (way === 'pull'
      ? one.call('pull', input)
      : one.call('pullCar', { ...input, gzipped }))
    context.log(
      `  ${way}: ${Math.round(taken.ms)} ms, ${Math.round(taken.bytes / 1e5) / 10} MB, ${taken.how}`,
    )
    return taken
  })
}
