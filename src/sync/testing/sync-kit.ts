import { expect } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import type { RetryWait } from '../../pds/retry.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import type { TestRepo } from '../../repo/testing/repo.ts'
import { visit } from '../../repo/mst/read.ts'
import { decodeStored } from '../../repo/mst/stored.ts'
import { frames } from '../../storage/frames.ts'
import type { Storage } from '../../storage/port.ts'
import { repoRange, type SnapshotRow } from '../../storage/rows.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import { sha256, withLevel } from '../../storage/testing/node-host.ts'
import { backUp, type BackupResult } from '../backup.ts'
import { SyncError } from '../errors.ts'
import { importFile } from '../file.ts'
import type { Host } from '../host.ts'
import { exclusively, type Work, type WorkReport } from '../work.ts'
import { type LocalPds, startLocalPds } from './local-pds.ts'
import { createTestTimers, type TestTimers } from './timers.ts'

export interface TestWork extends Work {
  readonly reports: WorkReport[]
  readonly waits: RetryWait[]
  cancel(): void
}

/** A device with a real disk, and the server it backs up from. */
export interface SyncKit {
  readonly storage: Storage
  readonly host: Host
  readonly timers: TestTimers
  readonly pds: LocalPds
  /** `work` may be watched or cancelled */
  work(onReport?: (report: WorkReport, work: TestWork) => void): TestWork
  backUp(name: string, options?: { work?: Work; replaceFutureHead?: boolean }): Promise<BackupResult>
  file(repo: TestRepo | Uint8Array): Promise<BackupResult>
}

export async function withSync(use: (kit: SyncKit) => Promise<void>): Promise<void> {
  const pds = await startLocalPds()
  try {
    await withLevel(async (storage) => use(createSyncKit(storage, pds)))
  } finally {
    await pds.close()
  }
}

export function createSyncKit(storage: Storage, pds: LocalPds): SyncKit {
  const timers = createTestTimers()
  const prng = createPrng('host')
  const host: Host = {
    storage,
    sha256,
    fetch: pds.fetch,
    timers,
    clock: timers.clock,
    random: () => prng.int(2 ** 32),
  }
  const work = (onReport?: (report: WorkReport, work: TestWork) => void): TestWork => {
    const controller = new AbortController()
    const it: TestWork = {
      signal: controller.signal,
      reports: [],
      waits: [],
      cancel: () => controller.abort(),
      report(report) {
        it.reports.push(report)
        onReport?.(report, it)
      },
      onWait: (wait) => void it.waits.push(wait),
      check() {
        if (controller.signal.aborted) throw new SyncError('sync.cancelled')
      },
      exclusively: (did, run) => exclusively(storage, did, run),
    }
    return it
  }
  return {
    storage,
    host,
    timers,
    pds,
    work,
    backUp(name, { work: given = work(), ...options } = {}) {
      timers.pass(1000)
      return backUp(host, pds.endpoints, name, given, options)
    },
    file(repo) {
      timers.pass(1000)
      const bytes = repo instanceof Uint8Array ? [repo as Uint8Array<ArrayBuffer>] : [...repo.car()]
      return importFile(host, pds.endpoints, new Blob(bytes), 'test.car', work())
    },
  }
}

/** Everything that a snapshot holds, read from the disk: path → bytes as hex. */
export async function contents(storage: Storage, snapshot: SnapshotRow): Promise<Map<string, string>> {
  const reader = createSegmentReader(storage, snapshot.did)
  const entries: { key: string; place: { segment: number; offset: number; length: number } }[] = []
  await visit(reader, snapshot.root, { skip: 0, reverse: false }, (entry) => entries.push(entry) > 0)
  const values = await reader.records(entries.map((it) => it.place))
  return new Map(entries.map((it, i) => [it.key, toHex(values[i] ?? new Uint8Array())]))
}

export const wanted = (repo: TestRepo): Map<string, string> =>
  new Map(repo.records.map((it) => [it.path, toHex(it.bytes)]))

/** Digests of the records and nodes that lie in a repo's segments, in hex, each as often as it is stored. */
export async function storedBlocks(storage: Storage, did: string): Promise<string[]> {
  const { from, to } = repoRange(did)
  const out: string[] = []
  for (const key of await storage.byteKeys({ from: `seg/${from}`, to: `seg/${to}` })) {
    const bytes = await storage.readBytes(key)
    for (const frame of frames(bytes)) {
      if (frame.kind === 'record') out.push(toHex(bytes.subarray(frame.digestAt, frame.digestAt + 32)))
      else out.push(toHex(sha256(decodeStored(bytes.subarray(frame.from, frame.to)).node.bytes)))
    }
  }
  return out
}

/** No record and no tree node lies twice on the disk. */
export async function expectNothingTwice(storage: Storage, did: string): Promise<void> {
  const blocks = await storedBlocks(storage, did)
  expect(new Set(blocks).size).toBe(blocks.length)
}

/** Every row and byte value of a storage whose key or value names the DID. */
export async function tracesOf(
  storage: Storage,
  did: string,
  tables: readonly Parameters<Storage['list']>[0][],
): Promise<string[]> {
  const out = (await storage.byteKeys()).filter((key) => key.includes(did)).map((key) => `bytes ${key}`)
  for (const table of tables) {
    for (const { key, value } of await storage.list(table)) {
      const text = JSON.stringify(value, (_, it: unknown) =>
        it instanceof Uint8Array ? Buffer.from(it).toString('latin1') : it,
      )
      if (key.includes(did) || text?.includes(did)) out.push(`${table} ${key}`)
    }
  }
  return out
}
