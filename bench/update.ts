import { basename } from 'node:path'
import type { BenchContext } from './lib/context.ts'
import { type Session, withFreshSession } from './lib/chromium.ts'
import { dataset, updates } from './lib/data.ts'
import { type BenchRow, median } from './lib/table.ts'

const RECORDS = 300_000
/** Updates in a row in one browser; the first is told apart, since nothing is compiled yet. */
const UPDATES = 7
const KILOBYTES = 64
const MILLISECONDS = 20

/** One changed record at a time, as `since` CARs of 12 or so tree nodes and a commit. */
export async function benchUpdate(context: BenchContext): Promise<BenchRow[]> {
  const records = context.sizes?.[0] ?? RECORDS
  const data = await dataset(records, 'revision')
  const changes = await updates(records, UPDATES)
  const urls = changes.map((change) => `/data/${basename(change.file)}`)
  const size = `${records / 1000}k`
  const floors: number[] = []
  const ours: number[] = []
  const firsts: number[] = []
  const besides: number[] = []
  for (let i = 0; i < context.runs; i++) {
    context.log(`update, run ${i + 1} of ${context.runs}`)
    await withFreshSession(context.origin, async (session: Session) => {
      const { did, didKey } = data
      floors.push(...(await session.run('floorUpdates', { urls })).output.slice(1).map((one) => one.ms))
      if (!context.ours) return
      await session.run('ourImport', { url: `/data/${basename(data.file)}`, did, didKey })
      const { output } = await session.run('ourUpdates', { did, didKey, urls })
      const [first, ...rest] = output
      if (first !== undefined) firsts.push(first.ms)
      ours.push(...rest.map((one) => one.ms))
      besides.push(...output.map((one, at) => (one.written - (changes[at]?.recordBytes ?? 0)) / 1024))
    })
  }
  const floor = median(floors)
  const mine = ours.length === 0 ? undefined : median(ours)
  const most = besides.length === 0 ? undefined : Math.max(...besides)
  return [
    {
      name: 'update: one record changed',
      size,
      unit: 'ms',
      ours: mine,
      floor,
      ...(mine === undefined ? {} : { ratio: mine / floor }),
      target: `< ${MILLISECONDS} ms`,
      met: mine === undefined ? undefined : mine < MILLISECONDS,
    },
    {
      name: 'update: the first after an import',
      size,
      unit: 'ms',
      ours: firsts.length === 0 ? undefined : median(firsts),
      target: '–',
      met: undefined,
    },
    {
      name: 'update: written besides the record, most',
      size,
      unit: 'KB',
      ours: most,
      target: `≤ ${KILOBYTES} KB`,
      met: most === undefined ? undefined : most <= KILOBYTES,
    },
  ]
}
