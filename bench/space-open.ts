import type { BenchContext } from './lib/context.ts'
import { createProfile, openSession, type Profile, type Session } from './lib/chromium.ts'
import { type BenchRow, median } from './lib/table.ts'

const ENTITIES = 10_000
const MEMBERS = 10
const FLOOR_TIMES = 3
/** Lines of a profile that are shown. */
const SHOWN = 32

/** A space is opened by a browser that was just started, on a profile that keeps it. */
export async function benchSpaceOpen(context: BenchContext): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const entities of context.sizes ?? [ENTITIES]) {
    const profile = createProfile()
    try {
      rows.push(...(await measure(context, profile, entities)))
    } finally {
      profile.remove()
    }
  }
  return rows
}

async function measure(context: BenchContext, profile: Profile, entities: number): Promise<BenchRow[]> {
  const fresh = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    const session = await openSession(context.origin, profile)
    try {
      return await work(session)
    } finally {
      await session.close()
    }
  }
  context.log(`space-open: a space of ${entities} entities by ${MEMBERS} members`)
  const { space } = (await fresh((one) => one.run('keepSpace', { entities, members: MEMBERS }))).output
  const ours = async (): Promise<number> => {
    const { ms, output } = await fresh((one) => one.run('ourSpace', { space }))
    // an entity may be deleted or hidden; here none is, and two are made by founding
    if (output.entities < entities || output.members !== MEMBERS)
      throw new Error(`${output.entities} entities by ${output.members} members were read`)
    return ms
  }
  const floors: number[] = []
  const mine: number[] = []
  let records = 0
  for (let i = 0; i < context.runs; i++) {
    context.log(`space-open, run ${i + 1} of ${context.runs}`)
    const floor = await fresh((one) => one.run('floorSpace', {}))
    records = floor.output.records
    floors.push(floor.ms)
    if (context.ours) mine.push(await ours())
    context.log(`  floor ${Math.round(floor.ms)} ms, ours ${Math.round(mine.at(-1) ?? 0)} ms`)
  }
  if (context.profile) await profiled(context, fresh, space)
  const floor = median(floors)
  const time = mine.length === 0 ? undefined : median(mine)
  return [
    {
      name: `space-open: from nothing to all lists (${records} records)`,
      size: `${entities / 1000}k entities, ${MEMBERS} members`,
      unit: 'ms',
      ours: time,
      floor,
      ...(time === undefined ? {} : { ratio: time / floor }),
      target: `≤ ${FLOOR_TIMES}× floor`,
      met: time === undefined ? undefined : time <= FLOOR_TIMES * floor,
    },
  ]
}

async function profiled(
  context: BenchContext,
  fresh: <T>(work: (session: Session) => Promise<T>) => Promise<T>,
  space: string,
): Promise<void> {
  await fresh(async (one) => {
    const spots = await one.profiled('ourSpace', { space })
    for (const { thread, name, share } of spots.slice(0, SHOWN))
      context.log(`    ${thread}: ${(share * 100).toFixed(1)} % ${name}`)
  })
}
