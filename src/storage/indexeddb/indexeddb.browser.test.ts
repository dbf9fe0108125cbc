import { deleteDB, openDB } from 'idb'
import { describe, expect, it } from 'vitest'
import { cdp } from 'vitest/browser'
import { hasCode } from '../../core/errors.ts'
import { expectBytes, expectCode, pattern } from '../compliance/subject.ts'
import { storageCompliance, type Opened } from '../compliance.ts'
import { TABLES, type Storage } from '../port.ts'
import { openIndexedDb } from './open.ts'

let made = 0

async function open(): Promise<Opened & { name: string }> {
  const name = `test-${performance.timeOrigin}-${made++}`
  const opened: Storage[] = [await openIndexedDb({ name })]
  return {
    name,
    storage: opened[0] as Storage,
    async reopen() {
      for (const one of opened) await one.close()
      const again = await openIndexedDb({ name })
      opened.push(again)
      return again
    },
    async cleanup() {
      for (const one of opened) await one.close()
      await deleteDB(name)
    },
  }
}

storageCompliance('IndexedDB', { open })

/** Resolves when the storage says that it is lost; counts how often it does. */
function watchLoss(storage: Storage): { lost: Promise<void>; count: () => number } {
  let losses = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  storage.onLost(() => {
    losses++
    resolve()
  })
  return { lost: promise, count: () => losses }
}

async function expectAll(storage: Storage): Promise<void> {
  for (const table of TABLES) await storage.write([{ type: 'put', table, key: 'a', value: table }])
  for (const table of TABLES) expect(await storage.get(table, 'a')).toBe(table)
}

describe('IndexedDB only', () => {
  it('has a store for every table', async () => {
    const { storage, cleanup } = await open()
    await expectAll(storage)
    await cleanup()
  })

  it('stores from 64 KB on as a Blob, below as bytes without the buffer behind them', async () => {
    const { storage, name, cleanup } = await open()
    await storage.write([
      { type: 'put-bytes', key: 'below', parts: [pattern(1_000_000).subarray(0, 64 * 1024 - 1)] },
      { type: 'put-bytes', key: 'from', parts: [pattern(64 * 1024)] },
      { type: 'put-blob', key: 'blob-below', blob: new Blob([pattern(5)]) },
      {
        type: 'put-blob',
        key: 'blob-from',
        blob: new File([pattern(64 * 1024)], 'name.car', { type: 'a/b' }),
      },
    ])
    const raw = await openDB(name)
    const below: unknown = await raw.get('bytes', 'below')
    expect(below).toBeInstanceOf(Uint8Array)
    expect((below as Uint8Array).buffer.byteLength).toBe(64 * 1024 - 1)
    expect(await raw.get('bytes', 'from')).toBeInstanceOf(Blob)
    expect(await raw.get('bytes', 'blob-below')).toBeInstanceOf(Uint8Array)
    const file: unknown = await raw.get('bytes', 'blob-from')
    expect(file).toBeInstanceOf(Blob)
    expect(file).not.toBeInstanceOf(File)
    raw.close()
    await cleanup()
  })

  it('notices that its database was deleted, says so once, and is gone', async () => {
    const { storage, name, reopen, cleanup } = await open()
    await storage.write([{ type: 'put', table: 'repos', key: 'a', value: 1 }])
    const { lost, count } = watchLoss(storage)
    await deleteDB(name)
    await lost
    await expectCode(storage.get('repos', 'a'), 'storage.gone', { reason: 'deleted' })
    await expectCode(storage.write([{ type: 'put', table: 'repos', key: 'a', value: 2 }]), 'storage.gone')
    await expectCode(storage.readBytes('a'), 'storage.gone')
    expect(count()).toBe(1)
    const late = watchLoss(storage)
    await late.lost
    const again = await reopen()
    expect(await again.get('repos', 'a')).toBeUndefined()
    await cleanup()
  })

  it('notices that the browser cleared the origin under it', async () => {
    const { storage, name } = await open()
    await storage.write([{ type: 'put', table: 'repos', key: 'a', value: 1 }])
    const { lost, count } = watchLoss(storage)
    await cdp().send('Storage.clearDataForOrigin', { origin: location.origin, storageTypes: 'indexeddb' })
    await lost
    await expectCode(storage.get('repos', 'a'), 'storage.gone', { reason: 'terminated' })
    expect(count()).toBe(1)
    // The browser deletes it, and aborts who would do so meanwhile.
    await expect.poll(async () => (await indexedDB.databases()).map((one) => one.name)).not.toContain(name)
  })

  it('lets a newer version of the app upgrade, and then refuses what it does not know', async () => {
    const { storage, name, cleanup } = await open()
    await storage.write([{ type: 'put', table: 'repos', key: 'a', value: 1 }])
    const { lost } = watchLoss(storage)
    const newer = await openDB(name, 1000, {
      upgrade: (db) => {
        db.createObjectStore('from-the-future')
      },
    })
    await lost
    await expectCode(storage.get('repos', 'a'), 'storage.gone', { reason: 'upgraded' })
    await expectCode(openIndexedDb({ name }), 'storage.version-ahead')
    expect(newer.version).toBe(1000)
    expect(await newer.get('repos', 'a')).toBe(1)
    newer.close()
    await cleanup()
  })

  it('waits for a tab that does not let go, says so, and then goes on', async () => {
    const { storage, name, cleanup } = await open()
    const raw = await openDB(name)
    const { promise: isBlocked, resolve } = Promise.withResolvers<void>()
    await storage.close()
    const blocked = await openIndexedDb({ name, onBlocked: resolve })
    const destroyed = blocked.destroy()
    await isBlocked
    raw.close()
    await destroyed
    expect((await indexedDB.databases()).map((one) => one.name)).not.toContain(name)
    await cleanup()
  })

  it('loses no increment of two connections that compare and set', async () => {
    const { storage, name, cleanup } = await open()
    const other = await openIndexedDb({ name })
    await storage.write([{ type: 'put', table: 'repos', key: 'n', value: 0 }])
    async function count(tab: Storage): Promise<void> {
      for (let done = 0; done < 25;) {
        // Only numbers are written under this key.
        const seen = (await tab.get('repos', 'n')) as number
        const guard = { table: 'repos', key: 'n', holds: (value: unknown) => value === seen } as const
        const outcome = await tab
          .write([{ type: 'put', table: 'repos', key: 'n', value: seen + 1 }], { guards: [guard] })
          .then(
            () => 'done',
            (error: unknown) => error,
          )
        if (outcome === 'done') done++
        else if (!hasCode(outcome, 'storage.conflict')) throw outcome
      }
    }
    await Promise.all([count(storage), count(other), count(storage), count(other)])
    expect(await storage.get('repos', 'n')).toBe(100)
    await other.close()
    await cleanup()
  })

  it('shares locks between connections, and not with other databases', async () => {
    const { storage, name, cleanup } = await open()
    const other = await openIndexedDb({ name })
    const elsewhere = await open()
    const tryIn = (tab: Storage) =>
      tab.lock('x', { mode: 'exclusive', ifAvailable: true }, async (held) => held)
    await storage.lock('x', { mode: 'exclusive' }, async () => {
      expect(await tryIn(other)).toBe(false)
      expect(await tryIn(elsewhere.storage)).toBe(true)
    })
    await other.close()
    await elsewhere.cleanup()
    await cleanup()
  })

  it('is the same storage in a worker, which has no window', async () => {
    const { storage, name, cleanup } = await open()
    await storage.write([{ type: 'put', table: 'repos', key: 'from-page', value: 1 }])
    const worker = new Worker(new URL('./testing/worker.ts', import.meta.url), { type: 'module' })
    const answer = await storage.lock('page', { mode: 'exclusive' }, async () => {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      worker.addEventListener('message', (event: MessageEvent<unknown>) => resolve(event.data))
      worker.addEventListener('error', (event) => reject(new Error(event.message)))
      worker.postMessage(name)
      return promise
    })
    expect(answer).toEqual({ isFree: false, fromPage: 1, hasUsage: true })
    expect(await storage.get('repos', 'from-worker')).toEqual({ window: 'undefined' })
    expectBytes(await storage.readBytes('from-worker', 99_990), new Uint8Array(10).fill(7))
    worker.terminate()
    await cleanup()
  })

  it('sees at once what another connection put in the place of a large value', async () => {
    const { storage, name, cleanup } = await open()
    const other = await openIndexedDb({ name })
    await storage.write([{ type: 'put-bytes', key: 'a', parts: [pattern(200_000, 1)] }])
    expectBytes(await other.readBytes('a', 100, 400), pattern(400, 1).slice(100))
    await storage.write([{ type: 'put-bytes', key: 'a', parts: [pattern(200_000, 2)] }])
    expectBytes(await other.readBytes('a', 100, 400), pattern(400, 2).slice(100))
    const handle = await other.readBlob('a')
    await storage.write([{ type: 'delete-bytes', key: 'a' }])
    await expectCode(other.readBytes('a', 100, 400), 'storage.segment-gone')
    // A Blob in hand outlives its row, and stays what it was.
    expectBytes(new Uint8Array(await handle.slice(100, 400).arrayBuffer()), pattern(400, 2).slice(100))
    await other.close()
    await cleanup()
  })

  it('refuses a write that has no room, whole, and says how much it needed', async () => {
    const { origin } = location
    // Chromium remembers for half a minute how much room there was; with the origin cleared, it asks anew.
    await cdp().send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
    await cdp().send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_000_000 })
    const { storage, cleanup } = await open()
    try {
      await storage.write([{ type: 'put', table: 'repos', key: 'a', value: 1 }])
      const large = Array.from({ length: 8 }, (_, seed) => pattern(1024 * 1024, seed))
      const write = storage.write([
        { type: 'put', table: 'repos', key: 'a', value: 2 },
        { type: 'put-bytes', key: 'large', parts: large },
      ])
      const error: unknown = await write.catch((reason: unknown) => reason)
      expect(hasCode(error, 'storage.quota'), String(error)).toBe(true)
      if (!hasCode(error, 'storage.quota')) return
      expect(error.fields.needed).toBeGreaterThanOrEqual(8 * 1024 * 1024)
      expect(error.fields.needed).toBeLessThan(8 * 1024 * 1024 + 100)
    } finally {
      await cdp().send('Storage.overrideQuotaForOrigin', { origin })
    }
    expect(await storage.get('repos', 'a')).toBe(1)
    expect(await storage.byteKeys()).toEqual([])
    await storage.write([{ type: 'put-bytes', key: 'large', parts: [pattern(1024 * 1024)] }])
    expectBytes(await storage.readBytes('large'), pattern(1024 * 1024))
    await cleanup()
  })
})
