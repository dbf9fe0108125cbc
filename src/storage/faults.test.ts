import { describe, expect, it } from 'vitest'
import { joinBytes } from '../repo/testing/car.ts'
import { editRepo } from '../repo/testing/edit.ts'
import { generateRepo } from '../repo/testing/generate.ts'
import type { TestRepo } from '../repo/testing/repo.ts'
import { openLevel } from './level/open.ts'
import { discardImport } from './import-row.ts'
import type { Storage } from './port.ts'
import { deleteSnapshotRow, sweepRepo } from './sweep.ts'
import { contentOf, contentOfRepo, framesOf, headOf, recheckOf, snapshotsOf } from './testing/contents.ts'
import { createFaulty } from './testing/faulty.ts'
import { begin, end, importCar, withLevel } from './testing/node-host.ts'

const first = generateRepo({ seed: 'faults', records: 60 })
const second = editRepo(first, { create: 4, update: 4, delete: 4 })
const did = first.did
const didKey = first.didKey

interface Scenario {
  readonly name: string
  /** before the faults; its state must survive them */
  readonly before: (storage: Storage) => Promise<unknown>
  readonly work: (storage: Storage) => Promise<unknown>
  /** what the head may be of afterwards */
  readonly heads: readonly (TestRepo | undefined)[]
  /** brings all to the end on a sound disk */
  readonly retry: (storage: Storage) => Promise<unknown>
  readonly result: TestRepo | undefined
}

const head = async (storage: Storage) => {
  const found = await headOf(storage, did)
  if (found === undefined) throw new Error('no head')
  return found
}
const takeFirst = (storage: Storage) => importCar(storage, did, first.car(), { didKey })
const takeSecond = async (storage: Storage) =>
  importCar(storage, did, second.car(), { didKey, base: await head(storage) })
const takeSince = async (storage: Storage) => {
  const base = await head(storage)
  return importCar(storage, did, joinBytes(second.sinceCar()), { didKey, base, partial: true })
}
/** A transfer that stops between its blocks and goes on. */
const inTwo = async (storage: Storage) => {
  const car = joinBytes(first.car())
  const session = await begin(storage, did, { didKey })
  await session.write(car.subarray(0, car.length / 2))
  await session.suspend()
  const again = await begin(storage, did, { didKey })
  await again.write(car)
  await end(again)
}
const twoSnapshots = async (storage: Storage) => {
  await takeFirst(storage)
  await takeSince(storage)
  const [oldest] = await snapshotsOf(storage, did)
  if (oldest !== undefined) await deleteSnapshotRow(storage, oldest)
}
const pending = async (storage: Storage) => {
  const base = await takeFirst(storage)
  const session = await begin(storage, did, { didKey, base })
  for (const chunk of second.car()) await session.write(chunk)
  await session.suspend()
}

/** The head may have moved although its write was reported as failed: then there is nothing to do again. */
const unlessAt =
  (repo: TestRepo, take: (storage: Storage) => Promise<unknown>) => async (storage: Storage) => {
    if ((await headOf(storage, did))?.rev !== repo.rev) await take(storage)
  }
const againFirst = unlessAt(first, takeFirst)

const scenarios: readonly Scenario[] = [
  {
    name: 'a first import',
    before: async () => {},
    work: takeFirst,
    heads: [undefined, first],
    retry: againFirst,
    result: first,
  },
  {
    name: 'an import in two tries',
    before: async () => {},
    work: inTwo,
    heads: [undefined, first],
    retry: againFirst,
    result: first,
  },
  {
    name: 'a full update',
    before: takeFirst,
    work: takeSecond,
    heads: [first, second],
    retry: unlessAt(second, takeSecond),
    result: second,
  },
  {
    name: 'an update by since',
    before: takeFirst,
    work: takeSince,
    heads: [first, second],
    retry: unlessAt(second, takeSince),
    result: second,
  },
  {
    name: 'a sweep',
    before: twoSnapshots,
    work: (it) => sweepRepo(it, did),
    heads: [second],
    retry: (it) => sweepRepo(it, did),
    result: second,
  },
  {
    name: 'a discard',
    before: pending,
    work: (it) => discardImport(it, did),
    heads: [first],
    retry: takeSecond,
    result: second,
  },
]

async function check(storage: Storage, heads: readonly (TestRepo | undefined)[]): Promise<void> {
  const at = await headOf(storage, did)
  expect(heads.map((it) => it?.rev)).toContain(at?.rev)
  for (const snapshot of await snapshotsOf(storage, did)) {
    const repo = snapshot.rev === first.rev ? first : second
    expect(await contentOf(storage, snapshot)).toEqual(contentOfRepo(repo))
    expect(await recheckOf(storage, snapshot)).toBe(repo.records.length)
  }
}

describe.each(scenarios.map((it) => [it.name, it] as const))(
  '%s that dies',
  (_name, { before, work, heads, retry, result }) => {
    async function withFault(at: number, when: 'before' | 'after'): Promise<number> {
      return withLevel(async (storage, directory) => {
        await before(storage)
        const faulty = createFaulty(storage, at, when)
        const ended = await work(faulty).then(
          () => true,
          () => false,
        )
        // Whatever was under way comes to its end before the disk is closed.
        await storage.write([])
        await storage.close()
        const reopened = await openLevel(directory)
        try {
          await check(reopened, heads)
          if (!ended) await retry(reopened)
          await check(reopened, ended ? heads : [result])
          const { records } = await framesOf(reopened, did)
          expect(records.length - new Set(records).size).toBe(0)
        } finally {
          await reopened.close()
        }
        return faulty.writes
      })
    }

    it('between any two of its writes', async () => {
      const writes = await withFault(Infinity, 'before')
      expect(writes).toBeGreaterThan(0)
      for (let at = 1; at <= writes; at++) {
        await withFault(at, 'before')
        await withFault(at, 'after')
      }
    })
  },
)
