import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { encode } from '@atcute/cbor'
import { describe, expect, it } from 'vitest'
import { formatTid } from '../../core/tid.ts'
import type { Storage } from '../../storage/port.ts'
import { importCar, withLevel } from '../../storage/testing/node-host.ts'
import { cidOf } from '../../repo/testing/cid.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import { createTestKey } from '../../repo/testing/keys.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { signRepo, type TestRepo } from '../../repo/testing/repo.ts'
import { startLocalPds } from '../testing/local-pds.ts'
import { createSyncKit } from '../testing/sync-kit.ts'
import { verifyHead } from '../verify-head.ts'
import { REPO_SYNC_PROTOCOL } from './protocol.ts'
import { pullRepoSync } from './pull.ts'
import { serveRepoSync } from './serve.ts'
import { type Link, startRealNet } from './testing/real-net.ts'
import { createSlowDisk } from './testing/slow-disk.ts'
import { realTimers } from './testing/two-devices.ts'

const MB = 1024 * 1024
/** How long the slow disk takes. */
const SECONDS = 3
/** How many records to send at 1 MB/s, for a run by hand: it takes minutes. */
const LARGE = Number(process.env['CAIRN_SLOW_DISK_RECORDS'] ?? 0)

/**
 * What may be on its way: segments of a megabyte that are filled (four), that wait for the disk (ten) and
 * that are under way to it (twice ten), and the windows of the transport.
 */
const ON_ITS_WAY = 40 * MB
/** The same, once more for what the disk has taken over, and the pieces of what is read and hashed. */
const MEMORY = 72 * MB
/** An import also remembers where each block lies. */
const LARGE_MEMORY = 96 * MB

/** A repo of few, large records: bytes without the time that it takes to make a tree. */
function bulkyRepo(megabytes: number): TestRepo {
  const prng = createPrng('bulky')
  const rev = formatTid(Date.UTC(2026, 8, 1) * 1000, 0)
  const records = Array.from({ length: megabytes * 8 }, (_, i) => {
    const text = String.fromCharCode(97 + prng.int(26)).repeat(128 * 1024)
    const bytes = encode({ $type: 'com.example.page', i, text }).slice()
    return { path: `com.example.page/${String(i).padStart(8, '0')}`, bytes, cid: cidOf(bytes), rev }
  })
  const key = createTestKey(createPrng('bulky/key'), 'k256')
  return signRepo({
    did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
    handle: 'bulky.test',
    key,
    rev,
    records,
    seed: 'bulky',
    order: 'preorder',
  })
}

/** Counts bytes once they are on the disk. */
function counting(storage: Storage): Storage & { readonly written: number } {
  let written = 0
  return {
    ...storage,
    async write(ops, options) {
      await storage.write(ops, options)
      for (const op of ops)
        if (op.type === 'put-bytes') written += op.parts.reduce((sum, part) => sum + part.length, 0)
    },
    get written() {
      return written
    },
  }
}

interface Run {
  readonly sent: number
  readonly seconds: number
  /** most bytes that were sent and not yet on the disk */
  readonly ahead: number
  /** most memory above that at the start */
  readonly grown: number
  readonly requests: number
  readonly records: number
}

/** Puts a repo on a disk, and lets go of it: what is measured afterwards is the transfer. */
async function fill(storage: Storage, make: () => TestRepo): Promise<{ did: string; records: number }> {
  const repo = make()
  await importCar(storage, repo.did, repo.car('preorder'))
  return { did: repo.did, records: repo.records.length }
}

/** Sends a repo from one disk to another, slower one. */
async function send(make: () => TestRepo, link: Link, bytesPerSecond: number): Promise<Run> {
  const pds = await startLocalPds()
  const [giver, taker] = [await startRealNet(link), await startRealNet(link)]
  try {
    return await withLevel((theirs) =>
      withLevel(async (ours) => {
        const { did, records: wanted } = await fill(theirs, make)
        let sent = 0
        let requests = 0
        const serve = serveRepoSync({
          storage: theirs,
          timers: realTimers,
          onSent: (_peer, _did, bytes) => void (sent += bytes),
        })
        giver.net.handle(REPO_SYNC_PROTOCOL, (stream) => {
          requests++
          return serve(stream)
        })
        const disk = counting(ours)
        // No network beside the peer: the author stays unchecked, the bytes do not.
        pds.offline = true
        const kit = createSyncKit(createSlowDisk(disk, bytesPerSecond), pds)
        const idle = await restingMemory()
        let ahead = 0
        let grown = 0
        const over = new AbortController()
        // One after another: to collect garbage takes as long as it takes, and each look does it several times.
        const looking = (async () => {
          while (!over.signal.aborted) {
            ahead = Math.max(ahead, sent - disk.written)
            // What was let go of a moment ago is not held.
            grown = Math.max(grown, (await restingMemory()) - idle)
            await setTimeout(250, undefined, { signal: over.signal }).catch(() => {})
          }
        })()
        const from = performance.now()
        const { snapshot } = await pullRepoSync(
          { ...kit.host, timers: realTimers },
          pds.endpoints,
          taker.net,
          {
            did,
            peer: giver.net.self,
            addresses: [giver.address],
            label: 'bulky',
            work: kit.work(),
          },
        ).finally(() => over.abort())
        await looking
        const seconds = (performance.now() - from) / 1000
        expect(snapshot?.commitCid).toBeDefined()
        const { records } = await verifyHead({ ...kit.host, storage: ours }, did, kit.work())
        expect(records).toBe(wanted)
        return { sent, seconds, ahead, grown, requests, records }
      }),
    )
  } finally {
    await Promise.all([giver.net.stop(), taker.net.stop(), pds.close()])
  }
}

setFlagsFromString('--expose-gc')
// Whole collections, so that what is measured is what is held.
const collect = runInNewContext('gc') as () => void

function memory(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** After what was let go of is gone, native parts too: those are freed a turn later. */
async function restingMemory(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return memory()
}

describe('a receiver whose disk is slow', () => {
  it.each([
    ['tcp', 64],
    ['ws', 32],
  ] as const)('slows the sender over %s and gets all, in one go', async (link, megabytes) => {
    const run = await send(() => bulkyRepo(megabytes), link, (megabytes * MB) / SECONDS)
    expect(run.requests).toBe(1)
    // It was the disk that took the time: all but what goes into the last writes.
    expect(run.seconds).toBeGreaterThan(SECONDS * 0.8)
    expect(run.ahead).toBeLessThan(ON_ITS_WAY)
    expect(run.grown).toBeLessThan(MEMORY)
  })

  it.runIf(LARGE > 0)(
    `of 1 MB/s gets ${LARGE} records`,
    async () => {
      const run = await send(() => generateRepo({ seed: 'slow', records: LARGE }), 'tcp', MB)
      console.info('slow disk', run)
      expect(run.records).toBe(LARGE)
      expect(run.requests).toBe(1)
      expect(run.ahead).toBeLessThan(ON_ITS_WAY)
      expect(run.grown).toBeLessThan(LARGE_MEMORY)
    },
    600_000,
  )
})
