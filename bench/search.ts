import { basename } from 'node:path'
import type { BenchContext } from './lib/context.ts'
import { createProfile, openSession, type Session } from './lib/chromium.ts'
import { dataset } from './lib/data.ts'
import { type BenchRow, median, percentile } from './lib/table.ts'

const RECORDS = 100_000
const MEDIAN_MS = 16
const P95_MS = 50

/** What people type: common, rare, several words, accents with and without, CJK, right to left, nothing found. */
const WORDS = [
  'coffee',
  'the',
  'lantern theorem',
  'petrichor',
  'zyzzyva',
  'crème brûlée',
  'creme brulee',
  'smorgasbord',
  'coração',
  'Straße',
  'größer',
  '図書館',
  '美味しいラーメン',
  '東京',
  '天气',
  '고양이',
  'ґанок',
  'قهوة',
  '🎉',
  'did:plc:aaaa',
  'qqqxyzzq',
]

/** Keystrokes over an index that was built by an earlier browser on the same profile. */
export async function benchSearch(context: BenchContext): Promise<BenchRow[]> {
  const data = await dataset(context.sizes?.[0] ?? RECORDS, 'revision')
  const size = `${data.records / 1000}k`
  const rows: BenchRow[] = []
  const builds: number[] = []
  const strokes: number[] = []
  const firsts: number[] = []
  const scans: number[] = []
  let written = 0
  let longest = 0
  for (let i = 0; i < context.runs; i++) {
    context.log(`search, run ${i + 1} of ${context.runs}`)
    const profile = createProfile()
    const fresh = async (work: (session: Session) => Promise<void>): Promise<void> => {
      const session = await openSession(context.origin, profile)
      try {
        await work(session)
      } finally {
        await session.close()
      }
    }
    const { did, didKey } = data
    try {
      await fresh(async (session) => {
        await session.run('ourImport', { url: `/data/${basename(data.file)}`, did, didKey })
        const built = await session.run('ourIndex', { did })
        builds.push(built.ms)
        written = built.output.written
        longest = Math.max(longest, ...built.longTasks)
      })
      await fresh(async (session) => {
        const { output, longTasks } = await session.run('ourSearch', { did, words: WORDS })
        // words that thousands of posts hold, whichever the seed
        for (const word of ['coffee', '東京', 'größer']) {
          if (!output.some((one) => one.text === word && one.hits > 0)) throw new Error(`no hits for ${word}`)
        }
        firsts.push(output[0]?.ms ?? Number.NaN)
        strokes.push(...output.slice(1).map((one) => one.ms))
        longest = Math.max(longest, ...longTasks)
        if (!context.rivals) return
        const scanned = await session.run('scanSearch', { did, words: WORDS })
        scans.push(...scanned.output.map((one) => one.ms))
      })
    } finally {
      profile.remove()
    }
  }
  const timed = (
    name: string,
    values: readonly number[],
    scan: number | undefined,
    limit?: number,
  ): BenchRow => {
    const ours = name.includes('p95') ? percentile(values, 0.95) : median(values)
    return {
      name,
      size,
      unit: 'ms',
      ours,
      ...(scan === undefined || Number.isNaN(scan)
        ? {}
        : { rivals: { 'a scan of all text in memory': scan } }),
      target: limit === undefined ? '–' : `≤ ${limit} ms`,
      met: limit === undefined ? undefined : ours <= limit,
    }
  }
  rows.push(
    timed('search: a keystroke, median', strokes, median(scans), MEDIAN_MS),
    timed('search: a keystroke, p95', strokes, percentile(scans, 0.95), P95_MS),
    timed('search: the first in a fresh browser', firsts, undefined),
    timed('search: building the index', builds, undefined),
    {
      name: 'search: index on the disk',
      size,
      unit: 'MB',
      ours: written / 2 ** 20,
      target: '–',
      met: undefined,
    },
    {
      name: "search: longest task over 50 ms on the page's thread",
      size,
      unit: 'ms',
      ours: longest,
      target: 'none',
      met: longest === 0,
    },
  )
  return rows
}
