import { basename } from 'node:path'
import type { BenchContext } from './lib/context.ts'
import { createProfile, openSession, type Profile, type Session } from './lib/chromium.ts'
import { dataset } from './lib/data.ts'
import { type BenchRow, median } from './lib/table.ts'

/** Six in ten records are likes, so this repo has a collection of some 102,000. */
const RECORDS = 170_000
const COLLECTION = 'app.bsky.feed.like'
/** Records on the first screen. */
const SCREEN = 50
const FLOOR_TIMES = 3
const RECORD_KILOBYTES = 64

/** Warm disk, fresh browser: each measurement is the first thing that a newly started browser does. */
export async function benchOpen(context: BenchContext): Promise<BenchRow[]> {
  const data = await dataset(context.sizes?.[0] ?? RECORDS, 'revision')
  const size = `${Math.round((data.collections[COLLECTION] ?? 0) / 1000)}k records in the collection`
  const profile = createProfile()
  try {
    return await measure(context, profile, data, size)
  } finally {
    profile.remove()
  }
}

async function measure(
  context: BenchContext,
  profile: Profile,
  data: Awaited<ReturnType<typeof dataset>>,
  size: string,
): Promise<BenchRow[]> {
  const fresh = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    const session = await openSession(context.origin, profile)
    try {
      return await work(session)
    } finally {
      await session.close()
    }
  }
  const screen = { did: data.did, collection: COLLECTION, records: SCREEN }
  context.log(`open: import of ${data.records} records`)
  if (context.ours) {
    await fresh((session) =>
      session.run('ourImport', { url: `/data/${basename(data.file)}`, did: data.did, didKey: data.didKey }),
    )
  }
  const shown = context.ours ? (await fresh((session) => session.run('ourOpen', screen))).output : undefined
  if (shown !== undefined && shown.records !== SCREEN)
    throw new Error(`${shown.records} records on the screen`)
  // without ours: 50 likes of the size that the generator makes
  await fresh((session) => session.run('floorKeep', { bytes: shown?.recordBytes ?? SCREEN * 230 }))

  const floors: number[] = []
  const ours: number[] = []
  for (let i = 0; i < context.runs; i++) {
    context.log(`open, run ${i + 1} of ${context.runs}`)
    floors.push((await fresh((session) => session.run('floorOpen', {}))).ms)
    if (context.ours) ours.push((await fresh((session) => session.run('ourOpen', screen))).ms)
  }
  const floor = median(floors)
  const mine = ours.length === 0 ? undefined : median(ours)
  const rows: BenchRow[] = [
    {
      name: `open: first ${SCREEN} records`,
      size,
      unit: 'ms',
      ours: mine,
      floor,
      ...(mine === undefined ? {} : { ratio: mine / floor }),
      target: `≤ ${FLOOR_TIMES}× floor`,
      met: mine === undefined ? undefined : mine <= FLOOR_TIMES * floor,
    },
  ]
  if (!context.ours || shown === undefined) return rows
  const { output } = await fresh((session) =>
    session.run('ourRecords', { did: data.did, paths: data.sample }),
  )
  const most = Math.max(...output.map((one) => one.bytesRead)) / 1024
  return [
    ...rows,
    {
      name: `open: read for ${SCREEN} records`,
      size,
      unit: 'KB',
      ours: shown.bytesRead / 1024,
      target: '–',
      met: undefined,
    },
    {
      name: 'open: read for one record, most of 200',
      size,
      unit: 'KB',
      ours: most,
      target: `≤ ${RECORD_KILOBYTES} KB`,
      met: most <= RECORD_KILOBYTES,
    },
    {
      name: 'open: one record, median of 200',
      size,
      unit: 'ms',
      ours: median(output.map((one) => one.ms)),
      target: '–',
      met: undefined,
    },
  ]
}
