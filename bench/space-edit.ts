import type { BenchContext } from './lib/context.ts'
import { profilePage } from './lib/profile.ts'
import { startRelay } from './lib/relay.ts'
import { startRivalServer } from './lib/rival-server.ts'
import { type BenchRow, percentile } from './lib/table.ts'
import { type TypistPage, withTypists } from './lib/typists.ts'
import type { TypistSystem } from './pages/typist/protocol.ts'

/** Keys of each run that count; `--sizes` gives others. */
const KEYS = 200
/** Before them, to get warm. */
const WARM_UP = 40
/** Between two keys, ms: somebody who types fast. */
const PAUSE = 130
const RIVAL = 'y-websocket'
const RIVAL_TIMES = 1.5
/** Lines of a profile that are shown of each side. */
const SHOWN = 30

/** From a key in a note until the other's screen shows it, over a server in the middle. */
export async function benchSpaceEdit(context: BenchContext): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const keys of context.sizes ?? [KEYS]) {
    const samples: Record<TypistSystem, number[]> = { cairn: [], yjs: [] }
    for (let i = 0; i < context.runs; i++)
      for (const system of [
        ...(context.rivals ? (['yjs'] as const) : []),
        ...(context.ours ? (['cairn'] as const) : []),
      ]) {
        const taken = await measure(context, system, keys)
        samples[system].push(...taken)
        context.log(
          `space-edit, ${system}, run ${i + 1} of ${context.runs}: p50 ${percentile(taken, 0.5).toFixed(1)} ms, ` +
            `p99 ${percentile(taken, 0.99).toFixed(1)} ms`,
        )
      }
    rows.push(...rowsOf(keys * context.runs, samples))
  }
  return rows
}

async function measure(context: BenchContext, system: TypistSystem, keys: number): Promise<number[]> {
  const middle = system === 'cairn' ? await startRelay() : await startRivalServer('yjs', '')
  try {
    const { origin } = context
    return await withTypists({ origin, system, server: middle.origin }, async (writer, reader) => {
      await writer.call('type', { count: WARM_UP, pause: PAUSE })
      await reader.call('seen', WARM_UP)
      const profiles = context.profile && system === 'cairn' ? await profiled({ writer, reader }) : undefined
      const typedAt = await writer.call('type', { count: keys, pause: PAUSE })
      const seenAt = (await reader.call('seen', WARM_UP + keys)).slice(WARM_UP)
      for (const line of (await profiles?.()) ?? []) context.log(line)
      return typedAt.map((at, index) => (seenAt[index] ?? Number.NaN) - at)
    })
  } finally {
    await middle.stop()
  }
}

async function profiled(sides: Readonly<Record<string, TypistPage>>): Promise<() => Promise<string[]>> {
  const ends = await Promise.all(
    Object.entries(sides).map(async ([side, { page }]) => {
      const end = await profilePage(page.context(), page)
      return async () =>
        (await end())
          .toSorted((a, b) => b.share - a.share)
          .slice(0, 2 * SHOWN)
          .map(({ thread, name, share }) => `    ${side}, ${thread}: ${(share * 100).toFixed(1)} % ${name}`)
    }),
  )
  return async () => (await Promise.all(ends.map((end) => end()))).flat()
}

function rowsOf(keys: number, samples: Readonly<Record<TypistSystem, readonly number[]>>): BenchRow[] {
  return (
    [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const
  ).map(([name, share]): BenchRow => {
    const of = (system: TypistSystem): number | undefined =>
      samples[system].length === 0 ? undefined : percentile(samples[system], share)
    const [ours, rival] = [of('cairn'), of('yjs')]
    const judged = name === 'p50' && ours !== undefined && rival !== undefined
    return {
      name: `space-edit: a key to the other's screen, ${name}`,
      size: `${keys} keys`,
      unit: 'ms',
      ours,
      ...(rival === undefined ? {} : { rivals: { [RIVAL]: rival } }),
      target: name === 'p50' ? `≤ ${RIVAL_TIMES}× the rival` : '–',
      met: judged ? ours <= RIVAL_TIMES * rival : undefined,
    }
  })
}
