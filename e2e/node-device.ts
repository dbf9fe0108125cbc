import { hash, randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cairn, CairnEvent, Job } from '../src/cairn/api.ts'
import { createCairn } from '../src/cairn/create.ts'
import { openLevel } from '../src/storage/level/open.ts'
import type { Pds } from './pds/client.ts'

/** The same engine as in the app, without screens, on a disk of its own: for what takes many restarts. */
export interface NodeDevice {
  readonly cairn: Cairn
  /** Resolves when the condition holds; it is asked again after each event. */
  until(condition: (event?: CairnEvent) => boolean | Promise<boolean>): Promise<void>
  /** Waits until a job has ended; throws when it did not end well. */
  ended(job: Promise<Job>): Promise<void>
  /** Keeps an account, blobs and all. */
  keep(did: string): Promise<void>
  /** Ends it as a crash of the tab would, and starts it again on the same disk. */
  restart(): Promise<void>
  close(): Promise<void>
}

export async function openNodeDevice(pds: Pick<Pds, 'plc' | 'url'>): Promise<NodeDevice> {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-device-'))
  let cairn = await open(directory)
  const endpoints = { plc: pds.plc, doh: '', resolver: pds.url, allowLocal: true }
  await cairn.device.setSettings({ endpoints, blobs: true })

  const device: NodeDevice = {
    get cairn() {
      return cairn
    },
    async until(condition) {
      for (;;) {
        const told = Promise.withResolvers<void>()
        const leave = cairn.subscribe(() => told.resolve())
        try {
          if (await condition()) return
          await told.promise
        } finally {
          leave()
        }
      }
    },
    async ended(started) {
      const { id } = await started
      let last: Job | undefined
      await device.until(async () => {
        last = (await cairn.activity.jobs()).find((job) => job.id === id)
        return last?.endedAt !== undefined
      })
      if (last?.state !== 'done') throw new Error(`${last?.kind}: ${last?.state} ${last?.error?.code}`)
    },
    async keep(did) {
      await device.ended(cairn.library.backup(did))
      await device.ended(cairn.library.fetchBlobs(did))
    },
    async restart() {
      await cairn.close()
      cairn = await open(directory)
    },
    async close() {
      await cairn.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
  return device
}

const open = async (directory: string): Promise<Cairn> =>
  createCairn({
    storage: await openLevel(directory),
    sha256: (bytes) => hash('sha256', bytes, 'buffer'),
    fetch: (url, init) => fetch(url, init),
    timers: {
      after(ms, run) {
        const timer = setTimeout(run, ms)
        return () => clearTimeout(timer)
      },
    },
    clock: { now: () => Date.now() },
    random: () => randomInt(2 ** 32),
    siblings: undefined,
    persistence: { supported: false, persisted: async () => false },
  })
