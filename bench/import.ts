import { execFileSync } from 'node:child_process'
import { basename, join } from 'node:path'
import type { BlockOrder } from '../src/repo/testing/repo.ts'
import type { BenchContext } from './lib/context.ts'
import { type Session, withFreshSession } from './lib/chromium.ts'
import { dataset, type Dataset } from './lib/data.ts'
import { type BenchRow, median } from './lib/table.ts'

const SIZES = [10_000, 100_000, 300_000]
const ORDERS: readonly BlockOrder[] = ['preorder', 'revision', 'shuffled']
/** Below this, starting up is most of the time, and the rivals' targets say nothing. */
const JUDGED_FROM = 100_000
/** Up to this, the same is measured once more by code that was never run, and by code that was compiled before. */
const COMPILED_UP_TO = 10_000
/** After so many imports of that size no more of it is compiled. */
const BEFORE = 4
/** Ours over the floor. */
const FLOOR_TIMES = 1.6
/** `verifyRepoCar` plus a row a block, over ours. */
const REFERENCE_TIMES = 15
const MEMORY_SIZE = 300_000
const MEMORY_MEGABYTES = 96
/** The reference needs half a minute at 300,000 records, so it is timed here, and once. */
const RIVALS_UP_TO = 100_000

/** Verified, indexed and durable, from a CAR in memory; memory and long tasks from a streamed one. */
export async function benchImport(context: BenchContext): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const size of context.sizes ?? SIZES) {
    for (const order of ORDERS.filter((one) => context.orders?.includes(one) ?? true)) {
      const data = await dataset(size, order)
      rows.push(...(await timeRows(context, data, order)))
      if (context.ours && size <= COMPILED_UP_TO) rows.push(...(await otherRows(context, data, order)))
      if (context.ours) rows.push(...(await flatRows(context, data, order)))
    }
  }
  return rows
}

async function timeRows(context: BenchContext, data: Dataset, order: BlockOrder): Promise<BenchRow[]> {
  const size = `${data.records / 1000}k ${order}`
  const url = `/data/${basename(data.file)}`
  const floors: number[] = []
  const ours: number[] = []
  const atcutes: number[] = []
  for (let i = 0; i < context.runs; i++) {
    const fresh = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
      withFreshSession(context.origin, work)
    context.log(`import ${size}, run ${i + 1} of ${context.runs}`)
    floors.push((await fresh((session) => session.run('floorImport', { url }))).ms)
    if (context.ours) {
      const result = await fresh((session) =>
        session.run('ourImport', { url, did: data.did, didKey: data.didKey, rehearsed: true }),
      )
      if (result.output.bytes !== data.bytes) throw new Error('the importer did not read the whole CAR')
      ours.push(result.ms)
    }
    if (context.rivals) atcutes.push((await fresh((session) => session.run('atcuteImport', { url }))).ms)
  }
  const floor = median(floors)
  const mine = ours.length === 0 ? undefined : median(ours)
  const shared = { name: 'import', size, unit: 'ms', ours: mine } as const
  const out: BenchRow[] = [
    {
      ...shared,
      floor,
      ...(mine === undefined ? {} : { ratio: mine / floor }),
      target: `≤ ${FLOOR_TIMES}× floor`,
      met: mine === undefined ? undefined : mine <= FLOOR_TIMES * floor,
    },
  ]
  if (!context.rivals) return out
  const judged = data.records >= JUDGED_FROM
  const atcute = median(atcutes)
  out.push({
    ...shared,
    name: 'import, against decoding without any check',
    rivals: { '@atcute/repo + 1 MB values': atcute },
    target: judged ? 'not slower' : '–',
    met: mine === undefined || !judged ? undefined : mine <= atcute,
  })
  if (data.records > RIVALS_UP_TO || order !== 'revision') return out
  context.log(`import ${size}, the reference`)
  const verified = verifyInNode(data)
  const stored = (await withFreshSession(context.origin, (session) => session.run('rowImport', { url }))).ms
  out.push({
    ...shared,
    name: 'import, against the reference',
    rivals: { '@atproto/repo verifyRepoCar (Node)': verified, 'a row a block': stored },
    target: judged ? `≥ ${REFERENCE_TIMES}× faster` : '–',
    met: mine === undefined || !judged ? undefined : mine * REFERENCE_TIMES <= verified + stored,
  })
  return out
}

/**
 * What of a small import is the browser's work on the code, and not on the repo: by a thread that has just started, with
 * no rehearsal, and by one that has imported before.
 */
async function otherRows(context: BenchContext, data: Dataset, order: BlockOrder): Promise<BenchRow[]> {
  const size = `${data.records / 1000}k ${order}`
  const input = { url: `/data/${basename(data.file)}`, did: data.did, didKey: data.didKey }
  const row = async (name: string, more: { readonly before?: number }): Promise<BenchRow> => {
    const times = { floor: [] as number[], ours: [] as number[] }
    for (let i = 0; i < context.runs; i++) {
      context.log(`${name} ${size}, run ${i + 1} of ${context.runs}`)
      const fresh = (task: 'floorImport' | 'ourImport'): Promise<{ ms: number }> =>
        withFreshSession(context.origin, (session) => session.run(task, { ...input, ...more }))
      times.floor.push((await fresh('floorImport')).ms)
      times.ours.push((await fresh('ourImport')).ms)
    }
    const [floor, ours] = [median(times.floor), median(times.ours)]
    return { name, size, unit: 'ms', ours, floor, ratio: ours / floor, target: '–', met: undefined }
  }
  return [
    await row('import, without a rehearsal', {}),
    await row('import, by code that was compiled before', { before: BEFORE }),
  ]
}

function verifyInNode(data: Dataset): number {
  const script = join(import.meta.dirname, 'verify-repo-car.ts')
  const printed = execFileSync(
    process.execPath,
    ['--max-old-space-size=8192', script, data.file, data.did, data.didKey],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  return (JSON.parse(printed) as { ms: number }).ms // printed by verify-repo-car.ts
}

/** Peak memory of the whole renderer above idle, and long tasks on the page's thread, while a stream comes in. */
async function flatRows(context: BenchContext, data: Dataset, order: BlockOrder): Promise<BenchRow[]> {
  const size = `${data.records / 1000}k ${order}`
  const input = {
    ...{ url: `/data/${basename(data.file)}`, did: data.did, didKey: data.didKey },
    ...{ stream: true, rehearsed: true },
  }
  const peaks: number[] = []
  let longest = 0
  for (let i = 0; i < context.runs; i++) {
    context.log(`import ${size}, memory, run ${i + 1} of ${context.runs}`)
    await withFreshSession(context.origin, async (session) => {
      const watch = await session.memory()
      const { longTasks } = await session.run('ourImport', input)
      const memory = watch?.stop()
      if (memory !== undefined) peaks.push(memory.above / 2 ** 20)
      longest = Math.max(longest, ...longTasks)
    })
  }
  const above = peaks.length === 0 ? undefined : median(peaks)
  const judged = data.records === MEMORY_SIZE && above !== undefined
  return [
    {
      name: 'import, memory above idle',
      size,
      unit: 'MB',
      ours: above,
      target: data.records === MEMORY_SIZE ? `≤ ${MEMORY_MEGABYTES} MB` : '–',
      met: judged ? above <= MEMORY_MEGABYTES : undefined,
    },
    {
      name: "import, longest task over 50 ms on the page's thread",
      size,
      unit: 'ms',
      ours: longest,
      target: 'none',
      met: longest === 0,
    },
  ]
}
