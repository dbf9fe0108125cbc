import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { decodePack } from '../src/pack/pack-reader.ts'
import type { Row } from '../src/pack/values.ts'
import { cursorOf } from '../src/sync/packs/cursor.ts'
import { COMMIT_TABLE, RECORD_COLUMN } from '../src/sync/packs/model.ts'
import { writeRequest } from '../src/sync/packs/request.ts'
import { servePlc } from './lib/account.ts'
import { catchupStore, type CatchupStore } from './lib/catchup-store.ts'
import { createProfile, openSession, type Session } from './lib/chromium.ts'
import type { BenchContext } from './lib/context.ts'
import { CACHE } from './lib/data.ts'
import { createLink, type Line } from './lib/link.ts'
import { pdsHistory, type PdsHistory, type PdsStep } from './lib/pds-history.ts'
import { type BenchRow, median } from './lib/table.ts'

const RECORDS = 100_000
/** Times what a pack tells: from so many changes on. */
const INFORMATION = 1.2
const JUDGED_FROM = 100
/** Above what it tells, of a single change, KB. */
const ABOVE_ONE = 1
/** A phone's: WebPageTest's "LTE". */
const LINE: Line = { roundTripMs: 70, mbits: 12 }
/** Times the CAR that a PDS answers. */
const CAR_SHARE = { random: 0.5, append: 0.8 } as const

/** A device that was away comes back: what comes over the wire, and how long until its head is proven and durable. */
export async function benchCatchup(context: BenchContext): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const records of context.sizes ?? [RECORDS]) {
    const history = await pdsHistory(records, context.log)
    if (history === undefined) {
      context.log('catchup: left out. It needs a real PDS: run `npm ci` in e2e/ first')
      continue
    }
    const plc = await servePlc([{ ...history, file: '', bytes: 0 }])
    try {
      const steps = history.steps.filter(
        ({ spread, changes }) =>
          (context.orders?.includes(spread) ?? true) && (context.changes?.includes(changes) ?? true),
      )
      for (const step of steps) rows.push(...(await stepRows(context, history, step, plc.origin)))
    } finally {
      await plc.close()
    }
  }
  return rows
}

async function stepRows(
  context: BenchContext,
  history: PdsHistory,
  step: PdsStep,
  plc: string,
): Promise<BenchRow[]> {
  const { spread, changes } = step
  const size = `${history.records / 1000}k, ${changes} ${spread}`
  context.log(`catchup ${size}`)
  const store = await catchupStore(history, step, { plc, pages: context.origin })
  try {
    const car = readFileSync(join(CACHE, step.since))
    const asked = performance.now()
    const pack = await store.answer(requestOf(history.did, store))
    const first = performance.now() - asked
    const information = informationIn(pack, changes)
    const times = await timesOf(context, history, step, store, plc, {})
    const anew = await timesOf(context, history, step, store, plc, { anew: true })
    const far = await timesOf(context, history, step, store, plc, { anew: true, line: LINE })
    const sizes: BenchRow[] = context.ours
      ? [
          {
            name: 'catchup: pack, over what it tells',
            size,
            unit: 'KB',
            ours: pack.length / 1024,
            floor: information / 1024,
            ratio: pack.length / information,
            ...(changes >= JUDGED_FROM
              ? { target: `≤ ${INFORMATION}× floor`, met: pack.length <= INFORMATION * information }
              : {
                  target: `≤ ${ABOVE_ONE} KB above the floor`,
                  met: pack.length - information <= ABOVE_ONE * 1024,
                }),
          },
          {
            name: 'catchup: pack, over the since CAR of a PDS',
            size,
            unit: 'KB',
            ours: pack.length / 1024,
            rivals: { CAR: car.length / 1024 },
            ratio: pack.length / car.length,
            target: `≤ ${CAR_SHARE[spread]}× CAR`,
            met: pack.length <= CAR_SHARE[spread] * car.length,
          },
          {
            name: 'catchup: the same, both gzipped',
            size,
            unit: 'KB',
            ours: gzipSync(pack).length / 1024,
            rivals: { CAR: gzipSync(car).length / 1024 },
            ratio: gzipSync(pack).length / gzipSync(car).length,
            target: '–',
            met: undefined,
          },
        ]
      : []
    const answers: number[] = []
    for (let i = 0; i < context.runs; i++) {
      const started = performance.now()
      await store.answer(requestOf(history.did, store))
      answers.push(performance.now() - started)
    }
    return [
      ...sizes,
      ...timeRows('catchup: time to the proven durable head', size, times),
      ...timeRows('catchup: the same, by a browser that was started anew', size, anew),
      ...timeRows(
        `catchup: the same, anew, over a line of ${LINE.mbits} Mbit/s and ${LINE.roundTripMs} ms, gzipped`,
        size,
        far,
      ),
      ...(context.ours
        ? [
            {
              name: "catchup: the store's answer, the first",
              size,
              unit: 'ms' as const,
              ours: first,
              target: '–',
              met: undefined,
            },
            {
              name: "catchup: the store's answer, to others who ask the same",
              size,
              unit: 'ms' as const,
              ours: median(answers),
              target: '–',
              met: undefined,
            },
          ]
        : []),
    ]
  } finally {
    await store.close()
  }
}

/** Beside the bytes of the CAR alone, and beside all that the product asks a PDS for to come to them. */
function timeRows(name: string, size: string, { pack, car, backup }: Times): BenchRow[] {
  const ours = pack.length === 0 ? undefined : median(pack)
  return (
    [
      [name, 'by the CAR', median(car)],
      [`${name}, beside a backup`, 'by a backup', median(backup)],
    ] as const
  ).map(([what, rival, ms]) => ({
    name: what,
    size,
    unit: 'ms',
    ours,
    rivals: { [rival]: ms },
    ...(ours === undefined ? {} : { ratio: ours / ms }),
    target: 'below the CAR',
    met: ours === undefined ? undefined : ours < ms,
  }))
}

/** What a device asks that holds the head before the step. */
function requestOf(did: string, { before }: CatchupStore): Uint8Array {
  const cursor = cursorOf(before.rev)
  if (before.rev === undefined || cursor === undefined) throw new Error('a head without a cursor')
  const held = { rev: before.rev, commit: before.commitCid }
  return writeRequest({ type: 'sync', clientId: 'bench', push: undefined, pull: [{ id: did, held, cursor }] })
}

/** Bytes that no form could leave out: rkey and record of what is there, rkey of what is gone, and the commit. */
function informationIn(pack: Uint8Array, wanted: number): number {
  const { pull } = decodePack(pack, { columnsOf: () => [{ name: RECORD_COLUMN, type: 'bytes' }] })
  const changes = pull?.subscriptions[0]?.commits[0]?.changes ?? []
  if (changes.length !== wanted + 1) throw new Error(`${changes.length - 1} changes instead of ${wanted}`)
  let bytes = 0
  for (const { table, rowId, op, row } of changes) {
    if (table !== COMMIT_TABLE) bytes += rowId.length
    // rows of packs have this one column
    if (op === 'upsert') bytes += ((row as Row)[RECORD_COLUMN] as Uint8Array).length
  }
  return bytes
}

interface Times {
  readonly pack: number[]
  readonly car: number[]
  readonly backup: number[]
}

/**
 * Each on a profile of its own, into which the base was taken; by turns.
 *
 * @param anew by a browser that was started since, as that of a device that was away: no code of it has run
 * @param line what is between it and all servers, which send what is large gzipped then
 */
async function timesOf(
  context: BenchContext,
  { did }: PdsHistory,
  step: PdsStep,
  store: CatchupStore,
  directory: string,
  { anew = false, line }: { readonly anew?: boolean; readonly line?: Line },
): Promise<Times> {
  const times: Times = { pack: [], car: [], backup: [] }
  const ways = [
    ...(context.ours ? [['pack', 'catchUpByPack', '/sync'] as const] : []),
    ['car', 'catchUpByCar', `/data/${step.since}`] as const,
    ['backup', 'catchUpByBackup', ''] as const,
  ]
  const link = createLink()
  try {
    const origin = line === undefined ? store.origin : await link.to(store.zipped)
    const plc = line === undefined ? directory : await link.to(directory)
    for (let i = 0; i < context.runs; i++)
      for (const [way, task, url] of ways) {
        const profile = createProfile()
        let session: Session | undefined
        try {
          session = await openSession(origin, profile)
          await session.run('keepBase', { did, plc, url: `/data/${step.before}` })
          if (anew) {
            await session.close()
            session = await openSession(origin, profile)
          }
          link.become(line)
          const { ms, output } = await session.run(task, { did, plc, url })
          if (output.rev !== store.after.rev) throw new Error(`${way}: the head is ${output.rev}`)
          times[way].push(ms)
        } finally {
          link.become(undefined)
          await session?.close()
          profile.remove()
        }
      }
  } finally {
    await link.close()
  }
  return times
}
