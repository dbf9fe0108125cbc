import type { BenchContext } from './lib/context.ts'
import { withFreshSession } from './lib/chromium.ts'
import { type BenchRow, median } from './lib/table.ts'
import type { TaskName } from './pages/protocol.ts'

/** Text edits of both sides together; of edits of fields there are a fifth. `--sizes` gives others. */
const TEXT_EDITS = 10_000
const FIELDS_OF = 5
const YJS_TIMES = 5
/** Keys of an hour, for the size given: so that a smaller one takes less time. */
const HOUR_KEYS = 1.2
const STORED_TIMES = 3
/** Lines of a profile that are shown. */
const SHOWN = 36

type Merge = Extract<TaskName, 'ourMerge' | 'yjsMerge' | 'automergeMerge'>
const RIVALS = { yjsMerge: 'Yjs + y-indexeddb', automergeMerge: 'automerge-repo' } as const

/** Two who worked apart are brought together at once. */
export async function benchSpaceMerge(context: BenchContext): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const textEdits of context.sizes ?? [TEXT_EDITS]) {
    const fieldEdits = textEdits / FIELDS_OF
    const times = new Map<Merge, number[]>()
    const subjects: readonly Merge[] = [
      ...(context.rivals ? (['yjsMerge', 'automergeMerge'] as const) : []),
      ...(context.ours ? (['ourMerge'] as const) : []),
    ]
    let steps = 0
    for (let i = 0; i < context.runs; i++)
      for (const task of subjects) {
        const { ms, output } = await withFreshSession(context.origin, (one) =>
          one.run(task, { textEdits, fieldEdits }),
        )
        steps = output.steps
        times.set(task, [...(times.get(task) ?? []), ms])
        context.log(`space-merge, ${task}, run ${i + 1} of ${context.runs}: ${Math.round(ms)} ms`)
      }
    if (context.profile)
      await withFreshSession(context.origin, async (one) => {
        for (const { thread, name, share } of (
          await one.profiled('ourMerge', { textEdits, fieldEdits })
        ).slice(0, SHOWN))
          context.log(`    ${thread}: ${(share * 100).toFixed(1)} % ${name}`)
      })
    rows.push(...rowsOf(`${textEdits / 1000}k text, ${fieldEdits / 1000}k fields, ${steps} flushes`, times))
    if (context.ours) rows.push(...(await hourRows(context, textEdits * HOUR_KEYS)))
  }
  return rows
}

function rowsOf(size: string, times: ReadonlyMap<Merge, readonly number[]>): BenchRow[] {
  const of = (task: Merge): number | undefined => {
    const taken = times.get(task)
    return taken === undefined ? undefined : median(taken)
  }
  const ours = of('ourMerge')
  return (['yjsMerge', 'automergeMerge'] as const).map((task): BenchRow => {
    const rival = of(task)
    const most = task === 'yjsMerge' ? YJS_TIMES : 1
    return {
      name: 'space-merge: both in step and durable',
      size,
      unit: 'ms',
      ours,
      ...(rival === undefined ? {} : { rivals: { [RIVALS[task]]: rival } }),
      target: task === 'yjsMerge' ? `≤ ${YJS_TIMES}× the rival` : 'below the rival',
      met: ours === undefined || rival === undefined ? undefined : ours <= most * rival,
    }
  })
}

async function hourRows(context: BenchContext, keys: number): Promise<BenchRow[]> {
  context.log(`space-merge: ${keys} keys typed`)
  const { updates, flushes, written, storedOpen, stored } = await withFreshSession(
    context.origin,
    async (one) => (await one.run('ourHour', { keys })).output,
  )
  const size = `${keys / 1000}k keys, ${flushes} flushes`
  const row = (what: string, bytes: number, isJudged: boolean): BenchRow => ({
    ...{ name: `space-merge: ${what}, over the editor's updates`, size, unit: 'KB' as const },
    ...{ ours: bytes / 1024, floor: updates / 1024, ratio: bytes / updates },
    target: isJudged ? `≤ ${STORED_TIMES}× floor` : '–',
    met: isJudged ? bytes <= STORED_TIMES * updates : undefined,
  })
  return [
    row('stored of an hour of typing', stored, true),
    row('the same while the note is open', storedOpen, false),
    row('written for it in all', written, false),
  ]
}
