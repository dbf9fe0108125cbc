import { hash } from 'node:crypto'
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLevel } from '../../src/storage/level/open.ts'
import type { SnapshotRow } from '../../src/storage/rows.ts'
import type { Host } from '../../src/sync/host.ts'
import { takeIn } from '../../src/sync/take-in.ts'
import { exclusively, type Work } from '../../src/sync/work.ts'

/** The engine in this process, on a store of the relay's kind (LevelDB on the disk) that goes afterwards. */
export interface LevelHost {
  readonly host: Host
  /** Takes a CAR in: a whole repo, or what changed since the head that is kept. */
  take(
    file: string,
    input: { readonly did: string; readonly partial: boolean; readonly plc: string },
  ): Promise<SnapshotRow>
  close(): Promise<void>
}

export const timers: Host['timers'] = {
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

export async function openLevelHost(): Promise<LevelHost> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-bench-store-'))
  const storage = await openLevel(join(folder, 'db'))
  const host: Host = {
    storage,
    sha256: (bytes) => hash('sha256', bytes, 'buffer'),
    fetch: (url, init) => fetch(url, init),
    timers,
    clock: { now: () => Date.now() },
    random: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
  }
  const work: Work = {
    signal: new AbortController().signal,
    report() {},
    onWait: ({ error }) => console.error(`waits: ${String(error)}`),
    check() {},
    exclusively: (did, run) => exclusively(storage, did, run),
  }
  return {
    host,
    async take(file, { did, partial, plc }) {
      const endpoints = { plc, doh: '', resolver: '', allowLocal: true }
      const { snapshot } = await takeIn(host, endpoints, {
        did,
        source: 'file',
        label: 'bench',
        work,
        partial,
        async feed(session) {
          for await (const chunk of createReadStream(file))
            await session.write(new Uint8Array(chunk as Buffer))
        },
      })
      if (snapshot === undefined) throw new Error(`nothing new in ${file}`)
      return snapshot
    },
    async close() {
      await storage.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
